//! A tracker in memory that does what it is told, and can stop a run after any write as a crash would.

use std::sync::Mutex;

use async_trait::async_trait;
use findsync::issue::{
    Body, CloseReason, Comment, Edit, FieldEdit, Issue, IssueId, Limits, Markup, New, Stamp, State, TrackerDecision,
};
use findsync::trackers::{Error, Found, Problem, Read, Track, Visibility, Which};

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

/// The world: issues by number, and how many writes may still happen.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) issues: Mutex<Vec<Issue>>,
    /// Writes left before the "crash"; `None`: no crash.
    pub(crate) fuse: Mutex<Option<usize>>,
    pub(crate) writes: Mutex<usize>,
}

impl Memory {
    /// Whether this write happens; after the last one the run is over.
    fn burn(&self) -> Result<(), Error> {
        let mut fuse = self.fuse.lock().unwrap();
        match *fuse {
            Some(0) => return Err(Error::Unauthorized { service: "memory".into(), detail: "crashed".into() }),
            Some(left) => *fuse = Some(left - 1),
            None => {}
        }
        *self.writes.lock().unwrap() += 1;
        Ok(())
    }

    pub(crate) fn snapshot(&self) -> Vec<Issue> {
        self.issues.lock().unwrap().clone()
    }
}

fn stamp_in(body: &str) -> Option<Stamp> {
    Stamp::decode(&Body::parse(body).stamp?).ok()
}

fn set(issue: &mut Issue, fields: &[FieldEdit]) {
    for FieldEdit { name, value } in fields {
        match value {
            Some(value) => issue.fields.insert(name.clone(), value.clone()),
            None => issue.fields.remove(name),
        };
    }
}

/// What a label means here.
pub(crate) fn decision(labels: &[String]) -> Option<TrackerDecision> {
    let status = labels.iter().find_map(|label| match label.as_str() {
        "false-positive" => Some(findsync::finding::Status::FalsePositive),
        "wontfix" => Some(findsync::finding::Status::RiskAccepted),
        _ => None,
    })?;
    Some(TrackerDecision { status, by: "label".into(), by_field: false })
}

#[async_trait]
impl Read for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }
    fn project(&self) -> &str {
        "memory"
    }
    fn limits(&self) -> Limits {
        LIMITS
    }
    async fn check(&self) -> Result<Vec<Problem>, Error> {
        Ok(Vec::new())
    }
    async fn visibility(&self) -> Result<Visibility, Error> {
        Ok(Visibility::Private)
    }
    async fn issues(&self, which: Which) -> Result<Vec<Issue>, Error> {
        let wanted = |issue: &&Issue| match which {
            Which::Open => issue.state == State::Open,
            Which::Decided => false,
            Which::Closed => issue.state == State::Closed,
            Which::NewerThan(number) => issue.id.number > number,
        };
        Ok(self.issues.lock().unwrap().iter().filter(wanted).cloned().collect())
    }
    async fn issue(&self, id: &IssueId) -> Result<Found, Error> {
        let found = self.issues.lock().unwrap().iter().find(|issue| issue.id.number == id.number).cloned();
        Ok(found.map_or(Found::Gone, |issue| Found::Here(Box::new(issue))))
    }
}

#[async_trait]
impl Track for Memory {
    async fn open(&self, new: &New) -> Result<IssueId, Error> {
        self.burn()?;
        let mut issues = self.issues.lock().unwrap();
        let number = issues.iter().map(|issue| issue.id.number).max().unwrap_or(0) + 1;
        let id = IssueId { number, url: format!("memory/{number}"), handle: String::new() };
        let mut issue = Issue {
            id: id.clone(),
            title: new.title.clone(),
            body: new.body.clone(),
            state: new.state,
            closed_as: new.closed_as,
            closed_by: None,
            labels: new.labels.clone(),
            own_labels: new.own_labels.clone(),
            stamp_error: None,
            fields: Default::default(),
            stamp: stamp_in(&new.body),
            trusted: true,
            labelled: true,
            decision: decision(&new.labels),
            comments: Some(Vec::new()),
            revision: None,
        };
        set(&mut issue, &new.fields);
        issues.push(issue);
        Ok(id)
    }

    async fn edit(&self, listed: &Issue, edit: &Edit) -> Result<(), Error> {
        if let Some(Comment { marker, .. }) = &edit.comment {
            let there = |issue: &Issue| issue.comments.as_ref().is_some_and(|comments| comments.contains(marker));
            let known = self.issues.lock().unwrap().iter().any(|i| i.id == listed.id && there(i));
            if !known {
                self.burn()?;
                let mut issues = self.issues.lock().unwrap();
                let issue = issues.iter_mut().find(|issue| issue.id == listed.id).ok_or(Error::Gone)?;
                issue.comments.get_or_insert_default().push(marker.clone());
            }
        }
        if !edit.fields.is_empty() {
            self.burn()?;
            let mut issues = self.issues.lock().unwrap();
            set(issues.iter_mut().find(|issue| issue.id == listed.id).ok_or(Error::Gone)?, &edit.fields);
        }
        self.burn()?;
        let mut issues = self.issues.lock().unwrap();
        let issue = issues.iter_mut().find(|issue| issue.id == listed.id).ok_or(Error::Gone)?;
        if let Some(title) = &edit.title {
            issue.title.clone_from(title);
        }
        if let Some(body) = &edit.body {
            issue.body.clone_from(body);
            issue.stamp = stamp_in(body);
        }
        if let Some(state) = edit.state {
            issue.state = state;
            issue.closed_as = edit.closed_as.filter(|_| state == State::Closed);
        }
        issue.labels.retain(|label| !edit.remove_labels.contains(label));
        issue.labels.extend(edit.add_labels.iter().cloned());
        issue.decision = decision(&issue.labels);
        Ok(())
    }

    async fn fix(&self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
}

/// What a person does to an issue.
#[derive(Debug, Clone)]
pub(crate) enum Person {
    CloseDone(usize),
    CloseNotPlanned(usize),
    Reopen(usize),
    Retitle(usize),
    Comment(usize),
    LabelFalsePositive(usize),
    Write(usize),
    SetPriority(usize),
    /// Somebody copies an issue, or two runs raced.
    Twin(usize),
}

impl Memory {
    pub(crate) fn act(&self, person: &Person) {
        let mut issues = self.issues.lock().unwrap();
        let at = match person {
            Person::CloseDone(at) | Person::CloseNotPlanned(at) | Person::Reopen(at) | Person::Retitle(at) => at,
            Person::Comment(at) | Person::LabelFalsePositive(at) | Person::Write(at) => at,
            Person::SetPriority(at) | Person::Twin(at) => at,
        };
        if issues.is_empty() {
            return;
        }
        let number = issues.len() as u64 + 1;
        let at = at % issues.len();
        let issue = &mut issues[at];
        match person {
            Person::CloseDone(_) => (issue.state, issue.closed_as) = (State::Closed, Some(CloseReason::Completed)),
            Person::CloseNotPlanned(_) => {
                (issue.state, issue.closed_as) = (State::Closed, Some(CloseReason::NotPlanned))
            }
            Person::Reopen(_) => (issue.state, issue.closed_as) = (State::Open, None),
            Person::Retitle(_) => issue.title.push_str(" (mine)"),
            Person::Comment(_) => issue.body.push_str("\nI am on it."),
            Person::LabelFalsePositive(_) => {
                issue.labels.push("false-positive".into());
                issue.decision = decision(&issue.labels);
            }
            Person::Write(_) => issue.body.insert_str(0, "Note: look at this\n"),
            Person::SetPriority(_) => drop(issue.fields.insert("Priority".into(), "P9".into())),
            Person::Twin(_) => {
                let mut twin = issue.clone();
                twin.id = IssueId { number, url: format!("memory/{number}"), handle: String::new() };
                issues.push(twin);
            }
        }
    }
}
