//! The words that all writers use for changes and counts.

use std::collections::BTreeMap;

use super::view::{ChangeView, Counts, MappingView, Outcome, PlanView};
use super::{FindingView, ScanView};
use crate::finding::Severity;
use crate::plan::{Action, FieldChange};

/// The word for a change as it is now, and its colour.
pub(super) fn verb(change: &ChangeView) -> (&'static str, &'static str) {
    let outcome = change.outcome.as_ref().map(|outcome| outcome.outcome);
    let done = outcome == Some(Outcome::Done);
    match (outcome, change.action) {
        (Some(Outcome::Failed), _) => ("failed", "1;31"),
        (Some(Outcome::Skipped), _) => ("skipped", "33"),
        (_, Action::Open) => (if done { "opened" } else { "open" }, "32"),
        (_, Action::Update) => (if done { "updated" } else { "update" }, "36"),
        (_, Action::Close) => (if done { "closed" } else { "close" }, "35"),
        (_, Action::Reopen) => (if done { "reopened" } else { "reopen" }, "33"),
        (_, Action::Merge) => (if done { "merged" } else { "merge" }, "35"),
    }
}

/// Paths of one scan that are named.
const MAX_PATHS: usize = 5;

/// What a scan could not examine, where it says so. Untrusted.
#[must_use]
pub fn unexamined(paths: &[String]) -> Option<String> {
    let named: Vec<String> = paths.iter().take(MAX_PATHS).map(|path| format!("`{path}`")).collect();
    let more = paths.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("did not examine {}{more}: closes nothing there", named.join(", ")))
}

/// Why a scan does not vouch for what is absent from it. Untrusted.
pub(super) fn shortcoming(scan: &ScanView<'_>) -> Option<String> {
    match scan.failure {
        Some(why) => Some(format!("the scan failed: {why}")),
        None if !scan.complete => Some("not complete: closes nothing".to_owned()),
        None => unexamined(scan.unexamined),
    }
}

/// The word for an action.
pub(super) const fn name(action: Action) -> &'static str {
    match action {
        Action::Open => "open",
        Action::Update => "update",
        Action::Close => "close",
        Action::Reopen => "reopen",
        Action::Merge => "merge",
    }
}

/// A mapping in a line: which project, and in a plan what there is to do. Untrusted.
pub(super) fn head(mapping: &MappingView) -> String {
    let MappingView { label, tracker, project, counts, changes, .. } = mapping;
    let project = if project.is_empty() { String::new() } else { format!(" {project}") };
    let head = format!("{label} ({tracker}{project})");
    let tried = changes.iter().any(|change| change.outcome.is_some());
    if tried { head } else { format!("{head}: {}", counted(counts)) }
}

/// A mapping's counts in words: only what there is.
fn counted(counts: &Counts) -> String {
    let parts = [
        (counts.open, "to open"),
        (counts.update, "to update"),
        (counts.close, "to close"),
        (counts.reopen, "to reopen"),
        (counts.merge, "to merge"),
        (counts.held, "held back"),
        (counts.unchanged, "unchanged"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") }
}

/// The last line: what there is to do, or how it ended.
pub(super) fn sums(view: &PlanView) -> String {
    let counts = Counts::of(view);
    let held = if counts.held > 0 { format!(", {} held back", counts.held) } else { String::new() };
    if view.guard.is_some() {
        return format!("Refused, nothing was changed: {}", counted(&counts));
    }
    let outcomes =
        || view.mappings.iter().flat_map(|mapping| &mapping.changes).filter_map(|change| change.outcome.as_ref());
    let ended = |outcome| outcomes().filter(|o| o.outcome == outcome).count();
    if outcomes().next().is_some() {
        let (done, failed, skipped) = (ended(Outcome::Done), ended(Outcome::Failed), ended(Outcome::Skipped));
        let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
        let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        return format!(
            "Done: {done} of {} changes{failed}{skipped}{held}, {} unchanged",
            counts.changes(),
            counts.unchanged
        );
    }
    match (counts.changes(), counts.held) {
        (0, 0) => format!("Nothing to do: {} in step", issues(counts.unchanged)),
        (0, _) => format!("Nothing to do now{held}, {} in step", issues(counts.unchanged)),
        _ => format!("Plan: {}", counted(&counts)),
    }
}

fn issues(count: usize) -> String {
    if count == 1 { "1 issue is".to_owned() } else { format!("{count} issues are") }
}

/// What is changed in an issue's fields: `Priority: P2 → P3`.
pub(super) fn fields(change: &ChangeView) -> String {
    // A new issue's fields are all new: that needs no arrows.
    let fresh = change.action == Action::Open;
    change.fields.iter().map(|field| self::field(field, fresh)).collect::<Vec<_>>().join(", ")
}

fn field(change: &FieldChange, fresh: bool) -> String {
    let FieldChange { field, from, to } = change;
    match (from, to) {
        (None, None) => format!("{field} changed"),
        (None, Some(to)) if fresh => format!("{field}: {to}"),
        (from, to) => {
            let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
            format!("{field}: {} → {}", shown(from), shown(to))
        }
    }
}

/// How many of each severity, the worst first: `2 Critical, 1 Low`.
pub(super) fn by_severity(counts: &BTreeMap<Severity, usize>) -> String {
    counts.iter().rev().map(|(severity, count)| format!("{count} {severity}")).collect::<Vec<_>>().join(", ")
}

/// How many there are: `1 finding`, `2 findings`.
pub(super) fn plural(count: usize, name: &str) -> String {
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}

/// A finding's place in a few words.
pub(super) fn place(finding: &FindingView<'_>) -> String {
    let location = &finding.location;
    let component = finding.component.as_ref().map(|component| match component.version {
        Some(version) => format!("{} {version}", component.name),
        None => component.name.to_owned(),
    });
    let path = location.path.map(|path| location.start_line.map_or_else(|| path.to_owned(), |n| format!("{path}:{n}")));
    let others = [location.url, location.resource, location.image];
    component
        .into_iter()
        .chain(path)
        .chain(others.into_iter().flatten().map(str::to_owned))
        .collect::<Vec<_>>()
        .join(", ")
}
