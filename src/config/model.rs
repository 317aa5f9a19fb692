//! The mapping file as trusted: names resolve, values parse, tokens come from the environment.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Instance, SeverityMap, StatusMap};
use crate::finding::{Kind, Severity, Source, Status};

/// A mapping file that has been checked.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Which reports to read, and what is known of them.
    pub reports: Vec<ReportSource>,
    /// Trackers to connect to.
    pub instances: Vec<Instance>,
    /// How findings translate into issues of one project.
    pub mappings: Vec<Mapping>,
    /// Which findings go to which mapping. Empty: every finding to every mapping.
    pub routes: Vec<Route>,
    /// Decisions that people took in the mapping file.
    pub decisions: Vec<Decision>,
    /// Globs of VEX documents (OpenVEX, CycloneDX VEX, CSAF VEX).
    pub vex: Vec<String>,
    /// Bounds of one run.
    pub limits: RunLimits,
    /// Branches that write, beside the default branch. Globs.
    pub branches: Vec<String>,
}

/// One entry of `reports`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportSource {
    /// Path or glob, relative to the workspace.
    pub path: String,
    /// What was scanned; else what the report names.
    pub target: Option<String>,
    /// The reader's name, where the format cannot be recognised.
    pub reader: Option<String>,
    /// Opens and updates, never closes.
    pub partial: bool,
    /// Folder that the report's relative paths start from, relative to the workspace.
    pub root: Option<String>,
    /// Whose findings it holds, where not those of the repository that the run is about.
    pub repository: Option<Source>,
    /// What its target or its repository was called before.
    pub formerly: Vec<String>,
}

/// Whether and what of unpublished weaknesses may be said where everybody can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Public {
    /// Everything.
    Full,
    /// Rule and place only.
    Minimal,
}

/// Whether issues are confidential, where the tracker can do that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Confidential {
    /// Where the project can be read by others than its members.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// *Issue tracker mapping*: one project of an instance, and how findings translate.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Its name in the mapping file.
    pub label: String,
    /// Index into [`Config::instances`].
    pub instance: usize,
    /// Which project.
    pub project: Project,
    /// The severity field and its values.
    pub severity: SeverityMap,
    /// The status field and its values.
    pub status: StatusMap,
    /// findsync's own label or tag, by which issues are listed.
    pub own_label: String,
    /// The label of the repository that the run is about, where several share the project: only issues with it are
    /// listed. Set for each run, not by the mapping file.
    pub source_label: Option<String>,
    /// Whether other repositories write to the project as well; `None`: whether it is not the source's own.
    pub shared: Option<bool>,
    /// Names that the source had before, as [`Source::name`].
    pub formerly: Vec<String>,
    /// Labels for every issue.
    pub labels: Vec<String>,
    /// Labels by which people say a decision in the tracker.
    pub decision_labels: DecisionLabels,
    /// What findings share to share an issue; empty: one issue a finding.
    pub group_by: Vec<GroupBy>,
    /// Other fields. `assignees`, `milestone`, `due_date`, `issue_type`, `parent`, `area`, `iteration` are understood
    /// by the trackers that have such.
    pub fields: Vec<FieldRule>,
    /// Days until due, by severity.
    pub due: BTreeMap<Severity, u32>,
    /// Who wins where a person changed a title, body, severity or status field.
    pub update: UpdateRules,
    /// What to do where a finding comes back whose issue findsync closed.
    pub on_return: OnReturn,
    /// What to do where a person closed the issue of an Active finding as done.
    pub on_manual_close: OnManualClose,
    /// Open closed issues for findings that are False Positive or Risk Accepted from the start.
    pub record_decisions: bool,
    /// What may be said where everybody can read; `None`: nothing of one's own code.
    pub public: Option<Public>,
    /// Whether issues are confidential.
    pub confidential: Confidential,
    /// Template for titles (minijinja), else the built-in one.
    pub title_template: Option<String>,
    /// Template for bodies (minijinja), else the built-in one.
    pub body_template: Option<String>,
}

impl Mapping {
    /// The values that the mapping itself writes to a field. Those of templates come from reports and are not among them.
    pub fn literals<'m>(&'m self, field: &'m str) -> impl Iterator<Item = &'m str> {
        let severity = self.severity.values.iter().filter(move |_| self.severity.field == field);
        let status = self.status.values.iter().map(|status| &status.value).filter(move |_| self.status.field == field);
        let rules = self.fields.iter().filter(move |rule| rule.field == field).filter_map(FieldRule::literal);
        severity.chain(status).map(String::as_str).chain(rules)
    }

    /// Whether a label that a field's value stands for means something to findsync, so that no report may set it: it is our
    /// own, a decision, or the value of another field, such as severity and status.
    #[must_use]
    pub fn gives_meaning_to(&self, field: &str, label: &str) -> bool {
        let label = label.trim();
        let rules = self.fields.iter().map(|rule| rule.field.as_str());
        let others = [self.severity.field.as_str(), self.status.field.as_str()].into_iter().chain(rules);
        let is_of = |other: &str| {
            let scope = label.split_at_checked(other.len()).filter(|(head, _)| head.eq_ignore_ascii_case(other));
            scope.is_some_and(|(_, value)| value.trim_start().starts_with(':'))
                || self.literals(other).any(|literal| literal.trim().eq_ignore_ascii_case(label))
        };
        if others.filter(|other| !other.eq_ignore_ascii_case(field)).any(is_of) {
            return true;
        }
        let own = label.split_at_checked(self.own_label.len());
        let is_own = own.is_some_and(|(head, tail)| {
            head.eq_ignore_ascii_case(&self.own_label) && (tail.is_empty() || tail.starts_with(':'))
        });
        is_own || label.eq_ignore_ascii_case(&self.decided_label()) || self.decision_labels.decision(label).is_some()
    }

    /// The label of closed issues that a person's decision keeps closed.
    #[must_use]
    pub fn decided_label(&self) -> String {
        format!("{}-decided", self.own_label)
    }

    /// The names of all fields that issues get values of.
    pub fn fields_named(&self) -> impl Iterator<Item = &str> {
        let due = (!self.due.is_empty()).then_some(DUE_DATE);
        let fixed = [self.severity.field.as_str(), self.status.field.as_str()];
        fixed.into_iter().chain(due).chain(self.fields.iter().map(|rule| rule.field.as_str()))
    }

    /// Whether it makes a difference what scans said of an issue after a person closed it: that a finding was gone and came
    /// back, or that a group has a member again.
    #[must_use]
    pub fn remembers_closings(&self) -> bool {
        self.on_manual_close == OnManualClose::Keep || !self.group_by.is_empty()
    }
}

/// The field that `due` fills.
pub(crate) const DUE_DATE: &str = "due_date";

/// Which project, in each service's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// GitHub: the repository's name. GitLab, Azure DevOps: the project's name, path or id. local: unused.
    pub name: String,
    /// GitHub: the number of a Project of the organization or user.
    pub project_number: Option<u64>,
    /// Azure DevOps: the type of work items; else chosen after the process.
    pub work_item_type: Option<String>,
    /// Azure DevOps: keep people from being notified where the rights allow.
    pub suppress_notifications: bool,
}

/// Labels by which people say a decision in the tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionLabels {
    /// False Positive; default `false-positive`.
    pub false_positive: Vec<String>,
    /// Risk Accepted; default `risk-accepted`, `wontfix`.
    pub risk_accepted: Vec<String>,
}

impl Default for DecisionLabels {
    fn default() -> Self {
        Self {
            false_positive: vec!["false-positive".to_owned()],
            risk_accepted: vec!["risk-accepted".to_owned(), "wontfix".to_owned()],
        }
    }
}

impl DecisionLabels {
    /// The decision that a label means, in any case.
    #[must_use]
    pub fn decision(&self, label: &str) -> Option<Status> {
        let among = |labels: &[String]| labels.iter().any(|l| l.eq_ignore_ascii_case(label));
        if among(&self.false_positive) {
            Some(Status::FalsePositive)
        } else {
            among(&self.risk_accepted).then_some(Status::RiskAccepted)
        }
    }
}

/// What findings share to share an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupBy {
    /// Rule or vulnerability id.
    Rule,
    /// Package, without version.
    Component,
    /// File, or image.
    File,
    /// Severity.
    Severity,
    /// Kind.
    Kind,
    /// Scanner.
    Scanner,
    /// Target of the scan.
    Target,
    /// The version that fixes: one issue an upgrade (with `component`).
    Fix,
}

impl GroupBy {
    /// The name in the mapping file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Component => "component",
            Self::File => "file",
            Self::Severity => "severity",
            Self::Kind => "kind",
            Self::Scanner => "scanner",
            Self::Target => "target",
            Self::Fix => "fix",
        }
    }
}

/// When a field is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FieldOn {
    /// On opening only.
    Create,
    /// On opening and whenever it drifted.
    #[default]
    Update,
    /// When the issue comes to a status.
    Status(Status),
}

/// Who wins where a person changed a field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UpdatePolicy {
    /// findsync, but only where nobody edited it.
    #[default]
    IfUnedited,
    /// findsync.
    Always,
    /// Written once, then people's.
    Never,
}

/// Update policies for what is not in `fields`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpdateRules {
    /// The title.
    pub title: UpdatePolicy,
    /// Our section of the body.
    pub body: UpdatePolicy,
    /// The severity field.
    pub severity: UpdatePolicy,
    /// The status field's value (open and closed follow §4, whatever this says).
    pub status: UpdatePolicy,
}

/// Any other field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRule {
    /// The field's name as the tracker has it.
    pub field: String,
    /// Its value: text, or a minijinja template over the ticket.
    pub value: String,
    /// When it is written.
    pub on: FieldOn,
    /// Who wins where a person changed it.
    pub update: UpdatePolicy,
}

impl FieldRule {
    /// The value, where it does not depend on the finding.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        let is_template = self.value.contains("{{") || self.value.contains("{%");
        (!is_template).then_some(self.value.as_str())
    }
}

/// Where a finding comes back whose issue findsync closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnReturn {
    /// Reopen the issue.
    #[default]
    Reopen,
    /// Open a new one that links the old one.
    New,
}

/// Where a person closed the issue of an Active finding as done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnManualClose {
    /// Reopen the issue.
    #[default]
    Reopen,
    /// Leave it closed.
    Keep,
}

/// *Assignment*: which findings go to a mapping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// Index into [`Config::mappings`].
    pub mapping: usize,
    /// Which findings.
    pub when: Filter,
}

/// What a finding must have. Empty lists ask nothing; within a list any will do.
///
/// `min_severity` holds back opening only; the others decide where a finding belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Least severity that opens an issue.
    pub min_severity: Option<Severity>,
    /// Globs of paths.
    pub paths: Vec<String>,
    /// Kinds.
    pub kinds: Vec<Kind>,
    /// Globs of scanners' names, in any case.
    pub scanners: Vec<String>,
    /// Globs of targets.
    pub targets: Vec<String>,
    /// Globs of rules or vulnerability ids.
    pub rules: Vec<String>,
    /// Globs of components' names.
    pub components: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Only with (or without) a fix. Holds back opening only.
    pub fix_available: Option<bool>,
}

/// A decision that people took in the mapping file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Which findings. All given parts must agree; at least one is given.
    pub matches: DecisionMatch,
    /// False Positive or Risk Accepted.
    pub status: Status,
    /// Why.
    pub reason: Option<String>,
    /// The last day on which it holds.
    pub until: Option<NaiveDate>,
    /// Where it stands, for people: `.findsync.yml:42`.
    pub source: String,
}

/// Which findings a decision is about. Globs, but for `id` and `key`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecisionMatch {
    /// A vulnerability id, or any other identifier of the finding, in any case.
    pub id: Option<String>,
    /// A finding's key.
    pub key: Option<String>,
    /// Rule.
    pub rule: Option<String>,
    /// Component's name, or package URL without version.
    pub component: Option<String>,
    /// Path.
    pub path: Option<String>,
    /// Scanner.
    pub scanner: Option<String>,
    /// Target.
    pub target: Option<String>,
}

/// Bounds of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// Issues to open at once; the rest waits for the next run.
    pub max_open: usize,
    /// Share of the open issues of the covered scopes that may be closed at once, from 10 issues on.
    pub max_close_percent: u8,
    /// Days without being read after which a scope no longer counts, while others that saw the finding are read.
    pub scope_ttl: u32,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self { max_open: 100, max_close_percent: 50, scope_ttl: 30 }
    }
}

/// A variable of this process' environment.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
