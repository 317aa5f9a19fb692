//! Apply: the only place that writes. Order, "did it happen?", simultaneous edits, twins of racing runs.

use std::cell::Cell;

use futures::StreamExt as _;

use crate::finding::Key;
use crate::issue::{Comment, Edit, Issue, IssueId, New, Note, Stamp, State};
use crate::plan::{Action, Change, Plan, Planner, Verdict, Write};
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
    /// Where to write.
    pub tracker: &'a dyn Track,
    /// Turns a note into a comment's text.
    pub say: &'a (dyn Fn(&Note) -> String + Sync),
    /// The highest number of an issue when the issues were listed.
    pub newest: u64,
}

/// Carries out a plan, and goes on past a failed change unless no other could succeed.
pub async fn apply(context: &Context<'_>, plan: &Plan, progress: &mut dyn FnMut(usize, &Change)) -> Applied {
    let stopped: Cell<Option<String>> = Cell::new(None);
    let one = |at: usize| {
        let stopped = &stopped;
        async move {
            if let Some(why) = stopped.take() {
                stopped.set(Some(why.clone()));
                return (at, Outcome::Skipped(why));
            }
            let outcome = context.carry_out(&plan.changes[at]).await;
            if let Outcome::Failed(error) = &outcome
                && error.stops_the_run()
            {
                stopped.set(Some(format!("not tried, as {error}")));
            }
            (at, outcome)
        }
    };
    let width = context.tracker.limits().concurrency.max(1);
    let mut running = futures::stream::iter((0..plan.changes.len()).map(one)).buffer_unordered(width);
    let mut outcomes: Vec<Option<Outcome>> = plan.changes.iter().map(|_| None).collect();
    let mut done = 0;
    while let Some((at, outcome)) = running.next().await {
        outcomes[at] = Some(outcome);
        done += 1;
        progress(done, &plan.changes[at]);
    }
    drop(running);
    let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    let twins = if stopped.take().is_some() { Vec::new() } else { context.close_twins(plan, &outcomes).await };
    Applied { outcomes, twins }
}

impl Context<'_> {
    async fn carry_out(&self, change: &Change) -> Outcome {
        let done = match &change.write {
            Write::New(new) => self.open(change, new).await,
            Write::Edit(issue, edit) => self.edit(change, issue, edit).await,
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
            match self.find(change).await? {
                Some(found) => return self.complete(change, found).await,
                None if tries == MAX_OPENS => return Err(unclear),
                None => tries += 1,
            }
        }
    }

    /// An issue that was created although the answer was lost may lack what comes after its creation; the next run would
    /// add that, so let this one do it.
    async fn complete(&self, change: &Change, found: Issue) -> Result<Outcome, Error> {
        if let Verdict::Change(rest) = self.planner.again(change, &found)
            && matches!(rest.action, Action::Update | Action::Close)
            && let Write::Edit(issue, edit) = &rest.write
        {
            self.edit(&rest, issue, edit).await?;
        }
        Ok(Outcome::Done(found.id))
    }

    /// Looks for an issue of the change's key among those created since the list was read; the oldest open one. Looks
    /// again before it says that there is none: what was just written may be missing in a list for a while.
    async fn find(&self, change: &Change) -> Result<Option<Issue>, Error> {
        let lag = self.tracker.lag();
        let looks = if lag.is_zero() { 1 } else { LOOKS };
        for look in 0..looks {
            tokio::time::sleep(lag * look).await;
            let mut newer = self.tracker.issues(Which::NewerThan(self.newest)).await?;
            newer.sort_by_key(|issue| issue.id.number);
            if let Some(found) = newer.into_iter().find(|issue| self.serves(issue, change)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn serves(&self, issue: &Issue, change: &Change) -> bool {
        let open = issue.state == State::Open || matches!(&change.write, Write::New(new) if new.state == issue.state);
        open && self.is_of(issue, change.key)
    }

    /// Whether an issue counts as this mapping's issue of a key.
    fn is_of(&self, issue: &Issue, key: Key) -> bool {
        let ours = |stamp: &Stamp| stamp.key == key && !self.planner.settings.siblings.contains(&stamp.mapping);
        issue.trusted && issue.stamp.as_ref().is_some_and(ours)
    }

    /// Changes an issue, against what it is at this moment: what people wrote since the list was read stays.
    async fn edit(&self, change: &Change, listed: &Issue, edit: &Edit) -> Result<Outcome, Error> {
        let mut issue = listed.clone();
        let mut edit = edit.clone();
        let mut note = change.note.clone();
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
                    match self.planner.again(change, &now) {
                        Verdict::Change(anew) => match anew.write {
                            Write::Edit(_, anew_edit) => (edit, note) = (*anew_edit, anew.note),
                            Write::New(_) => {
                                return Ok(Outcome::Skipped(
                                    "somebody changed the issue at the same time; see the next run".to_owned(),
                                ));
                            }
                        },
                        Verdict::Held(held) => return Ok(Outcome::Skipped(held.reason)),
                        // It was our own write whose answer was lost.
                        Verdict::Unchanged if unclear.is_some() => return Ok(Outcome::Done(now.id)),
                        Verdict::Unchanged | Verdict::NotOurs => {
                            return Ok(Outcome::Skipped("somebody changed the issue at the same time".to_owned()));
                        }
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

    /// Looks once more at what was created since the run began, and closes our own twins of older issues.
    async fn close_twins(&self, plan: &Plan, outcomes: &[Outcome]) -> Vec<(Change, Outcome)> {
        let opened = |change: &Change, outcome: &Outcome| match (change.action, outcome) {
            (Action::Open, Outcome::Done(id)) => Some((change.key, id.number)),
            _ => None,
        };
        let ours: Vec<_> =
            plan.changes.iter().zip(outcomes).filter_map(|(change, outcome)| opened(change, outcome)).collect();
        if ours.is_empty() {
            return Vec::new();
        }
        let newer = match self.tracker.issues(Which::NewerThan(self.newest)).await {
            Ok(newer) => newer,
            Err(error) => {
                tracing::warn!("could not look for twins of a run at the same time ({error}); the next run does");
                return Vec::new();
            }
        };
        let mut twins = Vec::new();
        for (key, number) in ours {
            let same = |issue: &&Issue| issue.state == State::Open && self.is_of(issue, key);
            let oldest = newer.iter().filter(same).min_by_key(|issue| issue.id.number);
            let own = newer.iter().filter(same).find(|issue| issue.id.number == number);
            let (Some(oldest), Some(own)) = (oldest, own) else { continue };
            if oldest.id.number < own.id.number {
                let change = self.planner.merge(own, &oldest.id);
                let outcome = self.carry_out(&change).await;
                twins.push((change, outcome));
            }
        }
        twins
    }
}

/// Whether what we rely on changed between two readings.
fn differs(a: &Issue, b: &Issue) -> bool {
    (&a.title, &a.body, a.state, a.closed_as, &a.labels, &a.fields, a.stamp.as_ref(), a.decision.as_ref())
        != (&b.title, &b.body, b.state, b.closed_as, &b.labels, &b.fields, b.stamp.as_ref(), b.decision.as_ref())
}
