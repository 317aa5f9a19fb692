//! Whose word counts: an issue or a comment with a copied stamp changes nothing unless somebody with rights wrote it.

use findsync::finding::Severity;
use findsync::plan::Action;

use crate::contract::{Bench, World as _, dependency, scan};
use crate::fake::world::{Author, Comment};
use crate::fake::{TOKEN, World};
use crate::world::{Hub, with_project};

fn author(login: &str, bot: bool, association: &'static str) -> Author {
    Author { login: login.to_owned(), bot, association }
}

async fn repository(public: bool) -> Hub {
    let mut world = World::default();
    world.public = public;
    Hub::start(world).await
}

/// A public repository where somebody copied the body of our issue into one of theirs.
async fn copied(by: Author, labelled: bool) -> (Hub, Vec<findsync::finding::Scan>) {
    let hub = repository(true).await;
    let scans = vec![scan("Trivy", vec![dependency("CVE-2026-0001", Severity::High)])];
    Bench::new(&hub).sync(&scans).await;
    {
        let mut world = hub.fake.world();
        let ours = world.issue(1).unwrap().clone();
        let labels: Vec<&str> =
            ours.labels.iter().map(String::as_str).filter(|label| labelled || *label != "findsync").collect();
        world.add_issue(by, &ours.title, &ours.body, &labels);
    }
    (hub, scans)
}

#[tokio::test]
async fn a_strangers_copy_changes_nothing_with_or_without_our_label() {
    for association in ["NONE", "CONTRIBUTOR", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN"] {
        for labelled in [true, false] {
            let (hub, scans) = copied(author("stranger", false, association), labelled).await;
            let before = hub.fake.world().issues.clone();
            let planned = Bench::new(&hub).sync(&scans).await;
            assert!(planned.plan.changes.is_empty(), "{association}: {:#?}", planned.plan.changes);
            // Where ours is gone, the copy does not take its place: another is opened beside it, and a copy that bears our
            // label is named.
            hub.fake.world().issue(1).unwrap().deleted = true;
            let planned = Bench::new(&hub).sync(&scans).await;
            assert_eq!(planned.plan.count(Action::Open), 1, "{association}, labelled: {labelled}");
            let named = planned.plan.notes.iter().any(|note| note.starts_with("#2 ") && note.contains("ignored"));
            assert_eq!(named, labelled, "{association}: {:?}", planned.plan.notes);
            assert_eq!(hub.fake.world().issues[1], before[1], "{association}, labelled: {labelled}");
            let world = hub.fake.world();
            assert_eq!(world.issues.iter().filter(|issue| issue.open && !issue.deleted).count(), 2);
        }
    }
}

#[tokio::test]
async fn whoever_has_left_leaves_issues_that_go_on() {
    for (public, label) in [(false, true), (false, false), (true, true)] {
        let hub = repository(public).await;
        let scans = [scan("Trivy", vec![dependency("CVE-2026-0001", Severity::High)])];
        Bench::new(&hub).sync(&scans).await;
        {
            let mut world = hub.fake.world();
            let issue = world.issue(1).unwrap();
            issue.author = author("left", false, "NONE");
            issue.labels.retain(|name| label || name != "findsync");
        }
        let again = Bench::new(&hub).sync(&scans).await.plan;
        Bench::new(&hub).sync(&[scan("Trivy", vec![])]).await;
        let open = hub.fake.world().issues.iter().filter(|issue| issue.open).count();
        match (public, label) {
            // In a private repository only people with rights can have put the label there.
            (false, true) => assert_eq!((again.changes.len(), again.withheld.len(), open), (0, 0, 0)),
            (true, true) | (_, false) => assert_eq!((again.count(Action::Open), open), (1, 1)),
        }
    }
}

#[tokio::test]
async fn an_app_without_our_label_is_a_stranger() {
    let (hub, scans) = copied(author("helpful-app", true, "NONE"), false).await;
    assert!(Bench::new(&hub).sync(&scans).await.plan.changes.is_empty());
}

#[tokio::test]
async fn those_with_rights_count() {
    for by in [
        author("owner", false, "OWNER"),
        // A member whose membership is private, as an App or a workflow's token sees it.
        author("member", false, "CONTRIBUTOR"),
        author("member", false, "MEMBER"),
        author("collaborator", false, "COLLABORATOR"),
        author("github-actions[bot]", true, "NONE"),
        author("findsync-user", false, "NONE"),
    ] {
        let (hub, scans) = copied(by.clone(), true).await;
        let planned = Bench::new(&hub).sync(&scans).await;
        assert_eq!(planned.plan.count(Action::Merge), 1, "{by:?}");
        assert!(!hub.fake.world().issue(2).unwrap().open);
    }
}

#[tokio::test]
async fn a_member_who_may_only_read_is_a_stranger_and_is_asked_about_once() {
    for association in ["MEMBER", "COLLABORATOR"] {
        let (hub, scans) = copied(author("reader-only", false, association), true).await;
        let number = {
            let mut world = hub.fake.world();
            let twin = world.issue(2).unwrap().clone();
            world.add_issue(twin.author, &twin.title, &twin.body, &["findsync"])
        };
        hub.fake.reset_log();
        Bench::new(&hub).plan(&scans).await;
        let asked = hub.fake.log().iter().filter(|request| request.contains("/permission")).count();
        assert_eq!(asked, 1, "{:#?}", hub.fake.log());
        Bench::new(&hub).sync(&scans).await;
        assert!([2, number].iter().all(|number| hub.fake.world().issue(*number).unwrap().open));
    }
}

#[tokio::test]
async fn a_strangers_comment_with_our_marker_does_not_silence_us() {
    let hub = with_project().await;
    let bench = Bench::new(&hub);
    bench.sync(&[scan("Trivy", vec![dependency("CVE-2026-0001", Severity::High)])]).await;
    let forged = |by: Author| Comment { author: by, body: "no <!-- findsync:comment close-1 -->".to_owned() };
    hub.fake.world().issue(1).unwrap().comments = vec![forged(author("stranger", false, "NONE")); 120];
    bench.sync(&[scan("Trivy", vec![])]).await;
    let world = hub.fake.world();
    let own = world.issues[0].comments.iter().filter(|comment| comment.author == world.author(TOKEN));
    assert_eq!(own.count(), 1);
}

#[tokio::test]
async fn pull_requests_are_no_issues() {
    let (hub, scans) = copied(author("findsync-user", false, "MEMBER"), true).await;
    hub.fake.world().issue(2).unwrap().pull_request = true;
    assert!(Bench::new(&hub).sync(&scans).await.plan.changes.is_empty());
}

#[tokio::test]
async fn a_damaged_stamp_is_left_alone() {
    let (hub, scans) = copied(author("findsync-user", false, "MEMBER"), true).await;
    hub.fake.world().issue(2).unwrap().body = "<!-- findsync:begin -->\nx\n<!-- findsync:end AAAA -->".to_owned();
    assert!(Bench::new(&hub).sync(&scans).await.plan.changes.is_empty());
    let _ = hub.mapping();
}
