//! The decision table of DESIGN §4: what happens to an issue, given what its finding is now.

use std::collections::BTreeSet;

use super::edit::Wish;
use super::{Action, Change, Held, Planner, Standing, Verdict, Write, edit, stamp};
use crate::finding::{Key, Scope, Status};
use crate::issue::{CloseReason, Draft, Issue, IssueId, MemberStamp, Note, Stamp, State, TrackerDecision};

/// The decision that people took in the tracker itself and that still stands, with how they said it.
pub(super) fn standing_decision(issue: &Issue, stamp: &Stamp) -> Option<(Status, String)> {
    // A column that means a decision may be where we moved the issue ourselves: then it is nobody's decision but ours.
    let echo =
        |decision: &TrackerDecision| decision.by_field && decision.status == stamp.status && !stamp.moved_by_people;
    if let Some(decision) = issue.decision.as_ref().filter(|decision| !echo(decision)) {
        return Some((decision.status, decision.by.clone()));
    }
    let by_person = issue.state == State::Closed && stamp.state == State::Open;
    match issue.closed_as {
        Some(CloseReason::NotPlanned) if by_person => Some((Status::RiskAccepted, "closed as not planned".to_owned())),
        Some(CloseReason::Duplicate) if by_person => Some((Status::RiskAccepted, "closed as a duplicate".to_owned())),
        _ => None,
    }
}

/// A draft and its issue.
struct Pair<'a> {
    /// The draft's index.
    at: usize,
    draft: &'a Draft,
    issue: &'a Issue,
    stamp: &'a Stamp,
    /// What the issue takes over from its duplicates.
    heirs: &'a [(&'a MemberStamp, &'a Stamp)],
}

impl Planner<'_> {
    /// How a draft stands that has this issue, or none.
    pub(super) fn standing(&self, issue: Option<&Issue>) -> Standing {
        let Some((issue, stamp)) = issue.and_then(|issue| Some((issue, issue.stamp.as_ref()?))) else {
            return Standing::New;
        };
        let kept_closed = stamp.state == State::Open && self.settings.keep_manual_close;
        match issue.state {
            _ if standing_decision(issue, stamp).is_some() => Standing::Decided,
            State::Closed if !kept_closed => Standing::New,
            State::Open | State::Closed => Standing::Known,
        }
    }

    /// A draft that has no issue; perhaps somebody without rights has written one that looks like it.
    pub(super) fn without_issue(&self, at: usize, draft: &Draft, suspect: Option<&IssueId>) -> Verdict {
        if draft.status != Status::Active && !self.settings.record_decisions {
            return Verdict::NotOurs;
        }
        if let Some(reason) = &draft.held {
            return Verdict::Held(held_draft(draft, None, reason.clone()));
        }
        // Its author may have left, or forged it: opening a twin would be as wrong as trusting it.
        if let Some(IssueId { number, .. }) = suspect {
            let reason = format!(
                "#{number} has this finding's stamp and our label, but its author has no rights in the project: give \
                 the author a role again, or take the label away, and the next run opens another"
            );
            return Verdict::Held(held_draft(draft, None, reason));
        }
        let reason = match draft.status {
            Status::Active => format!("new: {}", draft.seen_by),
            status => format!("recorded as {status}: {}", draft.seen_by),
        };
        Verdict::Change(Box::new(self.open(at, draft, String::new(), reason)))
    }

    fn open(&self, at: usize, draft: &Draft, before: String, reason: String) -> Change {
        let target = self.settings.target(draft.status);
        let new = edit::new_issue(self, draft, target, before);
        let fields = edit::changes(&new.fields, |_| None);
        Change {
            action: Action::Open,
            key: draft.key,
            title: new.title.clone(),
            severity: draft.severity,
            status: draft.status,
            reason,
            fields,
            write: Write::New(Box::new(new)),
            note: None,
            draft: Some(at),
        }
    }

    /// A draft and its issue.
    pub(super) fn with_issue(
        &self,
        at: usize,
        draft: &Draft,
        issue: &Issue,
        heirs: &[(&MemberStamp, &Stamp)],
    ) -> Verdict {
        let Some(stamp) = &issue.stamp else { return Verdict::NotOurs };
        let pair = Pair { at, draft, issue, stamp, heirs };
        let decided = standing_decision(issue, stamp);
        let act = |action, status, note, reason| self.write(&pair, action, status, note, reason);
        let keep = |reason: String| Verdict::Held(held_draft(draft, Some(&issue.id), reason));
        match (draft.status, issue.state) {
            (Status::Active, State::Open) => match decided {
                Some((status, by)) => self.decide(&pair, status, Some(format!("by {by}"))),
                None if stamp.status != Status::Active => {
                    act(Action::Update, Status::Active, None, format!("active: {}", draft.seen_by))
                }
                None => act(Action::Update, Status::Active, None, String::new()),
            },
            (Status::Active, State::Closed) => {
                if let Some((status, by)) = decided {
                    return keep(format!("{status}: {by}"));
                }
                let seen_by = draft.seen_by.clone();
                if stamp.state == State::Open {
                    if self.settings.keep_manual_close {
                        return keep("a person closed it, and the mapping says to keep that".to_owned());
                    }
                    let reason = format!("closed by a person, but still there: {seen_by}");
                    return act(Action::Reopen, Status::Active, Some(Note::StillThere { seen_by }), reason);
                }
                let (note, reason) = if stamp.status == Status::Closed {
                    (Note::SeenAgain { seen_by: seen_by.clone() }, format!("seen again: {seen_by}"))
                } else {
                    let why = draft.reason.clone().filter(|_| draft.expired);
                    let reason = why.clone().unwrap_or_else(|| format!("no longer {}", stamp.status));
                    (Note::DecisionEnded { reason: why, seen_by: seen_by.clone() }, format!("{reason}: {seen_by}"))
                };
                if self.settings.new_on_return && stamp.status == Status::Closed {
                    if let Some(reason) = &draft.held {
                        return keep(reason.clone());
                    }
                    let before = format!("Seen before in {}\n\n", issue.id.url);
                    return Verdict::Change(Box::new(self.open(at, draft, before, reason)));
                }
                act(Action::Reopen, Status::Active, Some(note), reason)
            }
            (Status::FalsePositive | Status::RiskAccepted, State::Open) => {
                if stamp.state == State::Closed {
                    return keep(format!("{}, but a person reopened the issue", draft.status));
                }
                self.decide(&pair, draft.status, draft.reason.clone())
            }
            // Decided and closed, or closed in the report and closed: as it should be.
            (_, State::Closed) => Verdict::Unchanged,
            (Status::Closed, State::Open) => self.without_draft(issue, Some(&BTreeSet::new())),
        }
    }

    /// Moves an open issue to the status of a decision, once.
    fn decide(&self, pair: &Pair<'_>, status: Status, reason: Option<String>) -> Verdict {
        let told = pair.stamp.status == status;
        if told && self.settings.target(status).state == State::Open {
            return self.write(pair, Action::Update, status, None, String::new());
        }
        let because = reason.as_deref().map_or(String::new(), |reason| format!(": {reason}"));
        // An issue that was opened to record the decision says so itself; only its closing is still to come.
        let note = (!told).then_some(Note::Decided { status, reason });
        self.write(pair, Action::Close, status, note, format!("{status}{because}"))
    }

    /// The one place where a draft becomes an edit.
    fn write(&self, pair: &Pair<'_>, action: Action, status: Status, note: Option<Note>, reason: String) -> Verdict {
        let &Pair { at, draft, issue, stamp: old, heirs } = pair;
        let tracked = stamp::tracked(self, draft, old, heirs);
        let wish = Wish {
            status,
            target: self.settings.target(status).clone(),
            moved_by_people: issue
                .decision
                .as_ref()
                .is_some_and(|decision| decision.by_field && decision.status == status)
                && (old.moved_by_people || old.status != status),
            draft: Some(draft),
            may_take_away: tracked.all_read,
            adds: tracked.adds,
        };
        let edited = edit::edit(self, issue, old, tracked.members, &wish);
        if edited.is_nothing() {
            return Verdict::Unchanged;
        }
        let reason = if reason.is_empty() { edited.why() } else { reason };
        Verdict::Change(Box::new(Change {
            action,
            key: draft.key,
            title: edited.edit.title.clone().unwrap_or_else(|| issue.title.clone()),
            severity: draft.severity,
            status,
            reason,
            fields: edited.fields,
            write: Write::Edit(Box::new(issue.clone()), Box::new(edited.edit)),
            note,
            draft: Some(at),
        }))
    }

    /// An issue whose findings this run does not report: closed only where everything that vouched for them was read
    /// whole. `claimed` are keys that other issues carry from now on; `None` where those are this issue's, too.
    pub(super) fn without_draft(&self, issue: &Issue, claimed: Option<&BTreeSet<Key>>) -> Verdict {
        let Some(old) = &issue.stamp else { return Verdict::NotOurs };
        if issue.state == State::Closed {
            return Verdict::NotOurs;
        }
        let held = |reason: String| {
            Verdict::Held(Held {
                key: old.key,
                title: issue.title.clone(),
                severity: old.severity,
                status: old.status,
                action: Action::Close,
                issue: Some(issue.id.clone()),
                reason,
            })
        };
        let gone = stamp::gone(self, old, claimed);
        if gone.untouched {
            return Verdict::NotOurs;
        }
        if gone.present {
            return held("its finding is there, but no route leads here".to_owned());
        }
        let placed = self.settings.target(Status::Closed);
        if old.status == Status::Closed && placed.state == State::Open {
            return Verdict::Unchanged;
        }
        if old.state == State::Closed {
            return held("its finding is gone, but a person reopened the issue".to_owned());
        }
        let (status, action, note, reason, held_reason) = if gone.waiting.is_empty() {
            let scopes = list(&gone.read);
            let note = Note::Fixed { scopes: gone.read.clone(), expired: gone.expired.clone() };
            (Status::Closed, Action::Close, Some(note), format!("gone from {scopes}"), String::new())
        } else {
            let waiting: Vec<String> = gone.waiting.iter().map(|(scope, why)| format!("{scope} ({why})")).collect();
            let waiting = waiting.join(", ");
            let why = match gone.read.as_slice() {
                [] => format!("not reported, but {waiting}"),
                read => format!("gone from {}, waiting for {waiting}", list(read)),
            };
            (old.status, Action::Update, None, why.clone(), why)
        };
        let target = if action == Action::Close { placed.clone() } else { edit::as_is(self, issue, old) };
        let moved_by_people = old.moved_by_people && status == old.status;
        let wish = Wish { status, target, moved_by_people, draft: None, may_take_away: true, adds: false };
        let edited = edit::edit(self, issue, old, gone.members, &wish);
        if edited.is_nothing() {
            return if held_reason.is_empty() { Verdict::Unchanged } else { held(held_reason) };
        }
        Verdict::Change(Box::new(Change {
            action,
            key: old.key,
            title: issue.title.clone(),
            severity: old.severity,
            status,
            reason,
            fields: edited.fields,
            write: Write::Edit(Box::new(issue.clone()), Box::new(edited.edit)),
            note,
            draft: None,
        }))
    }

    /// Closes an issue as the duplicate of another.
    #[must_use]
    pub fn merge(&self, issue: &Issue, keeper: &IssueId) -> Change {
        let title = issue.title.clone();
        let edit = issue.stamp.as_ref().map(|old| edit::duplicate(self, issue, old, keeper)).unwrap_or_default();
        Change {
            action: Action::Merge,
            key: issue.stamp.as_ref().map_or(crate::plan::stamp::NO_KEY, |stamp| stamp.key),
            title,
            severity: issue.stamp.as_ref().map_or_else(Default::default, |stamp| stamp.severity),
            status: issue.stamp.as_ref().map_or(Status::Active, |stamp| stamp.status),
            reason: format!("duplicate of #{}", keeper.number),
            fields: Vec::new(),
            write: Write::Edit(Box::new(issue.clone()), Box::new(edit)),
            note: Some(Note::Duplicate { of: keeper.clone() }),
            draft: None,
        }
    }
}

fn held_draft(draft: &Draft, issue: Option<&IssueId>, reason: String) -> Held {
    let action = match (draft.status, issue) {
        (_, None) => Action::Open,
        (Status::Active, Some(_)) => Action::Reopen,
        (_, Some(_)) => Action::Close,
    };
    Held {
        action,
        key: draft.key,
        title: draft.title.clone(),
        severity: draft.severity,
        status: draft.status,
        issue: issue.cloned(),
        reason,
    }
}

fn list(scopes: &[Scope]) -> String {
    scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
