//! The whole way: scans and what the trackers hold → plan → apply. Everything is decided in the modules that this one
//! calls; here they are only put in a row.

mod compiled;
mod error;
mod input;
mod planned;
mod policy;
mod settings;
mod snapshot;

pub use error::Error;
pub use input::Input;
pub use planned::Planned;

use std::sync::Arc;

use self::compiled::Compiled;
use self::input::Homes;
use self::policy::MappingPolicy;
use self::snapshot::Snapshot;
use crate::apply::{self, Applied};
use crate::plan::{Action, Change, Plan, Planner, Policy as _, Route, ScanFacts, Settings};
use crate::template::{Templates, comment};
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
        compiled: &'a Compiled<'a>,
        index: usize,
        snapshot: &Snapshot,
        tracker: &dyn Track,
        kept: (&Arc<Homes>, &Arc<Templates>),
    ) -> Self {
        let policy = MappingPolicy::new(input, compiled, index, snapshot, tracker, kept);
        let settings = settings::settings(input, index, snapshot, tracker);
        let scans =
            input.scans.iter().map(|scan| ScanFacts::new(scan, &|finding| policy.list_title(finding))).collect();
        Self { policy, settings, scans }
    }

    fn planner(&self) -> Planner<'_> {
        Planner { scans: &self.scans, policy: &self.policy, settings: &self.settings }
    }
}

/// What all mappings are planned with.
struct Planning<'a> {
    input: &'a Input<'a>,
    compiled: &'a Compiled<'a>,
    trackers: &'a [Box<dyn Track>],
    /// Each mapping's.
    templates: Vec<Arc<Templates>>,
}

/// Plans all mappings. `trackers` are in the order of the mappings.
///
/// # Errors
/// Where a tracker cannot be read, a template of the mapping file does not work, or a decision's key names several
/// findings. Nothing is changed in any case.
pub async fn plan(input: &Input<'_>, trackers: &[Box<dyn Track>]) -> Result<Vec<Planned>, Error> {
    let mappings = &input.config.mappings;
    let mut snapshots = snapshot::read(input.config, trackers).await?;
    let templates = compiled::templates(mappings)?;
    let planning = Planning { input, compiled: &Compiled::new(input)?, trackers, templates };
    let mut homes = planning.assign_orphans(&mut snapshots);
    let mut plans = planning.plan_all(&snapshots, &homes)?;
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
            homes = planning.assign_orphans(&mut snapshots);
            plans = planning.plan_all(&snapshots, &homes)?;
        }
    }
    let mut all = Vec::new();
    for (index, (mut plan, mut snapshot)) in plans.into_iter().zip(snapshots).enumerate() {
        let wrap = |source| Error::Tracker { mapping: mappings[index].label.clone(), source };
        let tracker = trackers[index].as_ref();
        if snapshot::check_reopenable(&plan, &mut snapshot.issues, tracker).await.map_err(wrap)? {
            plan = planning.plan_one(index, &snapshot, &homes)?;
        }
        let (homes, templates) = (Arc::clone(&homes), Arc::clone(&planning.templates[index]));
        all.push(Planned { mapping: index, plan, snapshot, homes, templates });
    }
    Ok(all)
}

impl Planning<'_> {
    fn of(&self, index: usize, snapshot: &Snapshot, homes: &Arc<Homes>) -> MappingPlanner<'_> {
        let tracker = self.trackers[index].as_ref();
        MappingPlanner::new(self.input, self.compiled, index, snapshot, tracker, (homes, &self.templates[index]))
    }

    fn plan_all(&self, snapshots: &[Snapshot], homes: &Arc<Homes>) -> Result<Vec<Plan>, Error> {
        snapshots.iter().enumerate().map(|(index, snapshot)| self.plan_one(index, snapshot, homes)).collect()
    }

    fn plan_one(&self, index: usize, snapshot: &Snapshot, homes: &Arc<Homes>) -> Result<Plan, Error> {
        let mapping = self.of(index, snapshot, homes);
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

    /// Gives each issue of a mapping that the file no longer knows (it was renamed) to one of those that lead to its project:
    /// to the first to which one of its findings is routed, else to the first. Then finds out which findings have their issue
    /// where.
    fn assign_orphans(&self, snapshots: &mut [Snapshot]) -> Arc<Homes> {
        let mappings = &self.input.config.mappings;
        let mut homes = Homes::new();
        if mappings.len() == 1 {
            return Arc::new(homes);
        }
        let none = Arc::default();
        for (candidates, issue) in snapshot::take_orphans(snapshots, mappings) {
            let is_taker = |index: &&usize| {
                let mapping = self.of(**index, &snapshots[**index], &none);
                let found = mapping.planner().at_home(std::slice::from_ref(&issue));
                found.iter().any(|at| mapping.policy.route(&[*at]) != Route::Elsewhere)
            };
            let taker = candidates.iter().find(is_taker).or_else(|| candidates.first()).copied();
            if let Some(index) = taker {
                snapshots[index].issues.push(issue);
            }
        }
        // Where there is no issue, none has a home.
        for (index, snapshot) in snapshots.iter().enumerate().filter(|(_, snapshot)| !snapshot.issues.is_empty()) {
            for at in self.of(index, snapshot, &none).planner().at_home(&snapshot.issues) {
                homes.entry(at).or_default().push(index);
            }
        }
        Arc::new(homes)
    }
}

/// Carries out the plan of one mapping.
///
/// # Errors
/// Where a glob of the mapping file does not work, which planning would have said.
pub async fn apply(
    input: &Input<'_>,
    planned: &Planned,
    tracker: &dyn Track,
    progress: &mut dyn FnMut(usize, &Change),
) -> Result<Applied, Error> {
    let limits = tracker.limits();
    let (compiled, kept) = (Compiled::new(input)?, (&planned.homes, &planned.templates));
    let mapping = MappingPlanner::new(input, &compiled, planned.mapping, &planned.snapshot, tracker, kept);
    let context = apply::Context {
        planner: mapping.planner(),
        tracker,
        issues: &planned.snapshot.issues,
        say: &|note| comment(note, &input.run, &limits),
    };
    Ok(apply::apply(&context, &planned.plan, progress).await)
}
