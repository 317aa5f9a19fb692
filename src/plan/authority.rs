//! Authority: of what a scan of this run may tell that it is gone. An older run is none, a checkout only of its own code,
//! and what was not read stays as it is, and is named.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::scans::{self, ScopeScan};
use super::sources::{BranchId, ScopeId};
use super::world::World;
use crate::finding::{Kind, Observation, Run, Scope};

/// Scopes that were not read and are named; the others are counted.
const MOST_UNREAD: usize = 5;

impl<'a> World<'a> {
    /// An older run is no authority: by any word of a whole scan of this scope on the board, or by what the CI knows.
    pub(super) fn drop_late(&mut self, scans: Vec<ScopeScan<'a>>) -> Vec<ScopeScan<'a>> {
        let mut newest: HashMap<ScopeId, &Run> = HashMap::new();
        for slot in &self.slots {
            for (scope, word) in slot.words.iter().filter(|(_, word)| word.whole) {
                if let Some(run) = &word.run {
                    let known = newest.entry(*scope).or_insert(run);
                    if run.is_newer_than(known) {
                        *known = run;
                    }
                }
            }
        }
        let finished = self.planner.settings.newest_finished.as_ref();
        let (mut kept, mut notes) = (Vec::new(), Vec::new());
        for scan in scans {
            let newer = scan.run.as_ref().and_then(|run| {
                let on_board = newest.get(&scan.id).copied().filter(|known| known.is_newer_than(run));
                on_board.or(finished.filter(|known| known.is_newer_than(run))).cloned()
            });
            match (newer, &scan.run) {
                (Some(newer), Some(run)) => notes.push(format!(
                    "{}: run {} is older than run {}, which has reported it already, so it changes nothing",
                    scan.scope,
                    scans::show_run(run),
                    scans::show_run(&newer)
                )),
                _ => kept.push(scan),
            }
        }
        self.notes.extend(notes);
        kept
    }

    /// Finds out of which scans the checkout holds the code: a pipeline that reads reports of other repositories, or that
    /// checked nothing out, knows of no file that it is gone.
    pub(super) fn look_at_checkout(&mut self) {
        for scan in &mut self.scans {
            let mut places = scan.seen.iter().map(|seen| &seen.sighting.facts);
            let is_there = |facts: &Arc<Observation>| {
                facts.kind != Kind::Dependency && self.planner.policy.exists(&facts.place) == Some(true)
            };
            let has_unexamined = || scan.unexamined().any(|path| self.planner.policy.exists(path) == Some(true));
            let is_own_code = scan.scope.source.name == scan.owner_source.name;
            scan.holds_checkout = is_own_code && (places.any(is_there) || has_unexamined());
        }
    }

    /// Why a scan cannot say of what it does not report that it is gone; `None` where it can. A file that is no more may now
    /// be one that the scan did not examine.
    pub(super) fn why_not_gone(&self, scan: usize, facts: &Observation) -> Option<String> {
        let here = &self.scans[scan];
        here.why_not(&facts.evidence).or_else(|| {
            let exists = |path: &str| self.planner.policy.exists(path);
            let is_away = here.holds_checkout && exists(&facts.place) == Some(false);
            let extension = |path: &str| Path::new(path).extension().map(ToOwned::to_owned);
            let may_be = |path: &&str| extension(path) == extension(&facts.place) && exists(path) == Some(true);
            let path = here.unexamined().filter(|_| is_away).find(may_be)?;
            Some(format!("`{path}` was not examined, and may be what `{}` is called now", facts.place))
        })
    }

    /// Says which scopes of the repositories and branches of this run have open issues that nobody read in this run.
    pub(super) fn note_unread(&mut self) {
        let branches: BTreeSet<BranchId> = self.scans.iter().map(|scan| scan.branch).collect();
        let mut unread: BTreeMap<Arc<Scope>, BTreeSet<u64>> = BTreeMap::new();
        for slot in &self.slots {
            let Some(home) = slot.home.map(|home| &self.homes[home]).filter(|home| home.was_open()) else { continue };
            if slot.live().any(|(scope, _)| self.is_read(scope)) {
                continue;
            }
            for (_, word) in slot.live().filter(|(scope, _)| branches.contains(&self.names.branch(*scope))) {
                unread.entry(Arc::clone(&word.scope)).or_default().insert(home.number());
            }
        }
        let more = unread.len().saturating_sub(MOST_UNREAD);
        for (scope, issues) in unread.into_iter().take(MOST_UNREAD) {
            let issues = match issues.len() {
                1 => "its open issue stays as it is".to_owned(),
                count => format!("its {count} open issues stay as they are"),
            };
            let same_scanner = self.scans.iter().find(|scan| scan.scope.scanner == scope.scanner);
            let moved = same_scanner.map_or_else(String::new, |now| {
                format!("; if `{}` is its new name, say so by `formerly: [\"{}\"]`", now.scope.target, scope.target)
            });
            self.notes.push(format!("{scope}: not read in this run, so {issues}{moved}"));
        }
        if more > 0 {
            self.notes.push(format!("{more} more scopes with open issues were not read in this run"));
        }
    }
}
