//! What the CI, or git, tells of a run.

use std::path::{Path, PathBuf};

use super::{CodeLinks, Service, System, Trust, Visibility};
use crate::finding::{Origin, Run, Source};

/// What files of an event and of git may measure, in bytes.
pub(super) const MAX_TOLD: u64 = 64 << 20;

/// The pull or merge request that a run is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number, where the CI tells it.
    pub number: Option<u64>,
    /// Whether it comes from another repository: then there are no secrets, and nobody has vouched for the content.
    pub from_fork: bool,
}

/// The runs of one pipeline on one branch, in the CI's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Siblings {
    /// GitHub: the workflow's file; Azure: the number of the definition; empty for GitLab, whose projects have one.
    pub pipeline: String,
    /// The reference as the CI's API takes it: a branch's name, for Azure `refs/heads/…`.
    pub reference: String,
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
    /// The repository that this run is about; its name is empty where nothing tells it.
    pub source: Source,
    /// What orders this run among others; `None` outside of a CI.
    pub run: Option<Run>,
    /// The part of a matrix that this job is, where it is one of several: `node=18 os=linux`.
    pub matrix: Option<String>,
    /// Whether somebody who may write to the repository vouches for what this run works on.
    pub trust: Trust,
    /// By which the CI finds the other runs of this one's pipeline on its branch; `None` where they tell nothing.
    pub siblings: Option<Siblings>,
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
    /// The branch that the code is to go into, where it is not there yet: of a pull or merge request, or a merge queue.
    pub base_branch: Option<String>,
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
    /// Who can read the repository, and so the logs and files of its runs; `None` where nothing tells it.
    pub readers: Option<Visibility>,
}

pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// Whether a glob of `branches` names a branch: `*` stops at a slash, `**` does not.
pub(super) fn matches_branch(pattern: &str, branch: &str) -> bool {
    let glob = globset::GlobBuilder::new(pattern).literal_separator(true).build();
    glob.is_ok_and(|glob| glob.compile_matcher().is_match(branch))
}

/// A name of somebody's choice, in a message.
pub(super) fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The branch of a full reference.
pub(super) fn branch_of(reference: &str) -> Option<String> {
    reference.strip_prefix("refs/heads/").map(str::to_owned)
}

/// The branch that GitHub's merge queue puts pull requests onto, where a branch is one of the queue's.
pub(super) fn queue_base(branch: &str) -> Option<String> {
    let (base, _) = branch.strip_prefix("gh-readonly-queue/")?.rsplit_once('/')?;
    Some(base.to_owned())
}

/// A run of a line, where its number is one.
pub(super) fn run(line: String, number: Option<String>, attempt: Option<String>) -> Option<Run> {
    let attempt = attempt.and_then(|attempt| attempt.parse().ok()).unwrap_or(1);
    Some(Run { line, number: number?.parse().ok()?, attempt })
}

/// Longest part of a matrix that is written out; of a longer one the beginning and a hash are.
pub(super) const MAX_MATRIX: usize = 120;

/// The part of a matrix as one line of bounded length.
pub(super) fn matrix_part(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    if text.chars().count() <= MAX_MATRIX {
        return (!text.is_empty()).then_some(text);
    }
    let start: String = text.chars().take(MAX_MATRIX).collect();
    Some(format!("{start}…{}", crate::finding::digest([("matrix", text.as_str())])))
}

impl Ci {
    /// Whether somebody who may write to the repository vouches for what this run works on: mapping file, reports, code.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.trust == Trust::Trusted
    }

    /// The run that a scan is from. What is not in its branch yet is seen as if it were, and stands in no order: it only
    /// plans.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let is_ahead = self.pull_request.is_some() || self.base_branch.is_some();
        let branch = if is_ahead { self.base_branch.as_ref() } else { self.branch.as_ref() };
        let branch = branch.filter(|branch| !self.is_default(branch)).cloned().unwrap_or_default();
        let run = self.run.clone().filter(|_| !is_ahead);
        Origin { source: self.source.clone(), branch, run }
    }

    fn is_default(&self, branch: &str) -> bool {
        match &self.default_branch {
            Some(default) => branch == default,
            None => matches!(branch, "main" | "master" | "trunk"),
        }
    }

    /// Whether this run may write issues: not for pull and merge requests, nor where nobody vouches for what it works on,
    /// else from the default branch and from those that the mapping file's `branches` (globs) name. Outside of a CI people
    /// know what they do.
    ///
    /// # Errors
    /// Says why not.
    pub fn may_write(&self, branches: &[String]) -> Result<(), String> {
        if let Some(request) = &self.pull_request {
            let word = if self.system == Some(System::GitLabCi) { "merge" } else { "pull" };
            let which = match request.number {
                Some(number) => format!("{word} request {number}"),
                None => format!("a {word} request"),
            };
            return Err(format!("this run is for {which}, and those never write issues"));
        }
        if self.system.is_none() {
            return Ok(());
        }
        if let Trust::Untrusted { why } = &self.trust {
            return Err(why.clone());
        }
        let Some(branch) = &self.branch else {
            return Err("this run is for a tag or a single commit, and issues are written from branches".to_owned());
        };
        if self.is_default(branch) || branches.iter().any(|pattern| matches_branch(pattern, branch)) {
            return Ok(());
        }
        Err(format!(
            "`{}` is not the default branch, and `branches` in the mapping file does not name it",
            shown(branch)
        ))
    }
}
