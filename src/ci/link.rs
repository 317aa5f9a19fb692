//! Links to the code at a commit, as each service writes them.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{Ci, Service};

/// Where the code can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeHost {
    /// Which service.
    pub service: Service,
    /// The repository's address.
    pub repository_url: String,
    /// The commit.
    pub commit: String,
}

/// What may not stand as it is in a path of a URL, nor in the Markdown around it.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'(')
    .add(b')')
    .add(b'[')
    .add(b']')
    .add(b'\\')
    .add(b'|')
    .add(b'^')
    .add(b'&')
    .add(b'+')
    .add(b'*');

/// A path in a URL.
pub(super) fn encode(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

impl CodeHost {
    pub(super) fn new(service: Service, server: &str, repository: Option<&str>, commit: Option<&str>) -> Option<Self> {
        let commit = commit.filter(|commit| !commit.is_empty() && commit.bytes().all(|b| b.is_ascii_alphanumeric()))?;
        let repository_url = format!("{}/{}", server.trim_end_matches('/'), encode(repository?));
        Some(Self { service, repository_url, commit: commit.to_owned() })
    }

    /// The template of a link to a line, with `{path}` and `{line}` left to fill in.
    #[must_use]
    pub fn template(&self) -> String {
        let Self { service, repository_url, commit } = self;
        match service {
            Service::GitHub => format!("{repository_url}/blob/{commit}/{{path}}#L{{line}}"),
            Service::GitLab => format!("{repository_url}/-/blob/{commit}/{{path}}#L{{line}}"),
            Service::AzureDevOps => {
                format!(
                    "{repository_url}?path=/{{path}}&version=GC{commit}&line={{line}}&lineEnd={{line}}&lineStartColumn=1&lineEndColumn=1"
                )
            }
        }
    }

    /// A link to a file, and to a line in it where there is one. The path is encoded.
    #[must_use]
    pub fn link(&self, path: &str, line: Option<u32>) -> String {
        let template = self.template();
        let template = match line {
            Some(line) => template.replace("{line}", &line.to_string()),
            None => template.split(['#']).next().and_then(|t| t.split("&line=").next()).unwrap_or_default().to_owned(),
        };
        template.replace("{path}", &encode(path.trim_start_matches("./").trim_start_matches('/')))
    }
}

impl Ci {
    /// A link to a file at this run's commit.
    #[must_use]
    pub fn code_link(&self, path: &str, line: Option<u32>) -> Option<String> {
        self.code.as_ref().map(|code| code.link(path, line))
    }
}
