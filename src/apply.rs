//! Apply: the only place that writes. Order, "did it happen?", simultaneous edits, twins of racing runs.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;

use crate::issue::{Comment, Edit, Issue, IssueId, New, Note, State};
use crate::plan::{Action, Change, Plan, Planner, Write};
use crate::trackers::{Error, Found, Track, Which};

/// Times that a change is planned anew where people keep changing the issue at the same time, or the service has us wait.
const MAX_TRIES: usize = 6;
/// Times that an issue is opened where it is unclear whether that happened.
const MAX_OPENS: usize = 2;
/// Times that an issue is looked for before it counts as not opened.
const LOOKS: u32 = 3;
/// Why a change of an issue that is no more was left out.
const DELETED: &str = "the issue was deleted; the next run opens it anew where needed";

/// What became of a change.
#[derive(Debug)]
pub enum Outcome {
    /// It is done; the issue.
    Done(IssueId),
    /// It failed; nothing of it was written, or the next run goes on with it.
    Failed(Error),
    /// It was not tried, or is no longer needed; why.
    Skipped(String),
}

/// What became of a plan.
#[derive(Debug, Default)]
pub struct Applied {
    /// One outcome for each of the plan's changes, in their order.
    pub outcomes: Vec<Outcome>,
    /// Twins that a racing run had opened before us: our own issues, closed again as duplicates.
    pub twins: Vec<(Change, Outcome)>,
}

impl Applied {
    /// Whether something failed. What was skipped because of a failure comes with that failure.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.outcomes
            .iter()
            .chain(self.twins.iter().map(|(_, outcome)| outcome))
            .any(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    /// Whether anything may have been written.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        self.outcomes.iter().any(|outcome| !matches!(outcome, Outcome::Skipped(_)))
    }
}

/// What applying needs beside the plan.
pub struct Context<'a> {
    /// What the plan was made from, to plan a change anew.
    pub planner: Planner<'a>,
    /// The issues that the plan was made from.
    pub issues: &'a [Issue],
    /// Where to write.
    pub tracker: &'a dyn Track,
    /// Turns a note into a comment's text.
    pub say: &'a (dyn Fn(&Note) -> String + Sync),
}

/// What became of members while a plan is carried out.
#[derive(Debug, Default)]
struct Progress {
    /// Why nothing more is tried.
    stopped: Option<String>,
    /// Members that did not get to their new issue: no other issue may lose them.
    stranded: BTreeSet<u64>,
    /// The issues that hold members now.
    holders: BTreeMap<u64, IssueId>,
}

/// Carries out a plan, and goes on past a failed change unless no other could succeed.
pub async fn apply(context: &Context<'_>, plan: &Plan, progress: &mut dyn FnMut(usize, &Change)) -> Applied {
    let state = RefCell::new(Progress::default());
    let width = context.tracker.limits().concurrency.max(1);
    let mut outcomes: Vec<Option<Outcome>> = plan.changes.iter().map(|_| None).collect();
    let mut done = 0;
    let phases: BTreeSet<u8> = plan.changes.iter().map(|change| change.phase).collect();
    for phase in phases {
        let of_phase: Vec<usize> =
            (0..plan.changes.len()).filter(|index| plan.changes[*index].phase == phase).collect();
        let state = &state;
        // The first change goes alone, so that what the token may do with no issue is tried, and told, once.
        let (first, rest) = of_phase.split_at(usize::from(done == 0).min(of_phase.len()));
        for group in [first, rest] {
            let each =
                group.iter().map(|&at| async move { (at, context.carry_out_next(&plan.changes[at], state).await) });
            let mut running = futures::stream::iter(each).buffer_unordered(width);
            while let Some((index, outcome)) = running.next().await {
                outcomes[index] = Some(outcome);
                done += 1;
                progress(done, &plan.changes[index]);
            }
        }
    }
    let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    let stopped = state.borrow().stopped.is_some();
    let twins = if stopped { Vec::new() } else { context.close_twins(plan, &outcomes, &state).await };
    Applied { outcomes, twins }
}

impl Context<'_> {
    /// Carries out a change, unless an earlier one says that no other could succeed or that members would be lost.
    async fn carry_out_next(&self, change: &Change, state: &RefCell<Progress>) -> Outcome {
        let stopped = state.borrow().stopped.clone();
        let lost = change.takes.iter().any(|uid| state.borrow().stranded.contains(uid));
        let outcome = match stopped {
            Some(why) => Outcome::Skipped(why),
            None if lost => Outcome::Skipped("its findings did not get to their other issue".to_owned()),
            None => {
                let holder = change.keeper.and_then(|uid| state.borrow().holders.get(&uid).cloned());
                self.carry_out(change, holder).await
            }
        };
        let mut state = state.borrow_mut();
        match &outcome {
            Outcome::Done(id) => state.holders.extend(change.gives.iter().map(|uid| (*uid, id.clone()))),
            Outcome::Failed(_) | Outcome::Skipped(_) => state.stranded.extend(&change.gives),
        }
        if let Outcome::Failed(error) = &outcome
            && error.stops_the_run()
        {
            state.stopped = Some(format!("not tried, as {error}"));
        }
        outcome
    }

    async fn carry_out(&self, change: &Change, holder: Option<IssueId>) -> Outcome {
        let done = match &change.write {
            Write::New(new) => self.open(change, new).await,
            Write::Edit(issue, edit) => {
                // The issue that takes the place of this one may have been opened just now.
                let mut edit = (**edit).clone();
                let mut note = change.note.clone();
                if let Some(holder) = holder {
                    edit.duplicate_of = edit.duplicate_of.map(|of| if of.number == 0 { holder.clone() } else { of });
                    if let Some(Note::Duplicate { of }) = &mut note
                        && of.number == 0
                    {
                        *of = holder;
                    }
                }
                self.edit(change, issue, edit, note).await
            }
        };
        done.unwrap_or_else(Outcome::Failed)
    }

    /// Opens an issue. Where it is unclear whether that happened, looks before trying once more.
    async fn open(&self, change: &Change, new: &New) -> Result<Outcome, Error> {
        let mut tries = 1;
        loop {
            let unclear = match self.tracker.open(new).await {
                Ok(id) => return Ok(Outcome::Done(id)),
                Err(error @ Error::Unclear { .. }) => error,
                Err(error) => return Err(error),
            };
            tracing::warn!("{unclear}: looking whether it happened");
            match self.find(change, new).await? {
                Some(found) => return self.complete(found).await,
                None if tries == MAX_OPENS => return Err(unclear),
                None => tries += 1,
            }
        }
    }

    /// An issue that was created although the answer was lost may lack what comes after its creation; the next run would
    /// add that, so let this one do it.
    async fn complete(&self, found: Issue) -> Result<Outcome, Error> {
        if let Some(rest) = self.planner.replan(self.issues, &found)
            && matches!(rest.action, Action::Update | Action::Close)
            && let Write::Edit(issue, edit) = &rest.write
        {
            self.edit(&rest, issue, (**edit).clone(), rest.note.clone()).await?;
        }
        Ok(Outcome::Done(found.id))
    }

    /// The highest number of an issue when the issues were listed.
    fn newest(&self) -> u64 {
        self.issues.iter().map(|issue| issue.id.number).max().unwrap_or(0)
    }

    /// Looks for an issue that holds the change's members among those created since the list was read; the oldest. Looks
    /// again before it says that there is none: what was just written may be missing in a list for a while.
    async fn find(&self, change: &Change, new: &New) -> Result<Option<Issue>, Error> {
        let lag = self.tracker.lag();
        let looks = if lag.is_zero() { 1 } else { LOOKS };
        for look in 0..looks {
            tokio::time::sleep(lag * look).await;
            let mut newer = self.tracker.issues(Which::NewerThan(self.newest())).await?;
            newer.sort_by_key(|issue| issue.id.number);
            let matches = |issue: &Issue| {
                let state = issue.state == State::Open || issue.state == new.state;
                state && holds(issue, &change.gives) && self.is_ours(issue)
            };
            if let Some(found) = newer.into_iter().find(matches) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Whether an issue counts as this mapping's.
    fn is_ours(&self, issue: &Issue) -> bool {
        let same = |stamp: &crate::issue::Stamp| stamp.mapping == self.planner.settings.mapping;
        issue.trusted && issue.stamp.as_ref().is_some_and(same)
    }

    /// Changes an issue, against what it is at this moment: what people wrote since the list was read stays.
    async fn edit(&self, change: &Change, listed: &Issue, edit: Edit, note: Option<Note>) -> Result<Outcome, Error> {
        let mut issue = listed.clone();
        let (mut edit, mut note) = (edit, note);
        let mut look_first = !self.tracker.limits().conditional_writes;
        let mut unclear = None;
        for _ in 0..MAX_TRIES {
            if look_first {
                let now = match self.tracker.issue(&issue.id).await? {
                    Found::Here(now) => *now,
                    Found::Moved(to) => return Ok(Outcome::Skipped(format!("the issue was moved to {to}"))),
                    Found::Gone => return Ok(Outcome::Skipped(DELETED.to_owned())),
                };
                // The stamp is written last: one that is new, and is there, says that all is written.
                let is_new = edit.stamp.is_some() && edit.stamp != listed.stamp;
                if is_new && now.stamp == edit.stamp && edit.state.is_none_or(|state| state == now.state) {
                    return Ok(Outcome::Done(now.id));
                }
                if differs(&issue, &now) {
                    match self.planner.replan(self.issues, &now).map(|anew| (anew.write, anew.note)) {
                        Some((Write::Edit(_, anew), said)) => {
                            let of = edit.duplicate_of.take();
                            edit = *anew;
                            edit.duplicate_of = edit.duplicate_of.map(|anew| of.unwrap_or(anew));
                            note = match (said, note.take()) {
                                (Some(Note::Duplicate { .. }), Some(known @ Note::Duplicate { .. })) => Some(known),
                                (said, _) => said,
                            };
                        }
                        Some((Write::New(_), _)) => {
                            let why = "somebody changed the issue at the same time; see the next run";
                            return Ok(Outcome::Skipped(why.to_owned()));
                        }
                        // It was our own write whose answer was lost.
                        None if unclear.is_some() => return Ok(Outcome::Done(now.id)),
                        None => return Ok(Outcome::Skipped("somebody changed the issue at the same time".to_owned())),
                    }
                }
                issue = now;
            }
            edit.comment = note.as_ref().map(|note| self.comment(note, change.action, &edit));
            match self.tracker.edit(&issue, &edit).await {
                Ok(()) => return Ok(Outcome::Done(issue.id)),
                Err(error @ (Error::Conflict | Error::Unclear { .. })) => {
                    tracing::warn!("#{}: {error}: reading it again", issue.id.number);
                    unclear = Some(error);
                    look_first = true;
                }
                Err(Error::Gone) => return Ok(Outcome::Skipped(DELETED.to_owned())),
                Err(Error::Moved(to)) => return Ok(Outcome::Skipped(format!("the issue was moved to {to}"))),
                Err(error) => return Err(error),
            }
        }
        Err(unclear.unwrap_or(Error::Conflict))
    }

    /// The comment for a note. Its marker is the same for every try, and another for the next change of state.
    fn comment(&self, note: &Note, action: Action, edit: &Edit) -> Comment {
        let cycle = edit.stamp.as_ref().map_or(0, |stamp| stamp.cycle);
        let verb = match action {
            Action::Close => "close",
            Action::Reopen => "reopen",
            Action::Merge => "merge",
            Action::Update => "update",
            Action::Open => "open",
        };
        Comment { marker: format!("{verb}-{cycle}"), text: (self.say)(note) }
    }

    /// Looks once more at what was created since the run began. Where a racing run opened an older issue of what we opened,
    /// that one takes over what ours holds, and ours is closed as its duplicate.
    async fn close_twins(
        &self,
        plan: &Plan,
        outcomes: &[Outcome],
        state: &RefCell<Progress>,
    ) -> Vec<(Change, Outcome)> {
        let opened = plan.changes.iter().zip(outcomes).filter_map(|(change, outcome)| match (change.action, outcome) {
            (Action::Open, Outcome::Done(id)) => Some(id.number),
            _ => None,
        });
        let opened: BTreeSet<u64> = opened.collect();
        if opened.is_empty() {
            return Vec::new();
        }
        let newer = match self.tracker.issues(Which::NewerThan(self.newest())).await {
            Ok(newer) => newer,
            Err(error) => {
                tracing::warn!("could not look for twins of a run at the same time ({error}); the next run does");
                return Vec::new();
            }
        };
        if newer.iter().all(|issue| opened.contains(&issue.id.number)) {
            return Vec::new();
        }
        let newer: Vec<Issue> = newer.into_iter().filter(|issue| self.is_ours(issue)).collect();
        let anew = self.planner.plan(&newer);
        let retires = |change: &&Change| {
            change.action == Action::Merge && change.issue().is_some_and(|id| opened.contains(&id.number))
        };
        let keepers: BTreeSet<u64> = anew.changes.iter().filter(retires).filter_map(|change| change.keeper).collect();
        let gives = |change: &&Change| change.issue().is_some() && change.gives.iter().any(|uid| keepers.contains(uid));
        let mut twins = Vec::new();
        for change in anew.changes.iter().filter(|change| gives(change) || retires(change)) {
            let outcome = self.carry_out_next(change, state).await;
            if change.action == Action::Merge {
                twins.push((change.clone(), outcome));
            }
        }
        twins
    }
}

/// Whether an issue holds one of these members.
fn holds(issue: &Issue, uids: &[u64]) -> bool {
    let members = issue.stamp.as_ref().map_or(&[][..], |stamp| stamp.members.as_slice());
    members.iter().any(|member| uids.contains(&member.uid) && !member.words.is_empty())
}

/// Whether what we rely on changed between two readings.
fn differs(a: &Issue, b: &Issue) -> bool {
    let words =
        |issue: &Issue| (issue.title.clone(), issue.body.clone(), issue.labels.clone(), issue.own_labels.clone());
    let state = |issue: &Issue| (issue.state, issue.closed_as, issue.closed_by);
    words(a) != words(b)
        || state(a) != state(b)
        || (&a.fields, &a.stamp, &a.decisions) != (&b.fields, &b.stamp, &b.decisions)
}
