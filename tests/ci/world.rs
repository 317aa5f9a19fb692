//! A world of variables and files, and what each CI sets.
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use findsync::ci::Ci;
use findsync::config::{Config, Given};

pub(crate) const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// A world of variables and files.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) files: BTreeMap<String, String>,
}

impl World {
    pub(crate) fn new(env: &[(&str, &str)]) -> Self {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { env, files: BTreeMap::new() }
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    pub(crate) fn file(mut self, path: &str, content: &str) -> Self {
        self.files.insert(path.to_owned(), content.to_owned());
        self
    }

    pub(crate) fn event(self, name: &str, payload: &str) -> Self {
        self.set("GITHUB_EVENT_NAME", name).file("/event.json", payload)
    }

    pub(crate) fn var(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    pub(crate) fn ci(&self) -> Ci {
        let read = |path: &Path| self.files.get(&path.to_string_lossy().replace('\\', "/")).cloned();
        Ci::detect(&|name| self.var(name), &read, Path::new("/work/shop/src"))
    }

    pub(crate) fn config(&self) -> Config {
        Config::from_ci(&self.ci(), &|name| self.var(name))
    }

    pub(crate) fn parse(&self, text: &str) -> Config {
        let read = |_: &Path| Err(io::ErrorKind::NotFound.into());
        let env = |name: &str| self.var(name);
        let given =
            Given { env: &env, read: &read, template: &findsync::template::check, ci: &self.ci(), tokens_needed: true };
        Config::parse(text.as_bytes(), ".findsync.yml", given).unwrap_or_else(|e| panic!("{e}"))
    }
}

pub(crate) fn github() -> World {
    World::new(&[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_API_URL", "https://api.github.com"),
        ("GITHUB_GRAPHQL_URL", "https://api.github.com/graphql"),
        ("GITHUB_REPOSITORY", "acme/shop"),
        ("GITHUB_REPOSITORY_ID", "1296269"),
        ("GITHUB_RUN_ATTEMPT", "1"),
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

pub(crate) fn github_pull(head: &str) -> World {
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

pub(crate) fn gitlab() -> World {
    World::new(&[
        ("GITLAB_CI", "true"),
        ("CI_SERVER_URL", "https://git.acme.io/lab"),
        ("CI_API_V4_URL", "https://git.acme.io/lab/api/v4"),
        ("CI_PROJECT_PATH", "acme/web/shop"),
        ("CI_PROJECT_ID", "17"),
        ("CI_PIPELINE_ID", "9001"),
        ("CI_PIPELINE_IID", "61"),
        ("CI_NODE_TOTAL", "1"),
        ("CI_JOB_NAME", "findsync"),
        ("CI_COMMIT_SHA", SHA),
        ("CI_COMMIT_BRANCH", "develop"),
        ("CI_DEFAULT_BRANCH", "develop"),
        ("CI_JOB_URL", "https://git.acme.io/lab/acme/web/shop/-/jobs/7"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_PROJECT_DIR", "/builds/acme/shop"),
        ("CI_JOB_TOKEN", "job-token"),
    ])
}

pub(crate) fn gitlab_merge(source: &str) -> World {
    gitlab()
        .without("CI_COMMIT_BRANCH")
        .set("CI_PIPELINE_SOURCE", "merge_request_event")
        .set("CI_MERGE_REQUEST_IID", "5")
        .set("CI_MERGE_REQUEST_PROJECT_ID", "1")
        .set("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", source)
        .set("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "fix")
        .set("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "develop")
}

pub(crate) fn azure() -> World {
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
        ("BUILD_REPOSITORY_ID", "4f1ad0f5-1f3a-4c3e-9a3e-2f2b1c0d9e8f"),
        ("SYSTEM_JOBATTEMPT", "1"),
        ("SYSTEM_STAGEATTEMPT", "1"),
        ("SYSTEM_PHASENAME", "Scan"),
        ("SYSTEM_JOBNAME", "__default"),
        ("SYSTEM_JOBPOSITIONINPHASE", "1"),
        ("SYSTEM_TOTALJOBSINPHASE", "1"),
        ("BUILD_SOURCESDIRECTORY", "/agent/s"),
    ])
}

pub(crate) fn azure_pull(fork: &str) -> World {
    azure()
        .set("BUILD_REASON", "PullRequest")
        .set("BUILD_SOURCEBRANCH", "refs/pull/3/merge")
        .set("SYSTEM_PULLREQUEST_PULLREQUESTID", "3")
        .set("SYSTEM_PULLREQUEST_SOURCEBRANCH", "refs/heads/fix")
        .set("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main")
        .set("SYSTEM_PULLREQUEST_ISFORK", fork)
}

pub(crate) fn git(head: &str) -> World {
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
