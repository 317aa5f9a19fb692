//! Busy runs: changes of every kind, whatever may happen to any of their requests, and two of them at once. A tracker's
//! tests implement [`Failing`]; what must hold is written once.

use std::fmt::Debug;

use async_trait::async_trait;
use findsync::apply::{Applied, Outcome};
use findsync::config::{Decision, DecisionMatch};
use findsync::finding::{Scan, Severity, Status};
use findsync::sync;
use futures::StreamExt as _;

use crate::contract::{Act, Bench, World, dependency, scan};

/// A world that can be copied and that fails on demand.
#[async_trait]
pub trait Failing: World + Sized {
    /// All that the tracker holds.
    type State: Clone + Send + Sync;
    /// What can go wrong.
    type Fault: Copy + Debug + Send + Sync;

    /// A world that holds this.
    async fn holding(state: Self::State) -> Self;
    /// What it holds.
    fn state(&self) -> Self::State;
    /// Fails one of the requests to come; the next one is 0.
    fn fail(&self, at: usize, fault: Self::Fault);
    /// How many requests came since the requests were last taken.
    fn made(&self) -> usize;
    /// The requests since the last call.
    fn take_requests(&self) -> Vec<String>;
    /// What people can tell of it: labels and issues with all that is visible of them, but for what differs between two
    /// runs that end the same, as numbers.
    fn told(&self) -> Vec<String>;
}

/// How a run ends that met a fault.
#[derive(Debug, Clone, Copy)]
pub enum End {
    /// The fault only costs time: all is done.
    Whole,
    /// What failed is told, and the rest is done.
    Told,
    /// It stops and says why, in these words.
    Stopped(&'static str),
    /// One way or another.
    Any,
}

/// The changes of a block of findings: 1 is updated, 2 closed, 3 left, 4 merged with its twin, 5 and 6 reopened (we and
/// a person closed them), 7 opened, 8 opened and closed at once, as it is decided.
const CHANGES: usize = 7;

/// A run that records decisions: that of finding 8 of each block.
fn bench(world: &dyn World, blocks: u32) -> Bench<'_> {
    let mut bench = Bench::new(world);
    bench.mapping.record_decisions = true;
    let decided = |block| Decision {
        matches: DecisionMatch { id: Some(id(block, 8)), ..DecisionMatch::default() },
        status: Status::RiskAccepted,
        reason: Some("not reachable".into()),
        until: None,
        source: ".findsync.yml:3".into(),
    };
    bench.config.decisions = (1..=blocks).map(decided).collect();
    bench
}

fn found(blocks: u32, findings: &[u32], first: Severity) -> Vec<Scan> {
    let finding = |block, n| dependency(&id(block, n), if n == 1 { first } else { Severity::Low });
    vec![scan("Trivy", (1..=blocks).flat_map(|block| findings.iter().map(move |n| finding(block, *n))).collect())]
}

fn id(block: u32, n: u32) -> String {
    format!("CVE-2026-{block}00{n}")
}

fn after(blocks: u32) -> Vec<Scan> {
    found(blocks, &[1, 3, 4, 5, 6, 7, 8], Severity::Critical)
}

/// Brings a world to where the run has its changes to make.
async fn prepare(world: &dyn World, blocks: u32) {
    let bench = bench(world, blocks);
    bench.sync(&found(blocks, &[1, 2, 3, 4, 5, 6], Severity::Low)).await;
    bench.sync(&found(blocks, &[1, 2, 3, 4, 6], Severity::Low)).await;
    let seen = bench.look().await;
    for block in 1..=blocks {
        let number = |n| seen.iter().find(|issue| issue.title.contains(&id(block, n))).unwrap().number;
        world.person(Act::Twin(number(4))).await;
        world.person(Act::Close(number(6))).await;
    }
}

async fn run(world: &dyn World, blocks: u32) -> Result<Applied, sync::Error> {
    let bench = bench(world, blocks);
    let tracker = world.connect(&bench.mapping);
    bench.apply_with(&after(blocks), tracker).await.map(|(_, applied)| applied)
}

fn undone(applied: &Applied) -> Vec<&Outcome> {
    applied.outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::Done(_))).collect()
}

/// For every request of a run and every fault: the run ends as it should, the next one converges, and the world is the
/// one without the fault. `looks`: how many requests at the run's end only look, so that a failure is but a warning.
pub async fn survives_every_fault<W: Failing>(empty: W::State, blocks: u32, faults: &[(W::Fault, End)], looks: usize) {
    let first = W::holding(empty).await;
    prepare(&first, blocks).await;
    let start = first.state();

    let clean = W::holding(start.clone()).await;
    let applied = run(&clean, blocks).await.unwrap();
    assert_eq!(applied.outcomes.len(), CHANGES * blocks as usize);
    assert!(undone(&applied).is_empty(), "{applied:?}");
    let requests = clean.take_requests();
    let expected = clean.told();

    let (start, expected, requests) = (&start, &expected, &requests);
    let case = |(at, (fault, end)): (usize, (W::Fault, End))| async move {
        let world = W::holding(start.clone()).await;
        world.fail(at, fault);
        let ended = run(&world, blocks).await;
        let case = format!("{fault:?} at {at} of {} ({}): {ended:?}", requests.len(), requests[at]);
        let is_look = at + looks >= requests.len();
        match (end, &ended) {
            (End::Whole, Ok(applied)) => assert!(undone(applied).is_empty(), "{case}"),
            (End::Told, Ok(applied)) => {
                let told = |outcome: &&Outcome| match outcome {
                    Outcome::Failed(error) => error.hint().is_some(),
                    Outcome::Done(_) | Outcome::Skipped(_) => true,
                };
                assert!(undone(applied).iter().all(told), "{case}");
            }
            (End::Stopped(words), Ok(applied)) => {
                let says = |outcome: &&Outcome| matches!(outcome, Outcome::Failed(e) if e.to_string().contains(words));
                assert!(is_look || applied.is_partial() && undone(applied).iter().any(says), "{case}");
            }
            (End::Stopped(words), Err(error)) => {
                let sync::Error::Tracker { source, .. } = error else { panic!("{case}") };
                assert!(source.to_string().contains(words) && source.hint().is_some(), "{case}");
            }
            (End::Any, _) => {}
            (End::Whole | End::Told, Err(_)) => panic!("{case}"),
        }
        // What did not come in this run does not come in the next.
        world.take_requests();
        let bench = bench(&world, blocks);
        let (_, mended) = bench.apply_with(&after(blocks), world.connect(&bench.mapping)).await.unwrap();
        assert!(undone(&mended).is_empty(), "the next run left something: {mended:?}; before, {case}");
        let told = world.told();
        let strange: Vec<_> = told.iter().filter(|line| !expected.contains(line)).collect();
        let lost: Vec<_> = expected.iter().filter(|line| !told.contains(line)).collect();
        assert!(told == *expected, "strange: {strange:#?}, lost: {lost:#?}; {case}");
        // Where there was nothing to mend, that run's plan was the empty one.
        if !mended.outcomes.is_empty() {
            let again = bench.plan(&after(blocks)).await.plan.changes;
            assert!(again.is_empty(), "the plan after the next run is not empty: {again:#?}; before, {case}");
        }
    };
    // Side by side, as what hangs only waits.
    let cases = (0..requests.len()).flat_map(|at| faults.iter().map(move |fault| (at, *fault)));
    futures::stream::iter(cases).for_each_concurrent(24, case).await;
    eprintln!(
        "{} requests of {} changes, each failed in {} ways",
        requests.len(),
        CHANGES * blocks as usize,
        faults.len()
    );
}

/// Whoever writes while the service has us wait keeps every word, whichever request waits. `later` says to come back in a
/// second.
pub async fn keeps_what_people_write_in_a_wait<W: Failing>(empty: W::State, later: W::Fault) {
    let there = |severity| [scan("Trivy", vec![dependency("CVE-2026-0001", severity)])];
    let first = W::holding(empty).await;
    Bench::new(&first).sync(&there(Severity::Low)).await;
    let start = first.state();
    let update = |world: W| async move {
        let bench = Bench::new(&world);
        bench.apply_with(&there(Severity::Critical), world.connect(&bench.mapping)).await.unwrap();
        world
    };
    let requests = update(W::holding(start.clone()).await).await.take_requests();
    let case = |at: usize| {
        let (start, requests) = (start.clone(), &requests);
        async move {
            let world = W::holding(start).await;
            world.fail(at, later);
            let bench = Bench::new(&world);
            let number = bench.only().await.number;
            let person = async {
                while world.made() <= at {
                    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                }
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                world.person(Act::Label(number, "on-it")).await;
                world.person(Act::Append(number, "I am on it.")).await;
            };
            let scans = there(Severity::Critical);
            let (applied, ()) = tokio::join!(bench.apply_with(&scans, world.connect(&bench.mapping)), person);
            let seen = bench.only().await;
            let case = format!("{later:?} at {at} ({}): {applied:?}: {seen:#?}", requests[at]);
            assert!(seen.labels.iter().any(|label| label == "on-it"), "{case}");
            assert!(seen.body.contains("I am on it."), "{case}");
            bench.sync(&scans).await;
            let seen = bench.only().await;
            assert!(seen.body.contains("I am on it.") && seen.body.contains("Critical"), "{case}");
        }
    };
    futures::stream::iter(0..requests.len()).for_each_concurrent(8, case).await;
}

/// Whoever writes between any two requests of a run keeps every word, whether the issue is updated, closed or reopened.
/// `late`: a request is carried out a moment after it came. `overwrites`: whether a request, which followed another one,
/// is the very one that writes the text: where a service has no conditions, what is written while it is under way is lost.
pub async fn keeps_what_people_write_between_requests<W: Failing>(
    empty: W::State,
    late: W::Fault,
    overwrites: fn(&str, &str) -> bool,
) {
    let there = |severity| vec![scan("Trivy", vec![dependency("CVE-2026-0001", severity)])];
    let gone = || vec![scan("Trivy", vec![])];
    let runs = [
        vec![there(Severity::Low), there(Severity::Critical)],
        vec![there(Severity::Low), gone()],
        vec![there(Severity::Low), gone(), there(Severity::Low)],
    ];
    for mut runs in runs {
        let last = runs.pop().unwrap();
        let first = W::holding(empty.clone()).await;
        for scans in runs {
            Bench::new(&first).sync(&scans).await;
        }
        let start = first.state();
        let world = W::holding(start.clone()).await;
        let bench = Bench::new(&world);
        bench.apply_with(&last, world.connect(&bench.mapping)).await.unwrap();
        let (requests, open) = (world.take_requests(), bench.only().await.open);
        let case = |at: usize| {
            let (start, last, requests) = (start.clone(), &last, &requests);
            async move {
                let world = W::holding(start).await;
                world.fail(at, late);
                let bench = Bench::new(&world);
                let number = bench.only().await.number;
                let person = async {
                    while world.made() <= at {
                        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                    }
                    world.person(Act::Label(number, "on-it")).await;
                    world.person(Act::Append(number, "I am on it.")).await;
                };
                let (applied, ()) = tokio::join!(bench.apply_with(last, world.connect(&bench.mapping)), person);
                let lost = at > 0 && overwrites(&requests[at - 1], &requests[at]);
                bench.sync(last).await;
                let seen = bench.only().await;
                let case = format!("before {at} ({}) of {requests:#?}: {applied:?}: {seen:#?}", requests[at]);
                assert!(seen.labels.iter().any(|label| label == "on-it"), "{case}");
                assert!(lost || seen.body.contains("I am on it."), "{case}");
                assert_eq!(seen.open, open, "{case}");
            }
        };
        futures::stream::iter(0..requests.len()).for_each_concurrent(8, case).await;
    }
}

/// Two runs at the same moment, then one more: one open issue a key, and nothing is undone.
pub async fn races<W: Failing>(empty: W::State, blocks: u32) {
    let world = W::holding(empty).await;
    prepare(&world, blocks).await;
    let (one, two) = tokio::join!(run(&world, blocks), run(&world, blocks));
    let twins = one.unwrap().twins.len() + two.unwrap().twins.len();
    let bench = bench(&world, blocks);
    bench.sync(&after(blocks)).await;
    let seen = bench.look().await;
    let open = |block, n| seen.iter().filter(|issue| issue.open && issue.title.contains(&id(block, n))).count();
    for block in 1..=blocks {
        assert_eq!(open(block, 2), 0, "{} is gone: {seen:#?}", id(block, 2));
        for n in [1, 3, 4, 5, 6, 7] {
            assert_eq!(open(block, n), 1, "{} ({twins} twins were closed): {seen:#?}", id(block, n));
        }
        assert_eq!(open(block, 8), 0, "{} is decided: {seen:#?}", id(block, 8));
    }
}
