//! Describing: what an issue is about, for whoever writes its text, and what is withheld of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::content::Content;
use super::world::{MemberStatus, Slot, World};
use super::{Action, MemberView, Subject, Withheld, words};
use crate::finding::{Key, Kind, Severity, Status};
use crate::issue::{Contest, GroupStamp, Issue, Member, Stamp, State, Verdict};

/// The scheme of keys that is written.
const KEY_VERSION: u8 = 1;

impl World<'_> {
    pub(super) fn listed(&self, content: &Content) -> Vec<Member> {
        let mut members: Vec<Member> = content.here.iter().map(|slot| self.slots[*slot].member()).collect();
        members.sort_by(|a, b| (&a.owner, a.root, a.uid).cmp(&(&b.owner, b.root, b.uid)));
        members
    }

    pub(super) fn contests(&self, content: &Content, stamp: Option<&Stamp>) -> Vec<Contest> {
        let mut contests: BTreeMap<String, Contest> = BTreeMap::new();
        let old = stamp.into_iter().flat_map(|stamp| stamp.contested.clone());
        let new = self.new_contests.iter().filter(|(slot, ..)| content.here.contains(slot)).filter_map(
            |(slot, id, run, proven)| {
                let word = self.slots[*slot].words.get(id)?;
                Some(Contest {
                    proven: *proven,
                    scope: Arc::clone(&word.scope),
                    run: run.clone(),
                    day: self.planner.settings.today,
                })
            },
        );
        for contest in old.chain(new) {
            contests.insert(format!("{:?}", contest.scope), contest);
        }
        contests.into_values().collect()
    }

    /// findsync's own labels: those of the repositories, where several share the project, and the one by which closed issues
    /// are found that some scope still reports.
    pub(super) fn own_labels(&self, content: &Content, closed: bool) -> BTreeSet<String> {
        let settings = self.planner.settings;
        let owners = content.here.iter().map(|slot| &self.slots[*slot].owner_source);
        let mut labels: BTreeSet<String> = owners.filter_map(|owner| settings.source_label(owner)).collect();
        if closed && content.here.iter().any(|slot| self.slots[*slot].live().next().is_some()) {
            labels.insert(settings.decided_label.clone());
        }
        labels
    }

    pub(super) fn worst(&self, content: &Content) -> Severity {
        let of = |slots: &[usize]| slots.iter().map(|slot| self.severity(*slot)).max();
        of(&content.active).or_else(|| of(&content.here)).unwrap_or_default()
    }

    /// What an issue is about, for whoever writes its text.
    pub(super) fn subject(&self, home: usize, content: &Content, status: Status) -> Subject {
        let mut members: Vec<MemberView> = content.here.iter().map(|slot| self.member_view(*slot)).collect();
        members.sort_by(|a, b| {
            (a.status != Status::Active, std::cmp::Reverse(a.severity), a.status, a.key, a.uid).cmp(&(
                b.status != Status::Active,
                std::cmp::Reverse(b.severity),
                b.status,
                b.key,
                b.uid,
            ))
        });
        let reason = match status {
            Status::Active => content.active.iter().find_map(|slot| self.slots[*slot].reason.clone()),
            Status::Closed => None,
            _ => self.decided_status(home, content).1,
        };
        Subject {
            key: self.issue_key(home, content),
            group: self.homes[home].group.clone(),
            status,
            severity: self.worst(content),
            reason,
            members,
        }
    }

    pub(super) fn member_view(&self, index: usize) -> MemberView {
        let slot = &self.slots[index];
        let lead = slot.lead();
        let mut facts = lead.map(|(_, word)| Arc::clone(&word.facts));
        // Where the scope that counts most wrote no line for lists, another one did.
        let titles = slot.live().chain(slot.words.iter().map(|(id, word)| (*id, word)));
        let title = titles.map(|(_, word)| &word.facts.title).find(|title| !title.is_empty());
        if let (Some(facts), Some(title)) = (facts.as_mut().filter(|facts| facts.title.is_empty()), title) {
            Arc::make_mut(facts).title.clone_from(title);
        }
        MemberView {
            uid: slot.uid,
            key: self.key_of(index),
            owner: slot.owner_source.clone(),
            kind: slot.kind,
            status: self.shown_status(index),
            severity: self.severity(index),
            reports: self.finding_indices(index),
            lead_is_read: lead.is_some_and(|(scope, _)| slot.reported.contains_key(&scope)),
            facts,
            words: slot.words.values().map(|word| (Arc::clone(&word.scope), word.verdict)).collect(),
            has_equals: self.has_equals(slot),
        }
    }

    /// Whether another finding has the same key, so that the key alone does not name it.
    fn has_equals(&self, slot: &Slot) -> bool {
        let Some((_, word)) = slot.lead() else { return false };
        let equal = self.by_key.get(&word.facts.key()).into_iter().flatten();
        slot.kind != Kind::Dependency
            && equal
                .filter(|other| self.slots[**other].lost_to.is_none() && self.slots[**other].owner == slot.owner)
                .count()
                > 1
    }

    /// Where a member stands, for people: a decision of theirs counts for it.
    fn shown_status(&self, slot: usize) -> Status {
        match self.slots[slot].status() {
            MemberStatus::Active if self.covered(slot) => Status::RiskAccepted,
            _ => self.status_of(slot),
        }
    }

    /// Where a member stands by its words.
    pub(super) fn status_of(&self, slot: usize) -> Status {
        let decided = || {
            self.slots[slot].words.values().filter_map(|word| match word.verdict {
                Verdict::Decided(status) => Some(status),
                _ => None,
            })
        };
        match self.slots[slot].status() {
            MemberStatus::Active => Status::Active,
            MemberStatus::Decided => decided().max().unwrap_or(Status::RiskAccepted),
            MemberStatus::Gone if self.slots[slot].words.is_empty() => Status::Active,
            MemberStatus::Gone => Status::Closed,
        }
    }

    /// The key by which people name a member.
    pub(super) fn key_of(&self, slot: usize) -> Key {
        let known = &self.slots[slot];
        let here = || known.here.as_ref().map(|(_, facts)| facts.key());
        let digest = known.lead().map(|(_, word)| word.facts.key()).or_else(here).unwrap_or_default();
        Key { version: KEY_VERSION, kind: Some(known.kind), digest }
    }

    pub(super) fn issue_key(&self, home: usize, content: &Content) -> Key {
        match &self.homes[home].group {
            Some(GroupStamp { digest, .. }) => Key { version: KEY_VERSION, kind: None, digest: *digest },
            None => content.here.first().map_or(super::policy::NO_KEY, |slot| self.key_of(*slot)),
        }
    }

    pub(super) fn all_reports(&self, content: &Content) -> Vec<(usize, usize)> {
        content.here.iter().flat_map(|slot| self.finding_indices(*slot)).collect()
    }

    pub(super) fn place(&self, content: &Content) -> Option<(String, Option<u32>)> {
        let slot = content.active.iter().chain(&content.here).find(|slot| !self.slots[**slot].reported.is_empty())?;
        self.planner.policy.place(&self.finding_indices(*slot))
    }

    /// What people decided about a closed issue whose findings this run reports, as something that is held back.
    pub(super) fn decided_note(&self, home: usize, content: &Content, issue: &Issue) -> Option<String> {
        let reported = content
            .here
            .iter()
            .any(|slot| words::is_active(&self.slots[*slot]) && !self.slots[*slot].reported.is_empty());
        if issue.state != State::Closed || !content.active.is_empty() || !reported {
            return None;
        }
        match self.people_status(&self.homes[home]) {
            Some((status, by)) => Some(format!("{status}: {by}")),
            None => Some("a person decided about it".to_owned()),
        }
    }

    /// What stays open although it is decided for a scope that this run reads, as another scope's word is that it is active.
    fn partly_decided(&self, content: &Content, issue: &Issue) -> Option<Withheld> {
        let (mut decided, mut active) = (BTreeSet::new(), BTreeSet::new());
        let mut read = false;
        for &slot in &content.active {
            let words = self.slots[slot].words.iter();
            for (id, word) in words.filter(|_| content.here.len() == 1) {
                match word.verdict {
                    Verdict::Decided(status) => {
                        read |= self.is_read(*id);
                        decided.insert(format!("{status} for {}", word.scope));
                    }
                    Verdict::Fixed => {
                        read |= self.is_read(*id);
                        decided.insert(format!("{} for {}", Status::Closed, word.scope));
                    }
                    verdict if verdict.is_active() => drop(active.insert(word.scope.to_string())),
                    _ => {}
                }
            }
        }
        let list = |texts: BTreeSet<String>| texts.into_iter().collect::<Vec<_>>().join(", ");
        read.then(|| {
            let reason = format!("{}, active by {}", list(decided), list(active));
            self.withheld(content.active[0], Action::Close, Some(issue.id.clone()), reason)
        })
    }

    /// What is not closed although some scope no longer sees it, or its scan could not say, with the reason.
    pub(super) fn waiting(&self, content: &Content, issue: &Issue) -> Option<Withheld> {
        if content.here.iter().any(|slot| !self.slots[*slot].reported.is_empty()) {
            return self.partly_decided(content, issue);
        }
        let (mut gone, mut waiting) = (BTreeSet::new(), BTreeSet::new());
        let mut read = false;
        for &slot in &content.active {
            for (id, word) in &self.slots[slot].words {
                let scan = self.scan_of(*id);
                read |= scan.is_some();
                if word.verdict.is_gone() {
                    gone.insert(word.scope.to_string());
                } else {
                    let why = match scan.map(|scan| self.why_not_gone(scan, &word.facts)) {
                        None => "not read in this run".to_owned(),
                        Some(Some(why)) => why,
                        Some(None) => "several jobs share it: give their reports a `target` each".to_owned(),
                    };
                    waiting.insert(format!("{} ({why})", word.scope));
                }
            }
        }
        if !read {
            return None;
        }
        let list = |texts: BTreeSet<String>| texts.into_iter().collect::<Vec<_>>().join(", ");
        let reason = if gone.is_empty() {
            format!("not reported, but {}", list(waiting))
        } else {
            format!("gone from {}, waiting for {}", list(gone), list(waiting))
        };
        Some(self.withheld(content.active[0], Action::Close, Some(issue.id.clone()), reason))
    }
}
