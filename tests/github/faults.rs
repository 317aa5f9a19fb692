//! For every request of a run and every fault: the run ends with the right outcome, a second one converges, and the
//! world is the one without the fault.

use findsync::apply::{Applied, Outcome};
use findsync::finding::{Scan, Severity};
use findsync::sync;
use futures::StreamExt as _;

use crate::contract::{Bench, World as _, dependency, scan};
use crate::fake::{Fault, TOKEN, World};
use crate::world::Hub;

fn finding(n: u32, severity: Severity) -> findsync::finding::Finding {
    dependency(&format!("CVE-2026-{n:04}"), severity)
}

/// What was there before the run.
fn before() -> Vec<Scan> {
    vec![scan("Trivy", (1..=OLD).map(|n| finding(n, Severity::Low)).collect())]
}

/// A run that closes some, updates some, leaves one and opens some.
fn after() -> Vec<Scan> {
    let updated = (3..OLD).map(|n| finding(n, Severity::High));
    let kept = [finding(OLD, Severity::Low)];
    let new = (100..100 + NEW).map(|n| finding(n, Severity::Medium));
    vec![scan("Trivy", updated.chain(kept).chain(new).collect())]
}

const OLD: u32 = 4;
const NEW: u32 = 2;

async fn prepared(world: World) -> Hub {
    let hub = Hub::start(world).await;
    Bench::new(&hub).sync(&before()).await;
    hub.fake.reset_log();
    hub
}

async fn run(hub: &Hub) -> Result<Applied, sync::Error> {
    let bench = Bench::new(hub);
    let tracker = Box::new(hub.tracker(TOKEN, &bench.mapping));
    bench.apply_with(&after(), tracker).await.map(|(_, applied)| applied)
}

/// Whether a run that met this fault said what it had to say.
fn is_told(fault: Fault, last: bool, result: &Result<Applied, sync::Error>) -> bool {
    match (fault, result) {
        // Limits are waited for, and nothing was lost.
        (Fault::Secondary | Fault::TooMany, result) => result.as_ref().is_ok_and(all_done),
        // A wrong token ends the run and says so; but the look for twins at its end may fail.
        (Fault::Unauthorized, Ok(applied)) => last || !all_done(applied),
        (Fault::Unauthorized, Err(error)) => format!("{error:?}").contains("Bad credentials"),
        _ => true,
    }
}

fn all_done(applied: &Applied) -> bool {
    applied.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_)))
}

async fn every_fault_of_every_request(world: fn() -> World) {
    let clean = prepared(world()).await;
    assert!(all_done(&run(&clean).await.unwrap()));
    let requests = clean.fake.log().len();
    let expected = clean.fake.world().seen();
    let cases = Fault::ALL.into_iter().flat_map(|fault| (1..=requests).map(move |at| (fault, at)));
    let expected = &expected;
    let one = |(fault, at): (Fault, usize)| async move {
        let hub = prepared(world()).await;
        hub.fake.fail(at, fault);
        let result = run(&hub).await;
        let request = hub.fake.log()[at - 1].clone();
        assert!(is_told(fault, at == requests, &result), "{fault:?} at {at} ({request}): {result:?}");
        // The next run mends whatever is left, and the one after it finds nothing to do.
        hub.fake.reset_log();
        Bench::new(&hub).sync(&after()).await;
        assert_eq!(hub.fake.world().seen(), *expected, "{fault:?} at {at} ({request}): {result:?}");
    };
    // Side by side, as hanging requests only wait.
    futures::stream::iter(cases).for_each_concurrent(16, one).await;
}

#[tokio::test]
async fn faults_end_in_the_same_world_with_labels() {
    every_fault_of_every_request(World::default).await;
}

#[tokio::test]
async fn faults_end_in_the_same_world_with_a_project() {
    every_fault_of_every_request(World::with_project).await;
}

#[tokio::test]
async fn a_lagging_project_makes_nothing_twice() {
    let mut world = World::with_project();
    world.project_lag = 3;
    let hub = Hub::start(world).await;
    let bench = Bench::new(&hub);
    let scans = [scan("Trivy", (1..=3).map(|n| finding(n, Severity::High)).collect())];
    let tracker = hub.connect(&bench.mapping);
    bench.apply_with(&scans, tracker).await.unwrap();
    bench.plan(&scans).await;
    bench.sync(&scans).await;
    let world = hub.fake.world();
    assert_eq!(world.issues.len(), 3);
    assert_eq!(world.project.as_ref().unwrap().items.len(), 3);
    assert!((1..=3).all(|n| world.field(n, "Priority").as_deref() == Some("P3")));
}

#[tokio::test]
async fn two_runs_at_once_leave_one_open_issue_a_key() {
    for world in [World::default as fn() -> World, World::with_project] {
        let hub = Hub::start(world()).await;
        let bench = Bench::new(&hub);
        let scans = [scan("Trivy", (1..=5).map(|n| finding(n, Severity::High)).collect())];
        let (one, two) = (hub.connect(&bench.mapping), hub.connect(&bench.mapping));
        let (one, two) = tokio::join!(bench.apply_with(&scans, one), bench.apply_with(&scans, two));
        let twins = one.unwrap().1.twins.len() + two.unwrap().1.twins.len();
        bench.sync(&scans).await;
        let world = hub.fake.world();
        let open = world.issues.iter().filter(|issue| issue.open).count();
        assert_eq!(open, 5);
        let made = world.issues.len();
        assert!(made == 5 || twins > 0, "the runs themselves close the twins that they can see: {made} issues");
        let closed = world.issues.iter().filter(|issue| !issue.open);
        assert!(closed.clone().all(|issue| issue.reason.as_deref() == Some("duplicate")));
        assert!(closed.clone().all(|issue| issue.comments.len() == 1), "each says of what it is a duplicate");
    }
}
