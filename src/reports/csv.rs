//! Findings as CSV (RFC 4180), for spreadsheets.

use std::io::{self, Write};

use super::FindingsView;
use crate::issue::escape;

const HEADER: [&str; 19] = [
    "scanner",
    "target",
    "severity",
    "status",
    "kind",
    "rule",
    "title",
    "identifiers",
    "path",
    "start_line",
    "url",
    "resource",
    "image",
    "component",
    "version",
    "fix_version",
    "cvss",
    "key",
    "report",
];

/// Writes a line for each finding.
///
/// # Errors
/// Where writing fails.
pub fn csv(out: &mut dyn Write, view: &FindingsView<'_>) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    writer.write_record(HEADER)?;
    for scan in &view.scans {
        for finding in scan.findings.iter() {
            let location = &finding.location;
            let component = finding.component.as_ref();
            let cvss = finding.cvss.first().and_then(|cvss| cvss.score);
            let cells = [
                scan.scanner,
                scan.target,
                finding.severity.name(),
                finding.status.name(),
                finding.kind.name(),
                finding.rule.unwrap_or_default(),
                finding.title,
                &finding.identifiers.join(" "),
                location.path.unwrap_or_default(),
                &location.start_line.map_or_else(String::new, |line| line.to_string()),
                location.url.unwrap_or_default(),
                location.resource.unwrap_or_default(),
                location.image.unwrap_or_default(),
                component.map_or("", |component| component.name),
                component.and_then(|component| component.version).unwrap_or_default(),
                finding.fix.as_ref().and_then(|fix| fix.version).unwrap_or_default(),
                &cvss.map_or_else(String::new, |score| score.to_string()),
                finding.key.as_deref().unwrap_or_default(),
                scan.report,
            ];
            writer.write_record(cells.map(cell))?;
        }
    }
    writer.flush()
}

/// A cell that no spreadsheet takes for a formula, and no log for a command.
fn cell(text: &str) -> String {
    let text = escape::clean(text).replace("##", "#\u{200b}#").replace('\n', " ");
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\n']);
    if formula || text.starts_with("::") { format!("'{text}") } else { text }
}
