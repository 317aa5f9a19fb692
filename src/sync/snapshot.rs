//! What the trackers hold: read as far as it is needed, and shared out where several mappings lead to one project.

use std::collections::BTreeSet;

use super::Error;
use crate::config::{Config, Mapping, Public};
use crate::issue::{Issue, IssueId};
use crate::plan::{Action, Change, Plan};
use crate::trackers::{self, Track, Visibility, Which};

/// What one tracker holds.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub issues: Vec<Issue>,
    /// Who can read it; `None` where that makes no difference yet.
    pub visibility: Option<Visibility>,
    /// Whether the closed issues are among them.
    pub has_closed: bool,
}

/// Reads the open issues of each mapping, the closed ones that some scope still reports, and what people closed lately where
/// that matters.
pub(super) async fn read(config: &Config, trackers: &[Box<dyn Track>]) -> Result<Vec<Snapshot>, Error> {
    let mut snapshots = Vec::new();
    for (mapping, tracker) in config.mappings.iter().zip(trackers) {
        let wrap = |source| Error::Tracker { mapping: mapping.label.clone(), source };
        let mut issues = tracker.issues(Which::Open).await.map_err(wrap)?;
        issues.extend(tracker.issues(Which::Decided).await.map_err(wrap)?);
        if mapping.remembers_closings() {
            let known: BTreeSet<u64> = issues.iter().map(|issue| issue.id.number).collect();
            let lately = tracker.issues(Which::LatelyClosed).await.map_err(wrap)?;
            issues.extend(lately.into_iter().filter(|issue| !known.contains(&issue.id.number)));
        }
        // Asked only where what is written depends on it, or (below) something may be opened: it costs a request.
        let matters = tracker.limits().confidential || mapping.public == Some(Public::Minimal);
        let visibility = if matters { Some(tracker.visibility().await.map_err(wrap)?) } else { None };
        snapshots.push(Snapshot {
            issues: without_siblings(issues, mapping, &config.mappings),
            visibility,
            has_closed: false,
        });
    }
    Ok(snapshots)
}

/// Reads the other closed issues of a mapping, and those that lost our label.
pub(super) async fn read_closed(
    snapshot: &mut Snapshot,
    mapping: &Mapping,
    all: &[Mapping],
    tracker: &dyn Track,
) -> Result<(), Error> {
    let wrap = |source| Error::Tracker { mapping: mapping.label.clone(), source };
    let known: BTreeSet<u64> = snapshot.issues.iter().map(|issue| issue.id.number).collect();
    let closed = tracker.issues(Which::Closed).await.map_err(wrap)?;
    let closed = closed.into_iter().filter(|issue| !known.contains(&issue.id.number)).collect();
    snapshot.issues.extend(without_siblings(closed, mapping, all));
    snapshot.has_closed = true;
    if snapshot.visibility.is_none() {
        snapshot.visibility = Some(tracker.visibility().await.map_err(wrap)?);
    }
    Ok(())
}

/// Asks which of the issues that a plan would reopen cannot be. Whether there are any, so that it must be planned anew.
pub(super) async fn check_reopenable(
    plan: &Plan,
    issues: &mut [Issue],
    tracker: &dyn Track,
) -> Result<bool, trackers::Error> {
    let reopens = plan.changes.iter().filter(|change| change.action == Action::Reopen);
    let closed: Vec<IssueId> = reopens.filter_map(Change::issue).cloned().collect();
    if closed.is_empty() {
        return Ok(false);
    }
    let decided = tracker.closed_for_good(&closed).await?;
    for issue in issues.iter_mut() {
        let decision = decided.iter().find(|(number, _)| *number == issue.id.number);
        issue.decisions.extend(decision.map(|(_, decision)| decision.clone()));
    }
    Ok(!decided.is_empty())
}

/// Whether two mappings lead to the same project, so that they list the same issues.
fn is_same_project(one: &Mapping, other: &Mapping) -> bool {
    one.instance == other.instance && one.project.name.eq_ignore_ascii_case(&other.project.name)
}

/// Labels of the other mappings that lead to the same project.
pub(super) fn siblings(mapping: &Mapping, all: &[Mapping]) -> Vec<String> {
    let is_sibling = |other: &&Mapping| other.label != mapping.label && is_same_project(mapping, other);
    all.iter().filter(is_sibling).map(|other| other.label.clone()).collect()
}

/// The issues without those of another mapping of this file that leads to the same project.
fn without_siblings(issues: Vec<Issue>, mapping: &Mapping, all: &[Mapping]) -> Vec<Issue> {
    let siblings = siblings(mapping, all);
    let is_ours = |issue: &Issue| issue.stamp.as_ref().is_none_or(|stamp| !siblings.contains(&stamp.mapping));
    issues.into_iter().filter(is_ours).collect()
}

/// Takes out issues of mappings that the file no longer knows (they were renamed), where several mappings lead to the project.
/// Each comes with the mappings that list it.
pub(super) fn take_orphans(snapshots: &mut [Snapshot], mappings: &[Mapping]) -> Vec<(BTreeSet<usize>, Issue)> {
    let mut orphans: Vec<(BTreeSet<usize>, Issue)> = Vec::new();
    for (index, mapping) in mappings.iter().enumerate() {
        if siblings(mapping, mappings).is_empty() {
            continue;
        }
        let is_orphan = |issue: &mut Issue| issue.stamp.as_ref().is_some_and(|stamp| stamp.mapping != mapping.label);
        for issue in snapshots[index].issues.extract_if(.., is_orphan) {
            match orphans.iter_mut().find(|(of, known)| {
                known.id.number == issue.id.number && of.iter().all(|of| is_same_project(&mappings[*of], mapping))
            }) {
                Some((of, _)) => {
                    of.insert(index);
                }
                None => orphans.push((BTreeSet::from([index]), issue)),
            }
        }
    }
    orphans
}
