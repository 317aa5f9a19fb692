//! Everything that a plan is made from, beside the issues.

use super::{Policy, ScanFacts, Settings};

/// Everything that a plan is made from, beside the issues.
#[derive(Clone, Copy)]
pub struct Planner<'a> {
    /// What this run saw.
    pub scans: &'a [ScanFacts],
    /// What the configuration and the templates say.
    pub policy: &'a dyn Policy,
    /// What planning follows.
    pub settings: &'a Settings,
}

impl std::fmt::Debug for Planner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planner").field("scans", &self.scans.len()).finish_non_exhaustive()
    }
}
