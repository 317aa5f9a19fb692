//! What a stamp will say: who is in the issue, which scopes see each, which no longer do.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use super::Planner;
use crate::finding::{Digest, Key, Kind, Scope};
use crate::issue::{Draft, Member, MemberStamp, Place, ScopeStamp, Stamp};

/// Days after which a stamp is written anew only to say that a scope was read, where another no longer sees the finding.
const REFRESH_DAYS: u64 = 5;
/// Keys that one finding keeps at most.
const MAX_KEYS: usize = 16;
/// The key of no finding.
pub(super) const NO_KEY: Key = Key { version: 0, kind: None, digest: Digest([0; 16]) };

/// Members with the scopes that they refer to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Members {
    pub list: Vec<MemberStamp>,
    pub scopes: Vec<ScopeStamp>,
}

impl Members {
    /// The index of a scope, which is added where it is not there yet.
    fn scope(&mut self, scope: &Scope, day: NaiveDate) -> u32 {
        let at = self.scopes.iter().position(|known| known.scope == *scope).unwrap_or_else(|| {
            self.scopes.push(ScopeStamp { scope: scope.clone(), day });
            self.scopes.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Puts members and scopes in one order, whatever order the reports had, and drops scopes that nobody refers to.
    pub(super) fn sorted(self) -> Self {
        let mut order: Vec<usize> = (0..self.scopes.len()).collect();
        order.retain(|at| {
            let at = u32::try_from(*at).unwrap_or(u32::MAX);
            self.list.iter().any(|member| member.seen_by.contains(&at) || member.gone_from.contains(&at))
        });
        order.sort_by(|a, b| self.scopes[*a].scope.cmp(&self.scopes[*b].scope));
        let mut sorted = Self { list: Vec::with_capacity(self.list.len()), scopes: Vec::new() };
        sorted.scopes.extend(order.iter().map(|&at| self.scopes[at].clone()));
        for member in &self.list {
            sorted.adopt(member, &self.scopes);
        }
        sorted.list.sort_by(|a, b| a.keys.cmp(&b.keys));
        sorted
    }

    /// Adds a member whose scopes refer to another list.
    fn adopt(&mut self, member: &MemberStamp, scopes: &[ScopeStamp]) {
        let mut indices = |list: &[u32]| -> Vec<u32> {
            let mut own: Vec<u32> =
                list.iter().map(|&at| &scopes[at as usize]).map(|known| self.scope(&known.scope, known.day)).collect();
            own.sort_unstable();
            own
        };
        let (seen_by, gone_from) = (indices(&member.seen_by), indices(&member.gone_from));
        self.list.push(MemberStamp { seen_by, gone_from, ..member.clone() });
    }
}

/// What a draft's issue will carry.
pub(super) struct Tracked {
    pub members: Members,
    /// Whether every scope that sees something in the issue was read in this run.
    pub all_read: bool,
    /// Whether the draft brings a finding or a scope that the issue did not have.
    pub adds: bool,
}

/// The members of a new issue.
pub(super) fn fresh(planner: &Planner<'_>, draft: &Draft) -> Members {
    let mut members = Members::default();
    for member in &draft.members {
        merged(planner, &mut members, member, &[]);
    }
    members.sorted()
}

/// The members of a draft's issue: the draft's, and those that nothing read in this run can say are gone.
pub(super) fn tracked(planner: &Planner<'_>, draft: &Draft, old: &Stamp, heirs: &[(&MemberStamp, &Stamp)]) -> Tracked {
    let mut members = Members::default();
    let mut adds = false;
    let mut used: BTreeSet<usize> = BTreeSet::new();
    for member in &draft.members {
        let shares = |known: &MemberStamp| known.keys.iter().any(|key| member.keys.contains(key));
        // A single finding that was carried forward shares no key with its issue.
        let carried = draft.members.len() == 1 && old.members.len() == 1;
        let mut known: Vec<(&MemberStamp, &Stamp)> = Vec::new();
        for (at, before) in old.members.iter().enumerate() {
            if (shares(before) || carried) && used.insert(at) {
                known.push((before, old));
            }
        }
        known.extend(heirs.iter().filter(|(heir, _)| shares(heir)));
        adds |= merged(planner, &mut members, member, &known);
    }
    let draft_keys: BTreeSet<Key> = draft.keys().chain(draft.excluded.iter().copied()).collect();
    let mut retained = false;
    let others = old.members.iter().enumerate().filter(|(at, _)| !used.contains(at)).map(|(_, member)| (member, old));
    for (member, stamp) in others.chain(heirs.iter().copied()) {
        // A member that stands for a whole group is what remains of a stamp that was too long: the draft replaces it.
        if member.keys.iter().any(|key| draft_keys.contains(key)) {
            continue;
        }
        let look = look(planner, member, stamp, is_present(planner, member));
        if look.present || !look.waiting.is_empty() || look.untouched {
            retained = true;
            members.adopt(&look.member, &stamp.scopes);
        }
    }
    let all_touched = members
        .list
        .iter()
        .flat_map(|member| &member.seen_by)
        .all(|&at| planner.coverage.touched(&members.scopes[at as usize].scope));
    Tracked { members, all_read: all_touched && !retained, adds }
}

/// Adds a reported member, with what was known of it; whether it brings anything new.
fn merged(planner: &Planner<'_>, members: &mut Members, member: &Member, known: &[(&MemberStamp, &Stamp)]) -> bool {
    let today = planner.settings.today;
    let mut keys = member.keys.clone();
    let mut place = member.place;
    // Learning another id of a vulnerability adds a name; moved code gets a new one instead.
    if keys.iter().any(|key| key.kind == Some(Kind::Dependency)) {
        let before: Vec<Key> = known.iter().flat_map(|(before, _)| before.keys.iter().copied()).collect();
        // A run that knows only one of the names does not make that one the canonical name.
        let learned = keys.first().is_some_and(|key| !before.contains(key));
        keys = if learned { [keys, before].concat() } else { [before, keys].concat() };
        // The evidence holds the name by which it was reported: another scanner's name for it is no news.
        let remembered = known.iter().map(|(before, _)| before.place).find(|place| *place != Place::default());
        place = remembered.filter(|_| !learned).unwrap_or(place);
        let mut seen = BTreeSet::new();
        keys.retain(|key| seen.insert(*key));
        keys.truncate(MAX_KEYS);
    }
    let sees: BTreeSet<&Scope> = member.scopes.iter().collect();
    let mut seen_by: BTreeSet<u32> = BTreeSet::new();
    let mut gone_from: BTreeSet<u32> = BTreeSet::new();
    let mut newly_gone = false;
    let mut knew: BTreeSet<Scope> = BTreeSet::new();
    for (before, stamp) in known {
        let scope_of = |at: &u32| &stamp.scopes[*at as usize];
        for at in &before.seen_by {
            let ScopeStamp { scope, day } = scope_of(at);
            let index = members.scope(scope, *day);
            knew.insert(scope.clone());
            if sees.contains(scope)
                || !(planner.coverage.vouches(scope, &before.place)
                    || expired(planner, *day, !before.gone_from.is_empty()))
            {
                seen_by.insert(index);
            } else {
                gone_from.insert(index);
                newly_gone = true;
            }
        }
        for at in &before.gone_from {
            let ScopeStamp { scope, day } = scope_of(at);
            let index = members.scope(scope, *day);
            if !sees.contains(scope) {
                gone_from.insert(index);
            }
        }
    }
    for scope in &member.scopes {
        let index = members.scope(scope, today);
        seen_by.insert(index);
    }
    gone_from.retain(|index| !seen_by.contains(index));
    if !gone_from.is_empty() {
        for &index in &seen_by {
            let known = &mut members.scopes[index as usize];
            let stale = is_past(known.day, REFRESH_DAYS, today) && sees.contains(&known.scope);
            if newly_gone || stale {
                known.day = today;
            }
        }
    }
    members.list.push(MemberStamp {
        keys,
        seen_by: seen_by.into_iter().collect(),
        gone_from: gone_from.into_iter().collect(),
        place,
    });
    known.is_empty() || member.scopes.iter().any(|scope| !knew.contains(scope))
}

/// Whether the silence of a scope has lasted so long that it no longer counts.
fn expired(planner: &Planner<'_>, day: NaiveDate, others_gone: bool) -> bool {
    others_gone && is_past(day, planner.settings.scope_ttl.into(), planner.settings.today)
}

/// Whether so many days have passed since a day, which a stamp may hold as it likes.
fn is_past(day: NaiveDate, days: u64, today: NaiveDate) -> bool {
    day.checked_add_days(Days::new(days)).is_some_and(|end| end <= today)
}

/// What this run says about one member that no draft reports.
struct Look {
    member: MemberStamp,
    waiting: Vec<(Scope, String)>,
    read: Vec<Scope>,
    expired: Vec<Scope>,
    present: bool,
    untouched: bool,
}

fn is_present(planner: &Planner<'_>, member: &MemberStamp) -> bool {
    member.keys.iter().any(|key| planner.coverage.present(key))
}

fn look(planner: &Planner<'_>, member: &MemberStamp, stamp: &Stamp, present: bool) -> Look {
    let mut look = Look {
        member: MemberStamp { seen_by: Vec::new(), ..member.clone() },
        waiting: Vec::new(),
        read: Vec::new(),
        expired: Vec::new(),
        present,
        untouched: false,
    };
    let known = |at: &u32| &stamp.scopes[*at as usize];
    let whole = |at: &&u32| planner.coverage.vouches(&known(at).scope, &member.place);
    let read_before = member.gone_from.iter().any(|at| whole(&at));
    if look.present {
        look.member = member.clone();
        return look;
    }
    for at in &member.seen_by {
        let ScopeStamp { scope, day } = known(at);
        if whole(&at) {
            look.read.push(scope.clone());
            look.member.gone_from.push(*at);
        } else if read_before && expired(planner, *day, true) {
            look.expired.push(scope.clone());
            look.member.gone_from.push(*at);
        } else {
            look.waiting.push((scope.clone(), planner.coverage.why_not(scope, &member.place)));
            look.member.seen_by.push(*at);
        }
    }
    look.member.gone_from.sort_unstable();
    if look.read.is_empty() {
        look.read.extend(member.gone_from.iter().filter(whole).map(|at| known(at).scope.clone()));
    }
    let silent = |(scope, _): &(Scope, String)| !planner.coverage.touched(scope);
    look.untouched = look.read.is_empty() && look.expired.is_empty() && look.waiting.iter().all(silent);
    look
}

/// What this run says about an issue that serves no draft.
pub(super) struct Gone {
    pub members: Members,
    /// Scopes that were read whole in this run and no longer report it.
    pub read: Vec<Scope>,
    /// Scopes that no longer count.
    pub expired: Vec<Scope>,
    /// Scopes that still have to be read, and why.
    pub waiting: Vec<(Scope, String)>,
    /// Whether one of its findings is reported in this run.
    pub present: bool,
    /// Whether nothing in this run says anything about it.
    pub untouched: bool,
}

/// Looks at an issue that serves no draft. Members that other issues carry from now on are left out; `None` where its
/// own keys are other findings' now.
pub(super) fn gone(planner: &Planner<'_>, old: &Stamp, claimed: Option<&BTreeSet<Key>>) -> Gone {
    let mut gone = Gone {
        members: Members { list: Vec::new(), scopes: old.scopes.clone() },
        read: Vec::new(),
        expired: Vec::new(),
        waiting: Vec::new(),
        present: false,
        untouched: true,
    };
    for member in &old.members {
        if claimed.is_some_and(|claimed| member.keys.iter().any(|key| claimed.contains(key))) {
            gone.untouched = false;
            continue;
        }
        let present = claimed.is_some() && is_present(planner, member);
        let look = look(planner, member, old, present);
        let newly_gone = look.member.seen_by.len() < member.seen_by.len();
        for &at in look.member.seen_by.iter().filter(|_| newly_gone) {
            gone.members.scopes[at as usize].day = planner.settings.today;
        }
        gone.read.extend(look.read);
        gone.expired.extend(look.expired);
        gone.waiting.extend(look.waiting);
        gone.present |= look.present;
        gone.untouched &= look.untouched && !look.present;
        gone.members.list.push(look.member);
    }
    for list in [&mut gone.read, &mut gone.expired] {
        list.sort();
        list.dedup();
    }
    gone.waiting.sort();
    gone.waiting.dedup();
    gone
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
