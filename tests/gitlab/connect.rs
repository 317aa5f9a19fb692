//! Addresses, tokens, TLS, and where a token goes.

use axum::Router;
use axum::response::Redirect;
use findsync::config::{Credential, Secret};
use findsync::trackers::gitlab::GitLab;
use findsync::trackers::{Error, Read, Track, Which};

use crate::fake::{Fake, PROJECT, Tier, TlsFront};
use crate::support::*;

#[tokio::test]
async fn finds_the_project_by_path_id_and_name() {
    let fake = Fake::start(Tier::Free).await;
    for name in ["acme/backend/shop", "42", "Shop", "shop"] {
        let mut mapping = mapping();
        mapping.project.name = name.to_owned();
        let tracker = tracker_with(&fake, &mapping);
        tracker.visibility().await.unwrap();
        assert_eq!(tracker.project(), "acme/backend/shop");
    }
    let mut twin = fake.world().project().clone();
    (twin.id, twin.path) = (77, "acme/frontend/shop".to_owned());
    fake.world().projects.push(twin);
    let mut mapping = mapping();
    mapping.project.name = "shop".to_owned();
    let error = tracker_with(&fake, &mapping).visibility().await.unwrap_err();
    let hint = error.hint().unwrap();
    assert!(hint.contains("acme/backend/shop, acme/frontend/shop"), "{hint}");
    mapping.project.name = "shoe".to_owned();
    assert!(matches!(tracker_with(&fake, &mapping).visibility().await, Err(Error::NotFound { .. })));
    assert!(fake.objections().is_empty(), "{:?}", fake.objections());
}

#[tokio::test]
async fn works_under_a_path_behind_a_private_authority() {
    let fake = Fake::under("/gitlab", Tier::Premium).await;
    let front = TlsFront::start(fake.port).await;
    let mut instance = instance(&format!("https://localhost:{}/gitlab/", front.port), "glpat-good");
    let refused = GitLab::new(&instance, &mapping()).unwrap().issues(Which::Open).await.unwrap_err();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused}");
    assert!(fake.take_requests().is_empty(), "nothing was said to a server that nobody vouches for");

    instance.ca_file = Some(front.ca.path().to_owned());
    let tracker = GitLab::new(&instance, &mapping()).unwrap();
    tracker.open(&new("CVE-1")).await.unwrap();
    assert_eq!(tracker.issues(Which::Open).await.unwrap().len(), 1);
    assert!(fake.take_requests().iter().all(|request| request.token.as_deref() == Some("glpat-good")));
    assert!(fake.objections().is_empty(), "{:?}", fake.objections());
}

#[tokio::test]
async fn the_token_follows_no_redirect_to_another_host() {
    let fake = Fake::start(Tier::Free).await;
    let other = fake.location.clone();
    let redirect = move |uri: axum::http::Uri| {
        let to = format!("{other}{uri}");
        async move { Redirect::temporary(&to) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(redirect)).await });
    let tracker = GitLab::new(&instance(&location, "glpat-good"), &mapping()).unwrap();
    let error = tracker.issues(Which::Open).await.unwrap_err();
    assert!(matches!(error, Error::Redirected { .. }), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("location")), "{error}");
    tracker.open(&new("CVE-1")).await.unwrap_err();
    assert!(fake.take_requests().is_empty());
}

#[tokio::test]
async fn sends_each_kind_of_token_in_its_own_header() {
    let fake = Fake::start(Tier::Free).await;
    let mut instance = instance(&fake.location, "glpat-good");
    for token in ["oauth-good", "glpat-good"] {
        instance.credential = Credential::Bearer(Secret::new(token.to_owned()));
        assert!(GitLab::new(&instance, &mapping()).unwrap().issues(Which::Open).await.is_ok());
    }
    instance.credential = Credential::JobToken(Secret::new("glcbt-job".to_owned()));
    let error = GitLab::new(&instance, &mapping()).unwrap().issues(Which::Open).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    fake.world().project().visibility = "public";
    instance.credential = Credential::None;
    let error = GitLab::new(&instance, &mapping()).unwrap().issues(Which::Open).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    let _ = PROJECT;
}

#[test]
fn refuses_addresses_and_credentials_that_cannot_work() {
    for location in ["gitlab.com", "ftp://gitlab.com", "http://gitlab.example.com", "https://"] {
        let error = GitLab::new(&instance(location, "t"), &mapping()).unwrap_err();
        assert!(matches!(error, Error::Settings { .. }), "{location}: {error}");
    }
    let mut app = instance("https://gitlab.com", "t");
    let private_key = Secret::new("key".to_owned());
    app.credential = Credential::App { id: "1".to_owned(), private_key, installation: None };
    assert!(matches!(GitLab::new(&app, &mapping()), Err(Error::Settings { .. })));
}
