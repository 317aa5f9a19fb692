//! Coverage: what was read in this run, and so what may be said to be gone.

use std::collections::{BTreeMap, HashSet};

use crate::finding::{Key, Scan, Scope, Status};
use crate::issue::Place;

/// What was read in this run.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// The scopes that were read.
    scopes: BTreeMap<Scope, Examined>,
    /// Every key that some scan reports, whatever its status but Closed.
    present: HashSet<Key>,
}

/// How much of a scope was looked at.
#[derive(Debug, Clone, Default)]
struct Examined {
    /// Why it cannot vouch for anything that is absent.
    failure: Option<String>,
    /// What it did not examine, by the digests that places have of their paths.
    except: BTreeMap<u32, String>,
}

impl Examined {
    fn add(&mut self, scan: &Scan) {
        let failure = match &scan.failure {
            Some(why) => Some(format!("the scan failed: {why}")),
            None if !scan.complete => Some("the scan is partial".to_owned()),
            None => None,
        };
        self.failure = self.failure.take().or(failure);
        self.except.extend(scan.unexamined.iter().map(|path| (Place::part(Some(path)), path.clone())));
    }

    /// Why it cannot vouch for what is absent from a place.
    fn why_not(&self, place: &Place) -> Option<String> {
        if self.failure.is_some() {
            return self.failure.clone();
        }
        // Places are digests, which do not say what lies in a folder; and those of some findings are not known.
        let may_hold = |path: &&String| place.is_unknown() || (place.path != 0 && path.ends_with('/'));
        let path = self.except.get(&place.path).or_else(|| self.except.values().filter(may_hold).min())?;
        Some(format!("`{path}` was not examined"))
    }
}

impl Coverage {
    /// What these scans cover. A scope that several reports make up is whole where each of them is.
    #[must_use]
    pub fn of(scans: &[Scan]) -> Self {
        let mut coverage = Self::default();
        for scan in scans {
            coverage.scopes.entry(scan.scope()).or_default().add(scan);
            let there = scan.findings.iter().filter(|finding| finding.status != Status::Closed);
            coverage.present.extend(there.flat_map(|finding| &finding.keys));
        }
        coverage
    }

    /// Whether the scope has looked at a place, so that what it does not report there is gone.
    #[must_use]
    pub fn vouches(&self, scope: &Scope, place: &Place) -> bool {
        self.scopes.get(scope).is_some_and(|examined| examined.why_not(place).is_none())
    }

    /// Why the scope cannot vouch for what is absent from a place.
    #[must_use]
    pub fn why_not(&self, scope: &Scope, place: &Place) -> String {
        match self.scopes.get(scope) {
            None => "not read in this run".to_owned(),
            Some(examined) => examined.why_not(place).unwrap_or_else(|| "read whole".to_owned()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_vouches_for_the_places_that_it_examined() {
        let scan = |unexamined: &[&str]| Scan {
            scanner: "A".into(),
            complete: true,
            unexamined: unexamined.iter().map(ToString::to_string).collect(),
            ..Scan::default()
        };
        let (a, b) = (Place::part(Some("src/a.py")), Place::part(Some("lib/b.py")));
        let [a, b] = [a, b].map(|path| Place { rule: 1, path, ..Place::default() });
        let nowhere = Place { rule: 1, ..Place::default() };
        let why = |scans: &[Scan], place: &Place| {
            let (coverage, scope) = (Coverage::of(scans), scan(&[]).scope());
            assert_eq!(coverage.vouches(&scope, place), coverage.why_not(&scope, place) == "read whole");
            coverage.why_not(&scope, place)
        };
        let file = [scan(&["src/a.py", "src/c.py"]), scan(&[])];
        assert_eq!(why(&file, &a), "`src/a.py` was not examined");
        assert_eq!([why(&file, &b), why(&file, &nowhere)], ["read whole", "read whole"]);
        assert_eq!(why(&file, &Place::default()), "`src/a.py` was not examined", "it may be there");
        let folder = [scan(&["src/"])];
        assert_eq!([why(&folder, &a), why(&folder, &b)], ["`src/` was not examined"; 2], "digests tell no folder");
        assert_eq!(why(&folder, &nowhere), "read whole");
        assert_eq!(why(&[], &a), "not read in this run");
    }
}
