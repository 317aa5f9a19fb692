//! Which CI am I in, and what does it tell: repository, commit, branch, pull request, links. Outside of a CI, git tells.
//!
//! Pure: environment and files are handed in, but for [`Ci::here`].

mod azure;
mod code;
mod git;
mod github;
mod gitlab;

use std::path::{Path, PathBuf};

pub use code::CodeLinks;

/// A CI system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// GitHub Actions.
    GitHubActions,
    /// GitLab CI.
    GitLabCi,
    /// Azure Pipelines.
    AzurePipelines,
}

/// The service where the repository or project is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// GitHub.com or GitHub Enterprise Server.
    GitHub,
    /// GitLab.com or self-managed.
    GitLab,
    /// Azure DevOps Services or Server.
    AzureDevOps,
}

/// The pull or merge request that a run is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number, where the CI tells it.
    pub number: Option<u64>,
    /// Whether it comes from another repository: then there are no secrets, and nobody has vouched for the content.
    pub from_fork: bool,
}

/// What the CI, or git, tells of this run. Holds no secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ci {
    /// The CI; `None` outside of one.
    pub system: Option<System>,
    /// The service whose issues are nearest: the CI's own, else where the git remote is.
    pub service: Option<Service>,
    /// The service's address; for Azure DevOps the organization's or collection's.
    pub server_url: Option<String>,
    /// The address of its REST API, where told.
    pub api_url: Option<String>,
    /// The address of its GraphQL API, where told.
    pub graphql_url: Option<String>,
    /// The repository's path, as `acme/shop`.
    pub repository: Option<String>,
    /// Azure DevOps: the team project.
    pub project: Option<String>,
    /// The commit that is checked out.
    pub commit: Option<String>,
    /// The branch that was scanned; `None` for tags.
    pub branch: Option<String>,
    /// The repository's default branch, where told.
    pub default_branch: Option<String>,
    /// The pull or merge request that this run is for.
    pub pull_request: Option<PullRequest>,
    /// The address of this run.
    pub run_url: Option<String>,
    /// The folder into which the repository is checked out.
    pub workspace: Option<PathBuf>,
    /// Where the code can be read.
    pub code: Option<CodeLinks>,
    /// The file that takes a step's outputs (`GITHUB_OUTPUT`).
    pub output_file: Option<PathBuf>,
    /// The file that takes a step's summary (`GITHUB_STEP_SUMMARY`).
    pub summary_file: Option<PathBuf>,
    /// Whether people asked the CI for more output.
    pub debug: bool,
    /// Whether the service keeps a vulnerability report of its own: GitLab Ultimate does.
    pub vulnerability_report: bool,
}

/// Makes a folder the one that paths are relative to.
///
/// # Errors
/// Where it is none that can be entered.
pub fn enter(dir: &Path) -> std::io::Result<()> {
    std::env::set_current_dir(dir)
}

type Env<'a> = &'a dyn Fn(&str) -> Option<String>;
type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

impl Ci {
    /// What the environment, the event's file and the checked-out repository tell.
    #[must_use]
    pub fn detect(env: Env<'_>, read: Read<'_>, dir: &Path) -> Self {
        let env = |name: &str| env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let is_set = |name| env(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if is_set("GITHUB_ACTIONS") {
            github::detect(&env, read)
        } else if is_set("GITLAB_CI") {
            gitlab::detect(&env)
        } else if is_set("TF_BUILD") {
            azure::detect(&env)
        } else {
            git::detect(read, dir)
        }
    }

    /// What this process' environment and the current folder tell.
    #[must_use]
    pub fn here() -> Self {
        let dir = std::env::current_dir().unwrap_or_default();
        Self::detect(&|name| std::env::var(name).ok(), &|path| std::fs::read_to_string(path).ok(), &dir)
    }

    /// Whether this run may write issues: not for pull and merge requests, else from the default branch and from those
    /// that the mapping file's `branches` (globs) name. Outside of a CI people know what they do.
    ///
    /// # Errors
    /// Says why not.
    pub fn may_write(&self, branches: &[String]) -> Result<(), String> {
        if let Some(request) = &self.pull_request {
            let number = request.number.map(|number| format!(" {number}")).unwrap_or_default();
            let word = if self.system == Some(System::GitLabCi) { "merge" } else { "pull" };
            return Err(format!("this run is for {word} request{number}, and those never write issues"));
        }
        if self.system.is_none() {
            return Ok(());
        }
        let Some(branch) = &self.branch else {
            return Err("this run is for a tag or a lone commit, and issues are written from branches".to_owned());
        };
        let is_default = match &self.default_branch {
            Some(default) => branch == default,
            None => matches!(branch.as_str(), "main" | "master" | "trunk"),
        };
        let is_named =
            |pattern: &String| globset::Glob::new(pattern).is_ok_and(|g| g.compile_matcher().is_match(branch));
        if is_default || branches.iter().any(is_named) {
            return Ok(());
        }
        let shown: String = branch.chars().filter(|c| !c.is_control()).collect();
        Err(format!("`{shown}` is not the default branch, and `branches` in the mapping file does not name it"))
    }
}

/// The branch of a full reference.
fn branch_of(reference: &str) -> Option<String> {
    reference.strip_prefix("refs/heads/").map(str::to_owned)
}
