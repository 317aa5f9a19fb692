//! For every request of a run and every fault: the run ends with the right outcome, a second one converges, and the
//! world is the one without the fault. And two runs at once.

use findsync::finding::Severity;

use crate::busy::{
    End, keeps_what_people_write_between_requests, keeps_what_people_write_in_a_wait, races, survives_every_fault,
};
use crate::contract::{Bench, World as _, dependency, scan};
use crate::fake::{Fault, World};
use crate::world::Hub;

const FAULTS: [(Fault, End); 9] = [
    (Fault::ServerError, End::Told),
    (Fault::BadGateway, End::Told),
    (Fault::Hang, End::Told),
    (Fault::Cut, End::Told),
    (Fault::Secondary, End::Whole),
    (Fault::TooMany, End::Whole),
    (Fault::Unauthorized, End::Stopped("Bad credentials")),
    (Fault::SecondaryUntold, End::Whole),
    (Fault::Refused, End::Any),
];

/// The last two faults take no other way through the code than those before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: thirty changes; the same with six of them runs always"]
async fn faults_of_a_long_run_end_in_the_same_world() {
    survives_every_fault::<Hub>(World::with_project(), 5, &FAULTS[..7], 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_end_in_the_same_world_with_a_project() {
    survives_every_fault::<Hub>(World::with_project(), 1, &FAULTS, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_end_in_the_same_world_with_labels() {
    survives_every_fault::<Hub>(World::default(), 1, &FAULTS, 1).await;
}

#[tokio::test]
async fn whoever_writes_in_a_wait_keeps_every_word() {
    for world in [World::default as fn() -> World, World::with_project] {
        keeps_what_people_write_in_a_wait::<Hub>(world(), Fault::SecondaryLater).await;
    }
}

#[tokio::test]
async fn whoever_writes_between_two_requests_keeps_every_word() {
    // In a Project, reopening writes the text once more, with the fields.
    let overwrites = |before: &str, this: &str| this.starts_with("PATCH") || before.starts_with("PATCH");
    for world in [World::default as fn() -> World, World::with_project] {
        keeps_what_people_write_between_requests::<Hub>(world(), Fault::Late, overwrites).await;
    }
}

#[tokio::test]
async fn two_runs_at_once_leave_one_open_issue_a_key() {
    for world in [World::default as fn() -> World, World::with_project] {
        races::<Hub>(world(), 2).await;
    }
}

#[tokio::test]
async fn twins_of_two_runs_are_closed_as_duplicates_by_the_runs_themselves() {
    for world in [World::default as fn() -> World, World::with_project] {
        let hub = Hub::start(world()).await;
        let bench = Bench::new(&hub);
        let findings = (1..=5).map(|n| dependency(&format!("CVE-2026-{n:04}"), Severity::High));
        let scans = [scan("Trivy", findings.collect())];
        let (one, two) = (hub.connect(&bench.mapping), hub.connect(&bench.mapping));
        let (one, two) = tokio::join!(bench.apply_with(&scans, one), bench.apply_with(&scans, two));
        let twins = one.unwrap().1.twins.len() + two.unwrap().1.twins.len();
        bench.sync(&scans).await;
        let world = hub.fake.world();
        let (open, closed): (Vec<_>, Vec<_>) = world.issues.iter().partition(|issue| issue.open);
        assert_eq!(open.len(), 5);
        assert!(closed.is_empty() || twins > 0, "the runs themselves close the twins that they can see: {closed:#?}");
        assert!(closed.iter().all(|issue| issue.reason.as_deref() == Some("duplicate")));
        assert!(closed.iter().all(|issue| issue.comments.len() == 1), "each says of what it is a duplicate");
    }
}

#[tokio::test]
async fn a_lagging_project_makes_nothing_twice() {
    let mut world = World::with_project();
    world.project_lag = 3;
    let hub = Hub::start(world).await;
    let bench = Bench::new(&hub);
    let findings = (1..=3).map(|n| dependency(&format!("CVE-2026-{n:04}"), Severity::High));
    let scans = [scan("Trivy", findings.collect())];
    let tracker = hub.connect(&bench.mapping);
    bench.apply_with(&scans, tracker).await.unwrap();
    bench.plan(&scans).await;
    bench.sync(&scans).await;
    let world = hub.fake.world();
    assert_eq!(world.issues.len(), 3);
    assert_eq!(world.project.as_ref().unwrap().items.len(), 3);
    assert!((1..=3).all(|n| world.field(n, "Priority").as_deref() == Some("P3")));
}
