//! What reports know beside the severity that helps to decide what comes first. What is absent is unknown, never "no".

use serde::Serialize;

/// What helps to decide.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Facts {
    /// How likely it is to be exploited within 30 days: <https://www.first.org/epss/>.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
    /// That it is in a catalogue of vulnerabilities that are exploited (CISA's KEV and the like).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_exploited: Option<KnownExploited>,
    /// How far exploits have come, in the scanner's words (`Proof of Concept`, `Mature`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exploit_maturity: Option<String>,
    /// Whether vulnerable code is reached, in the scanner's words (`called`, `not called`, `reachable`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reachability: Option<String>,
    /// How sure the scanner is, in its words (`high`, `medium`, `low`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<String>,
}

impl Facts {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An EPSS score, from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Epss {
    /// The probability.
    pub score: f64,
    /// The share of vulnerabilities with a lower score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentile: Option<f64>,
}

/// An entry in a catalogue of exploited vulnerabilities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct KnownExploited {
    /// The day on which it was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The day by which it is to be fixed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// Whether ransomware is known to use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ransomware: Option<bool>,
}
