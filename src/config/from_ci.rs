//! What need not be written because the CI tells it: the instance, its token, and the project.

use url::Url;

use super::{Config, Credential, Instance, Mapping, Project, Secret, SeverityMap, StatusMap, TrackerKind};
use crate::ci::{Ci, Service, System};

type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The variable whose token goes before those of the CI.
const OWN_TOKEN: &str = "FINDSYNC_TOKEN";
/// The variable whose token goes before all others in runs that only plan, so that those need none that may write.
const READ_TOKEN: &str = "FINDSYNC_READ_TOKEN";

impl Config {
    /// The configuration where there is no mapping file: issues of the repository or project that the CI works on.
    ///
    /// Outside of a CI, and where its environment does not tell enough, there are no mappings.
    #[must_use]
    pub fn from_ci(ci: &Ci, env: Env<'_>) -> Self {
        let instances: Vec<_> = instance(ci, env).into_iter().collect();
        let mappings = mapping(ci, &instances).into_iter().collect();
        Self { instances, mappings, ..Self::default() }
    }

    /// The CI's own server, to be asked for its runs: with the job's own token, else with one that the mapping file has for
    /// that server. `None` where no token may ask: GitLab's job tokens may not.
    #[must_use]
    pub fn ci_instance(&self, ci: &Ci, env: Env<'_>) -> Option<Instance> {
        ci.system?;
        let mut own = instance(ci, &|_| None)?;
        let may_ask = |given: &Credential| !matches!(given, Credential::None | Credential::JobToken(_));
        let same = || self.instances.iter().filter(|other| same_server(&own, other));
        let job = Some(ci_token(own.kind, env)).filter(may_ask);
        let credential = job.or_else(|| same().map(|other| other.credential.clone()).find(may_ask))?;
        let ca_file = same().find_map(|other| other.ca_file.clone());
        own.credential = credential;
        own.ca_file = ca_file;
        Some(own)
    }

    /// The configuration of the `local` tracker in a folder.
    #[must_use]
    pub fn local(dir: &str) -> Self {
        Self::default().into_local(dir)
    }

    /// The same, but issues go to a folder instead of to trackers, so that a team can look at them first.
    ///
    /// Where there are several mappings, all that is routed to any of them goes there, as the first one says.
    #[must_use]
    pub fn into_local(mut self, dir: &str) -> Self {
        let kind = TrackerKind::Local;
        self.instances = vec![Instance::new(kind.name().to_owned(), kind, dir.to_owned())];
        let seed = || Mapping::seed(kind.name().to_owned(), 0, kind, Project::default());
        self.mappings.truncate(1);
        for mapping in &mut self.mappings {
            mapping.instance = 0;
            mapping.project = Project::default();
            mapping.severity = SeverityMap::seed(kind);
            mapping.status = StatusMap::seed(kind);
        }
        if self.mappings.is_empty() {
            self.mappings.push(seed());
        }
        for route in &mut self.routes {
            route.mapping = 0;
        }
        self
    }
}

/// The instance that the CI works on, with the token that the environment has for it.
pub(crate) fn instance(ci: &Ci, env: Env<'_>) -> Option<Instance> {
    let server = ci.server_url.as_deref()?.trim_end_matches('/');
    let (kind, location) = match ci.service? {
        Service::GitHub => {
            let (owner, _) = ci.repository.as_deref()?.split_once('/')?;
            (TrackerKind::GitHub, format!("{server}/{owner}"))
        }
        Service::GitLab => (TrackerKind::GitLab, server.to_owned()),
        Service::AzureDevOps => (TrackerKind::AzureDevOps, server.to_owned()),
    };
    let mut instance = Instance::new(kind.name().to_owned(), kind, location);
    instance.api_url.clone_from(&ci.api_url);
    instance.graphql_url.clone_from(&ci.graphql_url);
    let mut credential = read_token(ci, env).map_or_else(|| own_token(env), Credential::Token);
    if let (Credential::Token(token), TrackerKind::AzureDevOps) = (&credential, kind)
        && is_jwt(token)
    {
        credential = Credential::Bearer(token.clone());
    }
    instance.credential = match credential {
        Credential::None if ci.system.is_some() => ci_token(kind, env),
        given => given,
    };
    Some(instance)
}

/// The mapping for the repository or project that the CI works on, or for the first folder.
pub(crate) fn mapping(ci: &Ci, instances: &[Instance]) -> Option<Mapping> {
    let named = |instance: &Instance| match instance.kind {
        TrackerKind::Local => Some(String::new()),
        _ => project(ci, instance),
    };
    let (index, name) = instances.iter().enumerate().find_map(|(i, instance)| Some((i, named(instance)?)))?;
    let kind = instances[index].kind;
    let label = if name.is_empty() { kind.name().to_owned() } else { name.clone() };
    Some(Mapping::seed(label, index, kind, Project { name, ..Project::default() }))
}

/// The repository or project that the CI works on, if it is of this instance.
pub(crate) fn project(ci: &Ci, instance: &Instance) -> Option<String> {
    let ours = self::instance(ci, &|_| None)?;
    if !same_server(&ours, instance) {
        return None;
    }
    match ours.kind {
        TrackerKind::GitHub if !same_path(&ours.location, &instance.location) => None,
        TrackerKind::GitHub => Some(ci.repository.as_deref()?.split_once('/')?.1.to_owned()),
        TrackerKind::GitLab => ci.repository.clone(),
        TrackerKind::AzureDevOps => ci.project.clone(),
        TrackerKind::Local => None,
    }
}

/// The token for runs that work on what nobody has merged, or that nobody vouches for: it need not be able to write, so
/// that whoever gets at it may read issues and nothing more.
pub(crate) fn read_token(ci: &Ci, env: Env<'_>) -> Option<Secret> {
    let only_reads = ci.pull_request.is_some() || !ci.is_trusted();
    secret(env, READ_TOKEN).filter(|_| only_reads)
}

/// The token that people gave for us.
pub(crate) fn own_token(env: Env<'_>) -> Credential {
    secret(env, OWN_TOKEN).map_or(Credential::None, Credential::Token)
}

/// The token that the CI made for this job.
fn ci_token(kind: TrackerKind, env: Env<'_>) -> Credential {
    let token = match kind {
        TrackerKind::GitHub => secret(env, "GITHUB_TOKEN").map(Credential::Token),
        TrackerKind::GitLab => secret(env, "CI_JOB_TOKEN").map(Credential::JobToken),
        TrackerKind::AzureDevOps => secret(env, "SYSTEM_ACCESSTOKEN").map(Credential::Bearer),
        TrackerKind::Local => None,
    };
    token.unwrap_or(Credential::None)
}

/// The variable in which a CI hands its own token to the job, and the token.
pub(crate) fn job_token(ci: &Ci, env: Env<'_>) -> Option<(&'static str, Secret)> {
    let name = match ci.system? {
        System::GitHubActions => "GITHUB_TOKEN",
        System::GitLabCi => "CI_JOB_TOKEN",
        System::AzurePipelines => "SYSTEM_ACCESSTOKEN",
    };
    Some((name, secret(env, name)?))
}

/// A variable that is not empty: CIs set a secret that a run may not have to nothing, and Azure Pipelines leaves
/// `$(NAME)` as it is.
pub(crate) fn secret(env: Env<'_>, name: &str) -> Option<Secret> {
    let value = env(name)?;
    let value = value.trim();
    (!value.is_empty() && !value.starts_with("$(")).then(|| Secret::new(value.to_owned()))
}

/// Whether a token is a JSON web token, as Entra issues them: those go as Bearer only.
pub(crate) fn is_jwt(token: &Secret) -> bool {
    let parts: Vec<&str> = token.expose().split('.').collect();
    parts.len() == 3 && parts[0].starts_with("eyJ")
}

/// Whether an instance is on the server of the CI's own, with all its addresses, so that the CI's token may go there.
pub(crate) fn same_server(ours: &Instance, other: &Instance) -> bool {
    let (Ok(a), Ok(b)) = (Url::parse(&ours.location), Url::parse(&other.location)) else { return false };
    let is_known = |address: &Option<String>| {
        let own = [Some(&ours.location), ours.api_url.as_ref(), ours.graphql_url.as_ref()];
        let mut origins = own.into_iter().flatten().filter_map(|url| Url::parse(url).ok());
        address.as_ref().is_none_or(|url| Url::parse(url).is_ok_and(|u| origins.any(|own| own.origin() == u.origin())))
    };
    if ours.kind != other.kind || !is_known(&other.api_url) || !is_known(&other.graphql_url) {
        return false;
    }
    let same_address = a.origin() == b.origin() && same_path(&ours.location, &other.location);
    match ours.kind {
        TrackerKind::GitHub => a.origin() == b.origin(),
        // GitLab may live under a path, beside something else on the same host.
        TrackerKind::GitLab => same_address,
        TrackerKind::AzureDevOps => match (organization(&a), organization(&b)) {
            (Some(ours), Some(theirs)) => ours.eq_ignore_ascii_case(&theirs),
            _ => same_address,
        },
        TrackerKind::Local => false,
    }
}

fn same_path(a: &str, b: &str) -> bool {
    a.trim_end_matches('/').eq_ignore_ascii_case(b.trim_end_matches('/'))
}

/// The organization of an address of Azure DevOps Services, in its new or its old form.
fn organization(url: &Url) -> Option<String> {
    let host = url.host_str().filter(|_| url.scheme() == "https")?;
    if host == "dev.azure.com" {
        return url.path_segments()?.next().filter(|name| !name.is_empty()).map(str::to_owned);
    }
    host.strip_suffix(".visualstudio.com").map(str::to_owned)
}
