//! The whole way: scans and what the trackers hold → plan → apply. Everything is decided in the modules that this one
//! calls; here they are only put in a row.

mod desk;
mod snapshot;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use chrono::NaiveDate;

use self::desk::Desk;
use self::snapshot::Snapshot;
use crate::apply::{self, Applied};
use crate::ci::CodeLinks;
use crate::config::{Confidential, Config, Mapping, OnManualClose, OnReturn, Public, UpdatePolicy};
use crate::finding::{Run, Scan, Status};
use crate::issue::{CloseReason, State, StatusTarget, Update};
use crate::plan::{Change, Plan, Planner, ScanFacts, Settings};
use crate::template::{RunRef, Style, TemplateError, Templates, comment};
use crate::trackers::{self, Track, Visibility};
use crate::triage::{Decisions, GlobError, Routes, Statement};

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A tracker could not be read.
    #[error("cannot read the issues of mapping `{mapping}`: {source}")]
    Tracker {
        /// The mapping's label.
        mapping: String,
        /// What happened.
        source: trackers::Error,
    },
    /// A template of the mapping file does not work.
    #[error("mapping `{mapping}`: {source}")]
    Template {
        /// The mapping's label.
        mapping: String,
        /// What is wrong.
        source: TemplateError,
    },
    /// A decision names a key that several findings bear.
    #[error("the key `{key}` of a decision names several findings: {}", members.join(", "))]
    AmbiguousKey {
        /// The key.
        key: String,
        /// What names each of them.
        members: Vec<String>,
    },
    /// A glob of the mapping file does not work.
    #[error(transparent)]
    Glob(#[from] GlobError),
}

/// What a run starts from.
#[derive(Debug)]
pub struct Input<'a> {
    /// What the reports say.
    pub scans: &'a [Scan],
    /// The mapping file.
    pub config: &'a Config,
    /// What VEX documents say.
    pub vex: &'a [Statement],
    /// Where the scanned code can be looked at.
    pub links: Option<CodeLinks>,
    /// The run, for comments.
    pub run: RunRef,
    /// The checkout, where there is one.
    pub workspace: Option<PathBuf>,
    /// The newest run of this run's line that has finished, where the CI was asked.
    pub newest_finished: Option<Run>,
    /// The day.
    pub today: NaiveDate,
}

/// The plan of one mapping, with all that it was made from.
#[derive(Debug)]
pub struct Planned {
    /// Index into [`Config::mappings`].
    pub mapping: usize,
    /// What would bring the tracker in step.
    pub plan: Plan,
    snapshot: Snapshot,
    homes: Homes,
}

/// The mappings in which each finding of this run has its issue already, by scan and finding.
type Homes = BTreeMap<(usize, usize), Vec<usize>>;

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
        let opens = |plan: &Plan| plan.count(crate::plan::Action::Open) > 0;
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
    let desk = desk(input, index, snapshot, tracker, homes)?;
    let settings = settings(input, index, snapshot, tracker);
    let scans = facts(input, &desk);
    let plan = Planner { scans: &scans, policy: &desk, settings: &settings }.plan(&snapshot.issues);
    if let Some(source) = desk.failure() {
        return Err(Error::Template { mapping: desk.mapping.label.clone(), source });
    }
    if let Some(ambiguous) = desk.ambiguous() {
        let members = ambiguous.uids.iter().map(|uid| format!("`{}`", ambiguous.key.of_member(*uid))).collect();
        return Err(Error::AmbiguousKey { key: ambiguous.key.to_string(), members });
    }
    Ok(plan)
}

fn facts(input: &Input<'_>, desk: &Desk<'_>) -> Vec<ScanFacts> {
    input.scans.iter().map(|scan| ScanFacts::new(scan, &|finding| desk.list_title(finding))).collect()
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
            let desk = desk(input, index, &snapshots[index], trackers[index].as_ref(), &Homes::new())?;
            let settings = settings(input, index, &snapshots[index], trackers[index].as_ref());
            let scans = facts(input, &desk);
            let planner = Planner { scans: &scans, policy: &desk, settings: &settings };
            let found = planner.at_home(std::slice::from_ref(&issue));
            let routed =
                found.iter().any(|at| crate::plan::Policy::route(&desk, &[*at]) != crate::plan::Route::Elsewhere);
            if routed {
                taker = Some(index);
                break;
            }
        }
        if let Some(index) = taker.or_else(|| candidates.first().copied()) {
            snapshots[index].issues.push(issue);
        }
    }
    for (index, tracker) in trackers.iter().enumerate() {
        let desk = desk(input, index, &snapshots[index], tracker.as_ref(), &Homes::new())?;
        let settings = settings(input, index, &snapshots[index], tracker.as_ref());
        let scans = facts(input, &desk);
        let planner = Planner { scans: &scans, policy: &desk, settings: &settings };
        for at in planner.at_home(&snapshots[index].issues) {
            homes.entry(at).or_default().push(index);
        }
    }
    Ok(homes)
}

fn desk<'a>(
    input: &Input<'a>,
    index: usize,
    snapshot: &Snapshot,
    tracker: &dyn Track,
    homes: &Homes,
) -> Result<Desk<'a>, Error> {
    let mapping = &input.config.mappings[index];
    let wrap = |source| Error::Template { mapping: mapping.label.clone(), source };
    Ok(Desk {
        scans: input.scans,
        index,
        mapping,
        decisions: Decisions::new(&input.config.decisions, input.vex, input.today)?,
        routes: Routes::new(input.config)?,
        templates: templates(mapping).map_err(wrap)?,
        style: Style {
            limits: tracker.limits(),
            links: input.links.clone(),
            public_minimal: mapping.public == Some(Public::Minimal) && snapshot.visibility == Some(Visibility::Public),
        },
        confidential: confidential(mapping, snapshot.visibility, tracker),
        today: input.today,
        shared: is_shared(mapping),
        workspace: input.workspace.clone(),
        homes: homes.clone(),
        failed: Mutex::default(),
        decided_keys: Mutex::default(),
    })
}

/// Compiles a mapping's templates.
///
/// # Errors
/// Where one of them cannot be read, or names what no ticket has.
fn templates(mapping: &Mapping) -> Result<Templates, TemplateError> {
    let fields: Vec<(&str, &str)> =
        mapping.fields.iter().map(|rule| (rule.field.as_str(), rule.value.as_str())).collect();
    Templates::new(&crate::template::Sources {
        title: mapping.title_template.as_deref(),
        body: mapping.body_template.as_deref(),
        fields: &fields,
    })
}

fn confidential(mapping: &Mapping, visibility: Option<Visibility>, tracker: &dyn Track) -> bool {
    let wanted = match mapping.confidential {
        Confidential::Auto => visibility.is_some_and(|visibility| visibility != Visibility::Private),
        Confidential::Always => true,
        Confidential::Never => false,
    };
    wanted && tracker.limits().confidential
}

/// Whether several repositories share the mapping's project.
fn is_shared(mapping: &Mapping) -> bool {
    mapping.shared.unwrap_or(false)
}

fn settings(input: &Input<'_>, index: usize, snapshot: &Snapshot, tracker: &dyn Track) -> Settings {
    let mapping = &input.config.mappings[index];
    let target = |status: Status| {
        let value = mapping.status.value(status);
        let reason = if status == Status::Closed { CloseReason::Completed } else { CloseReason::NotPlanned };
        StatusTarget {
            field: mapping.status.field.clone(),
            value: value.value.clone(),
            state: if value.open { State::Open } else { State::Closed },
            closed_as: (!value.open).then_some(reason),
        }
    };
    let limits = input.config.limits;
    Settings {
        mapping: mapping.label.clone(),
        today: input.today,
        tracker: tracker.limits(),
        statuses: Status::ALL.map(target),
        update_status: update(mapping.update.status),
        max_open: limits.max_open,
        max_close_percent: limits.max_close_percent,
        scope_ttl: limits.scope_ttl,
        grouped: !mapping.group_by.is_empty(),
        new_on_return: mapping.on_return == OnReturn::New,
        keep_manual_close: mapping.on_manual_close == OnManualClose::Keep,
        record_decisions: mapping.record_decisions,
        publishing_unasked: snapshot.visibility == Some(Visibility::Public) && mapping.public.is_none(),
        shared: is_shared(mapping),
        formerly: mapping.formerly.clone(),
        decided_label: mapping.decided_label(),
        own_label: mapping.own_label.clone(),
        has_siblings: !snapshot::siblings(mapping, &input.config.mappings).is_empty(),
        newest_finished: input.newest_finished.clone(),
        marks: tracker.marks(),
        fields: mapping.fields_named().map(str::to_owned).collect(),
    }
}

const fn update(policy: UpdatePolicy) -> Update {
    match policy {
        UpdatePolicy::IfUnedited => Update::IfUnedited,
        UpdatePolicy::Always => Update::Always,
        UpdatePolicy::Never => Update::Never,
    }
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
    let desk = desk(input, planned.mapping, &planned.snapshot, tracker, &planned.homes)?;
    let settings = settings(input, planned.mapping, &planned.snapshot, tracker);
    let scans = facts(input, &desk);
    let context = apply::Context {
        planner: Planner { scans: &scans, policy: &desk, settings: &settings },
        tracker,
        issues: &planned.snapshot.issues,
        say: &|note| comment(note, &input.run, &limits),
    };
    Ok(apply::apply(&context, &planned.plan, progress).await)
}

impl Planned {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plan.changes.is_empty()
    }

    /// Who can read the tracker's project; `None` where that made no difference.
    #[must_use]
    pub fn visibility(&self) -> Option<Visibility> {
        self.snapshot.visibility
    }
}
