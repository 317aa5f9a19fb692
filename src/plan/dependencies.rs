//! Dependencies are matched by ids. A finding is named by its CVE, else by its best id; an id that is not a CVE ties two
//! findings only as long as some scope's last word names both in one finding.

use std::collections::BTreeSet;

use super::matching::Unmatched;
use super::world::{MemberStatus, Slot, World, same_spot};
use crate::finding::{Id, Kind, Observation};
use crate::issue::Verdict;

impl World<'_> {
    /// Matches dependencies: first what each scope still reports where it had it, then those with a CVE and aliases, as they
    /// tell which aliases hold, those without a CVE last.
    pub(super) fn match_dependencies(&mut self, todo: &mut Unmatched) {
        for (scan, unmatched) in todo.iter_mut().enumerate() {
            unmatched.retain(|&at| {
                let still = self.still_at(scan, at);
                if let Some(slot) = still {
                    self.attach(scan, at, slot);
                    self.gather(scan, at, slot);
                }
                still.is_none()
            });
        }
        for round in [(true, true), (true, false), (false, true), (false, false)] {
            for (scan, unmatched) in todo.iter_mut().enumerate() {
                let (these, rest): (Vec<usize>, Vec<usize>) = unmatched.iter().partition(|at| {
                    let sighting = self.scans[scan].seen[**at].sighting;
                    let strength = (sighting.name.is_some_and(Id::is_cve), sighting.facts.ids.len() > 1);
                    sighting.facts.kind == Kind::Dependency && strength == round
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
            .filter(|(scope, word)| !self.is_read(**scope) && (word.verdict != Verdict::Gone) == live)
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
        // Where other scans of this run see it on this branch.
        let branch = self.scans[scan].branch;
        let now = || {
            let mut reports = self.reports_of(slot).filter(|(other, _)| self.scans[*other].branch == branch);
            reports.any(|(other, at)| same(self.facts(other, at)))
        };
        match known.words.get(&id).filter(|word| word.verdict.is_live()) {
            // What is no longer seen where it was is where others see it.
            Some(word) if same(&word.facts) || self.sees_at(scan, &word.facts) => same(&word.facts) || now(),
            _ => known.counting().into_iter().any(|word| same(&word.facts)) || now(),
        }
    }

    /// Whether another scan of this run reports, at the spot of these facts, the id that a member was born with.
    fn is_named_elsewhere(&self, scan: usize, slot: usize, facts: &Observation) -> bool {
        let Some(root) = self.slots[slot].root.filter(|root| !facts.ids.contains(root)) else { return false };
        let reports = |other: usize| {
            let mut seen = (0..self.scans[other].seen.len()).map(|at| self.facts(other, at));
            seen.any(|seen| seen.ids.contains(&root) && same_spot(&seen.evidence, &facts.evidence))
        };
        (0..self.scans.len()).any(|other| other != scan && self.is_owned(other, slot) && reports(other))
    }

    /// Whether a scan reports something of these ids at the very spot.
    fn sees_at(&self, scan: usize, there: &Observation) -> bool {
        (0..self.scans[scan].seen.len()).map(|at| self.facts(scan, at)).any(|facts| {
            same_spot(&facts.evidence, &there.evidence) && facts.ids.iter().any(|id| there.ids.contains(id))
        })
    }

    /// Members that have, or had, one of these ids.
    fn known_by_ids(&self, ids: &[Id]) -> BTreeSet<usize> {
        ids.iter().filter_map(|id| self.by_id.get(id)).flatten().copied().collect()
    }

    /// The member that a scope called by this very CVE, at this place, when it was read last.
    fn still_at(&self, scan: usize, at: usize) -> Option<usize> {
        let facts = self.facts(scan, at);
        let name = self.scans[scan].seen[at].sighting.name.filter(|name| name.is_cve())?;
        let id = self.scans[scan].id;
        let is_it = |slot: &usize| {
            let known = &self.slots[*slot];
            let word = known.words.get(&id).filter(|word| word.verdict.is_live() && word.facts.ids.contains(&name));
            let is_born = known.root.is_some_and(|root| root == name || !root.is_cve() && facts.ids.contains(&root));
            is_born
                && self.is_owned(scan, *slot)
                && word.is_some_and(|word| same_spot(&word.facts.evidence, &facts.evidence))
        };
        self.known_by_ids(&[name])
            .into_iter()
            .filter(is_it)
            .min_by_key(|slot| (self.slots[*slot].root != Some(name), self.rank(*slot)))
    }

    /// The members that a finding is, by its ids.
    fn by_ids(&self, scan: usize, at: usize) -> Vec<usize> {
        let facts = self.facts(scan, at);
        let Some(name) = self.scans[scan].seen[at].sighting.name else { return Vec::new() };
        let id = self.scans[scan].id;
        let component = facts.evidence.lines;
        let is_of_package = |slot: &Slot| {
            let here = slot.here.as_ref().is_some_and(|(_, here)| here.evidence.lines == component);
            here || slot.words.values().any(|word| word.facts.evidence.lines == component)
        };
        let known: Vec<usize> = self
            .known_by_ids(&facts.ids)
            .into_iter()
            .filter(|&slot| {
                let known = &self.slots[slot];
                known.root.is_some() && self.is_owned(scan, slot) && is_of_package(known)
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
                let ties =
                    |facts: &Observation| names_root(slot, facts) && with.is_none_or(|id| facts.ids.contains(&id));
                let now = self.reports_of(slot).filter(|(other, _)| *other != scan);
                let mut words = self.slots[slot].live().filter(|(scope, _)| *scope != id);
                words.any(|(_, word)| ties(&word.facts)) || now.into_iter().any(|(scan, at)| ties(self.facts(scan, at)))
            };
            let pick =
                |fits: &dyn Fn(usize) -> bool| here.iter().copied().filter(|slot| fits(*slot)).collect::<Vec<_>>();
            let own = pick(&|slot| says(slot, name));
            let tied = pick(&|slot| others_tie(slot, Some(name)));
            // An alias was learnt. What people decided was about the name that they saw: only a scope that had it itself says
            // that it has another.
            let covers = |slot: usize| {
                let own = word(slot).is_some_and(|word| word.verdict.is_live());
                own || !self.is_decided(&self.slots[slot]) || self.decided_ids(&self.slots[slot]).contains(&name)
            };
            let born = pick(&|slot| {
                let only = self.cves(slot).iter().all(|cve| *cve == name);
                names_root(slot, facts) && only && rank(slot) < 4 && covers(slot)
            });
            let mine = pick(&|slot| {
                let Some(word) = word(slot).filter(|word| word.facts.ids.contains(&name)) else { return false };
                let decided = self.is_decided(&self.slots[slot]);
                match decided {
                    true => self.decided_ids(&self.slots[slot]).contains(&name),
                    false => {
                        word.verdict.is_live() && !others_tie(slot, None) && !self.is_named_elsewhere(scan, slot, facts)
                    }
                }
            });
            let still =
                |slot: &usize| word(*slot).is_some_and(|word| word.verdict.is_live() && word.facts.ids.contains(&name));
            let still: Vec<usize> = own.iter().chain(&tied).chain(&born).copied().filter(still).collect();
            // Where it is; then what is open, or decided, before what is closed.
            if let Some(slot) = still.first() {
                return vec![*slot];
            }
            // What another scan of this run reports is reopened.
            let will_be_open = |slot: usize| rank(slot) < 3 || rank(slot) == 3 && !self.slots[slot].reported.is_empty();
            let lists = [&own, &tied, &born, &mine];
            if let Some(slot) = lists.into_iter().filter_map(|list| list.first()).find(|slot| will_be_open(**slot)) {
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
        let facts = self.facts(scan, at);
        let same_package = |other: &Observation| other.evidence.lines == facts.evidence.lines;
        let shares = |a: &Observation, b: &[Id]| a.ids.iter().any(|id| b.contains(id));
        let file = |place: &str| place.rsplit('/').next().unwrap_or_default().to_owned();
        // Another scope's manifest of the same name that the checkout no longer holds was moved as well.
        let is_away = |other: &Observation| {
            let is_there = |place: &str| self.planner.policy.exists(place);
            let own_code = here.scope.source.name == here.owner_source.name;
            own_code
                && file(&other.place) == file(&facts.place)
                && is_there(&other.place) == Some(false)
                && is_there(&facts.place) == Some(true)
        };
        let name = here.seen[at].sighting.name;
        // An alias alone moves only what was born with it: of all else it would no longer be known which CVE it is.
        let cve = name.filter(|name| name.is_cve());
        let is_it = |root: Option<Id>, word: &Observation| match cve {
            Some(cve) => word.ids.contains(&cve) || root.is_some_and(|root| facts.ids.contains(&root)),
            None => root == name,
        };
        let mut gone = self.known_by_ids(&facts.ids);
        gone.retain(|&slot| {
            let known = &self.slots[slot];
            let own = known.words.get(&here.id).filter(|word| word.verdict.is_live());
            let of_branch = |(scope, word): &(u32, &crate::issue::Word)| {
                self.names.branch(*scope) == here.branch && is_away(&word.facts)
            };
            let Some(word) = own.or_else(|| known.live().find(of_branch).map(|(_, word)| word)) else { return false };
            is_it(known.root, &word.facts)
                && self.is_owned(scan, slot)
                && !known.reported.contains_key(&here.id)
                && same_package(&word.facts)
                && word.facts.evidence.path != facts.evidence.path
                // A file that is still there was not moved.
                && self.planner.policy.exists(&word.facts.place) != Some(true)
                && (here.why_not(&word.facts.evidence).is_none() || is_away(&word.facts))
        });
        if gone.is_empty() {
            return None;
        }
        // What else this scan reports of the package under one of these ids.
        let others: Vec<&Observation> = (0..here.seen.len())
            .filter(|&other| other != at)
            .map(|other| &**self.facts(scan, other))
            .filter(|other| same_package(other))
            .collect();
        if others.iter().any(|other| shares(other, &facts.ids) && other.evidence.path != facts.evidence.path) {
            return None;
        }
        let is_left = |slot: &usize| {
            let words = &self.slots[*slot].words;
            let ids: Vec<Id> = words.values().flat_map(|word| word.facts.ids.iter().copied()).collect();
            let own = words.get(&here.id).filter(|word| word.verdict.is_live());
            let at = own.or_else(|| self.slots[*slot].live().next().map(|(_, word)| word));
            let path = at.map(|word| word.facts.evidence.path);
            !others.iter().any(|other| Some(other.evidence.path) == path && shares(other, &ids))
        };
        // The one that was born with this name, else the only one.
        let gone: Vec<usize> = gone.into_iter().filter(is_left).collect();
        let is_born = |slot: &usize| self.slots[*slot].root == name;
        let born: Vec<usize> = gone.iter().copied().filter(is_born).collect();
        match (born.as_slice(), gone.as_slice()) {
            ([slot], _) | ([], [slot]) => Some(*slot),
            _ => None,
        }
    }

    /// A member that came apart from one that was born with another id: other scopes' words about it go along.
    fn gather(&mut self, scan: usize, at: usize, slot: usize) {
        let facts = self.facts(scan, at);
        let Some(root) = self.slots[slot].root.filter(|root| root.is_cve() && facts.ids.contains(root)) else { return };
        let id = self.scans[scan].id;
        let owner = self.slots[slot].owner;
        for other in self.known_by_ids(&[root]) {
            let known = &self.slots[other];
            let apart = known.root.filter(|born| *born != root);
            let Some(born) = apart.filter(|_| known.owner == owner) else { continue };
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
