//! Carry-forward: where one key is new and another just vanished, and code and rule say that they are the same finding,
//! it keeps its issue. Ambiguity carries nothing forward.

use std::collections::{HashMap, HashSet};

use super::Planner;
use crate::finding::Kind;
use crate::issue::{Issue, Place, Stamp, State};

/// Lines that a finding may have moved and still be thought near.
const NEAR: u32 = 10;

/// Pairs of a draft without issue and a vanished issue that are each other's only best match.
pub(super) fn forward(
    planner: &Planner<'_>,
    ours: &[(&Issue, &Stamp)],
    issue_at: &[Option<usize>],
    taken: &HashMap<usize, usize>,
) -> Vec<(usize, usize)> {
    let vanished: Vec<usize> =
        (0..ours.len()).filter(|at| !taken.contains_key(at) && just_vanished(planner, ours[*at])).collect();
    if vanished.is_empty() {
        return Vec::new();
    }
    let mut by_rule: HashMap<(Option<Kind>, u32), Vec<usize>> = HashMap::new();
    for &at in &vanished {
        let (_, stamp) = ours[at];
        by_rule.entry((stamp.key.kind, stamp.members[0].place.rule)).or_default().push(at);
    }
    // For each side: its best partner, the score, and whether another is as good.
    let mut best_for_draft: HashMap<usize, (usize, u32, bool)> = HashMap::new();
    let mut best_for_issue: HashMap<usize, (usize, u32, bool)> = HashMap::new();
    let better = |best: &mut HashMap<usize, (usize, u32, bool)>, one: usize, other: usize, score: u32| {
        let entry = best.entry(one).or_insert((other, 0, false));
        if score > entry.1 {
            *entry = (other, score, false);
        } else if score == entry.1 {
            entry.2 = true;
        }
    };
    for (draft, _) in issue_at.iter().enumerate().filter(|(_, at)| at.is_none()) {
        let [member] = planner.drafts[draft].members.as_slice() else { continue };
        let Some(candidates) = by_rule.get(&(planner.drafts[draft].key.kind, member.place.rule)) else { continue };
        for &at in candidates {
            let (_, stamp) = ours[at];
            let same_scanner =
                stamp.scopes.iter().any(|scope| member.scopes.iter().any(|s| s.scanner == scope.scope.scanner));
            let old = &stamp.members[0].place;
            // When a closed issue's finding vanished is not known, so its decision goes no further than its file.
            let in_reach = ours[at].0.state == State::Open || old.path == member.place.path;
            if let Some(score) = score(&member.place, old).filter(|_| same_scanner && in_reach) {
                better(&mut best_for_draft, draft, at, score);
                better(&mut best_for_issue, at, draft, score);
            }
        }
    }
    let mut pairs: Vec<(usize, usize)> = best_for_draft
        .into_iter()
        .filter(|(draft, (at, _, tie))| {
            !tie && best_for_issue.get(at).is_some_and(|(back, _, tie)| back == draft && !tie)
        })
        .map(|(draft, (at, _, _))| (draft, at))
        .collect();
    pairs.sort_unstable();
    pairs
}

/// Whether an issue's only finding is no longer reported although all that reported it were read whole. Closed issues
/// count where people decided about them: the decision goes with the code.
fn just_vanished(planner: &Planner<'_>, (issue, stamp): (&Issue, &Stamp)) -> bool {
    let [member] = stamp.members.as_slice() else { return false };
    let decided = issue.state == State::Closed && super::decide::standing_decision(issue, stamp).is_some();
    let scopes: HashSet<u32> = member.seen_by.iter().copied().collect();
    (issue.state == State::Open || decided)
        && stamp.key.kind.is_some()
        && member.place.rule != 0
        && !member.keys.iter().any(|key| planner.coverage.present(key))
        && !scopes.is_empty()
        && scopes.iter().all(|&at| planner.coverage.whole(&stamp.scopes[at as usize].scope))
}

/// How well two places agree; `None` where they are not the same finding. Zero digests are unknown and agree with nothing.
fn score(new: &Place, old: &Place) -> Option<u32> {
    let same = |a: u32, b: u32| a != 0 && a == b;
    let distance = new.line.abs_diff(old.line);
    let near = new.line != 0 && old.line != 0 && distance <= NEAR;
    let path = same(new.path, old.path);
    let lines = same(new.lines, old.lines);
    let around = u32::from(same(new.before, old.before)) + u32::from(same(new.after, old.after));
    let is_same = if path { lines || around > 0 || near } else { lines && old.path != 0 && new.path != 0 };
    // Content counts most, then its neighbours, then the place; distance only breaks ties.
    let closeness = if new.line == 0 || old.line == 0 { 0 } else { 100u32.saturating_sub(distance) };
    is_same.then(|| 1000 * u32::from(lines) + 400 * around + 600 * u32::from(path) + closeness + 1)
}
