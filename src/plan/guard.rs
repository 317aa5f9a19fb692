//! The guard: refuses a plan that looks like an accident, and names the setting that lets it pass.

use super::world::World;
use super::{Action, Change, Plan, Refusal, Write};
use crate::finding::{Kind, Scope, Status};

/// From how many open issues on the share of closed ones is looked at.
const MIN_ISSUES: usize = 10;

pub(super) fn check(plan: &Plan, world: &World<'_>) -> Option<Refusal> {
    too_much_closed(plan, world).or_else(|| published_unasked(plan, world))
}

/// Closing more than a share of what is open in the covered scopes looks like a broken scan.
fn too_much_closed(plan: &Plan, world: &World<'_>) -> Option<Refusal> {
    let gone = |change: &&Change| change.action == Action::Close && change.status == Status::Closed;
    let closing = plan.changes.iter().filter(gone).count();
    let is_covered = |home: &usize| {
        let stamp = world.homes[*home].stamp;
        let mut words = stamp.into_iter().flat_map(|stamp| &stamp.members).flat_map(|member| &member.words);
        let is_read = |scope: &Scope| world.scans.iter().any(|scan| *scan.scope == *scope);
        world.homes[*home].was_open() && words.any(|word| is_read(&word.scope))
    };
    if closing == 0 {
        return None;
    }
    let covered = (0..world.homes.len()).filter(is_covered).count();
    let limit = usize::from(world.planner.settings.max_close_percent);
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
fn published_unasked(plan: &Plan, world: &World<'_>) -> Option<Refusal> {
    if !world.planner.settings.publishing_unasked {
        return None;
    }
    let telling = |change: &&Change| {
        matches!(&change.write, Write::New(new) if !new.confidential)
            && change.kinds.iter().any(|kind| !matches!(kind, Kind::Dependency | Kind::Other))
    };
    let count = plan.changes.iter().filter(telling).count();
    (count > 0).then(|| Refusal {
        rule: "public",
        detail: match count {
            1 => "this project is public; 1 finding in your own code would become visible to everyone".to_owned(),
            _ => format!("this project is public; {count} findings in your own code would become visible to everyone"),
        },
        hint: "set `public: minimal` (rule and place only) or `public: full` in the mapping, or use a private project"
            .to_owned(),
    })
}
