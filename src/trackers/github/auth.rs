//! Proving who we are: a token as it was given, or an App's installation token that we get and renew ourselves.

use std::time::Duration;

use http::header::AUTHORIZATION;
use octocrab::auth::{AppAuth, EncodingKey};
use octocrab::models::AppId;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::address::Address;
use crate::config::{Credential, Secret};
use crate::trackers::Error;
use crate::trackers::http::{AuthHeader, Http, Kind, Request};

/// Installation tokens live an hour; a new one is fetched well before.
const LIFE: Duration = Duration::from_secs(50 * 60);

pub(super) enum Auth {
    /// The header is set once, or there is none.
    Given(Vec<AuthHeader>),
    /// A GitHub App.
    App { app: Box<AppAuth>, installation: Option<u64>, renew_at: Mutex<Option<Instant>> },
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

impl Auth {
    pub(super) fn new(credential: &Credential) -> Result<Self, Error> {
        match credential {
            Credential::None => Ok(Self::Given(Vec::new())),
            Credential::Token(token) | Credential::Bearer(token) | Credential::JobToken(token) => {
                Ok(Self::Given(vec![bearer(token.expose())]))
            }
            Credential::App { id, private_key, installation } => {
                let bad = |what: &str, hint: &str| Error::Settings { what: what.to_owned(), hint: hint.to_owned() };
                let id = id.trim().parse().map_err(|_| {
                    bad("the App's id is not a number", "use the App ID from the App's settings, not its client id")
                })?;
                // Variables of CI systems often hold a PEM with its line breaks written out.
                let pem = private_key.expose().replace("\\n", "\n");
                let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| {
                    bad("the App's private key is not an RSA key in PEM", "use the whole .pem file as GitHub made it")
                })?;
                let app = Box::new(AppAuth { app_id: AppId(id), key });
                Ok(Self::App { app, installation: *installation, renew_at: Mutex::default() })
            }
        }
    }

    /// The headers that are known from the start.
    pub(super) fn headers(&self) -> Vec<AuthHeader> {
        match self {
            Self::Given(headers) => headers.clone(),
            Self::App { .. } => Vec::new(),
        }
    }

    /// Sees to it that the next request has a token that lives.
    pub(super) async fn renew(&self, http: &Http, address: &Address) -> Result<(), Error> {
        let Self::App { app, installation, renew_at } = self else { return Ok(()) };
        let mut renew_at = renew_at.lock().await;
        if renew_at.is_some_and(|at| Instant::now() < at) {
            return Ok(());
        }
        let jwt = app.generate_bearer_token().map_err(|e| Error::Settings {
            what: format!("cannot sign with the App's private key: {e}"),
            hint: "make a new private key in the App's settings".to_owned(),
        })?;
        http.authorize(vec![bearer(&jwt)])?;
        let id = match installation {
            Some(id) => *id,
            None => {
                let what = format!("find the App's installation for `{}`", address.project);
                let request = Request::get(what, address.repo(&["installation"]));
                http.send(request).await?.ok()?.json::<Installation>()?.id
            }
        };
        let url = address.rest(&["app", "installations", &id.to_string(), "access_tokens"]);
        // One token more does no harm, so this may be repeated.
        let request = Request::new(Kind::Read, http::Method::POST, "get the App's installation token", url);
        let token: Token = http.send(request).await?.ok()?.json()?;
        http.authorize(vec![bearer(&token.token)])?;
        *renew_at = Some(Instant::now() + LIFE);
        Ok(())
    }
}

fn bearer(token: &str) -> AuthHeader {
    AuthHeader { name: AUTHORIZATION, value: Secret::new(format!("Bearer {}", token.trim())) }
}
