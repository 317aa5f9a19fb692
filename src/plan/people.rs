//! What people decided in the tracker: by closing an issue, by a label, by a column. Bots decide nothing.

use std::collections::BTreeSet;

use super::Settings;
use super::closer::{Closer, standing};
use super::world::{Home, MemberStatus, Slot, World};
use crate::finding::{Id, Status};
use crate::issue::{CloseReason, ClosedHow, State};

/// What people decided by closing the issue, as long as it is not frozen into members.
pub(super) fn closing(home: &Home<'_>, settings: &Settings) -> Option<ClosedHow> {
    let (issue, stamp) = (home.issue?, home.stamp?);
    if home.closer != Closer::Person {
        return None;
    }
    match issue.closed_as {
        Some(CloseReason::NotPlanned) => Some(ClosedHow::NotPlanned),
        Some(CloseReason::Duplicate) => Some(ClosedHow::Duplicate),
        _ => (settings.keep_manual_close && stamp.state == State::Open).then_some(ClosedHow::Done),
    }
}

impl World<'_> {
    /// Whether a person's decision stood on this very finding before this run.
    pub(super) fn is_decided(&self, slot: &Slot) -> bool {
        if slot.people.is_some() {
            return true;
        }
        let Some(home) = slot.home.map(|home| &self.homes[home]).filter(|_| !slot.added) else { return false };
        let there = slot.alone || slot.was != MemberStatus::Gone;
        let by_label = home.labels.difference(&slot.exempt).next().is_some()
            && (there || home.labels.intersection(&slot.under).next().is_some());
        // What people closed as done and is kept so was said of what was there then: it may come back.
        let by_closing = match closing(home, self.planner.settings) {
            Some(ClosedHow::Done) => slot.was != MemberStatus::Gone,
            Some(_) => there,
            None => false,
        };
        by_label || by_closing
    }

    /// The ids that a decision covers: those that the finding had then.
    pub(super) fn decided_ids(&self, slot: &Slot) -> BTreeSet<Id> {
        match &slot.people {
            Some(people) => people.ids.iter().copied().collect(),
            None => slot.words.values().flat_map(|word| word.facts.ids.iter().copied()).collect(),
        }
    }

    /// Who is it among members that are the same finding: decided by people, open, closed as a duplicate by people, closed,
    /// our duplicates.
    pub(super) fn rank(&self, index: usize) -> (u8, i128) {
        let slot = &self.slots[index];
        let Some(home) = slot.home.map(|home| &self.homes[home]) else { return (1, i128::from(u64::MAX)) };
        let number = i128::from(home.number());
        let decided = self.is_decided(slot);
        let as_duplicate = closing(home, self.planner.settings) == Some(ClosedHow::Duplicate);
        match (decided, as_duplicate, home.was_open() || home.issue.is_none(), home.is_duplicate()) {
            // A person's "duplicate" never wins over the issue that it leaves open.
            (true, true, ..) => (2, number),
            (true, false, ..) => (0, number),
            (false, _, true, _) => (1, number),
            (false, _, false, false) => (3, -number),
            (false, _, false, true) => (4, -number),
        }
    }

    /// The decision by people that an issue shows, where one covers all that is there: its status and how it was said.
    pub(super) fn people_status(&self, home: &Home<'_>) -> Option<(Status, String)> {
        let (issue, stamp) = (home.issue?, home.stamp?);
        if let Some(decision) = standing(issue, stamp).next() {
            return Some((decision.status, decision.by.clone()));
        }
        let how = match closing(home, self.planner.settings)? {
            ClosedHow::NotPlanned => "closed as not planned",
            ClosedHow::Duplicate => "closed as a duplicate",
            ClosedHow::Done => "closed by a person, and the mapping says to keep that",
        };
        Some((Status::RiskAccepted, how.to_owned()))
    }
}
