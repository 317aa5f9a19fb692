//! Outside of a CI: commit, branch and remote out of `.git`, read by hand, without starting git.

use std::path::{Path, PathBuf};

use url::Url;

use super::{Ci, CodeLinks, Read, Service, branch_of};

pub(super) fn detect(read: Read<'_>, dir: &Path) -> Ci {
    let Some(repository) = dir.ancestors().find_map(|root| Repository::open(read, root)) else { return Ci::default() };
    let head = repository.own("HEAD").unwrap_or_default();
    let reference = head.strip_prefix("ref:").map(str::trim);
    let commit = match reference {
        Some(reference) => repository.resolve(reference),
        None => Some(head.clone()).filter(|hash| is_hash(hash)),
    };
    let remote = repository.common("config").and_then(|config| origin(&config)).and_then(|url| Remote::parse(&url));
    let default_branch = repository
        .common("refs/remotes/origin/HEAD")
        .and_then(|text| Some(text.strip_prefix("ref: refs/remotes/origin/")?.to_owned()));
    let mut ci = Ci {
        branch: reference.and_then(branch_of),
        default_branch,
        workspace: Some(repository.root.clone()),
        commit,
        ..Ci::default()
    };
    if let Some(remote) = remote {
        ci.code = remote
            .service
            .and_then(|service| CodeLinks::new(service, &remote.server, Some(&remote.path), ci.commit.as_deref()));
        ci.service = remote.service;
        ci.server_url = Some(remote.organization_url());
        ci.project = remote.project();
        ci.repository = Some(remote.path);
    }
    ci
}

struct Repository<'a> {
    read: Read<'a>,
    root: PathBuf,
    /// What belongs to this work tree.
    own: PathBuf,
    /// What all work trees share.
    common: PathBuf,
}

impl<'a> Repository<'a> {
    fn open(read: Read<'a>, root: &Path) -> Option<Self> {
        let mut own = root.join(".git");
        // In a work tree or a submodule, `.git` is a file that says where it is.
        if let Some(text) = read(&own) {
            own = root.join(text.trim().strip_prefix("gitdir:")?.trim());
        }
        read(&own.join("HEAD"))?;
        let common = read(&own.join("commondir")).map_or_else(|| own.clone(), |path| own.join(path.trim()));
        Some(Self { read, root: root.to_owned(), own, common })
    }

    fn own(&self, name: &str) -> Option<String> {
        (self.read)(&self.own.join(name)).map(|text| text.trim().to_owned())
    }

    fn common(&self, name: &str) -> Option<String> {
        (self.read)(&self.common.join(name)).map(|text| text.trim().to_owned())
    }

    fn resolve(&self, reference: &str) -> Option<String> {
        let loose = self.common(reference).filter(|hash| is_hash(hash));
        loose.or_else(|| {
            let packed = self.common("packed-refs")?;
            let found = packed.lines().find_map(|line| line.strip_suffix(reference)?.strip_suffix(' '))?;
            is_hash(found).then(|| found.to_owned())
        })
    }
}

fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The address of the remote `origin`, else of the first one.
fn origin(config: &str) -> Option<String> {
    let mut section = "";
    let mut first = None;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        if section.starts_with("[remote ") && key.trim() == "url" {
            let value = value.trim().trim_matches('"').to_owned();
            if section == "[remote \"origin\"]" {
                return Some(value);
            }
            first.get_or_insert(value);
        }
    }
    first
}

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
        let (host, path) = match Url::parse(url) {
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => {
                let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
                (format!("{}{port}", parsed.host_str()?), parsed.path().to_owned())
            }
            Ok(parsed) if matches!(parsed.scheme(), "ssh" | "git") => {
                (parsed.host_str()?.to_owned(), parsed.path().to_owned())
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
        let path = path.trim_matches('/').trim_end_matches(".git").to_owned();
        let path = percent_encoding::percent_decode_str(&path).decode_utf8().ok()?.into_owned();
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
    fn organization_url(&self) -> String {
        match (self.service, self.path.split('/').next()) {
            (Some(Service::AzureDevOps), Some(organization)) if self.server == "https://dev.azure.com" => {
                format!("{}/{organization}", self.server)
            }
            _ => self.server.clone(),
        }
    }

    /// Azure Repos: the team project. A repository of the same name as its project leaves that out.
    fn project(&self) -> Option<String> {
        if self.service != Some(Service::AzureDevOps) {
            return None;
        }
        let (before, repository) = self.path.split_once("_git/")?;
        let skipped = usize::from(self.server == "https://dev.azure.com");
        let mut parts = before.split('/').filter(|part| !part.is_empty() && *part != "DefaultCollection").skip(skipped);
        Some(parts.next().unwrap_or(repository).to_owned())
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
}
