//! Severity: five steps, as DefectDojo has them, and how scanners' own words and scores map to them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How bad a finding is, the least first.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum Severity {
    /// Worth knowing; also what scanners call unknown, negligible, style or note.
    #[default]
    Info,
    /// Low.
    Low,
    /// Medium, also what scanners call moderate or warning.
    Medium,
    /// High, also what scanners call important or error.
    High,
    /// Critical, also what scanners call blocker.
    Critical,
}

/// A word that names no severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a severity (info, low, medium, high, critical)")]
pub struct ParseSeverityError;

impl Severity {
    /// All five, the least first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name as people read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "Info",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }

    /// The qualitative rating of a CVSS v3/v4 base score; 0.0 is Info.
    ///
    /// Source: CVSS v3.1 specification, section 5, <https://www.first.org/cvss/v3.1/specification-document>.
    #[must_use]
    pub fn from_cvss(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::Info,
        }
    }

    /// Whether a scanner's word says that nobody has rated it: ratings beside it may tell more.
    #[must_use]
    pub fn is_unrated(word: &str) -> bool {
        matches!(
            word.trim().to_ascii_lowercase().as_str(),
            "" | "unknown" | "undefined" | "unspecified" | "null" | "n/a" | "nan" | "unrated" | "not rated" | "-"
        )
    }

    /// Reads a scanner's word for a severity, in any case: `moderate`, `ERROR`, `negligible` …
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "info" | "informational" | "information" | "none" | "note" | "unknown" | "undefined" | "negligible"
            | "style" | "unspecified" | "inventory" | "minimal" | "hint" => Self::Info,
            "low" | "minor" => Self::Low,
            "medium" | "moderate" | "warning" | "warn" | "major" => Self::Medium,
            "high" | "important" | "error" | "severe" => Self::High,
            "critical" | "blocker" | "urgent" | "fatal" | "very high" => Self::Critical,
            _ => return None,
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Severity {
    type Err = ParseSeverityError;

    /// Takes only the five names, in any case: what people write in a mapping file or on the command line.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|severity| severity.name().eq_ignore_ascii_case(s.trim())).ok_or(ParseSeverityError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_from_info_to_critical() {
        assert!(Severity::ALL.is_sorted());
        assert!(Severity::Info < Severity::Critical);
    }

    #[test]
    fn rates_cvss_at_the_bounds_of_the_specification() {
        let rated: Vec<_> = [0.0, 0.1, 3.9, 4.0, 6.9, 7.0, 8.9, 9.0, 10.0].map(Severity::from_cvss).into();
        use Severity::{Critical, High, Info, Low, Medium};
        assert_eq!(rated, [Info, Low, Low, Medium, Medium, High, High, Critical, Critical]);
    }
}
