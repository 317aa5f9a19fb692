//! Which CI am I in, and what does it tell: repository, commit, branch, pull request, links. Outside of a CI, git tells.
//!
//! Pure: environment and files are handed in, but for [`Ci::here`].

mod azure;
mod code;
mod git;
mod github;
mod gitlab;
mod model;
mod remote;
mod service;
mod trust;

use std::path::Path;

use crate::disk;
use model::{Env, MAX_TOLD, Read};

pub use code::CodeLinks;
pub use model::{Ci, PullRequest, Siblings};
pub use remote::source_of;
pub use service::{Service, System, Visibility};
pub use trust::Trust;

/// Makes a folder the one that paths are relative to.
///
/// # Errors
/// Where it is none that can be entered.
pub fn enter(dir: &Path) -> std::io::Result<()> {
    std::env::set_current_dir(dir)
}

impl System {
    /// Whether runs for an event (source, reason) work on what people pushed who may, and nothing else.
    #[must_use]
    pub fn trusts(self, event: &str) -> bool {
        let trusted: &[&str] = match self {
            Self::GitHubActions => &github::TRUSTED_EVENTS,
            Self::GitLabCi => &gitlab::TRUSTED_SOURCES,
            Self::AzurePipelines => &azure::TRUSTED_REASONS,
        };
        trusted.iter().any(|trusted| trusted.eq_ignore_ascii_case(event))
    }
}

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
            git::detect(&env, read, dir)
        }
    }

    /// What this process' environment and the current folder tell.
    #[must_use]
    pub fn here() -> Self {
        let dir = std::env::current_dir().unwrap_or_default();
        Self::detect(&|name| std::env::var(name).ok(), &|path| disk::read_text(path, MAX_TOLD).ok(), &dir)
    }
}
