//! Faults: what goes wrong between a client and Azure DevOps, at a chosen request.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Response;

use super::routes::Answer;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 500, nothing done.
    ServerError,
    /// 502 after it was done.
    BadGatewayAfter,
    /// Done, but no answer comes.
    Hang,
    /// Done, but the connection breaks in the middle of the answer.
    Cut,
    /// 429 with `Retry-After`.
    TooMany,
    /// 429, to come back a second later.
    Later,
    /// 503 with `Retry-After`.
    Unavailable,
    /// 401.
    Unauthorized,
    /// 203 with the sign-in page.
    SignIn,
    /// 302 to the sign-in page.
    Redirect,
    /// 412 although nobody was faster.
    Precondition,
    /// 409, as old servers say for 412.
    Conflict,
    /// 200 with something that is not JSON.
    Garbage,
    /// 403 with a page: what a proxy on the way says.
    ProxyPage,
}

impl Kind {
    pub(crate) const ALL: [Self; 13] = [
        Self::ServerError,
        Self::BadGatewayAfter,
        Self::Hang,
        Self::Cut,
        Self::TooMany,
        Self::Unavailable,
        Self::Unauthorized,
        Self::SignIn,
        Self::Redirect,
        Self::Precondition,
        Self::Conflict,
        Self::Garbage,
        Self::ProxyPage,
    ];

    /// The answer, where the request is not carried out.
    pub(crate) fn before(self) -> Option<Response<Body>> {
        let said = |status: u16, key: &str, message: &str| Answer::refuse(status, key, message);
        let answer = match self {
            Self::ServerError => said(500, "Exception", "VS403000: an unexpected error"),
            Self::TooMany => {
                said(429, "RequestBlocked", "TF400733: The request has been canceled").with("Retry-After", "0")
            }
            Self::Later => {
                said(429, "RequestBlocked", "TF400733: The request has been canceled").with("Retry-After", "1")
            }
            Self::Unavailable => said(503, "ServiceUnavailable", "the service is unavailable").with("Retry-After", "0"),
            Self::Unauthorized => said(401, "Unauthorized", "TF400813: The user is not authorized"),
            Self::SignIn => Answer::sign_in(203),
            Self::Redirect => Answer::sign_in(302),
            Self::Precondition => said(412, "TestPatchOperationFailedException", "VS403351: Test Operation failed."),
            Self::Conflict => said(409, "WorkItemRevisionMismatch", "TF26071: changed by someone else"),
            Self::Garbage => Answer::page(200, "<html>proxy</html>"),
            Self::ProxyPage => Answer::page(403, "<html>Access denied by policy</html>"),
            Self::BadGatewayAfter | Self::Hang | Self::Cut => return None,
        };
        Some(answer.into_response())
    }

    /// The answer, where the request was carried out.
    pub(crate) fn after(self, answer: Answer) -> Response<Body> {
        if self == Self::Cut {
            let cut = Response::builder().status(200).header("content-type", "application/json");
            return cut.header("content-length", "1000").body(Body::new(Broken)).expect("a response");
        }
        drop(answer);
        Answer::page(502, "<html>bad gateway</html>").into_response()
    }
}

/// A body that breaks off.
struct Broken;

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Err(std::io::Error::other("cut"))))
    }
}

/// A fault, armed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    wait: usize,
    kind: Kind,
    writes_only: bool,
}

impl Fault {
    pub(crate) fn new(nth: usize, kind: Kind) -> Self {
        Self { wait: nth, kind, writes_only: matches!(kind, Kind::Precondition | Kind::Conflict) }
    }

    /// The fault for this request, if one is due; 412 and 409 wait for a write.
    pub(crate) fn due(faults: &mut Vec<Self>, write: bool) -> Option<Kind> {
        let at = faults.iter().position(|f| f.wait == 0 && (write || !f.writes_only));
        let due = at.map(|at| faults.remove(at).kind);
        faults.iter_mut().for_each(|f| f.wait = f.wait.saturating_sub(1));
        due
    }
}
