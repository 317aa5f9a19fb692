//! What lists are of, and what they tell beside the issue itself.

use findsync::config::Mapping;
use findsync::finding::Severity;
use findsync::issue::{Actor, Body, Edit, Issue, State, value_digest};
use findsync::trackers::{Track, Which};

use super::{Act, Bench, World, dependency, scan};

const SOURCE: &str = "findsync:acme/shop";
const DECIDED: &str = "findsync-decided";

/// A world with one open issue, and its number.
async fn with_one(world: &dyn World) -> u64 {
    let bench = Bench::new(world);
    bench.sync(&[scan("Trivy", vec![dependency("CVE-2024-1", Severity::High)])]).await;
    bench.only().await.number
}

async fn list(tracker: &dyn Track, which: Which) -> Vec<Issue> {
    tracker.issues(which).await.unwrap()
}

async fn numbers(tracker: &dyn Track, which: Which) -> Vec<u64> {
    list(tracker, which).await.iter().map(|issue| issue.id.number).collect()
}

async fn one(tracker: &dyn Track, which: Which) -> Issue {
    let mut issues = list(tracker, which).await;
    assert_eq!(issues.len(), 1, "{issues:#?}");
    issues.remove(0)
}

/// An edit that leaves an issue in a state and says so in the stamp, as ours do.
fn leaves(tracker: &dyn Track, issue: &Issue, state: State) -> Edit {
    let mut stamp = issue.stamp.clone().unwrap();
    stamp.state = state;
    let limits = tracker.limits();
    let text = limits.stamp_in_body.then(|| stamp.encode(limits.stamp));
    let body = Body { stamp: text, ..Body::parse(&issue.body) }.compose(&limits);
    Edit { body: Some(body), stamp: Some(stamp), state: Some(state), ..Edit::default() }
}

pub async fn lists_by_its_own_labels(world: &dyn World) {
    let number = with_one(world).await;
    let source = |label: &str| Mapping { source_label: Some(label.to_owned()), ..world.mapping() };
    let plain = world.connect(&world.mapping());
    let ours = world.connect(&source(SOURCE));
    let other = world.connect(&source("findsync:acme/other"));

    // An issue without the source's label is found before anything is opened.
    let everywhere = [numbers(&*ours, Which::Open).await, numbers(&*ours, Which::Closed).await].concat();
    assert_eq!(everywhere, [number]);

    let issue = one(&*plain, Which::Open).await;
    assert_eq!(issue.own_labels, Vec::<String>::new());
    let add = Edit { add_labels: vec![SOURCE.into()], ..Edit::default() };
    ours.edit(&issue, &add).await.unwrap();
    let issue = one(&*ours, Which::Open).await;
    assert_eq!((issue.own_labels.as_slice(), issue.labelled), ([SOURCE.to_owned()].as_slice(), true));
    assert!(!issue.labels.iter().any(|label| label == SOURCE), "{:?}", issue.labels);
    assert_eq!(numbers(&*other, Which::Open).await, [] as [u64; 0]);
    assert_eq!(numbers(&*other, Which::Closed).await, [number], "one finding may be two sources'");

    let close = Edit { add_labels: vec![DECIDED.into()], ..leaves(&*ours, &issue, State::Closed) };
    ours.edit(&issue, &close).await.unwrap();
    let issue = one(&*ours, Which::Decided).await;
    assert_eq!((issue.id.number, issue.state), (number, State::Closed));
    let mut labels = issue.own_labels.clone();
    labels.sort();
    assert_eq!(labels, [DECIDED, SOURCE]);
    assert_eq!(numbers(&*plain, Which::Decided).await, [number]);
    for which in [Which::Open, Which::Closed] {
        assert_eq!(numbers(&*ours, which).await, [] as [u64; 0], "{which:?}");
    }
    assert_eq!(numbers(&*other, Which::Decided).await, [] as [u64; 0]);

    let remove = Edit { remove_labels: vec![DECIDED.into()], ..Edit::default() };
    ours.edit(&issue, &remove).await.unwrap();
    assert_eq!(numbers(&*ours, Which::Decided).await, [] as [u64; 0]);
    assert_eq!(one(&*ours, Which::Closed).await.own_labels, [SOURCE]);
}

pub async fn knows_who_closed_an_issue(world: &dyn World) {
    let number = with_one(world).await;
    let tracker = world.connect(&world.mapping());
    for (act, closer) in [(Act::Close(number), Actor::Person), (Act::CloseByBot(number), Actor::Bot)] {
        assert_eq!(one(&*tracker, Which::Open).await.closed_by, None);
        world.person(act).await;
        let closed = one(&*tracker, Which::Closed).await;
        assert_eq!(closed.closed_by, Some(closer));
        tracker.edit(&closed, &leaves(&*tracker, &closed, State::Open)).await.unwrap();
    }
    let open = one(&*tracker, Which::Open).await;
    tracker.edit(&open, &leaves(&*tracker, &open, State::Closed)).await.unwrap();
    assert_eq!(one(&*tracker, Which::Closed).await.closed_by, Some(Actor::Us));
}

pub async fn names_a_stamp_that_cannot_be_read(world: &dyn World) {
    let number = with_one(world).await;
    let tracker = world.connect(&world.mapping());
    assert_eq!(one(&*tracker, Which::Open).await.stamp_error, None);
    world.person(Act::Damage(number)).await;
    let issue = one(&*tracker, Which::Open).await;
    assert!(issue.stamp.is_none() && issue.stamp_error.is_some() && issue.trusted, "{issue:#?}");
}

pub async fn a_label_of_its_own_by_an_earlier_name_goes(world: &dyn World) {
    let number = with_one(world).await;
    let plain = world.connect(&world.mapping());
    let issue = one(&*plain, Which::Open).await;
    world.person(Act::Label(number, "people")).await;
    // What an earlier run wrote under the earlier name.
    let mut edit = leaves(&*plain, &one(&*plain, Which::Open).await, State::Open);
    let mut stamp = edit.stamp.take().unwrap();
    let mark = plain.marks().into_iter().find(|(name, _)| *name == "own_label").unwrap();
    stamp.fields.insert(mark.0.to_owned(), value_digest(&mark.1));
    let limits = plain.limits();
    let body = Body::parse(&issue.body);
    let text = limits.stamp_in_body.then(|| stamp.encode(limits.stamp));
    edit.body = Some(Body { stamp: text, ..body }.compose(&limits));
    (edit.stamp, edit.state) = (Some(stamp), None);
    edit.add_labels = vec![format!("{}:acme/shop", mark.1)];
    let issue = one(&*plain, Which::Open).await;
    plain.edit(&issue, &edit).await.unwrap();

    let renamed = Mapping { own_label: "guarded".into(), ..world.mapping() };
    let tracker = world.connect(&renamed);
    let found = [list(&*tracker, Which::Open).await, list(&*tracker, Which::Closed).await].concat();
    assert_eq!(found.len(), 1, "{found:#?}");
    tracker.edit(&found[0], &Edit { title: Some("Anew".into()), ..Edit::default() }).await.unwrap();
    let issue = one(&*tracker, Which::Open).await;
    assert!(issue.labelled, "{issue:#?}");
    let mut labels = issue.labels;
    labels.retain(|label| label == "people" || label.starts_with("findsync"));
    assert_eq!(labels, ["people"], "what people put there stays, what findsync did goes");
}
