//! Listing: paging, trust, decisions, moves.

use findsync::finding::{Severity, Status};
use findsync::issue::*;
use findsync::trackers::{Found, Read, Track, Visibility, Which};

use crate::contract::{Bench, World as _, dependency, scan};
use crate::fake::*;
use crate::support::*;

fn fill(fake: &Fake, count: usize) {
    let mut world = fake.world();
    for at in 0..count {
        let text = body(&stamp(&format!("CVE-{at}")));
        let issue = world.add(PROJECT, ME, "a finding", &text);
        issue.labels = vec!["Priority::3".to_owned(), "findsync".to_owned()];
    }
}

#[tokio::test]
async fn ten_thousand_open_issues_cost_102_requests() {
    for (keyset, count) in [(true, 10_000), (false, 1_000)] {
        let fake = Fake::start(Tier::Premium).await;
        fake.world().keyset = keyset;
        fill(&fake, count);
        let tracker = tracker(&fake);
        tracker.visibility().await.unwrap();
        assert_eq!(tracker.issues(Which::Open).await.unwrap().len(), count);
        let requests = fake.take_requests();
        eprintln!("{count} open issues, nothing changed: {} requests", requests.len());
        assert!(requests.len() <= count / 100 + 2, "{} requests", requests.len());
        assert_eq!(tracker.requests(), requests.len() as u64);
        assert!(fake.objections().is_empty(), "{:?}", fake.objections());
    }
}

#[tokio::test]
async fn an_instance_that_refuses_keyset_paging_is_read_by_page_numbers() {
    let fake = Fake::start(Tier::Free).await;
    fake.world().refuses_keyset = true;
    fill(&fake, 250);
    let tracker = tracker(&fake);
    assert_eq!(tracker.issues(Which::Open).await.unwrap().len(), 250);
    assert_eq!(tracker.issues(Which::NewerThan(240)).await.unwrap().len(), 10);
}

#[tokio::test]
async fn more_issues_than_page_numbers_reach() {
    let fake = Fake::start(Tier::Free).await;
    {
        let mut world = fake.world();
        world.keyset = false;
        for _ in 0..50_300 {
            world.add(PROJECT, ME, "x", "").labels = vec!["findsync".to_owned()];
        }
    }
    assert_eq!(tracker(&fake).issues(Which::Open).await.unwrap().len(), 50_300);
}

#[tokio::test]
async fn lists_what_is_asked_for() {
    let fake = Fake::start(Tier::Free).await;
    fill(&fake, 4);
    {
        let mut world = fake.world();
        let id = world.issue(2).id;
        world.set_open(id, false);
        world.issue(3).labels.clear();
        // Neither ours nor stamped.
        world.add(PROJECT, MAINTAINER, "a person's", "");
        world.add(PROJECT, ME, "ours without a stamp", "");
    }
    let tracker = tracker(&fake);
    let numbers = async |which| {
        let mut numbers: Vec<u64> = tracker.issues(which).await.unwrap().iter().map(|issue| issue.id.number).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(numbers(Which::Open).await, [1, 4]);
    assert_eq!(numbers(Which::Closed).await, [2, 3]);
    assert_eq!(numbers(Which::NewerThan(1)).await, [2, 4]);
    assert!(fake.objections().is_empty(), "{:?}", fake.objections());
}

#[tokio::test]
async fn stamps_count_by_who_wrote_the_issue() {
    let fake = Fake::start(Tier::Free).await;
    let authors = [
        (ME, true),
        (MAINTAINER, true),
        (OLD_BOT, true),
        (GUEST_USER, false),
        (STRANGER, false),
        (FALSE_BOT, false),
        (GHOST, true),
        (GROUP_BOT, true),
        (OTHER_BOT, false),
    ];
    {
        let mut world = fake.world();
        world.project().visibility = "public";
        for (author, _) in authors {
            let issue = world.add(PROJECT, author, "stamped", &body(&stamp("CVE-1")));
            issue.labels = vec!["findsync".to_owned()];
        }
    }
    let tracker = tracker(&fake);
    let issues = tracker.issues(Which::Open).await.unwrap();
    for (issue, (author, trusted)) in issues.iter().zip(authors) {
        assert_eq!(issue.trusted, trusted, "author {author}");
    }
    fake.take_requests();
    tracker.issues(Which::Open).await.unwrap();
    assert_eq!(fake.take_requests().len(), 1, "strangers are asked about once");
}

#[tokio::test]
async fn whoever_left_a_private_project_wrote_what_bears_our_label() {
    let fake = Fake::start(Tier::Free).await;
    for (author, label) in [(STRANGER, true), (STRANGER, false), (GHOST, false), (GUEST_USER, true)] {
        let mut world = fake.world();
        let issue = world.add(PROJECT, author, "stamped", &body(&stamp("CVE-1")));
        issue.labels = if label { vec!["findsync".to_owned()] } else { Vec::new() };
    }
    let tracker = tracker(&fake);
    for (number, trusted) in [(1, true), (2, false), (3, false), (4, false)] {
        let id = IssueId { number, ..IssueId::default() };
        let Found::Here(issue) = tracker.issue(&id).await.unwrap() else { panic!("it is there") };
        assert_eq!(issue.trusted, trusted, "issue {number}");
    }
}

#[tokio::test]
async fn decisions_come_from_labels_statuses_and_moves() {
    let fake = Fake::start(Tier::Premium).await;
    fill(&fake, 4);
    {
        let mut world = fake.world();
        let mut other = world.project().clone();
        (other.id, other.path, other.next_iid) = (43, "acme/backend/other".to_owned(), 1);
        world.projects.push(other);
        let id = world.issue(1).id;
        world.add_labels(id, &["False-Positive".to_owned()]);
        let id = world.issue(2).id;
        world.set_status(id, 3);
        world.move_away(3, 43);
        let id = world.issue(4).id;
        world.set_open(id, false);
        world.issue(4).duplicate_of = Some(1);
    }
    let mut mapping = mapping();
    mapping.status.values[3].value = "Won't do".to_owned();
    let tracker = tracker_with(&fake, &mapping);
    let mut issues = tracker.issues(Which::Closed).await.unwrap();
    issues.extend(tracker.issues(Which::Open).await.unwrap());
    issues.sort_by_key(|issue| issue.id.number);
    let decisions: Vec<_> = issues.iter().map(|i| i.decisions.first().map(|d| (d.status, d.by.as_str()))).collect();
    assert_eq!(
        decisions,
        [
            Some((Status::FalsePositive, "label `False-Positive`")),
            Some((Status::RiskAccepted, "status `Won't do`")),
            Some((Status::RiskAccepted, "a move to another project")),
            None,
        ]
    );
    assert_eq!(issues[3].closed_as, Some(CloseReason::Duplicate));
    assert_eq!(issues[3].fields.get("Status").map(String::as_str), Some("closed"));
    let Found::Moved(to) = tracker.issue(&issues[2].id).await.unwrap() else { panic!("it was moved") };
    assert!(to.ends_with("/acme/backend/other/-/issues/1"), "{to}");
    assert!(fake.objections().is_empty(), "{:?}", fake.objections());
}

#[tokio::test]
async fn work_item_fields_are_written_after_the_issue_and_announced_in_it() {
    let fake = Fake::start(Tier::Ultimate).await;
    fake.world().custom_fields = vec![
        CustomField {
            id: 1,
            name: "Risk".into(),
            kind: "SINGLE_SELECT",
            options: vec![(11, "P3".into()), (12, "P4".into())],
        },
        CustomField { id: 2, name: "Score".into(), kind: "NUMBER", options: Vec::new() },
        CustomField { id: 3, name: "Owner".into(), kind: "TEXT", options: Vec::new() },
    ];
    let mut mapping = mapping();
    mapping.severity.field = "Risk".to_owned();
    mapping.severity.values = ["P3", "P3", "P3", "P3", "P4"].map(str::to_owned);
    mapping.status.values[0].value = "In progress".to_owned();
    mapping.fields = vec![rule("health_status", "At risk"), rule("Score", "7"), rule("Owner", "platform")];
    let tracker = tracker_with(&fake, &mapping);
    assert!(tracker.check().await.unwrap().is_empty(), "{:?}", tracker.check().await);
    let mut wanted = new("CVE-1");
    wanted.fields = vec![field("Risk", "P4"), field("Status", "In progress"), field("health_status", "At risk")];
    wanted.fields.extend([field("Score", "7"), field("Owner", "platform")]);
    tracker.open(&wanted).await.unwrap();
    let issue = fake.issue(1);
    assert_eq!((issue.status, issue.health.as_deref()), (Some(1), Some("atRisk")));
    assert_eq!(issue.description, wanted.body);

    let read = only(&tracker, Which::Open).await;
    for edit in &wanted.fields {
        assert_eq!(read.fields.get(&edit.name), edit.value.as_ref(), "{}", edit.name);
    }
    fake.fail(1, Kind::ServerError);
    tracker.open(&wanted).await.unwrap_err();
    let stamp = Stamp::decode(&Body::parse(&fake.issue(2).description).stamp.unwrap()).unwrap();
    assert_eq!(stamp.pending, ["Risk", "Status", "health_status", "Score", "Owner"]);
    assert!(fake.objections().is_empty(), "{:?}", fake.objections());
}

#[tokio::test]
async fn a_status_without_work_item_statuses_is_a_scoped_label() {
    let fake = Fake::start(Tier::Free).await;
    let mut mapping = mapping();
    mapping.status.values[0].value = "Triage".to_owned();
    let tracker = tracker_with(&fake, &mapping);
    let mut wanted = new("CVE-1");
    wanted.fields = vec![field("Status", "Triage")];
    tracker.open(&wanted).await.unwrap();
    assert!(fake.issue(1).labels.contains(&"Status::Triage".to_owned()));
    let read = only(&tracker, Which::Open).await;
    assert_eq!(read.fields.get("Status").map(String::as_str), Some("Triage"));
    let edit = Edit { state: Some(State::Closed), fields: vec![field("Status", "closed")], ..Edit::default() };
    tracker.edit(&read, &edit).await.unwrap();
    assert!(!fake.issue(1).labels.contains(&"Status::Triage".to_owned()));
    let read = only(&tracker, Which::Closed).await;
    assert_eq!(read.fields.get("Status").map(String::as_str), Some("closed"));
}

#[tokio::test]
async fn tells_who_can_read_the_project() {
    let fake = Fake::start(Tier::Free).await;
    for (word, visibility) in
        [("private", Visibility::Private), ("internal", Visibility::Internal), ("public", Visibility::Public)]
    {
        fake.world().project().visibility = word;
        assert_eq!(tracker(&fake).visibility().await.unwrap(), visibility);
    }
}

#[tokio::test]
async fn an_issue_that_was_moved_or_made_an_epic_is_neither_reopened_nor_opened_anew() {
    let server = crate::world::premium().await;
    let bench = Bench::new(&server);
    let findings = [1, 2].map(|n| dependency(&format!("CVE-2026-000{n}"), Severity::High));
    let scans = [scan("Trivy", findings.to_vec())];
    bench.sync(&scans).await;
    {
        let mut world = server.fake.world();
        let mut other = world.project().clone();
        (other.id, other.path, other.next_iid) = (43, "acme/backend/other".to_owned(), 1);
        world.projects.push(other);
        world.move_away(1, 43);
        let id = world.issue(2).id;
        world.set_open(id, false);
        world.note(id, MAINTAINER, "promoted to epic &12", true);
    }
    for _ in 0..2 {
        let (planned, _) = bench.apply_with(&scans, server.connect(&bench.mapping)).await.unwrap();
        // At most the label by which they are listed is put on.
        let labels = planned.plan.changes.iter().all(|change| change.reason == "changed: labels");
        assert!(labels, "{:#?}", planned.plan.changes);
        let held: Vec<&str> = planned.plan.withheld.iter().map(|held| held.reason.as_str()).collect();
        assert!(held.iter().any(|reason| reason.ends_with("its promotion to the epic &12")), "{held:?}");
        let issues = server.fake.issues();
        assert!(issues.len() == 2 && issues.iter().all(|issue| !issue.open), "{issues:#?}");
    }
}
