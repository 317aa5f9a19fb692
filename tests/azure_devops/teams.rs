//! Boards as teams have them: people leave, types change, items move to other projects.

use findsync::config::{FieldRule, Mapping};
use findsync::finding::{Scan, Severity};
use findsync::issue::Edit;
use findsync::trackers::{Read as _, Track as _, Which};
use serde_json::json;

use crate::contract::{Bench, World as _, dependency, scan};
use crate::fake::Process;
use crate::keeps_contract::Project;
use crate::kit::connect;

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
