//! Carry-forward: a finding whose key changed keeps its issue where place, content and neighbours say that it is the same:
//! equal findings that only their order told apart, changed lines, moved code, renamed files. Ambiguity carries nothing.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::Planner;
use super::align::{Drift, align};
use crate::finding::{Key, Kind};
use crate::issue::{Issue, MemberStamp, Place, Stamp, State};

/// Lines that a finding may be from where it should be and still be thought near.
const NEAR: u32 = 10;
/// Likeness of words from which on changed lines are like the old ones; and where a neighbour is still the same.
const ALIKE: f64 = 0.5;
const SOMEWHAT_ALIKE: f64 = 0.2;

/// Kind, rule and path.
type InFile = (Option<Kind>, u32, u32);

/// Drafts and issues, and which of them belong together so far.
pub(super) struct Pairing<'a, 'p> {
    pub planner: &'a Planner<'p>,
    pub ours: &'a [(&'a Issue, &'a Stamp)],
    /// The issue of each draft.
    pub issue_at: Vec<Option<usize>>,
    /// The draft of each issue that has one.
    pub taken: HashMap<usize, usize>,
    /// Issues of equal findings of which there are fewer now: their keys went to the others.
    pub displaced: HashSet<usize>,
}

impl Pairing<'_, '_> {
    pub(super) fn pair(&mut self, draft: usize, issue: usize) {
        self.issue_at[draft] = Some(issue);
        self.taken.insert(issue, draft);
    }

    /// Where a draft's only finding is.
    fn new_place(&self, draft: usize) -> Option<&Place> {
        match self.planner.drafts[draft].members.as_slice() {
            [member] if member.place.rule != 0 => Some(&member.place),
            _ => None,
        }
    }

    /// Where an issue's only finding was.
    fn old_place(&self, issue: usize) -> Option<&Place> {
        match self.ours[issue].1.members.as_slice() {
            [member] if member.place.rule != 0 => Some(&member.place),
            _ => None,
        }
    }

    fn is_open(&self, issue: usize) -> bool {
        self.ours[issue].0.state == State::Open
    }

    /// Whether people decided about a closed issue: the decision goes with the code.
    fn is_decided(&self, issue: usize) -> bool {
        let (issue, stamp) = self.ours[issue];
        issue.state == State::Closed && super::decide::standing_decision(issue, stamp).is_some()
    }

    /// Whether every scope that reported an issue's findings was read whole, where they were.
    fn was_read(&self, issue: usize) -> bool {
        let stamp = self.ours[issue].1;
        let mut seen = stamp.members.iter().filter(|member| !member.seen_by.is_empty()).peekable();
        let was_read = |member: &MemberStamp| {
            let mut scopes = member.seen_by.iter().map(|&at| &stamp.scopes[at as usize].scope);
            scopes.all(|scope| self.planner.coverage.vouches(scope, &member.place))
        };
        seen.peek().is_some() && seen.all(was_read)
    }

    fn drift(&self) -> Drift {
        let places = self.taken.iter().map(|(&issue, &draft)| (self.old_place(issue), self.new_place(draft)));
        Drift::of(places.filter_map(|(old, new)| old.zip(new)))
    }

    fn share_a_scanner(&self, draft: usize, issue: usize) -> bool {
        let seen_by = |scanner: &str| {
            let members = &self.planner.drafts[draft].members;
            members.iter().flat_map(|member| &member.scopes).any(|scope| scope.scanner == scanner)
        };
        self.ours[issue].1.scopes.iter().any(|known| seen_by(&known.scope.scanner))
    }

    /// Pairs equal findings by place. Their ordinals tell only how many there are: the first may be gone, or a new one
    /// may stand before it. Whether there was anything to sort out.
    pub(super) fn sort_out_equals(&mut self) -> bool {
        let mut equals: BTreeMap<u32, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for draft in 0..self.planner.drafts.len() {
            if let Some(place) = self.new_place(draft).filter(|place| place.counted != 0) {
                equals.entry(place.counted).or_default().0.push(draft);
            }
        }
        for issue in 0..self.ours.len() {
            if let Some(place) = self.old_place(issue).filter(|place| place.counted != 0)
                && let Some((_, issues)) = equals.get_mut(&place.counted)
                && (self.is_open(issue) || self.is_decided(issue))
            {
                issues.push(issue);
            }
        }
        equals.retain(|_, (drafts, issues)| drafts.len().max(issues.len()) > 1 && self.can_be_sorted(drafts, issues));
        if equals.is_empty() {
            return false;
        }
        let among: HashSet<usize> = equals.values().flat_map(|(_, issues)| issues).copied().collect();
        let freed: Vec<usize> = equals.values().flat_map(|(drafts, _)| drafts).copied().collect();
        for draft in freed {
            if self.issue_at[draft].is_some_and(|at| among.contains(&at)) {
                self.issue_at[draft].take().and_then(|at| self.taken.remove(&at));
            }
        }
        let drift = self.drift();
        for (drafts, issues) in equals.into_values() {
            let (open, decided): (Vec<usize>, Vec<usize>) = issues.into_iter().partition(|&at| self.is_open(at));
            // Open ones first, as an old decision must not hide a finding that has its issue.
            for issues in [&open, &decided] {
                self.pair_in_order(&drafts, issues, |old, new| {
                    let same_lines = u32::from(same(old.lines, new.lines));
                    Some(10_000 + 800 * same_lines + 400 * around(old, new) + closeness(drift.distance(old, new)))
                });
            }
            let (placed, left): (Vec<usize>, Vec<usize>) = open.iter().partition(|at| self.taken.contains_key(*at));
            if placed.len() == drafts.len() {
                left.into_iter().for_each(|issue| self.displace(issue, &placed));
            }
        }
        true
    }

    /// An issue whose key another issue serves from now on; the older of two twins is the one that stays.
    fn displace(&mut self, issue: usize, placed: &[usize]) {
        let key = |at: usize| self.ours[at].1.key;
        let Some(&twin) = placed.iter().find(|&&at| key(at) == key(issue)) else {
            self.displaced.insert(issue);
            return;
        };
        if issue < twin
            && let Some(draft) = self.taken.remove(&twin)
        {
            self.pair(draft, issue);
        }
    }

    /// Equal findings can be told apart by place where all have one, all were looked for, and no two issues are twins.
    fn can_be_sorted(&self, drafts: &[usize], issues: &[usize]) -> bool {
        let open = || issues.iter().copied().filter(|&at| self.is_open(at));
        let new_places = drafts.iter().filter_map(|&draft| self.new_place(draft));
        let mut places = new_places.chain(issues.iter().filter_map(|&issue| self.old_place(issue)));
        let mut keys = HashSet::new();
        !issues.is_empty()
            && places.all(|place| place.line != 0)
            && open().all(|at| self.was_read(at))
            && open().all(|at| keys.insert((self.ours[at].1.key, self.old_place(at).map(|place| place.line))))
    }

    /// Pairs what is still free, in the order of the lines.
    fn pair_in_order(&mut self, drafts: &[usize], issues: &[usize], score: impl Fn(&Place, &Place) -> Option<u32>) {
        let free = |at: &usize| !self.taken.contains_key(at);
        let mut olds: Vec<(usize, Place)> =
            issues.iter().filter(|at| free(at)).filter_map(|&at| Some((at, *self.old_place(at)?))).collect();
        let alone = |draft: &usize| self.issue_at[*draft].is_none();
        let mut news: Vec<(usize, Place)> =
            drafts.iter().filter(|draft| alone(draft)).filter_map(|&at| Some((at, *self.new_place(at)?))).collect();
        olds.sort_by_key(|(at, place)| (place.line, self.ours[*at].1.key));
        news.sort_by_key(|(at, place)| (place.line, self.planner.drafts[*at].key));
        let pairs = align(olds.len(), news.len(), |old, new| {
            let ((issue, old), (draft, new)) = (&olds[old], &news[new]);
            let same_key = self.ours[*issue].1.key == self.planner.drafts[*draft].key;
            score(old, new)
                .filter(|_| self.share_a_scanner(*draft, *issue))
                .map(|score| 2 * score + u32::from(same_key))
        });
        for (old, new) in pairs {
            self.pair(news[new].0, olds[old].0);
        }
    }

    /// Pairs drafts without issue and issues that just vanished.
    pub(super) fn carry_forward(&mut self) {
        let claimed: HashSet<Key> = self.planner.drafts.iter().flat_map(super::Draft::keys).collect();
        let vanished: Vec<usize> = (0..self.ours.len()).filter(|&at| self.just_vanished(at, &claimed)).collect();
        let fresh: Vec<usize> = (0..self.issue_at.len())
            .filter(|&draft| self.issue_at[draft].is_none() && self.new_place(draft).is_some())
            .collect();
        if vanished.is_empty() || fresh.is_empty() {
            return;
        }
        self.within_files(&vanished, &fresh, &HashMap::new());
        let renamed = self.renamed(&vanished, &fresh);
        self.within_files(&vanished, &fresh, &renamed);
        self.moved(&vanished, &fresh);
    }

    /// Whether an issue's only finding is no longer reported although all that reported it were read whole.
    fn just_vanished(&self, issue: usize, claimed: &HashSet<Key>) -> bool {
        let reported = |key: &Key| self.planner.coverage.present(key) || claimed.contains(key);
        self.old_place(issue).is_some()
            && self.ours[issue].1.key.kind.is_some()
            && !self.taken.contains_key(&issue)
            && (self.is_open(issue) || self.is_decided(issue))
            && (self.displaced.contains(&issue) || !self.ours[issue].1.keys().any(|key| reported(&key)))
            && self.was_read(issue)
    }

    /// Pairs within each file, rule by rule: first what has the same content, then what changed a little in its place.
    fn within_files(&mut self, vanished: &[usize], fresh: &[usize], renamed: &HashMap<u32, u32>) {
        let mut files: BTreeMap<InFile, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for &draft in fresh {
            let Some(place) = self.new_place(draft) else { continue };
            files.entry((self.planner.drafts[draft].key.kind, place.rule, place.path)).or_default().0.push(draft);
        }
        for &issue in vanished {
            let Some(place) = self.old_place(issue) else { continue };
            let path = match renamed.get(&place.path) {
                Some(&path) if self.is_open(issue) => path,
                Some(_) => continue,
                None if renamed.is_empty() => place.path,
                None => continue,
            };
            if let Some((_, issues)) = files.get_mut(&(self.ours[issue].1.key.kind, place.rule, path)) {
                issues.push(issue);
            }
        }
        files.retain(|(_, _, path), (_, issues)| *path != 0 && !issues.is_empty());
        for changed in [false, true] {
            // What was paired tells where the rest went.
            let drift = self.drift();
            for (drafts, issues) in files.values() {
                self.pair_in_order(drafts, issues, |old, new| {
                    if same(old.lines, new.lines) {
                        let closeness = closeness(drift.distance(old, new));
                        return Some(3_000 + 400 * around(old, new) + closeness);
                    }
                    changed.then(|| changed_a_little(old, new, drift.distance(old, new))).flatten()
                });
            }
        }
    }

    /// Files that were renamed: most of what vanished from the one is new in the other, and came from nowhere else.
    fn renamed(&self, vanished: &[usize], fresh: &[usize]) -> HashMap<u32, u32> {
        let mut by_content = self.by_content(fresh);
        by_content.retain(|_, drafts| drafts.len() < 100);
        let mut votes: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        for &issue in vanished.iter().filter(|at| !self.taken.contains_key(*at)) {
            let Some(old) = self.old_place(issue) else { continue };
            let found = by_content.get(&content(old, self.ours[issue].1.key.kind)).into_iter().flatten();
            let mut paths: Vec<u32> = found
                .filter_map(|&draft| self.new_place(draft))
                .filter(|new| new.path != old.path && new.path != 0)
                .map(|new| new.path)
                .collect();
            paths.sort_unstable();
            paths.dedup();
            paths.into_iter().for_each(|path| *votes.entry((old.path, path)).or_default() += 1);
        }
        let mut best = Mutual::default();
        votes.into_iter().for_each(|((old, new), votes)| best.vote(old, new, votes));
        best.pairs().collect()
    }

    /// Pairs code that moved to another file: each the other's only best match, with a neighbour that moved along or
    /// content that stands nowhere else.
    fn moved(&mut self, vanished: &[usize], fresh: &[usize]) {
        let all: Vec<usize> = (0..self.issue_at.len()).collect();
        let everywhere = self.by_content(&all);
        let new_content = self.by_content(fresh);
        let mut best = Mutual::default();
        // When a closed issue's finding vanished is not known, so its decision goes no further than its file.
        for &issue in vanished.iter().filter(|at| !self.taken.contains_key(*at) && self.is_open(**at)) {
            let Some(old) = self.old_place(issue).filter(|old| old.path != 0 && old.lines != 0) else { continue };
            let content = content(old, self.ours[issue].1.key.kind);
            // A line of code may stand anywhere; a package's vulnerability or a resource is what it is.
            let telling = old.line == 0 || everywhere.get(&content).is_some_and(|drafts| drafts.len() == 1);
            for &draft in new_content.get(&content).into_iter().flatten() {
                let Some(new) = self.new_place(draft).filter(|new| new.path != 0) else { continue };
                let around = around(old, new);
                if self.issue_at[draft].is_none() && (telling || around > 0) && self.share_a_scanner(draft, issue) {
                    best.vote(issue, draft, 1 + 400 * around + closeness(Some(old.line.abs_diff(new.line))));
                }
            }
        }
        best.pairs().for_each(|(issue, draft)| self.pair(draft, issue));
    }

    fn by_content(&self, drafts: &[usize]) -> HashMap<(Option<Kind>, u32, u32), Vec<usize>> {
        let mut by_content: HashMap<_, Vec<usize>> = HashMap::new();
        for &draft in drafts {
            if let Some(place) = self.new_place(draft).filter(|place| place.lines != 0) {
                by_content.entry(content(place, self.planner.drafts[draft].key.kind)).or_default().push(draft);
            }
        }
        by_content
    }
}

/// Pairs that are each other's only best match.
#[derive(Default)]
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

fn content(place: &Place, kind: Option<Kind>) -> (Option<Kind>, u32, u32) {
    (kind, place.rule, place.lines)
}

/// Zero digests are unknown and agree with nothing.
fn same(a: u32, b: u32) -> bool {
    a != 0 && a == b
}

/// How many of the lines around agree: the one before, the one after, the one that it stands under.
fn around(old: &Place, new: &Place) -> u32 {
    [(old.before, new.before), (old.after, new.after), (old.heading, new.heading)]
        .into_iter()
        .map(|(old, new)| u32::from(same(old, new)))
        .sum()
}

fn closeness(distance: Option<u32>) -> u32 {
    distance.map_or(0, |distance| 100u32.saturating_sub(distance))
}

/// Whether the content changed a little near the same place, and how well it agrees.
fn changed_a_little(old: &Place, new: &Place, distance: Option<u32>) -> Option<u32> {
    let distance = distance.filter(|distance| *distance <= NEAR)?;
    let around = around(old, new);
    let shared = (old.words & new.words).count_ones();
    let all = (old.words | new.words).count_ones();
    let alike = if old.words == 0 || new.words == 0 { ALIKE } else { f64::from(shared) / f64::from(all) };
    let is_same = alike >= ALIKE || (around > 0 && alike >= SOMEWHAT_ALIKE) || around > 1;
    is_same.then(|| 1 + 400 * around + (1_000.0 * alike) as u32 + closeness(Some(distance)))
}
