//! Addresses, credentials, API versions, and what Azure DevOps' refusals mean.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::wire::{Operation, Refusal, WorkItem};
use crate::config::{Credential, Instance, Secret};
use crate::trackers::Error;
use crate::trackers::http::{AuthHeader, Http, HttpConfig, Kind, Paging, Request, Response};

/// The version that we speak where the server does.
const VERSION: &str = "7.1";

/// One organization or collection, one project.
#[derive(Debug)]
pub(super) struct Client {
    http: Http,
    /// The organization's or collection's address, without a slash at its end.
    base: Url,
    project: String,
    /// The API version, lowered where an older server says so.
    version: RwLock<String>,
}

/// Where an operation lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Organization,
    Project,
}

impl Client {
    pub(super) fn new(instance: &Instance, project: &str, tune: impl FnOnce(&mut HttpConfig)) -> Result<Self, Error> {
        let base = base(instance.api_url.as_deref().unwrap_or(&instance.location))?;
        let mut config = HttpConfig::new(vec![base.clone()]);
        config.ca_file.clone_from(&instance.ca_file);
        match &instance.credential {
            Credential::None => {}
            Credential::Token(token) => {
                let basic = BASE64.encode(format!(":{}", token.expose()));
                config.secrets.push(token.clone());
                config.auth.push(authorization(format!("Basic {basic}")));
            }
            Credential::Bearer(token) => config.auth.push(authorization(format!("Bearer {}", token.expose()))),
            Credential::JobToken(_) | Credential::App { .. } => {
                return Err(Error::Settings {
                    what: "this credential is not one that Azure DevOps knows".to_owned(),
                    hint: "give a personal access token, or `SYSTEM_ACCESSTOKEN` in a pipeline".to_owned(),
                });
            }
        }
        tune(&mut config);
        let http = Http::new(config)?;
        Ok(Self { http, base, project: project.to_owned(), version: RwLock::new(VERSION.to_owned()) })
    }

    /// Whether there is no credential at all.
    pub(super) fn is_anonymous(&self) -> bool {
        !self.http.is_authorized()
    }

    /// The way through a list that comes in parts.
    pub(super) fn paging(&self, what: &str) -> Paging {
        Paging::new(self.base.host_str().unwrap_or_default(), what)
    }

    /// How long a list may lack what was just written.
    pub(super) const fn lag(&self) -> Duration {
        self.http.lag()
    }

    /// The project as the mapping names it.
    pub(super) fn project(&self) -> &str {
        &self.project
    }

    /// The address where people look at a work item.
    pub(super) fn web_url(&self, id: u64) -> String {
        let mut url = self.base.clone();
        extend(&mut url, &[&self.project, "_workitems", "edit", &id.to_string()]);
        url.into()
    }

    /// The address by which relations name a work item.
    pub(super) fn item_url(&self, id: &str) -> String {
        let mut url = self.base.clone();
        extend(&mut url, &["_apis", "wit", "workItems", id]);
        url.into()
    }

    /// Reads something.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        what: &str,
        scope: Scope,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Error> {
        self.read(what, |url| Request::get(what, url), scope, path, query).await
    }

    /// Asks something that takes a body.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        what: &str,
        scope: Scope,
        path: &[&str],
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let request = |url| Request::new(Kind::Read, Method::POST, what, url).json(body);
        self.read(what, request, scope, path, query).await
    }

    /// Reads, with an older version of the API where the server says that it knows no newer one.
    async fn read<T: DeserializeOwned>(
        &self,
        what: &str,
        request: impl Fn(Url) -> Request,
        scope: Scope,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Error> {
        let response = self.http.send(request(self.url(scope, path, query))).await?;
        let response = match older(&response) {
            Some(version) if version != self.version() => {
                tracing::info!(version, "an older server: speaking its version of the API");
                *self.version.write().unwrap_or_else(PoisonError::into_inner) = version;
                self.http.send(request(self.url(scope, path, query))).await?
            }
            _ => response,
        };
        accept(response, what)?.json()
    }

    /// Creates a work item.
    pub(super) async fn create(
        &self,
        work_item_type: &str,
        query: &[(&str, &str)],
        patch: &[Operation],
    ) -> Result<WorkItem, Error> {
        self.write(self.creation(Kind::Create, work_item_type, query), patch).await
    }

    /// Tries whether a work item could be created. What the answer shows was never saved, so it need not have a number.
    pub(super) async fn try_to_create(
        &self,
        work_item_type: &str,
        query: &[(&str, &str)],
        patch: &[Operation],
    ) -> Result<(), Error> {
        let query = [query, &[("validateOnly", "true")]].concat();
        self.send(self.creation(Kind::Read, work_item_type, &query), patch).await.map(drop)
    }

    fn creation(&self, kind: Kind, work_item_type: &str, query: &[(&str, &str)]) -> Request {
        let name = format!("${work_item_type}");
        Request::new(
            kind,
            Method::POST,
            "create a work item",
            self.url(Scope::Project, &["wit", "workitems", &name], query),
        )
    }

    /// Changes a work item.
    pub(super) async fn update(
        &self,
        scope: Scope,
        id: u64,
        query: &[(&str, &str)],
        patch: &[Operation],
    ) -> Result<WorkItem, Error> {
        let url = self.url(scope, &["wit", "workitems", &id.to_string()], query);
        self.write(Request::new(Kind::Write, Method::PATCH, format!("change work item {id}"), url), patch).await
    }

    async fn send(&self, request: Request, patch: &[Operation]) -> Result<Response, Error> {
        let body = serde_json::to_vec(patch).unwrap_or_default();
        let media_type = HeaderValue::from_static("application/json-patch+json");
        let response = self.http.send(request.body(media_type, body)).await?;
        accept(response, "write work items")
    }

    async fn write(&self, request: Request, patch: &[Operation]) -> Result<WorkItem, Error> {
        let response = self.send(request, patch).await?;
        // It said yes, so it was done: what was done must be looked up.
        response.json().map_err(|_| response.unclear())
    }

    fn version(&self) -> String {
        self.version.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn url(&self, scope: Scope, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if scope == Scope::Project {
            extend(&mut url, &[&self.project]);
        }
        extend(&mut url, &["_apis"]);
        extend(&mut url, path);
        url.query_pairs_mut().extend_pairs(query).append_pair("api-version", &self.version());
        url
    }
}

fn extend(url: &mut Url, path: &[&str]) {
    // Every base address has a host, so that it has segments.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
}

fn authorization(value: String) -> AuthHeader {
    AuthHeader { name: AUTHORIZATION, value: Secret::new(value) }
}

/// The organization's or collection's address.
fn base(location: &str) -> Result<Url, Error> {
    let bad = |why: &str| Error::Settings {
        what: format!("`{location}` is not an Azure DevOps address: {why}"),
        hint: "write `https://dev.azure.com/{organization}`, or the address of a Server's collection".to_owned(),
    };
    let mut url = Url::parse(location.trim()).map_err(|e| bad(&e.to_string()))?;
    if url.host_str().is_none() || url.query().is_some() || !url.username().is_empty() {
        return Err(bad("it must be an address without user and query"));
    }
    let segments = url.path().split('/').filter(|segment| !segment.is_empty()).count();
    if url.host_str() == Some("dev.azure.com") && segments != 1 {
        return Err(bad("the organization, and nothing else, must follow the host; the project has a key of its own"));
    }
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// The newest version of the API that an older server knows.
fn older(response: &Response) -> Option<String> {
    let refusal: Refusal = (response.status == 400).then(|| response.json().ok()).flatten()?;
    if !refusal.type_key.contains("VersionOutOfRange") {
        return None;
    }
    let (_, version) = refusal.message.rsplit_once(" supports is ")?;
    let version = version.trim().trim_end_matches('.');
    version.split('.').all(|part| part.parse::<u8>().is_ok()).then(|| version.to_owned())
}

/// Lets a good answer through; what is not JSON is the sign-in page, whatever its status.
fn accept(response: Response, what: &str) -> Result<Response, Error> {
    let status = response.status.as_u16();
    let json = response.header(CONTENT_TYPE.as_str()).is_some_and(|kind| kind.contains("json"));
    if matches!(status, 203 | 300..=399) || (response.status.is_success() && !json) {
        let detail = "it answered with a page instead of data, as it does where somebody has to sign in".to_owned();
        return Err(Error::Unauthorized { service: response.service, detail });
    }
    if response.status.is_success() {
        return Ok(response);
    }
    let refusal: Refusal = response.json().unwrap_or_default();
    let detail = if refusal.custom_properties.rules.is_empty() {
        response.says()
    } else {
        let rules = refusal.custom_properties.rules;
        let rules = rules.iter().map(|rule| format!("{}: {}", rule.field_reference_name, rule.error_message));
        rules.collect::<Vec<_>>().join("; ")
    };
    Err(match status {
        400 => Error::Refused { what: response.what, detail },
        403 if json => Error::Forbidden { what: what.to_owned(), detail },
        // "cannot find" takes the place of the verb.
        404 => Error::NotFound { what: what.split_once(' ').map_or(what, |(_, object)| object).to_owned() },
        _ => return response.ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_every_kind_of_address() {
        for (location, expected) in [
            ("https://dev.azure.com/acme/", "https://dev.azure.com/acme"),
            ("https://acme.visualstudio.com", "https://acme.visualstudio.com/"),
            ("https://devops.acme.example/tfs/DefaultCollection/", "https://devops.acme.example/tfs/DefaultCollection"),
        ] {
            assert_eq!(base(location).map(String::from).ok().as_deref(), Some(expected));
        }
        for location in ["https://dev.azure.com", "https://dev.azure.com/acme/shop", "dev.azure.com/acme"] {
            assert!(base(location).is_err(), "{location}");
        }
    }
}
