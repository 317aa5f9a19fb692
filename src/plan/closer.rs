//! Who closed an issue, and which decisions stand on it, by the issue and its stamp alone.

use std::collections::BTreeSet;

use super::Settings;
use crate::finding::LocationEvidence;
use crate::issue::{Actor, CloseReason, Issue, Stamp, State, TrackerDecision};

/// Who closed an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closer {
    /// Nobody: it is open.
    Nobody,
    Us,
    Person,
    Bot,
}

/// Who closed an issue, by what we left it as. Our own account may be a person's, too, and tokens change: what counts is
/// whether the issue is still as we wrote it.
pub(super) fn closer(issue: &Issue, stamp: &Stamp, settings: &Settings) -> Closer {
    if issue.state == State::Open {
        return Closer::Nobody;
    }
    let by_others = if issue.closed_by == Some(Actor::Bot) { Closer::Bot } else { Closer::Person };
    if stamp.state == State::Open {
        return by_others;
    }
    let wrote = if stamp.duplicate_of.is_some() {
        Some(CloseReason::Duplicate)
    } else {
        settings.target(stamp.status).closed_as
    };
    // A service that knows no reasons, or not this one, tells another than we gave.
    let is_ours = match (issue.closed_as, wrote) {
        (None, _) | (_, None) => true,
        (Some(now), Some(wrote)) => now == wrote || now == CloseReason::Completed || issue.closed_by == Some(Actor::Us),
    };
    if is_ours { Closer::Us } else { by_others }
}

/// The decisions on an issue by labels and columns that are not our own echo.
pub(super) fn standing<'i>(issue: &'i Issue, stamp: &Stamp) -> impl Iterator<Item = &'i TrackerDecision> {
    let (wrote, moved) = (stamp.status, stamp.moved_by_people);
    // A column that means a decision may be where we moved the issue ourselves: then it is nobody's decision but ours.
    issue.decisions.iter().filter(move |decision| !(decision.by_field && decision.status == wrote && !moved))
}

/// The same as digests.
pub(super) fn deciding_labels(issue: &Issue, stamp: &Stamp) -> BTreeSet<u32> {
    standing(issue, stamp).map(|decision| LocationEvidence::part(Some(&decision.by.to_lowercase()))).collect()
}

/// Issues with our label and a stamp whose authors have no rights in the project: named, and ignored.
pub(super) fn stranger_notes(issues: &[Issue]) -> impl Iterator<Item = String> {
    let is_strange = |issue: &&Issue| issue.labelled && !issue.trusted && issue.stamp.is_some();
    issues.iter().filter(is_strange).map(|Issue { id, .. }| {
        format!("#{} bears findsync's label and stamp, but its author may not write here: it is ignored", id.number)
    })
}
