//! The HTTP layer against a server that fails on purpose: what is repeated, what is not, and what leaks.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use findsync::config::Secret;
use findsync::trackers::Error;
use findsync::trackers::http::{AuthHeader, Http, HttpConfig, Kind, Request};
use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

const TOKEN: &str = "ghp_verysecret";

#[derive(Clone, Default)]
struct Server {
    hits: Arc<AtomicU32>,
}

impl Server {
    fn hits(&self) -> u32 {
        self.hits.load(Ordering::SeqCst)
    }

    /// Fails the first two requests to `/flaky/STATUS`, and echoes the credential in every answer.
    async fn answer(State(server): State<Self>, uri: axum::http::Uri, headers: HeaderMap) -> Response {
        let hit = server.hits.fetch_add(1, Ordering::SeqCst);
        let echo = headers.get("authorization").map_or("none", |value| value.to_str().unwrap()).to_owned();
        let status = uri.path().strip_prefix("/flaky/").map(|s| s.parse::<u16>().unwrap());
        match (uri.path(), status) {
            (_, Some(status)) if hit < 2 => {
                let after = [("retry-after", if status == 429 || status == 403 { "0" } else { "" })];
                (StatusCode::from_u16(status).unwrap(), after, echo).into_response()
            }
            ("/slow", _) => {
                tokio::time::sleep(Duration::from_secs(30)).await;
                "late".into_response()
            }
            ("/now", _) => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")], echo).into_response(),
            ("/never", _) => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "86400")], echo).into_response(),
            ("/long", _) => vec![b'x'; (64 << 20) + 1].into_response(),
            ("/here", _) => (StatusCode::MOVED_PERMANENTLY, [("location", "/there")]).into_response(),
            ("/away", _) => (StatusCode::FOUND, [("location", "http://localhost:1/there")]).into_response(),
            ("/proxy", _) => {
                (StatusCode::FORBIDDEN, [("content-type", "text/html")], "<html>Access denied by policy</html>")
                    .into_response()
            }
            ("/portal", _) => ([("content-type", "text/html; charset=utf-8")], "<html>Sign in</html>").into_response(),
            ("/bad", _) => (StatusCode::UNAUTHORIZED, format!("{{\"message\": \"no {echo}\"}}")).into_response(),
            _ => echo.into_response(),
        }
    }
}

async fn serve(server: Server) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let app = Router::new().fallback(any(Server::answer)).with_state(server);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

fn http(origin: &Url) -> Http {
    let mut config = HttpConfig::new(vec![origin.clone()]);
    let value = Secret::new(format!("Bearer {TOKEN}"));
    config.auth = vec![AuthHeader { name: http::header::AUTHORIZATION, value }];
    config.retry.backoff = Duration::from_millis(1);
    config.timeout = Duration::from_millis(300);
    Http::new(config).unwrap()
}

fn get(origin: &Url, path: &str) -> Request {
    Request::get("read it", origin.join(path).unwrap())
}

fn create(origin: &Url, path: &str) -> Request {
    Request::new(Kind::Create, Method::POST, "make it", origin.join(path).unwrap()).json(&"x")
}

#[tokio::test]
async fn repeats_reads() {
    for status in [500, 502, 408, 429, 403] {
        let server = Server::default();
        let origin = serve(server.clone()).await;
        let http = http(&origin);
        let answer = http.send(get(&origin, &format!("flaky/{status}"))).await.unwrap();
        assert_eq!((answer.status, server.hits(), http.requests()), (StatusCode::OK, 3, 3), "{status}");
    }
}

#[tokio::test]
async fn never_repeats_a_write_that_may_have_happened() {
    for path in ["flaky/500", "flaky/502", "flaky/408", "slow"] {
        let server = Server::default();
        let origin = serve(server.clone()).await;
        let error = http(&origin).send(create(&origin, path)).await.unwrap_err();
        assert!(matches!(error, Error::Unclear { .. }), "{path}: {error}");
        assert_eq!(server.hits(), 1, "{path}");
    }
}

#[tokio::test]
async fn a_write_is_unclear_where_the_connection_breaks() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let hits = Arc::new(AtomicU32::new(0));
    let seen = hits.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            seen.fetch_add(1, Ordering::SeqCst);
            stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"num").await.unwrap();
        }
    });
    let error = http(&origin).send(create(&origin, "issues")).await.unwrap_err();
    assert!(matches!(error, Error::Unclear { .. }), "{error}");
    assert_eq!(hits.load(Ordering::SeqCst), 1);
    let error = http(&origin).send(get(&origin, "issues")).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert_eq!(hits.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn a_write_that_was_refused_for_a_limit_is_repeated_and_one_that_was_never_sent_is_unreachable() {
    let server = Server::default();
    let origin = serve(server.clone()).await;
    http(&origin).send(create(&origin, "flaky/429")).await.unwrap();
    assert_eq!(server.hits(), 3);
    let nobody: Url = "http://127.0.0.1:9/".parse().unwrap();
    let error = http(&nobody).send(create(&nobody, "x")).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn does_not_wait_longer_than_a_run_may_take() {
    let origin = serve(Server::default()).await;
    let error = http(&origin).send(get(&origin, "never")).await.unwrap_err();
    assert!(matches!(error, Error::RateLimited { seconds: 86_400, .. }), "{error}");
}

#[tokio::test]
async fn a_limit_that_is_over_at_once_and_never_ends_uses_up_our_patience() {
    let server = Server::default();
    let origin = serve(server.clone()).await;
    let mut config = HttpConfig::new(vec![origin.clone()]);
    (config.retry.backoff, config.retry.patience) = (Duration::from_millis(1), Duration::from_secs(1));
    let error = Http::new(config).unwrap().send(get(&origin, "now")).await.unwrap_err();
    assert!(matches!(error, Error::RateLimited { .. }), "{error}");
    assert!((5..12).contains(&server.hits()), "{} requests", server.hits());
}

#[tokio::test]
async fn follows_redirects_on_its_own_origin_only() {
    let server = Server::default();
    let origin = serve(server.clone()).await;
    let http = http(&origin);
    assert_eq!(http.send(get(&origin, "here")).await.unwrap().status, StatusCode::OK);
    let away = http.send(get(&origin, "away")).await.unwrap();
    assert!(matches!(away.ok(), Err(Error::Redirected { to, .. }) if to == "http://localhost:1/there"));
    let other: Url = "https://example.com/".parse().unwrap();
    assert!(matches!(http.send(get(&other, "x")).await, Err(Error::Settings { .. })));
    assert_eq!(server.hits(), 3);
}

#[tokio::test]
async fn a_run_has_a_budget() {
    let server = Server::default();
    let origin = serve(server.clone()).await;
    let mut config = HttpConfig::new(vec![origin.clone()]);
    config.budget.requests = 3;
    let http = Http::new(config).unwrap();
    for _ in 0..3 {
        http.send(get(&origin, "x")).await.unwrap();
    }
    // Nothing was sent, so a write is as clear as a read.
    for request in [get(&origin, "x"), create(&origin, "x")] {
        let error = http.send(request).await.unwrap_err();
        assert!(matches!(error, Error::OverBudget { .. }) && error.stops_the_run(), "{error}");
    }
    assert_eq!(server.hits(), 3);
    let mut config = HttpConfig::new(vec![origin.clone()]);
    config.budget.bytes = 4;
    let http = Http::new(config).unwrap();
    http.send(get(&origin, "x")).await.unwrap();
    assert!(matches!(http.send(get(&origin, "x")).await, Err(Error::OverBudget { .. })));
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_asked_for_once() {
    let server = Server::default();
    let origin = serve(server.clone()).await;
    let http = Http::new(HttpConfig::new(vec![origin.clone()])).unwrap();
    let error = http.send(get(&origin, "long")).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && error.to_string().contains("64 MiB"), "{error}");
    assert_eq!(server.hits(), 1);
}

#[tokio::test]
async fn never_tells_the_token() {
    let origin = serve(Server::default()).await;
    let http = http(&origin);
    let answer = http.send(get(&origin, "echo")).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.body), "Bearer ***");
    let error = http.send(get(&origin, "bad")).await.unwrap().ok().unwrap_err();
    assert_eq!(error.to_string().split_once(": ").unwrap().1, "HTTP 401: no Bearer ***");
    assert!(!format!("{error:?}{http:?}").contains(TOKEN));
}

#[test]
fn plain_http_is_for_this_machine() {
    for (url, fine) in [("http://localhost:1", true), ("http://[::1]", true), ("http://10.0.0.1", false)] {
        assert_eq!(Http::new(HttpConfig::new(vec![url.parse().unwrap()])).is_ok(), fine, "{url}");
    }
}

/// A server whose certificate only its own authority vouches for.
async fn serve_tls() -> (Url, String) {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = own.signing_key.serialize_der().try_into().unwrap();
    let config = tokio_rustls::rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://localhost:{}/", listener.local_addr().unwrap().port()).parse().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine").await;
            let _ = stream.shutdown().await;
        }
    });
    (origin, own.cert.pem())
}

#[tokio::test]
async fn trusts_a_private_authority_where_it_is_named_and_nobody_else() {
    let (origin, pem) = serve_tls().await;
    let error = http(&origin).send(get(&origin, "x")).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    let mut config = HttpConfig::new(vec![origin.clone()]);
    config.ca_file = Some(file.path().to_owned());
    let answer = Http::new(config.clone()).unwrap().send(get(&origin, "x")).await.unwrap();
    assert_eq!(answer.body, b"fine");
    std::fs::write(file.path(), "no certificate").unwrap();
    assert!(matches!(Http::new(config), Err(Error::Settings { .. })));
}

#[tokio::test]
async fn a_proxys_page_is_no_missing_right_and_what_is_in_the_way_is_told() {
    let origin = serve(Server::default()).await;
    for path in ["/proxy", "/portal"] {
        let error = http(&origin).send(get(&origin, path)).await.unwrap().ok().unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "{error}");
        assert!(error.hint().unwrap().contains("HTTPS_PROXY"), "{:?}", error.hint());
    }
    for (detail, words) in [
        ("invalid peer certificate: UnknownIssuer", "`ca_file`"),
        ("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "one that the authority signed"),
        ("invalid peer certificate: certificate expired: verification time 3, but valid until 2", "renew it"),
        (
            "invalid peer certificate: certificate not valid for name \"a\"; certificate is only valid for b",
            "`location`",
        ),
        ("dns error: failed to lookup address information", "`location`"),
        ("tunnel error: unsuccessful", "HTTPS_PROXY"),
        ("the answer is longer than 64 MiB", "run again"),
    ] {
        let error = Error::Unreachable { service: "git.acme.example".into(), detail: detail.into() };
        assert!(error.hint().unwrap().contains(words), "{detail}: {:?}", error.hint());
    }
}
