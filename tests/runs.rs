//! Asking the CI whether a newer run has finished: what is asked, which runs count, and what a refusal is.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use findsync::ci::{Ci, Service, Siblings, System};
use findsync::config::{Config, Credential, Instance, Secret, TrackerKind};
use findsync::finding::{Run, Source};
use findsync::trackers::newer_run;

/// A CI's server that gives one answer, and remembers what it was asked.
#[derive(Clone)]
struct Server {
    asked: Arc<Mutex<Vec<String>>>,
    status: StatusCode,
    body: &'static str,
}

impl Server {
    async fn answer(State(server): State<Self>, uri: Uri, headers: HeaderMap) -> Response {
        let credential = ["authorization", "private-token"].iter().find_map(|name| headers.get(*name));
        let credential = credential.map_or("", |value| value.to_str().unwrap());
        server.asked.lock().unwrap().push(format!("{uri} {credential}"));
        (server.status, [("content-type", "application/json")], server.body).into_response()
    }

    /// Serves; the address is without a slash at its end.
    async fn start(status: u16, body: &'static str) -> (Self, String) {
        let server = Self { asked: Arc::default(), status: StatusCode::from_u16(status).unwrap(), body };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(get(Self::answer)).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (server, address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A run with the number 50 on the branch `main`.
fn ci(system: System, service: Service, server: &str) -> Ci {
    let is_azure = system == System::AzurePipelines;
    let reference = if is_azure { "refs/heads/main" } else { "main" };
    let pipeline = match system {
        System::GitHubActions => "scan.yml",
        System::GitLabCi => "",
        System::AzurePipelines => "7",
    };
    Ci {
        system: Some(system),
        service: Some(service),
        server_url: Some(if is_azure { format!("{server}/acme") } else { server.to_owned() }),
        api_url: match system {
            System::GitHubActions => Some(format!("{server}/api")),
            System::GitLabCi => Some(format!("{server}/api/v4")),
            System::AzurePipelines => None,
        },
        source: Source::named("example.org/acme/shop"),
        repository: Some("acme/shop".to_owned()),
        project: is_azure.then(|| "Shop".to_owned()),
        run: Some(Run { line: "line".to_owned(), number: 50, attempt: 1 }),
        siblings: Some(Siblings { pipeline: pipeline.to_owned(), reference: reference.to_owned() }),
        ..Ci::default()
    }
}

fn job_token(name: &str) -> Option<String> {
    matches!(name, "GITHUB_TOKEN" | "SYSTEM_ACCESSTOKEN" | "CI_JOB_TOKEN").then(|| "job".to_owned())
}

async fn newer(ci: &Ci, config: &Config) -> Option<(u64, u32)> {
    let instance = config.ci_instance(ci, &job_token).unwrap();
    newer_run(&instance, ci).await.unwrap().map(|run| {
        assert_eq!(run.line, "line");
        (run.number, run.attempt)
    })
}

const GITHUB: &str = r#"{"total_count": 7, "workflow_runs": [
    {"id": 90, "run_attempt": 1, "event": "push", "status": "completed", "conclusion": "success", "head_repository": {"full_name": "eve/shop"}},
    {"id": 80, "run_attempt": 1, "event": "pull_request", "status": "completed", "conclusion": "success", "head_repository": {"full_name": "acme/shop"}},
    {"id": 70, "run_attempt": 1, "event": "push", "status": "completed", "conclusion": "cancelled", "head_repository": {"full_name": "acme/shop"}},
    {"id": 65, "run_attempt": 1, "event": "push", "status": "completed", "conclusion": "success", "head_repository": null},
    {"id": 60, "run_attempt": 2, "event": "schedule", "status": "completed", "conclusion": "failure", "head_repository": {"full_name": "Acme/shop"}},
    {"id": 55, "run_attempt": 1, "event": "push", "status": "completed", "conclusion": "success", "head_repository": {"full_name": "acme/shop"}},
    {"id": 40, "run_attempt": 1, "event": "push", "status": "completed", "conclusion": "success", "head_repository": {"full_name": "acme/shop"}}]}"#;

#[tokio::test]
async fn github_tells_newer_runs_of_the_workflow_on_the_branch() {
    let (server, address) = Server::start(200, GITHUB).await;
    let mut ci = ci(System::GitHubActions, Service::GitHub, &address);
    assert_eq!(newer(&ci, &Config::default()).await, Some((60, 2)));
    let path = "/api/repos/acme/shop/actions/workflows/scan.yml/runs?branch=main&status=completed&per_page=20";
    assert_eq!(server.asked(), [format!("{path} Bearer job")]);
    // An older run is no news to a newer one.
    ci.run = ci.run.map(|run| Run { number: 60, attempt: 2, ..run });
    assert_eq!(newer(&ci, &Config::default()).await, None);
}

#[tokio::test]
async fn azure_tells_newer_runs_of_the_definition_on_the_branch() {
    let body = r#"{"count": 4, "value": [
        {"id": 90, "reason": "pullRequest", "status": "completed", "result": "succeeded"},
        {"id": 80, "reason": "individualCI", "status": "completed", "result": "canceled"},
        {"id": 70, "reason": "batchedCI", "status": "completed", "result": "failed"},
        {"id": 51, "reason": "schedule", "status": "completed", "result": "succeeded"}]}"#;
    let (server, address) = Server::start(200, body).await;
    let ci = ci(System::AzurePipelines, Service::AzureDevOps, &address);
    assert_eq!(newer(&ci, &Config::default()).await, Some((70, 1)));
    let asked = &server.asked()[0];
    let path = "/acme/Shop/_apis/build/builds?definitions=7&branchName=refs%2Fheads%2Fmain&statusFilter=completed";
    assert!(asked.starts_with(path) && asked.ends_with(" Bearer job"), "{asked}");
}

#[tokio::test]
async fn gitlab_tells_with_a_token_that_is_not_the_jobs() {
    let body = r#"[{"id": 9003, "iid": 63, "status": "success", "source": "pipeline"},
        {"id": 9002, "iid": 62, "status": "canceled", "source": "push"},
        {"id": 9001, "iid": 61, "status": "failed", "source": "schedule"}, {"id": 9000, "status": "success", "source": "push"}]"#;
    let (server, address) = Server::start(200, body).await;
    let ci = ci(System::GitLabCi, Service::GitLab, &address);
    assert!(Config::default().ci_instance(&ci, &job_token).is_none());
    let config = |location: &str| Config {
        instances: vec![Instance {
            credential: Credential::Token(Secret::new("own".to_owned())),
            ..Instance::new("lab".to_owned(), TrackerKind::GitLab, location.to_owned())
        }],
        ..Config::default()
    };
    assert_eq!(newer(&ci, &config(&address)).await, Some((61, 1)));
    let asked = &server.asked()[0];
    assert!(asked.starts_with("/api/v4/projects/acme%2Fshop/pipelines?scope=finished&ref=main"), "{asked}");
    assert!(asked.ends_with(" own"), "{asked}");
    // A token for another server is not for this one.
    assert!(config("https://gitlab.com").ci_instance(&ci, &job_token).is_none());
}

#[tokio::test]
async fn a_ci_that_refuses_is_asked_once() {
    for status in [401, 403, 404] {
        let (server, address) = Server::start(status, r#"{"message": "Resource not accessible by integration"}"#).await;
        let ci = ci(System::GitHubActions, Service::GitHub, &address);
        let instance = Config::default().ci_instance(&ci, &job_token).unwrap();
        assert!(newer_run(&instance, &ci).await.is_err(), "{status}");
        assert_eq!(server.asked().len(), 1, "{status}");
    }
    // Nothing to ask for: no request.
    let (server, address) = Server::start(200, GITHUB).await;
    for lacks in [true, false] {
        let whole = ci(System::GitHubActions, Service::GitHub, &address);
        let ci = if lacks { Ci { run: None, ..whole } } else { Ci { siblings: None, ..whole } };
        let instance = Config::default().ci_instance(&ci, &job_token).unwrap();
        assert_eq!(newer_run(&instance, &ci).await.unwrap(), None);
    }
    assert!(server.asked().is_empty());
    assert!(Config::default().ci_instance(&Ci::default(), &job_token).is_none());
}
