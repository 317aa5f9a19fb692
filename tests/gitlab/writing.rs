//! Opening and editing.

use findsync::issue::*;
use findsync::trackers::{Error, Found, Read, Track, Which};

use crate::fake::{Fake, Kind, Label, ME, Tier};
use crate::support::*;

#[tokio::test]
async fn opens_with_one_request_once_its_labels_are_there() {
    let fake = Fake::start(Tier::Free).await;
    let tracker = tracker(&fake);
    let id = tracker.open(&new("CVE-1")).await.unwrap();
    fake.take_requests();
    tracker.open(&new("CVE-2")).await.unwrap();
    let requests = fake.take_requests();
    assert_eq!(requests.len(), 1, "{requests:?}");

    let issue = fake.issue(id.number);
    assert_eq!(issue.labels, ["Priority::4", "findsync", "security"]);
    assert_eq!((issue.title.as_str(), issue.open), ("CVE-1 in lodash", true));
    assert!(id.url.ends_with("/acme/backend/shop/-/issues/1"), "{}", id.url);
    let colours: Vec<_> = fake.world().project().labels.iter().map(|l| (l.name.clone(), l.color.clone())).collect();
    assert!(colours.contains(&("Priority::4".to_owned(), "#ED9121".to_owned().to_lowercase())), "{colours:?}");

    let read = only_open(&tracker, id.number).await;
    assert_eq!(read.labels, ["security"]);
    assert_eq!(read.fields.get("Priority").map(String::as_str), Some("4"));
    assert_eq!(read.fields.get("Status").map(String::as_str), Some("opened"));
    assert!(read.trusted && read.labelled);
    assert_eq!(read.stamp.unwrap(), stamp("CVE-1"));
    assert!(fake.objections().is_empty(), "{:?}", fake.objections());
}

async fn only_open(tracker: &impl Read, number: u64) -> Issue {
    tracker.issues(Which::Open).await.unwrap().into_iter().find(|issue| issue.id.number == number).unwrap()
}

#[tokio::test]
async fn edits_in_one_request_and_comments_once() {
    for tier in [Tier::Free, Tier::Premium] {
        let fake = Fake::start(tier).await;
        let tracker = tracker(&fake);
        tracker.open(&new("CVE-1")).await.unwrap();
        let issue = only(&tracker, Which::Open).await;
        let edit = Edit {
            title: Some("CVE-1 in lodash and underscore".to_owned()),
            state: Some(State::Closed),
            add_labels: vec!["fixed".to_owned()],
            remove_labels: vec!["security".to_owned()],
            fields: vec![field("Priority", "2"), field("Status", "closed")],
            comment: Some(Comment { marker: "close-1".to_owned(), text: "gone".to_owned() }),
            ..Edit::default()
        };
        fake.take_requests();
        tracker.edit(&issue, &edit).await.unwrap();
        let puts = fake.take_requests().iter().filter(|request| request.method == "PUT").count();
        assert_eq!(puts, 1);
        tracker.edit(&issue, &edit).await.unwrap();
        let issue = fake.issue(1);
        assert_eq!(issue.labels, ["Priority::2", "findsync", "fixed"], "{tier:?}");
        assert!(!issue.open);
        assert_eq!(issue.title, "CVE-1 in lodash and underscore");
        let comments: Vec<_> = issue.notes.iter().filter(|note| !note.system).collect();
        assert_eq!(comments.len(), 1);
        assert_eq!(comments[0].body, "gone\n\n<!-- findsync:comment close-1 -->");

        let Found::Here(found) = tracker.issue(&IssueId { number: 1, ..IssueId::default() }).await.unwrap() else {
            panic!("it is there");
        };
        assert_eq!(found.comments.as_deref(), Some(&["close-1".to_owned()][..]));
        assert_eq!(found.fields.get("Status").map(String::as_str), Some("closed"));
        assert!(fake.objections().is_empty(), "{:?}", fake.objections());
    }
}

#[tokio::test]
async fn a_strangers_comment_with_our_marker_does_not_count() {
    let fake = Fake::start(Tier::Free).await;
    let tracker = tracker(&fake);
    tracker.open(&new("CVE-1")).await.unwrap();
    let id = fake.issue(1).id;
    fake.world().note(id, crate::fake::STRANGER, "<!-- findsync:comment close-1 -->", false);
    let issue = only(&tracker, Which::Open).await;
    let comment = Some(Comment { marker: "close-1".to_owned(), text: "gone".to_owned() });
    tracker.edit(&issue, &Edit { comment, ..Edit::default() }).await.unwrap();
    assert_eq!(fake.issue(1).notes.iter().filter(|note| note.author == ME).count(), 1);
}

#[tokio::test]
async fn writes_every_field_of_an_issue() {
    let fake = Fake::start(Tier::Premium).await;
    let mut mapping = mapping();
    mapping.fields = vec![
        rule("assignees", "@maria, gustav"),
        rule("milestone", "Hardening"),
        rule("due_date", "2026-12-24"),
        rule("issue_type", "incident"),
        rule("weight", "3"),
        rule("epic", "&7"),
        rule("Team", "platform"),
        rule("labels", "needs triage"),
    ];
    let tracker = tracker_with(&fake, &mapping);
    let mut wanted = new("CVE-1");
    wanted.confidential = true;
    wanted.fields.extend(mapping.fields.iter().map(|rule| field(&rule.field, &rule.value)));
    tracker.open(&wanted).await.unwrap();
    let issue = fake.issue(1);
    assert_eq!(issue.assignees, [crate::fake::MAINTAINER, crate::fake::GUEST_USER]);
    assert_eq!((issue.milestone, issue.weight, issue.epic), (Some(501), Some(3), Some(901)));
    assert_eq!((issue.due_date.as_deref(), issue.issue_type.as_str()), (Some("2026-12-24"), "incident"));
    assert!(issue.confidential);
    assert_eq!(issue.labels, ["Priority::4", "Team::platform", "findsync", "needs triage", "security"]);

    let read = only(&tracker, Which::Open).await;
    assert_eq!(read.labels, ["security"]);
    for rule in &mapping.fields {
        assert_eq!(read.fields.get(&rule.field), Some(&rule.value), "{}", rule.field);
    }
    let emptied = |name: &str| FieldEdit { name: name.to_owned(), value: None };
    let fields = ["assignees", "milestone", "due_date", "weight", "epic", "Team", "labels"].map(emptied).to_vec();
    tracker.edit(&read, &Edit { fields, ..Edit::default() }).await.unwrap();
    let issue = fake.issue(1);
    assert_eq!((issue.milestone, issue.weight, issue.epic, issue.due_date), (None, None, None, None));
    assert!(issue.assignees.is_empty());
    assert_eq!(issue.labels, ["Priority::4", "findsync", "security"]);
    assert!(fake.objections().is_empty(), "{:?}", fake.objections());
}

#[tokio::test]
async fn a_recorded_decision_is_opened_and_closed() {
    let fake = Fake::start(Tier::Free).await;
    let tracker = tracker(&fake);
    let mut wanted = new("CVE-1");
    wanted.state = State::Closed;
    wanted.stamp.state = State::Closed;
    wanted.body = body(&wanted.stamp);
    tracker.open(&wanted).await.unwrap();
    assert!(!fake.issue(1).open);
    assert_eq!(fake.issue(1).description, wanted.body);

    // Where the second request fails, the stamp in the issue does not claim what is not so.
    fake.fail(1, Kind::ServerError);
    let error = tracker.open(&wanted).await.unwrap_err();
    assert!(matches!(error, Error::Partly { number: 2, .. }), "{error}");
    let stamp = Body::parse(&fake.issue(2).description).stamp.unwrap();
    assert_eq!(Stamp::decode(&stamp).unwrap().state, State::Open);
}

#[tokio::test]
async fn somebody_who_left_keeps_no_issue_from_being_opened() {
    let fake = Fake::start(Tier::Premium).await;
    let mut mapping = mapping();
    mapping.fields = vec![rule("assignees", "nobody, maria")];
    let tracker = tracker_with(&fake, &mapping);
    let mut wanted = new("CVE-1");
    wanted.fields.push(field("assignees", "nobody, maria"));
    tracker.open(&wanted).await.unwrap();
    assert_eq!(fake.issue(1).assignees, [crate::fake::MAINTAINER]);
    let mut nobody = new("CVE-2");
    nobody.fields.push(field("assignees", "nobody"));
    tracker.open(&nobody).await.unwrap();
    let read = only_open(&tracker, 1).await;
    let fields = vec![field("assignees", "nobody")];
    tracker.edit(&read, &Edit { fields, ..Edit::default() }).await.unwrap();
    assert_eq!(fake.issue(1).assignees, [crate::fake::MAINTAINER], "and takes the issue from nobody else");
    assert!(fake.objections().is_empty(), "{:?}", fake.objections());
}

#[tokio::test]
async fn says_what_gitlab_left_out_without_a_word() {
    let fake = Fake::start(Tier::Free).await;
    let mut mapping = mapping();
    mapping.own_label = "ours".to_owned();
    let tracker = findsync::trackers::gitlab::GitLab::new(&instance(&fake.location, "glpat-guest"), &mapping).unwrap();
    let error = tracker.open(&new("CVE-1")).await.unwrap_err().to_string();
    assert!(error.contains("label `ours`") && error.contains("role or tier"), "{error}");
}

#[tokio::test]
async fn a_lost_answer_is_unclear_and_never_repeated() {
    for kind in [Kind::BadGatewayAfter, Kind::Cut, Kind::ServerError] {
        let fake = Fake::start(Tier::Free).await;
        let tracker = tracker(&fake);
        tracker.open(&new("CVE-1")).await.unwrap();
        fake.take_requests();
        fake.fail(0, kind);
        let error = tracker.open(&new("CVE-2")).await.unwrap_err();
        assert!(matches!(error, Error::Unclear { .. }), "{error}");
        assert_eq!(fake.take_requests().len(), 1);
    }
}

#[tokio::test]
async fn a_deleted_issue_is_gone_and_a_spam_check_says_what_to_do() {
    let fake = Fake::start(Tier::Free).await;
    let tracker = tracker(&fake);
    tracker.open(&new("CVE-1")).await.unwrap();
    let issue = only(&tracker, Which::Open).await;
    fake.world().issues.clear();
    let edit = Edit { title: Some("x".to_owned()), ..Edit::default() };
    assert!(matches!(tracker.edit(&issue, &edit).await, Err(Error::Gone)));
    fake.world().captcha = true;
    let error = tracker.open(&new("CVE-2")).await.unwrap_err().to_string();
    assert!(error.contains("captcha"), "{error}");
}

#[tokio::test]
async fn an_issue_that_became_an_epic_is_not_reopened() {
    let fake = Fake::start(Tier::Premium).await;
    let tracker = tracker(&fake);
    tracker.open(&new("CVE-1")).await.unwrap();
    let id = fake.issue(1).id;
    fake.world().set_open(id, false);
    fake.world().note(id, crate::fake::MAINTAINER, "promoted to epic &12", true);
    let issue = only(&tracker, Which::Closed).await;
    let comment = Some(Comment { marker: "reopen-1".to_owned(), text: "still there".to_owned() });
    let error = tracker.edit(&issue, &Edit { state: Some(State::Open), comment, ..Edit::default() }).await.unwrap_err();
    assert_eq!(error.to_string(), "the issue was moved to the epic &12");
    assert_eq!(fake.issue(1).notes.len(), 1);
    assert!(!fake.issue(1).open);
}

#[tokio::test]
async fn labels_that_the_team_writes_in_another_case_are_not_made_twice() {
    let fake = Fake::start(Tier::Free).await;
    let names = ["Security", "priority::4"];
    let labels = names.map(|name| Label { name: name.to_owned(), color: "#fff".to_owned(), of_group: false });
    fake.world().project().labels = labels.to_vec();
    let tracker = tracker(&fake);
    tracker.open(&new("CVE-1")).await.unwrap();
    assert_eq!(fake.issue(1).labels, ["Security", "findsync", "priority::4"]);
    let read = only(&tracker, Which::Open).await;
    assert_eq!(read.fields.get("Priority").map(String::as_str), Some("4"));
    let edit =
        Edit { fields: vec![field("Priority", "2")], remove_labels: vec!["security".to_owned()], ..Edit::default() };
    tracker.edit(&read, &edit).await.unwrap();
    assert_eq!(fake.issue(1).labels, ["Priority::2", "findsync"]);
}

#[tokio::test]
async fn a_persons_scoped_label_beside_ours_is_the_value_and_ours_goes_with_the_next_change() {
    let fake = Fake::start(Tier::Free).await;
    let tracker = tracker(&fake);
    let mut wanted = new("CVE-1");
    wanted.stamp.fields.insert("Priority".to_owned(), value_digest("4"));
    wanted.body = body(&wanted.stamp);
    tracker.open(&wanted).await.unwrap();
    fake.world().issue(1).labels.push("Priority::2".to_owned());
    let read = only(&tracker, Which::Open).await;
    assert_eq!(read.fields.get("Priority").map(String::as_str), Some("2"));
    tracker.edit(&read, &Edit { title: Some("Anew".to_owned()), ..Edit::default() }).await.unwrap();
    let mut labels = fake.issue(1).labels.clone();
    labels.sort();
    assert_eq!(labels, ["Priority::2", "findsync", "security"]);
}
