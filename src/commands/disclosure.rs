//! What a run may tell where everybody can read it: the logs, summaries, annotations and files of a CI. Of weaknesses that
//! the tracker keeps from the public (confidential issues, and what `public:` does not allow to be opened) only the rule is
//! told; the rest goes to the file of `--full-out`.

use std::collections::BTreeSet;

use crate::ci::Ci;
use crate::config::{Confidential, Config, Mapping, Public, TrackerKind};
use crate::finding::{Evidence, Finding, Fix, Kind, Scan};
use crate::plan::{Change, Withheld, Write};
use crate::reports::{ChangeView, HeldView, PlanView};
use crate::sync::Planned;
use crate::trackers::{Track, Visibility};

/// What is said in place of a reason.
const KEPT: &str = "not told where everybody can read it";

/// Rules that are named for one change.
const MAX_RULES: usize = 3;

/// What of a run may be told in public.
pub(super) struct Disclosure {
    /// The projects of the mappings; `None` where nobody can read this run but members.
    projects: Option<Vec<Project>>,
}

/// A tracker's project.
struct Project {
    visibility: Visibility,
    /// Whether it has issues that only members can read.
    is_confidential: bool,
}

impl Disclosure {
    /// Finds out who can read what a run prints, and the projects of its trackers.
    pub(super) async fn find(ci: &Ci, planned: &[Planned], trackers: &[Box<dyn Track>]) -> Self {
        if ci.system.is_none() || ci.is_private == Some(true) {
            return Self { projects: None };
        }
        let mut projects = Vec::new();
        for (planned, tracker) in planned.iter().zip(trackers) {
            // Where nothing is opened, nobody has asked yet; who does not answer is taken for public.
            let asked = match planned.visibility() {
                None if !planned.plan.withheld.is_empty() => tracker.visibility().await.ok(),
                known => known,
            };
            let visibility = asked.unwrap_or(Visibility::Public);
            projects.push(Project { visibility, is_confidential: tracker.limits().confidential });
        }
        Self { projects: Some(projects) }
    }

    fn project(&self, index: usize) -> Option<&Project> {
        self.projects.as_ref()?.get(index)
    }

    /// Whether others than members may read the run, but not the issues of a mapping.
    fn has_confidential(&self, index: usize, mapping: &Mapping) -> bool {
        let is_wanted = mapping.confidential != Confidential::Never;
        self.project(index)
            .is_some_and(|project| is_wanted && project.is_confidential && project.visibility != Visibility::Private)
    }

    /// Whether everybody may read the issues of a mapping.
    fn is_public(&self, index: usize) -> bool {
        self.project(index).is_some_and(|project| project.visibility == Visibility::Public)
    }

    fn keeps_change(&self, index: usize, mapping: &Mapping, change: &Change) -> bool {
        match &change.write {
            Write::New(new) if !new.confidential => {
                self.is_public(index) && mapping.public.is_none() && is_own(change.kinds.iter().copied())
            }
            Write::New(_) | Write::Edit(..) => self.has_confidential(index, mapping),
        }
    }

    fn keeps_withheld(&self, index: usize, mapping: &Mapping, held: &Withheld, has: &Has<'_>) -> bool {
        let mut findings =
            held.reports.iter().map(|(scan, finding)| has.scans[*scan].findings[*finding].kind).peekable();
        let is_own = findings.peek().is_none() || is_own(findings);
        let is_unpublished = held.issue.is_none() && mapping.public.is_none() && is_own;
        self.has_confidential(index, mapping) || self.is_public(index) && is_unpublished
    }

    /// What may be told of a plan; how many changes are told by their rules only.
    pub(super) fn apply(&self, view: &mut PlanView, config: &Config, planned: &[Planned], scans: &[Scan]) -> usize {
        let mut kept = 0;
        for (index, (told, planned)) in view.mappings.iter_mut().zip(planned).enumerate() {
            let mapping = &config.mappings[planned.mapping];
            if config.instances[mapping.instance].kind == TrackerKind::Local {
                continue;
            }
            let has = Has { scans };
            // Twins of concurrent runs come after the plan's own changes.
            for (at, view) in told.changes.iter_mut().enumerate() {
                let keeps = match planned.plan.changes.get(at) {
                    Some(change) => self.keeps_change(index, mapping, change).then(|| has.rules(&change.reports)),
                    None => self.has_confidential(index, mapping).then(|| has.rules(&[])),
                };
                kept += usize::from(keeps.is_some());
                keeps.into_iter().for_each(|rules| keep_change(view, rules));
            }
            for (view, held) in told.held.iter_mut().zip(&planned.plan.withheld) {
                if self.keeps_withheld(index, mapping, held, &has) {
                    kept += 1;
                    keep_held(view, has.rules(&held.reports));
                }
            }
        }
        kept
    }

    /// Whether a change's title may be told.
    pub(super) fn tells(&self, index: usize, config: &Config, planned: &Planned, change: &Change) -> bool {
        let mapping = &config.mappings[planned.mapping];
        config.instances[mapping.instance].kind == TrackerKind::Local || !self.keeps_change(index, mapping, change)
    }
}

/// What is known of a mapping's findings.
struct Has<'a> {
    scans: &'a [Scan],
}

impl Has<'_> {
    /// The rules of findings, in a line.
    fn rules(&self, reports: &[(usize, usize)]) -> String {
        let findings = reports.iter().map(|(scan, finding)| &self.scans[*scan].findings[*finding]);
        let rules: BTreeSet<&str> = findings.map(rule).collect();
        let named: Vec<&str> = rules.iter().copied().take(MAX_RULES).collect();
        let more =
            if rules.len() > MAX_RULES { format!(" and {} more", rules.len() - MAX_RULES) } else { String::new() };
        if named.is_empty() { "a finding".to_owned() } else { format!("{}{more}", named.join(", ")) }
    }
}

fn rule(finding: &Finding) -> &str {
    finding.rule.as_deref().unwrap_or(finding.kind.name())
}

/// Whether a weakness is the project's own, and no published one of what it uses.
fn is_own(kinds: impl IntoIterator<Item = Kind>) -> bool {
    kinds.into_iter().any(|kind| !matches!(kind, Kind::Dependency | Kind::Other))
}

/// What is left has no place, nor a digest by which somebody could find out.
fn keep_change(view: &mut ChangeView, rules: String) {
    let outcome = view
        .outcome
        .take()
        .map(|outcome| crate::reports::OutcomeView { error: outcome.error.map(|_| KEPT.to_owned()), ..outcome });
    *view = ChangeView {
        title: rules,
        key: String::new(),
        reason: KEPT.to_owned(),
        fields: Vec::new(),
        digest: String::new(),
        place: None,
        outcome,
        issue: view.issue.take(),
        ..*view
    };
}

fn keep_held(view: &mut HeldView, rules: String) {
    view.title = rules;
    view.key.clear();
    view.reason = KEPT.to_owned();
}

/// What `findings` may tell of a public repository: what `public:` allows of one of its mappings. How many findings are
/// left out, by rule.
pub(super) fn disclose(scans: &mut [Scan], config: &Config, ci: &Ci) -> Vec<(String, usize)> {
    let allowed = config.mappings.iter().filter_map(|mapping| mapping.public);
    if ci.system.is_none() || ci.is_private != Some(false) {
        return Vec::new();
    }
    let mut kept = std::collections::BTreeMap::new();
    match allowed.min_by_key(|public| matches!(public, Public::Full)) {
        Some(Public::Full) => {}
        Some(Public::Minimal) => scans
            .iter_mut()
            .flat_map(|scan| &mut scan.findings)
            .filter(|finding| is_own([finding.kind]))
            .for_each(minimise),
        None => {
            for scan in scans.iter_mut() {
                for finding in scan.findings.iter().filter(|finding| is_own([finding.kind])) {
                    *kept.entry(rule(finding).to_owned()).or_insert(0) += 1;
                }
                scan.findings.retain(|finding| !is_own([finding.kind]));
            }
        }
    }
    kept.into_iter().collect()
}

/// Rule and place.
fn minimise(finding: &mut Finding) {
    finding.title = rule(finding).to_owned();
    (finding.description, finding.justification, finding.fix) = (None, None, None::<Fix>);
    (finding.references, finding.tags) = (Vec::new(), Vec::new());
    (finding.cvss, finding.facts) = (Vec::new(), crate::finding::Facts::default());
    finding.evidence = Evidence::default();
    finding.location.parameter = None;
    finding.locations.clear();
}
