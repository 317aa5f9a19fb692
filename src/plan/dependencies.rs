//! Dependencies are matched by ids. A finding is named by its CVE, else by its best id; an id that is not a CVE ties two
//! findings only as long as some scope's last word names both in one finding.

use std::collections::BTreeSet;

use super::matching::Unmatched;
use super::world::{MemberStatus, World, same_spot};
use crate::finding::{Id, Kind, Observation};

impl World<'_> {
    /// Matches dependencies: those with a CVE first, as they tell which aliases hold.
    pub(super) fn match_dependencies(&mut self, todo: &mut Unmatched) {
        for strong in [true, false] {
            for (scan, unmatched) in todo.iter_mut().enumerate() {
                let (these, rest): (Vec<usize>, Vec<usize>) = unmatched.iter().partition(|at| {
                    let sighting = self.scans[scan].seen[**at].sighting;
                    sighting.facts.kind == Kind::Dependency && sighting.name.is_some_and(Id::is_cve) == strong
                });
                *unmatched = rest;
                for &at in &these {
                    let mut slots = self.by_ids(scan, at);
                    if slots.is_empty() {
                        slots.extend(self.carry_manifest(scan, at));
                    }
                    if slots.is_empty() {
                        slots.push(self.new_slot(scan, at));
                    }
                    for slot in slots {
                        self.attach(scan, at, slot);
                        self.gather(scan, at, slot);
                    }
                }
            }
        }
    }

    /// Ids that are said to be the same as this member's CVE: by reports of this run, else by the last words of scopes
    /// that were not read.
    pub(super) fn links(&self, slot: usize, live: bool) -> BTreeSet<Id> {
        let known = &self.slots[slot];
        let reported = self.reports_of(slot).map(|(scan, at)| &**self.facts(scan, at));
        let words = known
            .words
            .iter()
            .filter(|(scope, word)| !self.is_read(**scope) && word.verdict.is_live() == live)
            .map(|(_, word)| &*word.facts);
        let said = reported.chain(words).filter(|facts| facts.ids.iter().any(|id| id.is_cve()));
        said.flat_map(|facts| facts.ids.iter().copied()).collect()
    }

    /// The CVEs that name a member.
    pub(super) fn cves(&self, slot: usize) -> BTreeSet<Id> {
        self.links(slot, true).into_iter().chain(self.slots[slot].root).filter(|id| id.is_cve()).collect()
    }

    /// Whether a member is where a finding of a scan is: where this scope sees it, else where others do, else where it was.
    /// Once a manifest is left, it is left.
    fn is_here(&self, scan: usize, slot: usize, facts: &Observation, formerly: bool) -> bool {
        let id = self.scans[scan].id;
        let known = &self.slots[slot];
        let elsewhere = known
            .reported
            .get(&id)
            .into_iter()
            .flatten()
            .any(|at| self.facts(scan, *at).evidence.path != facts.evidence.path);
        if elsewhere {
            return false;
        }
        let same = |seen: &Observation| same_spot(&seen.evidence, &facts.evidence);
        if let Some((_, here)) = &known.here {
            return same(here);
        }
        if formerly {
            let left = known.former.iter().any(|former| former.around == facts.evidence.path);
            return known.live().next().is_none() && (left || known.words.values().any(|word| same(&word.facts)));
        }
        match known.words.get(&id).filter(|word| word.verdict.is_live()) {
            Some(word) => same(&word.facts),
            None => known.counting().into_iter().any(|word| same(&word.facts)),
        }
    }

    /// The members that a finding is, by its ids.
    fn by_ids(&self, scan: usize, at: usize) -> Vec<usize> {
        let facts = self.facts(scan, at);
        let Some(name) = self.scans[scan].seen[at].sighting.name else { return Vec::new() };
        let id = self.scans[scan].id;
        let known: Vec<usize> = self
            .by_component
            .get(&facts.evidence.lines)
            .into_iter()
            .flatten()
            .copied()
            .filter(|&slot| {
                let known = &self.slots[slot];
                known.lost_to.is_none() && known.root.is_some() && self.is_owned(scan, slot)
            })
            .collect();
        let located = |formerly| {
            let mut here: Vec<usize> =
                known.iter().copied().filter(|&slot| self.is_here(scan, slot, facts, formerly)).collect();
            here.sort_by_key(|slot| self.rank(*slot));
            here.dedup();
            here
        };
        let mut here = located(false);
        if here.is_empty() {
            here = located(true);
        }
        let root = |slot: usize| self.slots[slot].root;
        let says = |slot: usize, id: Id| root(slot) == Some(id);
        let rank = |slot: usize| self.rank(slot).0;
        let names_root = |slot: usize, facts: &Observation| root(slot).is_some_and(|root| facts.ids.contains(&root));
        if name.is_cve() {
            let word = |slot: usize| self.slots[slot].words.get(&id);
            let others_tie = |slot: usize, with: Option<Id>| {
                self.slots[slot].live().any(|(scope, word)| {
                    scope != id && names_root(slot, &word.facts) && with.is_none_or(|id| word.facts.ids.contains(&id))
                })
            };
            let pick =
                |fits: &dyn Fn(usize) -> bool| here.iter().copied().filter(|slot| fits(*slot)).collect::<Vec<_>>();
            let own = pick(&|slot| says(slot, name));
            let tied = pick(&|slot| others_tie(slot, Some(name)));
            // An alias was learnt.
            let born = pick(&|slot| {
                names_root(slot, facts) && self.cves(slot).iter().all(|cve| *cve == name) && rank(slot) < 4
            });
            let mine = pick(&|slot| {
                let Some(word) = word(slot).filter(|word| word.facts.ids.contains(&name)) else { return false };
                let decided = self.is_decided(&self.slots[slot]);
                match decided {
                    true => self.decided_ids(&self.slots[slot]).contains(&name),
                    false => word.verdict.is_live() && !others_tie(slot, None),
                }
            });
            let still =
                |slot: &usize| word(*slot).is_some_and(|word| word.verdict.is_live() && word.facts.ids.contains(&name));
            let still: Vec<usize> = own.iter().chain(&tied).chain(&born).copied().filter(still).collect();
            // Where it is; then what is open, or decided, before what is closed.
            if let Some(slot) = still.first() {
                return vec![*slot];
            }
            let lists = [&own, &tied, &born, &mine];
            if let Some(slot) = lists.into_iter().filter_map(|list| list.first()).find(|slot| rank(**slot) < 3) {
                return vec![*slot];
            }
            return own.into_iter().chain(tied).chain(born).take(1).collect();
        }
        let mut linked: Vec<usize> =
            here.iter().copied().filter(|slot| self.links(*slot, true).contains(&name)).collect();
        let born: Vec<usize> = here.iter().copied().filter(|&slot| says(slot, name) && rank(slot) < 4).collect();
        let is_free = |slot: &usize| !self.is_decided(&self.slots[*slot]);
        // A decision never takes over what was open beside it.
        if linked.iter().any(is_free) || born.iter().any(is_free) {
            linked.retain(is_free);
        }
        if !linked.is_empty() {
            // Of twins only the first.
            let mut roots = BTreeSet::new();
            linked.retain(|slot| roots.insert(root(*slot)));
            return linked;
        }
        let stays = here.iter().copied().find(|&slot| {
            let live = self.slots[slot].words.get(&id).is_some_and(|word| word.verdict.is_live());
            live && self.links(slot, false).contains(&name)
        });
        let first = born.first().copied().or(stays);
        first.or_else(|| here.iter().copied().find(|&slot| says(slot, name))).into_iter().collect()
    }

    /// The same id and package in another manifest, the old one gone from this scope.
    fn carry_manifest(&self, scan: usize, at: usize) -> Option<usize> {
        let here = &self.scans[scan];
        if !here.is_whole() {
            return None;
        }
        let facts = self.facts(scan, at);
        let same_package = |other: &Observation| other.evidence.lines == facts.evidence.lines;
        let shares = |a: &Observation, b: &[Id]| a.ids.iter().any(|id| b.contains(id));
        // What else this scan reports of the package under one of these ids.
        let others: Vec<&Observation> = (0..here.seen.len())
            .filter(|&other| other != at)
            .map(|other| &**self.facts(scan, other))
            .filter(|other| other.kind == Kind::Dependency && same_package(other))
            .collect();
        if others.iter().any(|other| shares(other, &facts.ids) && other.evidence.path != facts.evidence.path) {
            return None;
        }
        let mut gone = self.by_component.get(&facts.evidence.lines).into_iter().flatten().copied().filter(|&slot| {
            let known = &self.slots[slot];
            let Some(word) = known.words.get(&here.id).filter(|word| word.verdict.is_live()) else { return false };
            let ids: Vec<Id> = known.words.values().flat_map(|word| word.facts.ids.iter().copied()).collect();
            known.lost_to.is_none()
                && known.root.is_some_and(|root| facts.ids.contains(&root))
                && self.is_owned(scan, slot)
                && !known.reported.contains_key(&here.id)
                && same_package(&word.facts)
                && word.facts.evidence.path != facts.evidence.path
                && here.why_not(&word.facts.evidence).is_none()
                && !others.iter().any(|other| other.evidence.path == word.facts.evidence.path && shares(other, &ids))
        });
        let slot = gone.next()?;
        gone.next().is_none().then_some(slot)
    }

    /// A member that came apart from one that was born with another id: other scopes' words about it go along.
    fn gather(&mut self, scan: usize, at: usize, slot: usize) {
        let facts = self.facts(scan, at);
        let Some(root) = self.slots[slot].root.filter(|root| root.is_cve() && facts.ids.contains(root)) else { return };
        let id = self.scans[scan].id;
        let owner = self.slots[slot].owner;
        let others: Vec<usize> = self.by_component.get(&facts.evidence.lines).cloned().unwrap_or_default();
        for other in others {
            let known = &self.slots[other];
            let apart = known.root.filter(|born| *born != root);
            let Some(born) = apart.filter(|_| known.owner == owner && known.lost_to.is_none()) else { continue };
            if self.is_decided(known) {
                continue;
            }
            let about = |word: &crate::issue::Word| {
                word.verdict.is_live()
                    && word.facts.ids.contains(&root)
                    && !word.facts.ids.contains(&born)
                    && same_spot(&word.facts.evidence, &facts.evidence)
            };
            let theirs: Vec<_> =
                known.live().filter(|(scope, word)| *scope != id && about(word)).map(|(scope, _)| scope).collect();
            for scope in theirs {
                let Some(word) = self.slots[other].words.remove(&scope) else { continue };
                let words = &mut self.slots[slot].words;
                if words.get(&scope).is_none_or(|known| !known.verdict.is_live()) {
                    words.insert(scope, word);
                }
                self.slots[other].moved = true;
            }
        }
    }

    /// Whether a member has no live word, for merging.
    pub(super) fn is_gone(&self, slot: usize) -> bool {
        self.slots[slot].status() == MemberStatus::Gone
    }
}
