//! Set-up: tokens, rights, missing fields and options, App authentication, other servers' addresses.

use std::collections::BTreeSet;

use findsync::config::{Credential, FieldRule, Mapping, Secret};
use findsync::finding::Severity;
use findsync::issue::IssueId;
use findsync::trackers::github::GitHub;
use findsync::trackers::{Error, Found, Problem, Read as _, Track as _, Which};

use crate::contract::{Bench, World as _, dependency, scan};
use crate::fake::world::Label;
use crate::fake::{Role, TOKEN, TokenKind, World};
use crate::world::{Hub, with_project, without_project};

async fn problems(hub: &Hub, token: &str, mapping: &Mapping) -> Vec<Problem> {
    let problems = hub.tracker(token, mapping).check().await.unwrap();
    assert!(problems.iter().all(|problem| !problem.hint.is_empty()), "{problems:#?}");
    problems
}

fn rule(field: &str, value: &str) -> FieldRule {
    FieldRule { field: field.to_owned(), value: value.to_owned(), on: Default::default(), update: Default::default() }
}

#[tokio::test]
async fn a_good_set_up_has_no_problems() {
    for hub in [without_project().await, with_project().await] {
        assert_eq!(problems(&hub, TOKEN, &hub.mapping()).await, []);
        assert!(hub.fake.log().iter().all(|request| !request.starts_with("PATCH")));
    }
}

#[tokio::test]
async fn check_lists_everything_at_once_and_writes_nothing() {
    let hub = with_project().await;
    let mut mapping = hub.mapping();
    mapping.severity.field = "Severity".to_owned();
    mapping.status.values[0].value = "Doing".to_owned();
    mapping.fields = vec![rule("Due", "soon"), rule("Title", "x"), rule("milestone", "v9")];
    {
        let mut world = hub.fake.world();
        (world.archived, world.issues_enabled) = (true, false);
        world.project.as_mut().unwrap().closed = true;
    }
    let before = hub.fake.world().clone();
    let problems = problems(&hub, TOKEN, &mapping).await;
    let all = problems.iter().map(|problem| problem.what.as_str()).collect::<Vec<_>>().join("\n");
    for part in [
        "archived",
        "disabled",
        "no field `Severity`",
        "no option `Doing`",
        "`soon` is not a value",
        "cannot be set: TITLE",
        "no milestone `v9`",
        "Project is closed",
    ] {
        assert!(all.contains(part), "{part} is missing in\n{all}");
    }
    assert_eq!(hub.fake.world().labels, before.labels);
    assert_eq!(hub.fake.world().project, before.project);
    let mapped: Vec<_> = problems.iter().filter(|problem| problem.fixable).collect();
    assert_eq!(mapped.len(), 2, "{mapped:#?}");
}

#[tokio::test]
async fn check_names_what_the_token_lacks() {
    let hub = with_project().await;
    let mapping = hub.mapping();
    for (token, part) in [
        ("ghp_wrong", "does not accept the token"),
        ("ghp_outsider00", "cannot find the repository `acme/shop`"),
        ("ghp_noproject0", "lacks the scope `project`"),
        ("ghp_noproject0", "cannot see Project 7"),
        ("ghs_workflow00", "cannot see Project 7"),
        ("github_pat_readonly", "may only read"),
    ] {
        let problems = problems(&hub, token, &mapping).await;
        assert!(problems.iter().any(|problem| problem.what.contains(part)), "{token}: {problems:#?}");
        assert!(!format!("{problems:?}").contains(token));
        assert!(problems.iter().all(|problem| !problem.hint.contains("findsync check")), "{problems:#?}");
    }
    let mut wrong = mapping;
    wrong.project.name = "nothing".to_owned();
    assert!(problems(&hub, TOKEN, &wrong).await[0].what.contains("cannot find the repository `acme/nothing`"));
}

#[tokio::test]
async fn a_missing_field_or_option_fails_before_anything_is_written_and_fix_makes_it() {
    let hub = with_project().await;
    {
        let mut world = hub.fake.world();
        let project = world.project.as_mut().unwrap();
        project.fields.retain(|field| field.name != "Priority");
        project
            .fields
            .iter_mut()
            .find(|field| field.name == "Status")
            .unwrap()
            .options
            .retain(|(_, name, _)| name == "Todo");
    }
    let bench = Bench::new(&hub);
    let scans = [scan("Trivy", vec![dependency("CVE-2026-0001", Severity::High)])];
    let error = bench.apply_with(&scans, hub.connect(&bench.mapping)).await.unwrap_err();
    assert!(format!("{error:?}").contains("no field `Priority`"), "{error:?}");
    assert!(hub.fake.world().issues.is_empty() && hub.fake.world().labels.is_empty());
    let todo = |hub: &Hub| {
        let world = hub.fake.world();
        let fields = &world.project.as_ref().unwrap().fields;
        fields.iter().find(|field| field.name == "Status").unwrap().options[0].clone()
    };
    let before = todo(&hub);
    let done = hub.tracker(TOKEN, &bench.mapping).fix().await.unwrap();
    assert_eq!(done.len(), 4, "{done:?}");
    assert_eq!(todo(&hub), before, "what was there stays");
    assert_eq!(problems(&hub, TOKEN, &bench.mapping).await, []);
    assert_eq!(hub.tracker(TOKEN, &bench.mapping).fix().await.unwrap(), Vec::<String>::new());
    bench.sync(&scans).await;
    assert_eq!(hub.fake.world().field(1, "Priority").as_deref(), Some("P3"));
}

#[tokio::test]
async fn names_are_found_in_any_case() {
    let hub = with_project().await;
    {
        let mut world = hub.fake.world();
        let fields = &mut world.project.as_mut().unwrap().fields;
        for field in fields.iter_mut() {
            field.name = field.name.to_uppercase();
            field.options.iter_mut().for_each(|(_, name, _)| *name = name.to_lowercase());
        }
        world.labels.push(Label { name: "FindSync".to_owned(), color: "ffffff".to_owned(), description: None });
    }
    let bench = Bench::new(&hub);
    bench.sync(&[scan("Trivy", vec![dependency("CVE-2026-0001", Severity::High)])]).await;
    let world = hub.fake.world();
    assert_eq!(world.field(1, "STATUS").as_deref(), Some("in progress"));
    assert_eq!(world.issues[0].labels, ["FindSync"]);
}

#[tokio::test]
async fn writes_every_kind_of_field() {
    let hub = with_project().await;
    hub.fake.world().milestones = vec!["v1".to_owned(), "v2".to_owned()];
    let mut bench = Bench::new(&hub);
    bench.mapping.fields = vec![
        rule("Team", "platform"),
        rule("Points", "5"),
        rule("Due", "2027-01-31"),
        rule("Sprint", "sprint 2"),
        rule("assignees", "@Octo, hubot"),
        rule("milestone", "v2"),
        rule("issue_type", "Bug"),
    ];
    let scans = [scan("Trivy", vec![dependency("CVE-2026-0001", Severity::High)])];
    bench.sync(&scans).await;
    let world = hub.fake.world();
    let values = ["Team", "Points", "Due", "Sprint"].map(|field| world.field(1, field).unwrap());
    assert_eq!(values, ["platform", "5.0", "2027-01-31", "Sprint 2"]);
    let issue = &world.issues[0];
    assert_eq!((&issue.assignees[..], issue.milestone), (&["Octo".to_owned(), "hubot".to_owned()][..], Some(2)));
    assert_eq!(issue.kind.as_deref(), Some("Bug"));
}

#[tokio::test]
async fn labels_are_made_once_with_colour_and_description() {
    let hub = without_project().await;
    let mut bench = Bench::new(&hub);
    bench.mapping.labels = vec!["security".to_owned()];
    let all = Severity::ALL.iter().enumerate();
    let all = all.map(|(n, severity)| dependency(&format!("CVE-2026-000{n}"), *severity)).collect();
    bench.sync(&[scan("Trivy", all)]).await;
    let world = hub.fake.world();
    assert!(world.labels.iter().all(|label| label.description.as_ref().is_some_and(|text| !text.is_empty())));
    let colours: BTreeSet<&str> = world.labels.iter().map(|label| label.color.as_str()).collect();
    assert!(colours.len() >= 7, "{:#?}", world.labels);
    let names: Vec<&str> = world.labels.iter().map(|label| label.name.as_str()).collect();
    assert!(names.contains(&"Priority: P4") && names.contains(&"Status: In Progress"), "{names:?}");
}

#[tokio::test]
async fn who_may_not_label_is_told() {
    let hub = without_project().await;
    {
        let mut world = hub.fake.world();
        world.public = true;
        world.labels.push(Label { name: "findsync".to_owned(), color: "ffffff".to_owned(), description: None });
        world.accounts.get_mut(TOKEN).unwrap().role = Role::Read;
    }
    let bench = Bench::new(&hub);
    let scans = [scan("Trivy", vec![dependency("CVE-2026-0001", Severity::High)])];
    let (_, applied) = bench.apply_with(&scans, hub.connect(&bench.mapping)).await.unwrap();
    assert!(format!("{applied:?}").contains("Triage"), "{applied:?}");
    hub.fake.world().accounts.get_mut(TOKEN).unwrap().role = Role::Write;
    bench.sync(&scans).await;
    assert_eq!(hub.fake.world().issues.len(), 1, "the second run finds it by its author");
}

#[tokio::test]
async fn refusals_say_which_permission_is_missing() {
    let hub = without_project().await;
    let bench = Bench::new(&hub);
    let scans = [scan("Trivy", vec![dependency("CVE-2026-0001", Severity::High)])];
    hub.fake.world().accounts.get_mut("ghs_workflow00").unwrap().token =
        TokenKind::App { issues: false, projects: false };
    let outcome = |world: fn(&mut World), token: &'static str| {
        world(&mut hub.fake.world());
        let tracker = Box::new(hub.tracker(token, &bench.mapping));
        let (bench, scans) = (&bench, &scans);
        async move { format!("{:?}", bench.apply_with(scans, tracker).await) }
    };
    assert!(outcome(|_| (), "ghs_workflow00").await.contains("permissions: issues: write"));
    let disabled = outcome(|world| world.issues_enabled = false, TOKEN).await;
    assert!(disabled.contains("issues are disabled in `acme/shop`"), "{disabled}");
    let archived = outcome(|world| world.archived = true, TOKEN).await;
    assert!(archived.contains("unarchive"), "{archived}");
}

#[tokio::test]
async fn follows_moved_and_deleted_issues() {
    let hub = without_project().await;
    let bench = Bench::new(&hub);
    bench
        .sync(&[scan(
            "Trivy",
            vec![dependency("CVE-2026-0001", Severity::High), dependency("CVE-2026-0002", Severity::High)],
        )])
        .await;
    {
        let mut world = hub.fake.world();
        world.issue(1).unwrap().moved = Some("acme/other");
        world.issue(2).unwrap().deleted = true;
    }
    let tracker = hub.tracker(TOKEN, &bench.mapping);
    let id = |number| IssueId { number, ..IssueId::default() };
    assert!(matches!(tracker.issue(&id(1)).await.unwrap(), Found::Moved(to) if to.contains("acme/other")));
    assert!(matches!(tracker.issue(&id(2)).await.unwrap(), Found::Gone));
    assert!(matches!(tracker.issue(&id(99)).await.unwrap(), Found::Gone));
}

#[tokio::test]
async fn an_app_gets_its_own_token() {
    let hub = without_project().await;
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem();
    let credential = Credential::App { id: "4711".to_owned(), private_key: Secret::new(key), installation: None };
    let instance = findsync::config::Instance { credential, ..hub.instance("") };
    let tracker = hub.tracker_of(&instance, &hub.mapping());
    assert!(tracker.issues(Which::Open).await.unwrap().is_empty());
    assert!(tracker.issues(Which::Open).await.unwrap().is_empty());
    let log = hub.fake.log();
    assert_eq!(log.iter().filter(|request| request.contains("access_tokens")).count(), 1, "{log:?}");
}

#[test]
fn bad_settings_are_told_before_anything_is_sent() {
    let mapping = {
        let project = findsync::config::Project { name: "shop".to_owned(), ..Default::default() };
        Mapping::seed("shop".to_owned(), 0, findsync::config::TrackerKind::GitHub, project)
    };
    for location in ["github.com/acme", "https://github.com", "https://github.com/acme/shop", "http://ghe.example/acme"]
    {
        let instance =
            findsync::config::Instance::new("x".to_owned(), findsync::config::TrackerKind::GitHub, location.to_owned());
        assert!(matches!(GitHub::connect(&instance, &mapping), Err(Error::Settings { .. })), "{location}");
    }
}
