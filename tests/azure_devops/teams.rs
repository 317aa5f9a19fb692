//! Boards as teams have them: people leave, types change, items move to other projects.

use findsync::config::{FieldRule, Mapping};
use findsync::finding::{Scan, Severity, Status};
use findsync::issue::Edit;
use findsync::trackers::{Error, Read as _, Track as _, Which};
use serde_json::json;

use crate::contract::{Bench, World as _, dependency, scan};
use crate::fake::{Fake, Kind, Process};
use crate::keeps_contract::Project;
use crate::kit::{body_field, connect};

const SOURCE: &str = "findsync:acme/shop";

fn one(severity: Severity) -> Vec<Scan> {
    vec![scan("Trivy", vec![dependency("CVE-2026-0001", severity)])]
}

fn rule(field: &str, value: &str) -> FieldRule {
    FieldRule { field: field.into(), value: value.into(), on: Default::default(), update: Default::default() }
}

#[tokio::test]
async fn who_left_and_what_was_renamed_keeps_nothing_from_being_opened() {
    let project = Project::new(Process::Agile).await;
    let mut bench = Bench::new(&project);
    bench.mapping.fields = vec![
        rule("assignees", "gone@acme.example"),
        rule("area", "Renamed"),
        rule("iteration", "Sprint 1"),
        rule("parent", "4711"),
    ];
    bench.sync(&one(Severity::Low)).await;
    bench.sync(&one(Severity::Critical)).await;
    let item = project.fake.items().remove(0);
    assert_eq!(item.text("System.AssignedTo"), "");
    assert_eq!(
        (item.text("System.AreaPath"), item.text("System.IterationPath")),
        ("Shop".into(), "Shop\\Sprint 1".into())
    );
    assert!(item.relations.iter().all(|relation| relation["rel"] == "Hyperlink"));
}

#[tokio::test]
async fn a_required_field_is_named_with_how_to_set_it() {
    let project = Project::new(Process::Basic).await;
    {
        let mut world = project.fake.world();
        let issue = world.types.iter_mut().find(|of_type| of_type.name == "Issue").unwrap();
        issue.fields.push(crate::fake::Field::new("Custom.Team", "string").required());
    }
    let bench = Bench::new(&project);
    let (_, applied) = bench.apply_with(&one(Severity::Low), project.connect(&bench.mapping)).await.unwrap();
    let said = format!("{:?}", applied.outcomes);
    assert!(said.contains("fields: [{ field: Custom.Team, value: … }]"), "{said}");
}

#[tokio::test]
async fn an_item_whose_type_people_changed_is_closed_and_opened_in_its_own_states() {
    for (process, other, begin, done) in [
        (Process::Basic, "Task", "To Do", "Done"),
        (Process::Agile, "Issue", "Active", "Closed"),
        (Process::Agile, "Task", "New", "Closed"),
        (Process::Scrum, "Task", "To Do", "Done"),
        (Process::Scrum, "Impediment", "Open", "Closed"),
        (Process::Cmmi, "Task", "Proposed", "Closed"),
    ] {
        let project = Project::new(process).await;
        let bench = Bench::new(&project);
        bench.sync(&one(Severity::Low)).await;
        let id = project.fake.items()[0].id;
        let fields = [("System.WorkItemType", json!(other)), ("System.State", json!(begin))];
        project.fake.world().person_sets(id, &fields);
        let case = format!("{other} of {}", process.name());
        assert!(bench.plan(&one(Severity::Low)).await.plan.changes.is_empty(), "{case}");
        bench.sync(&[scan("Trivy", vec![])]).await;
        assert_eq!(project.fake.item(id).text("System.State"), done, "{case}");
        bench.sync(&one(Severity::Low)).await;
        assert_eq!(project.fake.item(id).text("System.State"), begin, "{case}");
        assert_eq!(project.fake.items().len(), 1, "{case}");
    }
}

#[tokio::test]
async fn an_item_that_people_moved_to_another_project_is_followed() {
    let project = Project::new(Process::Basic).await;
    let bench = Bench::new(&project);
    bench.sync(&one(Severity::Low)).await;
    let mapping = Mapping { source_label: Some(SOURCE.into()), ..bench.mapping.clone() };
    let tracker = connect(&project.fake, &mapping);
    let issue = tracker.issues(Which::Closed).await.unwrap().remove(0);
    tracker.edit(&issue, &Edit { add_labels: vec![SOURCE.into()], ..Edit::default() }).await.unwrap();
    let id = issue.id.number;
    let fields = [("System.TeamProject", json!("Other")), ("System.AreaPath", json!("Other"))];
    project.fake.world().person_sets(id, &fields);

    let tracker = connect(&project.fake, &mapping);
    assert!(tracker.issues(Which::Open).await.unwrap().is_empty());
    let moved = tracker.issues(Which::Closed).await.unwrap().remove(0);
    assert_eq!((moved.id.number, moved.trusted), (id, true));
    tracker.edit(&moved, &Edit { title: Some("Still ours".into()), ..Edit::default() }).await.unwrap();
    assert_eq!(project.fake.item(id).text("System.Title"), "Still ours");
    // No twin, where the source is known.
    let bench = Bench { mapping, ..Bench::new(&project) };
    bench.apply_with(&one(Severity::Low), project.connect(&bench.mapping)).await.unwrap();
    assert_eq!(project.fake.items().len(), 1);
}

#[tokio::test]
async fn the_defaults_open_close_and_reopen_on_every_process_and_on_one_with_names_of_its_own() {
    let inherited = ["Triage", "Fixing", "Shipped"];
    for (process, own_names, open, closed) in [
        (Process::Basic, false, "To Do", "Done"),
        (Process::Agile, false, "New", "Closed"),
        (Process::Scrum, false, "New", "Done"),
        (Process::Cmmi, false, "Proposed", "Closed"),
        (Process::Agile, true, "Triage", "Shipped"),
    ] {
        let project = Project::new(process).await;
        if own_names {
            let mut world = project.fake.world();
            let bug = world.types.iter_mut().find(|of_type| of_type.name == "Bug").unwrap();
            let categories = ["Proposed", "InProgress", "Completed"].into_iter();
            bug.states = inherited.into_iter().zip(categories).map(|(name, c)| (name.into(), c.into())).collect();
            let all = inherited.map(str::to_owned).to_vec();
            bug.transitions = std::iter::once((String::new(), vec!["Triage".into()]))
                .chain(inherited.map(|from| (from.to_owned(), all.clone())))
                .collect();
        }
        let case = format!("{} {own_names}", process.name());
        let mut bench = Bench::new(&project);
        let named = findsync::config::Project { name: "Shop".into(), ..Default::default() };
        let seed = Mapping::seed("shop".into(), 0, findsync::config::TrackerKind::AzureDevOps, named);
        bench.mapping.status = seed.status;
        let tracker = connect(&project.fake, &bench.mapping);
        assert_eq!(tracker.check().await.unwrap(), [], "{case}");
        let told = tracker.meanings().await.unwrap().join("\n");
        assert_eq!(told.contains(&format!("`Done` is `{closed}`")), closed != "Done", "{case}: {told}");
        for (scans, state) in
            [(one(Severity::Low), open), (vec![scan("Trivy", vec![])], closed), (one(Severity::Low), open)]
        {
            bench.sync(&scans).await;
            assert_eq!(project.fake.items()[0].text("System.State"), state, "{case}");
        }
        assert_eq!(project.fake.items().len(), 1, "{case}");
    }
}

#[tokio::test]
async fn whoever_writes_in_a_wait_keeps_every_word() {
    let process = Process::Agile;
    let project = Project::new(process).await;
    let bench = Bench::new(&project);
    bench.sync(&one(Severity::Low)).await;
    let start = project.fake.world().clone();
    project.fake.take_requests();
    bench.apply_with(&one(Severity::Critical), project.connect(&bench.mapping)).await.unwrap();
    let requests = project.fake.take_requests().len();
    let case = |nth: usize| {
        let start = start.clone();
        async move {
            let project = Project { fake: Fake::serve(start).await, process, faulty: false };
            let id = project.fake.items()[0].id;
            project.fake.fail(nth, Kind::Later);
            let (bench, scans) = (Bench::new(&project), one(Severity::Critical));
            let person = async {
                // All requests before the one that waits take no time.
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                let mut world = project.fake.world();
                world.person_sets(id, &[("System.Tags", json!("findsync; on-it"))]);
                world.person_types(id, body_field(process), |html| format!("{html}<div>I am on it.</div>"));
            };
            let (applied, ()) = tokio::join!(bench.apply_with(&scans, project.connect(&bench.mapping)), person);
            bench.sync(&scans).await;
            let item = project.fake.item(id);
            let case = format!("request {nth}: {applied:?}: {item:#?}");
            assert!(item.text("System.Tags").contains("on-it"), "{case}");
            assert!(item.text(body_field(process)).contains("I am on it."), "{case}");
            assert_eq!(item.text("Microsoft.VSTS.Common.Priority"), "1", "{case}");
        }
    };
    futures::future::join_all((0..requests).map(case)).await;
}

#[tokio::test]
async fn a_locked_area_costs_its_own_items_only_and_a_token_that_may_write_nothing_is_told_once() {
    let found = |severity| {
        let all = (1..=9).map(|n| dependency(&format!("CVE-2026-000{n}"), severity));
        [scan("Trivy", all.collect())]
    };
    for (locked, one, others) in [("Shop\\Web", "Refused", "Done"), ("Shop", "Forbidden", "not tried")] {
        let project = Project::new(Process::Agile).await;
        let bench = Bench::new(&project);
        bench.sync(&found(Severity::Low)).await;
        let first = project.fake.items()[0].id;
        {
            let mut world = project.fake.world();
            world.person_sets(first, &[("System.AreaPath", json!(locked))]);
            world.locked_areas = vec![locked.to_owned()];
        }
        let (_, applied) = bench.apply_with(&found(Severity::Critical), project.connect(&bench.mapping)).await.unwrap();
        let said: Vec<String> = applied.outcomes.iter().map(|outcome| format!("{outcome:?}")).collect();
        assert_eq!(said.iter().filter(|said| said.contains(one)).count(), 1, "{locked}: {said:#?}");
        assert_eq!(said.iter().filter(|said| said.contains(others)).count(), 8, "{locked}: {said:#?}");
    }
}

#[tokio::test]
async fn a_proxys_page_is_no_missing_right() {
    let project = Project::new(Process::Basic).await;
    project.fake.fail(0, Kind::ProxyPage);
    let error = connect(&project.fake, &Bench::new(&project).mapping).issues(Which::Open).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("HTTPS_PROXY")), "{error}");
}

#[tokio::test]
async fn an_item_that_moved_is_written_to_where_the_mapping_names_its_project_by_id() {
    let project = Project::new(Process::Basic).await;
    let mut bench = Bench::new(&project);
    bench.mapping.project.name = project.fake.world().project_id.clone();
    bench.mapping.source_label = Some(SOURCE.into());
    let tracker = connect(&project.fake, &bench.mapping);
    let id = tracker.open(&crate::kit::new_issue(&tracker, &bench.mapping, 1, Status::Active)).await.unwrap().number;
    project.fake.world().person_sets(
        id,
        &[
            ("System.TeamProject", json!("Other")),
            ("System.AreaPath", json!("Other")),
            ("System.Tags", json!(format!("findsync; {SOURCE}"))),
        ],
    );
    let tracker = connect(&project.fake, &bench.mapping);
    let moved = tracker.issues(Which::Closed).await.unwrap().remove(0);
    tracker.edit(&moved, &Edit { title: Some("Still ours".into()), ..Edit::default() }).await.unwrap();
    assert_eq!(project.fake.item(id).text("System.Title"), "Still ours");
}

#[tokio::test]
async fn a_title_of_characters_that_the_service_counts_twice_is_cut() {
    let project = Project::new(Process::Basic).await;
    let bench = Bench::new(&project);
    let tracker = connect(&project.fake, &bench.mapping);
    let mut new = crate::kit::new_issue(&tracker, &bench.mapping, 1, Status::Active);
    new.title = "\u{1F41B}".repeat(200);
    let id = tracker.open(&new).await.unwrap().number;
    assert_eq!(project.fake.item(id).text("System.Title"), "\u{1F41B}".repeat(127));
}
