//! Words: a run writes what the scopes that it read say, and nothing else. A word is written when it changes, and only then.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{Days, NaiveDate};

use super::world::{MemberStatus, Slot, World};
use super::{Decision, Reported};
use crate::finding::{DecidedBy, Id, Kind, LocationEvidence, Observation, Run, Status};
use crate::issue::{Former, Verdict, Word};

impl World<'_> {
    /// Writes the words of the scopes that were read.
    pub(super) fn speak(&mut self) {
        for scan in 0..self.scans.len() {
            let (id, run) = (self.scans[scan].id, self.scans[scan].run.clone());
            for slot in 0..self.slots.len() {
                let known = &self.slots[slot];
                let old = known.words.get(&id);
                let found = known.reported.contains_key(&id);
                if old.is_none() && !found {
                    continue;
                }
                if old.is_some_and(|old| is_newer(old.run.as_ref(), run.as_ref())) {
                    continue;
                }
                let old = old.cloned();
                let word = match &old {
                    _ if found => Some(self.word(scan, slot, old.as_ref())),
                    // What was fixed and is reported no longer ties no ids any more.
                    Some(old) if old.verdict == Verdict::Fixed && self.why_not_gone(scan, &old.facts).is_none() => {
                        Some(Word { verdict: Verdict::Gone, run: run.clone(), ..old.clone() })
                    }
                    Some(old) if old.verdict.is_live() && self.is_owned(scan, slot) => self.silence(scan, slot, old),
                    _ => None,
                };
                let Some(word) = word else { continue };
                let known = &mut self.slots[slot];
                if let Some(old) = old.filter(|old| old.facts.key() != word.facts.key()) {
                    let around = match known.kind {
                        Kind::Dependency => old.facts.evidence.path,
                        _ => old.facts.evidence.neighbours(),
                    };
                    known.former.insert(Former { key: old.facts.key(), around });
                }
                known.words.insert(id, word);
            }
        }
    }

    /// What a scope says of a member that it reports.
    fn word(&mut self, scan: usize, slot: usize, old: Option<&Word>) -> Word {
        let id = self.scans[scan].id;
        let seen: Vec<usize> = self.slots[slot].reported.get(&id).cloned().unwrap_or_default();
        let (facts, verdict, decision) = self.judge(scan, slot, &seen);
        let known = &mut self.slots[slot];
        known.reason = decision.as_ref().and_then(|decision| decision.reason.clone()).or(known.reason.take());
        known.decision = decision.or(known.decision.take());
        let here = &self.scans[scan];
        let today = self.planner.settings.today;
        let fresh = Word {
            scope: Arc::clone(&here.scope),
            verdict,
            run: here.run.clone(),
            whole: here.is_whole(),
            day: today,
            facts,
        };
        let Some(old) = old else { return fresh };
        // Another job of this very run says that it is gone.
        let disagree = matches!(old.verdict, Verdict::Gone | Verdict::Fixed | Verdict::Missing)
            && is_same(old.run.as_ref(), fresh.run.as_ref());
        if let Some(run) = fresh.run.clone().filter(|_| disagree && verdict.is_live()) {
            self.find_out(slot, scan, run);
        }
        if old.verdict != fresh.verdict || !self.says_the_same(slot, &old.facts, &fresh.facts) {
            return fresh;
        }
        // A heartbeat, only where others wait for it.
        let known = &self.slots[slot];
        let waits = known.words.values().any(|word| word.verdict.is_gone()) && verdict.is_live();
        let since = old.day.max(disputed_since(known, today));
        let half = u64::from(self.planner.settings.scope_ttl).div_ceil(2);
        if waits && is_past(since, half, today) { Word { day: today, ..old.clone() } } else { old.clone() }
    }

    /// What counts of all that a scope reports of a member, and whether it is decided for this scope.
    fn judge(&self, scan: usize, slot: usize, seen: &[usize]) -> (Arc<Observation>, Verdict, Option<Decision>) {
        let sighting = |at: usize| self.scans[scan].seen[at].sighting;
        let decisions: Vec<Option<Decision>> = seen.iter().map(|at| self.decision(scan, slot, *at)).collect();
        let lead = (0..seen.len()).max_by(|a, b| {
            let rank = |at: usize| {
                let one = sighting(seen[at]);
                (one.suppressed.is_none(), one.name.is_some_and(Id::is_cve), one.facts.severity)
            };
            rank(*a).cmp(&rank(*b)).then_with(|| sighting(seen[*b]).facts.cmp(&sighting(seen[*a]).facts))
        });
        let lead = lead.unwrap_or(0);
        let mut facts = Arc::clone(&sighting(seen[lead]).facts);
        if facts.kind == Kind::Dependency && seen.len() > 1 {
            let strong = seen.iter().any(|at| sighting(*at).name.is_some_and(Id::is_cve));
            let counts = seen.iter().map(|at| sighting(*at)).filter(|one| !strong || one.name.is_some_and(Id::is_cve));
            let ids: BTreeSet<Id> = counts.flat_map(|one| one.facts.ids.iter().copied()).collect();
            if ids.len() != facts.ids.len() {
                Arc::make_mut(&mut facts).ids = ids.into_iter().collect();
            }
        }
        // One part that nobody decided about keeps it active.
        let undecided = decisions.iter().any(|one| one.as_ref().is_none_or(|one| one.status == Status::Active));
        let told = decisions.iter().flatten();
        if undecided {
            let run_out = told.clone().find(|one| one.status == Status::Active && one.reason.is_some()).cloned();
            return (facts, Verdict::Active, run_out);
        }
        let status = told.clone().map(|one| one.status).min().unwrap_or(Status::Active);
        let mut decided = told.filter(|one| one.status == status);
        let decision = decided.clone().find(|one| one.reason.is_some()).or_else(|| decided.next()).cloned();
        let verdict = if status == Status::Closed { Verdict::Fixed } else { Verdict::Decided(status) };
        (facts, verdict, decision)
    }

    fn decision(&self, scan: usize, slot: usize, at: usize) -> Option<Decision> {
        let seen = self.scans[scan].seen[at];
        let known = &self.slots[slot];
        let mut ids: BTreeSet<Id> = self.links(slot, true);
        ids.extend(known.root);
        let mut keys = known.keys();
        keys.extend(self.reports_of(slot).flat_map(|(scan, at)| self.facts(scan, at).keys.iter().copied()));
        let (finding, name) = (seen.sighting.finding, seen.sighting.name);
        let reported = Reported { scan: seen.scan, finding, keys: &keys, uid: known.uid, ids: &ids, name };
        let decided = self.planner.policy.decide(&reported);
        decided.or_else(|| {
            seen.sighting.suppressed.map(|status| Decision {
                status,
                reason: None,
                by: DecidedBy::Report,
                source: None,
            })
        })
    }

    /// Whether two sets of facts say the same. A line that moved is no news, unless the pairing of equal findings hangs on
    /// it: where the lines around tell it from all of them, it does not. Nor are changed neighbours, unless a decision hangs
    /// on them.
    fn says_the_same(&self, slot: usize, old: &Observation, new: &Observation) -> bool {
        let told = |facts: &Observation| (facts.kind, facts.named_by_key, facts.severity);
        let words = old.keys == new.keys && old.ids == new.ids && told(old) == told(new) && old.place == new.place;
        let titles = old.title == new.title || old.title.is_empty() && !self.planner.settings.grouped;
        if !words || !titles {
            return false;
        }
        let known =
            |place: &LocationEvidence| place.lines != 0 || place.message != 0 || place.before != 0 || place.after != 0;
        if old.evidence == new.evidence || !known(&old.evidence) || old.named_by_key {
            return true;
        }
        if old.evidence.message != new.evidence.message || old.evidence.subject != new.evidence.subject {
            return false;
        }
        let stays = around_agrees(&old.evidence, &new.evidence);
        let is_told = stays && (old.evidence.before != 0 || old.evidence.after != 0);
        let has_likes = || {
            let equals = old.keys.iter().filter_map(|key| self.by_key.get(key)).flatten().copied();
            equals
                .filter(|other| *other != slot && self.slots[*other].lost_to.is_none())
                .any(|other| !is_told || self.stands_like(other, &new.evidence))
        };
        (stays || !self.is_decided(&self.slots[slot])) && !has_likes()
    }

    /// Whether somebody saw a member between the same lines.
    fn stands_like(&self, slot: usize, place: &LocationEvidence) -> bool {
        let like = |other: &LocationEvidence| (other.before, other.after) == (place.before, place.after);
        self.slots[slot].words.values().any(|word| like(&word.facts.evidence))
            || self.reports_of(slot).any(|(scan, at)| like(&self.facts(scan, at).evidence))
    }

    /// What a scope says of a member that it had and does not report; `None` where it cannot say anything.
    fn silence(&mut self, scan: usize, slot: usize, old: &Word) -> Option<Word> {
        let here = &self.scans[scan];
        if self.why_not_gone(scan, &old.facts).is_some() {
            return None;
        }
        let (id, run, today) = (here.id, here.run.clone(), self.planner.settings.today);
        // Another job of this very run reports it: unless this report only says less than the one before, as after a fix.
        // Should that happen again, they are two jobs.
        if let Some(run) =
            run.clone().filter(|run| is_same(old.run.as_ref(), Some(run)) && old.verdict != Verdict::Missing)
        {
            if self.brings_news(scan) || self.suspected.contains(&id) || self.contested.contains_key(&id) {
                self.find_out(slot, scan, run);
                return None;
            }
            self.new_contests.push((slot, id, run, false));
        }
        let half = u64::from(self.planner.settings.scope_ttl).div_ceil(2);
        let quiet = Word { run, whole: true, day: today, ..old.clone() };
        match self.contested.get(&id) {
            None => {}
            Some(proof) if !is_past(*proof, half, today) => return None,
            // The proof is old: on probation.
            Some(_) if old.verdict != Verdict::Missing => return Some(Word { verdict: Verdict::Missing, ..quiet }),
            Some(_) if !is_past(old.day, half, today) => return None,
            Some(_) => {}
        }
        Some(Word { verdict: Verdict::Gone, ..quiet })
    }

    /// Whether a scan reports what its scope did not have before.
    fn brings_news(&self, scan: usize) -> bool {
        let id = self.scans[scan].id;
        self.slots.iter().filter(|slot| slot.reported.contains_key(&id)).any(|slot| {
            let before = slot.before.as_ref().map(|(_, member)| member);
            let word = before.and_then(|member| member.words.iter().find(|word| word.scope == self.scans[scan].scope));
            word.is_none_or(|word| !word.verdict.is_live())
        })
    }

    fn find_out(&mut self, slot: usize, scan: usize, run: Run) {
        let id = self.scans[scan].id;
        let note = format!(
            "{}: two jobs of run {} disagree about it, so nothing is closed on its word; give their reports a `target` each",
            self.scans[scan].scope, run.number
        );
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
        self.contested.insert(id, self.planner.settings.today);
        self.new_contests.push((slot, id, run, true));
    }

    /// A scope that others wait for, and that was not read for `scope_ttl` days since they said gone, no longer counts.
    pub(super) fn expire(&mut self) {
        let (today, ttl) = (self.planner.settings.today, u64::from(self.planner.settings.scope_ttl));
        let read: BTreeSet<u32> = self.scans.iter().map(|scan| scan.id).collect();
        let mut notes = BTreeSet::new();
        for slot in &mut self.slots {
            if !slot.words.iter().any(|(scope, word)| read.contains(scope) && word.verdict.is_gone()) {
                continue;
            }
            let since = disputed_since(slot, today);
            for (_, word) in slot.words.iter_mut().filter(|(scope, _)| !read.contains(scope)) {
                if word.verdict.is_active() && is_past(word.day.max(since), ttl + 1, today) {
                    *word = Word { verdict: Verdict::Gone, day: today, ..word.clone() };
                    notes.insert(format!("{}: not read for {ttl} days, so it no longer counts", word.scope));
                }
            }
        }
        self.notes.extend(notes);
    }
}

fn around_agrees(old: &LocationEvidence, new: &LocationEvidence) -> bool {
    (old.before, old.after, old.heading) == (new.before, new.after, new.heading)
}

/// The first day on which some scope said that it is gone.
fn disputed_since(slot: &Slot, today: NaiveDate) -> NaiveDate {
    slot.words.values().filter(|word| word.verdict.is_gone()).map(|word| word.day).min().unwrap_or(today)
}

/// Whether so many days have passed since a day, which a stamp may hold as it likes.
pub(super) fn is_past(day: NaiveDate, days: u64, today: NaiveDate) -> bool {
    day.checked_add_days(Days::new(days)).is_some_and(|end| end <= today)
}

fn is_newer(one: Option<&Run>, other: Option<&Run>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one.is_newer_than(other))
}

fn is_same(one: Option<&Run>, other: Option<&Run>) -> bool {
    one.is_some() && one == other
}

/// Whether a member counts as active.
pub(super) fn is_active(slot: &Slot) -> bool {
    slot.status() == MemberStatus::Active
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamps_day_may_be_any() {
        let day = |text: &str| text.parse::<NaiveDate>().expect(text);
        assert!(is_past(day("2026-01-01"), 30, day("2026-01-31")));
        assert!(!is_past(day("2026-01-02"), 30, day("2026-01-31")));
        assert!(!is_past(NaiveDate::MAX, 30, day("2026-01-31")));
        assert!(!is_past(day("2026-01-01"), u64::from(u32::MAX), NaiveDate::MAX));
    }
}
