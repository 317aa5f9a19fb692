//! Outside of a CI: commit, branch and remote out of `.git`, read by hand, without starting git.

use std::path::{Path, PathBuf};

use super::model::{Env, Read, branch_of};
use super::remote::Remote;
use super::{Ci, CodeLinks};

pub(super) fn detect(env: Env<'_>, read: Read<'_>, dir: &Path) -> Ci {
    let Some(repository) = dir.ancestors().find_map(|root| Repository::open(read, root)) else { return Ci::default() };
    let head = repository.own("HEAD").unwrap_or_default();
    let reference = head.strip_prefix("ref:").map(str::trim);
    let commit = match reference {
        Some(reference) => repository.resolve(reference),
        None => Some(head.clone()).filter(|hash| is_hash(hash)),
    };
    let remote = repository.remote(env).and_then(|url| Remote::parse(&url));
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
        ci.source = remote.source();
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

    /// The address of the remote `origin`, else of the only one.
    fn remote(&self, env: Env<'_>) -> Option<String> {
        let own = self.common("config").unwrap_or_default();
        let settings: Vec<Setting> = settings(&own).collect();
        let urls = || settings.iter().filter(|setting| setting.is("remote", "url"));
        let origin = urls().find(|setting| setting.subsection == "origin");
        let only = || urls().next().filter(|first| urls().all(|other| other.subsection == first.subsection));
        let url = origin.or_else(only)?.value.clone();
        if is_address(&url) {
            return Some(url);
        }
        // Only a short form needs what `insteadOf` says: of a whole address it makes a mirror's, or one with a token.
        let home = env("HOME").or_else(|| env("USERPROFILE")).map(PathBuf::from);
        let xdg = env("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(".config")));
        let files = [home.map(|home| home.join(".gitconfig")), xdg.map(|folder| folder.join("git/config"))];
        let users: Vec<String> = files.into_iter().flatten().filter_map(|path| (self.read)(&path)).collect();
        let all = settings.into_iter().chain(users.iter().flat_map(|text| self::settings(text)));
        let short = all.filter(|setting| setting.is("url", "insteadof") && url.starts_with(&setting.value));
        let longest = short.max_by_key(|setting| setting.value.len());
        Some(longest.map_or(url.clone(), |setting| format!("{}{}", setting.subsection, &url[setting.value.len()..])))
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

/// Whether an address names a host, and not a short form that `insteadOf` makes one of.
fn is_address(url: &str) -> bool {
    url.contains("://") || url.split(':').next().is_some_and(|host| host.contains(['.', '@']))
}

/// One line of git's configuration.
struct Setting {
    section: String,
    subsection: String,
    key: String,
    value: String,
}

impl Setting {
    fn is(&self, section: &str, key: &str) -> bool {
        self.section == section && self.key == key
    }
}

/// The settings of a configuration file of git. Sections and keys are in lower case, as git does not tell cases apart.
fn settings(config: &str) -> impl Iterator<Item = Setting> {
    let (mut section, mut subsection) = (String::new(), String::new());
    config.lines().map(str::trim).filter_map(move |line| {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            let (name, rest) = header.split_once(char::is_whitespace).unwrap_or((header, ""));
            section = name.to_ascii_lowercase();
            subsection = rest.trim().trim_matches('"').to_owned();
            return None;
        }
        let (key, value) = line.split_once('=')?;
        Some(Setting {
            section: section.clone(),
            subsection: subsection.clone(),
            key: key.trim().to_ascii_lowercase(),
            value: value.trim().trim_matches('"').to_owned(),
        })
    })
}
