//! Where a GitHub is: `https://HOST/OWNER` → the REST and GraphQL addresses.

use url::Url;

use crate::config::{Instance, Mapping};
use crate::trackers::Error;

/// A repository and the addresses of its API.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) owner: String,
    pub(super) repository: String,
    /// `acme/shop`.
    pub(super) project: String,
    rest: Url,
    pub(super) graphql: Url,
}

impl Address {
    pub(super) fn new(instance: &Instance, mapping: &Mapping) -> Result<Self, Error> {
        let location = parse(&instance.location)?;
        let owner =
            match location.path_segments().map(|parts| parts.filter(|part| !part.is_empty()).collect::<Vec<_>>()) {
                Some(parts) if parts.len() == 1 => parts[0].to_owned(),
                _ => return Err(bad(&instance.location, "it names no single organization or user")),
            };
        let repository = match mapping.project.name.split_once('/') {
            None => mapping.project.name.clone(),
            Some((before, name)) if before.eq_ignore_ascii_case(&owner) => name.to_owned(),
            Some(_) => return Err(bad(&mapping.project.name, "its owner is not the instance's")),
        };
        if repository.is_empty() {
            return Err(bad(&mapping.project.name, "it names no repository"));
        }
        // https://docs.github.com/en/enterprise-server/rest/overview/resources-in-the-rest-api#current-version
        let host = location.host_str().unwrap_or_default();
        let (rest, graphql) = match host {
            "github.com" | "www.github.com" => {
                ("https://api.github.com".to_owned(), "https://api.github.com/graphql".to_owned())
            }
            _ if host.ends_with(".ghe.com") => (format!("https://api.{host}"), format!("https://api.{host}/graphql")),
            _ => {
                let origin = location.origin().ascii_serialization();
                (format!("{origin}/api/v3"), format!("{origin}/api/graphql"))
            }
        };
        let rest = parse(instance.api_url.as_ref().unwrap_or(&rest))?;
        let graphql = match (&instance.graphql_url, &instance.api_url) {
            (Some(graphql), _) => parse(graphql)?,
            (None, Some(_)) => beside(&rest),
            (None, None) => parse(&graphql)?,
        };
        Ok(Self { project: format!("{owner}/{repository}"), owner, repository, rest, graphql })
    }

    /// An address below the REST API's root; each part is encoded.
    pub(super) fn rest(&self, parts: &[&str]) -> Url {
        let mut url = self.rest.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    /// An address below the repository.
    pub(super) fn repo(&self, parts: &[&str]) -> Url {
        self.rest(&[&["repos", self.owner.as_str(), self.repository.as_str()], parts].concat())
    }

    /// An address below the organization.
    pub(super) fn organization(&self, parts: &[&str]) -> Url {
        self.rest(&[&["orgs", self.owner.as_str()], parts].concat())
    }

    /// The origins that may see the token.
    pub(super) fn origins(&self) -> Vec<Url> {
        vec![self.rest.clone(), self.graphql.clone()]
    }
}

/// GraphQL's address where only REST's is known: `/api/v3` → `/api/graphql`, else `/graphql`.
fn beside(rest: &Url) -> Url {
    let mut url = rest.clone();
    let path = rest.path().trim_end_matches('/');
    url.set_path(&format!("{}/graphql", path.strip_suffix("/v3").unwrap_or(path)));
    url
}

fn parse(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|e| bad(text, &e.to_string()))?;
    if url.has_host() { Ok(url) } else { Err(bad(text, "it has no host")) }
}

fn bad(text: &str, why: &str) -> Error {
    Error::Settings {
        what: format!("cannot use `{text}`: {why}"),
        hint: "write the instance's location as `https://github.com/OWNER`, and the repository's name in the mapping"
            .to_owned(),
    }
}
