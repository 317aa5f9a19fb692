//! Which events' runs may write: what their payloads, as the forges send them, say of the code's origin.
use std::fs;
use std::path::{Path, PathBuf};

use findsync::ci::{Ci, Trust};

use crate::world::{World, azure, azure_pull, github, gitlab, gitlab_merge};

/// The runs that may write; all others only plan.
const MAY_WRITE: [&str; 5] = ["push", "schedule", "workflow_dispatch", "workflow_run", "repository_dispatch"];

fn events() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ci/events");
    let mut events: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    events.sort();
    events
}

/// A run for an event as GitHub starts it; the file's name begins with the event's.
fn run_for(path: &Path) -> World {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let event = name.split("_of_").next().unwrap().trim_end_matches("_without_head");
    let world = github().event(event, &fs::read_to_string(path).unwrap());
    match event {
        "release" => world.set("GITHUB_REF", "refs/tags/v1").set("GITHUB_REF_TYPE", "tag").set("GITHUB_REF_NAME", "v1"),
        "pull_request" | "pull_request_review" => world
            .set("GITHUB_REF", "refs/pull/7/merge")
            .set("GITHUB_REF_NAME", "7/merge")
            .set("GITHUB_HEAD_REF", "main")
            .set("GITHUB_BASE_REF", "main"),
        "pull_request_target" => world.set("GITHUB_HEAD_REF", "main").set("GITHUB_BASE_REF", "main"),
        "merge_group" => world.set("GITHUB_REF", "refs/heads/gh-readonly-queue/main/pr-7-bbbb"),
        _ => world,
    }
}

#[test]
fn only_events_on_the_list_write() {
    let events = events();
    assert!(events.len() >= 30, "{events:?}");
    for path in events {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let ci = run_for(&path).ci();
        let may = ci.may_write(&["**".to_owned()]);
        assert_eq!(may.is_ok(), MAY_WRITE.contains(&name), "{name}: {may:?}");
        // A release is of the repository's own, but of a tag.
        assert_eq!(ci.is_trusted(), MAY_WRITE.contains(&name) || name == "release", "{name}: {:?}", ci.trust);
        // What cannot write has no scope of its own on the branch that it names.
        if !ci.is_trusted() {
            assert_eq!(ci.origin().branch, "", "{name}");
        }
    }
}

#[test]
fn an_event_that_is_not_known_never_writes() {
    for event in ["", "brand_new_event", "pull_request_of_the_future", "workflow_run", "repository_dispatch\u{1b}[2J"] {
        for payload in ["", "{}", "[]", r#"{"workflow_run": {"event": "push", "head_repository": 5}}"#] {
            let ci = github().event(event, payload).ci();
            let why = ci.may_write(&["**".to_owned()]).unwrap_err();
            assert!(!ci.is_trusted() && !why.contains('\u{1b}'), "{event} {payload}: {why}");
        }
    }
    for unknown in ["", "external", "webide", "ondemand_dast_scan", "security_orchestration_policy", "of_the_future"] {
        assert!(gitlab().set("CI_PIPELINE_SOURCE", unknown).ci().may_write(&[]).is_err(), "{unknown}");
    }
    for unknown in ["", "ValidateShelveset", "CheckInShelveset", "UserCreated", "Triggered", "OfTheFuture"] {
        assert!(azure().set("BUILD_REASON", unknown).ci().may_write(&[]).is_err(), "{unknown}");
    }
}

#[test]
fn what_a_pull_requests_reference_names_never_writes_under_any_event() {
    let all = || ["**".to_owned()];
    for event in ["push", "schedule", "workflow_dispatch", "repository_dispatch", "issue_comment"] {
        let ci = github().event(event, "{}").set("GITHUB_REF", "refs/pull/7/merge").ci();
        assert_eq!(ci.pull_request.as_ref().and_then(|request| request.number), Some(7), "{event}");
        assert!(ci.may_write(&all()).is_err() && !ci.is_trusted(), "{event}");
    }
    for reason in ["Manual", "IndividualCI", "Schedule"] {
        let ci = azure().set("BUILD_REASON", reason).set("BUILD_SOURCEBRANCH", "refs/pull/3/merge").ci();
        assert!(ci.may_write(&all()).is_err() && !ci.is_trusted(), "{reason}");
    }
    for source in ["web", "api", "schedule", "parent_pipeline", "push"] {
        let merge = gitlab_merge("1").set("CI_PIPELINE_SOURCE", source).ci();
        assert!(merge.may_write(&all()).is_err() && !merge.is_trusted(), "{source}");
        let named = gitlab().without("CI_COMMIT_BRANCH").set("CI_COMMIT_REF_NAME", "refs/merge-requests/5/head");
        assert!(named.set("CI_PIPELINE_SOURCE", source).ci().pull_request.is_some(), "{source}");
    }
    // Also where the CI does not tell the projects: then nobody vouches.
    let bare = gitlab_merge("1").without("CI_MERGE_REQUEST_PROJECT_ID").without("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");
    assert!(bare.ci().pull_request.unwrap().from_fork);
}

#[test]
fn merge_queues_only_plan_and_see_the_branch_that_they_lead_to() {
    let queued = |base: &str| github().set("GITHUB_REF", &format!("refs/heads/gh-readonly-queue/{base}/pr-1-abc"));
    for world in [queued("main"), queued("main").event("merge_group", "{}")] {
        let ci = world.ci();
        assert!(ci.may_write(&["**".to_owned()]).is_err());
        assert_eq!((ci.origin().branch.as_str(), ci.origin().run), ("", None));
    }
    assert_eq!(queued("release/1").ci().origin().branch, "release/1");
    let pull = gitlab_merge("1").set("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "release/1").ci();
    assert_eq!(pull.origin().branch, "release/1");
    assert_eq!(azure_pull("False").ci().origin().branch, "");
}

#[test]
fn pipelines_that_others_start_only_plan() {
    let writes = |ci: Ci| ci.may_write(&[]).is_ok() && ci.trust == Trust::Trusted;
    for (source, expected) in [
        ("push", true),
        ("web", true),
        ("schedule", true),
        ("api", true),
        ("parent_pipeline", true),
        ("pipeline", false),
        ("trigger", false),
        ("chat", false),
        ("external_pull_request_event", false),
        ("merge_request_event", false),
    ] {
        assert_eq!(writes(gitlab().set("CI_PIPELINE_SOURCE", source).ci()), expected, "{source}");
    }
    for (reason, expected) in [
        ("IndividualCI", true),
        ("BatchedCI", true),
        ("Schedule", true),
        ("Manual", true),
        ("ResourceTrigger", false),
        ("BuildCompletion", false),
        ("PullRequest", false),
    ] {
        assert_eq!(writes(azure().set("BUILD_REASON", reason).ci()), expected, "{reason}");
    }
}
