//! Where a repository is: the addresses that CIs, git and reports write, and the one form in which they are compared.

use url::Url;

use super::{Ci, Service, System};
use crate::finding::Source;

/// A git remote, without user and password.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) service: Option<Service>,
    /// `https://host`, also where the remote is reached by SSH.
    pub(super) server: String,
    /// `acme/shop`; for Azure Repos the whole path, `acme/project/_git/shop`.
    pub(super) path: String,
}

impl Remote {
    pub(super) fn parse(url: &str) -> Option<Self> {
        let url = url.trim();
        let url = url.strip_prefix("git+").unwrap_or(url);
        let (host, path) = match Url::parse(url) {
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => {
                let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
                (format!("{}{port}", parsed.host_str()?), parsed.path().to_owned())
            }
            // A port of SSH is not the one under which people see the repository.
            Ok(parsed) if matches!(parsed.scheme(), "ssh" | "git") => {
                (parsed.host_str()?.to_ascii_lowercase(), parsed.path().to_owned())
            }
            Ok(_) if url.contains("://") => return None,
            _ => {
                // git@host:path, which may read as a URL with a strange scheme
                let (host, path) = url.split_once(':')?;
                let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
                if host.contains(['/', '\\']) || host.len() < 2 {
                    return None;
                }
                (host.to_ascii_lowercase(), path.to_owned())
            }
        };
        let path = path.trim_matches('/').trim_end_matches(".git").trim_end_matches('/').to_owned();
        let path = percent_encoding::percent_decode_str(&path).decode_utf8().ok()?.into_owned();
        let host = web_host(host);
        let name = host.split(':').next().unwrap_or_default();
        if matches!(name, "ssh.dev.azure.com" | "vs-ssh.visualstudio.com") {
            let [_, organization, project, repository] = path.split('/').collect::<Vec<_>>()[..] else { return None };
            let path = format!("{organization}/{project}/_git/{repository}");
            return Some(Self {
                service: Some(Service::AzureDevOps),
                server: "https://dev.azure.com".to_owned(),
                path,
            });
        }
        let service = if name == "dev.azure.com" || name.ends_with(".visualstudio.com") {
            Some(Service::AzureDevOps)
        } else if name.split(['.', '-']).any(|part| part == "github") {
            Some(Service::GitHub)
        } else if name.split(['.', '-']).any(|part| part == "gitlab") {
            Some(Service::GitLab)
        } else {
            None
        };
        (!path.is_empty()).then(|| Self { service, server: format!("https://{host}"), path })
    }

    /// The server, and for Azure DevOps the organization on it.
    pub(super) fn organization_url(&self) -> String {
        match (self.service, self.path.split('/').next()) {
            (Some(Service::AzureDevOps), Some(organization)) if self.server == "https://dev.azure.com" => {
                format!("{}/{organization}", self.server)
            }
            _ => self.server.clone(),
        }
    }

    /// Azure Repos: the team project. A repository of the same name as its project leaves that out.
    pub(super) fn project(&self) -> Option<String> {
        if self.service != Some(Service::AzureDevOps) {
            return None;
        }
        let (before, repository) = self.path.split_once("_git/")?;
        let skipped = usize::from(self.server == "https://dev.azure.com");
        let mut parts = before.split('/').filter(|part| !part.is_empty() && *part != "DefaultCollection").skip(skipped);
        Some(parts.next().unwrap_or(repository).to_owned())
    }

    /// The one form of all addresses of a repository: `host/path` in lower case, as no forge tells repositories apart by
    /// the case of their names.
    pub(super) fn source(&self) -> Source {
        let host = self.server.trim_start_matches("https://").to_lowercase();
        let path = self.path.to_lowercase();
        let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let organization = host.strip_suffix(".visualstudio.com");
        if organization.is_none() && host != "dev.azure.com" {
            return Source::named(&format!("{host}/{}", parts.join("/")));
        }
        parts.retain(|part| !matches!(*part, "_full" | "_optimized" | "defaultcollection"));
        parts.splice(..0, organization);
        let (repository, mut before) = parts.split_last().map(|(last, before)| (*last, before)).unwrap_or_default();
        if let [rest @ .., "_git" | "_ssh"] = before {
            before = rest;
        }
        let organization = before.first().copied().unwrap_or_default();
        let project = before.get(1).copied().unwrap_or(repository);
        Source::named(&format!("dev.azure.com/{organization}/{project}/_git/{repository}"))
    }
}

/// The host that people see in a browser, of those that only git uses: SSH by the port of https, and aliases for
/// several accounts, `github.com-work`.
fn web_host(host: String) -> String {
    match host.as_str() {
        "ssh.github.com" | "www.github.com" => return "github.com".to_owned(),
        "altssh.gitlab.com" => return "gitlab.com".to_owned(),
        _ => {}
    }
    let known = ["github.com", "gitlab.com", "ssh.dev.azure.com"];
    let alias = |known: &&str| host.strip_prefix(*known).is_some_and(|rest| rest.starts_with('-'));
    known.into_iter().find(alias).map_or(host.clone(), str::to_owned)
}

/// The repository of an address, in any form that git takes.
#[must_use]
pub fn source_of(address: &str) -> Option<Source> {
    Remote::parse(address).map(|remote| remote.source())
}

impl Ci {
    /// The repository that people mean by a name: an address, `host/path`, or a path beside the repository of this run:
    /// `acme/other`, or `other` alone for one of the same owner. `None` where that takes a host and there is none known.
    #[must_use]
    pub fn source_named(&self, name: &str) -> Option<Source> {
        let name = name.trim().trim_matches('/');
        if name.split('/').any(|part| matches!(part, "." | "..")) {
            return None;
        }
        let first = name.split('/').next().unwrap_or_default();
        if name.contains("://") || name.contains('@') {
            return source_of(name);
        }
        if first.contains(['.', ':']) && name.contains('/') {
            return source_of(&format!("https://{name}")).or_else(|| source_of(name));
        }
        if name.contains(':') {
            return None;
        }
        let own = Some(self.source.name.as_str()).filter(|own| !own.is_empty())?;
        if self.system == Some(System::GitLabCi) && name.contains('/') {
            // GitLab may live under a path.
            return source_of(&format!("{}/{name}", self.server_url.as_deref()?));
        }
        let mut parts: Vec<&str> = own.split('/').filter(|part| *part != "_git").collect();
        let given = name.split('/').filter(|part| *part != "_git").count();
        // Azure Repos' paths have three parts, others' begin at the host.
        let kept = match parts[0] {
            "dev.azure.com" => parts.len().saturating_sub(given).max(1),
            _ if given > 1 => 1,
            _ => parts.len() - 1,
        };
        parts.truncate(kept);
        parts.push(name);
        source_of(&format!("https://{}", parts.join("/")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_each_way_to_write_a_remote_and_drops_credentials() {
        for (url, service, server, path) in [
            ("https://user:pw@github.com/acme/shop.git", Some(Service::GitHub), "https://github.com", "acme/shop"),
            ("git@github.com:acme/shop.git", Some(Service::GitHub), "https://github.com", "acme/shop"),
            ("ssh://git@gitlab.acme.io:2222/a/b/c.git", Some(Service::GitLab), "https://gitlab.acme.io", "a/b/c"),
            ("https://gitlab.acme.io:8443/a/b", Some(Service::GitLab), "https://gitlab.acme.io:8443", "a/b"),
            (
                "https://acme@dev.azure.com/acme/My%20Shop/_git/web",
                Some(Service::AzureDevOps),
                "https://dev.azure.com",
                "acme/My Shop/_git/web",
            ),
            (
                "git@ssh.dev.azure.com:v3/acme/Shop/web",
                Some(Service::AzureDevOps),
                "https://dev.azure.com",
                "acme/Shop/_git/web",
            ),
            ("github.com:acme/shop", Some(Service::GitHub), "https://github.com", "acme/shop"),
            ("https://git.acme.io/shop", None, "https://git.acme.io", "shop"),
        ] {
            let expected = Remote { service, server: server.to_owned(), path: path.to_owned() };
            assert_eq!(Remote::parse(url), Some(expected), "{url}");
        }
        for nothing in ["", "/srv/git/shop", "../shop", "C:\\git\\shop", "https://", "file:///srv/x"] {
            assert_eq!(Remote::parse(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn all_addresses_of_a_repository_name_one_source() {
        for (name, addresses) in [
            (
                "github.com/acme/shop",
                &[
                    "https://github.com/Acme/shop",
                    "https://user:pw@GitHub.com:443/acme/Shop.git/",
                    "git@github.com:acme/shop.git",
                    "git@github.com-work:acme/shop.git",
                    "ssh://git@github.com:22/acme/shop",
                    "ssh://git@ssh.github.com:443/acme/shop.git",
                    "git://github.com/acme/shop.git",
                    "git+https://github.com/acme/shop.git",
                ][..],
            ),
            (
                "git.acme.io/a/b/c",
                &["https://git.acme.io/A/b/c.git", "ssh://git@git.acme.io:2222/a/b/c.git", "git@GIT.acme.io:a/b/c"],
            ),
            ("git.acme.io:8443/a/b", &["https://git.acme.io:8443/a/b"]),
            ("git.acme.io/lab/a/b", &["https://git.acme.io/lab/a/b.git"]),
            (
                "dev.azure.com/acme/my shop/_git/web",
                &[
                    "https://dev.azure.com/acme/My%20Shop/_git/web",
                    "https://acme@dev.azure.com/acme/My%20Shop/_git/_full/web",
                    "git@ssh.dev.azure.com:v3/acme/My%20Shop/web",
                    "acme@vs-ssh.visualstudio.com:v3/acme/My%20Shop/web",
                    "https://acme.visualstudio.com/My%20Shop/_git/web",
                    "https://acme.visualstudio.com/DefaultCollection/My%20Shop/_git/web",
                    "ssh://acme@acme.visualstudio.com:22/My%20Shop/_ssh/web",
                ],
            ),
            (
                "dev.azure.com/acme/web/_git/web",
                &["https://dev.azure.com/acme/_git/web", "https://acme.visualstudio.com/_git/web"],
            ),
            ("tfs.acme.io/tfs/main/shop/_git/web", &["https://tfs.acme.io/tfs/Main/Shop/_git/web"]),
        ] {
            for address in addresses {
                assert_eq!(source_of(address).map(|source| source.name).as_deref(), Some(name), "{address}");
            }
        }
        for different in [
            "https://github.com/acme/shop2",
            "https://github.com.evil.io/acme/shop",
            "https://github.acme.io/acme/shop",
            "git@mygithub.com:acme/shop.git",
        ] {
            assert_ne!(source_of(different), source_of("https://github.com/acme/shop"), "{different}");
        }
    }

    #[test]
    fn a_name_means_a_repository_beside_the_runs_own() {
        let at = |own: &str| Ci { source: Source::named(own), ..Ci::default() };
        let named = |ci: &Ci, name: &str| ci.source_named(name).map(|source| source.name);
        for (own, name, expected) in [
            ("github.com/acme/shop", "other", "github.com/acme/other"),
            ("github.com/acme/shop", "Bob/Other", "github.com/bob/other"),
            ("github.com/acme/shop", "gitlab.com/bob/other", "gitlab.com/bob/other"),
            ("github.com/acme/shop", "git@git.acme.io:a/b", "git.acme.io/a/b"),
            ("github.com/acme/shop", "next.js", "github.com/acme/next.js"),
            ("dev.azure.com/acme/shop/_git/web", "api", "dev.azure.com/acme/shop/_git/api"),
            ("dev.azure.com/acme/shop/_git/web", "Pay/api", "dev.azure.com/acme/pay/_git/api"),
            ("dev.azure.com/acme/shop/_git/web", "pay/_git/api", "dev.azure.com/acme/pay/_git/api"),
            ("dev.azure.com/acme/shop/_git/web", "eve/pay/api", "dev.azure.com/eve/pay/_git/api"),
        ] {
            assert_eq!(named(&at(own), name).as_deref(), Some(expected), "{own} {name}");
        }
        let lab = Ci {
            system: Some(System::GitLabCi),
            server_url: Some("https://git.acme.io/lab".to_owned()),
            ..at("git.acme.io/lab/acme/web/shop")
        };
        assert_eq!(named(&lab, "acme/other").as_deref(), Some("git.acme.io/lab/acme/other"));
        assert_eq!(named(&lab, "other").as_deref(), Some("git.acme.io/lab/acme/web/other"));
        assert_eq!(named(&Ci::default(), "acme/other"), None);
        assert_eq!(named(&Ci::default(), "github.com/acme/other").as_deref(), Some("github.com/acme/other"));
    }
}
