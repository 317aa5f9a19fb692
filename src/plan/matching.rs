//! Which issue belongs to which draft: by key, open before closed, the oldest first; each issue serves one draft.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::carry::Pairing;
use super::{Draft, Planner};
use crate::finding::Key;
use crate::issue::{CloseReason, Issue, IssueId, MemberStamp, Stamp, State};

/// What came of matching.
pub(super) struct Matched<'a> {
    /// The issue of each draft.
    pub issue_of: Vec<Option<&'a Issue>>,
    /// Open issues that are one too many, with the issue that stays.
    pub duplicates: Vec<(&'a Issue, &'a IssueId)>,
    /// Issues that serve no draft.
    pub orphans: Vec<&'a Issue>,
    /// Issues of equal findings of which there are fewer now: other issues carry their keys from now on.
    pub displaced: Vec<&'a Issue>,
    /// Keys that drafts' issues carry from now on.
    pub claimed: BTreeSet<Key>,
    /// Members of merged issues that the draft's issue takes over.
    heirs: HashMap<usize, Vec<(&'a MemberStamp, &'a Stamp)>>,
}

impl<'a> Matched<'a> {
    /// What a draft's issue takes over from its duplicates.
    pub(super) fn heirs(&self, draft: usize) -> &[(&'a MemberStamp, &'a Stamp)] {
        self.heirs.get(&draft).map_or(&[], Vec::as_slice)
    }
}

/// The issues that are ours: stamped, and by somebody who may write. Each once, with its stamp.
pub(super) fn ours(issues: &[Issue]) -> impl Iterator<Item = (&Issue, &Stamp)> {
    let mut seen = BTreeSet::new();
    issues.iter().filter_map(move |issue| {
        let stamp = issue.stamp.as_ref().filter(|_| issue.trusted && seen.insert(issue.id.number))?;
        let retired = issue.state == State::Closed
            && (stamp.duplicate_of.is_some() || issue.closed_as == Some(CloseReason::Duplicate));
        (!retired).then_some((issue, stamp))
    })
}

/// Issues that bear our label and a stamp, but by somebody whose stamps do not count; by key, the oldest.
pub(super) fn suspects(issues: &[Issue]) -> HashMap<Key, &IssueId> {
    let mut suspects: HashMap<Key, &IssueId> = HashMap::new();
    for issue in issues.iter().filter(|issue| issue.labelled && !issue.trusted) {
        for key in issue.stamp.iter().flat_map(Stamp::keys) {
            let known = suspects.entry(key).or_insert(&issue.id);
            *known = (*known).min(&issue.id);
        }
    }
    suspects
}

/// Finds each draft's issue.
pub(super) fn match_drafts<'a>(planner: &Planner<'_>, issues: &'a [Issue]) -> Matched<'a> {
    let mut ours: Vec<(&Issue, &Stamp)> = ours(issues).collect();
    // Open ones from the oldest on; of closed ones the newest tells best where the finding stands.
    ours.sort_by_key(|(issue, _)| match issue.state {
        State::Open => (0, issue.id.number, Reverse(0)),
        State::Closed => (1, 0, Reverse(issue.id.number)),
    });
    let mut by_key: HashMap<Key, Vec<usize>> = HashMap::new();
    for (at, (_, stamp)) in ours.iter().enumerate() {
        for key in stamp.keys().collect::<BTreeSet<_>>() {
            by_key.entry(key).or_default().push(at);
        }
    }
    let sharing = |draft: &Draft| {
        let keys: BTreeSet<Key> = draft.keys().collect();
        let mut at: Vec<usize> = keys.iter().filter_map(|key| by_key.get(key)).flatten().copied().collect();
        at.sort_unstable();
        at.dedup();
        at
    };
    let sharing: Vec<Vec<usize>> = planner.drafts.iter().map(sharing).collect();
    let mut wanted = vec![0_usize; ours.len()];
    sharing.iter().flatten().for_each(|&at| wanted[at] += 1);

    let mut order: Vec<usize> = (0..planner.drafts.len()).collect();
    order.sort_by_key(|&draft| planner.drafts[draft].key);
    let mut pairing = Pairing {
        planner,
        ours: &ours,
        issue_at: vec![None; planner.drafts.len()],
        taken: HashMap::new(),
        displaced: HashSet::new(),
    };
    // Open issues before closed ones. The oldest open one, whatever it is called, unless another draft wants it, too:
    // then it is for the one of the same canonical key.
    let by_key = |pairing: &mut Pairing<'_, '_>| {
        for (state, same) in [(State::Open, true), (State::Open, false), (State::Closed, true), (State::Closed, false)]
        {
            for &draft in &order {
                if pairing.issue_at[draft].is_some() {
                    continue;
                }
                let fits = |at: &usize| {
                    let (issue, stamp) = ours[*at];
                    let free = !pairing.taken.contains_key(at) && !pairing.displaced.contains(at);
                    let contested = state == State::Closed || wanted[*at] > 1;
                    let is_same = contested && stamp.key == planner.drafts[draft].key;
                    issue.state == state && free && (!same || is_same)
                };
                if let Some(&at) = sharing[draft].iter().find(|at| fits(at)) {
                    pairing.pair(draft, at);
                }
            }
        }
    };
    by_key(&mut pairing);
    if pairing.sort_out_equals() {
        by_key(&mut pairing);
    }
    pairing.carry_forward();
    let Pairing { issue_at, taken, displaced, .. } = pairing;

    let claimed = planner.drafts.iter().flat_map(Draft::keys).collect();
    let mut matched = Matched {
        issue_of: issue_at.iter().map(|at| at.map(|at| ours[at].0)).collect(),
        duplicates: Vec::new(),
        orphans: Vec::new(),
        displaced: Vec::new(),
        claimed,
        heirs: HashMap::new(),
    };
    // The keeper of a key is the issue of the first draft that has it.
    let mut keeper_of: HashMap<Key, usize> = HashMap::new();
    for &draft in order.iter().rev() {
        if issue_at[draft].is_some_and(|at| ours[at].0.state == State::Open) {
            keeper_of.extend(planner.drafts[draft].keys().map(|key| (key, draft)));
        }
    }
    // Undrafted issues may be twins of one another, too: the first of them that is open keeps the key.
    let mut first_of: HashMap<Key, usize> = HashMap::new();
    for (at, &(issue, stamp)) in ours.iter().enumerate() {
        if taken.contains_key(&at) || issue.state == State::Closed {
            continue;
        }
        if displaced.contains(&at) {
            matched.displaced.push(issue);
            continue;
        }
        let keys: BTreeSet<Key> = stamp.keys().collect();
        if let Some(&draft) = keys.iter().find_map(|key| keeper_of.get(key)) {
            let keeper = issue_at[draft].map(|at| &ours[at].0.id);
            let Some(keeper) = keeper else { continue };
            let rest =
                stamp.members.iter().filter(|member| !member.keys.iter().any(|key| matched.claimed.contains(key)));
            matched.heirs.entry(draft).or_default().extend(rest.map(|member| (member, stamp)));
            matched.duplicates.push((issue, keeper));
        } else if let Some(&first) = first_of.get(&stamp.key).filter(|_| !matched.claimed.contains(&stamp.key)) {
            matched.duplicates.push((issue, &ours[first].0.id));
        } else {
            first_of.insert(stamp.key, at);
            matched.orphans.push(issue);
        }
    }
    matched
}
