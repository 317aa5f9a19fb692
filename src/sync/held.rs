//! What the trackers hold: read as far as it is needed, and shared out where several mappings lead to one project.

use std::collections::{BTreeSet, HashSet};

use super::{Drafts, Error, Input};
use crate::config::{Config, Mapping, OnManualClose, Public};
use crate::finding::{Key, Kind};
use crate::issue::{Draft, Issue, IssueId, State};
use crate::plan::{self, Action, Change, Plan};
use crate::trackers::{self, Track, Visibility, Which};
use crate::triage::Known;

/// What one tracker holds.
pub(super) struct Held {
    pub issues: Vec<Issue>,
    /// Who can read it; `None` where that makes no difference.
    pub visibility: Option<Visibility>,
    /// Whether the closed issues are among them.
    closed: bool,
}

/// Reads what planning needs, and drafts what should be. Open issues first; closed ones only where something wanted has
/// no open issue, as they may be reopened, teach other names, or tell what people decided.
pub(super) async fn read(input: &Input<'_>, trackers: &[Box<dyn Track>]) -> Result<(Vec<Held>, Vec<Drafts>), Error> {
    let Config { mappings, routes, .. } = input.config;
    let mut held = Vec::new();
    for (mapping, tracker) in mappings.iter().zip(trackers) {
        let wrap = |source| Error::Tracker { mapping: mapping.label.clone(), source };
        let issues = own(tracker.issues(Which::Open).await.map_err(wrap)?, mapping, mappings);
        // Asked only where what is written depends on it, or (below) something may be opened: it costs a request.
        let matters = tracker.limits().confidential || mapping.public == Some(Public::Minimal);
        let visibility = if matters { Some(tracker.visibility().await.map_err(wrap)?) } else { None };
        held.push(Held { issues, visibility, closed: false });
    }
    share_out(input, trackers, &mut held)?;
    let mut drafts = super::drafts(input, trackers, &held)?;
    // First where something is wanted. If it is not even among the closed issues there, it may be among those of a
    // mapping that its route led to before, where people have decided it.
    let everywhere = !routes.is_empty() && mappings.len() > 1;
    for elsewhere in [false, true] {
        let wants = |at: usize| {
            let openable = |draft: &&Draft| !elsewhere || draft.held.is_none();
            let drafts = drafts[at].0.iter().filter(openable);
            plan::needs_closed(drafts, &held[at].issues, mappings[at].record_decisions)
        };
        let wanting: Vec<bool> = (0..mappings.len()).map(wants).collect();
        let any = elsewhere && everywhere && wanting.contains(&true);
        let mut grown = false;
        for (at, (mapping, tracker)) in mappings.iter().zip(trackers).enumerate() {
            if held[at].closed || !(any || !elsewhere && wanting[at]) {
                continue;
            }
            let wrap = |source| Error::Tracker { mapping: mapping.label.clone(), source };
            let closed = tracker.issues(Which::Closed).await.map_err(wrap)?;
            held[at].issues.extend(own(closed, mapping, mappings));
            held[at].closed = true;
            if held[at].visibility.is_none() {
                held[at].visibility = Some(tracker.visibility().await.map_err(wrap)?);
            }
            grown = true;
        }
        if grown {
            share_out(input, trackers, &mut held)?;
            drafts = super::drafts(input, trackers, &held)?;
        }
    }
    Ok((held, drafts))
}

/// Asks which of the issues that a plan would reopen cannot be. Whether there are any, so that it must be planned anew.
pub(super) async fn learn(plan: &Plan, issues: &mut [Issue], tracker: &dyn Track) -> Result<bool, trackers::Error> {
    let reopens = plan.changes.iter().filter(|change| change.action == Action::Reopen);
    let closed: Vec<IssueId> = reopens.filter_map(Change::issue).cloned().collect();
    if closed.is_empty() {
        return Ok(false);
    }
    let decided = tracker.closed_for_good(&closed).await?;
    for issue in issues.iter_mut() {
        let decision = decided.iter().find(|(number, _)| *number == issue.id.number);
        issue.decision = decision.map(|(_, decision)| decision.clone()).or(issue.decision.take());
    }
    Ok(!decided.is_empty())
}

/// What the trackers teach triage: which keys are one finding's, and which findings have their issue where: an open one,
/// or one that people closed for good.
pub(super) fn known(held: &[Held], mappings: &[Mapping]) -> Known {
    let mut known = Known::default();
    for (Held { issues, .. }, mapping) in held.iter().zip(mappings) {
        let mut home = HashSet::new();
        let keep = mapping.on_manual_close == OnManualClose::Keep;
        for issue in issues.iter().filter(|issue| issue.trusted) {
            let Some(stamp) = &issue.stamp else { continue };
            if issue.state == State::Open || plan::stays_closed(issue, keep) {
                home.extend(stamp.keys());
            }
            let names = stamp.members.iter().map(|member| &member.keys);
            let vulnerabilities =
                names.filter(|keys| keys.len() > 1 && keys.iter().all(|key| key.kind == Some(Kind::Dependency)));
            known.aliases.extend(vulnerabilities.cloned());
        }
        known.homes.push(home);
    }
    known
}

/// Whether two mappings lead to the same project, so that they list the same issues.
fn same_project(one: &Mapping, other: &Mapping) -> bool {
    one.instance == other.instance && one.project.name.eq_ignore_ascii_case(&other.project.name)
}

/// Labels of the other mappings that lead to the same project.
pub(super) fn siblings(mapping: &Mapping, all: &[Mapping]) -> Vec<String> {
    let is_sibling = |other: &&Mapping| other.label != mapping.label && same_project(mapping, other);
    all.iter().filter(is_sibling).map(|other| other.label.clone()).collect()
}

/// The issues without those of another mapping of this file that leads to the same project.
fn own(issues: Vec<Issue>, mapping: &Mapping, all: &[Mapping]) -> Vec<Issue> {
    let siblings = siblings(mapping, all);
    let is_own = |issue: &Issue| issue.stamp.as_ref().is_none_or(|stamp| !siblings.contains(&stamp.mapping));
    issues.into_iter().filter(is_own).collect()
}

/// Gives each issue of a mapping that the file no longer knows (it was renamed) to one of those that lead to its project:
/// to the first that wants it and has no other, else to the first that wants it, else to the first.
fn share_out(input: &Input<'_>, trackers: &[Box<dyn Track>], held: &mut [Held]) -> Result<(), Error> {
    let mappings = &input.config.mappings;
    let mut strays: Vec<(usize, Issue)> = Vec::new();
    for (at, mapping) in mappings.iter().enumerate() {
        if siblings(mapping, mappings).is_empty() {
            continue;
        }
        let is_stray = |issue: &mut Issue| issue.stamp.as_ref().is_some_and(|stamp| stamp.mapping != mapping.label);
        strays.extend(held[at].issues.extract_if(.., is_stray).map(|issue| (at, issue)));
    }
    if strays.is_empty() {
        return Ok(());
    }
    // By the routes alone: an issue that is nobody's yet is no finding's home.
    let drafts = super::drafts(input, trackers, held)?;
    let keys = |drafts: &Drafts| drafts.0.iter().flat_map(Draft::keys).collect::<HashSet<Key>>();
    let wanted: Vec<HashSet<Key>> = drafts.iter().map(keys).collect();
    let open = |issue: &&Issue| issue.trusted && issue.state == State::Open;
    let has = |held: &Held| -> HashSet<Key> {
        held.issues
            .iter()
            .filter(open)
            .filter_map(|issue| issue.stamp.as_ref())
            .flat_map(|stamp| stamp.keys())
            .collect()
    };
    let has: Vec<HashSet<Key>> = held.iter().map(has).collect();
    for (at, issue) in strays {
        let own: BTreeSet<Key> = issue.stamp.iter().flat_map(|stamp| stamp.keys()).collect();
        let among = |set: &HashSet<Key>| own.iter().any(|key| set.contains(key));
        let listing = |other: &usize| {
            let (one, other) = (&mappings[at], &mappings[*other]);
            same_project(one, other) && one.own_label == other.own_label
        };
        let rank = |other: &usize| match (among(&wanted[*other]), among(&has[*other])) {
            (true, false) => 0,
            (true, true) => 1,
            (false, _) => 2,
        };
        if (0..mappings.len()).filter(listing).min_by_key(rank) == Some(at) {
            held[at].issues.push(issue);
        }
    }
    Ok(())
}
