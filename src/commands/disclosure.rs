//! What a run may tell where everybody can read it: the logs, summaries, annotations and files of a CI. Of weaknesses that
//! the tracker keeps from the public (confidential issues, and what `public:` does not allow to be opened) only the rule is
//! told; the rest goes to the file of `--full-out`.

use std::collections::BTreeSet;

use crate::ci::{Ci, System};
use crate::config::{Confidential, Config, Mapping, Public, TrackerKind};
use crate::finding::{Evidence, Finding, Fix, Kind, Scan};
use crate::plan::{Change, Withheld, Write};
use crate::reports::{AccountView, ChangeView, HeldView, PlanView};
use crate::sync::Planned;
use crate::trackers::{Track, Visibility};

/// What is said in place of a reason.
const KEPT: &str = "not told where everybody can read it";

/// Rules that are named for one change.
const MAX_RULES: usize = 3;

/// What of a run may be told where it is read.
#[derive(Clone)]
pub(super) struct Disclosure {
    /// Who can read the run; `None` on a desk, where people read what is theirs.
    readers: Option<Visibility>,
    /// The projects of the mappings.
    projects: Vec<Project>,
}

/// A tracker's project.
#[derive(Clone)]
struct Project {
    kind: TrackerKind,
    visibility: Visibility,
    /// Whether it has issues that only members can read.
    has_confidential: bool,
}

impl Disclosure {
    /// Finds out who can read what a run prints, and the projects of its trackers. Who does not answer is taken for public;
    /// `lists_findings` where all that was found is told beside the plan; `own` asks the CI's own server who can read the
    /// project that the run belongs to, where its environment does not say.
    pub(super) async fn find(
        (ci, config): (&Ci, &Config),
        lists_findings: bool,
        planned: &[Planned],
        trackers: &[Box<dyn Track>],
        own: impl Future<Output = Option<Visibility>>,
    ) -> Self {
        if ci.system.is_none() {
            return Self { readers: None, projects: Vec::new() };
        }
        let mut projects = Vec::new();
        let mut tells = false;
        for (planned, tracker) in planned.iter().zip(trackers) {
            let kind = config.instances[config.mappings[planned.mapping].instance].kind;
            // Where nothing is opened, nobody has asked yet.
            let has_lines = lists_findings || !(planned.plan.changes.is_empty() && planned.plan.withheld.is_empty());
            let asked = match planned.visibility() {
                None if has_lines => tracker.visibility().await.ok(),
                known => known,
            };
            tells |= has_lines && kind != TrackerKind::Local;
            let visibility = asked.unwrap_or(Visibility::Public);
            projects.push(Project { kind, visibility, has_confidential: tracker.limits().confidential });
        }
        let readers = match ci.readers {
            None if tells => Some(own.await.unwrap_or(Visibility::Public)),
            known => known,
        };
        Self { readers, projects }
    }

    /// The same where no tracker can be asked: each may be as private as its mapping allows.
    pub(super) fn unasked(ci: &Ci, config: &Config) -> Self {
        let project = |mapping: &Mapping| {
            let kind = config.instances[mapping.instance].kind;
            let has_confidential = kind == TrackerKind::GitLab;
            let visibility = if has_confidential { Visibility::Public } else { Visibility::Private };
            Project { kind, visibility, has_confidential }
        };
        let readers = ci.system.and(ci.readers.or(Some(Visibility::Public)));
        Self { readers, projects: config.mappings.iter().map(project).collect() }
    }

    /// Whether some who may read the run may not read all issues of a mapping.
    fn hides(&self, index: usize, mapping: &Mapping) -> bool {
        let (Some(readers), Some(project)) = (self.readers, self.projects.get(index)) else { return false };
        if project.kind == TrackerKind::Local {
            return false;
        }
        let is_confidential = match mapping.confidential {
            // Guests are members that read logs, and no confidential issues.
            Confidential::Always => project.has_confidential,
            Confidential::Auto => {
                project.has_confidential && project.visibility != Visibility::Private && readers != Visibility::Private
            }
            Confidential::Never => false,
        };
        is_confidential || project.visibility < readers
    }

    /// Whether the run would tell everybody of weaknesses that the mapping does not publish.
    fn publishes(&self, index: usize, mapping: &Mapping) -> bool {
        let (Some(readers), Some(project)) = (self.readers, self.projects.get(index)) else { return false };
        // A folder of issues is as public as the repository that it lies in.
        let is_public = project.kind == TrackerKind::Local || project.visibility == Visibility::Public;
        readers != Visibility::Private && is_public && mapping.public.is_none()
    }

    fn keeps_change(&self, index: usize, mapping: &Mapping, change: &Change) -> bool {
        let is_new = matches!(change.write, Write::New(_)) || self.is_local(index);
        self.hides(index, mapping) || is_new && self.publishes(index, mapping) && is_own(change.kinds.iter().copied())
    }

    fn keeps_withheld(&self, index: usize, mapping: &Mapping, held: &Withheld, has: &Has<'_>) -> bool {
        let mut findings =
            held.reports.iter().map(|(scan, finding)| has.scans[*scan].findings[*finding].kind).peekable();
        let is_own = findings.peek().is_none() || is_own(findings);
        let is_new = held.issue.is_none() || self.is_local(index);
        self.hides(index, mapping) || is_new && self.publishes(index, mapping) && is_own
    }

    fn is_local(&self, index: usize) -> bool {
        self.projects.get(index).is_some_and(|project| project.kind == TrackerKind::Local)
    }

    /// What may be told of a plan; how many changes are told by their rules only.
    pub(super) fn apply(&self, view: &mut PlanView, config: &Config, planned: &[Planned], scans: &[Scan]) -> usize {
        let mut kept = 0;
        for (index, (told, planned)) in view.mappings.iter_mut().zip(planned).enumerate() {
            let mapping = &config.mappings[planned.mapping];
            let has = Has { scans };
            // Twins of concurrent runs come after the plan's own changes.
            for (at, view) in told.changes.iter_mut().enumerate() {
                let keeps = match planned.plan.changes.get(at) {
                    Some(change) => self.keeps_change(index, mapping, change).then(|| has.rules(&change.reports)),
                    None => self.hides(index, mapping).then(|| has.rules(&[])),
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
        self.apply_to_findings(&mut view.findings, config, scans);
        kept
    }

    /// What may be told of each finding. Who can read the run is not asked for their sake alone: then everybody may.
    fn apply_to_findings(&self, accounts: &mut [AccountView], config: &Config, scans: &[Scan]) {
        let strict = self.unless_known();
        for view in accounts {
            let finding = &scans[view.at.0].findings[view.at.1];
            let mut mappings = config.mappings.iter().enumerate();
            let keeps = mappings.any(|(index, mapping)| {
                let concerns = view.mapping.as_ref().is_none_or(|label| *label == mapping.label);
                let is_new = view.issue.is_none() || strict.is_local(index);
                let publishes = is_new && strict.publishes(index, mapping) && is_own([finding.kind]);
                concerns && (strict.hides(index, mapping) || publishes)
            });
            if keeps {
                view.title = rule(finding).to_owned();
                view.key.clear();
                view.reason = view.reason.take().map(|_| KEPT.to_owned());
            }
        }
    }

    /// Whether what a mapping's issues remember must not be told.
    pub(super) fn is_kept(&self, planned: &Planned, config: &Config) -> bool {
        let (strict, mapping) = (self.unless_known(), &config.mappings[planned.mapping]);
        strict.hides(planned.mapping, mapping) || strict.publishes(planned.mapping, mapping)
    }

    /// The same where everybody may read the run, unless it is known who can. A desk has no projects, so that nothing is
    /// kept there.
    fn unless_known(&self) -> Self {
        Self { readers: self.readers.or(Some(Visibility::Public)), ..self.clone() }
    }

    /// Whether a change's title may be told.
    pub(super) fn tells(&self, index: usize, config: &Config, planned: &Planned, change: &Change) -> bool {
        !self.keeps_change(index, &config.mappings[planned.mapping], change)
    }

    /// Leaves of the findings those that may be told; how many are left out.
    pub(super) fn disclose(&self, scans: &mut [Scan], config: &Config, ci: &Ci) -> usize {
        let count = |scans: &[Scan]| scans.iter().map(|scan| scan.findings.len()).sum::<usize>();
        let before = count(scans);
        // Which finding leads to which mapping is known of those alone that change something.
        if config.mappings.iter().enumerate().any(|(index, mapping)| self.hides(index, mapping)) {
            scans.iter_mut().for_each(|scan| scan.findings.clear());
        }
        disclose(scans, config, &Ci { readers: self.readers, ..ci.clone() });
        before - count(scans)
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

/// What `findings` may tell of a repository that others than members can read: what `public:` allows in all of its mappings.
/// How many findings are left out, by rule. GitHub and GitLab tell who can read it, and where they do not, everybody may;
/// Azure Pipelines never does.
pub(super) fn disclose(scans: &mut [Scan], config: &Config, ci: &Ci) -> Vec<(String, usize)> {
    // The strictest, as which of them a finding is led to is not known here.
    let allowed = config.mappings.iter().map(|mapping| mapping.public);
    let is_private = ci.readers == Some(Visibility::Private);
    if ci.system.is_none() || is_private || ci.readers.is_none() && ci.system == Some(System::AzurePipelines) {
        return Vec::new();
    }
    let mut kept = std::collections::BTreeMap::new();
    let strictest = allowed.min_by_key(|public| public.map(|public| matches!(public, Public::Full)));
    match strictest.flatten() {
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
