//! Status (is it still a problem?) and kind (what decides how identity is built).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a finding stands.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum Status {
    /// There, and to be dealt with.
    #[default]
    Active,
    /// No longer there.
    Closed,
    /// Not a weakness at all.
    #[serde(rename = "False Positive")]
    FalsePositive,
    /// A weakness that people decided to live with.
    #[serde(rename = "Risk Accepted")]
    RiskAccepted,
}

/// Who decided that a finding is a false positive or an accepted risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    /// A person, in the tracker: by closing the issue, a label or a column.
    Tracker,
    /// The mapping file's `decisions`.
    MappingFile,
    /// A VEX document.
    Vex,
    /// The report: a suppression in the code, or a state in the scanner's own database.
    Report,
}

/// A word that names no status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a status (active, closed, false_positive, risk_accepted)")]
pub struct ParseStatusError;

impl Status {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Active, Self::Closed, Self::FalsePositive, Self::RiskAccepted];

    /// The name as people read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Closed => "Closed",
            Self::FalsePositive => "False Positive",
            Self::RiskAccepted => "Risk Accepted",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Status {
    type Err = ParseStatusError;

    /// Takes the names with space, underscore or dash, in any case.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let folded = s.trim().replace(['_', '-'], " ");
        Self::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(&folded)).ok_or(ParseStatusError)
    }
}

/// What sort of weakness it is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// In the team's own code (SAST).
    Code,
    /// A vulnerable package (SCA, container and OS packages).
    Dependency,
    /// A credential that should not be there.
    Secret,
    /// Infrastructure as code, images' and hosts' configuration.
    Infrastructure,
    /// Seen on the running application (DAST).
    Dynamic,
    /// Anything else.
    #[default]
    Other,
}

/// A word that names no kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a kind (code, dependency, secret, infrastructure, dynamic, other)")]
pub struct ParseKindError;

impl Kind {
    /// All six.
    pub const ALL: [Self; 6] =
        [Self::Code, Self::Dependency, Self::Secret, Self::Infrastructure, Self::Dynamic, Self::Other];

    /// The name as it is written in JSON, in keys and in the mapping file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Dependency => "dependency",
            Self::Secret => "secret",
            Self::Infrastructure => "infrastructure",
            Self::Dynamic => "dynamic",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = ParseKindError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(s.trim())).ok_or(ParseKindError)
    }
}
