//! What each CI tells, whether a run may write, and what need not be written in a mapping file because of that.
#![expect(clippy::unwrap_used, reason = "tests")]

mod config;
mod events;
mod source;
mod world;

use std::path::Path;

use findsync::ci::{Ci, Service, System};
use proptest::prelude::*;

use world::{SHA, World, azure, azure_pull, git, github, github_pull, gitlab, gitlab_merge};

fn code(ci: &Ci) -> String {
    let code = ci.code.as_ref().unwrap();
    format!("{:?} {} {}", code.service, code.repository, code.commit)
}

#[test]
fn github_actions_tell() {
    let ci = github().ci();
    assert_eq!((ci.system, ci.service), (Some(System::GitHubActions), Some(Service::GitHub)));
    assert_eq!((ci.branch.as_deref(), ci.default_branch.as_deref()), (Some("main"), Some("main")));
    assert_eq!(ci.commit.as_deref(), Some(SHA));
    assert_eq!(ci.run_url.as_deref(), Some("https://github.com/acme/shop/actions/runs/42"));
    assert_eq!(ci.pull_request, None);
    assert!(!ci.debug && github().set("RUNNER_DEBUG", "1").ci().debug);
    assert_eq!(ci.workspace.as_deref(), Some(Path::new("/github/workspace")));
    assert_eq!((ci.output_file.as_deref(), ci.summary_file.as_deref()), (Some(Path::new("/o")), Some(Path::new("/s"))));
    assert_eq!(code(&ci), format!("GitHub https://github.com/acme/shop {SHA}"));
}

#[test]
fn github_pull_requests_and_what_runs_after_them() {
    let own = github_pull(r#"{"full_name": "acme/shop", "fork": true}"#).ci();
    let request = own.pull_request.unwrap();
    assert_eq!((request.number, request.from_fork), (Some(12), false));
    assert_eq!(own.branch.as_deref(), Some("fix"));
    for head in [r#"{"full_name": "eve/shop", "fork": true}"#, "null"] {
        assert!(github_pull(head).ci().pull_request.unwrap().from_fork, "{head}");
    }
    // Without a payload the reference still tells.
    let bare = github().set("GITHUB_REF", "refs/pull/7/merge").event("pull_request_target", "").ci();
    assert_eq!(bare.pull_request.map(|r| (r.number, r.from_fork)), Some((Some(7), true)));

    let after = |event: &str, head: &str, whose: &str| {
        github().event(
            "workflow_run",
            &format!(
                r#"{{"repository": {{"full_name": "acme/shop", "default_branch": "main"}}, "workflow_run": {{"event": "{event}",
                "head_branch": "{head}", "head_sha": "abc", "head_repository": {{"full_name": "{whose}"}}, "pull_requests": []}}}}"#
            ),
        )
    };
    let stranger = after("pull_request", "main", "eve/shop").ci();
    assert!(stranger.pull_request.as_ref().unwrap().from_fork);
    assert!(stranger.may_write(&[]).is_err());
    let pushed = after("push", "feature", "acme/shop").ci();
    assert_eq!((pushed.branch.as_deref(), pushed.commit.as_deref()), (Some("feature"), Some("abc")));
    assert!(pushed.may_write(&[]).is_err());
    assert_eq!(after("push", "main", "Acme/Shop").ci().may_write(&[]), Ok(()));
}

#[test]
fn github_tags_schedules_and_queues() {
    let tag =
        github().set("GITHUB_REF", "refs/tags/v1").set("GITHUB_REF_NAME", "v1").set("GITHUB_REF_TYPE", "tag").ci();
    assert_eq!(tag.branch, None);
    assert!(tag.may_write(&[]).unwrap_err().contains("tag"));
    let nightly = github().event("schedule", r#"{"schedule": "0 1 * * *"}"#).set("GITHUB_REF", "refs/heads/dev").ci();
    assert_eq!(nightly.default_branch.as_deref(), Some("dev"));
    assert_eq!(nightly.may_write(&[]), Ok(()));
    let queued = github().set("GITHUB_REF", "refs/heads/gh-readonly-queue/main/pr-1-abc").ci();
    assert!(queued.may_write(&[]).is_err());
}

#[test]
fn gitlab_tells() {
    let ci = gitlab().ci();
    assert_eq!((ci.system, ci.service), (Some(System::GitLabCi), Some(Service::GitLab)));
    assert_eq!(ci.run_url.as_deref(), Some("https://git.acme.io/lab/acme/web/shop/-/jobs/7"));
    assert_eq!(code(&ci), format!("GitLab https://git.acme.io/lab/acme/web/shop {SHA}"));
    assert_eq!(ci.may_write(&[]), Ok(()));
    let own = gitlab_merge("1").ci();
    let request = own.pull_request.clone().unwrap();
    assert_eq!((request.number, request.from_fork), (Some(5), false));
    assert_eq!(own.may_write(&[]).unwrap_err(), "this run is for merge request 5, and those never write issues");
    assert!(gitlab_merge("2").ci().pull_request.unwrap().from_fork);
}

#[test]
fn azure_pipelines_tell() {
    let ci = azure().ci();
    assert_eq!((ci.system, ci.service), (Some(System::AzurePipelines), Some(Service::AzureDevOps)));
    assert_eq!(
        (ci.server_url.as_deref(), ci.project.as_deref()),
        (Some("https://dev.azure.com/acme"), Some("My Shop"))
    );
    assert_eq!(ci.run_url.as_deref(), Some("https://dev.azure.com/acme/My%20Shop/_build/results?buildId=99"));
    assert_eq!(code(&ci), format!("AzureDevOps https://dev.azure.com/acme/My%20Shop/_git/web {SHA}"));
    assert_eq!(ci.may_write(&[]), Ok(()));
    let request = azure_pull("False").ci().pull_request.unwrap();
    assert_eq!((request.number, request.from_fork), (Some(3), false));
    assert!(azure_pull("True").ci().pull_request.unwrap().from_fork);
    let elsewhere =
        azure().set("BUILD_REPOSITORY_URI", "https://github.com/acme/shop").set("BUILD_REPOSITORY_PROVIDER", "GitHub");
    assert_eq!(code(&elsewhere.ci()), format!("GitHub https://github.com/acme/shop {SHA}"));
}

#[test]
fn writes_only_from_the_default_branch_and_those_that_are_named() {
    let feature = github().set("GITHUB_REF", "refs/heads/release/1.x").ci();
    let why = feature.may_write(&[]).unwrap_err();
    assert!(why.contains("`release/1.x`") && why.contains("`branches`"), "{why}");
    assert!(feature.may_write(&["dev".to_owned()]).is_err());
    assert!(feature.may_write(&["release/*/x".to_owned(), "*".to_owned()]).is_err());
    assert_eq!(feature.may_write(&["release/*".to_owned()]), Ok(()));
    let deep = github().set("GITHUB_REF", "refs/heads/release/1/x").ci();
    assert!(deep.may_write(&["release/*".to_owned()]).is_err());
    for pattern in ["release/**", "**", "release/*/*"] {
        assert_eq!(deep.may_write(&[pattern.to_owned()]), Ok(()), "{pattern}");
    }
    assert!(github_pull("null").ci().may_write(&["**".to_owned()]).is_err());
    assert!(azure().set("BUILD_SOURCEBRANCH", "refs/heads/dev").ci().may_write(&[]).is_err());
}

#[test]
fn git_tells_outside_of_a_ci() {
    let ci = git("ref: refs/heads/main\n").ci();
    assert_eq!((ci.system, ci.service), (None, Some(Service::GitHub)));
    assert_eq!((ci.branch.as_deref(), ci.default_branch.as_deref()), (Some("main"), Some("main")));
    assert_eq!(ci.commit.as_deref(), Some(SHA));
    assert_eq!(ci.repository.as_deref(), Some("acme/shop"));
    assert_eq!(ci.workspace.as_deref(), Some(Path::new("/work/shop")));
    assert_eq!(ci.may_write(&[]), Ok(()));
    assert_eq!(git("ref: refs/heads/packed").ci().commit.as_deref(), Some(SHA));
    assert_eq!(git("ref: refs/heads/unborn").ci().commit, None);
    let lone = git(SHA).ci();
    assert_eq!((lone.branch, lone.commit.as_deref()), (None, Some(SHA)));
    let tree = World::default()
        .file("/work/shop/.git", "gitdir: /repo/.git/worktrees/w\n")
        .file("/repo/.git/worktrees/w/HEAD", "ref: refs/heads/w\n")
        .file("/repo/.git/worktrees/w/commondir", "/repo/.git\n")
        .file("/repo/.git/refs/heads/w", SHA);
    assert_eq!(tree.ci().commit.as_deref(), Some(SHA));
    assert_eq!(World::default().ci(), Ci::default());
}

#[test]
fn git_names_the_repository_by_origin_or_the_only_remote() {
    let named = |config: &str, user: &str| {
        let world = git("ref: refs/heads/main\n").set("HOME", "/home/ann").file("/work/shop/.git/config", config);
        world.file("/home/ann/.gitconfig", user).ci().source.name
    };
    let remote = |name: &str, url: &str| format!("[remote \"{name}\"]\n\turl = {url}\n\tfetch = +refs/heads/*\n");
    let (shop, fork) = ("git@github.com:acme/shop.git", "https://github.com/eve/shop");
    assert_eq!(named(&(remote("up", fork) + &remote("origin", shop)), ""), "github.com/acme/shop");
    assert_eq!(named(&remote("up", shop), ""), "github.com/acme/shop");
    assert_eq!(named(&(remote("up", fork) + &remote("mine", shop)), ""), "");
    assert_eq!(named(&remote("origin", "/srv/git/shop.git"), ""), "");
    // What `insteadOf` makes of a whole address is a mirror's, or has a token in it; a short form needs it.
    let mirror = "[url \"https://token@mirror.acme.io/\"]\n\tinsteadOf = https://github.com/\n";
    assert_eq!(named(&remote("origin", "https://github.com/acme/shop"), mirror), "github.com/acme/shop");
    let short = "[url \"git@github.com:\"]\n  insteadOf = gh:\n[url \"https://gitlab.com/x/\"]\n  insteadof = gh:x/\n";
    assert_eq!(named(&remote("origin", "gh:acme/shop"), short), "github.com/acme/shop");
    assert_eq!(named(&(remote("origin", "gh:x/shop") + short), ""), "gitlab.com/x/shop");
    assert_eq!(git("ref: refs/heads/main\n").ci().run, None);
}

proptest! {
    #[test]
    fn any_event_and_any_reference_give_an_answer(event in r#"[a-z_]{0,12}"#, text in ".{0,60}", name in any::<usize>()) {
        let events = ["pull_request", "workflow_run", "push", event.as_str()];
        let payloads = [
            text.clone(),
            format!("[{text}]"),
            format!(r#"{{"pull_request": {text:?}, "workflow_run": [{text:?}]}}"#),
            r#"{"workflow_run": {"event": "pull_request", "pull_requests": 1}, "pull_request": [], "repository": 5}"#.to_owned(),
        ];
        let world = github().set("GITHUB_REF", &text).event(events[name % 4], &payloads[name / 4 % 4]);
        let _ = (world.ci().may_write(std::slice::from_ref(&text)), world.config());
        let _ = azure().set("BUILD_REPOSITORY_URI", &text).set("BUILD_SOURCEBRANCH", &text).config();
        let _ = git(&text).file("/work/shop/.git/config", &format!("[remote \"origin\"]\nurl = {text}")).config();
    }
}
