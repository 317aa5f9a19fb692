//! The `gitlab` crate's endpoint builders, driven through our HTTP layer: the crate's client traits, implemented for
//! one call at a time so that errors can say what was tried.

use async_trait::async_trait;
use bytes::Bytes;
use gitlab::api::{ApiError, AsyncClient, AsyncQuery, BodyError, Endpoint, FormParams, QueryParams, RestClient};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

use crate::config::{Credential, Instance, Secret};
use crate::trackers::Error;
use crate::trackers::http::{AuthHeader, Bucket, Http, HttpConfig, Kind, Pace, Request, Response, is_loopback};

/// gitlab.com takes about 200 new issues a minute from one account; other limits are met when they are told (429).
const CREATES: Bucket = Bucket { burst: 60, per_minute: 180 };

/// A GitLab instance.
#[derive(Debug)]
pub(super) struct Api {
    http: Http,
    /// Ends in `/api/v4/`.
    pub(super) rest: Url,
    graphql: Url,
    /// Whether lists of issues are asked for by keyset: until the instance refuses it.
    pub(super) keyset: AtomicBool,
}

impl Api {
    /// # Errors
    /// [`Error::Settings`] where the location is no address, or the credential none that GitLab knows.
    pub(super) fn new(instance: &Instance, tune: impl FnOnce(&mut HttpConfig)) -> Result<Self, Error> {
        let rest = match &instance.api_url {
            Some(url) => below(&parse(url)?, ""),
            None => below(&parse(&instance.location)?, "api/v4/"),
        };
        let graphql = match &instance.graphql_url {
            Some(url) => parse(url)?,
            None => rest.join("../graphql").map_err(|e| bad_address(rest.as_str(), &e))?,
        };
        let mut config = HttpConfig::new(vec![rest.clone(), graphql.clone()]);
        config.auth = auth(&instance.credential)?;
        config.ca_file.clone_from(&instance.ca_file);
        if !is_loopback(&rest) {
            config.pace = Pace { gap: Duration::ZERO, creates: vec![CREATES] };
        }
        tune(&mut config);
        Ok(Self { http: Http::new(config)?, rest, graphql, keyset: AtomicBool::new(true) })
    }

    /// The host, for messages.
    pub(super) fn host(&self) -> String {
        let host = self.rest.host_str().unwrap_or_default();
        self.rest.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// How long a list may lack what was just written.
    pub(super) const fn lag(&self) -> Duration {
        self.http.lag()
    }

    /// How many requests were made so far.
    pub(super) fn requests(&self) -> u64 {
        self.http.requests()
    }

    /// Sends one of the crate's endpoints and reads the answer. `what` reads well after "failed to".
    pub(super) async fn ask<T: DeserializeOwned + 'static>(
        &self,
        what: &str,
        endpoint: &(impl Endpoint + Sync),
    ) -> Result<T, Error> {
        self.ask_based_on(what, endpoint, None).await
    }

    /// The same of a write that is based on what was read at a moment.
    pub(super) async fn ask_based_on<T: DeserializeOwned + 'static>(
        &self,
        what: &str,
        endpoint: &(impl Endpoint + Sync),
        read_at: Option<Instant>,
    ) -> Result<T, Error> {
        endpoint.query_async(&Call { api: self, what, read_at }).await.map_err(|error| self.plain(what, error))
    }

    /// Reads one page of a list, with its headers. `query` takes the place of the endpoint's own parameters.
    pub(super) async fn page(
        &self,
        what: &str,
        endpoint: &(impl Endpoint + Sync),
        query: Option<&str>,
    ) -> Result<Response, Error> {
        let call = Call { api: self, what, read_at: None };
        let url = endpoint.url_base().endpoint_for(&call, &endpoint.endpoint());
        let mut url = url.map_err(|error| self.plain(what, error))?;
        match query {
            Some(query) => url.set_query(Some(query)),
            None => endpoint.parameters().add_to_url(&mut url),
        }
        refine(self.http.send(Request::get(what, url)).await?)
    }

    /// Asks by GraphQL. A mutation ([`Kind::Write`]) is never repeated.
    pub(super) async fn graphql(&self, kind: Kind, what: &str, query: &str, variables: &Value) -> Result<Value, Error> {
        self.graphql_based_on(kind, what, query, variables, None).await
    }

    /// The same of a write that is based on what was read at a moment.
    pub(super) async fn graphql_based_on(
        &self,
        kind: Kind,
        what: &str,
        query: &str,
        variables: &Value,
        read_at: Option<Instant>,
    ) -> Result<Value, Error> {
        let request = Request::new(kind, Method::POST, what, self.graphql.clone())
            .based_on(read_at)
            .json(&json!({ "query": query, "variables": variables }));
        let response = refine(self.http.send(request).await?)?;
        let mut answer: Value = response.json()?;
        let says: Vec<&str> =
            answer["errors"].as_array().into_iter().flatten().filter_map(|error| error["message"].as_str()).collect();
        if says.is_empty() {
            Ok(answer["data"].take())
        } else {
            Err(Error::Refused { what: what.to_owned(), detail: says.join("; ") })
        }
    }

    fn plain(&self, what: &str, error: ApiError<Error>) -> Error {
        match error {
            ApiError::Client { source } => source,
            other => Error::Protocol { service: self.host(), what: what.to_owned(), detail: other.to_string() },
        }
    }
}

fn parse(address: &str) -> Result<Url, Error> {
    let url = Url::parse(address).map_err(|e| bad_address(address, &e))?;
    if url.host_str().is_none() {
        return Err(bad_address(address, &"it has no host"));
    }
    Ok(url)
}

/// An address below another one, which may be a path of its own.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url.set_query(None);
    url
}

fn bad_address(address: &str, why: &dyn std::fmt::Display) -> Error {
    Error::Settings {
        what: format!("`{address}` is not the address of a GitLab instance: {why}"),
        hint: "set `location` to an address like `https://gitlab.com` or `https://git.example.org:8443/gitlab`"
            .to_owned(),
    }
}

fn auth(credential: &Credential) -> Result<Vec<AuthHeader>, Error> {
    let header = |name: &'static str, value: String| {
        vec![AuthHeader { name: HeaderName::from_static(name), value: Secret::new(value) }]
    };
    Ok(match credential {
        Credential::None => Vec::new(),
        Credential::Token(token) => header("private-token", token.expose().to_owned()),
        Credential::Bearer(token) => header("authorization", format!("Bearer {}", token.expose())),
        Credential::JobToken(token) => header("job-token", token.expose().to_owned()),
        Credential::App { .. } => {
            return Err(Error::Settings {
                what: "GitLab knows no App credentials".to_owned(),
                hint: "use a project access token with the scope `api` and the role Reporter".to_owned(),
            });
        }
    })
}

/// Turns a bad answer into the error that it means at GitLab.
fn refine(response: Response) -> Result<Response, Error> {
    let spam = || {
        response.header("x-gitlab-captcha-response").is_some()
            || String::from_utf8_lossy(&response.body).contains("needs_captcha_response")
            || response.says().contains("recognized as spam")
    };
    if matches!(response.status, StatusCode::BAD_REQUEST | StatusCode::CONFLICT) && spam() {
        return Err(Error::Refused {
            what: response.what.clone(),
            detail: "GitLab takes it for spam and wants a captcha solved; make the token's account a member of the \
                     project, or let an administrator mark it as trusted"
                .to_owned(),
        });
    }
    response.ok()
}

/// One call of an endpoint.
struct Call<'a> {
    api: &'a Api,
    what: &'a str,
    read_at: Option<Instant>,
}

impl RestClient for Call<'_> {
    type Error = Error;

    fn rest_endpoint(&self, endpoint: &str) -> Result<Url, ApiError<Error>> {
        Ok(self.api.rest.join(endpoint)?)
    }
}

#[async_trait]
impl AsyncClient for Call<'_> {
    async fn rest_async(
        &self,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<http::Response<Bytes>, ApiError<Error>> {
        let client = |source| ApiError::Client { source };
        let nonsense =
            |detail: String| client(Error::Protocol { service: self.api.host(), what: self.what.to_owned(), detail });
        let (parts, ()) = request.body(()).map_err(|e| nonsense(e.to_string()))?.into_parts();
        let kind = match parts.method {
            Method::GET => Kind::Read,
            Method::POST => Kind::Create,
            _ => Kind::Write,
        };
        let url = Url::parse(&parts.uri.to_string())?;
        let mut request = Request::new(kind, parts.method, self.what, url).based_on(self.read_at);
        if let Some(media_type) = parts.headers.get(CONTENT_TYPE) {
            request = request.body(media_type.clone(), body);
        }
        let response = self.api.http.send(request).await.and_then(refine).map_err(client)?;
        let mut answer = http::Response::new(Bytes::from(response.body));
        *answer.status_mut() = response.status;
        *answer.headers_mut() = response.headers;
        Ok(answer)
    }
}

/// One of the crate's endpoints with parameters that its builder does not know.
pub(super) struct With<'a, E> {
    pub endpoint: E,
    pub extra: Vec<(&'a str, String)>,
}

impl<E: Endpoint> Endpoint for With<'_, E> {
    fn method(&self) -> Method {
        self.endpoint.method()
    }

    fn endpoint(&self) -> Cow<'static, str> {
        self.endpoint.endpoint()
    }

    fn parameters(&self) -> QueryParams<'_> {
        let mut params = self.endpoint.parameters();
        if self.method() == Method::GET {
            self.extra.iter().for_each(|(name, value)| {
                params.push(*name, value);
            });
        }
        params
    }

    fn body(&self) -> Result<Option<(&'static str, Vec<u8>)>, BodyError> {
        let Some((media_type, mut body)) = self.endpoint.body()? else { return Ok(None) };
        let mut form = FormParams::default();
        self.extra.iter().for_each(|(name, value)| {
            form.push(*name, value);
        });
        if let Some((_, extra)) = form.into_body()?.filter(|(_, extra)| !extra.is_empty()) {
            if !body.is_empty() {
                body.push(b'&');
            }
            body.extend(extra);
        }
        Ok(Some((media_type, body)))
    }
}

/// A GET for which the crate has no builder.
pub(super) struct Get<'a> {
    pub path: String,
    pub query: Vec<(&'a str, String)>,
}

impl Endpoint for Get<'_> {
    fn method(&self) -> Method {
        Method::GET
    }

    fn endpoint(&self) -> Cow<'static, str> {
        self.path.clone().into()
    }

    fn parameters(&self) -> QueryParams<'_> {
        let mut params = QueryParams::default();
        self.query.iter().for_each(|(name, value)| {
            params.push(*name, value);
        });
        params
    }
}
