//! What one scan of this run saw.

use std::sync::Arc;

use crate::finding::{Finding, Run, Scan, Scope, Sighting, Source, sightings};

/// What one scan of this run saw.
#[derive(Debug, Clone)]
pub struct ScanFacts {
    /// The slice of the world that it is the authority for.
    pub scope: Arc<Scope>,
    /// The repository whose findings these are.
    pub owner: Source,
    /// The run that brought it.
    pub run: Option<Run>,
    /// Why it cannot vouch for anything that is absent; `None` where it can.
    pub failure: Option<String>,
    /// Files that it could not examine; a folder ends with a slash.
    pub unexamined: Vec<String>,
    /// Targets that the scope had before.
    pub formerly: Vec<String>,
    /// What it saw.
    pub sightings: Vec<Sighting>,
}

impl ScanFacts {
    /// What planning needs of a scan. `title` gives the line that names a finding where issues list it.
    #[must_use]
    pub fn new(scan: &Scan, title: &dyn Fn(&Finding) -> String) -> Self {
        let failure = match &scan.failure {
            Some(why) => Some(format!("the scan failed: {why}")),
            None => (!scan.complete).then(|| "the scan is partial".to_owned()),
        };
        Self {
            scope: Arc::new(scan.scope()),
            owner: scan.owner().clone(),
            run: scan.origin.run.clone(),
            failure,
            unexamined: scan.unexamined.clone(),
            formerly: scan.formerly.clone(),
            sightings: sightings(scan, title),
        }
    }
}
