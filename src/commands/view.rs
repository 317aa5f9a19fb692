//! Plans and outcomes as `reports` tells them.

use super::accounts::accounts;
use super::review::fingerprint;
use crate::apply::{Applied, Outcome};
use crate::config::Config;
use crate::finding::Scan;
use crate::issue::escape;
use crate::plan::{Action, Change, Withheld};
use crate::reports::{self, ChangeView, Counts, GuardView, HeldView, MappingView, OutcomeView, PlanView};
use crate::sync::Planned;
use crate::trackers::Track;

/// What there is to tell about all mappings; `applied` is empty where nothing was carried out.
pub(super) fn view(
    config: &Config,
    trackers: &[Box<dyn Track>],
    planned: &[Planned],
    applied: &[Applied],
    scans: &[Scan],
) -> PlanView {
    let (findings, totals) = accounts(config, planned, scans);
    let refusals: Vec<reports::Refusal> = planned.iter().filter_map(|planned| refusal(config, planned)).collect();
    PlanView {
        guard: (!refusals.is_empty()).then_some(GuardView { refusals }),
        mappings: planned
            .iter()
            .zip(trackers)
            .enumerate()
            .map(|(at, (planned, tracker))| mapping(config, planned, tracker.as_ref(), applied.get(at)))
            .collect(),
        totals: Some(totals),
        findings,
        ..PlanView::default()
    }
}

fn refusal(config: &Config, planned: &Planned) -> Option<reports::Refusal> {
    let refusal = planned.plan.refusal.as_ref()?;
    Some(reports::Refusal {
        mapping: Some(config.mappings[planned.mapping].label.clone()),
        reason: refusal.detail.clone(),
        setting: refusal.hint.clone(),
    })
}

fn mapping(config: &Config, planned: &Planned, tracker: &dyn Track, applied: Option<&Applied>) -> MappingView {
    let plan = &planned.plan;
    let outcome = |at: usize| applied.and_then(|applied| applied.outcomes.get(at)).map(outcome);
    let digest = |change: &Change| fingerprint(change, &tracker.limits()).to_string();
    let mut changes: Vec<ChangeView> =
        plan.changes.iter().enumerate().map(|(at, one)| change(one, digest(one), outcome(at))).collect();
    let twins = applied.map_or(&[][..], |applied| applied.twins.as_slice());
    changes.extend(twins.iter().map(|(twin, became)| change(twin, digest(twin), Some(self::outcome(became)))));
    MappingView {
        label: config.mappings[planned.mapping].label.clone(),
        tracker: tracker.name().to_owned(),
        project: tracker.project().to_owned(),
        counts: Counts {
            open: plan.count(Action::Open),
            update: plan.count(Action::Update),
            close: plan.count(Action::Close),
            reopen: plan.count(Action::Reopen),
            merge: plan.count(Action::Merge) + twins.len(),
            held: plan.withheld.len(),
            unchanged: plan.unchanged,
        },
        changes,
        held: plan.withheld.iter().map(withheld).collect(),
    }
}

fn change(change: &Change, digest: String, outcome: Option<OutcomeView>) -> ChangeView {
    ChangeView {
        action: change.action,
        issue: change.issue().map(Into::into),
        key: change.key.to_string(),
        title: escape::clean(&change.title),
        severity: change.severity,
        status: change.status,
        reason: change.reason.clone(),
        fields: change.fields.clone(),
        digest,
        place: change.place.clone(),
        outcome,
    }
}

fn outcome(outcome: &Outcome) -> OutcomeView {
    match outcome {
        Outcome::Done(id) => OutcomeView { outcome: reports::Outcome::Done, url: Some(id.url.clone()), error: None },
        Outcome::Failed(error) => {
            let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
            OutcomeView { outcome: reports::Outcome::Failed, url: None, error: Some(format!("{error}{hint}")) }
        }
        Outcome::Skipped(why) => {
            OutcomeView { outcome: reports::Outcome::Skipped, url: None, error: Some(why.clone()) }
        }
    }
}

fn withheld(held: &Withheld) -> HeldView {
    HeldView {
        action: held.action,
        issue: held.issue.as_ref().map(Into::into),
        key: held.key.to_string(),
        title: escape::clean(held.title.as_deref().unwrap_or_default()),
        severity: held.severity,
        reason: held.reason.clone(),
        filtered: held.filtered,
    }
}
