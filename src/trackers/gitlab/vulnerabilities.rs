//! GitLab's own vulnerability report (Ultimate): which of its entries people linked to issues.
//!
//! <https://docs.gitlab.com/api/graphql/reference/#projectvulnerabilities>

use serde::Deserialize;
use serde_json::json;

use super::{Error, GitLab};
use crate::trackers::Linked;
use crate::trackers::http::Kind;

/// One page has to do: what is beyond it is not told.
const QUERY: &str = "query($path: ID!) { project(fullPath: $path) { \
    vulnerabilities(hasIssues: true, state: [DETECTED, CONFIRMED], first: 100) { nodes { \
    identifiers { name externalType } issueLinks { nodes { issue { webUrl } } } location { \
    ... on VulnerabilityLocationDependencyScanning { file } ... on VulnerabilityLocationSast { file } \
    ... on VulnerabilityLocationSecretDetection { file } } } } } }";

/// Identifiers that say of what sort a vulnerability is, and not which one.
const SORTS: [&str; 2] = ["cwe", "owasp"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vulnerability {
    identifiers: Vec<Identifier>,
    issue_links: Nodes,
    location: Option<Location>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identifier {
    name: Option<String>,
    external_type: Option<String>,
}

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    issue: Issue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    web_url: String,
}

#[derive(Deserialize)]
struct Location {
    file: Option<String>,
}

impl GitLab {
    pub(super) async fn linked_vulnerabilities(&self) -> Result<Vec<Linked>, Error> {
        let what = "read GitLab's vulnerability report";
        let path = &self.setup().await?.project.path_with_namespace;
        let mut data = match self.api.graphql(Kind::Read, what, QUERY, &json!({ "path": path })).await {
            // The free edition knows no such report.
            Err(Error::Refused { detail, .. }) if detail.contains("doesn't exist on type") => return Ok(Vec::new()),
            other => other?,
        };
        // Nothing is there for those who may not read the report: that takes the role Developer.
        let nodes = data["project"]["vulnerabilities"]["nodes"].take();
        let all: Option<Vec<Vulnerability>> = serde_json::from_value(nodes).map_err(|e| Error::Protocol {
            service: self.api.host(),
            what: what.to_owned(),
            detail: e.to_string(),
        })?;
        let linked = all.into_iter().flatten().flat_map(|vulnerability| {
            let is_own = |identifier: &Identifier| {
                !identifier.external_type.as_deref().is_some_and(|sort| SORTS.contains(&sort.to_lowercase().as_str()))
            };
            let identifiers = vulnerability.identifiers.into_iter().filter(is_own);
            let names: Vec<String> = identifiers.filter_map(|identifier| identifier.name).collect();
            let file = vulnerability.location.and_then(|location| location.file);
            let links = vulnerability.issue_links.nodes.into_iter();
            links.map(move |link| Linked { names: names.clone(), file: file.clone(), issue: link.issue.web_url })
        });
        Ok(linked.collect())
    }
}
