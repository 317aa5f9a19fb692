//! The whole way at its worst: every fault at every request, two runs at once, and how many requests a run makes.

use findsync::apply::Outcome;
use findsync::config::Public;
use findsync::finding::{Scan, Severity};
use findsync::plan::Action;
use findsync::trackers::Track;
use futures::StreamExt as _;

use crate::contract::{Bench, World as _, dependency, scan};
use crate::fake::{Fake, Item, Kind, Process, World};
use crate::keeps_contract::Project;
use crate::kit::{self, assert_no_objections, body_field, states};

fn trivy(found: &[(u32, Severity)]) -> [Scan; 1] {
    let findings = found.iter().map(|(n, severity)| dependency(&format!("CVE-2026-{n:04}"), *severity)).collect();
    [scan("Trivy", findings)]
}

#[tokio::test]
async fn of_two_racing_runs_one_closes_its_twins() {
    for process in Process::ALL {
        let project = Project::new(process).await;
        let bench = Bench::new(&project);
        let scans = trivy(&[(1, Severity::High), (2, Severity::Low)]);
        let (a, b) = (bench.plan(&scans).await, bench.plan(&scans).await);
        for (planned, twins) in [(a, 0), (b, 2)] {
            let tracker: Box<dyn Track> = project.connect(&bench.mapping);
            let applied = bench.apply(&scans, &planned, tracker.as_ref()).await;
            assert_eq!(applied.twins.len(), twins, "{:?}", applied.twins);
            assert!(
                applied.twins.iter().all(|(_, outcome)| matches!(outcome, Outcome::Done(_))),
                "{:?}",
                applied.twins
            );
        }
        let open: Vec<u64> = bench.look().await.iter().filter(|seen| seen.open).map(|seen| seen.number).collect();
        assert_eq!(open, [101, 102], "{process:?}");
        let twin = project.fake.item(104);
        assert!(twin.relations.iter().any(|r| r["rel"] == "System.LinkTypes.Duplicate-Reverse"), "{twin:?}");
        assert!(bench.sync(&scans).await.plan.changes.is_empty());
    }
}

/// What people see of the items, whatever their numbers and revisions.
fn picture(project: &Project) -> Vec<String> {
    let line = |item: &Item| {
        let said: Vec<&str> = item.comments.iter().map(|(_, text)| text.as_str()).collect();
        let fields = ["System.Title", "System.State", "System.Tags", kit::PRIORITY.trim_start_matches("/fields/")];
        format!("{:?} {} {said:?}", fields.map(|field| item.text(field)), item.text(body_field(project.process)))
    };
    let mut lines: Vec<String> = project.fake.items().iter().map(line).collect();
    lines.sort();
    lines
}

/// A project with one item to update, one to close, one to reopen, two to open; and what is seen then.
async fn prepared(process: Process) -> (Project, [Scan; 1]) {
    let project = Project::new(process).await;
    let bench = Bench::new(&project);
    bench.sync(&trivy(&[(1, Severity::Low), (2, Severity::Low), (3, Severity::Low)])).await;
    bench.sync(&trivy(&[(1, Severity::Low), (2, Severity::Low)])).await;
    project.fake.take_requests();
    let found = [(1, Severity::High), (3, Severity::Low), (4, Severity::High), (5, Severity::High)];
    (project, trivy(&found))
}

/// One history: a run with the fault, one without, and a third that must find nothing to do.
async fn suffer(world: World, scans: &[Scan], kind: Kind, nth: usize, wanted: &[String]) {
    let process = world.process;
    let project = Project { fake: Fake::serve(world).await, process, faulty: true };
    let bench = Bench::new(&project);
    project.fake.fail(nth, kind);
    // It may go well all the same, fail in part, or not even begin.
    let _ = bench.apply_with(scans, project.connect(&bench.mapping)).await;
    project.fake.calm();
    bench.sync(scans).await;
    assert_eq!(picture(&project), wanted, "{process:?}, {kind:?} at {nth}");
}

#[tokio::test]
async fn any_fault_at_any_request_then_a_second_run_ends_in_the_same_world() {
    // Scrum's bugs close and reopen in two steps, so that every kind of request is made.
    let (project, scans) = prepared(Process::Scrum).await;
    let world = project.fake.world().clone();
    let bench = Bench::new(&project);
    bench.apply_with(&scans, project.connect(&bench.mapping)).await.unwrap();
    let requests = project.fake.take_requests().len();
    let wanted = picture(&project);
    let matrix = (0..requests).flat_map(|nth| Kind::ALL.map(|kind| (kind, nth)));
    // At the same time, as much of it is waiting.
    let histories = matrix.map(|(kind, nth)| suffer(world.clone(), &scans, kind, nth, &wanted));
    let tried = futures::stream::iter(histories).buffer_unordered(16).count().await;
    println!("{requests} requests, {tried} histories");
    assert_eq!(tried, requests * Kind::ALL.len());
}

#[tokio::test]
async fn a_run_that_changes_nothing_over_ten_thousand_items_makes_53_requests() {
    let project = Project::new(Process::Agile).await;
    let mut bench = Bench::new(&project);
    bench.mapping.public = Some(Public::Full);
    let scans = trivy(&[(1, Severity::Low)]);
    bench.sync(&scans).await;
    project.fake.fill(9_999, |item, at| {
        // Each the item of another finding, in another scanner's scope.
        item.relations = vec![kit::stamp_link(at)];
    });
    project.fake.take_requests();
    let begun = std::time::Instant::now();
    let planned = bench.plan(&scans).await;
    assert!(planned.plan.changes.is_empty(), "{:?}", planned.plan.changes.first());
    let requests = project.fake.take_requests().len();
    println!("10,000 items, nothing to change: {requests} requests in {:?}", begun.elapsed());
    // One for the query of decided items, too.
    assert_eq!(requests, 53);
    assert_eq!(bench.look().await.len(), 10_000);
    assert_no_objections(&project.fake);
}

#[tokio::test]
async fn a_hundred_new_items_take_at_most_two_requests_each() {
    for process in Process::ALL {
        let project = Project::new(process).await;
        let bench = Bench::new(&project);
        let found: Vec<(u32, Severity)> = (0..100).map(|n| (n, Severity::High)).collect();
        let scans = trivy(&found);
        let (planned, applied) = bench.apply_with(&scans, project.connect(&bench.mapping)).await.unwrap();
        assert_eq!((planned.plan.count(Action::Open), applied.is_partial()), (100, false));
        let requests = project.fake.take_requests().len();
        println!("{process:?}: 100 new items in {requests} requests, reading included");
        assert!(requests <= 110, "{requests}");
        assert!(project.fake.items().iter().all(|item| item.text("System.State") == states(process).0));
    }
}
