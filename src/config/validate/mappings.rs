//! Mappings, written to trusted: the project, severity and status with the seed mappings' defaults, and other fields.

use std::collections::BTreeMap;

use super::{Checker, MAX_DAYS};
use crate::config::TemplatePart;
use crate::config::error::quote;
use crate::config::from_ci;
use crate::config::raw::spanned::{Place, Placed, Short, Text};
use crate::config::raw::{self, Due};
use crate::config::{
    DecisionLabels, FieldOn, FieldRule, Instance, Mapping, ProblemKind, Project, SeverityMap, StatusMap, StatusValue,
    TrackerKind, UpdatePolicy, UpdateRules,
};
use crate::finding::Severity;

impl Checker<'_> {
    /// The mappings of a file; without any, the repository or project that the CI tells.
    pub(crate) fn mappings(&mut self, file: &raw::File, instances: &[Instance]) -> Vec<Mapping> {
        if file.mappings.is_empty() {
            return from_ci::mapping(self.given.ci, instances).into_iter().collect();
        }
        let mut mappings: Vec<Mapping> = Vec::new();
        for written in &file.mappings {
            let Placed { value: written, place } = written;
            let Some(mapping) = self.mapping(written, *place, instances) else { continue };
            if mappings.iter().any(|other| other.label == mapping.label) {
                let place = written.label.as_ref().map_or(*place, |label| label.place);
                let what = format!("two mappings have the label `{}`", quote(&label_as_written(written, &mapping)));
                self.problem(ProblemKind::Duplicate, place, what, "give each its own label");
            }
            mappings.push(mapping);
        }
        mappings
    }

    fn mapping(&mut self, written: &raw::Mapping, place: Place, instances: &[Instance]) -> Option<Mapping> {
        let index = match (&written.instance, instances) {
            (Some(label), _) => {
                let labels: Vec<&str> = instances.iter().map(|instance| instance.label.as_str()).collect();
                self.label("instance", label, &labels)
            }
            (None, [_]) => Some(0),
            (None, []) => {
                let help = "write `instances:`, or run in a CI, or use `--to DIR`";
                self.problem(ProblemKind::MissingKey, place, "there is no instance for this mapping", help);
                None
            }
            (None, _) => {
                let labels: Vec<&str> = instances.iter().map(|instance| instance.label.as_str()).collect();
                let help = format!("write `instance:` and one of {}", quote(&labels.join(", ")));
                self.problem(ProblemKind::MissingKey, place, "this mapping does not say which instance it uses", help);
                None
            }
        };
        // A mapping without an instance is kept, so that routes to it are not called dangling as well.
        let kind = index.map_or(TrackerKind::Local, |index| instances[index].kind);
        let project = match index {
            Some(index) => self.project(written, &instances[index], place),
            None => Project::default(),
        };
        let label = match &written.label {
            Some(label) => self.filled(label)?,
            None if project.name.is_empty() => kind.name().to_owned(),
            None => project.name.clone(),
        };
        let mut mapping = Mapping::seed(label, index.unwrap_or_default(), kind, project);
        if let Some(severity) = &written.severity {
            mapping.severity = self.severity(severity, mapping.severity);
        }
        if let Some(status) = &written.status {
            mapping.status = self.status(status, mapping.status);
        }
        if let Some(own_label) = self.optional(written.own_label.as_ref()) {
            mapping.own_label = own_label;
        }
        mapping.shared = written.shared;
        mapping.formerly = written.formerly.iter().filter_map(|name| Some(self.source(name)?.name)).collect();
        mapping.labels = self.list(&written.labels);
        if let Some(labels) = &written.decision_labels {
            let default = DecisionLabels::default();
            mapping.decision_labels = DecisionLabels {
                false_positive: labels.false_positive.as_ref().map_or(default.false_positive, |l| self.list(l)),
                risk_accepted: labels.risk_accepted.as_ref().map_or(default.risk_accepted, |l| self.list(l)),
            };
        }
        mapping.group_by = self.words(&written.group_by);
        mapping.fields = self.fields(written);
        mapping.due = written.due.as_ref().map(|due| self.due(due)).unwrap_or_default();
        mapping.update = self.update(written.update.as_ref());
        mapping.on_return = self.choice(written.on_return.as_ref()).unwrap_or_default();
        mapping.on_manual_close = self.choice(written.on_manual_close.as_ref()).unwrap_or_default();
        mapping.record_decisions = written.record_decisions.unwrap_or_default();
        mapping.public = self.choice(written.public.as_ref());
        mapping.confidential = self.choice(written.confidential.as_ref()).unwrap_or_default();
        mapping.title_template = self.whole_template(TemplatePart::Title, written.title.as_ref());
        mapping.body_template = self.whole_template(TemplatePart::Body, written.body.as_ref());
        Some(mapping)
    }

    fn project(&mut self, written: &raw::Mapping, instance: &Instance, place: Place) -> Project {
        let kind = instance.kind;
        let is_github = kind == TrackerKind::GitHub;
        let is_azure = kind == TrackerKind::AzureDevOps;
        let place_of = |text: &Option<Text>| text.as_ref().map(|text| text.place);
        let number = written.project_number.as_ref().map(|number| number.0.place);
        let suppressed = written.suppress_notifications.map(|_| place);
        let is_local = kind == TrackerKind::Local;
        let iterates = is_azure || is_local || (is_github && number.is_some());
        let iteration = match kind {
            TrackerKind::GitHub => "only a Project has iterations: name it with `project_number`, or use `milestone`",
            _ => "use `milestone`",
        };
        for (key, given, fits, help) in [
            ("repository", place_of(&written.repository), is_github, "use `project`"),
            ("project_number", number, is_github, "it names a GitHub Project; leave it out"),
            ("project", place_of(&written.project), !is_github, "use `repository`, and `project_number` for a Project"),
            ("work_item_type", place_of(&written.work_item_type), is_azure, "use `issue_type`, or leave it out"),
            ("issue_type", place_of(&written.issue_type), !is_azure, "use `work_item_type`"),
            ("area", place_of(&written.area), is_azure, "leave it out"),
            ("iteration", place_of(&written.iteration), iterates, iteration),
            ("parent", place_of(&written.parent), !is_github, "leave it out"),
            ("suppress_notifications", suppressed, is_azure, "leave it out"),
        ] {
            if let (Some(place), false) = (given, fits) {
                let what = format!("`{key}` is not for an instance of type `{}`", kind.name());
                self.problem(ProblemKind::WrongValue, place, what, help);
            }
        }
        let key = if is_github { "repository" } else { "project" };
        let named = if is_github { &written.repository } else { &written.project };
        let name = match named {
            Some(text) if is_github => self.repository(text, instance),
            Some(text) => self.filled(text).map(|name| name.trim_matches('/').to_owned()),
            None if kind == TrackerKind::Local => None,
            None => {
                let ours = from_ci::project(self.given.ci, instance);
                let is_told = written.repository.is_some() || written.project.is_some();
                if ours.is_none() && !is_told {
                    let what = format!("this mapping names no {key}, and the CI does not tell one for this instance");
                    self.problem(ProblemKind::MissingKey, place, what, format!("write `{key}:`"));
                }
                ours
            }
        };
        Project {
            name: name.unwrap_or_default(),
            project_number: self.number(written.project_number.as_ref(), 1, u64::MAX),
            work_item_type: self.optional(written.work_item_type.as_ref()),
            suppress_notifications: written.suppress_notifications.unwrap_or_default(),
        }
    }

    /// A repository's name; `owner/name` is taken where the owner is the instance's.
    fn repository(&mut self, text: &Text, instance: &Instance) -> Option<String> {
        let value = self.filled(text)?;
        let Some((owner, name)) = value.rsplit_once('/') else { return Some(value) };
        let ours = instance.location.rsplit('/').next().unwrap_or_default();
        if owner.eq_ignore_ascii_case(ours) && !name.is_empty() {
            return Some(name.to_owned());
        }
        let what = format!("`{}` is not the name of a repository of this instance", quote(&text.raw));
        let help = "write the name without its owner: the owner is the end of the instance's `location`";
        self.problem(ProblemKind::WrongValue, text.place, what, help);
        None
    }

    fn severity(&mut self, written: &raw::SeverityMap, seed: SeverityMap) -> SeverityMap {
        let field = self.optional(written.field.as_ref()).unwrap_or(seed.field);
        let given = [&written.info, &written.low, &written.medium, &written.high, &written.critical];
        let mut values = seed.values;
        for (value, written) in values.iter_mut().zip(given) {
            if let Some(written) = self.optional(written.as_ref()) {
                *value = written;
            }
        }
        SeverityMap { field, values }
    }

    fn status(&mut self, written: &raw::StatusMap, seed: StatusMap) -> StatusMap {
        let field = self.optional(written.field.as_ref()).unwrap_or(seed.field);
        let given = [&written.active, &written.closed, &written.false_positive, &written.risk_accepted];
        let mut values = seed.values;
        for (index, (value, written)) in values.iter_mut().zip(given).enumerate() {
            let is_active = index == 0;
            let (text, state) = match written {
                None => continue,
                Some(Short::Short(text)) => (text, None),
                Some(Short::Long(long)) => (&long.value, long.state.as_ref()),
            };
            let open =
                self.choice(state).map_or(is_active, |state| state == crate::config::raw::enums::OpenOrClosed::Open);
            if is_active && !open {
                let what = "the issue of an active finding must be open";
                self.problem(ProblemKind::WrongValue, text.place, what, "leave `state` out");
            }
            if let Some(text) = self.filled(text) {
                *value = StatusValue { value: text, open };
            }
        }
        StatusMap { field, values }
    }

    fn fields(&mut self, written: &raw::Mapping) -> Vec<FieldRule> {
        let mut rules = Vec::new();
        let assignees = self.list(&written.assignees);
        if !assignees.is_empty() {
            rules.push(FieldRule::new("assignees", assignees.join(", ")));
        }
        for (field, value) in [
            ("milestone", &written.milestone),
            ("issue_type", &written.issue_type),
            ("area", &written.area),
            ("iteration", &written.iteration),
            ("parent", &written.parent),
        ] {
            rules.extend(self.optional(value.as_ref()).map(|value| FieldRule::new(field, value)));
        }
        for written in &written.fields {
            let on = self.choice(written.on.as_ref()).unwrap_or_default();
            let update = self.choice(written.update.as_ref()).unwrap_or_default();
            let Some(field) = self.filled(&written.field) else { continue };
            let Some(value) = self.template(TemplatePart::Field(&field), &written.value, None) else { continue };
            if rules.iter().any(|rule| rule.field.eq_ignore_ascii_case(&field) && rule.on == on) {
                let what = format!("the field `{}` is set twice for the same time", quote(&written.field.raw));
                self.problem(ProblemKind::Duplicate, written.field.place, what, "keep one of the two");
            }
            rules.push(FieldRule { field, value, on, update });
        }
        rules
    }

    fn due(&mut self, due: &Due) -> BTreeMap<Severity, u32> {
        let days = Severity::ALL.into_iter().zip(due.days());
        days.filter_map(|(severity, days)| Some((severity, self.number(days, 0, MAX_DAYS)?))).collect()
    }

    fn update(
        &mut self,
        written: Option<&Short<crate::config::raw::spanned::Word<UpdatePolicy>, raw::Update>>,
    ) -> UpdateRules {
        match written {
            None => UpdateRules::default(),
            Some(Short::Short(word)) => {
                let policy = self.word(word).unwrap_or_default();
                UpdateRules { title: policy, body: policy, severity: policy, status: policy }
            }
            Some(Short::Long(parts)) => {
                let mut policy = |word: &Option<_>| self.choice(word.as_ref()).unwrap_or_default();
                UpdateRules {
                    title: policy(&parts.title),
                    body: policy(&parts.body),
                    severity: policy(&parts.severity),
                    status: policy(&parts.status),
                }
            }
        }
    }

    fn whole_template(
        &mut self,
        part: TemplatePart<'_>,
        template: Option<&Short<Text, raw::TemplateFile>>,
    ) -> Option<String> {
        match template? {
            Short::Short(text) => self.template(part, text, None),
            Short::Long(raw::TemplateFile { file }) => self.template(part, file, Some(file)),
        }
    }
}

impl FieldRule {
    fn new(field: &str, value: String) -> Self {
        Self { field: field.to_owned(), value, on: FieldOn::default(), update: UpdatePolicy::default() }
    }
}

/// A label in a message: as written, or, where it is the project's name, not the environment's value.
fn label_as_written(written: &raw::Mapping, mapping: &Mapping) -> String {
    let texts = [&written.label, &written.repository, &written.project];
    texts.into_iter().flatten().next().map_or_else(|| mapping.label.clone(), |text| text.raw.clone())
}
