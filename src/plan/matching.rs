//! Matching: which member a reported finding is. Known ones by key and place, then moved ones (`carry`), dependencies by
//! their ids (`dependencies`), then new ones.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::align::align;
use super::world::World;
use crate::finding::{Digest, Kind, LocationEvidence, Observation};

/// Where a member may be known from, the strongest claim first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    /// Live words about this branch.
    ThisBranch,
    /// Live words about other branches.
    OtherBranches,
    /// Words that are gone.
    Gone,
    /// Keys that no word has any more.
    Former,
}

/// Scores that decide in this order.
const PAIRED: u32 = 1 << 28;
const FAR: u32 = 1 << 20;

/// What each scan saw that no member has yet, as indices.
pub(super) type Unmatched = Vec<Vec<usize>>;

/// A member, and where it was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub slot: usize,
    pub evidence: LocationEvidence,
    /// Digest of the neighbours; 0 where unknown.
    pub neighbours: u32,
}

/// Whether two places are the same, by some of what is known of them.
type SamePlace<'t> = dyn Fn(&LocationEvidence, &LocationEvidence) -> bool + 't;

/// A sighting and the member that it is.
type Pair = (usize, Known);

impl World<'_> {
    /// Gives every reported finding its member.
    pub(super) fn match_all(&mut self) {
        let mut todo: Unmatched = self.scans.iter().map(|scan| (0..scan.seen.len()).collect()).collect();
        for (scan, unmatched) in todo.iter_mut().enumerate() {
            self.match_by_place(scan, unmatched);
        }
        for (scan, unmatched) in todo.iter_mut().enumerate() {
            self.carry_forward(scan, unmatched);
        }
        self.match_dependencies(&mut todo);
        for (scan, unmatched) in todo.iter_mut().enumerate() {
            // Other scans of this run may have met it already.
            self.match_by_place(scan, unmatched);
            self.open_slots(scan, unmatched);
        }
    }

    /// Makes new members of what is left: one for each place, and one for all that their key names.
    fn open_slots(&mut self, scan: usize, todo: &mut Vec<usize>) {
        let mut named: HashMap<Digest, usize> = HashMap::new();
        let mut placed: HashMap<(Digest, LocationEvidence), usize> = HashMap::new();
        for at in todo.drain(..) {
            let facts = self.facts(scan, at);
            let known = match facts.named_by_key {
                true => facts.keys.iter().find_map(|key| named.get(key)).copied(),
                false => placed.get(&(facts.key(), facts.evidence)).copied(),
            };
            let slot = known.unwrap_or_else(|| self.new_slot(scan, at));
            named.extend(facts.keys.iter().map(|key| (*key, slot)));
            placed.insert((facts.key(), facts.evidence), slot);
            self.attach(scan, at, slot);
        }
    }

    /// Matches all but dependencies by key, and those that share one by place.
    fn match_by_place(&mut self, scan: usize, todo: &mut Vec<usize>) {
        let mut reported: HashMap<Digest, usize> = HashMap::new();
        for seen in &self.scans[scan].seen {
            seen.sighting.facts.keys.iter().for_each(|key| *reported.entry(*key).or_default() += 1);
        }
        for tier in [Tier::ThisBranch, Tier::OtherBranches, Tier::Gone, Tier::Former] {
            let mut by_key: BTreeMap<Digest, Vec<usize>> = BTreeMap::new();
            for &at in todo.iter() {
                let facts = self.facts(scan, at);
                if facts.kind != Kind::Dependency {
                    for key in &facts.keys {
                        by_key.entry(*key).or_default().push(at);
                    }
                }
            }
            let mut matched: HashSet<usize> = HashSet::new();
            for (key, mut news) in by_key {
                news.retain(|at| !matched.contains(at));
                let olds = self.known_by(scan, key, tier);
                if news.is_empty() || olds.is_empty() {
                    continue;
                }
                let pairs = if self.facts(scan, news[0]).named_by_key {
                    // What the key alone names is one finding, however often it is reported.
                    news.iter().map(|at| (*at, olds[0].slot)).collect()
                } else {
                    // One that stands alone may have moved; what is left when others are matched does not stand alone.
                    let strict = (tier > Tier::ThisBranch).then_some(reported.get(&key) == Some(&1));
                    self.pair(scan, &news, &olds, strict)
                };
                for (at, slot) in pairs {
                    self.attach(scan, at, slot);
                    matched.insert(at);
                }
            }
            todo.retain(|at| !matched.contains(at));
        }
    }

    /// The slots that a key names in a tier, each with where it was, in the order of their claims. Twins of racing runs
    /// stand at the very same place: the first is it.
    fn known_by(&self, scan: usize, key: Digest, tier: Tier) -> Vec<Known> {
        let mut olds: Vec<Known> = Vec::new();
        for &slot in self.by_key.get(&key).into_iter().flatten() {
            if !self.is_attached(scan, slot) && self.is_owned(scan, slot) {
                olds.extend(self.was_seen_at(scan, slot, key, tier));
            }
        }
        olds.sort_by_key(|known| (self.rank(known.slot), known.evidence.line));
        let mut places = HashSet::new();
        let place = |known: &Known| LocationEvidence { heading: 0, words: 0, ..known.evidence };
        olds.retain(|known| tier == Tier::Former || places.insert(place(known)));
        olds
    }

    /// Where a slot was seen under a key, by who counts in a tier.
    fn was_seen_at(&self, scan: usize, slot: usize, key: Digest, tier: Tier) -> Option<Known> {
        let (id, branch) = (self.scans[scan].id, self.scans[scan].branch);
        let known = &self.slots[slot];
        let at =
            |facts: &Observation| Known { slot, evidence: facts.evidence, neighbours: facts.evidence.neighbours() };
        if let Some((met, facts)) = &known.here {
            return (tier == Tier::ThisBranch && *met == branch && facts.has_key(&key)).then(|| at(facts));
        }
        // What other scanners report of it in this run.
        let mut now = self.reports_of(slot).filter(|(scan, _)| self.scans[*scan].branch == branch);
        if let Some((scan, seen)) = now.find(|(scan, at)| self.facts(*scan, *at).has_key(&key)) {
            return (tier == Tier::ThisBranch).then(|| at(self.facts(scan, seen)));
        }
        if tier == Tier::Former {
            let former = known.former.iter().find(|former| former.key == key && former.around != 0)?;
            let old = Known { slot, evidence: LocationEvidence::default(), neighbours: former.around };
            return (!self.is_claimed(known.owner, key)).then_some(old);
        }
        let counts = |scope: u32, live: bool| match tier {
            Tier::ThisBranch => live && self.names.branch(scope) == branch,
            Tier::OtherBranches => live && self.names.branch(scope) != branch,
            Tier::Gone => !live,
            Tier::Former => false,
        };
        let words = known.words.iter().filter(|(_, word)| word.facts.has_key(&key));
        let words = words.filter(|(scope, word)| counts(**scope, word.verdict.is_live()));
        words.min_by_key(|(scope, _)| (**scope != id, **scope)).map(|(_, word)| at(&word.facts))
    }

    /// Whether some member of the owner has the key by a live word.
    fn is_claimed(&self, owner: u32, key: Digest) -> bool {
        self.by_key.get(&key).into_iter().flatten().any(|&slot| {
            let known = &self.slots[slot];
            known.owner == owner && known.live().any(|(_, word)| word.facts.has_key(&key))
        })
    }

    /// Which of findings with equal keys became which: the same neighbours and message, else the order of lines, as a
    /// comparison of texts would say. `strict`: another branch's, or gone for a while, so only where nothing speaks against
    /// it; whether the scan reports no other with that key.
    pub(super) fn pair(
        &self,
        scan: usize,
        news: &[usize],
        olds: &[Known],
        strict: Option<bool>,
    ) -> Vec<(usize, usize)> {
        let at = |new: usize| &self.facts(scan, new).evidence;
        // Equal places are one finding.
        let mut places: BTreeMap<LocationEvidence, Vec<usize>> = BTreeMap::new();
        for &new in news {
            places.entry(*at(new)).or_default().push(new);
        }
        let mut firsts: Vec<usize> = places.values().map(|same| same[0]).collect();
        firsts.sort_by_key(|new| (at(*new).line, *at(*new)));
        let mut left: Vec<Known> = olds.to_vec();
        left.sort_by_key(|known| (known.evidence.line, known.evidence, known.slot));
        let mut pairs: Vec<Pair> = Vec::new();
        let tests: [&SamePlace<'_>; 5] = [
            &|old, new| {
                same_surroundings(old, new)
                    && (old.line, old.column, old.message) == (new.line, new.column, new.message)
            },
            // A line is as old as the last word, which is not written anew where only the line moved.
            &|old, new| same_surroundings(old, new) && known_surroundings(old) && old.message == new.message,
            &|old, new| {
                old.line == new.line
                    && same(old.message, new.message)
                    && same_column(old, new)
                    && !differ_around(old, new)
                    && !is_under_another(old, new)
            },
            &|old, new| same_surroundings(old, new) && known_surroundings(old),
            &|old, new| old.line == 0 && new.line == 0 && same(old.message, new.message),
        ];
        if let Some(is_alone) = strict {
            take_unique(&mut firsts, &mut left, &mut pairs, |old, new| {
                tests[0](&old.evidence, at(new)) && old.evidence.rule != 0 && !contradict(&old.evidence, at(new))
            });
            take_unique(&mut firsts, &mut left, &mut pairs, |old, new| same(old.neighbours, at(new).neighbours()));
            if let ([new], [old]) = (firsts.as_slice(), left.as_slice())
                && is_alone
                && !(old.neighbours != 0 && known_surroundings(at(*new)))
                && !contradict(&old.evidence, at(*new))
            {
                pairs.push((*new, *old));
            }
        } else {
            for test in tests {
                take_unique(&mut firsts, &mut left, &mut pairs, |old, new| test(&old.evidence, at(new)));
            }
            self.pair_in_order(scan, &firsts, &left, &mut pairs);
        }
        let all = pairs.into_iter().flat_map(|(new, known)| {
            let same = places.get(at(new)).cloned().unwrap_or_default();
            same.into_iter().map(move |new| (new, known.slot))
        });
        all.collect()
    }

    /// Pairs by the order of lines, without crossing; a decision, or a scan that does not vouch, needs more than the order.
    fn pair_in_order(&self, scan: usize, news: &[usize], olds: &[Known], pairs: &mut Vec<Pair>) {
        let at = |new: usize| &self.facts(scan, new).evidence;
        let known: Vec<(u32, u32)> = pairs.iter().map(|(new, old)| (old.evidence.line, at(*new).line)).collect();
        let off = |old: &LocationEvidence, new: &LocationEvidence| {
            let nearest = known.iter().min_by_key(|(line, _)| line.abs_diff(old.line));
            let drift = nearest.map_or(0, |(line, now)| i64::from(*now) - i64::from(*line));
            let off = (i64::from(new.line) - i64::from(old.line) - drift).unsigned_abs();
            u32::try_from(off).unwrap_or(u32::MAX).min(FAR)
        };
        let crosses = |old: &LocationEvidence, new: &LocationEvidence| {
            known.iter().any(|&(line, now)| (line < old.line && now > new.line) || (line > old.line && now < new.line))
        };
        let ordered = align(olds.len(), news.len(), |old, new| {
            let (old, new) = (&olds[old].evidence, at(news[new]));
            let likeness = FAR * around(old, new) + if same(old.message, new.message) { FAR } else { 0 };
            // Where all around differs, another branch may know it better; what is left is carried forward.
            let fits = !crosses(old, new) && !contradict(old, new) && !differ_around(old, new);
            fits.then(|| PAIRED + likeness + FAR - off(old, new))
        });
        for (old, new) in ordered {
            let (known, new) = (olds[old], news[new]);
            let (old, place) = (&known.evidence, at(new));
            let near = off(old, place) <= 1 && (old.line != 0 || same(old.message, place.message));
            // What is absent from a scan that does not vouch may still be there.
            let is_free = self.scans[scan].why_not(old).is_none() && !self.is_decided(&self.slots[known.slot]);
            if near || around(old, place) > 0 || is_free {
                pairs.push((new, known));
            }
        }
    }
}

/// Takes the pairs of which each side fits no other.
fn take_unique(
    news: &mut Vec<usize>,
    olds: &mut Vec<Known>,
    pairs: &mut Vec<Pair>,
    fits: impl Fn(&Known, usize) -> bool,
) {
    let mut taken: Vec<Pair> = Vec::new();
    for &new in news.iter() {
        let mut fitting = olds.iter().filter(|old| fits(old, new));
        let (Some(old), None) = (fitting.next(), fitting.next()) else { continue };
        if news.iter().filter(|other| fits(old, **other)).count() == 1 {
            taken.push((new, *old));
        }
    }
    let slots: HashSet<usize> = taken.iter().map(|(_, old)| old.slot).collect();
    let matched: HashSet<usize> = taken.iter().map(|(new, _)| *new).collect();
    olds.retain(|old| !slots.contains(&old.slot));
    news.retain(|new| !matched.contains(new));
    pairs.extend(taken);
}

/// Zero digests are unknown and agree with nothing.
pub(super) fn same(a: u32, b: u32) -> bool {
    a != 0 && a == b
}

/// How many of the lines around agree: the one before, the one after, the one that they stand under.
pub(super) fn around(old: &LocationEvidence, new: &LocationEvidence) -> u32 {
    [(old.before, new.before), (old.after, new.after), (old.heading, new.heading)]
        .into_iter()
        .map(|(old, new)| u32::from(same(old, new)))
        .sum()
}

fn known_surroundings(place: &LocationEvidence) -> bool {
    place.before != 0 || place.after != 0
}

/// Whether the lines before and after are the same, and the line that they stand under is not known to be another.
fn same_surroundings(old: &LocationEvidence, new: &LocationEvidence) -> bool {
    (old.before, old.after) == (new.before, new.after) && !is_under_another(old, new)
}

fn is_under_another(old: &LocationEvidence, new: &LocationEvidence) -> bool {
    old.heading != 0 && new.heading != 0 && old.heading != new.heading
}

/// Whether what stands around is known of both, and no line of it agrees.
fn differ_around(old: &LocationEvidence, new: &LocationEvidence) -> bool {
    known_surroundings(old) && known_surroundings(new) && around(old, new) == 0
}

fn same_column(old: &LocationEvidence, new: &LocationEvidence) -> bool {
    old.column == 0 || new.column == 0 || old.column == new.column
}

/// Whether two places are known to be about different things: findings that have no line differ by what they say.
pub(super) fn contradict(old: &LocationEvidence, new: &LocationEvidence) -> bool {
    let differ = |old: u32, new: u32| old != 0 && new != 0 && old != new;
    differ(old.subject, new.subject)
}
