//! Twins: one member in two issues, after racing runs, a crash between two writes, or an alias that joins two.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::world::{MemberStatus, World};
use crate::finding::{Id, Kind};
use crate::issue::Word;

impl World<'_> {
    /// Joins copies of one member that a crash between two writes left, before anything is matched.
    pub(super) fn merge_copies(&mut self) {
        let mut by_uid: HashMap<u64, Vec<usize>> = HashMap::new();
        for (index, slot) in self.slots.iter().enumerate().filter(|(_, slot)| !slot.words.is_empty()) {
            by_uid.entry(slot.uid).or_default().push(index);
        }
        let mut copies: Vec<Vec<usize>> = by_uid.into_values().collect();
        copies.sort_unstable();
        for mut slots in copies {
            slots.sort_by_key(|slot| self.rank(*slot));
            let keeper = slots[0];
            for &copy in &slots[1..] {
                if self.slots[copy].home != self.slots[keeper].home
                    && self.slots[copy].owner == self.slots[keeper].owner
                {
                    self.take_over(keeper, copy);
                }
            }
        }
    }

    /// Joins members of two issues that are one finding.
    pub(super) fn merge_twins(&mut self) {
        self.merge_aliases();
        let mut order: Vec<usize> = (0..self.slots.len()).filter(|slot| self.slots[*slot].home.is_some()).collect();
        let mut twins: BTreeMap<Vec<u64>, BTreeSet<usize>> = BTreeMap::new();
        for &slot in &order {
            for mark in self.marks(slot) {
                twins.entry(mark).or_default().insert(slot);
            }
        }
        twins.retain(|_, slots| slots.len() > 1);
        if twins.is_empty() {
            return;
        }
        let among: BTreeSet<usize> = twins.values().flatten().copied().collect();
        order.retain(|slot| among.contains(slot));
        order.sort_by_key(|slot| self.rank(*slot));
        for &slot in &order {
            let rank = self.rank(slot);
            if rank.0 >= 3 || self.slots[slot].lost_to.is_some() {
                continue;
            }
            let marks = self.marks(slot);
            let others: BTreeSet<usize> = marks.iter().filter_map(|mark| twins.get(mark)).flatten().copied().collect();
            for twin in others {
                let theirs = self.rank(twin);
                let counts = theirs > rank && (theirs.0 < 3 || !self.is_gone(twin));
                let apart =
                    self.slots[slot].home != self.slots[twin].home && self.slots[slot].owner == self.slots[twin].owner;
                if counts && apart && self.slots[twin].lost_to.is_none() && !self.are_two(slot, twin) {
                    self.take_over(slot, twin);
                }
            }
        }
    }

    /// Whether a scope sees two packages in two files, so that both are there whatever others see.
    fn are_two(&self, one: usize, other: usize) -> bool {
        let spot = |word: &Word| (word.facts.evidence.lines, word.facts.evidence.path);
        let theirs: HashMap<_, _> = self.slots[other].live().collect();
        self.slots[one].kind == Kind::Dependency
            && self.slots[one].live().any(|(scope, word)| theirs.get(&scope).is_some_and(|it| spot(it) != spot(word)))
    }

    /// An alias joins a member that carries only it with the one that carries the CVE, which stays; not where people
    /// decided. It holds where a report of either names both.
    fn merge_aliases(&mut self) {
        let mut born: HashMap<Id, Vec<usize>> = HashMap::new();
        let mut named: HashMap<Id, Vec<usize>> = HashMap::new();
        for (index, slot) in self.slots.iter().enumerate().filter(|(_, slot)| slot.lost_to.is_none()) {
            if let Some(root) = slot.root.filter(|root| !root.is_cve()) {
                born.entry(root).or_default().push(index);
                self.cves(index).into_iter().for_each(|cve| named.entry(cve).or_default().push(index));
            }
        }
        if born.is_empty() {
            return;
        }
        for keeper in 0..self.slots.len() {
            let known = &self.slots[keeper];
            let Some(cve) = known.root.filter(|root| root.is_cve() && known.home.is_some()) else { continue };
            if known.lost_to.is_some() {
                continue;
            }
            let aliases = self.links(keeper, true);
            let by_alias = aliases.iter().filter_map(|alias| born.get(alias));
            let others: BTreeSet<usize> = by_alias.chain(named.get(&cve)).flatten().copied().collect();
            for other in others {
                let only = self.cves(other).iter().all(|name| *name == cve);
                let (rank, theirs) = (self.rank(keeper).0, self.rank(other).0);
                let reported = !self.slots[keeper].reported.is_empty();
                // One that was closed and is still there would be reopened.
                let is_there = theirs == 3 && self.slots[other].status() == MemberStatus::Active;
                let counts = (theirs == 1 || is_there) && (rank == 1 || rank == 3 && reported);
                let same = self.slots[other].owner == self.slots[keeper].owner && self.slots[other].lost_to.is_none();
                if only && counts && same && !self.spots(keeper).is_disjoint(&self.spots(other)) {
                    self.take_over(keeper, other);
                }
            }
        }
    }

    /// Component and manifest, as far as a member is there now.
    fn spots(&self, slot: usize) -> BTreeSet<(u32, u32)> {
        let known = &self.slots[slot];
        let live = known.live().map(|(_, word)| word.facts.evidence);
        let reported = self.reports_of(slot).map(|(scan, at)| self.facts(scan, at).evidence);
        live.chain(reported).map(|place| (place.lines, place.path)).collect()
    }

    /// What two members in two issues share if they are one finding.
    fn marks(&self, slot: usize) -> Vec<Vec<u64>> {
        let known = &self.slots[slot];
        let owner = u64::from(known.owner);
        if let (Kind::Dependency, Some(root)) = (known.kind, known.root) {
            let spots = self.spots(slot).into_iter();
            return spots.map(|(component, path)| vec![owner, root.0, component.into(), path.into()]).collect();
        }
        let key = |digest: &crate::finding::Digest| u64::from_be_bytes(digest.short());
        let mut marks = Vec::new();
        for (scope, word) in known.live() {
            let place = word.facts.evidence;
            for named in &word.facts.keys {
                let mut mark = vec![owner, key(named), u64::from(self.names.branch(scope))];
                if !word.facts.named_by_key {
                    mark.extend([place.line, place.column, place.message, place.neighbours()].map(u64::from));
                }
                marks.push(mark);
            }
        }
        marks
    }

    /// Gives a twin's words, former keys and decision to the member that stays.
    pub(super) fn take_over(&mut self, keeper: usize, twin: usize) {
        let root = self.slots[keeper].root;
        let same_root = root == self.slots[twin].root;
        let words = std::mem::take(&mut self.slots[twin].words);
        for (scope, word) in words {
            let foreign = |id: &Id| id.is_cve() && Some(*id) != root;
            if !same_root && word.facts.ids.iter().any(foreign) {
                continue;
            }
            let known = &mut self.slots[keeper].words;
            let takes = known.get(&scope).is_none_or(|old| match (&word.run, &old.run) {
                (Some(new), Some(old)) if new.is_newer_than(old) => true,
                (Some(new), Some(old)) if old.is_newer_than(new) => false,
                _ => word.verdict.is_active(),
            });
            if takes {
                known.insert(scope, word);
            }
        }
        let reported = std::mem::take(&mut self.slots[twin].reported);
        for (scope, seen) in reported {
            self.slots[keeper].reported.entry(scope).or_default().extend(seen);
        }
        let former = std::mem::take(&mut self.slots[twin].former);
        self.slots[keeper].former.extend(former);
        let people = self.slots[twin].people.take();
        let was = self.slots[twin].was;
        let keys = self.slots[keeper].keys();
        let ids = self.slots[keeper].words.values().flat_map(|word| word.facts.ids.iter().copied());
        let ids: Vec<Id> = ids.collect();
        self.index(keeper, keys, ids);
        let kept = &mut self.slots[keeper];
        kept.people = kept.people.take().or(people);
        kept.was = kept.was.min(was);
        kept.moved = true;
        self.slots[twin].lost_to = Some(keeper);
    }
}
