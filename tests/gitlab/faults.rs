//! Whatever breaks, at whichever request: the next run makes it good, and the world is the one that it would have been.

use findsync::apply::Outcome;
use findsync::config::Mapping;
use findsync::finding::{Scan, Severity};
use findsync::issue::Body;

use crate::contract::{Act, Bench, World as _, dependency, scan};
use crate::fake::{Fake, Kind, Tier, World};
use crate::support;
use crate::world::{Server, with_statuses};

fn cve(n: u32, severity: Severity) -> findsync::finding::Finding {
    dependency(&format!("CVE-2026-{n:04}"), severity)
}

/// A world in which the next run has something of every kind to do.
async fn before(tier: Tier, mapping: &Mapping) -> World {
    let server = Server::new(Fake::start(tier).await, mapping.clone());
    let bench = Bench::new(&server);
    let low = |numbers: &[u32]| numbers.iter().map(|n| cve(*n, Severity::Low)).collect();
    bench.sync(&[scan("Trivy", low(&[1, 2, 3, 4, 5, 6]))]).await;
    bench.sync(&[scan("Trivy", low(&[1, 2, 3, 4, 6]))]).await;
    let number = |n: u32| {
        let issues = server.fake.issues();
        issues.iter().find(|issue| issue.title.contains(&format!("CVE-2026-{n:04}"))).unwrap().iid
    };
    server.person(Act::Twin(number(4))).await;
    server.person(Act::Close(number(6))).await;
    server.fake.world().clone()
}

/// Updates 1, closes 2, leaves 3, merges the twin of 4, reopens 5 and 6, opens 7 and 8.
fn after() -> Vec<Scan> {
    let mut findings = vec![cve(1, Severity::Critical)];
    findings.extend([3, 4, 5, 6, 7, 8].map(|n| cve(n, Severity::Low)));
    vec![scan("Trivy", findings)]
}

/// What people can tell of a world: everything but numbers and stamps.
fn told(fake: &Fake) -> Vec<String> {
    let world = fake.world();
    let mut told: Vec<String> = world
        .issues
        .iter()
        .map(|issue| {
            let body = Body::parse(&issue.description);
            let comments: Vec<_> = issue.notes.iter().filter(|note| !note.system).map(|note| &note.body).collect();
            let text = (&body.before, &body.section, &body.after, &issue.title, issue.open, &issue.labels, comments);
            format!("{text:?}").replace(&fake.location, "")
        })
        .collect();
    told.sort();
    told
}

async fn world_without_a_fault(start: &World, mapping: &Mapping) -> (Vec<String>, usize) {
    let server = Server::new(Fake::with("", start.clone()).await, mapping.clone());
    let bench = Bench::new(&server);
    bench.apply_with(&after(), server.connect(&bench.mapping)).await.unwrap();
    let requests = server.fake.take_requests().len();
    assert_eq!(bench.sync(&after()).await.plan.changes.len(), 0);
    (told(&server.fake), requests)
}

async fn survives(start: &World, mapping: &Mapping, kind: Kind, k: usize, tail: bool, expected: &[String]) {
    let server = Server::new(Fake::with("", start.clone()).await, mapping.clone());
    let bench = Bench::new(&server);
    server.fake.fail(k, kind);
    let ended = bench.apply_with(&after(), server.connect(&bench.mapping)).await;
    let failures: Vec<String> = match &ended {
        Ok((_, applied)) => {
            let failed = applied.outcomes.iter().filter_map(|outcome| match outcome {
                Outcome::Failed(error) => Some(error.to_string()),
                _ => None,
            });
            failed.collect()
        }
        Err(error) => vec![error.to_string()],
    };
    // At the end it looks for twins: where that fails, it is a warning, and the next run looks again.
    if kind == Kind::Unauthorized && !tail {
        assert!(failures.iter().any(|error| error.contains("does not accept the token")), "{k}: {failures:?}");
    }
    if matches!(kind, Kind::TooMany | Kind::Limited) {
        assert!(failures.is_empty(), "{kind:?} at {k} is waited for: {failures:?}");
    }
    server.fake.calm();
    bench.sync(&after()).await;
    let found = told(&server.fake);
    let strange: Vec<_> = found.iter().filter(|issue| !expected.contains(issue)).collect();
    assert!(
        found.len() == expected.len() && strange.is_empty(),
        "{kind:?} at request {k}; the first run said {failures:?}; {} issues, strange: {strange:#?}",
        found.len()
    );
}

#[tokio::test]
async fn every_request_may_fail_in_every_way() {
    fail_everywhere(Tier::Free, &support::mapping(), 1).await;
}

#[tokio::test]
async fn every_request_may_fail_in_every_way_where_statuses_take_a_second_one() {
    fail_everywhere(Tier::Premium, &with_statuses(), 2).await;
}

/// `tail`: how many requests at the end only look.
async fn fail_everywhere(tier: Tier, mapping: &Mapping, tail: usize) {
    let start = before(tier, mapping).await;
    let (expected, requests) = world_without_a_fault(&start, mapping).await;
    assert!(requests > 20, "{requests}");
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Hang) {
        let runs = (0..requests).map(|k| survives(&start, mapping, kind, k, k + tail >= requests, &expected));
        futures::future::join_all(runs).await;
    }
}

#[tokio::test]
async fn two_runs_at_once_leave_one_issue_a_finding() {
    let mapping = support::mapping();
    let start = before(Tier::Free, &mapping).await;
    let server = Server::new(Fake::with("", start).await, mapping);
    let bench = Bench::new(&server);
    let scans = after();
    let (one, two) = tokio::join!(
        bench.apply_with(&scans, server.connect(&bench.mapping)),
        bench.apply_with(&scans, server.connect(&bench.mapping))
    );
    let twins = one.unwrap().1.twins.len() + two.unwrap().1.twins.len();
    bench.sync(&scans).await;
    let seen = bench.look().await;
    for n in [1, 3, 4, 5, 6, 7, 8] {
        let open = seen.iter().filter(|issue| issue.open && issue.title.contains(&format!("CVE-2026-{n:04}"))).count();
        assert_eq!(open, 1, "CVE-2026-{n:04} ({twins} twins were closed): {seen:#?}");
    }
}

#[tokio::test]
async fn an_expired_token_stops_the_run() {
    let mapping = support::mapping();
    let start = before(Tier::Free, &mapping).await;
    let server = Server::new(Fake::with("", start).await, mapping);
    let bench = Bench::new(&server);
    server.fake.world().tokens.iter_mut().for_each(|token| token.expired = true);
    let error = bench.apply_with(&after(), server.connect(&bench.mapping)).await.err().unwrap();
    assert!(format!("{error}").contains("does not accept the token"), "{error}");
}
