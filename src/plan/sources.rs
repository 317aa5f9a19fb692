//! Names: which repositories and scopes, as runs and stamps spell them, are the same.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::Planner;
use crate::finding::{READS, Scope, Source};
use crate::issue::{Issue, Stamp};

/// A repository, as an index.
pub(super) type SourceId = u32;
/// A scope, as an index in the order of scopes.
pub(super) type ScopeId = u32;
/// Repository and branch, as an index.
pub(super) type BranchId = u32;

/// Gives repositories and scopes numbers: the same number where they are the same.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_id: HashMap<(String, String), SourceId>,
    by_name: HashMap<String, SourceId>,
    ids: Vec<Option<String>>,
    scopes: HashMap<(SourceId, String, String, String), ScopeId>,
    branches: HashMap<(SourceId, String), BranchId>,
    branch_of: Vec<BranchId>,
    is_default: Vec<bool>,
    /// What an unknown repository stands for.
    unknown: Option<SourceId>,
    /// This run's repositories and scopes, as it spells them.
    current: HashMap<SourceId, Source>,
    current_scopes: HashMap<ScopeId, Arc<Scope>>,
    /// Old names of this run's repositories.
    former: HashSet<String>,
    /// Old names that do not hold, as this run has something of that name itself.
    pub(super) ignored: BTreeSet<String>,
}

impl Names {
    /// Learns repositories: those with a forge's id first, so that a name alone finds them. `formerly` are old names of
    /// the repository `now`. In a project that is not shared, an unknown repository is the only one there is.
    pub(super) fn learn<'s>(&mut self, sources: impl Iterator<Item = &'s Source> + Clone) {
        sources.clone().filter(|source| source.id.is_some()).for_each(|source| {
            self.source(source);
        });
        sources.for_each(|source| {
            self.source(source);
        });
    }

    /// Old names of a repository.
    fn rename(&mut self, now: &Source, formerly: &[String], of_run: &HashSet<&str>) {
        let id = self.source(now);
        for name in formerly.iter().filter(|name| **name != now.name) {
            if of_run.contains(name.as_str()) {
                self.ignored.insert(name.clone());
                continue;
            }
            self.by_name.insert(name.clone(), id);
            self.former.insert(name.clone());
        }
    }

    /// A repository as stamps should spell it from now on: as this run does, where the forge's id or the mapping file says
    /// that it is the same under another name.
    pub(super) fn spelled(&self, id: SourceId, known: &Source) -> Source {
        let Some(now) = self.current.get(&id).filter(|now| now.name != known.name || now.id != known.id) else {
            return known.clone();
        };
        match &now.id {
            Some(_) => now.clone(),
            None if self.former.contains(&known.name) => Source { name: now.name.clone(), id: known.id.clone() },
            None => known.clone(),
        }
    }

    /// A scope as stamps should spell it from now on.
    pub(super) fn spelled_scope(&mut self, id: ScopeId, known: &Arc<Scope>) -> Arc<Scope> {
        let of = self.source(&known.source);
        let source = self.spelled(of, &known.source);
        let target = self.current_scopes.get(&id).map_or(&known.target, |now| &now.target);
        if source == known.source && *target == known.target {
            return Arc::clone(known);
        }
        Arc::new(Scope { source, target: target.clone(), ..(**known).clone() })
    }

    /// Lets an unknown repository stand for this one.
    pub(super) fn assume(&mut self, source: SourceId) {
        self.unknown = Some(source);
    }

    pub(super) fn source(&mut self, source: &Source) -> SourceId {
        if source.name.is_empty()
            && let Some(unknown) = self.unknown
        {
            return unknown;
        }
        let key = source.id.as_ref().map(|id| (source.host().to_owned(), id.clone()));
        if let Some(known) = key.as_ref().and_then(|key| self.by_id.get(key)) {
            self.by_name.entry(source.name.clone()).or_insert(*known);
            return *known;
        }
        // A repository of the same name and another id is another one: the first was deleted.
        let named = self.by_name.get(&source.name).copied();
        let named = named.filter(|&id| source.id.is_none() || self.ids[id as usize].is_none());
        let id = named.unwrap_or_else(|| {
            self.ids.push(None);
            u32::try_from(self.ids.len() - 1).unwrap_or(u32::MAX)
        });
        self.by_name.entry(source.name.clone()).or_insert(id);
        if let Some(key) = key {
            self.ids[id as usize] = source.id.clone();
            self.by_id.insert(key, id);
        }
        id
    }

    pub(super) fn scope(&mut self, scope: &Scope) -> ScopeId {
        let source = self.source(&scope.source);
        let key = (source, scope.branch.clone(), scope.scanner.clone(), scope.target.clone());
        if let Some(known) = self.scopes.get(&key) {
            return *known;
        }
        let id = u32::try_from(self.branch_of.len()).unwrap_or(u32::MAX);
        let next = u32::try_from(self.branches.len()).unwrap_or(u32::MAX);
        let branch = *self.branches.entry((source, scope.branch.clone())).or_insert(next);
        self.scopes.insert(key, id);
        self.branch_of.push(branch);
        self.is_default.push(scope.branch.is_empty());
        id
    }

    /// Lets a scope's old target stand for the scope.
    fn retarget(&mut self, scope: &Scope, formerly: &[String]) {
        let id = self.scope(scope);
        let source = self.source(&scope.source);
        for target in formerly.iter().filter(|target| **target != scope.target) {
            let key = (source, scope.branch.clone(), scope.scanner.clone(), target.clone());
            if *self.scopes.entry(key).or_insert(id) != id {
                self.ignored.insert(target.clone());
            }
        }
    }

    /// Repository and branch of a scope.
    pub(super) fn branch(&self, scope: ScopeId) -> BranchId {
        self.branch_of.get(scope as usize).copied().unwrap_or(u32::MAX)
    }

    /// Whether a scope is about the default branch.
    pub(super) fn is_default(&self, scope: ScopeId) -> bool {
        self.is_default.get(scope as usize).copied().unwrap_or(false)
    }
}

/// Learns the repositories and scopes of a run and of stamps.
pub(super) fn learn_names(planner: &Planner<'_>, managed: &[(&Issue, &Stamp)]) -> Names {
    let mut names = Names::default();
    let of_run = planner.scans.iter().flat_map(|scan| [&scan.scope.source, &scan.owner]);
    let of_stamps = managed.iter().flat_map(|(_, stamp)| &stamp.members);
    let of_stamps = of_stamps
        .flat_map(|member| std::iter::once(&member.owner).chain(member.words.iter().map(|word| &word.scope.source)));
    let all: BTreeSet<&Source> = of_run.chain(of_stamps).filter(|source| !source.name.is_empty()).collect();
    let own: HashSet<&str> =
        planner.scans.iter().flat_map(|scan| [scan.scope.source.name.as_str(), scan.owner.name.as_str()]).collect();
    for scan in planner.scans {
        names.rename(&scan.owner, &scan.formerly, &own);
        let former = &planner.settings.formerly;
        match scan.scope.source.name.split_once(READS) {
            None => names.rename(&scan.scope.source, former, &own),
            Some((reader, owner)) => {
                let readers = former.iter().map(String::as_str).chain([reader]);
                let owners = || scan.formerly.iter().map(String::as_str).chain([owner]);
                let pairs = readers.flat_map(|reader| owners().map(move |owner| format!("{reader}{READS}{owner}")));
                names.rename(&scan.scope.source, &pairs.collect::<Vec<_>>(), &own);
            }
        }
    }
    // A name that two repositories had is the run's.
    let of_run = planner.scans.iter().flat_map(|scan| [&scan.scope.source, &scan.owner]);
    names.learn(of_run.filter(|source| !source.name.is_empty()));
    names.learn(all.iter().copied());
    if !planner.settings.shared {
        // The project is one repository's: what nobody names is about that one.
        let of_run = planner.scans.iter().map(|scan| &scan.scope.source).find(|source| !source.name.is_empty());
        let known: BTreeSet<u32> = all.iter().map(|source| names.source(source)).collect();
        let only = known.first().copied().filter(|_| known.len() == 1);
        if let Some(source) = of_run.map(|source| names.source(source)).or(only) {
            names.assume(source);
        }
    }
    for scan in planner.scans {
        for source in [&scan.scope.source, &scan.owner] {
            let id = names.source(source);
            names.current.insert(id, source.clone());
        }
        let id = names.scope(&scan.scope);
        names.current_scopes.insert(id, Arc::clone(&scan.scope));
    }
    for scan in planner.scans {
        names.retarget(&scan.scope, &scan.formerly);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, id: Option<&str>) -> Source {
        Source { name: name.to_owned(), id: id.map(str::to_owned) }
    }

    #[test]
    fn a_renamed_repository_is_the_same_and_a_recreated_one_is_not() {
        let all = [source("h/b", None), source("h/a", Some("1")), source("h/b", Some("1")), source("h/b", Some("2"))];
        let mut names = Names::default();
        names.learn(all.iter());
        let ids = all.map(|source| names.source(&source));
        assert_eq!((ids[0], ids[1]), (ids[2], ids[2]));
        assert_ne!(ids[2], ids[3]);
    }

    #[test]
    fn unknown_repositories_stand_for_the_only_one() {
        let mut names = Names::default();
        let shop = names.source(&source("h/shop", None));
        names.assume(shop);
        assert_eq!(names.source(&Source::default()), shop);
    }

    #[test]
    fn scopes_know_their_branch() {
        let mut names = Names::default();
        let scope =
            |branch: &str, target: &str| Scope { branch: branch.into(), target: target.into(), ..Scope::default() };
        let [main, other, release] = [scope("", "a"), scope("", "b"), scope("release/1", "a")].map(|s| names.scope(&s));
        assert_eq!(names.branch(main), names.branch(other));
        assert_ne!(names.branch(main), names.branch(release));
        assert_eq!((names.is_default(main), names.is_default(release)), (true, false));
        names.retarget(&scope("", "a"), &["old".into()]);
        assert_eq!(names.scope(&scope("", "old")), main);
    }
}
