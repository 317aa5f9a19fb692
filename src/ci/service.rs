//! CI systems, the services beside them, and who can read what is there.

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

/// Who can read something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Visibility {
    /// Members only.
    Private,
    /// Everybody with an account on the server.
    Internal,
    /// Everybody.
    Public,
}

impl Visibility {
    /// By its name at GitHub and GitLab. A word that we do not know must not make a guard sleep.
    pub(super) fn named(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "private" => Self::Private,
            "internal" => Self::Internal,
            _ => Self::Public,
        }
    }
}
