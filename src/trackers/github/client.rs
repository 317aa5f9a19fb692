//! GitHub's two APIs over our HTTP layer, and what their errors mean.

use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::address::Address;
use super::auth::Auth;
use crate::config::{Instance, Mapping, Secret};
use crate::trackers::Error;
use crate::trackers::http::{Bucket, Http, HttpConfig, Kind, Pace, Paging, Request, Response, is_loopback};

pub(super) struct Api {
    pub(super) http: Http,
    pub(super) address: Address,
    auth: Auth,
}

/// An answer to a GraphQL document: part of it may be there beside errors.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub(super) data: Value,
    #[serde(default, deserialize_with = "none_is_empty")]
    pub(super) errors: Vec<Failed>,
}

/// Some servers write `errors: null`.
fn none_is_empty<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Failed>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// One error in a GraphQL answer.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Failed {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    message: String,
    #[serde(default)]
    path: Vec<Value>,
}

impl Failed {
    /// Whether it is about this place in the answer, or below.
    pub(super) fn is_at(&self, path: &[&str]) -> bool {
        self.path.len() >= path.len() && path.iter().zip(&self.path).all(|(want, is)| is == want)
    }

    /// Whether it is about something below one of these parts of the answer.
    pub(super) fn is_below(&self, parts: &[&str]) -> bool {
        self.path.iter().filter_map(Value::as_str).any(|part| parts.contains(&part))
    }

    /// Whether what was asked for is not there, or must not be seen.
    pub(super) fn is_not_found(&self) -> bool {
        self.kind.as_deref() == Some("NOT_FOUND")
    }

    /// GitHub's words, with what they mean.
    pub(super) fn says(&self) -> String {
        explain(&self.message)
    }

    /// The first part of its path: a mutation's alias.
    pub(super) fn root(&self) -> Option<&str> {
        self.path.first()?.as_str()
    }

    pub(super) fn error(&self, service: &str, what: &str) -> Error {
        let detail = explain(&self.message);
        let what = what.to_owned();
        match self.kind.as_deref() {
            Some("NOT_FOUND") => Error::NotFound { what: format!("what is needed to {what} ({detail})") },
            Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => Error::Forbidden { what, detail },
            Some("UNPROCESSABLE" | "VALIDATION") => Error::Refused { what, detail },
            Some(_) if !self.path.is_empty() => Error::Refused { what, detail },
            _ => Error::Protocol { service: service.to_owned(), what, detail },
        }
    }
}

impl Api {
    pub(super) fn new(
        instance: &Instance,
        mapping: &Mapping,
        tune: impl FnOnce(&mut HttpConfig),
    ) -> Result<Self, Error> {
        let address = Address::new(instance, mapping)?;
        let auth = Auth::new(&instance.credential)?;
        let mut config = HttpConfig::new(address.origins());
        config.auth = auth.headers();
        config.ca_file.clone_from(&instance.ca_file);
        config.headers = vec![
            (ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
            (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28")),
        ];
        // 80 creations a minute, 500 an hour, writes a second apart:
        // https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
        if !config.origins.iter().all(is_loopback) {
            let (minute, hour) = (Bucket { burst: 50, per_minute: 30 }, Bucket { burst: 320, per_minute: 3 });
            config.pace = Pace { gap: Duration::from_secs(1), creates: vec![minute, hour] };
        }
        config.limited = Some(is_limited);
        config.failed = Some(is_failed);
        tune(&mut config);
        Ok(Self { http: Http::new(config)?, address, auth })
    }

    /// Sends a REST request. Answers of any status come back.
    pub(super) async fn send(&self, request: Request) -> Result<Response, Error> {
        self.auth.renew(&self.http, &self.address).await?;
        self.http.send(request).await
    }

    /// Sends a REST request and lets only a good answer through.
    pub(super) async fn call(&self, request: Request) -> Result<Response, Error> {
        self.send(request).await?.ok().map_err(clarify)
    }

    /// Every page of a REST list, by the `Link` header.
    pub(super) async fn pages<T: serde::de::DeserializeOwned>(&self, what: &str, url: Url) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        let mut next = Some(url);
        let mut paging = Paging::new(self.service(), what);
        while let Some(mut url) = next {
            paging.go_on(&url)?;
            let response = self.call(Request::get(what, url.clone())).await?;
            all.extend(response.json::<Vec<T>>()?);
            // The query alone: a server behind a proxy may not know its own name.
            next = response.header("link").and_then(next_page).map(|page| {
                url.set_query(page.query());
                url
            });
        }
        Ok(all)
    }

    /// Asks a GraphQL query, with what errors it has.
    pub(super) async fn query(&self, what: &str, document: &str, variables: Value) -> Result<Answer, Error> {
        self.graphql(Kind::Read, what, document, variables).await
    }

    /// Runs mutations; they run in order, and each may fail by itself.
    pub(super) async fn mutate(&self, what: &str, document: &str, variables: Value) -> Result<Answer, Error> {
        self.graphql(Kind::Write, what, document, variables).await
    }

    async fn graphql(&self, kind: Kind, what: &str, document: &str, variables: Value) -> Result<Answer, Error> {
        let request = Request::new(kind, Method::POST, what, self.address.graphql.clone());
        self.run_graphql(request.json(&json!({ "query": document, "variables": variables }))).await
    }

    /// Sends a GraphQL request.
    pub(super) async fn run_graphql(&self, request: Request) -> Result<Answer, Error> {
        let response = self.call(request).await?;
        let what = response.what.as_str();
        let answer: Answer = response.json()?;
        match answer.errors.first() {
            Some(failed) if answer.data.is_null() => Err(failed.error(&response.service, what)),
            None if answer.data.is_null() => Err(response.nonsense("neither data nor errors".to_owned())),
            _ => Ok(answer),
        }
    }

    /// The token that we got ourselves, where we did.
    pub(super) async fn own_token(&self) -> Option<Secret> {
        self.auth.own_token().await
    }

    pub(super) fn no_repository(&self) -> Error {
        Error::NotFound { what: format!("the repository `{}`", self.address.project) }
    }

    /// The host, for messages.
    pub(super) fn service(&self) -> String {
        self.address.graphql.host_str().unwrap_or_default().to_owned()
    }
}

/// GraphQL's rate limits come with status 200; the secondary one in words only.
fn is_limited(response: &Response) -> bool {
    has_error(response, b"RATE_LIMIT", |failed, _| {
        failed.kind.as_deref().is_some_and(|kind| kind.contains("RATE_LIMIT"))
    }) || has_error(response, b"secondary rate limit", |failed, _| failed.message.contains("secondary rate limit"))
}

/// So do its failures, which are the query's only where they name a place in it.
fn is_failed(response: &Response) -> bool {
    has_error(response, b"omething went wrong", |failed, data| {
        data.is_null() && failed.kind.is_none() && failed.path.is_empty()
    }) || has_error(response, TOO_HEAVY.as_bytes(), |failed, _| failed.kind.as_deref() == Some(TOO_HEAVY))
}

/// The type of the error for a query that costs more than GitHub grants, of which only a part was answered.
const TOO_HEAVY: &str = "RESOURCE_LIMITS_EXCEEDED";

/// Whether a GraphQL answer has such an error. Pages are long, so a mark tells whether it is worth to read one twice.
fn has_error(response: &Response, mark: &[u8], is: impl Fn(&Failed, &Value) -> bool) -> bool {
    response.status.is_success()
        && memchr::memmem::find(&response.body, mark).is_some()
        && response.json::<Answer>().is_ok_and(|answer| answer.errors.iter().any(|failed| is(failed, &answer.data)))
}

/// The address behind `rel="next"`.
fn next_page(link: &str) -> Option<Url> {
    link.split(',').find_map(|part| {
        let (address, rest) = part.trim().strip_prefix('<')?.split_once('>')?;
        rest.contains("rel=\"next\"").then(|| Url::parse(address).ok()).flatten()
    })
}

/// Adds to a refusal which permission is missing, as GitHub never says it.
pub(super) fn clarify(error: Error) -> Error {
    match error {
        Error::Forbidden { what, detail } => Error::Forbidden { what, detail: explain(&detail) },
        Error::Refused { what, detail } => Error::Refused { what, detail: explain(&detail) },
        error => error,
    }
}

/// GitHub's words with what they mean for the person who made the token.
pub(super) fn explain(says: &str) -> String {
    const MEANINGS: [(&str, &str); 12] = [
        (
            "not accessible by integration",
            "a workflow needs `permissions: issues: write`, and an App the permissions Issues and, for Projects, \
             Organization projects, both read and write; the workflow's GITHUB_TOKEN cannot reach Projects at all",
        ),
        (
            "not accessible by personal access token",
            "the fine-grained token needs Issues: read and write on this repository, and for Projects the \
             organization's permission Projects: read and write",
        ),
        (
            "SAML",
            "authorize the token for the organization's single sign-on: Settings > Developer settings > the token > \
             Configure SSO, https://github.com/settings/tokens",
        ),
        (
            "IP allow list",
            "let the runner's address into the organization's IP allow list, or run where it is allowed: \
             https://docs.github.com/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/managing-allowed-ip-addresses-for-your-organization",
        ),
        (
            "personal access token (classic)",
            "the organization takes no classic tokens: make a fine-grained one, https://github.com/settings/personal-access-tokens/new, or use an App",
        ),
        (
            "fine-grained personal access token",
            "the organization's policy does not take this fine-grained token: let an owner approve it, or give it a shorter life, \
             https://github.com/settings/personal-access-tokens",
        ),
        (
            "suspended",
            "the App's installation, or the account, is suspended: an owner of the organization can lift that in its \
             settings under GitHub Apps",
        ),
        ("required scopes", "a classic token needs the scopes `repo` and, for Projects, `project`"),
        ("archived", "unarchive the repository, or take it out of the mapping"),
        ("Bad credentials", "the token is wrong, expired or revoked"),
        (
            "doesn't exist on type",
            "this Enterprise Server is older than what the mapping needs: Projects take one that tells them of its issues",
        ),
        ("push access", "the token's account needs at least the role Triage in the repository"),
    ];
    match MEANINGS.iter().find(|(words, _)| says.contains(words)) {
        Some((_, meaning)) => format!("{says} ({meaning})"),
        None => says.to_owned(),
    }
}
