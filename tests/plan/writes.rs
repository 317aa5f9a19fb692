//! Carrying out a plan where others write at the same time and answers are lost.

use std::sync::Mutex;

use async_trait::async_trait;
use findsync::apply::Outcome;
use findsync::finding::{Scan, Severity, Status};
use findsync::issue::{CloseReason, Edit, Issue, IssueId, Limits, New, State};
use findsync::plan::Write;
use findsync::trackers::{Error, Found, Problem, Read, Track, Visibility, Which};

use crate::board::{Act, Board};
use crate::contract::dependency;
use crate::kit::{Bench, cve, found, scan_of};

/// What goes wrong, once.
enum Trouble {
    /// Another run opens issues just before ours.
    Race(Vec<Issue>),
    /// Another run opens issues, ours is not opened, and no answer comes.
    LostOpening(Vec<Issue>),
    /// A person acts on the first issue after it was listed.
    Person(Act),
    /// Another run makes the same change of the first issue, and then a person acts on it.
    RaceAndPerson(Box<(Issue, Edit)>, Act),
    /// The token is not accepted any more.
    Unauthorized,
}

/// The board behind a service where something goes wrong.
struct Troubled<'b> {
    board: &'b Board,
    trouble: Mutex<Option<Trouble>>,
    writes: Mutex<usize>,
}

impl<'b> Troubled<'b> {
    fn new(board: &'b Board, trouble: Trouble) -> Self {
        Self { board, trouble: Mutex::new(Some(trouble)), writes: Mutex::default() }
    }

    /// The trouble, where it is one of these: it comes once, but a refused token stays refused.
    fn take(&self, is_it: fn(&Trouble) -> bool) -> Option<Trouble> {
        let mut trouble = self.trouble.lock().unwrap();
        if trouble.as_ref().is_some_and(|trouble| matches!(trouble, Trouble::Unauthorized) && is_it(trouble)) {
            return Some(Trouble::Unauthorized);
        }
        trouble.take_if(|trouble| is_it(trouble))
    }

    fn writes(&self) -> usize {
        *self.writes.lock().unwrap()
    }
}

fn unclear() -> Error {
    Error::Unclear { what: "write".into(), detail: "no answer".into() }
}

#[async_trait]
impl Read for Troubled<'_> {
    fn name(&self) -> &'static str {
        self.board.name()
    }
    fn project(&self) -> &str {
        self.board.project()
    }
    fn limits(&self) -> Limits {
        self.board.limits()
    }
    async fn check(&self) -> Result<Vec<Problem>, Error> {
        self.board.check().await
    }
    async fn visibility(&self) -> Result<Visibility, Error> {
        self.board.visibility().await
    }
    async fn issues(&self, which: Which) -> Result<Vec<Issue>, Error> {
        self.board.issues(which).await
    }
    async fn issue(&self, id: &IssueId) -> Result<Found, Error> {
        if let Some(Trouble::Person(act)) = self.take(|trouble| matches!(trouble, Trouble::Person(_))) {
            assert!(self.board.act(1, act));
        }
        if let Some(Trouble::RaceAndPerson(change, act)) =
            self.take(|trouble| matches!(trouble, Trouble::RaceAndPerson(..)))
        {
            let (issue, edit) = *change;
            self.board.edit(&issue, &edit).await?;
            assert!(self.board.act(1, act));
        }
        self.board.issue(id).await
    }
}

#[async_trait]
impl Track for Troubled<'_> {
    async fn open(&self, new: &New) -> Result<IssueId, Error> {
        *self.writes.lock().unwrap() += 1;
        let comes_now = |trouble: &Trouble| !matches!(trouble, Trouble::Person(_) | Trouble::RaceAndPerson(..));
        match self.take(comes_now) {
            Some(Trouble::Unauthorized) => {
                return Err(Error::Unauthorized { service: "memory".into(), detail: "expired".into() });
            }
            Some(Trouble::Race(issues)) => issues.into_iter().for_each(|issue| self.board.adopt(issue)),
            Some(Trouble::LostOpening(issues)) => {
                issues.into_iter().for_each(|issue| self.board.adopt(issue));
                return Err(unclear());
            }
            _ => {}
        }
        self.board.open(new).await
    }

    async fn edit(&self, issue: &Issue, edit: &Edit) -> Result<(), Error> {
        *self.writes.lock().unwrap() += 1;
        self.board.edit(issue, edit).await
    }

    async fn fix(&self) -> Result<Vec<String>, Error> {
        self.board.fix().await
    }
}

/// The issue that a run opens on an empty board.
fn opened_by(scans: &[Scan]) -> Issue {
    let mut bench = Bench::default();
    bench.run(scans);
    bench.issue(1)
}

/// The same by another mapping of the same file.
fn of_a_sibling(mut issue: Issue) -> Issue {
    let stamp = issue.stamp.as_mut().unwrap();
    stamp.mapping = "another".into();
    issue
}

/// The same, closed by findsync after it was fixed.
fn fixed(scans: &[Scan]) -> Issue {
    let mut bench = Bench::default();
    bench.run(scans);
    let gone: Vec<Scan> = scans.iter().map(|scan| found(&scan.scanner, &[])).collect();
    bench.run(&gone);
    let issue = bench.issue(1);
    assert_eq!(issue.state, State::Closed);
    issue
}

#[test]
fn the_older_twin_of_a_racing_run_stays() {
    let scans = [found("Trivy", &[1])];
    let bench = Bench::default();
    let tracker = Troubled::new(&bench.board, Trouble::Race(vec![opened_by(&scans)]));
    let (_, applied) = bench.apply_with(&scans, &tracker);
    assert_eq!((bench.open(), applied.twins.len()), (vec![1], 1));
    assert_eq!(bench.issue(2).closed_as, Some(CloseReason::Duplicate));
}

#[test]
fn a_siblings_issue_is_no_twin() {
    let scans = [found("Trivy", &[1])];
    let bench = Bench::default();
    let tracker = Troubled::new(&bench.board, Trouble::Race(vec![of_a_sibling(opened_by(&scans))]));
    let (_, applied) = bench.apply_with(&scans, &tracker);
    assert_eq!((bench.open(), applied.twins.len()), (vec![1, 2], 0));
}

#[test]
fn a_closed_twin_keeps_nothing() {
    let scans = [found("Trivy", &[1])];
    let bench = Bench::default();
    let tracker = Troubled::new(&bench.board, Trouble::Race(vec![fixed(&scans)]));
    bench.apply_with(&scans, &tracker);
    assert_eq!(bench.open(), [2], "the finding is there, so it has an open issue");
}

#[test]
fn an_opening_without_an_answer_is_looked_for_before_it_is_tried_again() {
    let scans = [found("Trivy", &[1])];
    // It had been opened.
    let bench = Bench::default();
    let tracker = Troubled::new(&bench.board, Trouble::LostOpening(vec![opened_by(&scans)]));
    bench.apply_with(&scans, &tracker);
    assert_eq!((bench.open(), tracker.writes()), (vec![1], 1));
    // It had not, and what is there is a sibling's, or a closed one.
    for other in [of_a_sibling(opened_by(&scans)), fixed(&scans)] {
        let bench = Bench::default();
        let tracker = Troubled::new(&bench.board, Trouble::LostOpening(vec![other]));
        let (_, applied) = bench.apply_with(&scans, &tracker);
        assert!(matches!(&applied.outcomes[..], [Outcome::Done(id)] if id.number == 2), "{:?}", applied.outcomes);
        assert!(bench.open().contains(&2));
    }
}

#[test]
fn what_another_run_wrote_is_not_done_where_a_person_changed_the_state_since() {
    let scans = [found("Trivy", &[1])];
    let mut bench = Bench::default();
    bench.run(&scans);
    assert!(bench.board.act(1, Act::Done));
    let change = match bench.plan(&scans).changes.remove(0).write {
        Write::Edit(issue, edit) => Box::new((*issue, *edit)),
        Write::New(_) => panic!("it is reopened"),
    };
    let tracker = Troubled::new(&bench.board, Trouble::RaceAndPerson(change, Act::Done));
    bench.apply_with(&scans, &tracker);
    assert_eq!(bench.open(), [1], "closed as done twice, and still there");
}

#[test]
fn what_a_person_decides_between_list_and_write_counts() {
    for (act, status) in [(Act::Label, Status::RiskAccepted), (Act::Accept, Status::RiskAccepted)] {
        let mut bench = Bench::default();
        bench.run(&[found("Trivy", &[1])]);
        let tracker = Troubled::new(&bench.board, Trouble::Person(act));
        bench.apply_with(&[scan_of("Trivy", &[dependency(&cve(1), Severity::Critical)])], &tracker);
        let issue = bench.issue(1);
        assert_eq!((issue.state, issue.stamp.unwrap().status), (State::Closed, status), "{act:?}");
    }
    // A person closes it for good while a run is about to say something else.
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1])]);
    let tracker = Troubled::new(&bench.board, Trouble::Person(Act::NotPlanned));
    bench.apply_with(&[scan_of("Trivy", &[dependency(&cve(1), Severity::Critical)])], &tracker);
    assert_eq!((bench.open(), bench.issue(1).closed_as), (vec![], Some(CloseReason::NotPlanned)));
}

#[test]
fn words_that_a_person_adds_between_list_and_write_stay() {
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1])]);
    let tracker = Troubled::new(&bench.board, Trouble::Person(Act::Write));
    bench.apply_with(&[found("Trivy", &[])], &tracker);
    assert!(bench.open().is_empty());
    assert!(bench.issue(1).body.contains("I am on it."), "{}", bench.issue(1).body);
}

#[test]
fn after_a_refused_token_nothing_more_is_sent() {
    let bench = Bench::default();
    let tracker = Troubled::new(&bench.board, Trouble::Unauthorized);
    let (_, applied) = bench.apply_with(&[found("Trivy", &[1, 2, 3])], &tracker);
    let kinds: Vec<bool> = applied.outcomes.iter().map(|outcome| matches!(outcome, Outcome::Skipped(_))).collect();
    assert_eq!((kinds, tracker.writes()), (vec![false, true, true], 1), "{:?}", applied.outcomes);
    assert!(applied.is_partial());
}
