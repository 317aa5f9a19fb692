//! The world while a plan is made: the members that stamps remember, in the issues that hold them, and this run's scans.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;

use super::closer::{Closer, closer, deciding_labels, stranger_notes};
use super::scans::{self, ScopeScan, Seen};
use super::sources::{self, BranchId, Names, ScopeId, SourceId};
use super::{Decision, Planner, Withheld};
use crate::finding::{Digest, Id, Kind, LocationEvidence, Observation, Run, Source, digest};
use crate::issue::{
    CloseReason, Former, GroupStamp, Issue, Member, PeopleDecision, Stamp, StampError, State, Verdict, Word,
};

/// Where a member stands by all of its words; what keeps an issue open comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MemberStatus {
    Active,
    Decided,
    Gone,
}

/// A member while a plan is made.
#[derive(Debug)]
pub(super) struct Slot {
    /// The issue that holds it, as an index into [`World::homes`]; `None` where it is new.
    pub home: Option<usize>,
    /// Its issue and its stamp before this run.
    pub before: Option<(usize, Member)>,
    pub owner: SourceId,
    pub owner_source: Source,
    pub kind: Kind,
    pub root: Option<Id>,
    pub uid: u64,
    pub words: BTreeMap<ScopeId, Word>,
    pub former: BTreeSet<Former>,
    pub people: Option<PeopleDecision>,
    pub exempt: BTreeSet<u32>,
    pub under: BTreeSet<u32>,
    /// Where it stood before this run.
    pub was: MemberStatus,
    /// Whether it is new in its issue.
    pub added: bool,
    /// Whether it is the only member of its issue.
    pub alone: bool,
    /// Whether it goes to another issue, or its words come from another one.
    pub moved: bool,
    /// Where this run saw it first, where it is new.
    pub here: Option<(BranchId, Arc<Observation>)>,
    /// The scopes that report it in this run, and what they saw.
    pub reported: BTreeMap<ScopeId, Vec<usize>>,
    /// The slot that took over its words.
    pub lost_to: Option<usize>,
    /// Why the decision that this run's configuration takes, or that has run out.
    pub reason: Option<String>,
    /// That decision.
    pub decision: Option<Decision>,
    /// Why its opening was withheld, where it was.
    pub withheld: Option<String>,
}

impl Slot {
    pub(super) fn status(&self) -> MemberStatus {
        status(self.words.values())
    }

    pub(super) fn live(&self) -> impl Iterator<Item = (ScopeId, &Word)> {
        self.words.iter().filter(|(_, word)| word.verdict.is_live()).map(|(scope, word)| (*scope, word))
    }

    /// The words that count for where it is: live ones, else all.
    pub(super) fn counting(&self) -> Vec<&Word> {
        let live: Vec<&Word> = self.live().map(|(_, word)| word).collect();
        if live.is_empty() { self.words.values().collect() } else { live }
    }

    /// Every key that it has or had.
    pub(super) fn keys(&self) -> BTreeSet<Digest> {
        let words = self.words.values().flat_map(|word| word.facts.keys.iter().copied());
        words.chain(self.former.iter().map(|former| former.key)).collect()
    }

    /// What it says in an issue: of what is active, else of all, the view of a scope that knows its CVE, then the most severe.
    pub(super) fn lead(&self) -> Option<(ScopeId, &Word)> {
        self.lead_among(|_, _| true)
    }

    /// The same of certain scopes' words.
    pub(super) fn lead_among(&self, counts: impl Fn(ScopeId, &Word) -> bool) -> Option<(ScopeId, &Word)> {
        let rank = |word: &Word| match word.verdict {
            Verdict::Active | Verdict::Missing => 2,
            Verdict::Decided(_) => 1,
            Verdict::Fixed | Verdict::Gone => 0,
        };
        let words = self.words.iter().map(|(id, word)| (*id, word)).filter(|(id, word)| counts(*id, word));
        let counts = |word: &Word| (rank(word), word.facts.ids.iter().any(|id| id.is_cve()), word.facts.severity);
        words.max_by(|(_, a), (_, b)| counts(a).cmp(&counts(b)).then_with(|| b.scope.cmp(&a.scope)))
    }

    pub(super) fn member(&self) -> Member {
        let mut words: Vec<Word> = self.words.values().cloned().collect();
        words.sort_by(|a, b| a.scope.cmp(&b.scope));
        let named: HashSet<Digest> = words.iter().flat_map(|word| word.facts.keys.iter().copied()).collect();
        let former = self.former.iter().filter(|former| !named.contains(&former.key)).copied().take(MAX_FORMER);
        Member {
            uid: self.uid,
            owner: self.owner_source.clone(),
            kind: self.kind,
            root: self.root,
            former: former.collect(),
            people: self.people.clone(),
            exempt: self.exempt.iter().copied().collect(),
            under: self.under.iter().copied().collect(),
            words,
        }
    }
}

/// Former keys of one member.
const MAX_FORMER: usize = 8;

/// Whether a dependency's component and manifest are the same.
pub(super) fn same_spot(a: &LocationEvidence, b: &LocationEvidence) -> bool {
    (a.lines, a.path) == (b.lines, b.path)
}

/// Where a member stands by its words.
pub(super) fn status<'w>(words: impl Iterator<Item = &'w Word>) -> MemberStatus {
    words
        .map(|word| match word.verdict {
            Verdict::Active | Verdict::Missing => MemberStatus::Active,
            Verdict::Decided(_) => MemberStatus::Decided,
            Verdict::Fixed | Verdict::Gone => MemberStatus::Gone,
        })
        .min()
        .unwrap_or(MemberStatus::Gone)
}

/// An issue that holds members: one that exists, or one to be opened.
#[derive(Debug)]
pub(super) struct Home<'a> {
    pub issue: Option<&'a Issue>,
    pub stamp: Option<&'a Stamp>,
    pub group: Option<GroupStamp>,
    /// Whether it is, or will be, open.
    pub open: bool,
    /// Deciding labels and columns on it, as digests.
    pub labels: BTreeSet<u32>,
    pub closer: Closer,
    /// Slots that it holds or will hold; known from settling on.
    pub members: BTreeSet<usize>,
    /// The issue that this one takes the place of.
    pub succeeds: Option<usize>,
}

impl Home<'_> {
    /// An issue that is to be opened.
    pub(super) fn to_open(group: Option<GroupStamp>) -> Self {
        Self {
            issue: None,
            stamp: None,
            group,
            open: false,
            labels: BTreeSet::new(),
            closer: Closer::Nobody,
            members: BTreeSet::new(),
            succeeds: None,
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.issue.map_or(u64::MAX, |issue| issue.id.number)
    }

    pub(super) fn was_open(&self) -> bool {
        self.issue.is_some_and(|issue| issue.state == State::Open)
    }

    pub(super) fn is_duplicate(&self) -> bool {
        self.stamp.is_some_and(|stamp| stamp.duplicate_of.is_some())
    }
}

/// Everything that a plan is made of.
#[derive(Debug)]
pub(super) struct World<'a> {
    pub planner: &'a Planner<'a>,
    pub names: Names,
    pub homes: Vec<Home<'a>>,
    pub scans: Vec<ScopeScan<'a>>,
    pub slots: Vec<Slot>,
    /// Slots by every key that they have or had.
    pub by_key: HashMap<Digest, Vec<usize>>,
    /// Dependencies by every id that they have or had.
    pub by_id: HashMap<Id, Vec<usize>>,
    /// The day of the last proof that two jobs of one run share a scope.
    pub contested: HashMap<ScopeId, NaiveDate>,
    /// Scopes of which a run once reported less than just before, as after a fix, or as another job does.
    pub suspected: HashSet<ScopeId>,
    /// Slots about which two jobs of one run disagree in this run, and whether that is certain.
    pub new_contests: Vec<(usize, ScopeId, Run, bool)>,
    scan_of: HashMap<ScopeId, usize>,
    newest: u64,
    pub withheld: Vec<Withheld>,
    pub notes: Vec<String>,
    /// Issues by their group.
    pub by_group: HashMap<Digest, Vec<usize>>,
    /// Issues that may still be opened for findings that change their group.
    pub regroupings: usize,
    /// Issues with our label whose stamp cannot be read, and why.
    pub unreadable: Vec<(&'a Issue, &'a StampError)>,
}

impl<'a> World<'a> {
    pub(super) fn new(planner: &'a Planner<'a>, issues: &'a [Issue]) -> Self {
        let mut managed: Vec<(&Issue, &Stamp)> = managed_issues(issues).collect();
        managed.sort_by_key(|(issue, _)| issue.id.number);
        let names = sources::learn_names(planner, &managed);
        let mut world = Self {
            planner,
            names,
            homes: Vec::with_capacity(managed.len()),
            scans: Vec::new(),
            slots: Vec::new(),
            by_key: HashMap::new(),
            by_id: HashMap::new(),
            contested: HashMap::new(),
            suspected: HashSet::new(),
            new_contests: Vec::new(),
            scan_of: HashMap::new(),
            newest: managed.last().map_or(0, |(issue, _)| issue.id.number),
            withheld: Vec::new(),
            notes: Vec::new(),
            by_group: HashMap::new(),
            regroupings: 0,
            unreadable: issues
                .iter()
                .filter(|issue| issue.trusted && issue.labelled)
                .filter_map(|issue| Some((issue, issue.stamp_error.as_ref()?)))
                .collect(),
        };
        world.notes.extend(stranger_notes(issues));
        for (issue, stamp) in managed {
            world.add_issue(issue, stamp);
        }
        let joined = scans::join(planner.scans, &mut world.names);
        world.scans = world.drop_late(joined);
        for name in std::mem::take(&mut world.names.ignored) {
            world.notes.push(format!("`formerly: {name}` is left out of account: this run reads that itself"));
        }
        world.look_at_checkout();
        world.scan_of = world.scans.iter().enumerate().map(|(index, scan)| (scan.id, index)).collect();
        world
    }

    fn add_issue(&mut self, issue: &'a Issue, stamp: &'a Stamp) {
        let home = self.homes.len();
        let labels = deciding_labels(issue, stamp);
        let closer = closer(issue, stamp, self.planner.settings);
        for contest in &stamp.contested {
            let scope = self.names.scope(&contest.scope);
            if !contest.proven {
                self.suspected.insert(scope);
                continue;
            }
            let day = self.contested.entry(scope).or_insert(contest.day);
            *day = (*day).max(contest.day);
        }
        for member in &stamp.members {
            self.add_member(home, issue, stamp, member, &labels, closer);
        }
        self.homes.push(Home {
            issue: Some(issue),
            stamp: Some(stamp),
            group: stamp.group.clone(),
            open: issue.state == State::Open,
            labels,
            closer,
            members: BTreeSet::new(),
            succeeds: None,
        });
    }

    fn add_member(
        &mut self,
        home: usize,
        issue: &Issue,
        stamp: &Stamp,
        member: &Member,
        labels: &BTreeSet<u32>,
        closer: Closer,
    ) {
        let mut words: BTreeMap<ScopeId, Word> = BTreeMap::new();
        for word in &member.words {
            let scope = self.names.scope(&word.scope);
            let word = Word { scope: self.names.spelled_scope(scope, &word.scope), ..word.clone() };
            // Two spellings of one scope: the live word counts, then the newer one.
            let newer = words
                .get(&scope)
                .is_none_or(|known| (word.verdict.is_live(), word.day) > (known.verdict.is_live(), known.day));
            if newer {
                words.insert(scope, word);
            }
        }
        // Reopened by a person, and perhaps closed again otherwise: their decision is taken back.
        let closed_otherwise = closer == Closer::Bot
            || closer == Closer::Person
                && !matches!(issue.closed_as, Some(CloseReason::NotPlanned | CloseReason::Duplicate));
        let taken_back = match issue.state {
            State::Open => stamp.state == State::Closed || stamp.left_closed,
            State::Closed => stamp.state == State::Closed && closed_otherwise,
        };
        let was = status(words.values());
        let owner = self.names.source(&member.owner);
        let owner_source = self.names.spelled(owner, &member.owner);
        let slot = Slot {
            home: Some(home),
            before: Some((
                home,
                Member { owner: owner_source.clone(), words: words.values().cloned().collect(), ..member.clone() },
            )),
            owner,
            owner_source,
            kind: member.kind,
            root: member.root,
            uid: member.uid,
            words,
            former: member.former.iter().copied().collect(),
            people: member.people.clone().filter(|_| !taken_back),
            exempt: member.exempt.iter().copied().filter(|label| labels.contains(label)).collect(),
            under: member.under.iter().copied().collect(),
            was,
            added: false,
            alone: stamp.members.len() == 1,
            moved: false,
            here: None,
            reported: BTreeMap::new(),
            lost_to: None,
            reason: None,
            decision: None,
            withheld: None,
        };
        self.add_slot(slot);
    }

    /// Adds a slot, and makes it findable by its keys.
    pub(super) fn add_slot(&mut self, slot: Slot) -> usize {
        let index = self.slots.len();
        let mut keys = slot.keys();
        let words = slot.words.values().flat_map(|word| word.facts.ids.iter().copied());
        let mut ids: BTreeSet<Id> = words.chain(slot.root).collect();
        if let Some((_, here)) = &slot.here {
            keys.extend(here.keys.iter().copied());
            ids.extend(here.ids.iter().copied());
        }
        self.slots.push(slot);
        self.index(index, keys, ids);
        index
    }

    /// Makes a slot findable by keys and ids.
    pub(super) fn index(
        &mut self,
        slot: usize,
        keys: impl IntoIterator<Item = Digest>,
        ids: impl IntoIterator<Item = Id>,
    ) {
        let add = |slots: &mut Vec<usize>| {
            if slots.last() != Some(&slot) && !slots.contains(&slot) {
                slots.push(slot);
            }
        };
        keys.into_iter().for_each(|key| add(self.by_key.entry(key).or_default()));
        ids.into_iter().for_each(|id| add(self.by_id.entry(id).or_default()));
    }

    /// A member that no issue has yet.
    pub(super) fn new_slot(&mut self, scan: usize, at: usize) -> usize {
        let ScopeScan { owner, owner_source, branch, seen, .. } = &self.scans[scan];
        let Seen { sighting, .. } = seen[at];
        let facts = &sighting.facts;
        let slot = Slot {
            home: None,
            before: None,
            owner: *owner,
            owner_source: (*owner_source).clone(),
            kind: facts.kind,
            root: sighting.name,
            uid: uid(self.newest, owner_source, facts),
            words: BTreeMap::new(),
            former: BTreeSet::new(),
            people: None,
            exempt: BTreeSet::new(),
            under: BTreeSet::new(),
            was: MemberStatus::Gone,
            added: true,
            alone: false,
            moved: false,
            here: Some((*branch, Arc::clone(facts))),
            reported: BTreeMap::new(),
            lost_to: None,
            reason: None,
            decision: None,
            withheld: None,
        };
        self.add_slot(slot)
    }

    /// Whether a slot's finding is of the repository that a scan is about.
    pub(super) fn is_owned(&self, scan: usize, slot: usize) -> bool {
        self.scans[scan].owner == self.slots[slot].owner
    }

    pub(super) fn is_attached(&self, scan: usize, slot: usize) -> bool {
        self.slots[slot].reported.contains_key(&self.scans[scan].id)
    }

    /// Says that what a scan saw is about a slot.
    pub(super) fn attach(&mut self, scan: usize, at: usize, slot: usize) {
        let id = self.scans[scan].id;
        self.slots[slot].reported.entry(id).or_default().push(at);
        // Other scans of this run may meet it by the keys and ids that it has now.
        let facts = self.facts(scan, at);
        self.index(slot, facts.keys.iter().copied(), facts.ids.iter().copied());
    }

    pub(super) fn facts(&self, scan: usize, at: usize) -> &'a Arc<Observation> {
        &self.scans[scan].seen[at].sighting.facts
    }

    /// What this run saw of a slot: scan and sighting.
    pub(super) fn reports_of(&self, slot: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let reported = self.slots[slot].reported.iter();
        reported.flat_map(|(scope, seen)| seen.iter().map(|at| (self.scan_of[scope], *at)))
    }

    /// The scan of a scope in this run.
    pub(super) fn scan_of(&self, scope: ScopeId) -> Option<usize> {
        self.scan_of.get(&scope).copied()
    }

    pub(super) fn is_read(&self, scope: ScopeId) -> bool {
        self.scan_of(scope).is_some()
    }
}

/// The issues that are ours: stamped, and by somebody who may write. Each once, with its stamp.
pub(super) fn managed_issues(issues: &[Issue]) -> impl Iterator<Item = (&Issue, &Stamp)> {
    let mut seen = BTreeSet::new();
    issues.iter().filter_map(move |issue| {
        let stamp = issue.stamp.as_ref().filter(|_| issue.trusted && seen.insert(issue.id.number))?;
        Some((issue, stamp))
    })
}

/// The name that a member has from birth on, the same in two runs that meet it at once.
fn uid(newest: u64, owner: &Source, facts: &Observation) -> u64 {
    let place = format!(
        "{:?}",
        (facts.evidence.line, facts.evidence.column, facts.evidence.message, facts.evidence.neighbours())
    );
    let (newest, key) = (newest.to_string(), facts.key().to_string());
    let parts = [
        ("newest", newest.as_str()),
        ("owner", owner.id.as_deref().unwrap_or(&owner.name)),
        ("key", &key),
        ("place", &place),
    ];
    u64::from_be_bytes(digest(parts).short()) >> 16
}
