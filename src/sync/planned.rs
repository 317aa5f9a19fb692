//! The plan of one mapping, with all that it was made from.

use std::sync::Arc;

use super::input::Homes;
use super::snapshot::Snapshot;
use crate::issue::Issue;
use crate::plan::Plan;
use crate::template::Templates;
use crate::trackers::Visibility;

/// The plan of one mapping, with all that it was made from.
#[derive(Debug)]
pub struct Planned {
    /// Index into [`crate::config::Config::mappings`].
    pub mapping: usize,
    /// What would bring the tracker in step.
    pub plan: Plan,
    pub(super) snapshot: Snapshot,
    pub(super) homes: Arc<Homes>,
    pub(super) templates: Arc<Templates>,
}

impl Planned {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plan.changes.is_empty()
    }

    /// The issues that were read.
    #[must_use]
    pub fn issues(&self) -> &[Issue] {
        &self.snapshot.issues
    }

    /// Who can read the tracker's project; `None` where that made no difference.
    #[must_use]
    pub fn visibility(&self) -> Option<Visibility> {
        self.snapshot.visibility
    }
}
