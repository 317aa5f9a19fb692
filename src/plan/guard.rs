//! The guard: refuses a plan that looks like an accident, and names the setting that lets it pass.

use super::{Action, Change, Held, Plan, Planner, Write, matching};
use crate::finding::{Kind, Status};
use crate::issue::{Issue, State};

/// From how many open issues on the share of closed ones is looked at.
const MIN_ISSUES: usize = 10;

/// Why a whole plan is refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// The rule: `max_close_percent` or `public`.
    pub rule: &'static str,
    /// What would have happened.
    pub detail: String,
    /// Which setting lets it pass, and how to go on.
    pub hint: String,
}

pub(super) fn check(plan: &mut Plan, planner: &Planner<'_>, issues: &[Issue]) {
    plan.refusal = too_much_closed(plan, planner, issues).or_else(|| published_unasked(plan, planner));
    hold_surplus(plan, planner.settings.max_open);
}

/// Closing more than a share of what is open in the covered scopes looks like a broken scan.
fn too_much_closed(plan: &Plan, planner: &Planner<'_>, issues: &[Issue]) -> Option<Refusal> {
    let gone = |change: &&Change| change.action == Action::Close && change.status == Status::Closed;
    let closing = plan.changes.iter().filter(gone).count();
    let covered = matching::ours(issues)
        .filter(|(issue, stamp)| {
            issue.state == State::Open && stamp.scopes.iter().any(|known| planner.coverage.touched(&known.scope))
        })
        .count();
    let limit = usize::from(planner.settings.max_close_percent);
    (covered >= MIN_ISSUES && closing * 100 > covered * limit).then(|| Refusal {
        rule: "max_close_percent",
        detail: format!("{closing} of {covered} open issues would be closed, and the limit is {limit} %"),
        hint: format!(
            "if that many are really fixed, set `limits: {{ max_close_percent: {} }}` for this run",
            (closing * 100).div_ceil(covered.max(1)).min(100)
        ),
    })
}

/// In a project that everybody can read, an issue tells everybody: not without being asked.
fn published_unasked(plan: &Plan, planner: &Planner<'_>) -> Option<Refusal> {
    if !planner.settings.publishing_unasked {
        return None;
    }
    let telling = |change: &&Change| {
        let draft = change.draft.map(|at| &planner.drafts[at]);
        matches!(&change.write, Write::New(new) if !new.confidential)
            && draft.is_some_and(|draft| draft.kinds.iter().any(|kind| !matches!(kind, Kind::Dependency | Kind::Other)))
    };
    let count = plan.changes.iter().filter(telling).count();
    (count > 0).then(|| Refusal {
        rule: "public",
        detail: format!("{count} issues about weaknesses of your own would be opened where everybody can read them"),
        hint: "set `public: minimal` (rule and place only) or `public: full` in the mapping, or use a private project"
            .to_owned(),
    })
}

/// Opens the worst first and leaves the rest to the next run.
fn hold_surplus(plan: &mut Plan, max_open: usize) {
    let opens = plan.count(Action::Open);
    if opens <= max_open {
        return;
    }
    let mut seen = 0;
    let (kept, surplus): (Vec<_>, Vec<_>) = std::mem::take(&mut plan.changes).into_iter().partition(|change| {
        seen += usize::from(change.action == Action::Open);
        change.action != Action::Open || seen <= max_open
    });
    plan.changes = kept;
    plan.held.extend(surplus.into_iter().map(|change| Held {
        key: change.key,
        title: change.title,
        severity: change.severity,
        status: change.status,
        action: Action::Open,
        issue: None,
        reason: format!("left for the next run: more than `max_open: {max_open}` at once"),
    }));
}
