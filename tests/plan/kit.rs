//! Runs against a board in memory, one after another.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use findsync::apply::{self, Applied};
use findsync::config::Config;
use findsync::finding::{Finding, Run, Scan, Severity};
use findsync::issue::{Issue, State};
use findsync::plan::{Plan, Planner, ScanFacts, Settings};
use findsync::trackers::{Read as _, Track};

use crate::board::Board;
use crate::contract::{dependency, scan};
use crate::desk::{Desk, Setup, settings};

/// A board and what the runs against it are configured to do.
pub(crate) struct Bench {
    pub(crate) board: Board,
    pub(crate) setup: Setup,
    pub(crate) today: NaiveDate,
    /// Paths in the checkout; `None` where there is none.
    pub(crate) checkout: Option<BTreeSet<String>>,
    /// What differs from the usual settings.
    pub(crate) adjust: fn(&mut Settings),
    /// The number of the next run.
    pub(crate) next: u64,
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            board: Board::default(),
            setup: Setup { config: Config::local("issues"), ..Setup::default() },
            today: NaiveDate::from_ymd_opt(2026, 11, 24).unwrap(),
            checkout: None,
            adjust: |_| (),
            next: 1,
        }
    }
}

impl Bench {
    /// A bench with issues of other runs.
    pub(crate) fn with(issues: impl IntoIterator<Item = Issue>) -> Self {
        let bench = Self::default();
        issues.into_iter().for_each(|issue| bench.board.adopt(issue));
        bench
    }

    pub(crate) fn days_pass(&mut self, days: u64) {
        self.today = self.today + Days::new(days);
    }

    /// Plans a run of this number, and carries out what is planned with a tracker.
    pub(crate) fn apply_with(&self, scans: &[Scan], tracker: &dyn Track) -> (Plan, Applied) {
        self.planned(scans, |planner, issues| {
            let plan = planner.plan(issues);
            let say = |note: &findsync::issue::Note| format!("{note:?}");
            let context = apply::Context { planner: *planner, tracker, issues, say: &say };
            let applied = block_on(apply::apply(&context, &plan, &mut |_, _| {}));
            (plan, applied)
        })
    }

    pub(crate) fn plan(&self, scans: &[Scan]) -> Plan {
        self.planned(scans, |planner, issues| planner.plan(issues))
    }

    fn planned<T>(&self, scans: &[Scan], then: impl Fn(&Planner<'_>, &[Issue]) -> T) -> T {
        let desk = Desk::new(&self.setup, scans, self.checkout.clone(), self.today);
        let mut settings = settings(&self.setup, self.today);
        settings.tracker = self.board.limits();
        (self.adjust)(&mut settings);
        let facts: Vec<ScanFacts> =
            scans.iter().map(|scan| ScanFacts::new(scan, &|finding| finding.title.clone())).collect();
        let planner = Planner { scans: &facts, policy: &desk, settings: &settings };
        then(&planner, &self.board.snapshot())
    }

    /// A run: plans, applies, and has nothing left to do.
    pub(crate) fn run(&mut self, scans: &[Scan]) -> Plan {
        let number = self.next;
        self.next += 1;
        self.run_as(number, scans)
    }

    /// A run with a number of its own.
    pub(crate) fn run_as(&self, number: u64, scans: &[Scan]) -> Plan {
        let scans: Vec<Scan> = scans.iter().map(|scan| of_run(scan, number)).collect();
        let (plan, _) = self.apply_with(&scans, &self.board);
        let again = self.plan(&scans);
        assert!(again.changes.is_empty(), "the second plan is not empty: {:#?}", again.changes);
        plan
    }

    pub(crate) fn issues(&self) -> Vec<Issue> {
        self.board.snapshot()
    }

    pub(crate) fn issue(&self, number: u64) -> Issue {
        self.issues().into_iter().find(|issue| issue.id.number == number).unwrap()
    }

    /// The numbers of the open issues.
    pub(crate) fn open(&self) -> Vec<u64> {
        let open = self.issues().into_iter().filter(|issue| issue.state == State::Open);
        open.map(|issue| issue.id.number).collect()
    }
}

/// A scan of a certain run.
pub(crate) fn of_run(scan: &Scan, number: u64) -> Scan {
    let mut scan = scan.clone();
    scan.origin.run = Some(Run { line: "pipeline".into(), number, attempt: 1 });
    scan
}

pub(crate) fn cve(number: u32) -> String {
    format!("CVE-2026-{number:04}")
}

/// Vulnerabilities of one package.
pub(crate) fn found(scanner: &str, numbers: &[u32]) -> Scan {
    scan(scanner, numbers.iter().map(|number| dependency(&cve(*number), Severity::High)).collect())
}

/// A scan of the same target with findings as they are.
pub(crate) fn scan_of(scanner: &str, findings: &[Finding]) -> Scan {
    scan(scanner, findings.to_vec())
}

/// What a plan does and does not do, in its order: `close: gone from …`, `held close: …`, `note: …`; `-` where nothing.
pub(crate) fn told(plan: &Plan) -> String {
    let action = |action: findsync::plan::Action| format!("{action:?}").to_lowercase();
    let changes = plan.changes.iter().map(|change| format!("{}: {}", action(change.action), change.reason));
    let held = plan.withheld.iter().map(|held| format!("held {}: {}", action(held.action), held.reason));
    let notes = plan.notes.iter().map(|note| format!("note: {note}"));
    let refusal = plan.refusal.iter().map(|refusal| format!("refused: {}", refusal.rule));
    let all: Vec<String> = changes.chain(held).chain(notes).chain(refusal).collect();
    if all.is_empty() { "-".to_owned() } else { all.join("; ") }
}
