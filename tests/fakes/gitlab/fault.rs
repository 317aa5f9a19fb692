//! Faults: what goes wrong between a client and GitLab, at a chosen request.

use axum::body::{Body, Bytes};
use axum::http::Response;
use serde_json::json;

use super::answer::Answer;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Carried out a moment after it came.
    Late,
    /// 500, nothing done.
    ServerError,
    /// 502 after it was done.
    BadGatewayAfter,
    /// Done, but no answer comes for a minute.
    Hang,
    /// Done, but the connection breaks in the middle of the answer.
    Cut,
    /// 429 with `Retry-After` and the `RateLimit-*` headers.
    TooMany,
    /// 429: a second later.
    Later,
    /// 403 that is a rate limit, as proxies say it.
    Limited,
    /// 503 with `Retry-After`.
    Unavailable,
    /// 401, as when the token expires in between.
    Unauthorized,
    /// 409, nothing done (writes only).
    Conflict,
    /// 200 with something that is not JSON.
    Garbage,
}

impl Kind {
    /// The answer, where the request is not carried out.
    pub fn before(self) -> Option<Answer> {
        Some(match self {
            Self::ServerError => Answer::message(500, "500 Internal Server Error"),
            Self::TooMany => Answer::text(429, "Retry later\n")
                .with("Retry-After", "0")
                .with("RateLimit-Limit", "10")
                .with("RateLimit-Name", "throttle_authenticated_api")
                .with("RateLimit-Observed", "11")
                .with("RateLimit-Remaining", "0"),
            Self::Later => Answer::text(429, "Retry later\n").with("Retry-After", "1"),
            Self::Limited => Answer::message(403, "rate limit exceeded").with("Retry-After", "0"),
            Self::Unavailable => Answer::text(503, "GitLab is not responding").with("Retry-After", "0"),
            Self::Unauthorized => Answer::message(401, "401 Unauthorized"),
            Self::Conflict => Answer::message(409, "409 Conflict"),
            Self::Garbage => Answer::text(200, "<html>Sign in</html>"),
            Self::Late | Self::BadGatewayAfter | Self::Hang | Self::Cut => return None,
        })
    }

    /// What comes back after the request was carried out.
    pub fn after(self, answer: Answer) -> Response<Body> {
        match self {
            Self::Cut => {
                let whole = answer.json.unwrap_or_else(|| json!([])).to_string();
                let half = Bytes::from(whole.as_bytes()[..whole.len() / 2].to_vec());
                let broken = Err(std::io::Error::other("cut"));
                let body = Body::from_stream(futures::stream::iter([Ok(half), broken]));
                Response::builder().status(200).header("content-length", whole.len()).body(body).expect("a response")
            }
            Self::BadGatewayAfter => Answer::text(502, "<html>502 Bad Gateway</html>").into_response(),
            _ => answer.into_response(),
        }
    }
}

/// A fault, armed for the request that comes `wait` from now.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub wait: usize,
    pub kind: Kind,
}

impl Fault {
    /// The fault for this request, if one is due; 409 waits for a write.
    pub fn due(faults: &mut Vec<Self>, write: bool) -> Option<Kind> {
        let at = faults.iter().position(|f| f.wait == 0 && (write || f.kind != Kind::Conflict));
        let due = at.map(|at| faults.remove(at).kind);
        faults.iter_mut().for_each(|f| f.wait = f.wait.saturating_sub(1));
        due
    }
}
