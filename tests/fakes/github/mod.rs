//! A stateful GitHub for tests: REST held against the published OpenAPI document, GraphQL run by a real engine against
//! the published schema, both where `../shared/contracts` is there; else on a small schema of our own.
//!
//! It is strict: a request that GitHub does not know, or an answer of ours that GitHub would not give, fails the test.

mod board;
pub mod contract;
mod documents;
pub mod fault;
mod filter;
pub mod graphql;
pub mod issue_fields;
pub mod labels;
mod mutations;
mod odd;
pub mod rest;
pub mod world;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};

pub use fault::{Fault, FaultAt};
pub use world::{Role, TOKEN, TokenKind, World};

/// A running fake. Dropping it fails the test if GitHub would have refused something without an answer for it.
pub struct Fake {
    pub url: String,
    shared: Arc<Shared>,
}

pub struct Shared {
    pub world: Mutex<World>,
    faults: Mutex<Vec<FaultAt>>,
    /// `METHOD path`, in order.
    log: Mutex<Vec<String>>,
    pub violations: Mutex<Vec<String>>,
}

/// An answer before it goes out.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Value,
}

impl Answer {
    pub fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    pub fn message(status: u16, message: &str) -> Self {
        let body = json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string() });
        Self::new(status, body)
    }
}

impl Fake {
    pub async fn start(mut world: World) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        world.base.clone_from(&url);
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            faults: Mutex::default(),
            log: Mutex::default(),
            violations: Mutex::default(),
        });
        let app = Router::new().fallback(any(serve)).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, shared }
    }

    /// The world, to look at or to act in as people do.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world.lock().expect("the world")
    }

    /// Faults to come.
    pub fn fail(&self, at: usize, fault: Fault) {
        self.shared.faults.lock().expect("faults").push(FaultAt { at, fault });
    }

    pub fn log(&self) -> Vec<String> {
        self.shared.log.lock().expect("log").clone()
    }

    /// Forgets the requests so far, so that faults and counts begin anew.
    pub fn reset_log(&self) {
        self.shared.log.lock().expect("log").clear();
        self.shared.faults.lock().expect("faults").clear();
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let violations = self.shared.violations.lock().expect("violations");
            assert!(violations.is_empty(), "GitHub does not know this: {violations:#?}");
        }
    }
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 24).await.unwrap_or_default();
    let count = {
        let mut log = shared.log.lock().expect("log");
        log.push(format!("{} {}", parts.method, parts.uri.path()));
        log.len()
    };
    let fault = shared.faults.lock().expect("faults").iter().find(|fault| fault.at == count).map(|fault| fault.fault);
    if let Some(answer) = fault.and_then(Fault::instead) {
        return send(answer);
    }
    if fault == Some(Fault::Late) {
        tokio::time::sleep(fault::MOMENT).await;
    }
    let token = parts.headers.get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let answer = handle(&shared, &parts.method, &parts.uri, token.as_deref(), &body);
    match fault {
        Some(fault) => fault.after(send(answer)).await,
        None => send(answer),
    }
}

fn send(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).expect("a status");
    let mut response = (status, axum::Json(answer.body)).into_response();
    for (name, value) in answer.headers {
        response.headers_mut().insert(name, value.parse().expect("a header"));
    }
    if status == StatusCode::NO_CONTENT {
        *response.body_mut() = Body::empty();
    }
    response
}

fn handle(shared: &Shared, method: &Method, uri: &Uri, token: Option<&str>, body: &[u8]) -> Answer {
    let mut world = shared.world.lock().expect("the world");
    world.requests += 1;
    let Some(token) = token else { return Answer::message(401, "Requires authentication") };
    let token = token.trim_start_matches("Bearer ").trim_start_matches("token ");
    if let Some(answer) = rest::app(&mut world, method, uri.path(), token) {
        return answer;
    }
    let Some(account) = world.accounts.get(token).cloned() else {
        return Answer::message(401, "Bad credentials");
    };
    let mut answer = if uri.path() == "/api/graphql" && method == Method::POST {
        graphql::answer(&mut world, &account, body, &mut shared.violations.lock().expect("violations"))
    } else {
        let path = uri.path().strip_prefix("/api/v3").unwrap_or("");
        let call = rest::Call { method, path, query: uri.query().unwrap_or_default(), body };
        let answer = rest::answer(&mut world, &account, &call);
        let violations = contract::check(&call, &answer);
        shared.violations.lock().expect("violations").extend(violations);
        answer
    };
    let limits =
        [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "4321"), ("x-ratelimit-reset", "4000000000")];
    answer.headers.extend(limits.map(|(name, value)| (name, value.to_owned())));
    if let TokenKind::Classic(scopes) = account.token {
        answer.headers.push(("x-oauth-scopes", scopes.to_owned()));
    }
    answer
}
