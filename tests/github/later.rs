//! GitHub as it is elsewhere, or will be: newer kinds, hidden boards, policies, older servers; and boards that people tidy.

use findsync::config::{FieldRule, Mapping};
use findsync::finding::{Scan, Severity};
use findsync::trackers::{Error, Read as _, Which};

use crate::contract::{Act, Bench, World as _, dependency, scan};
use crate::fake::TOKEN;
use crate::world::{Hub, with_project, without_project};

fn one(severity: Severity) -> Vec<Scan> {
    vec![scan("Trivy", vec![dependency("CVE-2026-0001", severity)])]
}

#[tokio::test]
async fn unknown_kinds_of_fields_and_hidden_boards_stop_nothing() {
    let hub = with_project().await;
    {
        let mut world = hub.fake.world();
        (world.unknown_kinds, world.hidden_board) = (true, true);
    }
    let bench = Bench::new(&hub);
    bench.sync(&one(Severity::High)).await;
    bench.sync(&one(Severity::Critical)).await;
    assert_eq!(hub.fake.world().field(1, "Priority").as_deref(), Some("P4"));
    assert_eq!(hub.tracker(TOKEN, &bench.mapping).check().await.unwrap(), []);
    bench.sync(&[scan("Trivy", vec![])]).await;
    bench.sync(&one(Severity::Critical)).await;
    let seen = bench.only().await;
    assert!(seen.open && seen.comments.len() == 2, "{seen:#?}");
}

#[tokio::test]
async fn a_refusal_of_the_organization_is_told_with_what_to_do() {
    for (message, words) in [
        (
            "Resource protected by organization SAML enforcement. You must grant your Personal Access token access.",
            "single sign-on",
        ),
        (
            "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list \
          enabled, and your IP address is not permitted to access this resource.",
            "allow list",
        ),
        (
            "`acme` forbids access via a personal access token (classic). Please use a GitHub App.",
            "make a fine-grained one",
        ),
        (
            "`acme` forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 366 days.",
            "shorter life",
        ),
        ("This installation has been suspended", "an owner"),
    ] {
        let hub = without_project().await;
        hub.fake.world().forbids = Some(message);
        let tracker = hub.tracker(TOKEN, &hub.mapping());
        let error = tracker.issues(Which::Open).await.unwrap_err();
        assert!(matches!(error, Error::Forbidden { .. }) && error.to_string().contains(words), "{error}");
        let problems = tracker.check().await.unwrap();
        assert!(problems[0].what.contains(words), "{problems:?}");
    }
}

#[tokio::test]
async fn what_people_take_off_the_board_stays_off() {
    for archives in [false, true] {
        let hub = with_project().await;
        let bench = Bench::new(&hub);
        bench.sync(&one(Severity::Low)).await;
        {
            let mut world = hub.fake.world();
            let items = &mut world.project.as_mut().unwrap().items;
            if archives {
                items[0].archived = true;
            } else {
                items.clear();
            }
        }
        bench.sync(&one(Severity::Critical)).await;
        assert!(bench.only().await.body.contains("Critical"), "the issue itself is kept in step");
        let world = hub.fake.world();
        let items = &world.project.as_ref().unwrap().items;
        assert_eq!(items.iter().map(|item| item.archived).collect::<Vec<_>>(), [true][..usize::from(archives)]);
    }
}

#[tokio::test]
async fn an_older_enterprise_server_closes_duplicates_as_not_planned() {
    let hub = without_project().await;
    hub.fake.world().knows_duplicates = false;
    let bench = Bench::new(&hub);
    bench.sync(&one(Severity::Low)).await;
    hub.person(Act::Twin(1)).await;
    bench.sync(&one(Severity::Low)).await;
    let world = hub.fake.world();
    assert!(world.issues[0].open);
    assert_eq!((world.issues[1].open, world.issues[1].reason.as_deref()), (false, Some("not_planned")));
}

#[tokio::test]
async fn check_tries_to_write_and_knows_the_types_of_issues() {
    let hub = without_project().await;
    let says = async |hub: &Hub, token: &'static str, mapping: &Mapping| {
        let problems = hub.tracker(token, mapping).check().await.unwrap();
        problems.into_iter().map(|problem| problem.what).collect::<Vec<_>>()
    };
    let mapping = hub.mapping();
    assert_eq!(says(&hub, TOKEN, &mapping).await, [] as [String; 0]);
    let readonly = says(&hub, "ghs_readonly00", &mapping).await;
    assert!(readonly.iter().any(|what| what.contains("may not write issues of `acme/shop`")), "{readonly:?}");
    let (field, value) = ("issue_type".to_owned(), "Story".to_owned());
    let rule = FieldRule { field, value, on: Default::default(), update: Default::default() };
    let mapping = Mapping { fields: vec![rule], ..mapping };
    assert_eq!(says(&hub, TOKEN, &mapping).await, ["`acme` has no issue type `Story`"]);
    assert!(hub.fake.world().issues.is_empty());
}

#[tokio::test]
async fn issues_follow_a_mapping_that_names_another_field_or_starts_to_use_a_project() {
    let hub = with_project().await;
    let mut bench = Bench::new(&hub);
    let project = bench.mapping.project.project_number.take();
    bench.sync(&one(Severity::High)).await;
    let labels = |hub: &Hub| {
        let mut labels = hub.fake.world().issues[0].labels.clone();
        labels.sort();
        labels
    };
    assert_eq!(labels(&hub), ["Priority: P3", "Status: In Progress", "findsync"]);
    bench.mapping.project.project_number = project;
    bench.sync(&one(Severity::High)).await;
    assert_eq!(labels(&hub), ["findsync"]);
    let fields = ["Priority", "Status"].map(|field| hub.fake.world().field(1, field));
    assert_eq!(fields, [Some("P3".to_owned()), Some("In Progress".to_owned())]);

    let hub = without_project().await;
    let mut bench = Bench::new(&hub);
    bench.sync(&one(Severity::High)).await;
    bench.mapping.severity.field = "Severity".to_owned();
    bench.sync(&one(Severity::High)).await;
    assert_eq!(labels(&hub), ["Severity: P3", "Status: In Progress", "findsync"]);
}

#[tokio::test]
async fn a_transferred_issue_gets_no_twin_and_the_plan_says_where_it_is() {
    let hub = without_project().await;
    let bench = Bench::new(&hub);
    bench.sync(&one(Severity::High)).await;
    hub.fake.world().issue(1).unwrap().moved = Some("acme/other");
    for severity in [Severity::High, Severity::Critical] {
        let (planned, applied) = bench.apply_with(&one(severity), hub.connect(&bench.mapping)).await.unwrap();
        assert_eq!(hub.fake.world().issues.len(), 1, "{:#?}", planned.plan);
        let why = format!("{:?}", planned.plan.withheld);
        assert!(why.contains("its transfer to `acme/other#1`"), "{why}");
        assert!(!applied.is_partial(), "{applied:?}");
    }
    // What somebody else transferred here is no issue of ours that went away.
    hub.fake.world().issue(1).unwrap().moved = None;
    bench.sync(&one(Severity::High)).await;
    assert_eq!(hub.fake.world().issues.len(), 1);
}
