//! Settling: which issue holds which member. Everything active that people did not decide about gets an open issue; members
//! move only out of issues that people did not decide about.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::closer::Closer;
use super::sources::ScopeId;
use super::world::{Home, MemberStatus, World};
use super::{Action, Route, Withheld};
use crate::finding::Severity;
use crate::issue::{GroupStamp, IssueId, StampError, State};

/// Characters of a stamp that one member takes, about: with evidence, titles and two words.
const PER_MEMBER: usize = 190;

impl World<'_> {
    /// Finds the home of every member.
    pub(super) fn settle(&mut self) {
        self.index_homes();
        let routes = self.route();
        let mut wants: Vec<usize> = (0..self.slots.len())
            .filter(|&slot| {
                let known = &self.slots[slot];
                let recorded = self.planner.settings.record_decisions
                    && known.home.is_none()
                    && known.status() == MemberStatus::Decided;
                known.lost_to.is_none() && (known.status() == MemberStatus::Active && !self.covered(slot) || recorded)
            })
            .collect();
        let grouped = self.planner.settings.grouped;
        // Where people work, then open ones, then the lowest number; of new ones those that may be opened first.
        wants.sort_by_cached_key(|&slot| {
            let known = &self.slots[slot];
            let home = known.home.map(|home| &self.homes[home]);
            let touched = grouped
                && home
                    .and_then(|home| home.issue.zip(home.stamp))
                    .is_some_and(|(issue, stamp)| is_touched(issue, stamp));
            let held = routes.get(&slot).is_some_and(|route| !matches!(route, Route::Here));
            // What comes back to an issue that is another's now, goes first; the worst of several stays where it is.
            let severity = self.severity(slot);
            let (leaving, severity) = match home {
                None => (false, (Some(Reverse(severity)), None)),
                Some(_) => (known.was != MemberStatus::Gone, (None, Some(severity))),
            };
            (
                home.is_none(),
                held,
                !touched,
                home.is_some_and(|home| !home.was_open()),
                known.home,
                leaving,
                severity,
                known.keys(),
            )
        });
        for slot in wants {
            let group = self.group_of(slot);
            match self.slots[slot].home {
                None => self.settle_new(slot, group, routes.get(&slot)),
                Some(home) => self.settle_known(slot, home, group),
            }
        }
        self.hold_surplus();
    }

    /// Which members each issue holds, and which issues each group has.
    fn index_homes(&mut self) {
        for home in &mut self.homes {
            home.members.clear();
        }
        for (slot, known) in self.slots.iter().enumerate().filter(|(_, slot)| slot.lost_to.is_none()) {
            if let Some(home) = known.home {
                self.homes[home].members.insert(slot);
            }
        }
        for (home, known) in self.homes.iter().enumerate() {
            if let Some(group) = &known.group {
                self.by_group.entry(group.digest).or_default().push(home);
            }
        }
        let fresh = self.slots.iter().filter(|slot| slot.home.is_none() && slot.lost_to.is_none()).count();
        self.regroupings = self.planner.settings.max_open.saturating_sub(fresh);
    }

    /// Where this run's findings are routed, for those that have no open issue here.
    fn route(&mut self) -> BTreeMap<usize, Route> {
        let mut routes = BTreeMap::new();
        for slot in 0..self.slots.len() {
            let known = &self.slots[slot];
            let reports = self.finding_indices(slot);
            if known.lost_to.is_some() || reports.is_empty() {
                continue;
            }
            let closed_by_us =
                known.home.is_some_and(|home| !self.homes[home].was_open() && self.homes[home].closer == Closer::Us);
            if known.home.is_none() || closed_by_us {
                routes.insert(slot, self.planner.policy.route(&reports));
            }
        }
        routes
    }

    fn settle_new(&mut self, slot: usize, group: Option<GroupStamp>, route: Option<&Route>) {
        let target = self.target(group.as_ref());
        match route {
            Some(Route::Elsewhere) => return,
            // What is held back comes along where its group has an open issue.
            Some(Route::Withheld(reason)) if !target.is_some_and(|home| self.homes[home].open) => {
                self.withhold_opening(slot, reason.clone(), true);
                return;
            }
            _ => {}
        }
        if target.is_none()
            && let Some(reason) = self.unreadable_twin(slot)
        {
            self.withhold_opening(slot, reason, false);
            return;
        }
        self.move_to(slot, target, group);
    }

    fn settle_known(&mut self, slot: usize, home: usize, group: Option<GroupStamp>) {
        let known = &self.slots[slot];
        let regroups = self
            .grouping_scope(slot)
            .is_some_and(|scope| self.names.is_default(scope) && known.reported.contains_key(&scope));
        // A fresh issue instead of the old one, where the mapping says so.
        let returned = self.planner.settings.new_on_return
            && known.was == MemberStatus::Gone
            && !self.homes[home].was_open()
            && self.homes[home].closer == Closer::Us;
        if returned {
            let target = self.target(group.as_ref()).filter(|target| self.homes[*target].open);
            self.move_to(slot, target, group);
            let moved = self.slots[slot].home.filter(|target| self.homes[*target].issue.is_none());
            if let Some(target) = moved {
                self.homes[target].succeeds = Some(home);
            }
            return;
        }
        if !regroups {
            // Another branch's run, or one that does not read the scope by which it is grouped, leaves it where it is.
            self.homes[home].open = true;
            return;
        }
        let mates: Vec<usize> = self.homes[home]
            .members
            .iter()
            .copied()
            .filter(|&mate| mate != slot && super::words::is_active(&self.slots[mate]) && !self.covered(mate))
            .collect();
        let fits = |mate: &usize| {
            group.is_some() && self.group_of(*mate).map(|g| g.digest) == group.as_ref().map(|g| g.digest)
        };
        let alone = mates.iter().all(fits);
        let other = self.target(group.as_ref()).filter(|other| *other != home && self.homes[*other].open);
        let same = group.is_some() && digest_of(&self.homes[home].group) == digest_of(&group);
        if same && self.homes[home].open {
            return;
        }
        match other {
            Some(other) => self.move_to(slot, Some(other), group),
            // It becomes what it should be.
            None if alone => {
                self.homes[home].open = true;
                if digest_of(&self.homes[home].group) != digest_of(&group) {
                    self.forget_gone(home);
                    if let Some(group) = &group {
                        self.by_group.entry(group.digest).or_default().push(home);
                    }
                    self.homes[home].group = group;
                }
            }
            None if same => self.homes[home].open = true,
            None if self.regroupings == 0 => {
                self.homes[home].open = true;
                let note =
                    "some findings change their group in the next run: more than `max_open` issues would be opened";
                if !self.notes.iter().any(|known| known == note) {
                    self.notes.push(note.to_owned());
                }
            }
            None => {
                self.regroupings -= 1;
                self.move_to(slot, None, group);
            }
        }
    }

    /// Takes what is gone out of an issue that stands for something else from now on.
    fn forget_gone(&mut self, home: usize) {
        let slots = &mut self.slots;
        self.homes[home].members.retain(|member| {
            let known = &mut slots[*member];
            let keep = known.status() != MemberStatus::Gone || known.people.is_some();
            if !keep {
                known.home = None;
            }
            keep
        });
    }

    /// Whether a person's decision stands on this very finding.
    pub(super) fn covered(&self, slot: usize) -> bool {
        self.is_decided(&self.slots[slot])
    }

    /// The scope whose view of a member says which group it belongs to, so that runs of others do not move it back and
    /// forth: of the default branch's, else of all, the one that counts most.
    fn grouping_scope(&self, slot: usize) -> Option<ScopeId> {
        let known = &self.slots[slot];
        let default = known.lead_among(|scope, word| word.verdict.is_live() && self.names.is_default(scope));
        default.or_else(|| known.lead_among(|_, word| word.verdict.is_live())).map(|(scope, _)| scope)
    }

    /// The group that a member belongs to, where this run reads the scope that says so; else the one that it is in.
    fn group_of(&self, slot: usize) -> Option<GroupStamp> {
        let known = &self.slots[slot];
        let seen = self.grouping_scope(slot).and_then(|scope| Some((scope, known.reported.get(&scope)?)));
        match seen.and_then(|(scope, seen)| Some((self.scan_of(scope)?, seen))) {
            Some((scan, seen)) => {
                let named = |at: &usize| (self.scans[scan].seen[*at].scan, self.scans[scan].seen[*at].sighting.finding);
                self.planner.policy.group(&seen.iter().map(named).collect::<Vec<_>>())
            }
            None => known.home.and_then(|home| self.homes[home].group.clone()),
        }
    }

    /// This run's findings of a member: scan and finding.
    pub(super) fn finding_indices(&self, slot: usize) -> Vec<(usize, usize)> {
        let mut all: Vec<(usize, usize)> = self
            .reports_of(slot)
            .map(|(scan, at)| {
                let seen = self.scans[scan].seen[at];
                (seen.scan, seen.sighting.finding)
            })
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The issue of a group: the lowest open one that has room, else the newest closed one.
    fn target(&self, group: Option<&GroupStamp>) -> Option<usize> {
        let group = group?;
        let room = (self.planner.settings.tracker.stamp / PER_MEMBER).max(1);
        let fits = |home: &usize| {
            let home = &self.homes[*home];
            home.group.as_ref().is_some_and(|known| known.digest == group.digest)
                && !home.is_duplicate()
                && home.members.len() < room
        };
        let (open, closed): (Vec<usize>, Vec<usize>) =
            self.of_group(group).filter(fits).partition(|home| self.homes[*home].open);
        open.into_iter().min_by_key(|home| (self.homes[*home].number(), *home)).or_else(|| closed.into_iter().max())
    }

    fn of_group(&self, group: &GroupStamp) -> impl Iterator<Item = usize> {
        let known = self.by_group.get(&group.digest).cloned().unwrap_or_default();
        known.into_iter()
    }

    fn move_to(&mut self, slot: usize, target: Option<usize>, group: Option<GroupStamp>) {
        let target = target.unwrap_or_else(|| {
            let home = self.homes.len();
            if let Some(group) = &group {
                self.by_group.entry(group.digest).or_default().push(home);
            }
            self.homes.push(Home::to_open(group));
            home
        });
        if let Some(left) = self.slots[slot].home {
            self.homes[left].members.retain(|member| *member != slot);
        }
        self.homes[target].members.insert(slot);
        let active = self.slots[slot].status() == MemberStatus::Active;
        self.homes[target].open |= active;
        let known = &mut self.slots[slot];
        known.home = Some(target);
        known.added = true;
        known.moved = true;
    }

    /// Opens the worst first and leaves the rest to the next run: only what is wholly new may wait, as nothing is lost then.
    fn hold_surplus(&mut self) {
        let mut by_home: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (slot, known) in self.slots.iter().enumerate().filter(|(_, slot)| slot.lost_to.is_none()) {
            if let Some(home) = known.home.filter(|home| self.homes[*home].issue.is_none()) {
                by_home.entry(home).or_default().push(slot);
            }
        }
        let limit = self.planner.settings.max_open;
        if by_home.len() <= limit {
            return;
        }
        let is_new = |slots: &Vec<usize>| slots.iter().all(|slot| self.slots[*slot].before.is_none());
        let needed = by_home.values().filter(|slots| !is_new(slots)).count();
        let mut openings: Vec<(usize, Vec<usize>)> = by_home.into_iter().filter(|(_, slots)| is_new(slots)).collect();
        openings.sort_by_key(|(_, slots)| {
            let worst = slots.iter().map(|slot| self.severity(*slot)).max().unwrap_or_default();
            (Reverse(worst), slots.iter().map(|slot| self.slots[*slot].keys()).min())
        });
        for (home, slots) in openings.split_off(limit.saturating_sub(needed).min(openings.len())) {
            let reason = format!("left for the next run: more than `max_open: {limit}` at once");
            let first = slots.iter().copied().max_by_key(|slot| self.severity(*slot));
            for &slot in &slots {
                self.slots[slot].home = None;
                self.slots[slot].withheld = Some(reason.clone());
            }
            self.homes[home].members.clear();
            if let Some(slot) = first {
                self.withhold_opening(slot, reason, false);
            }
        }
    }

    fn withhold_opening(&mut self, slot: usize, reason: String, filtered: bool) {
        self.slots[slot].withheld = Some(reason.clone());
        let reports = self.finding_indices(slot);
        let title = Some(self.planner.policy.title(&reports));
        let withheld = Withheld { title, reports, filtered, ..self.withheld(slot, Action::Open, None, reason) };
        self.withheld.push(withheld);
    }

    /// What is told of a change that is not made.
    pub(super) fn withheld(&self, slot: usize, action: Action, issue: Option<IssueId>, reason: String) -> Withheld {
        let known = &self.slots[slot];
        let title = known.home.and_then(|home| self.homes[home].issue).map(|issue| issue.title.clone());
        Withheld {
            key: self.key_of(slot),
            title,
            severity: self.severity(slot),
            status: self.status_of(slot),
            action,
            issue,
            reason,
            filtered: false,
            reports: Vec::new(),
        }
    }

    /// How bad a member is: the worst that an active word says, else a live one, else any. What this run saw counts only
    /// where there is no word yet: another run would see something else.
    pub(super) fn severity(&self, slot: usize) -> Severity {
        let known = &self.slots[slot];
        let active = known.words.values().filter(|word| word.verdict.is_active()).map(|word| word.facts.severity).max();
        let reported = || self.reports_of(slot).map(|(scan, at)| self.facts(scan, at).severity).max();
        let live = || known.live().map(|(_, word)| word.facts.severity).max();
        let any = || known.words.values().map(|word| word.facts.severity).max();
        active.or_else(live).or_else(any).or_else(reported).unwrap_or_default()
    }

    /// Why a finding must not be opened: an issue whose stamp cannot be read may be about it.
    fn unreadable_twin(&self, slot: usize) -> Option<String> {
        let reports = self.finding_indices(slot);
        let twin = self.unreadable.iter().find(|(issue, error)| {
            matches!(error, StampError::Newer(_)) || self.planner.policy.resembles(&reports, issue)
        });
        twin.map(|(issue, error)| match error {
            StampError::Newer(_) => format!("#{}: {error}; update findsync, as it may be about this finding", issue.id.number),
            StampError::Damaged(_) => format!(
                "#{}: {error}; it may be about this finding: restore its text from its history, or take our label away to \
                 have another opened",
                issue.id.number
            ),
        })
    }
}

impl World<'_> {
    /// This run's findings that have an open issue, or one that people closed for good.
    pub(super) fn at_home(&self) -> BTreeSet<(usize, usize)> {
        let stays = |slot: &usize| {
            let known = &self.slots[*slot];
            known.home.is_some_and(|home| self.homes[home].was_open()) || self.is_decided(known)
        };
        (0..self.slots.len()).filter(stays).flat_map(|slot| self.finding_indices(slot)).collect()
    }
}

fn digest_of(group: &Option<GroupStamp>) -> Option<crate::finding::Digest> {
    group.as_ref().map(|group| group.digest)
}

/// Whether people left traces on an issue: they wrote around our text, retitled it, or set a field that is theirs.
fn is_touched(issue: &crate::issue::Issue, stamp: &crate::issue::Stamp) -> bool {
    let retitled =
        stamp.fields.get("title").is_some_and(|written| *written != crate::issue::value_digest(&issue.title));
    let body = crate::issue::Body::parse(&issue.body);
    let words = !body.before.trim().is_empty() || !body.after.trim().is_empty();
    let assigned = issue.fields.get("assignees").is_some_and(|people| {
        stamp.fields.get("assignees").is_none_or(|written| *written != crate::issue::value_digest(people))
    });
    let labelled = issue.labels.iter().any(|label| !stamp.labels.iter().any(|ours| ours.eq_ignore_ascii_case(label)));
    issue.state == State::Open && (retitled || words || assigned || labelled)
}
