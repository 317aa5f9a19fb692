//! The whole way: scans and what the trackers hold → tickets → drafts → plan → apply. Everything is decided in the
//! modules that this one calls; here they are only put in a row.

mod draft;
mod held;

use chrono::NaiveDate;

use self::held::Held;
use crate::apply::{self, Applied};
use crate::ci::CodeLinks;
use crate::config::{Confidential, Config, Mapping, OnManualClose, OnReturn, Public, UpdatePolicy};
use crate::finding::{Scan, Status};
use crate::issue::{CloseReason, Draft, DraftField, On, State, StatusTarget, Update};
use crate::plan::{Change, Coverage, Plan, Planner, Settings};
use crate::template::{RunRef, Style, TemplateError, Templates, comment};
use crate::trackers::{self, Track, Visibility};
use crate::triage::{GlobError, Statement, triage};

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
    /// The day.
    pub today: NaiveDate,
}

/// The plan of one mapping, with all that it was made from.
#[derive(Debug)]
pub struct Planned {
    /// Index into [`Config::mappings`].
    pub mapping: usize,
    /// How the issues should be.
    pub drafts: Vec<Draft>,
    /// Where the first finding of each draft is, for annotations.
    pub places: Vec<Option<(String, Option<u32>)>>,
    /// What would bring the tracker in step.
    pub plan: Plan,
    settings: Settings,
    coverage: Coverage,
    newest: u64,
}

/// Plans all mappings. `trackers` are in the order of the mappings.
///
/// # Errors
/// Where a tracker cannot be read, or a template of the mapping file does not work. Nothing is changed in any case.
pub async fn plan(input: &Input<'_>, trackers: &[Box<dyn Track>]) -> Result<Vec<Planned>, Error> {
    let mappings = &input.config.mappings;
    let (mut held, drafts) = held::read(input, trackers).await?;
    let mut all = Vec::new();
    for (at, ((drafts, places), tracker)) in drafts.into_iter().zip(trackers).enumerate() {
        let planned = one(input, at, drafts, places, &held[at], tracker.as_ref());
        let wrap = |source| Error::Tracker { mapping: mappings[at].label.clone(), source };
        let learned = held::learn(&planned.plan, &mut held[at].issues, tracker.as_ref()).await.map_err(wrap)?;
        all.push(match learned {
            true => one(input, at, planned.drafts, planned.places, &held[at], tracker.as_ref()),
            false => planned,
        });
    }
    Ok(all)
}

fn one(
    input: &Input<'_>,
    at: usize,
    drafts: Vec<Draft>,
    places: Vec<Option<(String, Option<u32>)>>,
    held: &Held,
    tracker: &dyn Track,
) -> Planned {
    let coverage = Coverage::of(input.scans);
    let settings = settings(input, &input.config.mappings[at], held.visibility, tracker);
    let plan = Planner { drafts: &drafts, coverage: &coverage, settings: &settings }.plan(&held.issues);
    let newest = held.issues.iter().map(|issue| issue.id.number).max().unwrap_or(0);
    Planned { mapping: at, drafts, places, plan, settings, coverage, newest }
}

type Drafts = (Vec<Draft>, Vec<Option<(String, Option<u32>)>>);

/// The drafts of each mapping.
fn drafts(input: &Input<'_>, trackers: &[Box<dyn Track>], held: &[Held]) -> Result<Vec<Drafts>, Error> {
    let tickets =
        triage(input.scans, input.config, input.vex, &held::known(held, &input.config.mappings), input.today)?;
    let mappings = input.config.mappings.iter().zip(trackers).zip(held);
    mappings
        .zip(tickets)
        .map(|(((mapping, tracker), held), tickets)| {
            let wrap = |source| Error::Template { mapping: mapping.label.clone(), source };
            let templates = templates(mapping).map_err(wrap)?;
            let style = Style {
                limits: tracker.limits(),
                links: input.links.clone(),
                public_minimal: mapping.public == Some(Public::Minimal) && held.visibility == Some(Visibility::Public),
            };
            let confidential = confidential(mapping, held.visibility, tracker.as_ref());
            let recipe =
                draft::Recipe { mapping, templates: &templates, style: &style, confidential, today: input.today };
            let places = tickets.iter().map(draft::place).collect();
            let drafts = tickets.iter().map(|ticket| recipe.draft(ticket)).collect::<Result<_, _>>().map_err(wrap)?;
            Ok((drafts, places))
        })
        .collect()
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

fn settings(input: &Input<'_>, mapping: &Mapping, visibility: Option<Visibility>, tracker: &dyn Track) -> Settings {
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
    let closing = mapping.fields.iter().filter(|rule| rule.on == crate::config::FieldOn::Status(Status::Closed));
    let limits = input.config.limits;
    Settings {
        mapping: mapping.label.clone(),
        siblings: held::siblings(mapping, &input.config.mappings),
        today: input.today,
        tracker: tracker.limits(),
        statuses: Status::ALL.map(target),
        update_status: update(mapping.update.status),
        closing_fields: closing
            .map(|rule| DraftField {
                name: rule.field.clone(),
                value: rule.value.clone(),
                on: On::Status(Status::Closed),
                update: update(rule.update),
            })
            .collect(),
        max_open: limits.max_open,
        max_close_percent: limits.max_close_percent,
        scope_ttl: limits.scope_ttl,
        new_on_return: mapping.on_return == OnReturn::New,
        keep_manual_close: mapping.on_manual_close == OnManualClose::Keep,
        record_decisions: mapping.record_decisions,
        publishing_unasked: visibility == Some(Visibility::Public) && mapping.public.is_none(),
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
pub async fn apply(
    input: &Input<'_>,
    planned: &Planned,
    tracker: &dyn Track,
    progress: &mut dyn FnMut(usize, &Change),
) -> Applied {
    let limits = tracker.limits();
    let context = apply::Context {
        planner: Planner { drafts: &planned.drafts, coverage: &planned.coverage, settings: &planned.settings },
        tracker,
        say: &|note| comment(note, &input.run, &limits),
        newest: planned.newest,
    };
    apply::apply(&context, &planned.plan, progress).await
}
