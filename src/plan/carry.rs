//! Carry-forward: a finding whose key changed keeps its member where place, content and neighbours say that it is the same:
//! changed lines, moved code, renamed files. Ambiguity carries nothing, and what is known to differ forbids it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::align::{Drift, align};
use super::matching::{around, contradict, same};
use super::world::World;
use crate::finding::{Kind, LocationEvidence, Observation};

/// Lines that a finding may be from where it should be and still be thought near.
const NEAR: u32 = 10;
/// Likeness of words from which on changed lines are like the old ones; and where a neighbour is still the same.
const ALIKE: f64 = 0.5;
const SOMEWHAT_ALIKE: f64 = 0.2;
/// What one equal finding in two files weighs: more than how alike their names are.
const MOST_IN_A_TAIL: u32 = 32;
/// Equal content in more places than this tells nothing of where a file went.
const COMMON: usize = 100;

/// Kind, rule and path.
type InFile = (Kind, u32, u32);
/// Kind, rule and content.
type Content = (Kind, u32, u32);

/// A member that vanished, and where it was.
#[derive(Debug, Clone)]
struct Vanished {
    slot: usize,
    kind: Kind,
    place: LocationEvidence,
    facts: Arc<Observation>,
    decided: bool,
}

/// A finding that no member has yet, and where it is.
#[derive(Debug, Clone)]
struct Fresh {
    at: usize,
    kind: Kind,
    place: LocationEvidence,
    facts: Arc<Observation>,
}

/// What vanished and what is new in one scan, and which of them are the same.
#[derive(Debug, Default)]
struct Carrying {
    vanished: Vec<Vanished>,
    fresh: Vec<Fresh>,
    /// Places of findings that are known to be the same, for how far lines moved.
    known: Vec<(LocationEvidence, LocationEvidence)>,
    /// Contents of all that the scan reports, for what stands nowhere else.
    everywhere: HashMap<Content, usize>,
    /// Indices into `vanished` and `fresh`.
    pairs: Vec<(usize, usize)>,
    taken: HashSet<usize>,
    placed: HashSet<usize>,
}

impl World<'_> {
    /// Pairs what a scan no longer reports, or what its branch had in a file that is no more, with what it reports anew.
    pub(super) fn carry_forward(&mut self, scan: usize, todo: &mut Vec<usize>) {
        let fresh: Vec<Fresh> = todo
            .iter()
            .map(|&at| (at, self.facts(scan, at)))
            .filter(|(_, facts)| !facts.named_by_key && facts.evidence.rule != 0)
            .map(|(at, facts)| Fresh { at, kind: facts.kind, place: facts.evidence, facts: Arc::clone(facts) })
            .collect();
        if fresh.is_empty() {
            return;
        }
        let vanished: Vec<Vanished> = (0..self.slots.len()).filter_map(|slot| self.vanished(scan, slot)).collect();
        if vanished.is_empty() {
            return;
        }
        let mut carrying = Carrying { vanished, fresh, ..Carrying::default() };
        let (id, seen) = (self.scans[scan].id, self.scans[scan].seen.len());
        for slot in &self.slots {
            let was = slot.words.get(&id).map(|word| word.facts.evidence);
            let now = slot.reported.get(&id).and_then(|seen| seen.first());
            carrying.known.extend(was.zip(now.map(|at| self.facts(scan, *at).evidence)));
        }
        for at in 0..seen {
            let facts = self.facts(scan, at);
            *carrying.everywhere.entry((facts.kind, facts.evidence.rule, facts.evidence.lines)).or_default() += 1;
        }
        carrying.run();
        let mut matched = HashSet::new();
        for (old, new) in carrying.pairs {
            let at = carrying.fresh[new].at;
            self.attach(scan, at, carrying.vanished[old].slot);
            matched.insert(at);
        }
        todo.retain(|at| !matched.contains(at));
    }

    /// Where a slot was that this scan no longer reports although it looked there, or where there is nothing to look at.
    fn vanished(&self, scan: usize, slot: usize) -> Option<Vanished> {
        let known = &self.slots[slot];
        let here = &self.scans[scan];
        if self.is_attached(scan, slot) || !self.is_owned(scan, slot) {
            return None;
        }
        let is_away = |place: &str| here.holds_checkout && self.planner.policy.exists(place) == Some(false);
        let mut words: Vec<_> = known.live().filter(|(scope, _)| self.names.branch(*scope) == here.branch).collect();
        words.sort_by_key(|(scope, _)| *scope != here.id);
        let found = words.into_iter().find(|(scope, word)| *scope == here.id || is_away(&word.facts.place));
        let (_, word) = found.filter(|(_, word)| {
            let is_gone = || here.why_not(&word.facts.evidence).is_none() || is_away(&word.facts.place);
            !word.facts.named_by_key && word.facts.evidence.rule != 0 && is_gone()
        })?;
        let decided = self.is_decided(known);
        let facts = Arc::clone(&word.facts);
        Some(Vanished { slot, kind: known.kind, place: facts.evidence, facts, decided })
    }
}

impl Carrying {
    fn run(&mut self) {
        self.within_files(&HashMap::new());
        let renamed = self.renamed();
        if !renamed.is_empty() {
            self.within_files(&renamed);
        }
        self.moved();
    }

    fn take(&mut self, old: usize, new: usize) {
        self.pairs.push((old, new));
        self.taken.insert(old);
        self.placed.insert(new);
        self.known.push((self.vanished[old].place, self.fresh[new].place));
    }

    /// Pairs within each file, rule by rule: first what has the same content, then what changed a little in its place.
    fn within_files(&mut self, renamed: &HashMap<u32, u32>) {
        let mut files: BTreeMap<InFile, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (new, Fresh { kind, place, .. }) in self.fresh.iter().enumerate() {
            if !self.placed.contains(&new) && place.path != 0 {
                files.entry((*kind, place.rule, place.path)).or_default().1.push(new);
            }
        }
        for (old, Vanished { kind, place, .. }) in self.vanished.iter().enumerate() {
            let path = if renamed.is_empty() { Some(place.path) } else { renamed.get(&place.path).copied() };
            if let Some((olds, _)) =
                path.filter(|_| !self.taken.contains(&old)).and_then(|path| files.get_mut(&(*kind, place.rule, path)))
            {
                olds.push(old);
            }
        }
        files.retain(|_, (olds, _)| !olds.is_empty());
        for edited in [false, true] {
            // What was paired tells where the rest went.
            let drift = Drift::new(self.known.iter().map(|(old, new)| (old, new)));
            for (olds, news) in files.values() {
                self.pair_in_order(olds, news, |old, new| {
                    let distance = drift.distance(&old.place, &new.place);
                    if same(old.place.lines, new.place.lines) {
                        let score = 3_000 + 400 * around(&old.place, &new.place) + closeness(distance);
                        // An equal line elsewhere in the same file is another one, as far as a decision goes.
                        let far = renamed.is_empty() && distance.is_none_or(|distance| distance > 1);
                        let doubtful = old.decided && far && around(&old.place, &new.place) == 0;
                        return (may_have_moved(old, new) && !doubtful).then_some(score);
                    }
                    let changed =
                        || changed_a_little(&old.place, &new.place, distance).filter(|_| may_be_edited(old, new));
                    edited.then(changed).flatten()
                });
            }
        }
    }

    /// Pairs what is still free, in the order of the lines.
    fn pair_in_order(&mut self, olds: &[usize], news: &[usize], score: impl Fn(&Vanished, &Fresh) -> Option<u32>) {
        let mut olds: Vec<usize> = olds.iter().copied().filter(|old| !self.taken.contains(old)).collect();
        let mut news: Vec<usize> = news.iter().copied().filter(|new| !self.placed.contains(new)).collect();
        olds.sort_by_key(|old| (self.vanished[*old].place, self.vanished[*old].slot));
        olds.sort_by_key(|old| self.vanished[*old].place.line);
        news.sort_by_key(|new| (self.fresh[*new].place.line, self.fresh[*new].place));
        let pairs = align(olds.len(), news.len(), |old, new| score(&self.vanished[olds[old]], &self.fresh[news[new]]));
        for (old, new) in pairs {
            self.take(olds[old], news[new]);
        }
    }

    /// Files that were renamed: most of what vanished from the one is new in the other, and came from nowhere else.
    fn renamed(&self) -> HashMap<u32, u32> {
        let mut by_content: HashMap<Content, Vec<u32>> = HashMap::new();
        let mut names: HashMap<u32, &str> = HashMap::new();
        for (new, Fresh { kind, place, facts, .. }) in self.fresh.iter().enumerate() {
            if !self.placed.contains(&new) && place.lines != 0 && place.path != 0 {
                by_content.entry((*kind, place.rule, place.lines)).or_default().push(place.path);
                names.insert(place.path, &facts.place);
            }
        }
        by_content.retain(|_, paths| paths.len() < COMMON);
        let mut votes: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        for (old, Vanished { kind, place, facts, .. }) in self.vanished.iter().enumerate() {
            if self.taken.contains(&old) || place.path == 0 {
                continue;
            }
            let mut paths = by_content.get(&(*kind, place.rule, place.lines)).cloned().unwrap_or_default();
            paths.retain(|path| *path != place.path);
            paths.sort_unstable();
            paths.dedup();
            for path in paths {
                // Of files with the same content, the one that ends as the old one did.
                let tail = || names.get(&path).map_or(0, |new| shared_tail(&facts.place, new));
                *votes.entry((place.path, path)).or_insert_with(tail) += MOST_IN_A_TAIL;
            }
        }
        let mut best = Mutual::default();
        votes.into_iter().for_each(|((old, new), votes)| best.vote(old, new, votes));
        best.pairs().collect()
    }

    /// Pairs code that moved to another file: each the other's only best match, with a neighbour that moved along or
    /// content that stands nowhere else.
    fn moved(&mut self) {
        let mut by_content: HashMap<Content, Vec<usize>> = HashMap::new();
        for (new, Fresh { kind, place, .. }) in self.fresh.iter().enumerate() {
            if !self.placed.contains(&new) && place.lines != 0 && place.path != 0 {
                by_content.entry((*kind, place.rule, place.lines)).or_default().push(new);
            }
        }
        let mut best = Mutual::default();
        for (old, vanished) in self.vanished.iter().enumerate() {
            let place = &vanished.place;
            if self.taken.contains(&old) || place.path == 0 || place.lines == 0 {
                continue;
            }
            let content = (vanished.kind, place.rule, place.lines);
            // A line of code may stand anywhere; a resource is what it is.
            let telling = place.line == 0 || self.everywhere.get(&content) == Some(&1);
            for &new in by_content.get(&content).into_iter().flatten() {
                let fresh = &self.fresh[new];
                let around = around(place, &fresh.place);
                if (telling || around > 0) && may_have_moved(vanished, fresh) {
                    let closeness = closeness(Some(place.line.abs_diff(fresh.place.line)));
                    best.vote(old, new, 1 + 400 * around + closeness);
                }
            }
        }
        for (old, new) in best.pairs() {
            self.take(old, new);
        }
    }
}

/// How many folders and names at their ends two paths have in common, as far as that can tip the scales.
fn shared_tail(one: &str, other: &str) -> u32 {
    let pairs = one.rsplit('/').zip(other.rsplit('/')).take(MOST_IN_A_TAIL as usize - 1);
    u32::try_from(pairs.take_while(|(one, other)| one == other).count()).unwrap_or(0)
}

/// Whether nothing speaks against the same content being the same finding at another place.
fn may_have_moved(old: &Vanished, new: &Fresh) -> bool {
    let known = |place: &LocationEvidence| place.before != 0 || place.after != 0;
    let around = around(&old.place, &new.place);
    let strange = known(&old.place) && known(&new.place) && around == 0;
    // Where a report masks its secrets, equal lines may hold different ones.
    let masked = old.kind == Kind::Secret && around == 0;
    !(contradict(&old.place, &new.place) || masked || old.decided && strange)
}

/// Whether a line that changed a little may be the same finding. A secret that changed is another secret, and a decision
/// about the old line says nothing of the new one unless all around it stayed.
fn may_be_edited(old: &Vanished, new: &Fresh) -> bool {
    !contradict(&old.place, &new.place)
        && old.kind != Kind::Secret
        && (!old.decided || around(&old.place, &new.place) > 1)
}

/// Pairs that are each other's only best match.
#[derive(Debug, Default)]
struct Mutual<T> {
    /// The best partner, its votes, and whether another has as many.
    of_old: BTreeMap<T, (T, u32, bool)>,
    of_new: BTreeMap<T, (T, u32, bool)>,
}

impl<T: Ord + Copy> Mutual<T> {
    fn vote(&mut self, old: T, new: T, votes: u32) {
        for (best, one, other) in [(&mut self.of_old, old, new), (&mut self.of_new, new, old)] {
            let entry = best.entry(one).or_insert((other, 0, false));
            match votes.cmp(&entry.1) {
                Ordering::Greater => *entry = (other, votes, false),
                Ordering::Equal => entry.2 = true,
                Ordering::Less => {}
            }
        }
    }

    fn pairs(self) -> impl Iterator<Item = (T, T)> {
        let back = self.of_new;
        self.of_old.into_iter().filter_map(move |(old, (new, _, tie))| {
            let &(other, _, tie_back) = back.get(&new)?;
            (!tie && !tie_back && other == old).then_some((old, new))
        })
    }
}

fn closeness(distance: Option<u32>) -> u32 {
    distance.map_or(0, |distance| 100u32.saturating_sub(distance))
}

/// Whether the content changed a little near the same place, and how well it agrees. What is unknown is not alike.
fn changed_a_little(old: &LocationEvidence, new: &LocationEvidence, distance: Option<u32>) -> Option<u32> {
    let distance = distance.filter(|distance| *distance <= NEAR)?;
    let around = around(old, new);
    let shared = (old.words & new.words).count_ones();
    let all = (old.words | new.words).count_ones().max(1);
    let alike = f64::from(shared) / f64::from(all);
    let is_same = alike >= ALIKE || (around > 0 && alike >= SOMEWHAT_ALIKE) || (around > 1 && alike > 0.0);
    // Of several on one line, the one that says the same is it.
    let named = if same(old.message, new.message) { 2_000 } else { 0 };
    is_same.then(|| 1 + named + 400 * around + (1_000.0 * alike) as u32 + closeness(Some(distance)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_as_far_as_they_end_alike_which_weighs_less_than_one_finding() {
        assert_eq!(shared_tail("src/a/b.py", "lib/a/b.py"), 2);
        assert_eq!(shared_tail("a.py", "b.py"), 0);
        assert_eq!(shared_tail("src/a.py", "src/b.py"), 0, "only ends count");
        let deep = "d/".repeat(40) + "a.py";
        assert_eq!(shared_tail(&deep, &deep), MOST_IN_A_TAIL - 1);
    }

    #[test]
    fn pairs_are_each_others_only_best() {
        let pairs = |votes: &[(char, char, u32)]| {
            let mut best = Mutual::default();
            votes.iter().for_each(|(old, new, votes)| best.vote(*old, *new, *votes));
            best.pairs().collect::<Vec<_>>()
        };
        assert_eq!(pairs(&[('a', 'x', 2), ('b', 'x', 1), ('b', 'y', 1)]), [('a', 'x')], "b has two as good");
        assert_eq!(pairs(&[('a', 'x', 1), ('a', 'y', 2), ('b', 'x', 1)]), [('a', 'y')], "x has two as good");
        assert_eq!(pairs(&[('a', 'x', 1), ('a', 'y', 1), ('a', 'y', 2)]), [('a', 'y')], "the best tells");
        assert_eq!(pairs(&[('a', 'x', 2), ('b', 'x', 3), ('b', 'y', 4)]), [('b', 'y')], "x would rather have b");
    }
}
