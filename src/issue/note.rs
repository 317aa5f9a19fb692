//! What is said in a comment when an issue's state changes; `template` turns it into words.

use super::IssueId;
use crate::finding::{Scope, Status};

/// Why the state of an issue changes, for the people who follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Closed: these scopes were read whole and no longer report it.
    Fixed {
        /// The scopes that were read in this run.
        scopes: Vec<Scope>,
        /// Scopes that were not read for so long that they no longer count.
        expired: Vec<Scope>,
        /// Why it counts as fixed although it is still reported: what a VEX document says. Untrusted.
        because: Option<String>,
    },
    /// Moved to the status of a decision.
    Decided {
        /// False Positive or Risk Accepted.
        status: Status,
        /// The justification. Untrusted.
        reason: Option<String>,
    },
    /// Reopened: findsync had closed it, and it is there again.
    SeenAgain {
        /// Where, by what. Untrusted.
        seen_by: String,
    },
    /// Reopened: a person had closed it as done, or a bot had closed it, and it is still there.
    StillThere {
        /// Whether a bot had closed it.
        by_bot: bool,
        /// Where, by what. Untrusted.
        seen_by: String,
    },
    /// Reopened: the decision was withdrawn, or its day has passed.
    DecisionEnded {
        /// Why: `the acceptance has run out on 2027-01-31`.
        reason: Option<String>,
        /// Where, by what. Untrusted.
        seen_by: String,
    },
    /// Reopened: a finding came to a group that people had decided about.
    NewInGroup {
        /// What is new. Untrusted.
        titles: Vec<String>,
        /// Where, by what. Untrusted.
        seen_by: String,
    },
    /// Closed as a duplicate.
    Duplicate {
        /// The issue that stays.
        of: IssueId,
    },
}
