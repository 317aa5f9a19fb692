//! Instances: which tracker to connect to, and how we prove who we are.

use std::path::PathBuf;

/// Which service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackerKind {
    /// GitHub.com or GitHub Enterprise Server.
    GitHub,
    /// GitLab.com or self-managed.
    GitLab,
    /// Azure DevOps Services or Server.
    AzureDevOps,
    /// Markdown files in a folder.
    Local,
}

impl TrackerKind {
    /// The name in the mapping file and in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::AzureDevOps => "azure_devops",
            Self::Local => "local",
        }
    }
}

/// A secret value. It prints as `***`, always.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret value.
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself: only for the header that carries it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// How we prove who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// No token: the local tracker, or a plan that only shows what it can without one.
    None,
    /// A token, as people or the CI gave it.
    Token(Secret),
    /// A token that must go as `Authorization: Bearer` (Azure DevOps `SYSTEM_ACCESSTOKEN`, Entra, GitLab OAuth).
    Bearer(Secret),
    /// GitLab's `CI_JOB_TOKEN`.
    JobToken(Secret),
    /// A GitHub App: we fetch the installation token ourselves.
    App {
        /// The App's id or client id.
        id: String,
        /// Its private key in PEM.
        private_key: Secret,
        /// The installation, where it is known; else the one of the repository is asked for.
        installation: Option<u64>,
    },
}

/// A tracker to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its name in the mapping file.
    pub label: String,
    /// Which service.
    pub kind: TrackerKind,
    /// The address as people write it (`https://github.com/acme`), or a folder for `local`.
    pub location: String,
    /// The API's base address, where it does not follow from `location` (GITHUB_API_URL, CI_API_V4_URL).
    pub api_url: Option<String>,
    /// The GraphQL address, where it does not follow from `location` (GITHUB_GRAPHQL_URL).
    pub graphql_url: Option<String>,
    /// The credential.
    pub credential: Credential,
    /// A file with more certificate authorities, PEM.
    pub ca_file: Option<PathBuf>,
}

impl Instance {
    /// An instance of which only the address is known.
    #[must_use]
    pub fn new(label: String, kind: TrackerKind, location: String) -> Self {
        Self { label, kind, location, api_url: None, graphql_url: None, credential: Credential::None, ca_file: None }
    }
}
