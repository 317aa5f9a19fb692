//! What can go wrong with a tracker, each with what to do about it.

use serde::Serialize;

/// One thing that `check` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
    /// Whether `check --fix` can mend it.
    pub fixable: bool,
}

/// Why a tracker did not do what was asked. Never holds a token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The token is missing, wrong or expired.
    #[error("{service} does not accept the token: {detail}")]
    Unauthorized {
        /// The service's host.
        service: String,
        /// What it said.
        detail: String,
    },
    /// The token is good but may not do this.
    #[error("not allowed to {what}: {detail}")]
    Forbidden {
        /// What was tried.
        what: String,
        /// What the service said, and which permission is missing where that is known.
        detail: String,
    },
    /// The project does not exist, or the token cannot see it.
    #[error("cannot find {what}, or the token may not see it")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// Part of the project does not exist, or the token cannot see it.
    #[error("{}", .0.what)]
    Unseen(Problem),
    /// What the mapping names is not there, or nothing can be written.
    #[error("the mapping cannot be carried out: {}", .0.iter().map(|p| p.what.as_str()).collect::<Vec<_>>().join("; "))]
    Setup(Vec<Problem>),
    /// The issue was deleted since it was listed.
    #[error("the issue was deleted")]
    Gone,
    /// The issue was moved.
    #[error("the issue was moved to {0}")]
    Moved(String),
    /// The service leads somewhere else, and nobody follows there with a token.
    #[error("failed to {what}: the answer leads to {to}, which is not followed")]
    Redirected {
        /// What was tried.
        what: String,
        /// Where it leads.
        to: String,
    },
    /// The run asked for more than it may.
    #[error("gave up after {what} to {service}: something leads in circles")]
    OverBudget {
        /// The service's host.
        service: String,
        /// How much it was.
        what: String,
    },
    /// Somebody changed the issue since it was read; nothing was written.
    #[error("somebody changed the issue at the same time")]
    Conflict,
    /// The service refused the content.
    #[error("refused to {what}: {detail}")]
    Refused {
        /// What was tried.
        what: String,
        /// What the service said.
        detail: String,
    },
    /// The service asks to come back later than this run can wait.
    #[error("the rate limit of {service} is used up, free again in {seconds} s")]
    RateLimited {
        /// The service's host.
        service: String,
        /// Seconds to wait.
        seconds: u64,
    },
    /// A write may or may not have happened: the answer was lost. Look before trying again.
    #[error("no clear answer to {what}: {detail}")]
    Unclear {
        /// What was tried.
        what: String,
        /// What happened.
        detail: String,
    },
    /// The issue was created, but something after that failed.
    #[error("opened {url}, but then failed to {what}")]
    Partly {
        /// The number of the issue.
        number: u64,
        /// The address.
        url: String,
        /// What failed, and why.
        what: String,
    },
    /// The service cannot be reached, or failed again and again at something that is safe to repeat.
    #[error("cannot reach {service}: {detail}")]
    Unreachable {
        /// The service's host.
        service: String,
        /// What happened.
        detail: String,
    },
    /// The answer was not what the API promises.
    #[error("{service} gave an answer that makes no sense for {what}: {detail}")]
    Protocol {
        /// The service's host.
        service: String,
        /// What was asked.
        what: String,
        /// What is wrong with the answer.
        detail: String,
    },
    /// Settings that cannot work (an unreadable CA file, a bad location).
    #[error("{what}")]
    Settings {
        /// What is wrong.
        what: String,
        /// What to do.
        hint: String,
    },
    /// A file could not be read or written.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
}

/// What was found to be wrong; a look-up that failed is a problem itself, and not the end of the list.
pub(crate) fn found(result: Result<Vec<Problem>, Error>) -> Vec<Problem> {
    result.unwrap_or_else(|error| {
        let hint = error.hint().unwrap_or_else(|| "run `findsync check` again".to_owned());
        vec![Problem { what: format!("cannot tell whether all is there: {error}"), hint, fixable: false }]
    })
}

/// There is no token at all, with how to make one.
pub(crate) fn missing_token(hint: &str) -> Problem {
    Problem { what: "there is no token".to_owned(), hint: hint.to_owned(), fixable: false }
}

/// What may be in the way of a connection, by what the error says of it.
fn connection_hint(detail: &str) -> Option<&'static str> {
    let detail = detail.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| detail.contains(word));
    if says(&["causedasendentity"]) {
        Some(
            "the server shows an authority's own certificate: give the server one that the authority signed, and name the \
             authority's file as `ca_file` of the instance",
        )
    } else if says(&["certificate expired", "certificate: expired", "not valid yet", "notvalidyet"]) {
        Some("the server's certificate is out of date: renew it, or set this machine's clock")
    } else if says(&["not valid for name", "notvalidforname"]) {
        Some("the server's certificate is for another name: check the instance's `location`")
    } else if says(&["certificate", "unknownissuer", "tls"]) {
        Some("where a private authority signed the server's certificate, name its file as `ca_file` of the instance")
    } else if says(&["proxy", "tunnel", "407"]) {
        Some("check HTTPS_PROXY and NO_PROXY: the proxy refuses, or cannot reach the service")
    } else if says(&["dns", "lookup", "name or service not known", "resolve"]) {
        Some("check the instance's `location`: no such host is known here; behind a proxy, set HTTPS_PROXY")
    } else if says(&["refused", "unreachable", "timed out"]) {
        Some("check the instance's `location` and that this machine may reach it; behind a proxy, set HTTPS_PROXY")
    } else {
        None
    }
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unauthorized { .. } => "check that the token is set, complete and not expired".to_owned(),
            Self::Forbidden { .. } => "`findsync check` lists what the token lacks".to_owned(),
            Self::NotFound { .. } => "check the name in the mapping file, and that the token can see it".to_owned(),
            Self::Unseen(problem) => problem.hint.clone(),
            Self::Setup(problems) => problems.iter().map(|p| p.hint.as_str()).collect::<Vec<_>>().join("\n"),
            Self::Settings { hint, .. } => hint.clone(),
            Self::Redirected { .. } => {
                "check the instance's `location` and API address: another server, or a page to sign in, answers"
                    .to_owned()
            }
            Self::RateLimited { .. } => "run again later; what was done stays done".to_owned(),
            Self::Unreachable { detail, .. } if connection_hint(detail).is_some() => {
                connection_hint(detail).unwrap_or_default().to_owned()
            }
            Self::Unclear { .. } | Self::Partly { .. } | Self::Unreachable { .. } => {
                "run again: findsync looks at what is there before it writes".to_owned()
            }
            _ => return None,
        })
    }

    /// Whether the token, or its absence, may be the reason: services say "not found" of what they do not show.
    #[must_use]
    pub const fn is_denial(&self) -> bool {
        matches!(self, Self::Unauthorized { .. } | Self::Forbidden { .. } | Self::NotFound { .. } | Self::Unseen(_))
    }

    /// Whether trying the next change makes no sense.
    #[must_use]
    pub fn stops_the_run(&self) -> bool {
        matches!(
            self,
            Self::Unauthorized { .. }
                | Self::Forbidden { .. }
                | Self::RateLimited { .. }
                | Self::OverBudget { .. }
                | Self::Settings { .. }
                | Self::Setup(_)
                | Self::Unseen(_)
        )
    }
}
