//! Reasons: what people are told about a change, in the plan and in comments.

use std::collections::BTreeSet;

use super::closer::Closer;
use super::content::Content;
use super::world::{MemberStatus, World};
use crate::finding::Status;
use crate::issue::{Issue, Member, Note, Stamp, State};

impl World<'_> {
    pub(super) fn closing_note(&self, content: &Content, status: Status, reason: Option<String>) -> Note {
        if status != Status::Closed {
            return Note::Decided { status, reason };
        }
        let (mut scopes, mut expired) = (BTreeSet::new(), BTreeSet::new());
        for &slot in &content.here {
            for (scope, word) in &self.slots[slot].words {
                let before = self.slots[slot].before.as_ref().map(|(_, member)| &member.words);
                let live = before
                    .is_some_and(|words| words.iter().any(|old| old.scope == word.scope && old.verdict.is_live()));
                if self.is_read(*scope) {
                    scopes.insert((*word.scope).clone());
                } else if live {
                    expired.insert((*word.scope).clone());
                }
            }
        }
        let because = content.here.iter().find_map(|slot| self.slots[*slot].reason.clone());
        Note::Fixed { scopes: scopes.into_iter().collect(), expired: expired.into_iter().collect(), because }
    }

    pub(super) fn closing_reason(&self, content: &Content, status: Status, why: Option<String>) -> String {
        if status != Status::Closed {
            return why.map_or_else(|| status.to_string(), |why| format!("{status}: {why}"));
        }
        match self.closing_note(content, status, None) {
            Note::Fixed { because: Some(because), .. } => because,
            Note::Fixed { scopes, .. } => {
                let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
                format!("gone from {}", scopes.join(", "))
            }
            _ => String::new(),
        }
    }

    /// Why an issue is open (again), for people.
    pub(super) fn why_open(
        &self,
        home: usize,
        content: &Content,
        issue: &Issue,
        stamp: &Stamp,
    ) -> (Option<Note>, String) {
        let seen_by = || self.planner.policy.seen_by(&self.all_reports(content));
        let reason = content.active.iter().find_map(|slot| self.slots[*slot].reason.clone());
        if issue.state == State::Open {
            let back = stamp.status != Status::Active;
            return (None, if back { format!("active: {}", seen_by()) } else { String::new() });
        }
        let seen_by = seen_by();
        let decided = content.here.iter().any(|slot| !content.active.contains(slot) && self.covered(*slot));
        let fresh: Vec<usize> = content
            .active
            .iter()
            .copied()
            .filter(|slot| {
                let slot = &self.slots[*slot];
                slot.before.as_ref().is_none_or(|(before, _)| *before != home) || slot.was == MemberStatus::Gone
            })
            .collect();
        if decided && !fresh.is_empty() {
            let named = |slot: &usize| {
                let title = self.slots[*slot].lead().map(|(_, word)| word.facts.title.clone());
                let read = || self.planner.policy.title(&self.finding_indices(*slot));
                title.filter(|title| !title.is_empty()).unwrap_or_else(read)
            };
            let titles: Vec<String> = fresh.iter().map(named).filter(|title| !title.is_empty()).collect();
            let reports: Vec<_> = fresh.iter().flat_map(|slot| self.finding_indices(*slot)).collect();
            let seen_by = self.planner.policy.seen_by(&reports);
            let reason = format!("new since the decision: {}", titles.join(", "));
            return (Some(Note::NewInGroup { titles, seen_by }), reason);
        }
        if content.active.iter().all(|slot| self.slots[*slot].was == MemberStatus::Gone) {
            return (Some(Note::SeenAgain { seen_by: seen_by.clone() }), format!("seen again: {seen_by}"));
        }
        if stamp.state == State::Open {
            let by_bot = self.homes[home].closer == Closer::Bot;
            let who = if by_bot { "a bot" } else { "a person" };
            return (
                Some(Note::StillThere { seen_by: seen_by.clone(), by_bot }),
                format!("closed by {who}, but still there: {seen_by}"),
            );
        }
        let told = reason.clone().unwrap_or_else(|| format!("no longer {}", stamp.status));
        (Some(Note::DecisionEnded { reason, seen_by: seen_by.clone() }), format!("{told}: {seen_by}"))
    }
}

/// What is told of a change that only the stamp shows.
pub(super) fn what_changed(old: &[Member], new: &[Member]) -> &'static str {
    let said = |members: &[Member]| -> BTreeSet<_> {
        let words = members.iter().flat_map(|member| member.words.iter().map(move |word| (member.uid, word)));
        words.map(|(uid, word)| (uid, word.scope.scanner.clone(), word.scope.target.clone(), word.verdict)).collect()
    };
    if said(old) == said(new) { "what it is known by has changed" } else { "who sees it has changed" }
}
