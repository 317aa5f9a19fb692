//! Plans and findings in Markdown: for a step's summary, a merge request, an artifact.

use std::io::{self, Write};

use super::FindingsView;
use super::totals::FindingsTotals;
use super::view::{ChangeView, MappingView, PlanView};
use super::wording::{fields, head, name, place, shortcoming, sums, verb};
use crate::issue::escape::inline;

/// GitHub takes 1 MiB of summary a step; what others wrote in the step needs room too.
const MAX_BYTES: usize = 900_000;

/// Writes a plan, or what became of it, as far as there is room.
///
/// # Errors
/// Where writing fails.
pub fn plan(out: &mut dyn Write, view: &PlanView) -> io::Result<()> {
    let mut text = format!("### findsync: {}\n\n", inline(&sums(view)));
    if let Some(gate) = &view.gate {
        text.push_str(&format!("**Gate:** {gate}\n\n"));
    }
    if let Some(totals) = &view.totals {
        text.push_str(&format!("{}\n\n", inline(&totals.to_string())));
    }
    for refusal in view.guard.iter().flat_map(|guard| &guard.refusals) {
        let mapping = refusal.mapping.as_deref().map_or_else(String::new, |label| format!("{}: ", inline(label)));
        text.push_str(&format!("**Refused.** {mapping}{}; {}\n\n", inline(&refusal.reason), inline(&refusal.setting)));
    }
    for note in &view.notes {
        text.push_str(&format!("- {}\n", inline(note)));
    }
    if !view.notes.is_empty() {
        text.push('\n');
    }
    fill(&mut text, view.mappings.iter().map(rows));
    out.write_all(text.as_bytes())
}

/// Writes findings, as far as there is room.
///
/// # Errors
/// Where writing fails.
pub fn findings(out: &mut dyn Write, view: &FindingsView<'_>) -> io::Result<()> {
    let totals = FindingsTotals::of(view);
    let mut text = format!("### findsync: {totals}\n\n");
    let rows = view.scans.iter().map(|scan| {
        let state = shortcoming(scan).map(|text| format!("; {text}")).unwrap_or_default();
        let head = format!("{} on {}, from {}{state}", scan.scanner, scan.target, scan.report);
        let head = format!("#### {}\n\n", inline(&head));
        let table = (!scan.findings.is_empty())
            .then(|| "| Severity | Status | Title | Where |\n|---|---|---|---|\n".to_owned());
        let findings = scan.findings.iter().map(|finding| {
            row([finding.severity.name(), finding.status.name(), &inline(finding.title), &inline(&place(&finding))])
        });
        std::iter::once(head).chain(table).chain(findings)
    });
    fill(&mut text, rows);
    out.write_all(text.as_bytes())
}

/// Adds lines as long as there is room, and says how many are left out.
fn fill(text: &mut String, parts: impl Iterator<Item = impl Iterator<Item = String>>) {
    let (mut left, mut written) = (0, 0);
    for part in parts {
        for row in part {
            if left == 0 && text.len() + row.len() <= MAX_BYTES {
                text.push_str(&row);
                written += 1;
            } else {
                left += 1;
            }
        }
        text.push('\n');
    }
    if left > 0 {
        text.push_str(&format!("… and {left} more lines than the {written} above.\n"));
    }
}

/// A mapping's lines: its head, its table's head, and a line for each change and for what is held back.
fn rows(mapping: &MappingView) -> impl Iterator<Item = String> {
    let MappingView { changes, held, .. } = mapping;
    let head = format!("#### {}\n\n", inline(&self::head(mapping)));
    let held: Vec<_> = held.iter().filter(|held| !held.filtered).collect();
    let any = !changes.is_empty() || !held.is_empty();
    let table = any.then(|| "| | Issue | Severity | Title | Why |\n|---|---|---|---|---|\n".to_owned());
    let issue = |issue: Option<&super::IssueRef>| {
        issue.map_or_else(|| "new".to_owned(), |issue| reference(&issue.number.to_string(), &issue.url))
    };
    let changes = changes.iter().map(move |change| {
        let created = change.outcome.as_ref().and_then(|outcome| outcome.url.as_deref());
        let issue = match (&change.issue, created) {
            (None, Some(url)) => reference("new", url),
            (known, _) => issue(known.as_ref()),
        };
        row([verb(change).0, &issue, change.severity.name(), &inline(&change.title), &why(change)])
    });
    let held = held.into_iter().map(move |held| {
        let issue = issue(held.issue.as_ref());
        let verb = format!("held back: {}", name(held.action));
        row([&verb, &issue, held.severity.name(), &inline(&held.title), &inline(&held.reason)])
    });
    std::iter::once(head).chain(table).chain(changes).chain(held)
}

fn row<const N: usize>(cells: [&str; N]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn why(change: &ChangeView) -> String {
    let mut why = vec![inline(&change.reason)];
    why.extend(Some(fields(change)).filter(|fields| !fields.is_empty()).map(|fields| inline(&fields)));
    why.extend(change.outcome.iter().filter_map(|outcome| outcome.error.as_deref()).map(inline));
    why.join("; ")
}

/// An issue that the tracker told us of, so its address is no report's.
fn reference(name: &str, url: &str) -> String {
    let plain = url.starts_with("http") && !url.contains(|c: char| c.is_whitespace() || "()<>|".contains(c));
    if plain { format!("[{name}]({url})") } else { name.to_owned() }
}
