//! Why `--fail-on` made a run fail.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::wording::by_severity;
use crate::finding::Severity;

/// Findings that are severe enough to fail a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GateView {
    /// The least severity that counts.
    pub fail_on: Severity,
    /// How many findings count, by severity.
    pub counts: BTreeMap<Severity, usize>,
    /// Whether only new ones count, as in pull requests.
    pub new_only: bool,
}

impl GateView {
    /// The gate, where one of the findings trips it.
    #[must_use]
    pub fn of(fail_on: Severity, new_only: bool, findings: impl IntoIterator<Item = Severity>) -> Option<Self> {
        let mut counts = BTreeMap::new();
        for severity in findings.into_iter().filter(|severity| *severity >= fail_on) {
            *counts.entry(severity).or_insert(0) += 1;
        }
        (!counts.is_empty()).then_some(Self { fail_on, counts, new_only })
    }
}

impl fmt::Display for GateView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = self.counts.values().sum::<usize>() == 1;
        let verb = if one { "is" } else { "are" };
        let what = if self.new_only { "new" } else { "active" };
        let word = self.fail_on.name().to_lowercase();
        write!(f, "failed by `--fail-on {word}`: {} {verb} {what}", by_severity(&self.counts))
    }
}
