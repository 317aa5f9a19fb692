//! Composing: what follows for each issue, once it is known which members it holds and what all scopes say of them.

use std::collections::{BTreeMap, BTreeSet};

use super::closer::Closer;
use super::content::Content;
use super::edit::{self, DesiredState};
use super::reasons;
use super::world::{MemberStatus, World};
use super::{Action, Change, Plan, Subject, Withheld, Write};
use crate::finding::Status;
use crate::issue::{Former, Issue, Member, Note, PeopleDecision, Stamp, State, Verdict};

impl World<'_> {
    /// The changes of all issues, in the order in which to make them: first give, then take.
    pub(super) fn compose(&mut self, plan: &mut Plan) {
        let mut left: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, slot) in self.slots.iter().enumerate() {
            if let Some((home, _)) = slot.before
                && (slot.home != Some(home) || slot.lost_to.is_some())
            {
                left.entry(home).or_default().push(index);
            }
        }
        let read: BTreeSet<u32> = self.scans.iter().map(|scan| scan.id).collect();
        let mut order: Vec<usize> = (0..self.homes.len()).collect();
        order.sort_by_key(|home| (self.homes[*home].number(), *home));
        for home in order {
            let members = self.homes[home].members.iter().copied();
            let here: Vec<usize> = members.filter(|slot| !self.slots[*slot].words.is_empty()).collect();
            let left = left.remove(&home).unwrap_or_default();
            let concerns = !left.is_empty()
                || here.iter().any(|&slot| {
                    let slot = &self.slots[slot];
                    !slot.reported.is_empty() || slot.moved || slot.words.keys().any(|scope| read.contains(scope))
                });
            if !concerns || here.is_empty() && left.is_empty() {
                continue;
            }
            let active = here.iter().copied();
            let active = active.filter(|slot| super::words::is_active(&self.slots[*slot]) && !self.covered(*slot));
            let content = Content { active: active.collect(), here, left };
            self.compose_issue(home, &content, plan);
        }
        let rank = |change: &Change| (change.phase, change.action, std::cmp::Reverse(change.severity));
        plan.changes.sort_by_key(|change| (rank(change), change.issue().map(|id| id.number), change.key));
    }

    fn compose_issue(&mut self, home: usize, content: &Content, plan: &mut Plan) {
        let (issue, stamp) = match (self.homes[home].issue, self.homes[home].stamp) {
            (Some(issue), Some(stamp)) => (issue, stamp),
            _ => {
                let change = self.open(home, content);
                plan.changes.extend(change);
                return;
            }
        };
        if content.here.is_empty() {
            plan.changes.extend(self.retire(content, issue, stamp));
            return;
        }
        let was_gone = stamp.members.iter().all(Member::is_gone);
        let is_active = content.here.iter().any(|slot| super::words::is_active(&self.slots[*slot]));
        if issue.state == State::Closed && was_gone && !is_active && content.left.is_empty() {
            return;
        }
        self.freeze(home, content, stamp);
        self.mark_labels(home, content);
        let (status, target_state, note, reason, action) = self.next_state(home, content, issue, stamp);
        let keeps_open = issue.state == State::Open && target_state == State::Closed && status.is_none();
        if keeps_open {
            let slot = content.here[0];
            plan.withheld.push(self.withheld(
                slot,
                Action::Close,
                Some(issue.id.clone()),
                "a person reopened the issue".to_owned(),
            ));
        }
        let status = status.unwrap_or(stamp.status);
        let stays_closed = issue.state == State::Closed && target_state == State::Closed;
        let subject = self.subject(home, content, status);
        let mut members = self.listed(content);
        // A closed issue is not written for its text's sake, nor for names.
        if stays_closed && self.homes[home].closer == Closer::Us && self.is_unchanged(home, content, stamp) {
            members.clone_from(&stamp.members);
        }
        let writes = !keeps_open && (!stays_closed || members != stamp.members);
        let mut draft = writes.then(|| self.planner.policy.render(&subject));
        // The text of what is gone stays: the comment says by which scans it is.
        if let Some(draft) =
            draft.as_mut().filter(|_| subject.members.iter().all(|member| member.status == Status::Closed))
        {
            (draft.title, draft.body) = (None, None);
            draft.attribution.clear();
        }
        let target = if keeps_open || stays_closed {
            edit::as_is(self.planner, issue, stamp)
        } else {
            self.planner.settings.target(status).clone()
        };
        let desired = DesiredState {
            status,
            target,
            moved_by_people: self.is_moved_by_people(issue, stamp, status),
            draft: draft.as_ref(),
            severity: self.worst(content),
            members,
            group: self.homes[home].group.clone(),
            contested: self.contests(content, Some(stamp)),
            own_labels: self.own_labels(content, target_state == State::Closed && !keeps_open),
            // A run of another branch, or one that reads nothing of it, has no say about what people see.
            settled: stays_closed || keeps_open,
        };
        let edited = edit::edit(self.planner, issue, stamp, &desired);
        if let Some(reason) = self.decided_note(home, content, issue) {
            plan.withheld.push(Withheld {
                action: Action::Reopen,
                ..self.withheld(content.here[0], Action::Reopen, Some(issue.id.clone()), reason)
            });
        } else if status == Status::Active && issue.state == State::Open {
            plan.withheld.extend(self.waiting(content, issue));
        }
        if edited.is_nothing() {
            plan.unchanged += usize::from(content.here.iter().any(|slot| !self.slots[*slot].reported.is_empty()));
            return;
        }
        let action = if edited.edit.state.is_none() && action == Action::Reopen { Action::Update } else { action };
        let reason = if reason.is_empty() {
            edited.why(reasons::what_changed(&stamp.members, &desired.members))
        } else {
            reason
        };
        plan.changes.push(Change {
            action,
            key: self.issue_key(home, content),
            title: edited.edit.title.clone().unwrap_or_else(|| issue.title.clone()),
            severity: subject.severity,
            status,
            reason,
            fields: edited.fields,
            note,
            place: self.place(content),
            reports: subject.reports(),
            content: draft.filter(|_| edited.writes_text).map(|draft| draft.content),
            kinds: Vec::new(),
            phase: if content.left.is_empty() { 0 } else { 1 },
            gives: self.given(home, content),
            takes: self.taken(content),
            keeper: None,
            write: Write::Edit(Box::new(issue.clone()), Box::new(edited.edit)),
        });
    }

    /// An issue that is to be opened; `None` where nothing in it is active (or recorded).
    fn open(&mut self, home: usize, content: &Content) -> Option<Change> {
        let wanted = content.here.iter().any(|slot| self.slots[*slot].status() != MemberStatus::Gone);
        let recorded = self.planner.settings.record_decisions;
        if content.here.is_empty() || content.active.is_empty() && !(recorded && wanted) {
            return None;
        }
        let status = if content.active.is_empty() { self.decided_status(home, content).0 } else { Status::Active };
        let subject = self.subject(home, content, status);
        let draft = self.planner.policy.render(&subject);
        let before = self.homes[home].succeeds.and_then(|old| self.homes[old].issue);
        let before = before.map_or_else(String::new, |old| format!("Seen before in {}\n\n", old.id.url));
        let desired = DesiredState {
            status,
            target: self.planner.settings.target(status).clone(),
            moved_by_people: false,
            draft: Some(&draft),
            severity: self.worst(content),
            members: self.listed(content),
            group: self.homes[home].group.clone(),
            contested: self.contests(content, None),
            own_labels: self.own_labels(content, self.planner.settings.target(status).state == State::Closed),
            settled: false,
        };
        let new = edit::new_issue(self.planner, &desired, &draft, before);
        let reason = match status {
            Status::Active if self.homes[home].succeeds.is_some() => format!("seen again: {}", draft.seen_by),
            Status::Active => format!("new: {}", draft.seen_by),
            status => format!("recorded as {status}: {}", draft.seen_by),
        };
        Some(Change {
            action: Action::Open,
            key: self.issue_key(home, content),
            title: new.title.clone(),
            severity: subject.severity,
            status,
            reason,
            fields: edit::changes(&new.fields, |_| None),
            note: None,
            place: self.place(content),
            reports: subject.reports(),
            content: Some(draft.content),
            kinds: draft.kinds,
            phase: 0,
            gives: content.here.iter().map(|slot| self.slots[*slot].uid).collect(),
            takes: Vec::new(),
            keeper: None,
            write: Write::New(Box::new(new)),
        })
    }

    /// An issue all of whose members went elsewhere. It keeps their names, for the day on which they come apart.
    fn retire(&self, content: &Content, issue: &Issue, stamp: &Stamp) -> Option<Change> {
        let first = *content.left.first()?;
        let mut keeper = first;
        while let Some(next) = self.slots[keeper].lost_to {
            keeper = next;
        }
        let to = self.slots[keeper].home?;
        let of = self.homes[to].issue.map(|issue| issue.id.clone()).unwrap_or_default();
        let husk = |member: &Member| {
            let words = member.words.iter();
            let former = words.map(|word| Former { key: word.facts.key(), around: word.facts.evidence.neighbours() });
            let former: BTreeSet<Former> = member.former.iter().copied().chain(former).collect();
            Member { words: Vec::new(), former: former.into_iter().collect(), people: None, ..member.clone() }
        };
        let members: Vec<Member> = stamp.members.iter().map(husk).collect();
        if issue.state == State::Closed && stamp.duplicate_of == Some(of.number) && members == stamp.members {
            return None;
        }
        let edit = edit::retire(self.planner, issue, stamp, members, &of);
        let closes = issue.state == State::Open;
        let uids: Vec<u64> = content.left.iter().map(|slot| self.slots[*slot].uid).collect();
        let reason = match (closes, of.number) {
            (_, 0) => "its findings go to an issue of their own".to_owned(),
            (true, number) => format!("duplicate of #{number}"),
            (false, number) => format!("#{number} has its findings now"),
        };
        Some(Change {
            action: if closes { Action::Merge } else { Action::Update },
            key: self.key_of(keeper),
            title: issue.title.clone(),
            severity: stamp.severity,
            status: stamp.status,
            reason,
            fields: Vec::new(),
            note: closes.then(|| Note::Duplicate { of: of.clone() }),
            place: None,
            reports: Vec::new(),
            content: None,
            kinds: Vec::new(),
            phase: 2,
            gives: Vec::new(),
            takes: uids,
            keeper: Some(self.slots[keeper].uid),
            write: Write::Edit(Box::new(issue.clone()), Box::new(edit)),
        })
    }

    /// Freezes what people decided by closing into the members that it covers, before the issue is reopened for another.
    /// It rides on a write that is needed anyway.
    fn freeze(&mut self, home: usize, content: &Content, stamp: &Stamp) {
        let decided = super::people::closing(&self.homes[home], self.planner.settings);
        let open = self.homes[home].was_open();
        let labels = self.homes[home].labels.clone();
        if let Some(how) = decided {
            let changed = || {
                let listed = self.listed(content);
                listed != stamp.members
            };
            if !content.active.is_empty() || open || changed() {
                for &slot in &content.here {
                    let known = &self.slots[slot];
                    if known.people.is_some()
                        || labels.difference(&known.exempt).next().is_some()
                        || !self.covered(slot)
                    {
                        continue;
                    }
                    let before = known.before.as_ref().map(|(_, member)| member);
                    let ids = before.into_iter().flat_map(|member| &member.words);
                    let ids: BTreeSet<_> = ids.flat_map(|word| word.facts.ids.iter().copied()).collect();
                    self.slots[slot].people = Some(PeopleDecision { how, ids: ids.into_iter().collect() });
                }
            }
        }
        for &slot in &content.here {
            let known = &mut self.slots[slot];
            let done = known.people.as_ref().is_some_and(|people| people.how == crate::issue::ClosedHow::Done);
            if done && known.status() == MemberStatus::Gone {
                known.people = None;
            }
        }
    }

    /// Notes which deciding labels are not about a member: they were there before it came (back).
    fn mark_labels(&mut self, home: usize, content: &Content) {
        let labels = self.homes[home].labels.clone();
        for &slot in &content.here {
            let covered = self.covered(slot);
            let known = &mut self.slots[slot];
            if known.status() == MemberStatus::Gone && known.was != MemberStatus::Gone {
                known.under = labels.clone();
            }
            if known.status() == MemberStatus::Active && !covered {
                known.exempt.extend(labels.iter().copied());
            }
        }
    }

    /// The status that an issue should be in (`None`: as it is), its state, and what is said of the change.
    fn next_state(
        &self,
        home: usize,
        content: &Content,
        issue: &Issue,
        stamp: &Stamp,
    ) -> (Option<Status>, State, Option<Note>, String, Action) {
        let settings = self.planner.settings;
        if !content.active.is_empty() && self.waits_for_its_scan(home, content) {
            return (None, State::Closed, None, String::new(), Action::Update);
        }
        if !content.active.is_empty() {
            let (note, reason) = self.why_open(home, content, issue, stamp);
            let action = if issue.state == State::Open { Action::Update } else { Action::Reopen };
            return (Some(Status::Active), State::Open, note, reason, action);
        }
        if issue.state == State::Closed {
            return (None, State::Closed, None, String::new(), Action::Update);
        }
        let gone = content.here.iter().all(|slot| self.slots[*slot].status() == MemberStatus::Gone);
        let (status, why) = if gone { (Status::Closed, None) } else { self.decided_status(home, content) };
        let told = stamp.status == status;
        if settings.target(status).state == State::Open {
            let action = if told { Action::Update } else { Action::Close };
            let note = (!told).then(|| self.closing_note(content, status, why.clone()));
            return (
                Some(status),
                State::Open,
                note,
                if told { String::new() } else { self.closing_reason(content, status, why) },
                action,
            );
        }
        // Open again although we closed it: a person did that.
        if stamp.state == State::Closed && super::closer::standing(issue, stamp).next().is_none() {
            return (None, State::Closed, None, String::new(), Action::Update);
        }
        // An issue that was opened to record a decision says so itself; only its closing is still to come.
        let note = (!told || gone).then(|| self.closing_note(content, status, why.clone()));
        (Some(status), State::Closed, note, self.closing_reason(content, status, why), Action::Close)
    }

    /// Whether others closed the issue, and nothing that this run read says that they were wrong: who reads it says so.
    fn waits_for_its_scan(&self, home: usize, content: &Content) -> bool {
        let is_reported = |slot: &usize| {
            let slot = &self.slots[*slot];
            let is_active = |scope| slot.words.get(scope).is_some_and(|word| word.verdict.is_active());
            slot.added || slot.reported.keys().any(is_active)
        };
        matches!(self.homes[home].closer, Closer::Person | Closer::Bot) && !content.active.iter().any(is_reported)
    }

    /// The decision that an issue is in: people's, else that of the words, the most cautious first.
    pub(super) fn decided_status(&self, home: usize, content: &Content) -> (Status, Option<String>) {
        let covered =
            content.here.iter().any(|slot| self.slots[*slot].status() != MemberStatus::Gone && self.covered(*slot));
        if let Some((status, by)) = self.people_status(&self.homes[home]).filter(|_| covered) {
            return (status, Some(format!("by {by}")));
        }
        if covered {
            return (Status::RiskAccepted, Some("by a person".to_owned()));
        }
        let decided = content.here.iter().flat_map(|slot| {
            self.slots[*slot].words.values().map(move |word| (word.verdict, self.slots[*slot].reason.clone()))
        });
        let decided = decided.filter_map(|(verdict, reason)| match verdict {
            Verdict::Decided(status) => Some((status, reason)),
            _ => None,
        });
        decided.max_by_key(|(status, _)| *status).unwrap_or((Status::RiskAccepted, None))
    }

    fn is_moved_by_people(&self, issue: &Issue, stamp: &Stamp, status: Status) -> bool {
        let by_field = issue.decisions.iter().any(|decision| decision.by_field && decision.status == status);
        by_field && (stamp.moved_by_people || stamp.status != status)
    }

    /// Whether an issue has the members that it had, about which nothing else is said but by names.
    fn is_unchanged(&self, home: usize, content: &Content, stamp: &Stamp) -> bool {
        let is_as_before = |slot: &usize| {
            let known = &self.slots[*slot];
            known.before.as_ref().is_some_and(|(before, member)| *before == home && known.member() == *member)
        };
        content.here.len() == stamp.members.len() && content.here.iter().all(is_as_before)
    }

    /// Members that an issue has from now on and had not.
    fn given(&self, home: usize, content: &Content) -> Vec<u64> {
        let gained = content.here.iter().filter(|slot| {
            let slot = &self.slots[**slot];
            slot.moved || slot.before.as_ref().is_none_or(|(before, _)| *before != home)
        });
        gained.map(|slot| self.slots[*slot].uid).collect()
    }

    fn taken(&self, content: &Content) -> Vec<u64> {
        // What is gone and forgotten goes nowhere.
        let goes = |slot: &&usize| self.slots[**slot].home.is_some() || self.slots[**slot].lost_to.is_some();
        content.left.iter().filter(goes).map(|slot| self.slots[*slot].uid).collect()
    }
}

impl Subject {
    /// This run's findings: scan and finding.
    pub(super) fn reports(&self) -> Vec<(usize, usize)> {
        self.members.iter().flat_map(|member| member.reports.iter().copied()).collect()
    }
}
