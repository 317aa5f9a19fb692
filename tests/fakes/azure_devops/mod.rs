//! A stateful fake of Azure DevOps Boards over HTTP: strict, independent of the client, and able to fail on demand.

mod fault;
mod html;
mod patch;
mod process;
mod routes;
mod swagger;
mod wiql;
mod world;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::Value;

pub(crate) use fault::{Fault, Kind};
pub(crate) use html::{clean, reformat};
pub(crate) use process::{Field, Process};
pub(crate) use swagger::Swagger;
pub(crate) use world::{Account, CLEANER, Item, SERVICE, World};

/// A request that was made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Request {
    pub(crate) fn writes(&self) -> bool {
        self.path.contains("/_apis/wit/workitems/") && self.method != "GET"
    }
}

#[derive(Debug)]
struct Inner {
    world: Mutex<World>,
    requests: Mutex<Vec<Request>>,
    objections: Mutex<Vec<String>>,
    faults: Mutex<Vec<Fault>>,
    swagger: Option<Swagger>,
}

/// The running fake; it stops when the test's runtime does.
#[derive(Debug, Clone)]
pub(crate) struct Fake {
    inner: Arc<Inner>,
    /// `http://127.0.0.1:PORT/acme`
    pub(crate) location: String,
}

impl Fake {
    /// Starts a fake organization whose project follows the process.
    pub(crate) async fn start(process: Process) -> Self {
        Self::serve(World::new(process)).await
    }

    /// Starts a fake of an organization as it is.
    pub(crate) async fn serve(world: World) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let location = format!("http://{}/acme", listener.local_addr().expect("an address"));
        let inner = Arc::new(Inner {
            world: Mutex::new(world),
            requests: Mutex::default(),
            objections: Mutex::default(),
            faults: Mutex::default(),
            swagger: Swagger::load(),
        });
        let router = Router::new().fallback(handle).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, location }
    }

    /// The organization, to look at and to change as people do.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.inner.world.lock().expect("no panic in the fake")
    }

    /// An item as it is now.
    pub(crate) fn item(&self, id: u64) -> Item {
        self.world().items[&id].clone()
    }

    /// All items that are not deleted.
    pub(crate) fn items(&self) -> Vec<Item> {
        self.world().items.values().filter(|item| !item.deleted).cloned().collect()
    }

    /// Adds copies of the first item, each changed a little by its number.
    pub(crate) fn fill(&self, count: u64, change: impl Fn(&mut Item, u64)) {
        let mut world = self.world();
        let first = world.items.values().next().cloned().expect("an item to copy");
        for id in first.id + 1..=first.id + count {
            let mut item = Item { id, ..first.clone() };
            change(&mut item, id);
            world.items.insert(id, item);
        }
    }

    /// The requests since the last call.
    pub(crate) fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.inner.requests.lock().expect("no panic in the fake"))
    }

    /// Fails the request that comes `nth` from now (0: the next one).
    pub(crate) fn fail(&self, nth: usize, kind: Kind) {
        self.inner.faults.lock().expect("no panic in the fake").push(Fault::new(nth, kind));
    }

    /// Takes back the faults that did not come to pass.
    pub(crate) fn calm(&self) {
        self.inner.faults.lock().expect("no panic in the fake").clear();
    }

    /// What the contract, or the fake itself, had against the requests so far: must be empty.
    pub(crate) fn objections(&self) -> Vec<String> {
        self.inner.objections.lock().expect("no panic in the fake").clone()
    }
}

async fn handle(
    State(inner): State<Arc<Inner>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let request = Request {
        method: method.to_string(),
        path: decode(uri.path()),
        query: uri.query().unwrap_or_default().split('&').filter(|p| !p.is_empty()).map(pair).collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    inner.requests.lock().expect("no panic in the fake").push(request.clone());
    if let Some(swagger) = &inner.swagger {
        // Paths are matched before decoding, so that an encoded slash stays in its segment.
        let wrong =
            swagger.objections(&request.method, uri.path(), &request.query, &header("content-type"), &request.body);
        inner.objections.lock().expect("no panic in the fake").extend(wrong);
    }
    let armed = Fault::due(&mut inner.faults.lock().expect("no panic in the fake"), request.writes());
    if let Some(early) = armed.and_then(Kind::before) {
        return early;
    }
    let answer = {
        let mut world = inner.world.lock().expect("no panic in the fake");
        let base = format!("http://{}/acme", header("host"));
        routes::answer(&mut world, &request, &header("authorization"), &header("content-type"), &base)
    };
    match armed {
        None => answer.into_response(),
        Some(Kind::Hang) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            answer.into_response()
        }
        Some(kind) => kind.after(answer),
    }
}

fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (decode(name), decode(&value.replace('+', " ")))
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex: String = rest.by_ref().take(2).map(char::from).collect();
            bytes.push(u8::from_str_radix(&hex, 16).unwrap_or(b'?'));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
