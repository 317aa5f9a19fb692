//! How many requests a run makes, and paging.

use findsync::finding::{Scan, Severity};
use findsync::plan::Write;
use findsync::trackers::{Read as _, Which};

use crate::contract::{Bench, World as _, dependency, scan};
use crate::fake::{Fault, TOKEN};
use crate::world::{Hub, with_project};

fn many(count: u32) -> Vec<Scan> {
    let finding = |n| dependency(&format!("CVE-2026-{n:05}"), Severity::High);
    vec![scan("Trivy", (1..=count).map(finding).collect())]
}

/// A world with this many issues that are in step.
async fn in_step(count: u32) -> Hub {
    let hub = with_project().await;
    let mut bench = Bench::new(&hub);
    bench.config.limits.max_open = count as usize;
    bench.sync(&many(count)).await;
    hub.fake.reset_log();
    hub
}

#[tokio::test]
async fn a_run_that_changes_nothing_costs_its_list_pages() {
    let hub = in_step(250).await;
    assert!(Bench::new(&hub).plan(&many(250)).await.plan.changes.is_empty());
    // Three pages of open ones, those that people decided and some scan still reports, and the organization's issue fields.
    assert_eq!(hub.fake.log().len(), 5, "{:#?}", hub.fake.log());
}

/// 10,000 issues, put there without requests, as a run would have written them.
#[tokio::test]
async fn ten_thousand_issues_cost_a_hundred_requests_where_nothing_changes() {
    let hub = with_project().await;
    let mut bench = Bench::new(&hub);
    bench.config.limits.max_open = 10_000;
    let scans = many(10_000);
    let planned = bench.plan(&scans).await;
    {
        let mut world = hub.fake.world();
        for change in &planned.plan.changes {
            let Write::New(new) = &change.write else { panic!("everything is new") };
            let author = world.author(TOKEN);
            let number = world.add_issue(author, &new.title, &new.body, &["findsync"]);
            world.add_item(number);
            for field in &new.fields {
                world.set_field(number, &field.name, field.value.as_deref().unwrap());
            }
        }
        assert_eq!(world.issues.len(), 10_000);
    }
    hub.fake.reset_log();
    assert!(bench.plan(&scans).await.plan.changes.is_empty());
    let requests = hub.fake.log().len();
    eprintln!("GitHub: 10,000 issues, nothing to change: {requests} requests, of 103");
    assert!(requests <= 103);
}

#[tokio::test]
async fn a_new_issue_with_fields_costs_three_requests() {
    let hub = with_project().await;
    let bench = Bench::new(&hub);
    let tracker = hub.connect(&bench.mapping);
    bench.apply_with(&many(100), tracker).await.unwrap();
    let log = hub.fake.log();
    // The open, the decided, the closed and our own unlabelled issues, the label, the look for twins at the end, and the
    // organization's issue fields, once a connection.
    eprintln!("100 new issues with fields: {} requests", log.len());
    assert!(log.len() <= 3 * 100 + 8, "{} requests: {log:#?}", log.len());
}

#[tokio::test]
async fn pages_over_a_thousand_issues_and_makes_none_twice() {
    let hub = in_step(20).await;
    {
        let mut world = hub.fake.world();
        let template = world.issues[0].clone();
        for _ in 0..1_100 {
            world.add_issue(template.author.clone(), "other", "", &["findsync"]);
        }
    }
    let bench = Bench::new(&hub);
    let tracker = hub.tracker(TOKEN, &bench.mapping);
    let open = tracker.issues(Which::Open).await.unwrap();
    assert_eq!(open.len(), 1_120);
    let mut numbers: Vec<u64> = open.iter().map(|issue| issue.id.number).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), 1_120);
    assert_eq!(tracker.issues(Which::NewerThan(1_115)).await.unwrap().len(), 5);
    assert!(bench.plan(&many(20)).await.plan.changes.is_empty());
}

#[tokio::test]
async fn asks_for_less_where_a_page_is_too_heavy() {
    let hub = in_step(30).await;
    // The first one asks for the organization's issue fields.
    for at in 2..=6 {
        hub.fake.fail(at, Fault::BadGateway);
    }
    let mapping = hub.mapping();
    assert_eq!(hub.tracker(TOKEN, &mapping).issues(Which::Open).await.unwrap().len(), 30);
    assert_eq!(hub.fake.log().len(), 7, "five tries with 100, then one with 50");
}

#[tokio::test]
async fn closed_issues_are_listed_only_where_something_is_missing() {
    let hub = in_step(3).await;
    Bench::new(&hub).sync(&many(2)).await;
    hub.fake.reset_log();
    Bench::new(&hub).plan(&many(2)).await;
    assert_eq!(hub.fake.log().len(), 3, "the open and the decided ones, and issue fields");
}
