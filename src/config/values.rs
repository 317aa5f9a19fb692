//! What severities and statuses are called in a tracker.

use crate::finding::{Severity, Status};

/// The severity field and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeverityMap {
    /// The field's name as the tracker has it.
    pub field: String,
    /// Values in the order of [`Severity::ALL`].
    pub values: [String; 5],
}

/// The status field and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusMap {
    /// The field's name as the tracker has it.
    pub field: String,
    /// Values in the order of [`Status::ALL`].
    pub values: [StatusValue; 4],
}

/// A status' value, and whether an issue that has it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusValue {
    /// The value of the field.
    pub value: String,
    /// Whether the issue is open then.
    pub open: bool,
}

impl SeverityMap {
    /// The value for a severity.
    #[must_use]
    pub fn value(&self, severity: Severity) -> &str {
        &self.values[severity as usize]
    }
}

impl StatusMap {
    /// The value for a status.
    #[must_use]
    pub fn value(&self, status: Status) -> &StatusValue {
        &self.values[status as usize]
    }

    /// The decision (False Positive or Risk Accepted) that a value of the field means, where it means nothing else.
    #[must_use]
    pub fn decision(&self, value: &str) -> Option<Status> {
        let mut meant = Status::ALL.into_iter().filter(|status| self.value(*status).value.eq_ignore_ascii_case(value));
        match (meant.next(), meant.next()) {
            (Some(status @ (Status::FalsePositive | Status::RiskAccepted)), None) => Some(status),
            _ => None,
        }
    }
}
