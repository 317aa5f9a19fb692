//! What GitHub does now and then: renamed repositories, people who left, locked issues, names that find nothing, answers
//! of status 200 that are failures.

use findsync::config::{FieldRule, Mapping};
use findsync::finding::Severity;
use findsync::trackers::{Error, Read as _, Which};

use crate::contract::{Bench, World as _, dependency, scan};
use crate::fake::world::Label;
use crate::fake::{Fault, Role, TOKEN};
use crate::world::{Hub, without_project};

const APP: &str = "ghs_workflow00";

fn one() -> Vec<findsync::finding::Scan> {
    vec![scan("Trivy", vec![dependency("CVE-2026-0001", Severity::High)])]
}

fn with_field(hub: &Hub, field: &str, value: &str) -> Mapping {
    let rule = FieldRule {
        field: field.to_owned(),
        value: value.to_owned(),
        on: Default::default(),
        update: Default::default(),
    };
    Mapping { fields: vec![rule], ..hub.mapping() }
}

#[tokio::test]
async fn an_apps_issue_without_the_label_is_found_where_its_name_finds_nothing() {
    for finds_apps in [true, false] {
        let hub = without_project().await;
        hub.fake.world().finds_apps = finds_apps;
        let bench = Bench::new(&hub);
        for _ in 0..2 {
            let tracker = Box::new(hub.tracker(APP, &bench.mapping));
            bench.apply_with(&one(), tracker).await.unwrap();
            assert_eq!(hub.fake.world().issues.len(), 1, "by name: {finds_apps}");
            hub.fake.world().issue(1).unwrap().labels.clear();
        }
    }
}

#[tokio::test]
async fn somebody_who_left_keeps_no_issue_from_being_opened() {
    let hub = without_project().await;
    let mut bench = Bench::new(&hub);
    bench.mapping = with_field(&hub, "assignees", "Octo, gone");
    bench.sync(&one()).await;
    assert!(hub.fake.world().issues[0].assignees.is_empty());
    let problems = hub.tracker(TOKEN, &bench.mapping).check().await.unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].what, "`gone` cannot be assigned to issues of `acme/shop`");
}

#[tokio::test]
async fn labels_that_are_too_long_are_told_beforehand_or_left_out() {
    let hub = without_project().await;
    let mut bench = Bench::new(&hub);
    let long = "x".repeat(51);
    bench.mapping.labels = vec![long.clone()];
    let error = bench.apply_with(&one(), hub.connect(&bench.mapping)).await.unwrap_err().to_string();
    assert!(error.contains(&long) && error.contains("50 characters"), "{error}");
    assert!(hub.fake.world().issues.is_empty());
    bench.mapping = with_field(&hub, "Text", "{{ title }} {{ title }}");
    bench.sync(&one()).await;
    assert_eq!(hub.fake.world().issues[0].labels, ["findsync", "Priority: P3", "Status: In Progress"]);
}

#[tokio::test]
async fn a_missing_milestone_is_told_before_anything_is_written() {
    let hub = without_project().await;
    let mut bench = Bench::new(&hub);
    bench.mapping = with_field(&hub, "milestone", "v9");
    let error = bench.apply_with(&one(), hub.connect(&bench.mapping)).await.unwrap_err().to_string();
    assert!(error.contains("no milestone `v9`"), "{error}");
    assert!(hub.fake.world().labels.is_empty());
}

#[tokio::test]
async fn a_renamed_repository_is_followed() {
    let hub = without_project().await;
    hub.fake.world().old_name = Some("store");
    let mut bench = Bench::new(&hub);
    bench.mapping.project.name = "store".to_owned();
    bench.sync(&one()).await;
    bench.sync(&[scan("Trivy", vec![])]).await;
    let world = hub.fake.world();
    assert!(!world.issues[0].open);
    assert_eq!(world.issues[0].comments.len(), 1);
}

#[tokio::test]
async fn a_locked_issue_is_closed_without_a_comment_where_we_may_not_write_one() {
    let hub = without_project().await;
    let bench = Bench::new(&hub);
    bench.sync(&one()).await;
    {
        let mut world = hub.fake.world();
        world.labels.push(Label { name: "Status: Done".to_owned(), color: "ededed".to_owned(), description: None });
        world.issue(1).unwrap().locked = true;
        world.accounts.get_mut(TOKEN).unwrap().role = Role::Triage;
    }
    bench.sync(&[scan("Trivy", vec![])]).await;
    let world = hub.fake.world();
    assert!(!world.issues[0].open && world.issues[0].comments.is_empty());
}

#[tokio::test]
async fn failures_of_status_200_are_asked_again_or_for_less() {
    let hub = without_project().await;
    let bench = Bench::new(&hub);
    bench.sync(&one()).await;
    for (fault, times, requests) in
        [(Fault::WentWrong, 1, 2), (Fault::SecondaryInWords, 1, 2), (Fault::TooHeavy, 1, 2), (Fault::TooHeavy, 5, 6)]
    {
        hub.fake.reset_log();
        // The first one asks for the organization's issue fields.
        (1..=times).for_each(|at| hub.fake.fail(at + 1, fault));
        assert_eq!(hub.tracker(TOKEN, &bench.mapping).issues(Which::Open).await.unwrap().len(), 1);
        assert_eq!(hub.fake.log().len(), requests + 1, "{fault:?} {times} times");
    }
    hub.fake.reset_log();
    (1..=30).for_each(|at| hub.fake.fail(at, Fault::WentWrong));
    let error = hub.tracker(TOKEN, &bench.mapping).issues(Which::Open).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_lost_answer_and_a_lagging_list_make_no_twin() {
    let hub = without_project().await;
    Bench::new(&hub).sync(&one()).await;
    let opening = hub.fake.log().iter().position(|request| request == "POST /api/v3/repos/acme/shop/issues").unwrap();
    let hub = without_project().await;
    // Not in the first list after it was opened, but in the second.
    hub.fake.world().list_lag = 2;
    hub.fake.fail(opening + 1, Fault::BadGateway);
    Bench::new(&hub).sync(&one()).await;
    assert_eq!(hub.fake.world().issues.len(), 1);
}
