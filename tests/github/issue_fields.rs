//! The organization's issue fields, which stand beside a Project's fields and take their place.

use findsync::config::{FieldRule, Mapping};
use findsync::finding::{Scan, Severity};
use findsync::trackers::{Read as _, Track as _};

use crate::contract::{Bench, World as _, dependency, scan};
use crate::fake::issue_fields::IssueField;
use crate::fake::{TOKEN, TokenKind, World};
use crate::world::Hub;

const LEVELS: [&str; 5] = ["P0", "P1", "P2", "P3", "P4"];

fn one(severity: Severity) -> [Scan; 1] {
    [scan("Trivy", vec![dependency("CVE-2026-0001", severity)])]
}

fn priority(options: &[&str]) -> IssueField {
    IssueField::new(7, "Priority", "single_select", options)
}

/// An organization whose Project shows the issue field `Priority`, as GitHub shows it: without options.
async fn with_project(options: &[&str]) -> Hub {
    let mut world = World::with_project().and_issue_fields(vec![priority(options)]);
    for field in world.project.iter_mut().flat_map(|project| &mut project.fields) {
        if field.name == "Priority" {
            field.options.clear();
        }
    }
    Hub::start(world).await
}

fn rule(field: &str, value: &str) -> FieldRule {
    FieldRule { field: field.to_owned(), value: value.to_owned(), on: Default::default(), update: Default::default() }
}

fn value(hub: &Hub, id: u64) -> Option<String> {
    let world = hub.fake.world();
    world.issues[0].field_values.get(&id).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[tokio::test]
async fn a_project_that_shows_an_issue_field_gets_it_on_the_issue_with_or_without_graphql() {
    for in_graphql in [true, false] {
        let hub = with_project(&LEVELS).await;
        hub.fake.world().graphql_has_issue_fields = in_graphql;
        let bench = Bench::new(&hub);
        bench.sync(&one(Severity::High)).await;
        assert_eq!(value(&hub, 7).as_deref(), Some("P3"));
        assert_eq!(hub.fake.world().field(1, "Status").as_deref(), Some("In Progress"), "the Project keeps the rest");
        bench.sync(&one(Severity::Critical)).await;
        assert_eq!(value(&hub, 7).as_deref(), Some("P4"));
        assert!(hub.fake.world().issues[0].labels.iter().all(|label| !label.starts_with("Priority")));
    }
}

#[tokio::test]
async fn every_kind_of_issue_field_is_written_read_and_emptied_and_no_other_is_touched() {
    let fields = vec![
        priority(&LEVELS),
        IssueField::new(8, "Team", "text", &[]),
        IssueField::new(9, "Points", "number", &[]),
        IssueField::new(10, "Target date", "date", &[]),
        IssueField::new(11, "Effort", "single_select", &["High", "Low"]),
    ];
    let hub = Hub::start(World::default().and_issue_fields(fields)).await;
    let mut bench = Bench::new(&hub);
    bench.mapping.fields = vec![rule("team", "platform"), rule("Points", "5")];
    bench.mapping.due = [(Severity::High, 30)].into();
    bench.sync(&one(Severity::High)).await;
    let due = (bench.today + chrono::Days::new(30)).to_string();
    let all = [7, 8, 9, 10].map(|id| value(&hub, id).unwrap());
    assert_eq!(all, ["P3".to_owned(), "platform".to_owned(), "5.0".to_owned(), due]);
    hub.fake.world().issue(1).unwrap().field_values.insert(11, "Low".into());
    bench.mapping.fields = vec![rule("team", "web"), rule("Points", "8")];
    bench.sync(&one(Severity::High)).await;
    let all = [7, 8, 9, 11].map(|id| value(&hub, id).unwrap());
    assert_eq!(all, ["P3", "web", "8.0", "Low"]);
}

#[tokio::test]
async fn the_defaults_of_mapping_and_organization_leave_labels_as_they_were() {
    let hub = Hub::start(World::default().and_issue_fields(vec![priority(&["Urgent", "High", "Medium", "Low"])])).await;
    let bench = Bench::new(&hub);
    bench.sync(&one(Severity::High)).await;
    assert!(hub.fake.world().issues[0].labels.contains(&"Priority: P3".to_owned()));
    let tracker = hub.tracker(TOKEN, &bench.mapping);
    assert_eq!(tracker.check().await.unwrap(), []);
    let notes = tracker.meanings().await.unwrap().join("\n");
    assert!(notes.contains("`Priority` is a label: the organization's issue field `Priority` has none"), "{notes}");
    // Once the options are there, they are what the name means, and the label goes.
    hub.fake.world().issue_fields[0] = priority(&LEVELS);
    bench.sync(&one(Severity::High)).await;
    assert_eq!(value(&hub, 7).as_deref(), Some("P3"));
    assert!(hub.fake.world().issues[0].labels.iter().all(|label| !label.starts_with("Priority")));
}

#[tokio::test]
async fn a_value_that_the_project_had_goes_to_the_issue_field() {
    let hub = Hub::start(World::with_project()).await;
    let bench = Bench::new(&hub);
    bench.sync(&one(Severity::High)).await;
    hub.fake.world().issue_fields = vec![priority(&LEVELS)];
    bench.sync(&one(Severity::High)).await;
    assert_eq!(value(&hub, 7).as_deref(), Some("P3"));
    // What people empty stays empty.
    hub.fake.world().project.as_mut().unwrap().items.clear();
    hub.fake.world().issue(1).unwrap().field_values.clear();
    bench.sync(&one(Severity::High)).await;
    assert_eq!(value(&hub, 7), None);
}

#[tokio::test]
async fn check_says_what_a_name_means_and_what_options_lack_and_fix_adds_them_where_the_token_may() {
    let hub = with_project(&["P0", "P1", "Urgent"]).await;
    let mapping = hub.mapping();
    let problems = hub.tracker(TOKEN, &mapping).check().await.unwrap();
    let lacking: Vec<&str> = problems.iter().map(|problem| problem.what.as_str()).collect();
    assert_eq!(
        lacking,
        ["P2", "P3", "P4"].map(|o| format!("the organization's issue field `Priority` has no option `{o}`"))
    );
    assert!(problems.iter().all(|problem| problem.fixable && problem.hint.contains("admin:org")));
    let error = Bench::new(&hub).apply_with(&one(Severity::High), hub.connect(&mapping)).await.unwrap_err();
    assert!(format!("{error:?}").contains("no option `P3`"), "{error:?}");
    assert!(hub.fake.world().issues.is_empty());

    // Who may not is told again, and nothing else fails for it.
    hub.tracker(TOKEN, &mapping).fix().await.unwrap();
    assert_eq!(hub.tracker(TOKEN, &mapping).check().await.unwrap().len(), 3);
    hub.fake.world().accounts.get_mut(TOKEN).unwrap().token = TokenKind::Classic("repo, project, admin:org");
    let done = hub.tracker(TOKEN, &mapping).fix().await.unwrap();
    assert_eq!(done, ["added `P2`, `P3`, `P4` to the organization's issue field `Priority`"]);
    let ids: Vec<u64> = hub.fake.world().issue_fields[0].options.iter().map(|(id, ..)| *id).collect();
    assert_eq!(ids[..3], [700, 701, 702], "what was there keeps its id, and so its values");
    let tracker = hub.tracker(TOKEN, &mapping);
    assert_eq!(tracker.check().await.unwrap(), []);
    let notes = tracker.meanings().await.unwrap();
    assert_eq!(notes, ["`Priority` is the organization's issue field `Priority`", "`Status` is a field of Project 7"]);
}

#[tokio::test]
async fn a_token_that_may_not_see_issue_fields_is_told_whose_the_projects_field_is() {
    let hub = with_project(&LEVELS).await;
    hub.fake.world().accounts.get_mut(TOKEN).unwrap().bot = true;
    let problems = hub.tracker(TOKEN, &hub.mapping()).check().await.unwrap();
    assert!(problems.iter().all(|problem| problem.what.contains("which the token may not see")), "{problems:#?}");
    assert!(problems[0].hint.contains("Issue fields: read") && !problems[0].fixable, "{problems:#?}");
}

#[tokio::test]
async fn a_mapping_with_due_days_and_no_date_field_is_refused_before_anything_is_written() {
    for hub in [Hub::start(World::default()).await, Hub::start(World::with_project()).await] {
        let due = [(Severity::High, 30)].into();
        let mapping = Mapping { due, ..hub.mapping() };
        let mut bench = Bench::new(&hub);
        bench.mapping = mapping.clone();
        if hub.fake.world().project.is_some() {
            // Project 7 has one, called `Due`.
            bench.sync(&one(Severity::High)).await;
            let day = (bench.today + chrono::Days::new(30)).to_string();
            assert_eq!(hub.fake.world().field(1, "Due"), Some(day));
            continue;
        }
        let error = bench.apply_with(&one(Severity::High), hub.connect(&mapping)).await.unwrap_err().to_string();
        assert!(error.contains("no field for when an issue is due"), "{error}");
        assert!(hub.fake.world().issues.is_empty() && hub.fake.world().labels.is_empty());
    }
}
