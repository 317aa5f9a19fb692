//! Coverage: what was read in this run, and so what may be said to be gone.

use std::collections::{BTreeMap, HashSet};

use crate::finding::{Key, Scan, Scope, Status};

/// What was read in this run.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// The scopes that were read: whole, or why they cannot vouch for what is absent.
    scopes: BTreeMap<Scope, Result<(), String>>,
    /// Every key that some scan reports, whatever its status but Closed.
    present: HashSet<Key>,
}

impl Coverage {
    /// What these scans cover. A scope that several reports make up is whole where each of them is.
    #[must_use]
    pub fn of(scans: &[Scan]) -> Self {
        let mut coverage = Self::default();
        for scan in scans {
            let whole = match &scan.failure {
                Some(why) => Err(format!("the scan failed: {why}")),
                None if !scan.complete => Err("the scan is partial".to_owned()),
                None => Ok(()),
            };
            let entry = coverage.scopes.entry(scan.scope()).or_insert(Ok(()));
            if entry.is_ok() {
                *entry = whole;
            }
            let there = scan.findings.iter().filter(|finding| finding.status != Status::Closed);
            coverage.present.extend(there.flat_map(|finding| &finding.keys));
        }
        coverage
    }

    /// Whether the scope was read whole, so that what it does not report is gone.
    #[must_use]
    pub fn whole(&self, scope: &Scope) -> bool {
        matches!(self.scopes.get(scope), Some(Ok(())))
    }

    /// Why the scope cannot vouch for what is absent.
    #[must_use]
    pub fn why_not(&self, scope: &Scope) -> String {
        match self.scopes.get(scope) {
            None => "not read in this run".to_owned(),
            Some(Err(why)) => why.clone(),
            Some(Ok(())) => "read whole".to_owned(),
        }
    }

    /// Whether the scope was read at all.
    #[must_use]
    pub fn touched(&self, scope: &Scope) -> bool {
        self.scopes.contains_key(scope)
    }

    /// Whether some scan of this run reports the key.
    #[must_use]
    pub fn present(&self, key: &Key) -> bool {
        self.present.contains(key)
    }
}
