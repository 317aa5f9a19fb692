//! Requests and answers, and how a bad answer becomes an error.

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::trackers::Error;

/// The longest piece of a service's answer that goes into an error.
const EXCERPT: usize = 300;

/// What a request does, and so whether it may be repeated and how it is paced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Changes nothing: may be repeated.
    Read,
    /// Changes what is there.
    Write,
    /// Creates content (an issue, a comment): services limit these most.
    Create,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
    pub(super) kind: Kind,
    pub(super) what: String,
    pub(super) based_on: Option<Instant>,
}

impl Request {
    /// A GET. `what` reads well after "failed to": `list issues`.
    #[must_use]
    pub fn get(what: impl Into<String>, url: Url) -> Self {
        Self::new(Kind::Read, Method::GET, what, url)
    }

    /// Any other request. [`Kind::Read`] says that it may be repeated (a GraphQL query, WIQL).
    #[must_use]
    pub fn new(kind: Kind, method: Method, what: impl Into<String>, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: None, kind, what: what.into(), based_on: None }
    }

    /// Says when that was read which a write changes: after a longer wait it is not sent, as people may have written.
    #[must_use]
    pub const fn based_on(mut self, read_at: Option<Instant>) -> Self {
        self.based_on = read_at;
        self
    }

    /// Whether it deletes something, so that "not found" is as good.
    #[must_use]
    pub fn is_delete(&self) -> bool {
        self.method == Method::DELETE
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Adds a body as JSON.
    #[must_use]
    pub fn json(self, body: &impl Serialize) -> Self {
        self.body(HeaderValue::from_static("application/json"), serde_json::to_vec(body).unwrap_or_default())
    }

    /// Adds a body of any media type.
    #[must_use]
    pub fn body(mut self, media_type: HeaderValue, body: Vec<u8>) -> Self {
        self.headers.insert(CONTENT_TYPE, media_type);
        self.body = Some(body);
        self
    }

    /// The service's host and port, for messages.
    pub(super) fn service(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

/// An answer, read whole, without our secrets in it.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// What was asked; reads well after "failed to".
    pub what: String,
    /// The service's host.
    pub service: String,
}

impl Response {
    /// Lets a good answer through and turns a bad one into the error that its status means anywhere.
    ///
    /// # Errors
    /// One of [`Error`]'s variants, by status.
    pub fn ok(self) -> Result<Self, Error> {
        let is_page = self.header(CONTENT_TYPE.as_str()).is_some_and(|kind| kind.contains("html"));
        if self.status.is_success() && !is_page {
            return Ok(self);
        }
        let what = self.what.clone();
        let detail = self.says();
        Err(match self.status.as_u16() {
            // An API never answers with a page: something on the way does.
            200..=299 | 403 | 407 | 451 if is_page => Error::Unreachable {
                detail: format!("a proxy or firewall answered with a page: {detail}"),
                service: self.service,
            },
            300..=399 => Error::Redirected {
                what,
                to: self.headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("elsewhere").to_owned(),
            },
            401 => Error::Unauthorized { service: self.service, detail },
            403 => Error::Forbidden { what, detail },
            404 => Error::NotFound { what: format!("what is needed to {what}") },
            409 | 412 => Error::Conflict,
            410 => Error::Gone,
            _ => Error::Refused { what, detail },
        })
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// [`Error::Protocol`] where it is not what the API promises.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|e| self.nonsense(e.to_string()))
    }

    /// The error for an answer that is not what the API promises.
    #[must_use]
    pub fn nonsense(&self, detail: String) -> Error {
        Error::Protocol { service: self.service.clone(), what: self.what.clone(), detail }
    }

    /// The error for a write whose answer tells nothing.
    #[must_use]
    pub fn unclear(&self) -> Error {
        Error::Unclear { what: self.what.clone(), detail: self.says() }
    }

    /// A header's value as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What the service says, in one line: its message and the errors below it where the body is JSON, else the
    /// beginning of the text.
    #[must_use]
    pub fn says(&self) -> String {
        let text = match serde_json::from_slice::<Value>(&self.body) {
            Ok(value) => {
                let mut parts = Vec::new();
                collect(&value, &mut parts);
                parts.dedup();
                parts.join("; ")
            }
            Err(_) => String::from_utf8_lossy(&self.body[..self.body.len().min(4 * EXCERPT)]).into_owned(),
        };
        let words: Vec<_> = text.split_whitespace().collect();
        // Control characters would otherwise reach people's terminals.
        let line: String = words.join(" ").chars().filter(|c| !c.is_control()).take(EXCERPT).collect();
        if line.is_empty() { format!("HTTP {}", self.status) } else { format!("HTTP {}: {line}", self.status.as_u16()) }
    }
}

/// The messages in an error's JSON, whatever the service calls them.
fn collect(value: &Value, parts: &mut Vec<String>) {
    match value {
        Value::String(text) => parts.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, parts)),
        Value::Object(map) => {
            // GitHub's validation errors without a message: `labels: invalid`.
            if let (Some(Value::String(field)), Some(Value::String(code)), None) =
                (map.get("field"), map.get("code"), map.get("message"))
            {
                parts.push(format!("{field}: {code}"));
            }
            for key in ["message", "error", "error_description", "errors", "RuleValidationErrors", "errorMessage"] {
                if let Some(value) = map.get(key) {
                    // GitLab: `message: {title: ["is too long"]}`.
                    match value {
                        Value::Object(fields)
                            if key == "message" || key == "error" && !fields.contains_key("message") =>
                        {
                            parts.extend(fields.iter().map(|(field, value)| {
                                let mut inner = Vec::new();
                                collect(value, &mut inner);
                                format!("{field} {}", inner.join(", "))
                            }));
                        }
                        _ => collect(value, parts),
                    }
                }
            }
        }
        _ => {}
    }
}
