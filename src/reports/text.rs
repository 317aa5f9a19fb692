//! What people read on a terminal: every change with its reason, what was held back, and how it ended.

use std::io::{self, Write};

use super::FindingsView;
use super::accounts::{decider, fate_name};
use super::totals::FindingsTotals;
use super::untrusted::{Paint, line, pad};
use super::view::{ChangeView, HeldView, MappingView, Outcome, PlanView};
use super::wording::{fields, head, name, place, plural, shortcoming, sums, verb};
use crate::finding::Severity;

/// Widest title before the reasons are no longer aligned.
const MAX_TITLE: usize = 60;

/// How much of a result is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// What failed, what was refused, and the sums.
    Sums,
    /// Each change, and what is held back.
    #[default]
    Changes,
    /// Also each finding, and what becomes of it.
    Findings,
}

/// Writes a plan, or what became of it.
///
/// # Errors
/// Where writing fails.
pub fn plan(out: &mut dyn Write, view: &PlanView, paint: Paint, detail: Detail) -> io::Result<()> {
    let quiet = detail == Detail::Sums;
    for note in &view.notes {
        writeln!(out, "{} {}", paint.paint("33", "note:"), line(note))?;
    }
    for mapping in &view.mappings {
        if !quiet || mapping.changes.iter().any(ChangeView::failed) {
            self::mapping(out, mapping, paint, detail)?;
        }
    }
    for refusal in view.guard.iter().flat_map(|guard| &guard.refusals) {
        let mapping = refusal.mapping.as_deref().map_or_else(String::new, |label| format!("{}: ", line(label)));
        writeln!(out, "{} {mapping}{}", paint.paint("1;31", "refused:"), line(&refusal.reason))?;
        writeln!(out, "  {}", line(&refusal.setting))?;
    }
    if detail == Detail::Findings {
        accounts(out, view, paint)?;
    }
    if let Some(totals) = &view.totals {
        writeln!(out, "{}", line(&totals.to_string()))?;
    }
    writeln!(out, "{}", paint.paint("1", &sums(view)))?;
    view.gate.iter().try_for_each(|gate| writeln!(out, "{}", paint.paint("1;31", &gate.to_string())))
}

/// Each finding, and what becomes of it.
fn accounts(out: &mut dyn Write, view: &PlanView, paint: Paint) -> io::Result<()> {
    if view.findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", paint.paint("1", "findings:"))?;
    let titles = view.findings.iter().map(|account| account.title.chars().count());
    let width = titles.max().unwrap_or(0).min(MAX_TITLE);
    for account in &view.findings {
        let number = account.issue.as_ref().map_or_else(|| "-".to_owned(), |issue| format!("#{}", issue.number));
        let by = account.decided_by.map(decider);
        let why = by.into_iter().chain(account.reason.as_deref()).collect::<Vec<_>>().join(": ");
        let mapping = account.mapping.as_ref().filter(|_| view.mappings.len() > 1);
        let mapping = mapping.map_or_else(String::new, |mapping| format!("{mapping}: "));
        let text = format!(
            "  {} {} {} {}  {}",
            pad(fate_name(account.fate), 10),
            pad(&number, 6),
            severity(account.severity, paint),
            pad(&line(&account.title), width),
            line(format!("{mapping}{why}").trim_end_matches([':', ' '])),
        );
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

fn mapping(out: &mut dyn Write, mapping: &MappingView, paint: Paint, detail: Detail) -> io::Result<()> {
    let quiet = detail == Detail::Sums;
    let MappingView { changes, held, .. } = mapping;
    // What a filter holds back is counted below.
    let held: Vec<&HeldView> = held.iter().filter(|held| !held.filtered || detail == Detail::Findings).collect();
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
    held.into_iter().try_for_each(|held| self::held(out, held, width, paint))
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
