//! What a run starts from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::NaiveDate;

use crate::ci::CodeLinks;
use crate::config::Config;
use crate::finding::{Run, Scan};
use crate::template::RunRef;
use crate::triage::Statement;

/// What a run starts from.
#[derive(Debug)]
pub struct Input<'a> {
    /// What the reports say.
    pub scans: &'a [Scan],
    /// The mapping file.
    pub config: &'a Config,
    /// What VEX documents say.
    pub vex: &'a [Statement],
    /// Where the scanned code can be looked at.
    pub links: Option<CodeLinks>,
    /// The run, for comments.
    pub run: RunRef,
    /// The checkout, where there is one.
    pub workspace: Option<PathBuf>,
    /// The newest run of this run's line that has finished, where the CI was asked.
    pub newest_finished: Option<Run>,
    /// The day.
    pub today: NaiveDate,
}

/// The mappings in which each finding of this run has its issue already, by scan and finding.
pub(super) type Homes = BTreeMap<(usize, usize), Vec<usize>>;
