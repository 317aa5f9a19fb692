//! The one HTTP layer under every tracker: pace, rate limits, proxy, private CA, redaction, tracing.
//!
//! What may be repeated is decided here and nowhere else: reads are; a write only where it is certain that it did not
//! happen (the connection was never made, or the service said "later").

mod limit;
mod message;
mod pace;
mod paging;
mod reading;
mod redact;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT};
use http::{Method, StatusCode};
use tokio::time::Instant;
use url::Url;

pub use message::{Kind, Request, Response};
pub use pace::{Bucket, Pace};
pub use paging::Paging;
pub use reading::Readings;

use self::pace::Pacer;
use self::redact::Secrets;
use super::Error;
use crate::config::Secret;

/// An answer with a longer body is refused.
const MAX_BODY: usize = 64 << 20;
/// What all answers of a run may measure, and how many requests it may make, repetitions included.
const BUDGET: Budget = Budget { requests: 100_000, bytes: 4 << 30 };
/// Redirects in a row that are followed.
const MAX_REDIRECTS: usize = 5;

/// A header that proves who we are. It goes to the origins of [`HttpConfig`] only.
#[derive(Debug, Clone)]
pub struct AuthHeader {
    /// The header's name.
    pub name: HeaderName,
    /// Its whole value.
    pub value: Secret,
}

/// What a whole run may ask of a service.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// How many requests, repetitions included.
    pub requests: u64,
    /// How many bytes of answers.
    pub bytes: u64,
}

/// How long and how often to try.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    /// Attempts at something that is safe to repeat, the first included.
    pub attempts: u32,
    /// The first wait between two attempts; it doubles. Twice that is the least wait at a rate limit.
    pub backoff: Duration,
    /// The first wait at a rate limit that does not say how long; it doubles.
    pub limit_wait: Duration,
    /// The longest that a whole run waits for rate limits.
    pub patience: Duration,
    /// How long a list may lack what was just written.
    pub lag: Duration,
    /// How long what was read of an issue may be written on without another look.
    pub fresh: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 5,
            backoff: Duration::from_millis(500),
            limit_wait: Duration::from_secs(60),
            patience: Duration::from_secs(15 * 60),
            lag: Duration::from_secs(2),
            fresh: Duration::from_secs(5),
        }
    }
}

/// How to talk to one service.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// The only origins (scheme, host, port) that are ever spoken to.
    pub origins: Vec<Url>,
    /// Headers that prove who we are.
    pub auth: Vec<AuthHeader>,
    /// Further secrets that must never be printed (the bare token inside of a Basic header).
    pub secrets: Vec<Secret>,
    /// Headers for every request (API version, media type).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// How fast to write.
    pub pace: Pace,
    /// A file with more certificate authorities, PEM.
    pub ca_file: Option<PathBuf>,
    /// The longest that one request may take, answer included.
    pub timeout: Duration,
    /// How long and how often to try.
    pub retry: Retry,
    /// How much to ask for at most.
    pub budget: Budget,
    /// Tells a "come back later" whose status does not say so (GraphQL: 200 with errors).
    pub limited: Option<fn(&Response) -> bool>,
    /// Tells a server's failure whose status does not say so, in the same way.
    pub failed: Option<fn(&Response) -> bool>,
}

impl HttpConfig {
    /// Settings that suit most: no credential, no pace, 60 s a request (20 s on this machine).
    #[must_use]
    pub fn new(origins: Vec<Url>) -> Self {
        // A server on this machine needs no politeness, and its users (tests, simulators) no patience.
        let (timeout, retry) = if origins.iter().all(is_loopback) {
            let (backoff, lag) = (Duration::from_millis(50), Duration::from_millis(400));
            let retry = Retry { backoff, limit_wait: Duration::from_secs(1), lag, ..Retry::default() };
            (Duration::from_secs(20), retry)
        } else {
            (Duration::from_secs(60), Retry::default())
        };
        Self {
            origins,
            auth: Vec::new(),
            secrets: Vec::new(),
            headers: Vec::new(),
            pace: Pace::default(),
            ca_file: None,
            timeout,
            retry,
            budget: BUDGET,
            limited: None,
            failed: None,
        }
    }
}

/// Whether an address is on this machine, so that plain http is no risk.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// A client of one service.
#[derive(Debug)]
pub struct Http {
    client: reqwest::Client,
    origins: Vec<url::Origin>,
    auth: std::sync::RwLock<HeaderMap>,
    secrets: Secrets,
    pacer: Pacer,
    retry: Retry,
    limited: Option<fn(&Response) -> bool>,
    failed: Option<fn(&Response) -> bool>,
    budget: Budget,
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Http {
    /// Makes a client.
    ///
    /// # Errors
    /// [`Error::Settings`] where the CA file cannot be used, an origin is plain http and not on this machine, or a
    /// credential holds characters that no header may have.
    pub fn new(config: HttpConfig) -> Result<Self, Error> {
        for origin in &config.origins {
            if !(origin.scheme() == "https" || origin.scheme() == "http" && is_loopback(origin)) {
                return Err(Error::Settings {
                    what: format!("`{}` is not https", origin.origin().ascii_serialization()),
                    hint: "use https; plain http is for addresses on this machine only".to_owned(),
                });
            }
        }
        let mut headers: HeaderMap = config.headers.into_iter().collect();
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("findsync/", env!("CARGO_PKG_VERSION"))));
        let mut builder = reqwest::Client::builder()
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(config.timeout.min(Duration::from_secs(15)))
            .timeout(config.timeout)
            // Short, so that a write seldom meets a connection that the server is just closing.
            .pool_idle_timeout(Duration::from_secs(15));
        if config.origins.iter().all(|origin| origin.scheme() == "http") {
            // No certificate is looked at, and reading the system's takes longer than such a server's answer.
            builder = builder.tls_certs_only([]);
        }
        if config.origins.iter().all(is_loopback) {
            // A proxy is on another machine, where the loopback address is another one.
            builder = builder.no_proxy();
        }
        if let Some(path) = &config.ca_file {
            let bad = |why: String| Error::Settings {
                what: format!("cannot use the CA file `{}`: {why}", path.display()),
                hint: "give a readable file of certificates in PEM".to_owned(),
            };
            let pem = crate::disk::read(path, crate::disk::MAX_WRITTEN).map_err(|e| bad(e.to_string()))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|e| bad(e.to_string()))?;
            if certificates.is_empty() {
                return Err(bad("it holds no certificate".to_owned()));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(|e| Error::Settings {
            what: format!("cannot set up TLS: {}", chain(&e)),
            hint: "check the CA file and the proxy settings".to_owned(),
        })?;
        let http = Self {
            client,
            origins: config.origins.iter().map(Url::origin).collect(),
            auth: std::sync::RwLock::default(),
            secrets: Secrets::default(),
            pacer: Pacer::new(config.pace, config.retry.patience),
            retry: config.retry,
            limited: config.limited,
            failed: config.failed,
            budget: config.budget,
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        };
        config.secrets.iter().for_each(|secret| http.secrets.add(secret.expose()));
        http.authorize(config.auth)?;
        Ok(http)
    }

    /// Replaces the headers that prove who we are (a token that was refreshed).
    ///
    /// # Errors
    /// [`Error::Settings`] where a value holds characters that no header may have.
    pub fn authorize(&self, auth: Vec<AuthHeader>) -> Result<(), Error> {
        let mut headers = HeaderMap::new();
        for AuthHeader { name, value } in auth {
            let mut header = HeaderValue::from_str(value.expose()).map_err(|_| Error::Settings {
                what: "the token holds characters that no header may have".to_owned(),
                hint: "check that the token's variable holds the token only, without line breaks".to_owned(),
            })?;
            header.set_sensitive(true);
            self.secrets.add(value.expose().rsplit(' ').next().unwrap_or_default());
            headers.insert(name, header);
        }
        // A poisoned lock still holds the old headers, which are whole: replacing them is all we do.
        *self.auth.write().unwrap_or_else(std::sync::PoisonError::into_inner) = headers;
        Ok(())
    }

    /// Whether requests bring any proof of who we are.
    pub fn is_authorized(&self) -> bool {
        !self.auth.read().unwrap_or_else(std::sync::PoisonError::into_inner).is_empty()
    }

    /// How many requests were made so far, repetitions included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How long a list may lack what was just written.
    #[must_use]
    pub const fn lag(&self) -> Duration {
        self.retry.lag
    }

    /// Takes our secrets out of a text.
    pub fn scrub(&self, text: &str) -> String {
        self.secrets.scrub(text)
    }

    /// Sends a request, and again where that is safe. Answers of any status come back, but for 5xx, 408 and rate limits:
    /// [`Response::ok`] turns the bad ones into errors.
    ///
    /// # Errors
    /// [`Error::Unreachable`] (a read), [`Error::Unclear`] (a write that may have happened), [`Error::RateLimited`],
    /// [`Error::Conflict`] (what it is based on was read too long ago; nothing was sent), [`Error::Settings`] (another
    /// host).
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let mut request = request;
        let safe = request.kind == Kind::Read;
        let (mut failures, mut limits, mut redirects) = (0, 0, 0);
        loop {
            self.admit(&request)?;
            self.check_budget(&request)?;
            self.pacer.admit(request.kind).await;
            if request.based_on.is_some_and(|at| at.elapsed() > self.retry.fresh || self.pacer.held_since(at)) {
                return Err(Error::Conflict);
            }
            let failure = match self.attempt(&request).await {
                Ok(response) if self.is_limited(&response) => {
                    let unknown = self.retry.limit_wait.saturating_mul(1 << limits.min(8));
                    // "Now" is no answer where the limit is met again: the wait grows until our patience ends.
                    let least = self.retry.backoff.saturating_mul(2 << limits.min(20));
                    let wait = limit::wait(&response.headers).unwrap_or(unknown).max(least);
                    limits += 1;
                    tracing::warn!(wait = wait.as_secs(), service = %response.service, "rate limit: waiting");
                    self.pacer.hold(wait).map_err(|left| Error::RateLimited {
                        service: response.service.clone(),
                        seconds: left.as_secs(),
                    })?;
                    continue;
                }
                Ok(response) if self.is_failed(&response) => {
                    self.hold_as_told(&response);
                    if !safe {
                        return Err(response.unclear());
                    }
                    Failure { before_sending: false, is_final: false, detail: response.says() }
                }
                Ok(response) => {
                    // Azure DevOps delays with a good answer: the next one should come later.
                    self.hold_as_told(&response);
                    match redirect(&request, &response) {
                        Some(url) if redirects < MAX_REDIRECTS => {
                            redirects += 1;
                            request.url = url;
                            continue;
                        }
                        _ => return Ok(response),
                    }
                }
                Err(failure) => failure,
            };
            failures += 1;
            let repeatable = (safe || failure.before_sending) && !failure.is_final;
            if repeatable && failures < self.retry.attempts {
                tracing::debug!(what = %request.what, detail = %failure.detail, "failed, trying again");
                tokio::time::sleep(jitter(self.retry.backoff.saturating_mul(1 << (failures - 1).min(10)))).await;
                continue;
            }
            let detail = failure.detail;
            return Err(if safe || failure.before_sending {
                Error::Unreachable { service: request.service(), detail }
            } else {
                Error::Unclear { what: request.what, detail }
            });
        }
    }

    /// Refuses other hosts than the instance's.
    fn admit(&self, request: &Request) -> Result<(), Error> {
        if !self.origins.contains(&request.url.origin()) {
            return Err(Error::Settings {
                what: format!("`{}` is not the instance's address", request.url.origin().ascii_serialization()),
                hint: "tokens are sent to the instance only: check its `location` and API address".to_owned(),
            });
        }
        Ok(())
    }

    /// Refuses what is beyond the run's budget: something leads in circles.
    fn check_budget(&self, request: &Request) -> Result<(), Error> {
        let Budget { requests, bytes } = self.budget;
        let what = if self.requests() >= requests {
            format!("{requests} requests")
        } else if self.bytes.load(Ordering::Relaxed) >= bytes {
            format!("{} MiB of answers", bytes >> 20)
        } else {
            return Ok(());
        };
        Err(Error::OverBudget { service: request.service(), what })
    }

    fn is_limited(&self, response: &Response) -> bool {
        limit::is_limited(response) || self.limited.is_some_and(|limited| limited(response))
    }

    fn is_failed(&self, response: &Response) -> bool {
        let failed = response.status.is_server_error() || response.status == StatusCode::REQUEST_TIMEOUT;
        failed || self.failed.is_some_and(|failed| failed(response))
    }

    /// Holds still where an answer that is no refusal says when to come back (a slow service, or one in maintenance).
    fn hold_as_told(&self, response: &Response) {
        if response.headers.contains_key(RETRY_AFTER)
            && let Some(wait) = limit::wait(&response.headers)
        {
            // Where the wait is longer than our patience, the next answer will be a real refusal.
            let _ = self.pacer.hold(wait);
        }
    }

    /// One request, one answer, read whole.
    async fn attempt(&self, request: &Request) -> Result<Response, Failure> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let mut headers = request.headers.clone();
        let auth = self.auth.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        // A request may bring its own proof (an App's JWT).
        auth.into_iter().filter_map(|(name, value)| Some((name?, value))).for_each(|(name, value)| {
            headers.entry(name).or_insert(value);
        });
        let mut call = self.client.request(request.method.clone(), request.url.clone()).headers(headers);
        if let Some(body) = &request.body {
            call = call.body(body.clone());
        }
        let answer = async {
            let mut answer = call.send().await?;
            let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                body.extend_from_slice(&chunk);
                self.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                if body.len() > MAX_BODY {
                    return Ok(Err("the answer is longer than 64 MiB"));
                }
            }
            Ok::<_, reqwest::Error>(Ok((status, headers, body)))
        };
        let ms = |begun: Instant| u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let path = self.scrub(request.url.path());
        match answer.await {
            Ok(Ok((status, headers, body))) => {
                tracing::debug!(method = %request.method, path, status = status.as_u16(), ms = ms(begun), "request");
                let body = self.secrets.scrub_bytes(body);
                Ok(Response { status, headers, body, what: request.what.clone(), service: request.service() })
            }
            Ok(Err(why)) => Err(Failure { before_sending: false, is_final: true, detail: why.to_owned() }),
            Err(error) => {
                let before_sending = error.is_connect();
                let detail = self.scrub(&chain(&error.without_url()));
                tracing::debug!(method = %request.method, path, ms = ms(begun), error = detail, "request");
                Err(Failure { before_sending, is_final: detail.contains("certificate"), detail })
            }
        }
    }
}

/// Why there is no answer.
struct Failure {
    /// Whether the request cannot have reached the service.
    before_sending: bool,
    /// Whether trying again would only meet the same certificate, or an answer that is as long.
    is_final: bool,
    detail: String,
}

/// Where a redirect leads that may be followed, on the same origin: of a read; of a write only where the service says
/// that it did nothing and wants the same request there (GitHub does where a repository was renamed).
fn redirect(request: &Request, response: &Response) -> Option<Url> {
    let repeat = matches!(response.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let get = request.method == Method::GET
        && response.status.is_redirection()
        && response.status != StatusCode::NOT_MODIFIED;
    if !(get || repeat) {
        return None;
    }
    let to = request.url.join(response.headers.get(LOCATION)?.to_str().ok()?).ok()?;
    (to.origin() == request.url.origin()).then_some(to)
}

/// Between half of a duration and the whole, by chance, so that jobs that failed together do not come back together.
fn jitter(duration: Duration) -> Duration {
    use std::hash::{BuildHasher, Hasher};
    let random = std::hash::RandomState::new().build_hasher().finish();
    let share = u32::try_from(random % 512).unwrap_or(0);
    duration / 2 + duration / 2 * share / 512
}

/// An error with all its sources: reqwest's own text alone never says why.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
