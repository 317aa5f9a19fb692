//! A tracker in memory: it keeps labels, who closed an issue and as what, findsync's own labels and stamps in bodies, and it
//! can end a run after any write as a crash would.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use findsync::finding::Status;
use findsync::issue::{
    Actor, Body, CloseReason, Comment, Edit, FieldEdit, Issue, IssueId, Limits, Markup, New, Stamp, State,
    TrackerDecision,
};
use findsync::trackers::{Error, Found, Problem, Read, Track, Visibility, Which};

/// The label by which issues are listed, in front of findsync's others.
pub(crate) const OWN: &str = "findsync";
/// The label of closed issues that some scope still reports.
pub(crate) const DECIDED: &str = "findsync-decided";
/// The column of issues whose risk a person accepted.
pub(crate) const ACCEPTED: &str = "Accepted";

pub(crate) const LIMITS: Limits = Limits {
    title: 200,
    body: 60_000,
    comment: 10_000,
    stamp: 30_000,
    stamp_in_body: true,
    conditional_writes: false,
    confidential: false,
    markup: Markup::CommonMark,
    concurrency: 1,
};

#[derive(Default, Clone)]
struct Content {
    issues: Vec<Issue>,
    /// Writes left before the crash; `None`: no crash.
    fuse: Option<usize>,
    writes: usize,
}

/// A board.
#[derive(Default)]
pub(crate) struct Board {
    content: Mutex<Content>,
    limits: Option<Limits>,
}

/// What a person, or a bot, does to an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Act {
    NotPlanned,
    Duplicate,
    Done,
    Bot,
    Reopen,
    Label,
    Unlabel,
    /// Moves it to the column of accepted risks.
    Accept,
    Retitle,
    Write,
    Assign,
}

impl Board {
    /// A board that keeps stamps beside the bodies, which is quicker.
    pub(crate) fn quick() -> Self {
        let limits = Limits { stamp_in_body: false, conditional_writes: true, ..LIMITS };
        Self { content: Mutex::default(), limits: Some(limits) }
    }

    pub(crate) fn copy(&self) -> Self {
        let content = Content { fuse: None, writes: 0, issues: self.snapshot() };
        Self { content: Mutex::new(content), limits: self.limits }
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap()
    }

    pub(crate) fn snapshot(&self) -> Vec<Issue> {
        self.lock().issues.clone()
    }

    pub(crate) fn crash_after(&self, writes: Option<usize>) {
        self.lock().fuse = writes;
    }

    /// How many writes there were; counts anew from here.
    pub(crate) fn take_writes(&self) -> usize {
        std::mem::take(&mut self.lock().writes)
    }

    /// Whether this write happens; after the last one the run is over.
    fn burn(&self) -> Result<MutexGuard<'_, Content>, Error> {
        let mut content = self.lock();
        match content.fuse {
            Some(0) => return Err(Error::Unauthorized { service: "memory".into(), detail: "crashed".into() }),
            Some(left) => content.fuse = Some(left - 1),
            None => {}
        }
        content.writes += 1;
        Ok(content)
    }

    /// What somebody does to the issue with this number; whether it was possible.
    pub(crate) fn act(&self, number: u64, act: Act) -> bool {
        let mut content = self.lock();
        let Some(issue) = content.issues.iter_mut().find(|issue| issue.id.number == number) else { return false };
        let open = issue.state == State::Open;
        let close = |issue: &mut Issue, reason, by| {
            (issue.state, issue.closed_as, issue.closed_by) = (State::Closed, Some(reason), Some(by));
        };
        let label = |issue: &Issue| issue.labels.iter().any(|label| label == "risk-accepted");
        match act {
            Act::NotPlanned if open => close(issue, CloseReason::NotPlanned, Actor::Person),
            Act::Duplicate if open => close(issue, CloseReason::Duplicate, Actor::Person),
            Act::Done if open => close(issue, CloseReason::Completed, Actor::Person),
            Act::Bot if open => close(issue, CloseReason::NotPlanned, Actor::Bot),
            Act::Reopen if !open => (issue.state, issue.closed_as, issue.closed_by) = (State::Open, None, None),
            Act::Label if open && !label(issue) => issue.labels.push("risk-accepted".into()),
            Act::Unlabel if label(issue) => issue.labels.retain(|label| label != "risk-accepted"),
            Act::Accept if open && issue.fields.get("Status").is_none_or(|status| status != ACCEPTED) => {
                issue.fields.insert("Status".into(), ACCEPTED.into());
            }
            Act::Retitle if open && !issue.title.ends_with("(mine)") => issue.title.push_str(" (mine)"),
            Act::Write if open && !issue.body.contains("I am on it.") => issue.body.push_str("\nI am on it."),
            Act::Assign if open && !issue.fields.contains_key("assignees") => {
                issue.fields.insert("assignees".into(), "mona".into());
            }
            _ => return false,
        }
        issue.decisions = decisions(issue);
        true
    }

    /// What a run lists that sees the issues of one source, or all.
    pub(crate) fn list(&self, which: Which, source: Option<&str>) -> Vec<Issue> {
        let has = |issue: &Issue, label: &str| issue.own_labels.iter().any(|known| known == label);
        let is_listed = |issue: &Issue| source.is_none_or(|source| has(issue, source));
        let wanted = |issue: &&Issue| match which {
            Which::Open => issue.state == State::Open && is_listed(issue),
            Which::Decided => issue.state == State::Closed && has(issue, DECIDED) && is_listed(issue),
            Which::LatelyClosed => {
                let by_others = issue.stamp.as_ref().is_some_and(|stamp| stamp.state == State::Open);
                issue.state == State::Closed && by_others && is_listed(issue)
            }
            Which::Closed => issue.state == State::Closed && !has(issue, DECIDED) && is_listed(issue),
            Which::NewerThan(number) => issue.id.number > number,
        };
        self.lock().issues.iter().filter(wanted).cloned().collect()
    }

    /// An issue that a racing run opened.
    pub(crate) fn adopt(&self, mut issue: Issue) {
        let mut content = self.lock();
        let number = content.issues.iter().map(|issue| issue.id.number).max().unwrap_or(0) + 1;
        issue.id = IssueId { number, url: format!("memory/{number}"), handle: String::new() };
        content.issues.push(issue);
    }

    /// How many words of people's there are.
    pub(crate) fn peoples_words(&self) -> usize {
        let mine = |issue: &Issue| {
            usize::from(issue.body.contains("I am on it."))
                + usize::from(issue.title.ends_with("(mine)"))
                + usize::from(issue.fields.get("assignees").is_some_and(|who| who == "mona"))
                + usize::from(issue.labels.iter().any(|label| label == "risk-accepted"))
        };
        self.lock().issues.iter().map(mine).sum()
    }
}

fn read_stamp(body: &str) -> Option<Stamp> {
    Body::read_stamp(body).0
}

/// What people decided by labels and columns.
pub(crate) fn decisions(issue: &Issue) -> Vec<TrackerDecision> {
    let label = issue.labels.iter().any(|label| label == "risk-accepted");
    let column = issue.fields.get("Status").is_some_and(|status| status == ACCEPTED);
    let decision = |by: &str, by_field| TrackerDecision { status: Status::RiskAccepted, by: by.to_owned(), by_field };
    let all = [(label, decision("label `risk-accepted`", false)), (column, decision("column `Accepted`", true))];
    all.into_iter().filter(|(is_there, _)| *is_there).map(|(_, decision)| decision).collect()
}

fn set(issue: &mut Issue, fields: &[FieldEdit]) {
    for FieldEdit { name, value } in fields {
        match value {
            Some(value) => issue.fields.insert(name.clone(), value.clone()),
            None => issue.fields.remove(name),
        };
    }
}

#[async_trait]
impl Read for Board {
    fn name(&self) -> &'static str {
        "memory"
    }
    fn project(&self) -> &str {
        "memory"
    }
    fn limits(&self) -> Limits {
        self.limits.unwrap_or(LIMITS)
    }
    async fn check(&self) -> Result<Vec<Problem>, Error> {
        Ok(Vec::new())
    }
    async fn visibility(&self) -> Result<Visibility, Error> {
        Ok(Visibility::Private)
    }
    async fn issues(&self, which: Which) -> Result<Vec<Issue>, Error> {
        Ok(self.list(which, None))
    }
    async fn issue(&self, id: &IssueId) -> Result<Found, Error> {
        let found = self.lock().issues.iter().find(|issue| issue.id.number == id.number).cloned();
        Ok(found.map_or(Found::Gone, |issue| Found::Here(Box::new(issue))))
    }
}

#[async_trait]
impl Track for Board {
    async fn open(&self, new: &New) -> Result<IssueId, Error> {
        let in_body = self.limits().stamp_in_body;
        let mut content = self.burn()?;
        let number = content.issues.iter().map(|issue| issue.id.number).max().unwrap_or(0) + 1;
        let id = IssueId { number, url: format!("memory/{number}"), handle: String::new() };
        let mut issue = Issue {
            id: id.clone(),
            title: new.title.clone(),
            body: new.body.clone(),
            state: new.state,
            closed_as: new.closed_as,
            closed_by: (new.state == State::Closed).then_some(Actor::Us),
            labels: new.labels.clone(),
            own_labels: new.own_labels.clone(),
            fields: Default::default(),
            stamp: if in_body { read_stamp(&new.body) } else { Some(new.stamp.clone()) },
            stamp_error: None,
            trusted: true,
            labelled: true,
            decisions: Vec::new(),
            comments: Some(Vec::new()),
            revision: None,
        };
        set(&mut issue, &new.fields);
        issue.decisions = decisions(&issue);
        content.issues.push(issue);
        Ok(id)
    }

    async fn edit(&self, listed: &Issue, edit: &Edit) -> Result<(), Error> {
        let in_body = self.limits().stamp_in_body;
        if let Some(Comment { marker, .. }) = &edit.comment {
            let has = |issue: &Issue| issue.comments.as_ref().is_some_and(|comments| comments.contains(marker));
            let known = self.lock().issues.iter().any(|issue| issue.id == listed.id && has(issue));
            if !known {
                let mut content = self.burn()?;
                let issue = content.issues.iter_mut().find(|issue| issue.id == listed.id).ok_or(Error::Gone)?;
                issue.comments.get_or_insert_default().push(marker.clone());
            }
        }
        if !edit.fields.is_empty() {
            let mut content = self.burn()?;
            let issue = content.issues.iter_mut().find(|issue| issue.id == listed.id).ok_or(Error::Gone)?;
            set(issue, &edit.fields);
            issue.decisions = decisions(issue);
        }
        let mut content = self.burn()?;
        let issue = content.issues.iter_mut().find(|issue| issue.id == listed.id).ok_or(Error::Gone)?;
        if let Some(title) = &edit.title {
            issue.title.clone_from(title);
        }
        if let Some(body) = &edit.body {
            issue.body.clone_from(body);
            if in_body {
                issue.stamp = read_stamp(body);
            }
        }
        if let Some(stamp) = edit.stamp.as_ref().filter(|_| !in_body) {
            issue.stamp = Some(stamp.clone());
        }
        if let Some(state) = edit.state {
            issue.state = state;
            issue.closed_as = edit.closed_as.filter(|_| state == State::Closed);
            issue.closed_by = (state == State::Closed).then_some(Actor::Us);
        }
        for labels in [&mut issue.labels, &mut issue.own_labels] {
            labels.retain(|label| !edit.remove_labels.contains(label));
        }
        let (own, others): (Vec<String>, Vec<String>) =
            edit.add_labels.iter().cloned().partition(|label| label.starts_with(OWN));
        issue.own_labels.extend(own);
        issue.labels.extend(others);
        issue.labelled = true;
        issue.decisions = decisions(issue);
        Ok(())
    }

    async fn fix(&self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
}
