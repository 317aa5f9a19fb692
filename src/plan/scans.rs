//! Scans of a run, as planning sees them: joined by scope, without those that are late.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scan_facts::ScanFacts;
use super::sources::{BranchId, Names, ScopeId, SourceId};
use crate::finding::{LocationEvidence, Run, Scope, Sighting, Source};

/// A sighting and the scan that it is from, as an index into the run's scans.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub scan: usize,
    pub sighting: &'a Sighting,
}

/// All scans of one scope in this run.
#[derive(Debug)]
pub(super) struct ScopeScan<'a> {
    pub id: ScopeId,
    pub branch: BranchId,
    pub scope: Arc<Scope>,
    pub owner: SourceId,
    pub owner_source: &'a Source,
    pub run: Option<Run>,
    pub seen: Vec<Seen<'a>>,
    /// Whether the checkout is that of the code which was scanned, so that what is not in it is no more.
    pub holds_checkout: bool,
    failure: Option<String>,
    /// What it did not examine, by the digests that places have of their paths.
    unexamined: BTreeMap<u32, String>,
}

impl ScopeScan<'_> {
    /// Whether it may vouch for what is absent.
    pub(super) fn is_whole(&self) -> bool {
        self.failure.is_none()
    }

    /// What it did not examine; folders end with a slash.
    pub(super) fn unexamined(&self) -> impl Iterator<Item = &str> {
        self.unexamined.values().map(String::as_str)
    }

    /// Why it cannot vouch for what is absent from a place; `None` where it can.
    pub(super) fn why_not(&self, place: &LocationEvidence) -> Option<String> {
        if self.failure.is_some() {
            return self.failure.clone();
        }
        // Places are digests, which do not say what lies in a folder; and those of some findings are not known.
        let may_hold =
            |path: &&String| *place == LocationEvidence::default() || (place.path != 0 && path.ends_with('/'));
        let path = self.unexamined.get(&place.path).or_else(|| self.unexamined.values().filter(may_hold).min())?;
        Some(format!("`{path}` was not examined"))
    }
}

/// A run, for people.
pub(super) fn show_run(run: &Run) -> String {
    if run.attempt > 1 { format!("{} (attempt {})", run.number, run.attempt) } else { run.number.to_string() }
}

/// Joins scans of one scope, in the order of scopes.
pub(super) fn join<'a>(scans: &'a [ScanFacts], names: &mut Names) -> Vec<ScopeScan<'a>> {
    let mut joined: BTreeMap<ScopeId, ScopeScan<'a>> = BTreeMap::new();
    for (index, scan) in scans.iter().enumerate() {
        let id = names.scope(&scan.scope);
        let owner = names.source(&scan.owner);
        let branch = names.branch(id);
        let known = joined.entry(id).or_insert_with(|| ScopeScan {
            id,
            branch,
            scope: Arc::clone(&scan.scope),
            owner,
            owner_source: &scan.owner,
            run: scan.run.clone(),
            seen: Vec::new(),
            holds_checkout: false,
            failure: None,
            unexamined: BTreeMap::new(),
        });
        known.failure = known.failure.take().or_else(|| scan.failure.clone());
        let paths = scan.unexamined.iter().map(|path| (LocationEvidence::part(Some(path)), path.clone()));
        known.unexamined.extend(paths);
        known.seen.extend(scan.sightings.iter().map(|sighting| Seen { scan: index, sighting }));
    }
    let mut joined: Vec<ScopeScan<'a>> = joined.into_values().collect();
    joined.sort_by(|a, b| a.scope.cmp(&b.scope));
    for scan in &mut joined {
        // The order of a report plays no part.
        scan.seen.sort_by(|a, b| {
            let order = |seen: &Seen<'_>| (seen.sighting.facts.evidence.line, seen.sighting.facts.evidence.column);
            order(a).cmp(&order(b)).then_with(|| a.sighting.facts.cmp(&b.sighting.facts))
        });
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::LocationEvidence;
    use crate::finding::Scan;

    fn scan(unexamined: &[&str], failure: Option<&str>) -> ScanFacts {
        let scan = Scan {
            scanner: "A".into(),
            complete: true,
            failure: failure.map(str::to_owned),
            unexamined: unexamined.iter().map(ToString::to_string).collect(),
            ..Scan::default()
        };
        ScanFacts::new(&scan, &|_| String::new())
    }

    fn why(scans: &[ScanFacts], path: Option<&str>) -> Option<String> {
        let place = LocationEvidence { rule: 1, path: LocationEvidence::part(path), ..Default::default() };
        join(scans, &mut Names::default())[0].why_not(&place)
    }

    #[test]
    fn a_scope_vouches_for_the_places_that_it_examined() {
        let (a, b) = (Some("src/a.py"), Some("lib/b.py"));
        let file = [scan(&["src/a.py", "src/c.py"], None), scan(&[], None)];
        assert_eq!(why(&file, a).as_deref(), Some("`src/a.py` was not examined"));
        assert_eq!([why(&file, b), why(&file, None)], [None, None]);
        let nowhere = join(&file, &mut Names::default())[0].why_not(&LocationEvidence::default());
        assert_eq!(nowhere.as_deref(), Some("`src/a.py` was not examined"), "it may be there");
        let folder = [scan(&["src/"], None)];
        let unsure = Some("`src/` was not examined");
        assert_eq!([why(&folder, a).as_deref(), why(&folder, b).as_deref()], [unsure; 2], "digests tell no folder");
        assert_eq!(why(&folder, None), None);
    }

    #[test]
    fn a_scope_of_several_reports_is_whole_where_each_is() {
        let failed = scan(&[], Some("out of memory"));
        for scans in [[failed.clone(), scan(&[], None)], [scan(&[], None), failed]] {
            assert_eq!(why(&scans, Some("a")).as_deref(), Some("the scan failed: out of memory"));
        }
    }
}
