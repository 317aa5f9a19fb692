//! A fleet: many repositories write to one board, eight runs at a time, three rounds with fixes and returns. The board is
//! right after each round, and a run asks for its own issues, not for the board's.
//!
//! `FINDSYNC_FLEET` says how many repositories there are.
#![expect(clippy::print_stderr, reason = "a missing contract is said")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    unreachable_pub,
    dead_code,
    unused_imports,
    reason = "a failed unwrap fails the test; figures are printed; the fakes belong to the trackers' own tests, which use all of them"
)]

#[path = "../fakes/azure_devops/mod.rs"]
mod azure_devops;
#[path = "../fakes/github/mod.rs"]
mod github;
#[path = "../fakes/gitlab/mod.rs"]
mod gitlab;

use std::collections::BTreeSet;
use std::time::Instant;

use chrono::NaiveDate;
use findsync::config::{Config, Credential, Instance, Mapping, Project, Public, Secret, TrackerKind};
use findsync::finding::{Component, Finding, Id, Kind, Origin, Run, Scan, Severity, Source, assign_keys};
use findsync::plan::source_label;
use findsync::sync::{self, Input};
use findsync::template::RunRef;
use findsync::trackers::{self, Track, Which};
use futures::StreamExt as _;

/// Runs at a time.
const WIDTH: usize = 8;

/// A board that all share.
struct Board {
    instance: Instance,
    mapping: Mapping,
    /// How many requests there were since the last call.
    take_requests: Box<dyn Fn() -> usize>,
}

fn source(number: usize) -> Source {
    Source::named(&format!("forge.example/team/service-{number}"))
}

/// The vulnerabilities that a repository has in a round: the first is fixed in the second and comes back in the third.
fn present(round: usize) -> &'static [u32] {
    [&[0, 1][..], &[1, 2], &[0, 1]][round]
}

fn cve(number: usize, which: u32) -> String {
    format!("CVE-2026-{}", 10_000 + number as u32 * 10 + which)
}

fn scan(number: usize, round: usize, run: u64) -> Scan {
    let finding = |which: &u32| {
        let mut finding = Finding {
            kind: Kind::Dependency,
            title: format!("Flaw {which} of service {number}"),
            rule: Some(cve(number, *which)),
            identifiers: vec![cve(number, *which)],
            severity: Severity::High,
            component: Some(Component { name: "lodash".into(), version: Some("1.0.0".into()), purl: None }),
            ..Finding::default()
        };
        finding.location.path = Some("package-lock.json".into());
        finding
    };
    let mut scan = Scan {
        reader: "test".into(),
        scanner: "Trivy".into(),
        target: ".".into(),
        report: "trivy.json".into(),
        complete: true,
        origin: Origin {
            source: source(number),
            branch: String::new(),
            run: Some(Run { line: source(number).name, number: run, attempt: 1 }),
        },
        findings: present(round).iter().map(finding).collect(),
        ..Scan::default()
    };
    assign_keys(&mut scan);
    scan
}

impl Board {
    fn config(&self, number: usize) -> Config {
        let label = source_label(&self.mapping.own_label, &source(number));
        let mapping = Mapping {
            shared: Some(true),
            source_label: Some(label),
            public: Some(Public::Full),
            ..self.mapping.clone()
        };
        Config { instances: vec![self.instance.clone()], mappings: vec![mapping], ..Config::default() }
    }

    /// One run of one repository; how many changes it made.
    async fn run(&self, number: usize, round: usize, run: u64) -> usize {
        let config = self.config(number);
        let today = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let tracker = trackers::connect(&config.instances[0], &config.mappings[0], today).unwrap();
        let scans = [scan(number, round, run)];
        let input = Input {
            scans: &scans,
            config: &config,
            vex: &[],
            links: None,
            run: RunRef::default(),
            workspace: None,
            newest_finished: None,
            today,
        };
        let trackers = [tracker];
        let planned = sync::plan(&input, &trackers).await.unwrap();
        let applied = sync::apply(&input, &planned[0], trackers[0].as_ref(), &mut |_, _| {}).await.unwrap();
        assert!(!applied.is_partial(), "{:?}", applied.outcomes);
        planned[0].plan.changes.len()
    }

    /// What is open: whose, and which vulnerability.
    async fn open(&self) -> BTreeSet<(String, Option<Id>)> {
        let mapping = Mapping { source_label: None, ..self.mapping.clone() };
        let today = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let tracker = trackers::connect(&self.instance, &mapping, today).unwrap();
        let issues = tracker.issues(Which::Open).await.unwrap();
        let about = |issue: &findsync::issue::Issue| {
            let stamp = issue.stamp.as_ref().unwrap();
            let [member] = stamp.members.as_slice() else { panic!("#{} has several findings", issue.id.number) };
            (member.owner.name.clone(), member.root)
        };
        let open: Vec<_> = issues.iter().map(about).collect();
        let once: BTreeSet<_> = open.iter().cloned().collect();
        assert_eq!(once.len(), open.len(), "two open issues of one finding");
        once
    }

    async fn fleet(&self, name: &str, sources: usize) {
        let began = Instant::now();
        for round in 0..3 {
            (self.take_requests)();
            let runs = (0..sources).map(|number| self.run(number, round, round as u64 * 2 + 1));
            let changes: usize =
                futures::stream::iter(runs).buffer_unordered(WIDTH).fold(0, |sum, n| async move { sum + n }).await;
            let asked = (self.take_requests)();
            let open = self.open().await;
            let each = (0..sources).flat_map(|number| present(round).iter().map(move |which| (number, *which)));
            let wanted = each.map(|(number, which)| (source(number).name, Some(Id::of(&cve(number, which)))));
            assert_eq!(open, wanted.collect(), "round {round}");
            (self.take_requests)();
            // Unchanged runs write nothing, and ask for their own issues only.
            let runs = (0..sources).map(|number| self.run(number, round, round as u64 * 2 + 2));
            let again: usize =
                futures::stream::iter(runs).buffer_unordered(WIDTH).fold(0, |sum, n| async move { sum + n }).await;
            let unchanged = (self.take_requests)();
            assert_eq!(again, 0, "round {round}: an unchanged run changes something");
            println!(
                "{name}, round {round}: {sources} sources, {changes} changes, {} open; {:.1} requests a run, {:.1} an unchanged one",
                open.len(),
                asked as f64 / sources as f64,
                unchanged as f64 / sources as f64
            );
            assert!(unchanged <= sources * 5, "{unchanged} requests of {sources} unchanged runs");
        }
        println!("{name}: {:.1} s", began.elapsed().as_secs_f64());
    }
}

fn instance(kind: TrackerKind, location: String, token: &str) -> Instance {
    let credential = Credential::Token(Secret::new(token.to_owned()));
    Instance { credential, ..Instance::new("acme".to_owned(), kind, location) }
}

fn mapping(kind: TrackerKind, project: &str) -> Mapping {
    Mapping::seed("shop".to_owned(), 0, kind, Project { name: project.to_owned(), ..Project::default() })
}

async fn on_all_boards(sources: usize) {
    let sources = std::env::var("FINDSYNC_FLEET").ok().and_then(|sources| sources.parse().ok()).unwrap_or(sources);
    let fake = azure_devops::Fake::start(azure_devops::Process::Basic).await;
    let kind = TrackerKind::AzureDevOps;
    let (instance_of, mapping_of) = (instance(kind, fake.location.clone(), "good-token"), mapping(kind, "Shop"));
    let fake = std::rc::Rc::new(fake);
    let counted = fake.clone();
    let take_requests = Box::new(move || counted.take_requests().len());
    Board { instance: instance_of, mapping: mapping_of, take_requests }.fleet("Azure DevOps", sources).await;
    assert_eq!(fake.objections(), Vec::<String>::new());

    let fake = std::rc::Rc::new(gitlab::Fake::start(gitlab::Tier::Free).await);
    let kind = TrackerKind::GitLab;
    let (instance_of, mapping_of) =
        (instance(kind, fake.location.clone(), "glpat-good"), mapping(kind, "acme/backend/shop"));
    let counted = fake.clone();
    let take_requests = Box::new(move || counted.take_requests().len());
    Board { instance: instance_of, mapping: mapping_of, take_requests }.fleet("GitLab", sources).await;
    assert_eq!(fake.objections(), Vec::<String>::new());

    let fake = std::rc::Rc::new(github::Fake::start(github::World::default()).await);
    let kind = TrackerKind::GitHub;
    let (instance_of, mapping_of) =
        (instance(kind, format!("{}/acme", fake.url), github::TOKEN), mapping(kind, "shop"));
    let counted = fake.clone();
    let take_requests = Box::new(move || {
        let requests = counted.log().len();
        counted.reset_log();
        requests
    });
    Board { instance: instance_of, mapping: mapping_of, take_requests }.fleet("GitHub", sources).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_keeps_one_board_right() {
    on_all_boards(12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn a_fleet_of_two_hundred_keeps_one_board_right() {
    on_all_boards(200).await;
}
