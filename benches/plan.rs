//! How long identity and planning take: keys of 10,000 findings, and the plan of 10,000 findings against 10,000 issues
//! (nothing changed; everything re-scored). Prints the process' peak memory beside the times.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark stops at a fault, and prints its figures")]

use chrono::NaiveDate;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use findsync::finding::{Component, Evidence, Finding, Kind, Location, Scan, Severity, Snippet, assign_keys, digest};
use findsync::issue::{
    Body, CloseReason, Draft, DraftField, GroupStamp, Issue, IssueId, Limits, Markup, On, Stamp, State, StatusTarget,
    Update,
};
use findsync::plan::{Change, Decision, Planner, Policy, Reported, Route, ScanFacts, Settings, Subject, Write};

const MANY: usize = 10_000;

fn scan() -> Scan {
    let finding = |n: usize| {
        let is_code = n.is_multiple_of(2);
        let ids = if is_code { vec!["CWE-79".into()] } else { vec![format!("CVE-2026-{n}"), format!("GHSA-{n}")] };
        Finding {
            kind: if is_code { Kind::Code } else { Kind::Dependency },
            title: format!("finding {n}"),
            rule: Some(format!("rule-{}", n % 100)),
            identifiers: ids,
            location: Location {
                path: Some(format!("src/file{}.rs", n % 500)),
                start_line: Some(1),
                ..Location::default()
            },
            component: Some(Component { purl: Some(format!("pkg:npm/p{n}@1.0")), ..Component::default() }),
            evidence: Evidence {
                snippet: Some(Snippet { lines: format!("call({n})"), ..Snippet::default() }),
                ..Evidence::default()
            },
            ..Finding::default()
        }
    };
    let findings = (0..MANY).map(finding).collect();
    Scan { scanner: "S".into(), target: "t".into(), complete: true, findings, ..Scan::default() }
}

/// Renders a text as long as usual ones.
struct Texts;

impl Policy for Texts {
    fn decide(&self, _: &Reported<'_>) -> Option<Decision> {
        None
    }

    fn route(&self, _: &[(usize, usize)]) -> Route {
        Route::Here
    }

    fn group(&self, _: &[(usize, usize)]) -> Option<GroupStamp> {
        None
    }

    fn render(&self, subject: &Subject) -> Draft {
        let title = subject.key.to_string();
        let severity = subject.severity;
        Draft {
            body: Some(format!("{title}\n\n{severity}\n\n{}", "A paragraph of description. ".repeat(60))),
            content: digest([("body", title.as_str()), ("severity", severity.name())]),
            title: Some(title),
            attribution: "**Seen by**\n\n- S on `t`".into(),
            labels: vec!["security".into()],
            fields: vec![DraftField {
                name: "Priority".into(),
                value: severity.name().into(),
                on: On::Update,
                update: Update::IfUnedited,
            }],
            ..Draft::default()
        }
    }

    fn title(&self, _: &[(usize, usize)]) -> String {
        String::new()
    }

    fn seen_by(&self, _: &[(usize, usize)]) -> String {
        "S".into()
    }

    fn place(&self, _: &[(usize, usize)]) -> Option<(String, Option<u32>)> {
        None
    }

    fn exists(&self, _: &str) -> Option<bool> {
        None
    }

    fn resembles(&self, _: &[(usize, usize)], _: &Issue) -> bool {
        false
    }
}

fn settings() -> Settings {
    let target = |value: &str, state| StatusTarget {
        field: "Status".into(),
        value: value.into(),
        state,
        closed_as: (state == State::Closed).then_some(CloseReason::Completed),
    };
    let done = || target("Done", State::Closed);
    Settings {
        mapping: "shop".into(),
        today: NaiveDate::from_ymd_opt(2026, 11, 24).unwrap(),
        tracker: Limits {
            title: 256,
            body: 65_536,
            comment: 65_536,
            stamp: 30_000,
            stamp_in_body: true,
            conditional_writes: false,
            confidential: false,
            markup: Markup::GitHub,
            concurrency: 1,
        },
        statuses: [target("In Progress", State::Open), done(), done(), done()],
        update_status: Update::IfUnedited,
        max_open: MANY,
        max_close_percent: 100,
        scope_ttl: 30,
        new_on_return: false,
        keep_manual_close: false,
        record_decisions: false,
        publishing_unasked: false,
        grouped: false,
        shared: false,
        formerly: Vec::new(),
        decided_label: "findsync-decided".into(),
        own_label: "findsync".into(),
        has_siblings: false,
        newest_finished: None,
        marks: Vec::new(),
        fields: Default::default(),
    }
}

/// The issues that a first run would have opened.
fn issues(planner: &Planner<'_>) -> Vec<Issue> {
    let issue = |(n, change): (usize, Change)| {
        let Write::New(new) = change.write else { panic!("a first plan opens") };
        Issue {
            id: IssueId { number: n as u64 + 1, url: String::new(), handle: String::new() },
            stamp: Body::parse(&new.body).stamp.and_then(|stamp| Stamp::decode(&stamp).ok()),
            title: new.title,
            body: new.body,
            state: new.state,
            closed_as: None,
            closed_by: None,
            labels: new.labels,
            own_labels: new.own_labels,
            stamp_error: None,
            fields: new.fields.into_iter().filter_map(|field| Some((field.name, field.value?))).collect(),
            trusted: true,
            labelled: true,
            decisions: Vec::new(),
            comments: Some(Vec::new()),
            revision: None,
        }
    };
    planner.plan(&[]).changes.into_iter().enumerate().map(issue).collect()
}

fn plan(criterion: &mut Criterion) {
    let mut scan = scan();
    criterion.bench_function("keys of 10,000 findings", |bench| {
        bench.iter_batched(|| scan.clone(), |mut scan| assign_keys(&mut scan), BatchSize::LargeInput);
    });
    assign_keys(&mut scan);
    let settings = settings();
    let low = [ScanFacts::new(&scan, &|_| String::new())];
    let planner = Planner { scans: &low, policy: &Texts, settings: &settings };
    let issues = issues(&planner);
    assert!(planner.plan(&issues).changes.is_empty());
    criterion.bench_function("plan of 10,000 findings against 10,000 issues, nothing changed", |bench| {
        bench.iter(|| planner.plan(&issues));
    });
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: not known here");
    println!("peak memory so far, findings, facts and issues in it: {peak}");
    scan.findings.iter_mut().for_each(|finding| finding.severity = Severity::High);
    let high = [ScanFacts::new(&scan, &|_| String::new())];
    let planner = Planner { scans: &high, ..planner };
    assert_eq!(planner.plan(&issues).changes.len(), MANY);
    criterion.bench_function("plan of 10,000 findings against 10,000 issues, all changed", |bench| {
        bench.iter(|| planner.plan(&issues));
    });
}

criterion_group! { name = benches; config = Criterion::default().sample_size(10); targets = plan }
criterion_main!(benches);
