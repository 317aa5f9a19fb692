//! What each CI tells, whether a run may write, and what need not be written in a mapping file because of that.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use findsync::ci::{Ci, Service, System};
use findsync::config::{Config, Credential, Given, TrackerKind};
use proptest::prelude::*;

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// A world of variables and files.
#[derive(Default)]
struct World {
    env: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
}

impl World {
    fn new(env: &[(&str, &str)]) -> Self {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { env, files: BTreeMap::new() }
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    fn file(mut self, path: &str, content: &str) -> Self {
        self.files.insert(path.to_owned(), content.to_owned());
        self
    }

    fn event(self, name: &str, payload: &str) -> Self {
        self.set("GITHUB_EVENT_NAME", name).file("/event.json", payload)
    }

    fn var(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn ci(&self) -> Ci {
        let read = |path: &Path| self.files.get(&path.to_string_lossy().replace('\\', "/")).cloned();
        Ci::detect(&|name| self.var(name), &read, Path::new("/work/shop/src"))
    }

    fn config(&self) -> Config {
        Config::from_ci(&self.ci(), &|name| self.var(name))
    }

    fn parse(&self, text: &str) -> Config {
        let read = |_: &Path| Err(io::ErrorKind::NotFound.into());
        let env = |name: &str| self.var(name);
        let given =
            Given { env: &env, read: &read, template: &findsync::template::check, ci: &self.ci(), tokens_needed: true };
        Config::parse(text.as_bytes(), ".findsync.yml", given).unwrap_or_else(|e| panic!("{e}"))
    }
}

fn github() -> World {
    World::new(&[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_API_URL", "https://api.github.com"),
        ("GITHUB_GRAPHQL_URL", "https://api.github.com/graphql"),
        ("GITHUB_REPOSITORY", "acme/shop"),
        ("GITHUB_SHA", SHA),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_REF_NAME", "main"),
        ("GITHUB_REF_TYPE", "branch"),
        ("GITHUB_RUN_ID", "42"),
        ("GITHUB_EVENT_PATH", "/event.json"),
        ("GITHUB_WORKSPACE", "/github/workspace"),
        ("GITHUB_OUTPUT", "/o"),
        ("GITHUB_STEP_SUMMARY", "/s"),
        ("GITHUB_HEAD_REF", ""),
        ("GITHUB_BASE_REF", ""),
        ("GITHUB_TOKEN", "ghs_job"),
    ])
    .event("push", r#"{"repository": {"full_name": "acme/shop", "default_branch": "main"}}"#)
}

fn github_pull(head: &str) -> World {
    github()
        .set("GITHUB_REF", "refs/pull/12/merge")
        .set("GITHUB_REF_NAME", "12/merge")
        .set("GITHUB_HEAD_REF", "fix")
        .set("GITHUB_BASE_REF", "main")
        .event(
            "pull_request",
            &format!(
                r#"{{"number": 12, "repository": {{"default_branch": "main"}}, "pull_request": {{"number": 12,
                "head": {{"repo": {head}}}, "base": {{"ref": "main", "repo": {{"full_name": "acme/shop"}}}}}}}}"#
            ),
        )
}

fn gitlab() -> World {
    World::new(&[
        ("GITLAB_CI", "true"),
        ("CI_SERVER_URL", "https://git.acme.io/lab"),
        ("CI_API_V4_URL", "https://git.acme.io/lab/api/v4"),
        ("CI_PROJECT_PATH", "acme/web/shop"),
        ("CI_COMMIT_SHA", SHA),
        ("CI_COMMIT_BRANCH", "develop"),
        ("CI_DEFAULT_BRANCH", "develop"),
        ("CI_JOB_URL", "https://git.acme.io/lab/acme/web/shop/-/jobs/7"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_PROJECT_DIR", "/builds/acme/shop"),
        ("CI_JOB_TOKEN", "job-token"),
    ])
}

fn gitlab_merge(source: &str) -> World {
    gitlab()
        .without("CI_COMMIT_BRANCH")
        .set("CI_PIPELINE_SOURCE", "merge_request_event")
        .set("CI_MERGE_REQUEST_IID", "5")
        .set("CI_MERGE_REQUEST_PROJECT_ID", "1")
        .set("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", source)
        .set("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "fix")
        .set("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "develop")
}

fn azure() -> World {
    World::new(&[
        ("TF_BUILD", "True"),
        ("SYSTEM_COLLECTIONURI", "https://dev.azure.com/acme/"),
        ("SYSTEM_TEAMPROJECT", "My Shop"),
        ("SYSTEM_ACCESSTOKEN", "azure-job-token"),
        ("BUILD_SOURCEVERSION", SHA),
        ("BUILD_SOURCEBRANCH", "refs/heads/main"),
        ("BUILD_REASON", "IndividualCI"),
        ("BUILD_BUILDID", "99"),
        ("BUILD_REPOSITORY_URI", "https://acme@dev.azure.com/acme/My%20Shop/_git/web"),
        ("BUILD_REPOSITORY_PROVIDER", "TfsGit"),
        ("BUILD_SOURCESDIRECTORY", "/agent/s"),
    ])
}

fn azure_pull(fork: &str) -> World {
    azure()
        .set("BUILD_REASON", "PullRequest")
        .set("BUILD_SOURCEBRANCH", "refs/pull/3/merge")
        .set("SYSTEM_PULLREQUEST_PULLREQUESTID", "3")
        .set("SYSTEM_PULLREQUEST_SOURCEBRANCH", "refs/heads/fix")
        .set("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main")
        .set("SYSTEM_PULLREQUEST_ISFORK", fork)
}

fn git(head: &str) -> World {
    World::default()
        .file("/work/shop/.git/HEAD", head)
        .file("/work/shop/.git/refs/heads/main", &format!("{SHA}\n"))
        .file("/work/shop/.git/packed-refs", &format!("# pack-refs\n{SHA} refs/heads/packed\n^{SHA}\n"))
        .file("/work/shop/.git/refs/remotes/origin/HEAD", "ref: refs/remotes/origin/main\n")
        .file(
            "/work/shop/.git/config",
            "[core]\n\turl = no\n[remote \"up\"]\n\turl = https://gitlab.com/up/shop\n[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n",
        )
}

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

    let after = |event: &str, head: &str| {
        github().event(
            "workflow_run",
            &format!(
                r#"{{"repository": {{"full_name": "acme/shop", "default_branch": "main"}}, "workflow_run": {{"event": "{event}",
                "head_branch": "{head}", "head_sha": "abc", "head_repository": {{"full_name": "eve/shop"}}, "pull_requests": []}}}}"#
            ),
        )
    };
    let stranger = after("pull_request", "main").ci();
    assert!(stranger.pull_request.as_ref().unwrap().from_fork);
    assert!(stranger.may_write(&[]).is_err());
    let pushed = after("push", "feature").ci();
    assert_eq!((pushed.branch.as_deref(), pushed.commit.as_deref()), (Some("feature"), Some("abc")));
    assert!(pushed.may_write(&[]).is_err());
    assert_eq!(after("push", "main").ci().may_write(&[]), Ok(()));
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
    assert_eq!(feature.may_write(&["release/*".to_owned()]), Ok(()));
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

#[test]
fn without_a_mapping_file_issues_go_where_the_ci_works() {
    let told = |config: &Config| {
        let (instance, mapping) = (&config.instances[0], &config.mappings[0]);
        (instance.kind, instance.location.clone(), mapping.project.name.clone(), instance.credential.clone())
    };
    let (kind, location, project, credential) = told(&github().config());
    assert_eq!((kind, location.as_str(), project.as_str()), (TrackerKind::GitHub, "https://github.com/acme", "shop"));
    assert!(matches!(credential, Credential::Token(token) if token.expose() == "ghs_job"));
    assert_eq!(github().config().instances[0].graphql_url.as_deref(), Some("https://api.github.com/graphql"));

    let (kind, location, project, credential) = told(&gitlab().config());
    assert_eq!((kind, location.as_str()), (TrackerKind::GitLab, "https://git.acme.io/lab"));
    assert_eq!(project, "acme/web/shop");
    assert!(matches!(credential, Credential::JobToken(_)));

    let (kind, location, project, credential) = told(&azure().config());
    assert_eq!((kind, location.as_str()), (TrackerKind::AzureDevOps, "https://dev.azure.com/acme"));
    assert_eq!(project, "My Shop");
    assert!(matches!(credential, Credential::Bearer(_)));

    for world in [github(), gitlab(), azure()] {
        let credential = world.set("FINDSYNC_TOKEN", "own").config().instances[0].credential.clone();
        assert!(matches!(credential, Credential::Token(token) if token.expose() == "own"));
    }
    let jwt = azure().set("FINDSYNC_TOKEN", "eyJh.eyJi.c").config().instances[0].credential.clone();
    assert!(matches!(jwt, Credential::Bearer(_)));
    let unset = azure().set("SYSTEM_ACCESSTOKEN", "$(System.AccessToken)").config();
    assert_eq!(unset.instances[0].credential, Credential::None);
    assert!(World::default().config().mappings.is_empty());
    assert_eq!(git("ref: refs/heads/main").set("GITHUB_TOKEN", "x").config().instances[0].credential, Credential::None);
}

#[test]
fn a_written_instance_takes_from_the_ci_what_it_leaves_out() {
    let config = github().parse("instances: [{label: a, type: github}]\nmappings: [{labels: [x]}]");
    let instance = &config.instances[0];
    assert_eq!(instance.location, "https://github.com/acme");
    assert_eq!(instance.api_url.as_deref(), Some("https://api.github.com"));
    assert!(matches!(&instance.credential, Credential::Token(token) if token.expose() == "ghs_job"));
    assert_eq!((config.mappings[0].label.as_str(), config.mappings[0].project.name.as_str()), ("shop", "shop"));
    // No instances at all, and no mappings at all.
    let config = gitlab().parse("mappings: [{labels: [x]}]");
    assert_eq!(config.mappings[0].project.name, "acme/web/shop");
    let config = azure()
        .parse("decisions: [{match: {id: CVE-1}, status: false_positive}]\nroutes: [{when: {min_severity: high}}]");
    assert_eq!((config.mappings[0].project.name.as_str(), config.routes[0].mapping), ("My Shop", 0));
}

#[test]
fn the_cis_token_goes_to_no_other_server() {
    let credential = |world: World, instance: &str| {
        world.parse(&format!("instances: [{instance}]")).instances.into_iter().map(|i| i.credential).collect::<Vec<_>>()
    };
    for (world, instance) in [
        (github(), "{label: a, type: github, location: https://github.acme.io/acme}"),
        (github(), "{label: a, type: gitlab, location: https://github.com}"),
        (github(), "{label: a, type: github, location: 'https://github.com:8443/acme'}"),
        (gitlab(), "{label: a, type: gitlab, location: https://git.acme.io/other}"),
        (github(), "{label: a, type: gitlab}"),
        (gitlab(), "{label: a, type: gitlab, api_url: https://evil.io/api/v4}"),
        (azure(), "{label: a, type: azure_devops, location: https://dev.azure.com/other}"),
        (azure(), "{label: a, type: azure_devops, location: https://acme.visualstudio.com.evil.io/acme}"),
    ] {
        assert_eq!(credential(world, instance), [Credential::None], "{instance}");
    }
    let same = "{label: a, type: azure_devops, location: https://acme.visualstudio.com}";
    assert!(matches!(&credential(azure(), same)[..], [Credential::Bearer(_)]));
    // Our own token may go to the only instance there is, else only where the CI is.
    let own = || github().set("FINDSYNC_TOKEN", "own");
    let two = "{label: a, type: github, location: https://github.com/acme}, {label: b, type: gitlab}";
    assert!(matches!(&credential(own(), two)[..], [Credential::Token(_), Credential::None]));
    assert!(matches!(&credential(own(), "{label: b, type: gitlab}")[..], [Credential::Token(_)]));
}

#[test]
fn the_name_of_a_tokens_variable_tells_how_it_is_sent() {
    let job = gitlab()
        .parse("instances: [{label: a, type: gitlab, location: https://git.acme.io/lab, token: '${CI_JOB_TOKEN}'}]");
    assert!(matches!(job.instances[0].credential, Credential::JobToken(_)));
    let azure = azure().parse("instances: [{label: a, type: azure_devops, token: '${SYSTEM_ACCESSTOKEN}'}]");
    assert!(matches!(azure.instances[0].credential, Credential::Bearer(_)));
}

#[test]
fn a_folder_takes_the_place_of_trackers() {
    let local = Config::local("issues");
    assert_eq!((local.instances[0].kind, local.instances[0].location.as_str()), (TrackerKind::Local, "issues"));
    assert_eq!(local.mappings.len(), 1);
    let config = github()
        .parse("mappings: [{label: a, repository: x, labels: [security]}, {label: b, repository: y}]\nroutes: [{mapping: b}]")
        .into_local("issues");
    assert_eq!((config.instances.len(), config.mappings.len(), config.routes[0].mapping), (1, 1, 0));
    assert_eq!(config.mappings[0].labels, ["security"]);
    assert_eq!(config.mappings[0].severity.field, "severity");
}
