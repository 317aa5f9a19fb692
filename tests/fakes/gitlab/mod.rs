//! A stateful fake of GitLab over HTTP: REST and the part of GraphQL that matters, strict, independent of the client, and
//! able to fail on demand. An answer that the client should never need is an objection, which fails the test.

mod answer;
mod fault;
mod graphql;
mod issues;
mod params;
mod quick;
mod routes;
mod tls;
mod world;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};

pub use answer::Answer;
pub use fault::{Fault, Kind};
pub use params::Params;
pub use tls::TlsFront;
pub use world::*;

/// A request that was made.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// Below `/api`, still encoded: `/v4/projects/42/issues`, `/graphql`.
    pub path: String,
    pub params: Params,
    pub token: Option<String>,
}

impl Request {
    pub fn writes(&self) -> bool {
        match self.path.as_str() {
            "/graphql" => self.params.get("query").is_some_and(|query| query.trim_start().starts_with("mutation")),
            _ => self.method != "GET",
        }
    }
}

#[derive(Debug)]
struct Inner {
    /// Where GitLab is installed: `` or `/gitlab`.
    base: &'static str,
    world: Mutex<World>,
    requests: Mutex<Vec<Request>>,
    objections: Mutex<Vec<String>>,
    faults: Mutex<Vec<Fault>>,
}

/// The running fake; it stops when the test's runtime does.
#[derive(Debug, Clone)]
pub struct Fake {
    inner: Arc<Inner>,
    /// `http://127.0.0.1:PORT`, with the path that GitLab is installed under.
    pub location: String,
    pub port: u16,
}

impl Fake {
    pub async fn start(tier: Tier) -> Self {
        Self::under("", tier).await
    }

    /// Starts a fake that is installed under a path.
    pub async fn under(base: &'static str, tier: Tier) -> Self {
        Self::with(base, World::new(tier)).await
    }

    /// Starts a fake that holds something already.
    pub async fn with(base: &'static str, world: World) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let inner = Arc::new(Inner {
            base,
            world: Mutex::new(world),
            requests: Mutex::default(),
            objections: Mutex::default(),
            faults: Mutex::default(),
        });
        let router = Router::new().fallback(serve).with_state(Arc::clone(&inner));
        let router = router.layer(axum::extract::DefaultBodyLimit::max(16 << 20));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, location: format!("http://127.0.0.1:{port}{base}"), port }
    }

    /// What GitLab holds, to look at and to change as people do.
    pub fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.inner.world)
    }

    /// An issue of the project as it is now.
    pub fn issue(&self, iid: u64) -> Issue {
        self.world().issue(iid).clone()
    }

    /// The issues of the project as they are now.
    pub fn issues(&self) -> Vec<Issue> {
        self.world().issues.iter().filter(|issue| issue.project == PROJECT).cloned().collect()
    }

    /// How many requests came since they were last taken.
    pub fn made(&self) -> usize {
        lock(&self.inner.requests).len()
    }

    /// The requests since the last call.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut lock(&self.inner.requests))
    }

    /// Fails the request that comes `wait` from now (0: the next one).
    pub fn fail(&self, wait: usize, kind: Kind) {
        lock(&self.inner.faults).push(Fault { wait, kind });
    }

    /// Forgets faults that have not come.
    pub fn calm(&self) {
        lock(&self.inner.faults).clear();
    }

    /// What was wrong with requests so far: must be empty.
    pub fn objections(&self) -> Vec<String> {
        lock(&self.inner.objections).clone()
    }
}

/// A test that panicked elsewhere has the better message.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn serve(
    State(inner): State<Arc<Inner>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let Some(path) = uri.path().strip_prefix(inner.base).and_then(|path| path.strip_prefix("/api")) else {
        lock(&inner.objections).push(format!("{method} {}: no API there", uri.path()));
        return Answer::text(404, "<html>404</html>").into_response();
    };
    let mut request = Request {
        method: method.to_string(),
        path: path.to_owned(),
        params: Params::read(uri.query().unwrap_or_default(), &header("content-type"), &body),
        token: None,
    };
    let carriers = [header("private-token"), header("job-token"), header("authorization").replace("Bearer ", "")];
    let given: Vec<&String> = carriers.iter().filter(|token| !token.is_empty()).collect();
    request.token = given.first().map(|token| (*token).clone());
    if given.len() > 1 {
        lock(&inner.objections).push("more than one token was sent".to_owned());
    }
    lock(&inner.requests).push(request.clone());
    let armed = Fault::due(&mut lock(&inner.faults), request.writes());
    if let Some(early) = armed.and_then(Kind::before) {
        return early.into_response();
    }
    if armed == Some(Kind::Late) {
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    let answer = {
        let mut world = lock(&inner.world);
        let base = format!("http://{}{}", header("host"), inner.base);
        let carrier = ["private-token", "job-token", "authorization"].into_iter().find(|name| !header(name).is_empty());
        let mut call = routes::Call { world: &mut world, request: &request, base: &base, objections: Vec::new() };
        let answer = call.answer(carrier);
        lock(&inner.objections).extend(call.objections);
        answer
    };
    let answer = answer
        .with("RateLimit-Limit", 2_000)
        .with("RateLimit-Observed", 1)
        .with("RateLimit-Remaining", 1_999)
        .with("RateLimit-Reset", 1_800_000_000_u64)
        .with("x-request-id", "01JD");
    match armed {
        None => answer.into_response(),
        Some(Kind::Hang) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            answer.into_response()
        }
        Some(kind) => kind.after(answer),
    }
}
