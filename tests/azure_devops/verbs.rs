//! The Azure DevOps adapter's verbs against the fake: each does what its trait says, on each process.

use crate::fake::{Fake, Field, Kind, Process, Request};
use crate::kit::{
    self, assert_no_objections, body, connect, instance, mapping, mapping_for, member, new_issue, open_issues, stamp,
    states,
};
use findsync::config::{Credential, FieldOn, FieldRule, Secret, StatusValue, UpdatePolicy};
use findsync::finding::Status;
use findsync::issue::{Body, CloseReason, Comment, Edit, FieldEdit, Stamp, State};
use findsync::trackers::azure_devops::AzureDevOps;
use findsync::trackers::{Error, Found, Read as _, Track as _, Visibility, Which};
use serde_json::json;

fn rule(field: &str, value: &str) -> FieldRule {
    FieldRule { field: field.into(), value: value.into(), on: FieldOn::Update, update: UpdatePolicy::IfUnedited }
}

fn set(name: &str, value: &str) -> FieldEdit {
    FieldEdit { name: name.into(), value: Some(value.into()) }
}

#[tokio::test]
async fn what_was_opened_is_read_back_on_every_process() {
    for process in Process::ALL {
        let fake = Fake::start(process).await;
        let mapping = mapping_for(process);
        let adapter = connect(&fake, &mapping);
        let new = new_issue(&adapter, &mapping, 1, Status::Active);
        let id = adapter.open(&new).await.unwrap();
        assert_eq!(id.url, format!("{}/Shop/_workitems/edit/{}", fake.location, id.number));
        assert_eq!(fake.take_requests().iter().filter(|r| r.writes()).count(), 1, "{process:?}");

        let issues = open_issues(&adapter).await;
        let [issue] = issues.as_slice() else { panic!("{process:?}: {issues:?}") };
        assert_eq!((&issue.id, &issue.title, issue.state), (&id, &new.title, State::Open));
        assert_eq!(issue.body, new.body);
        assert_eq!(issue.labels, ["security"]);
        assert_eq!(issue.stamp.as_ref(), Some(&new.stamp));
        assert_eq!(issue.fields[kit::PRIORITY], "2");
        assert_eq!(issue.fields[kit::STATE], states(process).0);
        assert!(issue.trusted && issue.labelled && issue.decisions.is_empty() && issue.closed_as.is_none());
        assert_no_objections(&fake);
    }
}

#[tokio::test]
async fn a_closed_one_is_opened_in_at_most_two_requests_where_the_process_allows() {
    for (process, writes) in [(Process::Basic, 2), (Process::Agile, 2), (Process::Scrum, 3), (Process::Cmmi, 2)] {
        let fake = Fake::start(process).await;
        let mapping = mapping_for(process);
        let adapter = connect(&fake, &mapping);
        let new = new_issue(&adapter, &mapping, 1, Status::RiskAccepted);
        let id = adapter.open(&new).await.unwrap();
        assert_eq!(fake.take_requests().iter().filter(|r| r.writes()).count(), writes, "{process:?}");
        assert_eq!(fake.item(id.number).text("System.State"), states(process).1);
        let Found::Here(issue) = adapter.issue(&id).await.unwrap() else { panic!("gone") };
        assert_eq!((issue.state, issue.stamp), (State::Closed, Some(new.stamp)));
        assert_no_objections(&fake);
    }
}

#[tokio::test]
async fn one_patch_changes_everything_and_closing_walks_through_the_states() {
    for (process, patches) in [(Process::Basic, 1), (Process::Agile, 1), (Process::Scrum, 2), (Process::Cmmi, 1)] {
        let fake = Fake::start(process).await;
        let mut mapping = mapping_for(process);
        mapping.labels = vec!["security".into()];
        let adapter = connect(&fake, &mapping);
        let id = adapter.open(&new_issue(&adapter, &mapping, 1, Status::Active)).await.unwrap();
        fake.world().person_sets(id.number, &[("System.Tags", json!("findsync; security; theirs"))]);
        let issue = open_issues(&adapter).await.remove(0);
        fake.take_requests();
        let edit = Edit {
            title: Some("New title".into()),
            body: Some(body(&adapter, "", "<p>New text</p>", "")),
            stamp: Some(stamp(1, State::Closed)),
            state: Some(State::Closed),
            closed_as: Some(CloseReason::Completed),
            remove_labels: vec!["security".into()],
            add_labels: vec!["fixed".into()],
            fields: vec![set(kit::PRIORITY, "1"), set(kit::STATE, states(process).1)],
            comment: Some(Comment { marker: "close-1".into(), text: "<p>Gone from Semgrep</p>".into() }),
            ..Edit::default()
        };
        adapter.edit(&issue, &edit).await.unwrap();
        let writes: Vec<_> = fake.take_requests().into_iter().filter(Request::writes).collect();
        assert_eq!(writes.len(), patches, "{process:?}");
        assert!(writes.iter().all(|w| w.body[0]["path"] == "/rev"), "{writes:?}");

        let Found::Here(now) = adapter.issue(&id).await.unwrap() else { panic!("gone") };
        assert_eq!((now.title.as_str(), now.state), ("New title", State::Closed));
        assert_eq!((now.closed_as, now.decisions.len()), (Some(CloseReason::Completed), 0));
        assert_eq!(Body::parse(&now.body).section.as_deref(), Some("<p>New text</p>"));
        assert_eq!(now.labels, ["fixed", "theirs"]);
        assert_eq!(now.stamp, edit.stamp);
        assert_eq!(now.fields[kit::PRIORITY], "1");
        assert_eq!(fake.item(id.number).comments.len(), 1);

        let closed = adapter.issues(Which::Closed).await.unwrap();
        assert_eq!(closed.iter().map(|issue| issue.id.number).collect::<Vec<_>>(), [id.number]);
        assert!(open_issues(&adapter).await.is_empty());
        assert_no_objections(&fake);
    }
}

#[tokio::test]
async fn a_simultaneous_change_is_a_conflict_and_nothing_is_written() {
    let fake = Fake::start(Process::Agile).await;
    let mapping = mapping_for(Process::Agile);
    let adapter = connect(&fake, &mapping);
    let id = adapter.open(&new_issue(&adapter, &mapping, 1, Status::Active)).await.unwrap();
    let issue = open_issues(&adapter).await.remove(0);
    fake.world().person_sets(id.number, &[("System.Title", json!("A person was here"))]);
    let edit = Edit { title: Some("Ours".into()), ..Edit::default() };
    assert!(matches!(adapter.edit(&issue, &edit).await, Err(Error::Conflict)));
    // And again, as what was read is forgotten now.
    assert!(matches!(adapter.edit(&issue, &edit).await, Err(Error::Conflict)));
    assert_eq!(fake.item(id.number).text("System.Title"), "A person was here");

    for kind in [Kind::Precondition, Kind::Conflict] {
        let issue = open_issues(&adapter).await.remove(0);
        fake.fail(0, kind);
        assert!(matches!(adapter.edit(&issue, &edit).await, Err(Error::Conflict)), "{kind:?}");
    }
}

#[tokio::test]
async fn a_description_edited_in_the_browser_keeps_identity_and_words() {
    for process in [Process::Basic, Process::Agile] {
        let fake = Fake::start(process).await;
        let mapping = mapping_for(process);
        let adapter = connect(&fake, &mapping);
        let new = new_issue(&adapter, &mapping, 1, Status::Active);
        let id = adapter.open(&new).await.unwrap();
        let field = kit::body_field(process);
        fake.world().person_types(id.number, field, |html| {
            format!("<div>I look at it<!-- x --></div>{html}<div onclick=\"x()\">See build 7</div>")
        });
        let issue = open_issues(&adapter).await.remove(0);
        assert_eq!(issue.stamp.as_ref(), Some(&new.stamp));
        let parts = Body::parse(&issue.body);
        let markup = adapter.limits().markup;
        let words = |html: &str| findsync::issue::words(markup, html);
        assert_eq!(words(parts.section.as_deref().unwrap()), words("<p>Semgrep says <b>no</b> &amp; 1</p>"));
        assert_eq!((words(&parts.before), words(&parts.after)), (words("I look at it"), words("See build 7")));

        let text = Body { section: Some("<p>New</p>".into()), ..parts }.compose(&adapter.limits());
        adapter.edit(&issue, &Edit { body: Some(text.clone()), ..Edit::default() }).await.unwrap();
        let now = open_issues(&adapter).await.remove(0);
        assert_eq!(now.body, text);
        let html = fake.item(id.number).text(field);
        assert!(
            html.contains("I look at it") && html.contains("See build 7") && html.matches("Kept in step").count() == 2
        );
    }
}

#[tokio::test]
async fn a_stamp_of_any_size_fits_and_is_replaced_whole() {
    let fake = Fake::start(Process::Basic).await;
    let mapping = mapping_for(Process::Basic);
    let adapter = connect(&fake, &mapping);
    let mut new = new_issue(&adapter, &mapping, 1, Status::Active);
    // As many as one issue holds: planning gives the rest another one.
    new.stamp.members = (0..220).map(member).collect();
    let id = adapter.open(&new).await.unwrap();
    assert!(fake.item(id.number).hyperlinks().len() > 5);
    let issue = open_issues(&adapter).await.remove(0);
    assert_eq!(issue.stamp.as_ref(), Some(&new.stamp));

    // A person's own link stays, whatever happens to ours.
    let link = json!({"rel": "Hyperlink", "url": "https://wiki.acme.example/", "attributes": {"comment": ""}});
    {
        let mut world = fake.world();
        let item = world.items.get_mut(&id.number).unwrap();
        item.relations.insert(1, link);
        item.rev += 1;
    }
    let issue = adapter.issues(Which::Open).await.unwrap().remove(0);
    let smaller = Stamp { members: new.stamp.members[..3].to_vec(), ..new.stamp.clone() };
    adapter.edit(&issue, &Edit { stamp: Some(smaller.clone()), ..Edit::default() }).await.unwrap();
    assert_eq!(open_issues(&adapter).await[0].stamp.as_ref(), Some(&smaller));
    assert_eq!(fake.item(id.number).hyperlinks().len(), 2);
    assert!(fake.item(id.number).hyperlinks().contains(&"https://wiki.acme.example/".to_owned()));
    assert_no_objections(&fake);
}

#[tokio::test]
async fn fields_are_written_in_their_type_and_read_as_the_mapping_writes_them() {
    let fake = Fake::start(Process::Agile).await;
    {
        let mut world = fake.world();
        let bug = world.types.iter_mut().find(|t| t.name == "Bug").unwrap();
        bug.fields.push(Field::new("Custom.Exposed", "boolean"));
        bug.fields.push(Field::new("Custom.Team", "string"));
    }
    let mut mapping = mapping_for(Process::Agile);
    let parent = fake.world().person_creates("User Story", "Security debt", "");
    mapping.fields = vec![
        rule("assignees", "jamal@acme.example"),
        rule("area", "Web"),
        rule("iteration", "Shop\\Sprint 1"),
        rule("due_date", "2027-01-31"),
        rule("parent", &parent.to_string()),
        rule("Microsoft.VSTS.Scheduling.Effort", "1.50"),
        rule("Stack Rank", "3"),
        rule("Custom.Exposed", "yes"),
        rule("/fields/Custom.Team", "platform"),
    ];
    let adapter = connect(&fake, &mapping);
    let mut new = new_issue(&adapter, &mapping, 1, Status::Active);
    new.fields.extend(mapping.fields.iter().map(|rule| set(&rule.field, &rule.value)));
    let id = adapter.open(&new).await.unwrap();
    let item = fake.item(id.number);
    assert_eq!(item.value("Custom.Exposed"), json!(true));
    assert_eq!(item.value("Microsoft.VSTS.Common.StackRank"), json!(3.0));
    assert_eq!(item.text("System.AreaPath"), "Shop\\Web");
    assert_eq!(item.value("System.AssignedTo")["displayName"], "Jamal Hartnett");

    let issue = open_issues(&adapter).await.remove(0);
    for rule in mapping.fields.iter().filter(|rule| rule.field != "Custom.Exposed") {
        assert_eq!(issue.fields.get(&rule.field), Some(&rule.value), "{}", rule.field);
    }

    let other = fake.world().person_creates("User Story", "Other", "");
    adapter.edit(&issue, &Edit { fields: vec![set("parent", &other.to_string())], ..Edit::default() }).await.unwrap();
    assert_eq!(open_issues(&adapter).await[0].fields["parent"], other.to_string());
    let issue = open_issues(&adapter).await.remove(0);
    let edit = Edit { fields: vec![set("Stack Rank", "high")], ..Edit::default() };
    let error = adapter.edit(&issue, &edit).await.unwrap_err().to_string();
    assert!(error.contains("a number") && error.contains("`high`"), "{error}");
    assert_no_objections(&fake);
}

#[tokio::test]
async fn a_missing_state_is_an_error_beforehand_that_offers_another() {
    let fake = Fake::start(Process::Agile).await;
    let adapter = connect(&fake, &mapping("Reported", "Shipped"));
    let Err(Error::Setup(problems)) = adapter.issues(Which::Open).await else { panic!("no error") };
    let all: Vec<String> = problems.iter().map(|p| format!("{}: {}", p.what, p.hint)).collect();
    assert!(all[0].contains("`Bug` has no state `Reported`") && all[0].contains("`active: New`"), "{all:?}");
    assert!(all[0].contains("`New`, `Active`, `Resolved`, `Closed`"), "{all:?}");
    assert!(all[1].contains("`closed: Closed`") && all[1].contains("`risk_accepted: Closed`"), "{all:?}");
    assert_eq!(fake.take_requests().len(), 1);
    assert_eq!(adapter.check().await.unwrap().len(), 2);
}

#[tokio::test]
async fn reads_what_people_decided() {
    let fake = Fake::start(Process::Agile).await;
    let mut mapping = mapping_for(Process::Agile);
    mapping.project.work_item_type = Some("User Story".into());
    mapping.status.values[2] = StatusValue { value: "Removed".into(), open: false };
    let adapter = connect(&fake, &mapping);
    for number in 1..=5 {
        adapter.open(&new_issue(&adapter, &mapping, number, Status::Active)).await.unwrap();
    }
    let first = fake.items()[0].id;
    {
        let mut world = fake.world();
        world.person_sets(first, &[("System.Tags", json!("findsync; Risk-Accepted"))]);
        world.person_sets(first + 1, &[("System.State", json!("Removed")), ("System.Reason", json!("Removed"))]);
        world.person_sets(first + 2, &[("System.State", json!("Closed")), ("System.Reason", json!("As Designed"))]);
        world.person_sets(first + 3, &[("System.State", json!("Closed")), ("System.Reason", json!("Deferred"))]);
        world.person_sets(first + 4, &[("System.State", json!("Closed")), ("System.Reason", json!("Duplicate"))]);
    }
    let open = open_issues(&adapter).await;
    assert_eq!(open[0].decisions.first().map(|d| d.status), Some(Status::RiskAccepted));
    let closed = adapter.issues(Which::Closed).await.unwrap();
    let told: Vec<_> = closed.iter().map(|i| (i.decisions.first().map(|d| d.status), i.closed_as.unwrap())).collect();
    assert_eq!(told[0].0, Some(Status::FalsePositive), "state Removed");
    assert_eq!(told[1], (Some(Status::FalsePositive), CloseReason::NotPlanned));
    assert_eq!(told[2], (None, CloseReason::NotPlanned));
    assert_eq!(told[3], (None, CloseReason::Duplicate));
}

#[tokio::test]
async fn finds_its_own_items_without_the_tag_and_gives_it_back() {
    let fake = Fake::start(Process::Basic).await;
    let mapping = mapping_for(Process::Basic);
    let adapter = connect(&fake, &mapping);
    let id = adapter.open(&new_issue(&adapter, &mapping, 1, Status::Active)).await.unwrap();
    fake.world().person_sets(id.number, &[("System.Tags", json!("theirs"))]);
    fake.world().person_creates("Issue", "Not ours", "");

    let adapter = connect(&fake, &mapping);
    assert!(open_issues(&adapter).await.is_empty());
    let closed = adapter.issues(Which::Closed).await.unwrap();
    let [issue] = closed.as_slice() else { panic!("{closed:?}") };
    assert!(!issue.labelled && issue.trusted && issue.state == State::Open);
    adapter.edit(issue, &Edit { title: Some("x".into()), ..Edit::default() }).await.unwrap();
    assert_eq!(fake.item(id.number).tags(), ["findsync", "theirs"]);
    assert_no_objections(&fake);
}

#[tokio::test]
async fn follows_moves_and_notices_deletions() {
    let fake = Fake::start(Process::Basic).await;
    let mapping = mapping_for(Process::Basic);
    let adapter = connect(&fake, &mapping);
    let moved = adapter.open(&new_issue(&adapter, &mapping, 1, Status::Active)).await.unwrap();
    let gone = adapter.open(&new_issue(&adapter, &mapping, 2, Status::Active)).await.unwrap();
    let issues = open_issues(&adapter).await;
    {
        let mut world = fake.world();
        world.person_sets(moved.number, &[("System.TeamProject", json!("Elsewhere"))]);
        world.items.get_mut(&gone.number).unwrap().deleted = true;
    }
    assert!(matches!(adapter.issue(&moved).await.unwrap(), Found::Moved(_)));
    assert!(matches!(adapter.issue(&gone).await.unwrap(), Found::Gone));
    let edit = Edit { title: Some("x".into()), ..Edit::default() };
    assert!(matches!(adapter.edit(&issues[1], &edit).await, Err(Error::Gone)));
    assert!(open_issues(&adapter).await.is_empty());
}

#[tokio::test]
async fn a_bad_token_is_said_to_be_one() {
    let fake = Fake::start(Process::Basic).await;
    let mapping = mapping_for(Process::Basic);
    for credential in [
        Credential::Token(Secret::new("wrong-token".into())),
        Credential::Bearer(Secret::new("wrong-token".into())),
        Credential::None,
    ] {
        let adapter = AzureDevOps::new(&instance(&fake, credential.clone()), &mapping).unwrap();
        let error = adapter.issues(Which::Open).await.unwrap_err();
        assert!(matches!(error, Error::Unauthorized { .. }), "{credential:?}: {error}");
        assert!(!error.to_string().contains("wrong-token"));
        let problems = adapter.check().await.unwrap();
        let expected =
            if credential == Credential::None { "there is no token" } else { "cannot see the project `Shop`" };
        assert!(problems.len() == 1 && problems[0].what.starts_with(expected), "{credential:?}: {problems:?}");
    }
    let bearer = instance(&fake, Credential::Bearer(Secret::new("good-token".into())));
    assert!(AzureDevOps::new(&bearer, &mapping).unwrap().issues(Which::Open).await.is_ok());
    let reader = instance(&fake, Credential::Token(Secret::new("reader-token".into())));
    let problems = AzureDevOps::new(&reader, &mapping).unwrap().check().await.unwrap();
    assert!(problems.len() == 1 && problems[0].what.contains("may not create"), "{problems:?}");
}

#[tokio::test]
async fn check_names_everything_at_once() {
    let fake = Fake::start(Process::Agile).await;
    let mut mapping = mapping_for(Process::Agile);
    assert_eq!(connect(&fake, &mapping).check().await.unwrap(), []);
    {
        let mut world = fake.world();
        let bug = world.types.iter_mut().find(|t| t.name == "Bug").unwrap();
        bug.fields.push(Field::new("Custom.Owner", "string").required());
        bug.fields.push(Field::new("Custom.Ring", "string").among(&[json!("inner"), json!("outer")], json!("inner")));
    }
    mapping.severity.values[0] = "5".into();
    mapping.fields = vec![rule("Custom.Ring", "middle"), rule("area", "Nowhere")];
    let problems = connect(&fake, &mapping).check().await.unwrap();
    let all: Vec<&str> = problems.iter().map(|p| p.what.as_str()).collect();
    for field in ["Custom.Owner", "Custom.Ring", "System.AreaPath", "Common.Priority"] {
        assert!(all.iter().any(|what| what.contains(field)), "{field}: {all:?}");
    }
    assert!(fake.items().is_empty());

    mapping.fields = vec![rule("Custom.Rings", "inner")];
    mapping.own_label = "a,b".into();
    let problems = connect(&fake, &mapping).check().await.unwrap();
    assert!(problems.iter().any(|p| p.hint.contains("`Custom.Ring`")), "{problems:?}");
    assert!(problems.iter().any(|p| p.what.contains("`a,b` cannot be a tag")), "{problems:?}");
    mapping.project.name = "Shopp".into();
    let problems = connect(&fake, &mapping).check().await.unwrap();
    assert!(problems.iter().any(|p| p.what.contains("cannot find the project `Shopp`")), "{problems:?}");
    assert_no_objections(&fake);
}

#[tokio::test]
async fn speaks_the_version_of_older_servers() {
    let fake = Fake::start(Process::Basic).await;
    fake.world().version = (6, 0);
    let mapping = mapping_for(Process::Basic);
    let adapter = connect(&fake, &mapping);
    adapter.open(&new_issue(&adapter, &mapping, 1, Status::Active)).await.unwrap();
    assert_eq!(open_issues(&adapter).await.len(), 1);
    assert_eq!(adapter.visibility().await.unwrap(), Visibility::Private);
}

#[tokio::test]
async fn says_how_to_keep_people_from_being_notified() {
    let fake = Fake::start(Process::Basic).await;
    let mut mapping = mapping_for(Process::Basic);
    mapping.project.suppress_notifications = true;
    let adapter = connect(&fake, &mapping);
    let new = new_issue(&adapter, &mapping, 1, Status::Active);
    assert!(matches!(adapter.open(&new).await, Err(Error::Forbidden { .. })));
    fake.world().accounts.get_mut("good-token").unwrap().quiet = true;
    let id = adapter.open(&new).await.unwrap();
    assert_eq!(fake.item(id.number).notifications, 0);
}
