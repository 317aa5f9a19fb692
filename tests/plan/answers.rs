//! Carrying out a plan where a service refuses, answers late, or does not answer at all.

use std::sync::Mutex;

use async_trait::async_trait;
use findsync::apply::{Applied, Outcome};
use findsync::config::GroupBy;
use findsync::finding::{Finding, Scan, Severity, Status};
use findsync::issue::{CloseReason, Edit, Issue, IssueId, Limits, New, Note, State};
use findsync::plan::{Plan, Write};
use findsync::trackers::{Error, Found, Problem, Read, Track, Visibility, Which};

use crate::board::{Act, Board};
use crate::contract::dependency;
use crate::kit::{Bench, cve, found, scan_of, told};

/// What a service makes of a write.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Done,
    /// It is done, but nobody hears of it.
    Lost,
    /// It is not done, and nobody hears of that either.
    Silent,
    Refused,
    Conflict,
    Unauthorized,
    Deleted,
    Moved,
}

type Meanwhile<'b> = Box<dyn FnOnce(&Board) + Send + 'b>;

/// The board behind a service with a mind of its own.
struct Service<'b> {
    board: &'b Board,
    /// What it makes of the first, second … opening or edit; the last holds for the rest.
    opens: &'static [Answer],
    edits: &'static [Answer],
    concurrency: usize,
    /// What others do before the first opening, or before an issue is read for the first time.
    before_open: Mutex<Option<Meanwhile<'b>>>,
    before_read: Mutex<Option<Meanwhile<'b>>>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    opens: usize,
    edits: Vec<Edit>,
    asked: Vec<Which>,
}

impl<'b> Service<'b> {
    fn new(board: &'b Board) -> Self {
        Self {
            board,
            opens: &[Answer::Done],
            edits: &[Answer::Done],
            concurrency: 1,
            before_open: Mutex::default(),
            before_read: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    fn before_open(self, what: impl FnOnce(&Board) + Send + 'b) -> Self {
        *self.before_open.lock().unwrap() = Some(Box::new(what));
        self
    }

    fn before_read(self, what: impl FnOnce(&Board) + Send + 'b) -> Self {
        *self.before_read.lock().unwrap() = Some(Box::new(what));
        self
    }

    fn seen(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn error(answer: Answer) -> Option<Error> {
    let text = || String::from("x");
    Some(match answer {
        Answer::Done => return None,
        Answer::Lost | Answer::Silent => Error::Unclear { what: text(), detail: text() },
        Answer::Refused => Error::Refused { what: text(), detail: text() },
        Answer::Conflict => Error::Conflict,
        Answer::Unauthorized => Error::Unauthorized { service: text(), detail: text() },
        Answer::Deleted => Error::Gone,
        Answer::Moved => Error::Moved("elsewhere".into()),
    })
}

fn nth(answers: &[Answer], at: usize) -> Answer {
    answers.get(at).or(answers.last()).copied().unwrap()
}

#[async_trait]
impl Read for Service<'_> {
    fn name(&self) -> &'static str {
        self.board.name()
    }
    fn project(&self) -> &str {
        self.board.project()
    }
    fn limits(&self) -> Limits {
        Limits { concurrency: self.concurrency, ..self.board.limits() }
    }
    async fn check(&self) -> Result<Vec<Problem>, Error> {
        self.board.check().await
    }
    async fn visibility(&self) -> Result<Visibility, Error> {
        self.board.visibility().await
    }
    async fn issues(&self, which: Which) -> Result<Vec<Issue>, Error> {
        self.seen.lock().unwrap().asked.push(which);
        self.board.issues(which).await
    }
    async fn issue(&self, id: &IssueId) -> Result<Found, Error> {
        let meanwhile = self.before_read.lock().unwrap().take();
        meanwhile.into_iter().for_each(|what| what(self.board));
        self.board.issue(id).await
    }
}

#[async_trait]
impl Track for Service<'_> {
    async fn open(&self, new: &New) -> Result<IssueId, Error> {
        let at = {
            let mut seen = self.seen.lock().unwrap();
            seen.opens += 1;
            seen.opens - 1
        };
        // An answer takes a while, in which others are asked for.
        tokio::task::yield_now().await;
        let meanwhile = self.before_open.lock().unwrap().take();
        meanwhile.into_iter().for_each(|what| what(self.board));
        let answer = nth(self.opens, at);
        let id = if matches!(answer, Answer::Done | Answer::Lost) { Some(self.board.open(new).await?) } else { None };
        match error(answer) {
            Some(error) => Err(error),
            None => Ok(id.unwrap()),
        }
    }

    async fn edit(&self, issue: &Issue, edit: &Edit) -> Result<(), Error> {
        let at = {
            let mut seen = self.seen.lock().unwrap();
            seen.edits.push(edit.clone());
            seen.edits.len() - 1
        };
        let answer = nth(self.edits, at);
        if matches!(answer, Answer::Done | Answer::Lost) {
            self.board.edit(issue, edit).await?;
        }
        error(answer).map_or(Ok(()), Err)
    }

    async fn fix(&self) -> Result<Vec<String>, Error> {
        self.board.fix().await
    }
}

/// What became of each change: done with which issue, or why not.
fn outcomes(applied: &Applied) -> Vec<String> {
    let tell = |outcome: &Outcome| match outcome {
        Outcome::Done(id) => format!("done #{}", id.number),
        Outcome::Failed(error) => format!("failed: {error}"),
        Outcome::Skipped(why) => format!("skipped: {why}"),
    };
    applied.outcomes.iter().map(tell).collect()
}

fn one() -> [Scan; 1] {
    [found("Trivy", &[1])]
}

fn worse() -> [Scan; 1] {
    [scan_of("Trivy", &[dependency(&cve(1), Severity::Critical)])]
}

/// The issues that another run opens.
fn opened_by(scans: &[Scan]) -> Vec<Issue> {
    let mut bench = Bench::default();
    bench.run(scans);
    bench.issues()
}

fn edit_of(plan: &Plan) -> (Issue, Edit) {
    match &plan.changes[0].write {
        Write::Edit(issue, edit) => ((**issue).clone(), (**edit).clone()),
        Write::New(_) => panic!("an issue is changed: {}", told(plan)),
    }
}

#[test]
fn a_run_is_partial_where_something_failed_and_something_where_anything_was_tried() {
    let id = || IssueId { number: 1, url: String::new(), handle: String::new() };
    let of = |outcomes: Vec<Outcome>| {
        let applied = Applied { outcomes, twins: Vec::new() };
        (applied.is_partial(), applied.is_anything())
    };
    assert_eq!(of(vec![]), (false, false));
    assert_eq!(of(vec![Outcome::Skipped("x".into())]), (false, false));
    assert_eq!(of(vec![Outcome::Skipped("x".into()), Outcome::Done(id())]), (false, true));
    assert_eq!(of(vec![Outcome::Done(id()), Outcome::Failed(Error::Conflict)]), (true, true));
    let mut bench = Bench::default();
    bench.run(&one());
    let change = bench.plan(&worse()).changes.remove(0);
    let applied = Applied { outcomes: vec![], twins: vec![(change, Outcome::Failed(Error::Conflict))] };
    assert!(applied.is_partial(), "a twin that stays open");
}

#[test]
fn the_first_change_goes_alone_so_that_a_refused_token_is_tried_once() {
    let bench = Bench::default();
    let scans = [found("Trivy", &[1, 2, 3, 4])];
    let service = Service { opens: &[Answer::Unauthorized], concurrency: 4, ..Service::new(&bench.board) };
    let (_, applied) = bench.apply_with(&scans, &service);
    let why = "skipped: not tried, as x does not accept the token: x";
    assert_eq!(outcomes(&applied), ["failed: x does not accept the token: x", why, why, why]);
    assert_eq!((service.seen().opens, applied.is_partial()), (1, true));
    // With a good one the rest goes side by side.
    let service = Service { concurrency: 4, ..Service::new(&bench.board) };
    let (_, applied) = bench.apply_with(&scans, &service);
    assert_eq!((bench.open().len(), applied.is_partial(), applied.is_anything()), (4, false, true));
}

#[test]
fn an_issue_gives_up_nothing_that_did_not_get_to_another() {
    let mut bench = Bench::default();
    bench.setup.new_on_return = true;
    bench.run(&one());
    bench.run(&[found("Trivy", &[])]);
    let before = bench.issue(1);
    let service = Service { opens: &[Answer::Refused], ..Service::new(&bench.board) };
    let (_, applied) = bench.apply_with(&one(), &service);
    assert_eq!(
        outcomes(&applied),
        ["failed: refused to x: x", "skipped: its findings did not get to their other issue"]
    );
    assert_eq!((bench.issues().len(), bench.issue(1).stamp), (1, before.stamp));
    drop(service);
    bench.run(&one());
    assert_eq!(bench.open(), [2], "the next run does it");
}

#[test]
fn a_twin_names_the_issue_that_was_opened_just_now() {
    let mut bench = Bench::default();
    bench.setup.group = Some(GroupBy::Component);
    let scans = [scan_of("Trivy", &[dependency(&cve(1), Severity::Low), dependency(&cve(2), Severity::High)])];
    bench.run(&scans);
    let low = [scan_of("Trivy", &[dependency(&cve(1), Severity::Low)])];
    opened_by(&low).into_iter().for_each(|issue| bench.board.adopt(issue));
    bench.setup.group = None;
    let service = Service::new(&bench.board);
    let (plan, _) = bench.apply_with(&scans, &service);
    assert_eq!(bench.open(), [1, 3], "{}", told(&plan));
    let edits = service.seen().edits;
    let of: Vec<u64> = edits.iter().filter_map(|edit| edit.duplicate_of.as_ref()).map(|of| of.number).collect();
    assert_eq!(of, [3], "{}", told(&plan));
    let text =
        edits.iter().find(|edit| edit.duplicate_of.is_some()).and_then(|edit| edit.comment.clone()).unwrap().text;
    assert!(text.contains("number: 3"), "{text}");
}

#[test]
fn an_opening_that_is_never_answered_is_tried_twice() {
    let bench = Bench::default();
    let service = Service { opens: &[Answer::Silent], ..Service::new(&bench.board) };
    let (_, applied) = bench.apply_with(&one(), &service);
    let seen = service.seen();
    assert_eq!((outcomes(&applied), seen.opens), (vec!["failed: no clear answer to x: x".to_owned()], 2));
    assert_eq!(seen.asked, [Which::NewerThan(0), Which::NewerThan(0)], "it is looked for each time");
    // It was opened, and only that is looked at which was opened since.
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1, 2])]);
    let service = Service { opens: &[Answer::Lost], ..Service::new(&bench.board) };
    let (_, applied) = bench.apply_with(&[found("Trivy", &[1, 2, 3])], &service);
    let seen = service.seen();
    assert_eq!((outcomes(&applied), seen.opens), (vec!["done #3".to_owned()], 1));
    assert!(seen.asked.iter().all(|which| *which == Which::NewerThan(2)), "{:?}", seen.asked);
}

#[test]
fn what_was_opened_is_known_by_its_members_and_its_state() {
    // An issue of other findings, and one that gave its findings away, are not it.
    let husk = |mut issue: Issue| {
        issue.stamp.as_mut().unwrap().members[0].words.clear();
        issue
    };
    for other in [opened_by(&[found("Trivy", &[2])]).remove(0), husk(opened_by(&one()).remove(0))] {
        let bench = Bench::default();
        let service = Service { opens: &[Answer::Silent, Answer::Done], ..Service::new(&bench.board) };
        let service = service.before_open(move |board| board.adopt(other));
        let (_, applied) = bench.apply_with(&one(), &service);
        assert_eq!((outcomes(&applied), service.seen().opens), (vec!["done #2".to_owned()], 2));
    }
    // One that records a decision is opened closed.
    let mut bench = Bench::default();
    bench.setup.record_decisions = true;
    let decided = Finding { status: Status::FalsePositive, ..dependency(&cve(1), Severity::High) };
    let service = Service { opens: &[Answer::Lost], ..Service::new(&bench.board) };
    let (_, applied) = bench.apply_with(&[scan_of("Trivy", &[decided])], &service);
    assert_eq!((outcomes(&applied), service.seen().opens), (vec!["done #1".to_owned()], 1));
    assert_eq!((bench.issues().len(), bench.issue(1).state), (1, State::Closed));
}

#[test]
fn only_our_own_issues_are_closed_as_twins_of_a_racing_runs() {
    let bench = Bench::default();
    let pair = opened_by(&[found("Grype", &[2])]).remove(0);
    let racing = [opened_by(&[found("Grype", &[1])]).remove(0), pair.clone(), pair];
    let service =
        Service::new(&bench.board).before_open(move |board| racing.into_iter().for_each(|one| board.adopt(one)));
    let (_, applied) = bench.apply_with(&[found("Trivy", &[1]), found("Grype", &[])], &service);
    assert_eq!(bench.open(), [1, 2, 3], "what else the racing run opened is left to the next run");
    assert_eq!((bench.issue(4).closed_as, applied.twins.len()), (Some(CloseReason::Duplicate), 1));
    let words = bench.issue(1).stamp.unwrap().members[0].words.clone();
    let scanners: Vec<&str> = words.iter().map(|word| word.scope.scanner.as_str()).collect();
    assert_eq!(scanners, ["Grype", "Trivy"], "the one that stays knows what ours knew");
    assert!(matches!(applied.twins[0].0.note, Some(Note::Duplicate { ref of }) if of.number == 1));
}

#[test]
fn a_change_whose_answer_was_lost_is_done_where_nothing_is_left_to_do() {
    let without_label = || {
        let mut bench = Bench::default();
        bench.run(&one());
        let issue = Issue { labelled: false, ..bench.issue(1) };
        Bench::with([issue])
    };
    let bench = without_label();
    let service = Service { edits: &[Answer::Lost, Answer::Refused], ..Service::new(&bench.board) };
    let (plan, applied) = bench.apply_with(&one(), &service);
    assert_eq!(outcomes(&applied), ["done #1"], "{}", told(&plan));
    // Where somebody else did it, and wrote there, we did nothing.
    let bench = without_label();
    let (issue, edit) = edit_of(&bench.plan(&one()));
    let service = Service::new(&bench.board).before_read(move |board| {
        let other_run = || crate::kit::block_on(board.edit(&issue, &edit)).unwrap();
        std::thread::scope(|scope| scope.spawn(other_run).join().unwrap());
        assert!(board.act(1, Act::Write));
    });
    let (_, applied) = bench.apply_with(&one(), &service);
    assert_eq!(outcomes(&applied), ["skipped: somebody changed the issue at the same time"]);
    assert_eq!(service.seen().edits.len(), 0);
}

#[test]
fn an_edit_is_tried_again_after_a_conflict_and_given_up_after_many() {
    let mut bench = Bench::default();
    bench.run(&one());
    let service = Service { edits: &[Answer::Conflict, Answer::Silent, Answer::Done], ..Service::new(&bench.board) };
    let (_, applied) = bench.apply_with(&worse(), &service);
    assert_eq!((outcomes(&applied), service.seen().edits.len()), (vec!["done #1".to_owned()], 3));
    assert_eq!(bench.issue(1).stamp.unwrap().severity, Severity::Critical);
    let service = Service { edits: &[Answer::Conflict], ..Service::new(&bench.board) };
    let (_, applied) = bench.apply_with(&one(), &service);
    assert_eq!(outcomes(&applied), ["failed: somebody changed the issue at the same time"]);
    assert_eq!(service.seen().edits.len(), 6);
}

#[test]
fn an_issue_that_was_deleted_or_moved_is_left_to_the_next_run() {
    for (answer, why) in [
        (Answer::Deleted, "skipped: the issue was deleted; the next run opens it anew where needed"),
        (Answer::Moved, "skipped: the issue was moved to elsewhere"),
    ] {
        let mut bench = Bench::default();
        bench.run(&one());
        let edits: &'static [Answer] = if answer == Answer::Moved { &[Answer::Moved] } else { &[Answer::Deleted] };
        let service = Service { edits, ..Service::new(&bench.board) };
        let (_, applied) = bench.apply_with(&worse(), &service);
        assert_eq!((outcomes(&applied), applied.is_partial()), (vec![why.to_owned()], false));
    }
}
