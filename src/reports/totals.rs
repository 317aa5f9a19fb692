//! How many findings of each severity, as people read it.

use super::findings::FindingsView;
use crate::finding::Severity;

/// How many findings of each severity, the worst first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FindingsTotals([usize; 5]);

impl FindingsTotals {
    pub(super) fn of(view: &FindingsView<'_>) -> Self {
        let mut totals = Self::default();
        view.scans
            .iter()
            .flat_map(|scan| scan.findings.iter())
            .for_each(|finding| totals.0[finding.severity as usize] += 1);
        totals
    }

    pub(super) fn sum(&self) -> usize {
        self.0.iter().sum()
    }
}

impl std::fmt::Display for FindingsTotals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counted = Severity::ALL.iter().zip(self.0).rev().map(|(severity, count)| format!("{count} {severity}"));
        f.write_str(&counted.collect::<Vec<_>>().join(", "))
    }
}
