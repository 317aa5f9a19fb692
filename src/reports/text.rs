//! What people read on a terminal: every change with its reason, what was held back, and how it ended.

use std::io::{self, Write};

use super::FindingsView;
use super::totals::FindingsTotals;
use super::untrusted::{Paint, line, pad};
use super::view::{ChangeView, HeldView, MappingView, Outcome, PlanView};
use super::wording::{fields, head, name, place, plural, shortcoming, sums, verb};
use crate::finding::Severity;

/// Widest title before the reasons are no longer aligned.
const MAX_TITLE: usize = 60;

/// Writes a plan, or what became of it. `quiet`: only what failed, what was refused, and the sums.
///
/// # Errors
/// Where writing fails.
pub fn plan(out: &mut dyn Write, view: &PlanView, paint: Paint, quiet: bool) -> io::Result<()> {
    for note in &view.notes {
        writeln!(out, "{} {}", paint.paint("33", "note:"), line(note))?;
    }
    for mapping in &view.mappings {
        if !quiet || mapping.changes.iter().any(ChangeView::failed) {
            self::mapping(out, mapping, paint, quiet)?;
        }
    }
    for refusal in view.guard.iter().flat_map(|guard| &guard.refusals) {
        let mapping = refusal.mapping.as_deref().map_or_else(String::new, |label| format!("{}: ", line(label)));
        writeln!(out, "{} {mapping}{}", paint.paint("1;31", "refused:"), line(&refusal.reason))?;
        writeln!(out, "  {}", line(&refusal.setting))?;
    }
    writeln!(out, "{}", paint.paint("1", &sums(view)))?;
    view.gate.iter().try_for_each(|gate| writeln!(out, "{}", paint.paint("1;31", &gate.to_string())))
}

fn mapping(out: &mut dyn Write, mapping: &MappingView, paint: Paint, quiet: bool) -> io::Result<()> {
    let MappingView { changes, held, .. } = mapping;
    writeln!(out, "{}", paint.paint("1", &line(&head(mapping))))?;
    let shown: Vec<&ChangeView> = changes.iter().filter(|change| !quiet || change.failed()).collect();
    let titles = shown.iter().map(|change| &change.title).chain(held.iter().map(|held| &held.title));
    let width = titles.map(|title| title.chars().count()).max().unwrap_or(0).min(MAX_TITLE);
    for change in shown {
        self::change(out, change, width, paint)?;
    }
    if held.is_empty() || quiet {
        return Ok(());
    }
    writeln!(out, "  {}", paint.paint("33", "held back:"))?;
    held.iter().try_for_each(|held| self::held(out, held, width, paint))
}

fn change(out: &mut dyn Write, change: &ChangeView, width: usize, paint: Paint) -> io::Result<()> {
    let (word, colour) = verb(change);
    let number = change.issue.as_ref().map_or_else(|| "-".to_owned(), |issue| format!("#{}", issue.number));
    let changed = fields(change);
    let changed = if changed.is_empty() { changed } else { format!("; {changed}") };
    writeln!(
        out,
        "  {} {} {} {}  {}{}",
        paint.paint(colour, &pad(word, 8)),
        pad(&number, 6),
        severity(change.severity, paint),
        pad(&line(&change.title), width),
        line(&change.reason),
        line(&changed),
    )?;
    let Some(outcome) = &change.outcome else { return Ok(()) };
    match (&outcome.outcome, &outcome.url, &outcome.error) {
        (Outcome::Done, Some(url), _) if change.issue.is_none() => writeln!(out, "           {}", line(url)),
        (Outcome::Failed | Outcome::Skipped, _, Some(error)) => {
            writeln!(out, "           {} {}", paint.paint("31", "why:"), line(error))
        }
        _ => Ok(()),
    }
}

fn held(out: &mut dyn Write, held: &HeldView, width: usize, paint: Paint) -> io::Result<()> {
    let number = held.issue.as_ref().map_or_else(|| "-".to_owned(), |issue| format!("#{}", issue.number));
    writeln!(
        out,
        "  {} {} {} {}  {}",
        pad(name(held.action), 8),
        pad(&number, 6),
        severity(held.severity, paint),
        pad(&line(&held.title), width),
        line(&held.reason),
    )
}

fn severity(severity: Severity, paint: Paint) -> String {
    let colour = match severity {
        Severity::Critical => "1;31",
        Severity::High => "31",
        Severity::Medium => "33",
        Severity::Low | Severity::Info => "0",
    };
    paint.paint(colour, &pad(severity.name(), 8))
}

/// Writes the findings as a table, and for each scan whether it may vouch for what is absent.
///
/// # Errors
/// Where writing fails.
pub fn findings(out: &mut dyn Write, view: &FindingsView<'_>, paint: Paint) -> io::Result<()> {
    for scan in &view.scans {
        let head = format!("{} on {}", line(scan.scanner), line(scan.target));
        let count = plural(scan.findings.len(), "finding");
        writeln!(out, "{}: {count}, from {} (read as {})", paint.paint("1", &head), line(scan.report), scan.reader)?;
        if let Some(shortcoming) = shortcoming(scan) {
            let colour = if scan.failure.is_some() { "31" } else { "33" };
            writeln!(out, "  {}", paint.paint(colour, &line(&shortcoming)))?;
        }
        let width = scan.findings.iter().map(|f| f.title.chars().count()).max().unwrap_or(0).min(MAX_TITLE);
        for finding in scan.findings.iter() {
            let status = if finding.status == crate::finding::Status::Active {
                String::new()
            } else {
                format!("  [{}]", finding.status)
            };
            let severity = severity(finding.severity, paint);
            writeln!(out, "  {severity} {}  {}{status}", pad(&line(finding.title), width), line(&place(&finding)))?;
        }
    }
    let totals = FindingsTotals::of(view);
    writeln!(out, "{}", paint.paint("1", &format!("{}, {totals}", plural(totals.sum(), "finding"))))
}
