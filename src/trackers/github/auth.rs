//! Proving who we are: a token as it was given, or an App's installation token that we get and renew ourselves.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
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
    App { app: App, installation: Option<u64>, current: Mutex<Option<Current>> },
}

/// A GitHub App, by its App ID or its client id: GitHub takes either as the issuer.
pub(super) struct App {
    id: String,
    key: EncodingKey,
}

/// An installation token that we got.
pub(super) struct Current {
    token: Secret,
    renew_at: Instant,
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
                let id = id.trim().to_owned();
                if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b)) {
                    let hint = "use the App ID (a number) or the client id (`Iv…`) from the App's settings";
                    return Err(bad("the App's id is neither an App ID nor a client id", hint));
                }
                // Variables of CI systems often hold a PEM with its line breaks written out.
                let pem = private_key.expose().replace("\\n", "\n");
                let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| {
                    bad("the App's private key is not an RSA key in PEM", "use the whole .pem file as GitHub made it")
                })?;
                Ok(Self::App { app: App { id, key }, installation: *installation, current: Mutex::default() })
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
        let Self::App { app, installation, current } = self else { return Ok(()) };
        let mut current = current.lock().await;
        if current.as_ref().is_some_and(|current| Instant::now() < current.renew_at) {
            return Ok(());
        }
        http.authorize(vec![bearer(&app.jwt()?)])?;
        let id = match installation {
            Some(id) => *id,
            None => {
                let what = format!("find the App's installation for `{}`", address.project);
                let request = Request::get(what, address.repo(&["installation"]));
                match http.send(request).await?.ok() {
                    Err(Error::NotFound { .. }) => {
                        return Err(Error::Settings {
                            what: format!("the App is not installed on `{}`", address.project),
                            hint: "install it on the repository (the App's settings > Install App)".to_owned(),
                        });
                    }
                    answer => answer?.json::<Installation>()?.id,
                }
            }
        };
        let url = address.rest(&["app", "installations", &id.to_string(), "access_tokens"]);
        // One token more does no harm, so this may be repeated.
        let request = Request::new(Kind::Read, http::Method::POST, "get the App's installation token", url);
        let token: Token = http.send(request).await?.ok()?.json()?;
        http.authorize(vec![bearer(&token.token)])?;
        *current = Some(Current { token: Secret::new(token.token), renew_at: Instant::now() + LIFE });
        Ok(())
    }

    /// The token that we got ourselves, where we did.
    pub(super) async fn own_token(&self) -> Option<Secret> {
        let Self::App { current, .. } = self else { return None };
        current.lock().await.as_ref().map(|current| current.token.clone())
    }
}

impl App {
    /// What proves for nine minutes that we are the App; a minute back, as clocks differ.
    ///
    /// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>
    fn jwt(&self) -> Result<String, Error> {
        #[derive(Serialize)]
        struct Claims<'a> {
            iss: &'a str,
            iat: u64,
            exp: u64,
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let claims = Claims { iss: &self.id, iat: now.saturating_sub(60), exp: now + 9 * 60 };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key).map_err(|e| Error::Settings {
            what: format!("cannot sign with the App's private key: {e}"),
            hint: "make a new private key in the App's settings".to_owned(),
        })
    }
}

fn bearer(token: &str) -> AuthHeader {
    AuthHeader { name: AUTHORIZATION, value: Secret::new(format!("Bearer {}", token.trim())) }
}
