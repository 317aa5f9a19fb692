//! Instances, written to trusted: addresses, and credentials that come from the environment only.

use url::{Host, Url};

use super::Checker;
use crate::config::error::quote;
use crate::config::from_ci;
use crate::config::raw::enums::TokenType;
use crate::config::raw::spanned::{Place, Text};
use crate::config::{Credential, Instance, ProblemKind, Secret, TrackerKind, raw};

impl Checker<'_> {
    /// The instances of a file; without any, the one that the CI tells.
    pub(crate) fn instances(&mut self, file: &raw::File) -> Vec<Instance> {
        if file.instances.is_empty() {
            return from_ci::instance(self.given.ci, self.given.env).into_iter().collect();
        }
        let mut instances: Vec<Instance> = Vec::new();
        let alone = file.instances.len() == 1;
        for written in &file.instances {
            let instance = self.instance(written, alone);
            if instances.iter().any(|other| other.label == instance.label) {
                let what = format!("two instances have the label `{}`", quote(&written.label.raw));
                self.problem(ProblemKind::Duplicate, written.label.place, what, "give each its own label");
            }
            instances.push(instance);
        }
        instances
    }

    fn instance(&mut self, written: &raw::Instance, alone: bool) -> Instance {
        let label = self.filled(&written.label).unwrap_or_else(|| written.label.raw.clone());
        let Some(kind) = self.word(&written.r#type) else {
            // What else is wrong with it cannot be told without its type.
            return Instance::new(label, TrackerKind::Local, String::new());
        };
        let mut instance = Instance::new(label, kind, String::new());
        let ours = from_ci::instance(self.given.ci, self.given.env).filter(|ours| ours.kind == kind);
        match (&written.location, &ours) {
            (Some(location), _) => instance.location = self.location(kind, location).unwrap_or_default(),
            (None, Some(ours)) => instance.location.clone_from(&ours.location),
            (None, None) if kind == TrackerKind::GitLab => instance.location = "https://gitlab.com".to_owned(),
            (None, None) => {
                let what = "this instance has no location, and the CI does not tell one";
                self.problem(ProblemKind::MissingKey, written.label.place, what, location_help(kind));
            }
        }
        instance.api_url = written.api_url.as_ref().and_then(|url| self.address(url));
        instance.graphql_url = written.graphql_url.as_ref().and_then(|url| self.address(url));
        let ours = ours.filter(|ours| from_ci::same_server(ours, &instance));
        instance.ca_file = self.optional(written.ca_file.as_ref()).map(Into::into);
        let is_ours = ours.is_some();
        instance.credential = self.credential(written, kind, is_ours);
        if let Some(ours) = &ours {
            instance.api_url = instance.api_url.or_else(|| ours.api_url.clone());
            instance.graphql_url = instance.graphql_url.or_else(|| ours.graphql_url.clone());
        }
        let has_read_token = from_ci::read_token(self.given.ci, self.given.env).is_some();
        if let Some(ours) = ours.as_ref().filter(|_| has_read_token) {
            instance.credential = ours.credential.clone();
        }
        if instance.credential == Credential::None && written.token.is_none() && kind != TrackerKind::Local {
            // The CI's token goes to the CI's server only; `FINDSYNC_TOKEN` also where no other instance could be meant.
            instance.credential = match ours {
                Some(ours) => ours.credential,
                None if alone && self.given.ci.is_trusted() => from_ci::own_token(self.given.env),
                None => Credential::None,
            };
        }
        instance
    }

    fn location(&mut self, kind: TrackerKind, text: &Text) -> Option<String> {
        let value = self.filled(text)?;
        if kind == TrackerKind::Local {
            return Some(value);
        }
        let checked = check_address(&value).and_then(|url| {
            let segments = url.path_segments().into_iter().flatten().filter(|s| !s.is_empty()).count();
            let is_legacy = url.host_str().is_some_and(|host| host.ends_with(".visualstudio.com"));
            match kind {
                TrackerKind::GitHub if segments != 1 => Err("it must end with one name, the organization or user"),
                TrackerKind::AzureDevOps if segments == 0 && !is_legacy => {
                    Err("it lacks the organization or collection")
                }
                _ => Ok(url),
            }
        });
        match checked {
            Ok(url) => Some(url.as_str().trim_end_matches('/').to_owned()),
            Err(why) => {
                let what = format!("this is not a location: {why}");
                self.problem(ProblemKind::WrongValue, text.place, what, location_help(kind));
                None
            }
        }
    }

    fn address(&mut self, text: &Text) -> Option<String> {
        let value = self.filled(text)?;
        match check_address(&value) {
            Ok(url) => Some(url.as_str().trim_end_matches('/').to_owned()),
            Err(why) => {
                let what = format!("this is not an API's address: {why}");
                self.problem(ProblemKind::WrongValue, text.place, what, "write a whole URL, or leave the key out");
                None
            }
        }
    }

    /// The credential that is written for an instance. Where nobody vouches for the mapping file, it goes to the CI's own
    /// server only.
    fn credential(&mut self, written: &raw::Instance, kind: TrackerKind, is_ours: bool) -> Credential {
        let wrong = |checker: &mut Self, place: Place, what: &str, help: &str| {
            checker.problem(ProblemKind::WrongValue, place, what, help);
        };
        if let (Some(token), TrackerKind::Local) = (&written.token, kind) {
            wrong(self, token.place, "a local folder needs no token", "leave `token` out");
        }
        if let Some(app) = &written.app {
            if kind != TrackerKind::GitHub {
                wrong(self, app.id.place, "`app` is only for instances of type `github`", "use `token`");
            }
            if let Some(token) = &written.token {
                wrong(self, token.place, "an instance has either `token` or `app`", "leave one of the two out");
            }
            let private_key = self.secret(&app.private_key, "private_key", is_ours);
            let installation = self.number(app.installation.as_ref(), 1, u64::MAX);
            return match (self.filled(&app.id), private_key) {
                (Some(id), Some(private_key)) => Credential::App { id, private_key, installation },
                _ => Credential::None,
            };
        }
        let Some(text) = &written.token else { return Credential::None };
        let token_type = self.choice(written.token_type.as_ref());
        if let (Some(TokenType::Job), Some(word)) = (token_type, &written.token_type)
            && kind != TrackerKind::GitLab
        {
            wrong(self, word.text.place, "only GitLab has job tokens", "leave `token_type` out");
        }
        let Some(token) = self.secret(text, "token", is_ours) else { return Credential::None };
        let token_type = token_type.unwrap_or(match (kind, text.variable()) {
            (TrackerKind::AzureDevOps, Some("SYSTEM_ACCESSTOKEN")) => TokenType::Bearer,
            (TrackerKind::AzureDevOps, _) if from_ci::is_jwt(&token) => TokenType::Bearer,
            (TrackerKind::GitLab, Some("CI_JOB_TOKEN")) => TokenType::Job,
            _ => TokenType::Token,
        });
        match token_type {
            TokenType::Token => Credential::Token(token),
            TokenType::Bearer => Credential::Bearer(token),
            TokenType::Job => Credential::JobToken(token),
        }
    }

    /// A secret: exactly one variable of the environment.
    fn secret(&mut self, text: &Text, key: &str, is_ours: bool) -> Option<Secret> {
        let Some(name) = text.variable() else {
            let what = format!("a secret stands in the file: `{key}` takes one environment variable and nothing else");
            let variable = if key == "token" { "FINDSYNC_TOKEN" } else { "FINDSYNC_APP_KEY" };
            let help = format!(
                "write `{key}: ${{{variable}}}`, keep the value in the CI's secret variables, and revoke it if it was committed"
            );
            self.problem(ProblemKind::LiteralSecret, text.place, what, help);
            return None;
        };
        let job = from_ci::job_token(self.given.ci, self.given.env);
        let is_job = job.is_some_and(|(own, value)| {
            own == name || from_ci::secret(self.given.env, name).is_some_and(|secret| secret == value)
        });
        if is_job && !is_ours {
            let what = format!("`{name}` is this job's own token, and goes to the CI's own server only");
            let help = "give this instance a token of its own";
            self.problem(ProblemKind::Variable, text.place, what, help);
            return None;
        }
        let is_for_us = is_job || super::is_listed(self.given.env, name);
        if !(self.given.ci.is_trusted() || is_ours && is_for_us) {
            return None;
        }
        // CIs set a secret that is not there (in a fork's pull request, say) to nothing.
        let value = from_ci::secret(self.given.env, name);
        if value.is_none() && self.given.tokens_needed && self.given.ci.pull_request.is_none() {
            let what = format!("the environment variable `{name}` is not set, or empty");
            let help = format!("set `{name}` from the CI's secret variables, and hand it to this step");
            self.problem(ProblemKind::Variable, text.place, what, help);
        }
        value
    }
}

const fn location_help(kind: TrackerKind) -> &'static str {
    match kind {
        TrackerKind::GitHub => "write `location: https://github.com/OWNER`, or the same on your own server",
        TrackerKind::GitLab => "write `location: https://gitlab.com`, or your own server's address",
        TrackerKind::AzureDevOps => "write `location: https://dev.azure.com/ORGANIZATION`, or the collection's address",
        TrackerKind::Local => "write `location:` and a folder",
    }
}

/// An address to which a token may be sent. The reasons hold nothing of the address, as that may be a secret.
pub(crate) fn check_address(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "it is no URL")?;
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err("it has no host"),
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback => {}
        _ => return Err("it must begin with `https://`"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user or password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it must end before `?` and `#`");
    }
    Ok(url)
}
