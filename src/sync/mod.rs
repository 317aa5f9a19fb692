//! The whole way: scans and what the trackers hold → plan → apply. Everything is decided in the modules that this one
//! calls; here they are only put in a row.

mod error;
mod input;
mod planned;
mod policy;
mod settings;
mod snapshot;

pub use error::Error;
pub use input::Input;
pub use planned::Planned;

use self::input::Homes;
use self::policy::MappingPolicy;
use self::snapshot::Snapshot;
use crate::apply::{self, Applied};
use crate::plan::{Action, Change, Plan, Planner, Policy as _, Route, ScanFacts, Settings};
use crate::template::comment;
use crate::trackers::Track;

/// What planning one mapping needs, put together once.
struct MappingPlanner<'a> {
    policy: MappingPolicy<'a>,
    settings: Settings,
    scans: Vec<ScanFacts>,
}

impl<'a> MappingPlanner<'a> {
    fn new(
        input: &Input<'a>,
        index: usize,
        snapshot: &Snapshot,
        tracker: &dyn Track,
        homes: &Homes,
    ) -> Result<Self, Error> {
        let policy = MappingPolicy::new(input, index, snapshot, tracker, homes)?;
        let settings = settings::settings(input, index, snapshot, tracker);
        let scans =
            input.scans.iter().map(|scan| ScanFacts::new(scan, &|finding| policy.list_title(finding))).collect();
        Ok(Self { policy, settings, scans })
    }

    fn planner(&self) -> Planner<'_> {
        Planner { scans: &self.scans, policy: &self.policy, settings: &self.settings }
    }
}

/// Plans all mappings. `trackers` are in the order of the mappings.
///
/// # Errors
/// Where a tracker cannot be read, a template of the mapping file does not work, or a decision's key names several
/// findings. Nothing is changed in any case.
pub async fn plan(input: &Input<'_>, trackers: &[Box<dyn Track>]) -> Result<Vec<Planned>, Error> {
    let mappings = &input.config.mappings;
    let mut snapshots = snapshot::read(input.config, trackers).await?;
    let mut homes = assign_orphans(input, trackers, &mut snapshots)?;
    let mut plans = plan_all(input, trackers, &snapshots, &homes)?;
    // What is empty of the open issues, and the closed ones that some scope still reports, is empty. Else the other closed
    // ones are looked at before anything is opened, closed or reopened. What has no issue here may have one where its route
    // led before.
    let everywhere = !input.config.routes.is_empty() && mappings.len() > 1;
    for elsewhere in [false, true] {
        let opens = |plan: &Plan| plan.count(Action::Open) > 0;
        let any = elsewhere && everywhere && plans.iter().any(opens);
        let mut grown = false;
        for (index, (mapping, tracker)) in mappings.iter().zip(trackers).enumerate() {
            let needed = any || !elsewhere && !plans[index].changes.is_empty();
            if needed && !snapshots[index].has_closed {
                snapshot::read_closed(&mut snapshots[index], mapping, mappings, tracker.as_ref()).await?;
                grown = true;
            }
        }
        if grown {
            homes = assign_orphans(input, trackers, &mut snapshots)?;
            plans = plan_all(input, trackers, &snapshots, &homes)?;
        }
    }
    let mut all = Vec::new();
    for (index, (mut plan, mut snapshot)) in plans.into_iter().zip(snapshots).enumerate() {
        let wrap = |source| Error::Tracker { mapping: mappings[index].label.clone(), source };
        let tracker = trackers[index].as_ref();
        if snapshot::check_reopenable(&plan, &mut snapshot.issues, tracker).await.map_err(wrap)? {
            plan = plan_one(input, index, tracker, &snapshot, &homes)?;
        }
        all.push(Planned { mapping: index, plan, snapshot, homes: homes.clone() });
    }
    Ok(all)
}

fn plan_all(
    input: &Input<'_>,
    trackers: &[Box<dyn Track>],
    snapshots: &[Snapshot],
    homes: &Homes,
) -> Result<Vec<Plan>, Error> {
    let each = snapshots.iter().zip(trackers).enumerate();
    each.map(|(index, (snapshot, tracker))| plan_one(input, index, tracker.as_ref(), snapshot, homes)).collect()
}

fn plan_one(
    input: &Input<'_>,
    index: usize,
    tracker: &dyn Track,
    snapshot: &Snapshot,
    homes: &Homes,
) -> Result<Plan, Error> {
    let mapping = MappingPlanner::new(input, index, snapshot, tracker, homes)?;
    let plan = mapping.planner().plan(&snapshot.issues);
    if let Some(source) = mapping.policy.failure() {
        return Err(Error::Template { mapping: mapping.policy.mapping.label.clone(), source });
    }
    if let Some(ambiguous) = mapping.policy.ambiguous() {
        let members = ambiguous.uids.iter().map(|uid| format!("`{}`", ambiguous.key.of_member(*uid))).collect();
        return Err(Error::AmbiguousKey { key: ambiguous.key.to_string(), members });
    }
    Ok(plan)
}

/// Gives each issue of a mapping that the file no longer knows (it was renamed) to one of those that lead to its project: to
/// the first to which one of its findings is routed, else to the first. Then finds out which findings have their issue where.
fn assign_orphans(input: &Input<'_>, trackers: &[Box<dyn Track>], snapshots: &mut [Snapshot]) -> Result<Homes, Error> {
    let mappings = &input.config.mappings;
    let mut homes = Homes::new();
    if mappings.len() == 1 {
        return Ok(homes);
    }
    for (candidates, issue) in snapshot::take_orphans(snapshots, mappings) {
        let mut taker = None;
        for &index in &candidates {
            let mapping =
                MappingPlanner::new(input, index, &snapshots[index], trackers[index].as_ref(), &Homes::new())?;
            let found = mapping.planner().at_home(std::slice::from_ref(&issue));
            if found.iter().any(|at| mapping.policy.route(&[*at]) != Route::Elsewhere) {
                taker = Some(index);
                break;
            }
        }
        if let Some(index) = taker.or_else(|| candidates.first().copied()) {
            snapshots[index].issues.push(issue);
        }
    }
    for (index, tracker) in trackers.iter().enumerate() {
        let mapping = MappingPlanner::new(input, index, &snapshots[index], tracker.as_ref(), &Homes::new())?;
        for at in mapping.planner().at_home(&snapshots[index].issues) {
            homes.entry(at).or_default().push(index);
        }
    }
    Ok(homes)
}

/// Carries out the plan of one mapping.
///
/// # Errors
/// Where a template or glob of the mapping file does not work, which planning would have said.
pub async fn apply(
    input: &Input<'_>,
    planned: &Planned,
    tracker: &dyn Track,
    progress: &mut dyn FnMut(usize, &Change),
) -> Result<Applied, Error> {
    let limits = tracker.limits();
    let mapping = MappingPlanner::new(input, planned.mapping, &planned.snapshot, tracker, &planned.homes)?;
    let context = apply::Context {
        planner: mapping.planner(),
        tracker,
        issues: &planned.snapshot.issues,
        say: &|note| comment(note, &input.run, &limits),
    };
    Ok(apply::apply(&context, &planned.plan, progress).await)
}
