//! Accounts: what becomes of each finding of this run, so that none of them vanishes without a word.

use std::collections::HashMap;

use super::world::{Home, MemberStatus, World};
use super::{Account, Action, Change, Fate, Plan, Presence};
use crate::finding::DecidedBy;

impl World<'_> {
    /// What the plan does about each finding of this run.
    pub(super) fn accounts(&self, plan: &Plan) -> Vec<Account> {
        let of_issue: HashMap<u64, &Change> =
            plan.changes.iter().filter_map(|change| Some((change.issue()?.number, change))).collect();
        let reported = (0..self.slots.len()).filter(|slot| !self.slots[*slot].reported.is_empty());
        reported.map(|slot| self.account(slot, &of_issue)).collect()
    }

    fn account(&self, slot: usize, of_issue: &HashMap<u64, &Change>) -> Account {
        let known = &self.slots[slot];
        let presence = self.presence(slot);
        let home = self.home_of(slot);
        let issue = home.and_then(|home| home.issue).map(|issue| issue.id.clone());
        let by_people = self.covered(slot) && known.status() != MemberStatus::Gone;
        let people = || home.and_then(|home| self.people_status(home)).map(|(_, how)| how);
        let (fate, decided_by, reason) = if by_people {
            (Fate::Decided, Some(DecidedBy::Tracker), people())
        } else if presence == Presence::Decided {
            (Fate::Decided, known.decision.as_ref().map(|decision| decision.by), known.reason.clone())
        } else if let Some(number) = issue.as_ref().map(|issue| issue.number) {
            let fate = match of_issue.get(&number).map(|change| change.action) {
                Some(Action::Reopen) => Fate::Reopen,
                Some(_) => Fate::Update,
                None => Fate::Unchanged,
            };
            (fate, None, None)
        } else if home.is_some() {
            (Fate::Open, None, None)
        } else if let Some(reason) = &known.withheld {
            (Fate::Withheld, None, Some(reason.clone()))
        } else {
            (Fate::NotRouted, None, None)
        };
        let reports = self.finding_indices(slot);
        let is_ours = |by: &DecidedBy| *by != DecidedBy::Tracker;
        let decision = decided_by.filter(is_ours).and(known.decision.as_ref());
        let decided_in = decision.and_then(|decision| decision.source.clone());
        Account {
            key: self.key_of(slot),
            severity: self.severity(slot),
            presence,
            fate,
            issue,
            decided_by,
            decided_in,
            reason,
            uid: known.uid,
            reports,
        }
    }

    /// The issue that holds a member, or the one that took over its words.
    fn home_of(&self, slot: usize) -> Option<&Home<'_>> {
        let mut keeper = slot;
        while let Some(next) = self.slots[keeper].lost_to {
            keeper = next;
        }
        self.slots[keeper].home.map(|home| &self.homes[home])
    }

    /// How a finding of this run stood before it.
    fn presence(&self, slot: usize) -> Presence {
        let known = &self.slots[slot];
        let before = known.before.as_ref().map(|(home, _)| &self.homes[*home]);
        match known.status() {
            MemberStatus::Active if known.words.is_empty() => Presence::New,
            MemberStatus::Active if self.covered(slot) => Presence::Decided,
            MemberStatus::Active if before.is_some_and(Home::was_open) => Presence::Known,
            MemberStatus::Active => Presence::New,
            MemberStatus::Decided | MemberStatus::Gone => Presence::Decided,
        }
    }
}
