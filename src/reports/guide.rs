//! What `findsync scanners show` prints of a scanner, and docs/scanners.md of all of them: how its report is written and
//! what is read of it, as Markdown.

use std::io::{self, Write};

use super::untrusted::line;
use crate::readers::{Format, Guide, Origin};

/// A scanner.
///
/// # Errors
/// Where the output cannot be written.
pub fn guide(out: &mut dyn Write, guide: &Guide) -> io::Result<()> {
    let Guide { reader, report, .. } = guide;
    writeln!(out, "### {} (`{}`)\n", line(&reader.title), line(&reader.name))?;
    let mut about = vec![capitalised(reader.kind.name()).to_owned()];
    about.extend(guide.formats.iter().map(|format| format_name(*format).to_owned()));
    about.extend((!reader.homepage.is_empty()).then(|| line(&reader.homepage)));
    writeln!(out, "{}\n", about.join(" · "))?;
    if !report.commands.is_empty() {
        writeln!(out, "```sh")?;
        report.commands.iter().try_for_each(|command| writeln!(out, "{}", line(command)))?;
        writeln!(out, "```\n")?;
    }
    if !guide.has_command() {
        writeln!(out, "- Command: not documented here yet.")?;
    }
    let mut item = |name: &str, text: Option<&String>| match text {
        Some(text) if !text.is_empty() => writeln!(out, "- {name}: {}", line(text)),
        _ => Ok(()),
    };
    item("Export", report.export.as_ref())?;
    item("File", report.file.as_ref().map(|file| format!("`{file}`")).as_ref())?;
    item("Read", Some(&guide.reads))?;
    item("Not read", report.missing.as_ref())?;
    for (standard, command) in &guide.standards {
        item(&format!("As {}", standard_name(standard)), Some(&format!("`{command}`")))?;
    }
    let aliases: Vec<_> = reader.aliases.iter().map(|alias| format!("`{alias}`")).collect();
    item("Also called", Some(&aliases.join(", ")))?;
    for (tool, command) in &guide.tools {
        item(&format!("`{tool}`"), Some(&format!("`{command}`")))?;
    }
    if let Origin::Workspace(path) = &reader.source {
        item("Definition", Some(path))?;
    }
    writeln!(out)
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Json => "JSON",
        Format::Jsonl => "JSON lines",
        Format::Xml => "XML",
        Format::Csv => "CSV",
        Format::Yaml => "YAML",
        Format::Text => "text",
    }
}

fn standard_name(name: &str) -> &str {
    match name {
        "sarif" => "SARIF",
        "cyclonedx" => "CycloneDX",
        "gitlab" => "GitLab's report",
        other => other,
    }
}

fn capitalised(kind: &str) -> &str {
    match kind {
        "code" => "Code",
        "dependency" => "Packages",
        "secret" => "Secrets",
        "infrastructure" => "Infrastructure",
        "dynamic" => "Running applications",
        _ => "Several kinds",
    }
}

/// The part of docs/scanners.md that is made: the standards first, then all scanners by name.
///
/// # Errors
/// Where the output cannot be written.
pub fn guides(out: &mut dyn Write, guides: &[Guide]) -> io::Result<()> {
    let is_standard = |guide: &&Guide| guide.reader.source == Origin::Standard;
    let scanners: Vec<_> = guides.iter().filter(|guide| !is_standard(guide)).collect();
    let without = scanners.iter().filter(|guide| !guide.has_command()).count();
    writeln!(out, "## Standards\n")?;
    guides.iter().filter(is_standard).try_for_each(|one| guide(out, one))?;
    writeln!(out, "## Scanners\n")?;
    writeln!(out, "{} scanners; of {without} the way to their report is not documented here yet.\n", scanners.len())?;
    scanners.into_iter().try_for_each(|one| guide(out, one))
}
