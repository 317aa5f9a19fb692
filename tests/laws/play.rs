//! Playing a history: commits, runs, people, on one board; and what the laws say of it.

mod last;
mod rules;
mod script;
mod shape;
mod state;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use findsync::apply::{self, Applied};
use findsync::config::{Config, DecisionMatch, Filter, Route};
use findsync::finding::{Run, Scan, Source, Status};
use findsync::issue::{Issue, State};
use findsync::plan::{Plan, Planner, ScanFacts};
use findsync::trackers::{Read, Which};
use serde_json::json;

use crate::board::{Act, Board};
use crate::book::{Book, LastWord, Said};
use crate::desk::{Desk, Setup, settings};
use crate::world::{Edit, Place, Reported, Scanner, ScopeName, Truth, World, is_vague, scan};

pub(crate) use shape::picture;
use shape::words_of;

/// How a scan may fall short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Short {
    Whole,
    Partial,
    Failed,
    /// It did not examine the file with the code.
    Unexamined,
}

/// A change of the mapping file, or of what VEX documents say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rule {
    GroupBy(u8),
    AcceptCve(u8),
    AcceptCveUntil(u8, u8),
    AcceptAlias,
    AcceptCheck,
    AcceptScanner(Scanner),
    AcceptKey,
    Fixed(u8),
    Unfixed,
    NothingDecided,
    MinSeverity(bool),
    MaxOpen(u8),
    Keep(bool),
    NewOnReturn(bool),
    Record(bool),
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Step {
    Commit(u8, Edit),
    /// Scanners of one run, each with the part of the matrix.
    Run(u8, Vec<(Scanner, u8)>, Short),
    /// A run that crashes after some writes, and then is run again.
    Crash(u8, Vec<(Scanner, u8)>, u8),
    /// The last run is run again.
    Again,
    /// An older run is started again; the CI knows of the newer one.
    Late(u8),
    /// Two runs plan at the same time.
    Race(u8, Scanner, Scanner),
    Act(u8, Act),
    Alias,
    Suppress(u8, Scanner),
    Rule(Rule),
    Days(u8),
}

/// One run's scans.
#[derive(Debug, Clone)]
pub(crate) struct Reports {
    pub(crate) scans: Vec<(ScopeName, Short, Vec<Reported>)>,
    pub(crate) run: Run,
    checkout: BTreeSet<String>,
    code: String,
}

/// A history as far as it was played.
pub(crate) struct Game {
    pub(crate) world: World,
    pub(crate) board: Board,
    pub(crate) book: Book,
    pub(crate) setup: Setup,
    pub(crate) day: u64,
    number: u64,
    past: Vec<Reports>,
    /// What happened, for people.
    pub(crate) told: Vec<String>,
    /// What happened, for another implementation, where that is wanted.
    pub(crate) script: Option<Vec<serde_json::Value>>,
}

fn date(day: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Days::new(day)
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// How one run is played.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner {
    /// Findings, scans and issues in the opposite order.
    pub(crate) reversed: bool,
    /// All issues are listed from the start.
    pub(crate) lists_all: bool,
    pub(crate) plans_only: bool,
}

impl Reports {
    fn to_scans(&self, reversed: bool) -> Vec<Scan> {
        let each = self.scans.iter().map(|(name, short, reported)| {
            let mut reported = reported.clone();
            if reversed {
                reported.reverse();
            }
            let mut scan = scan(*name, Some(self.run.clone()), &reported);
            match short {
                Short::Whole => {}
                Short::Partial => scan.complete = false,
                Short::Failed => scan.failure = Some("out of memory".into()),
                Short::Unexamined => scan.unexamined = vec![self.code.clone()],
            }
            scan
        });
        let mut scans: Vec<Scan> = each.collect();
        if reversed {
            scans.reverse();
        }
        scans
    }

    fn only(&self, part: &[usize]) -> Self {
        Self { scans: part.iter().map(|at| self.scans[*at].clone()).collect(), ..self.clone() }
    }
}

impl Game {
    pub(crate) fn new(places: &[Place], shared: bool, neighbours: bool, hashes: bool) -> Self {
        Self::on(Board::default(), World::new(places, neighbours, hashes), shared)
    }

    pub(crate) fn on(board: Board, world: World, shared: bool) -> Self {
        let config = Config {
            routes: vec![Route { mapping: 0, when: Filter::default() }],
            mappings: Config::local("x").mappings,
            ..Config::default()
        };
        let setup = Setup { shared, config, ..Setup::default() };
        Self {
            world,
            board,
            book: Book::default(),
            setup,
            day: 0,
            number: 0,
            past: Vec::new(),
            told: Vec::new(),
            script: None,
        }
    }

    fn place(&self, at: u8) -> Place {
        let places = self.world.places();
        places[at as usize % places.len()]
    }

    fn reports(&mut self, place: Place, jobs: &[(Scanner, u8)], short: Short) -> Reports {
        self.number += 1;
        let mut jobs = jobs.to_vec();
        jobs.sort_unstable();
        jobs.dedup();
        let report = |(scanner, target): &(Scanner, u8)| {
            let mut reported = self.world.report(place, *scanner);
            match short {
                Short::Whole => {}
                // A part of what is there.
                Short::Partial => reported.truncate(1),
                Short::Failed => reported.clear(),
                Short::Unexamined if matches!(scanner, Scanner::Semgrep | Scanner::Opengrep) => reported.clear(),
                Short::Unexamined => {}
            }
            ((place, *scanner, *target), short, reported)
        };
        Reports {
            scans: jobs.iter().map(report).collect(),
            run: Run { line: crate::world::source_name(place.0), number: self.number, attempt: 1 },
            checkout: self.world.checkout(place),
            code: self.world.code_path(place),
        }
    }

    /// Plans, and applies.
    pub(crate) fn play(
        &self,
        board: &Board,
        reports: &Reports,
        newest: Option<Run>,
        manner: Manner,
    ) -> (Plan, Applied) {
        let scans = reports.to_scans(manner.reversed);
        let today = date(self.day);
        let desk = Desk::new(&self.setup, &scans, Some(reports.checkout.clone()), today);
        let mut settings = settings(&self.setup, today);
        settings.tracker = board.limits();
        settings.newest_finished = newest;
        let facts: Vec<ScanFacts> =
            scans.iter().map(|scan| ScanFacts::new(scan, &|finding| finding.title.clone())).collect();
        let planner = Planner { scans: &facts, policy: &desk, settings: &settings };
        let source = self.setup.shared.then(|| {
            let source = Source::named(&crate::world::source_name(reports.scans[0].0.0.0));
            settings.source_label(&source).unwrap()
        });
        let board = SourceView { board, source };
        block_on(async {
            let mut issues = board.list(Which::Open).await;
            issues.extend(board.list(Which::Decided).await);
            if self.setup.keep_manual_close || self.setup.group.is_some() {
                let known: BTreeSet<u64> = issues.iter().map(|issue| issue.id.number).collect();
                let lately = board.list(Which::LatelyClosed).await;
                issues.extend(lately.into_iter().filter(|issue| !known.contains(&issue.id.number)));
            }
            let mut plan = planner.plan(&issues);
            if manner.lists_all || !plan.changes.is_empty() {
                issues.extend(board.list(Which::Closed).await);
                if manner.reversed {
                    issues.reverse();
                }
                plan = planner.plan(&issues);
            }
            assert_accounts(&plan, &scans);
            if manner.plans_only {
                return (plan, Applied::default());
            }
            let say = |note: &findsync::issue::Note| format!("{note:?}");
            let context = apply::Context { planner, tracker: board.board, issues: &issues, say: &say };
            let applied = apply::apply(&context, &plan, &mut |_, _| {}).await;
            (plan, applied)
        })
    }

    /// What the mapping file and VEX documents say of a finding.
    fn said(&self, name: ScopeName, reported: &Reported, truth: &Truth) -> Said {
        let (finding, _) = reported;
        if finding.status != Status::Active {
            return Said::Decided;
        }
        let number = truth.split_once(":CVE-").and_then(|(_, rest)| rest.split_once('@')).map(|(number, _)| number);
        let mut said = Said::Active;
        let mut decide = |by: Said| said = said.max(if said == Said::Decided { Said::Active } else { by });
        for decision in &self.setup.config.decisions {
            if decision.until.is_some_and(|until| until < date(self.day)) {
                continue;
            }
            let DecisionMatch { id, key, rule, scanner, .. } = &decision.matches;
            if let Some(id) = id {
                let names = number.is_some_and(|number| *id == format!("CVE-2026-{number}"));
                if names || finding.identifiers.contains(id) && !id.starts_with("CVE") {
                    return Said::Decided;
                }
                if finding.kind == findsync::finding::Kind::Dependency && (is_vague(truth) || !id.starts_with("CVE")) {
                    decide(Said::Perhaps);
                }
            }
            if key.is_some() {
                decide(Said::Perhaps);
            }
            if rule.as_ref().is_some_and(|rule| finding.rule.as_ref() == Some(rule))
                || scanner.as_ref().is_some_and(|scanner| *scanner == format!("{:?}", name.1))
            {
                return Said::Decided;
            }
        }
        for statement in &self.setup.vex {
            let names = number.is_some_and(|number| statement.ids == [format!("CVE-2026-{number}")]);
            if names && statement.status != Status::Active {
                return Said::Decided;
            }
            if is_vague(truth) {
                said = Said::Perhaps;
            }
        }
        said
    }

    /// Writes into the book what a run said.
    fn note(&mut self, reports: &Reports) {
        for (name, short, reported) in &reports.scans {
            let mut now: BTreeMap<Truth, LastWord> = BTreeMap::new();
            for one in reported {
                let path = one.0.location.path.clone().unwrap_or_default();
                for truth in &one.1 {
                    let said = self.said(*name, one, truth);
                    self.book.unread.remove(&(*name, truth.clone()));
                    if said == Said::Active {
                        self.book.withheld.remove(truth);
                    }
                    now.insert(truth.clone(), LastWord { said, path: path.clone() });
                }
            }
            let old = self.book.words.remove(name).unwrap_or_default();
            for (truth, word) in old {
                let stays = match short {
                    Short::Whole => false,
                    Short::Partial | Short::Failed => true,
                    // Where the file has another name now, that one was not examined.
                    Short::Unexamined => word.path.ends_with(".py"),
                };
                if stays {
                    now.entry(truth).or_insert(word);
                }
            }
            self.book.words.insert(*name, now);
            self.book.read_on.insert(*name, self.day);
            self.world.was_read(name.0, name.1);
        }
        self.book.forget_done();
    }

    fn withheld(&self, plan: &Plan, reports: &Reports) -> BTreeSet<Truth> {
        let opening = plan.withheld.iter().filter(|withheld| withheld.action == findsync::plan::Action::Open);
        let named = opening.flat_map(|withheld| &withheld.reports);
        let mut truths: BTreeSet<Truth> =
            named.flat_map(|(scan, finding)| reports.scans[*scan].2[*finding].1.clone()).collect();
        // A surplus is printed once for a group.
        if self.setup.max_open.is_some() && !truths.is_empty() && self.setup.group.is_some() {
            truths.extend(
                reports.scans.iter().flat_map(|(_, _, reported)| reported).flat_map(|(_, truths)| truths.clone()),
            );
        }
        truths
    }

    fn tell(&mut self, plan: &Plan) {
        let changes = plan.changes.iter().map(|change| {
            let number = change.issue().map_or_else(|| "new".to_owned(), |id| format!("#{}", id.number));
            format!("{:?} {number} {} ({})", change.action, change.title, change.reason)
        });
        let withheld =
            plan.withheld.iter().map(|withheld| format!("withheld {:?}: {}", withheld.action, withheld.reason));
        let lines: Vec<String> = changes.chain(withheld).chain(plan.notes.clone()).collect();
        self.told.extend(lines.into_iter().map(|line| format!("      {line}")));
    }

    /// Whether a run left something for the next one.
    fn is_bounded(&self, plan: &Plan) -> bool {
        self.setup.max_open.is_some_and(|max| plan.count(findsync::plan::Action::Open) >= max)
    }

    /// One run, and the laws that cost little.
    fn run(&mut self, reports: Reports) -> Result<(), String> {
        let words = self.board.peoples_words();
        let (plan, _) = self.play(&self.board, &reports, None, Manner::default());
        self.tell(&plan);
        self.write_run(&reports);
        self.note(&reports);
        // Of equal lines a part does not tell which are there: one that it left out may look like one that moved. Without the
        // lines around, it does not even tell which ones it holds.
        let partial = reports.scans.iter().filter(|(_, short, _)| matches!(short, Short::Partial));
        let places: BTreeSet<Place> = partial.map(|(name, ..)| name.0).collect();
        let lines: Vec<Truth> = places.into_iter().flat_map(|place| self.world.lines(place)).collect();
        if !self.world.neighbours() {
            self.book.doubtful.extend(lines.iter().cloned());
        }
        self.book.loose.extend(lines);
        let (second, _) = self.play(&self.board, &reports, None, Manner { plans_only: true, ..Manner::default() });
        if !second.changes.is_empty() && !self.is_bounded(&plan) {
            self.tell(&second);
            return Err("a second plan is not empty".into());
        }
        if self.board.peoples_words() < words {
            return Err("people's words are lost".into());
        }
        let read = reports.scans.iter().map(|(name, ..)| *name).collect();
        let withheld = self.withheld(&plan, &reports);
        self.book.withheld.extend(withheld);
        self.book.check(&self.board.snapshot(), &read, self.day)?;
        self.past.push(reports);
        Ok(())
    }

    /// What happens next; the law that it breaks. Steps that are not possible do nothing.
    pub(crate) fn step(&mut self, step: &Step) -> Result<(), String> {
        self.told.push(format!("  {step:?}"));
        match step {
            Step::Commit(at, edit) => match self.world.commit(self.place(*at), *edit) {
                Some(mut loose) => {
                    // A new equal line may be one that is gone, and that not all who saw it have missed yet.
                    if matches!(edit, Edit::Above | Edit::Below) {
                        let there = self.world.lines(self.place(*at));
                        let gone = self.book.words.values().flat_map(BTreeMap::keys);
                        loose.extend(gone.filter(|truth| truth.contains(":L") && !there.contains(truth)).cloned());
                    }
                    let known = |truth: &&Truth| self.book.decided.contains(*truth) || self.book.done.contains(*truth);
                    let doubtful: Vec<Truth> = loose.iter().filter(known).cloned().collect();
                    self.book.doubtful.extend(doubtful);
                    self.book.loose.extend(loose);
                }
                None => drop(self.told.pop()),
            },
            Step::Run(at, jobs, short) => {
                let reports = self.reports(self.place(*at), jobs, *short);
                self.run(reports)?;
            }
            Step::Again => {
                if let Some(mut last) = self.past.last().cloned() {
                    last.run.attempt += 1;
                    // What it reads is what is there now.
                    let place = last.scans[0].0.0;
                    let jobs: Vec<(Scanner, u8)> =
                        last.scans.iter().map(|((_, scanner, target), ..)| (*scanner, *target)).collect();
                    let now = self.reports(place, &jobs, Short::Whole);
                    self.number -= 1;
                    self.run(Reports { run: last.run, ..now })?;
                }
            }
            Step::Crash(at, jobs, after) => self.crash(self.place(*at), jobs, *after)?,
            Step::Late(at) => self.late(*at)?,
            Step::Race(at, one, other) => self.race(self.place(*at), *one, *other)?,
            Step::Act(at, act) => self.act(*at, *act),
            Step::Alias => self.world.alias = !self.world.alias,
            Step::Suppress(at, scanner) => drop(self.world.suppress(self.place(*at), *scanner)),
            Step::Rule(rule) => self.rule(*rule),
            Step::Days(days) => self.day += u64::from(*days),
        }
        Ok(())
    }

    fn act(&mut self, at: u8, act: Act) {
        let issues = self.board.snapshot();
        let Some(issue) = issues.get(at as usize % issues.len().max(1)) else { return drop(self.told.pop()) };
        let labelled = issue.labels.iter().any(|label| label == "risk-accepted")
            || issue.fields.get("Status").is_some_and(|s| s == crate::board::ACCEPTED);
        let husk = issue.stamp.as_ref().is_none_or(|stamp| stamp.duplicate_of.is_some());
        let by_person = issue.state == State::Closed && issue.closed_by == Some(findsync::issue::Actor::Person);
        let strange = act == Act::Reopen && (labelled || husk) || act == Act::Unlabel && by_person;
        if strange || !self.board.act(issue.id.number, act) {
            self.told.pop();
            return;
        }
        if let Some(told) = self.told.last_mut() {
            *told = format!("  {act:?} #{}", issue.id.number);
        }
        if let Some(script) = &mut self.script {
            script.push(json!({ "act": format!("{act:?}"), "issue": words_of(issue) }));
        }
        self.book.act(&issues, issue, act, self.setup.keep_manual_close);
    }
}

/// A board with what a run of one source sees of it.
struct SourceView<'a> {
    board: &'a Board,
    source: Option<String>,
}

impl SourceView<'_> {
    async fn list(&self, which: Which) -> Vec<Issue> {
        self.board.list(which, self.source.as_deref())
    }
}

/// Every finding of a scan that is not late is accounted for, and nothing else is.
fn assert_accounts(plan: &Plan, scans: &[Scan]) {
    let accounted: BTreeSet<(usize, usize)> =
        plan.accounts.iter().flat_map(|account| account.reports.iter().copied()).collect();
    for (index, scan) in scans.iter().enumerate() {
        let all = (0..scan.findings.len()).map(|finding| (index, finding));
        let (counted, missing): (Vec<_>, Vec<_>) = all.partition(|at| accounted.contains(at));
        assert!(counted.is_empty() || missing.is_empty(), "not accounted for: {missing:?} of {}", scan.scope());
    }
    assert!(accounted.iter().all(|(scan, finding)| *finding < scans[*scan].findings.len()));
}
