//! Faults on demand: what may happen to any request.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use serde_json::json;

use super::Answer;

/// How long a late request takes to be carried out.
pub const MOMENT: Duration = Duration::from_millis(150);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Carried out a moment after it came.
    Late,
    /// 500, nothing done.
    ServerError,
    /// 502, but it was done.
    BadGateway,
    /// Done, but the answer never comes.
    Hang,
    /// Done, and the connection is cut in the middle of the answer.
    Cut,
    /// 403 for the secondary limit, nothing done.
    Secondary,
    /// The same without a word on how long to wait.
    SecondaryUntold,
    /// The same: a second later.
    SecondaryLater,
    /// 429, nothing done.
    TooMany,
    /// 401, nothing done.
    Unauthorized,
    /// 422, nothing done.
    Refused,
    /// GraphQL gave up: 200, no data, nothing done.
    WentWrong,
    /// GraphQL's secondary limit: 200, and only words tell, nothing done.
    SecondaryInWords,
    /// GraphQL's limit of work: 200 with a part of the data, nothing done.
    TooHeavy,
}

impl Fault {
    /// What is answered instead of doing anything.
    pub fn instead(self) -> Option<Answer> {
        let mut answer = match self {
            Self::ServerError => Answer::message(500, "Server Error"),
            Self::Secondary | Self::SecondaryUntold | Self::SecondaryLater => {
                Answer::message(403, "You have exceeded a secondary rate limit. Please wait a few minutes.")
            }
            Self::TooMany => Answer::message(429, "Too many requests"),
            Self::Unauthorized => Answer::message(401, "Bad credentials"),
            Self::Refused => Answer::message(422, "Validation Failed"),
            Self::WentWrong => {
                let message = "Something went wrong while executing your query. Please include the request id.";
                Answer::new(200, json!({ "data": null, "errors": [{ "message": message }] }))
            }
            Self::SecondaryInWords => {
                let message = "You have exceeded a secondary rate limit. Please wait a few minutes.";
                Answer::new(200, json!({ "errors": [{ "message": message }] }))
            }
            Self::TooHeavy => {
                let error = json!({ "type": "RESOURCE_LIMITS_EXCEEDED", "path": ["repository", "issues"],
                    "message": "Resource limits for this query exceeded." });
                Answer::new(200, json!({ "data": { "repository": { "issues": null } }, "errors": [error] }))
            }
            Self::Late | Self::BadGateway | Self::Hang | Self::Cut => return None,
        };
        if self == Self::SecondaryLater {
            answer.headers.push(("retry-after", "1".to_owned()));
        }
        if matches!(self, Self::Secondary | Self::TooMany) {
            answer.headers.push(("retry-after", "0".to_owned()));
        }
        Some(answer)
    }

    /// What becomes of the answer after it was done.
    pub async fn after(self, response: Response) -> Response {
        match self {
            Self::BadGateway => {
                Response::builder().status(502).body(Body::from("<html>Unicorn!</html>")).expect("an answer")
            }
            Self::Hang => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                response
            }
            Self::Cut => {
                let (mut parts, _) = response.into_parts();
                parts.headers.remove("content-length");
                let pieces = [Ok(Bytes::from_static(b"{\"num")), Err(std::io::Error::other("cut"))];
                Response::from_parts(parts, Body::from_stream(futures::stream::iter(pieces)))
            }
            _ => response,
        }
    }
}

/// A fault for the request with this number, from 1.
#[derive(Debug, Clone, Copy)]
pub struct FaultAt {
    pub at: usize,
    pub fault: Fault,
}
