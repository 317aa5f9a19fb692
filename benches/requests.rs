//! How many requests a run costs that changes nothing, on each tracker, with the defaults, with `on_manual_close: keep`
//! and with `group_by`; beside the most that it may cost. Fakes of the trackers answer.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    dead_code,
    unused_imports,
    reason = "a benchmark stops at a fault, and prints its figures; the fakes belong to the trackers' own tests"
)]

#[path = "../tests/fakes/azure_devops/mod.rs"]
mod azure_devops;
#[path = "../tests/fakes/github/mod.rs"]
mod github;
#[path = "../tests/fakes/gitlab/mod.rs"]
mod gitlab;

use chrono::NaiveDate;
use findsync::config::{
    Config, Credential, GroupBy, Instance, Mapping, OnManualClose, Project, Public, Secret, TrackerKind,
};
use findsync::finding::{Component, Finding, Kind, Location, Scan, Severity, assign_keys};
use findsync::sync::{self, Input};
use findsync::template::RunRef;
use findsync::trackers::{self, Track};

const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();

/// A tracker with nothing in it.
struct Tracker {
    kind: TrackerKind,
    location: String,
    token: &'static str,
    project: Project,
    /// The most that an unchanged run of so many issues may cost.
    most: fn(usize) -> usize,
    /// How many requests came since the last call.
    take: Box<dyn Fn() -> usize>,
}

async fn github(with_project: bool) -> Tracker {
    let world = if with_project { github::World::with_project() } else { github::World::default() };
    let project_number = world.project.as_ref().map(|project| project.number);
    let fake = github::Fake::start(world).await;
    Tracker {
        kind: TrackerKind::GitHub,
        location: format!("{}/acme", fake.url),
        token: github::TOKEN,
        project: Project { name: "shop".to_owned(), project_number, ..Project::default() },
        most: |issues| issues.div_ceil(100) + 3,
        take: Box::new(move || {
            let made = fake.log().len();
            fake.reset_log();
            made
        }),
    }
}

async fn gitlab() -> Tracker {
    let fake = gitlab::Fake::start(gitlab::Tier::Free).await;
    Tracker {
        kind: TrackerKind::GitLab,
        location: fake.location.clone(),
        token: "glpat-good",
        project: Project { name: "acme/backend/shop".to_owned(), ..Project::default() },
        most: |issues| issues.div_ceil(100) + 3,
        take: Box::new(move || fake.take_requests().len()),
    }
}

async fn azure_devops() -> Tracker {
    let fake = azure_devops::Fake::start(azure_devops::Process::Agile).await;
    Tracker {
        kind: TrackerKind::AzureDevOps,
        location: fake.location.clone(),
        token: "good-token",
        project: Project { name: "Shop".to_owned(), ..Project::default() },
        most: |items| items.div_ceil(200) + 4,
        take: Box::new(move || fake.take_requests().len()),
    }
}

/// Each a component of its own, so that a group of components is an issue, too.
fn scan(findings: usize) -> Scan {
    let finding = |n: usize| Finding {
        kind: Kind::Dependency,
        title: format!("CVE-2026-{n:05}: trouble in p{n}"),
        severity: Severity::High,
        rule: Some(format!("CVE-2026-{n:05}")),
        identifiers: vec![format!("CVE-2026-{n:05}")],
        component: Some(Component {
            purl: Some(format!("pkg:npm/p{n}@1.0.0")),
            name: format!("p{n}"),
            version: Some("1.0.0".to_owned()),
        }),
        location: Location { path: Some("package-lock.json".to_owned()), start_line: Some(12), ..Location::default() },
        ..Finding::default()
    };
    let mut scan = Scan {
        scanner: "Trivy".to_owned(),
        target: "shop".to_owned(),
        report: "trivy.json".to_owned(),
        complete: true,
        findings: (1..=findings).map(finding).collect(),
        ..Scan::default()
    };
    assign_keys(&mut scan);
    scan
}

/// Opens an issue for each finding, and counts what the next run asks for.
async fn unchanged(tracker: &Tracker, issues: usize, tune: fn(&mut Mapping)) -> usize {
    let credential = Credential::Token(Secret::new(tracker.token.to_owned()));
    let instance = Instance { credential, ..Instance::new("bench".to_owned(), tracker.kind, tracker.location.clone()) };
    let mut mapping = Mapping::seed("bench".to_owned(), 0, tracker.kind, tracker.project.clone());
    mapping.public = Some(Public::Full);
    tune(&mut mapping);
    let mut config = Config { mappings: vec![mapping.clone()], ..Config::default() };
    config.limits.max_open = issues;
    let scans = [scan(issues)];
    let input = Input {
        scans: &scans,
        config: &config,
        vex: &[],
        links: None,
        run: RunRef::default(),
        workspace: None,
        newest_finished: None,
        today: TODAY,
    };
    let connect = || vec![trackers::connect(&instance, &mapping, TODAY).unwrap()];
    let writer: Vec<Box<dyn Track>> = connect();
    let planned = sync::plan(&input, &writer).await.unwrap().remove(0);
    let applied = sync::apply(&input, &planned, writer[0].as_ref(), &mut |_, _| ()).await.unwrap();
    assert!(applied.outcomes.len() == issues && !applied.is_partial(), "{:?}", applied.outcomes.first());
    (tracker.take)();
    let planned = sync::plan(&input, &connect()).await.unwrap().remove(0);
    assert!(planned.plan.changes.is_empty(), "{:?}", planned.plan.changes.first());
    (tracker.take)()
}

/// A way to set findsync up, and how many requests it may cost beside those of the defaults.
type Way = (&'static str, fn(&mut Mapping), usize);

#[tokio::main]
async fn main() {
    let ways: [Way; 3] = [
        ("defaults", |_| (), 0),
        ("keep", |mapping| mapping.on_manual_close = OnManualClose::Keep, 1),
        ("group_by", |mapping| mapping.group_by = vec![GroupBy::Component], 1),
    ];
    println!("{:<20} {:<10} {:>7} {:>9} {:>8}", "tracker", "mapping", "issues", "requests", "at most");
    for (way, tune, more) in ways {
        for issues in [1, 100, 250] {
            let trackers = [
                ("GitHub", github(false).await),
                ("GitHub, a Project", github(true).await),
                ("GitLab", gitlab().await),
                ("Azure DevOps", azure_devops().await),
            ];
            for (name, tracker) in trackers {
                let requests = unchanged(&tracker, issues, tune).await;
                let most = (tracker.most)(issues) + more;
                println!("{name:<20} {way:<10} {issues:>7} {requests:>9} {most:>8}");
                assert!(requests <= most, "{name} asks too often");
            }
        }
    }
}
