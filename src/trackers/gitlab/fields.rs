//! How the fields that a mapping names translate into what a GitLab issue has.
//!
//! `Priority` and any other name becomes the scoped label `Priority::4`; `weight`, `milestone` and the like are the
//! issue's own; a custom field is used where the group has one of that name; a status that is neither `opened` nor
//! `closed` is a work-item status where there are such, else the scoped label `Status::…`.

use std::collections::BTreeMap;

use super::labels::same;
use super::wire;
use super::work_items::{Abilities, Item};
use crate::config::{DUE_DATE, Mapping};
use crate::issue::{Issue, Stamp, State, value_digest};
use crate::trackers::{Problem, labels_for};

/// The default of the mapping file. It is a label even where a group has a custom field of this name, so that a run
/// with the defaults costs no question.
const DEFAULT_SEVERITY: &str = "Priority";

/// Where a field's value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Opened or closed, nothing else.
    State,
    /// A scoped label, `name::value`.
    Scoped,
    /// Plain labels: the value is their names.
    Plain,
    Assignees,
    Milestone,
    DueDate,
    IssueType,
    Confidential,
    /// Premium.
    Weight,
    /// Premium.
    Epic,
    /// Ultimate; by GraphQL.
    Health,
    /// Premium; by GraphQL.
    WorkStatus,
    /// A custom field (index into [`Abilities::custom`]); by GraphQL.
    Custom(usize),
}

impl Slot {
    /// Whether only GraphQL can read and write it.
    pub(super) const fn is_elsewhere(self) -> bool {
        matches!(self, Self::Health | Self::WorkStatus | Self::Custom(_))
    }

    fn own(name: &str) -> Option<Self> {
        Some(match name.to_lowercase().replace([' ', '-'], "_").as_str() {
            "label" | "labels" => Self::Plain,
            "assignee" | "assignees" => Self::Assignees,
            "milestone" => Self::Milestone,
            "due_date" => Self::DueDate,
            "issue_type" => Self::IssueType,
            "confidential" => Self::Confidential,
            "weight" => Self::Weight,
            "epic" | "parent" => Self::Epic,
            "health_status" => Self::Health,
            _ => return None,
        })
    }
}

/// A field that the mapping names.
#[derive(Debug)]
pub(super) struct Field {
    pub name: String,
    pub slot: Slot,
    /// The values that the mapping writes, as far as they are literal.
    pub values: Vec<String>,
}

impl Field {
    /// The mapping's own way of writing a value that is the same to GitLab.
    fn spelled(&self, value: &str) -> String {
        let fold = |text: &str| -> Vec<String> {
            let mut parts: Vec<String> = text
                .split(',')
                .map(|part| part.trim().trim_start_matches(['@', '&', '%']).to_lowercase().replace([' ', '-', '_'], ""))
                .collect();
            parts.sort_unstable();
            parts
        };
        self.values.iter().find(|known| fold(known) == fold(value)).map_or_else(|| value.to_owned(), Clone::clone)
    }

    /// The names of the labels that stand for a value of the mapping, or for one that was read.
    pub(super) fn labels(&self, value: &str) -> Vec<String> {
        value.split(',').map(str::trim).filter(|part| !part.is_empty()).filter_map(|part| self.label(part)).collect()
    }

    /// The name of the one label that stands for a value.
    fn label(&self, value: &str) -> Option<String> {
        match self.slot {
            Slot::Scoped => Some(format!("{}::{value}", self.name)),
            Slot::Plain => Some(value.to_owned()),
            _ => None,
        }
    }

    /// The names of the labels to write for a value, whoever it comes from.
    pub(super) fn labels_of(&self, mapping: &Mapping, value: &str) -> Vec<String> {
        let one = self.label(value).filter(|label| bad_label(label).is_none());
        labels_for(mapping, &self.name, value, self.labels(value), one)
    }

    /// Whether a label stands for a value of this field.
    fn owns(&self, label: &str) -> bool {
        match self.slot {
            Slot::Scoped => self.scoped_value(label).is_some(),
            Slot::Plain => self.values.iter().flat_map(|value| self.labels(value)).any(|known| same(&known, label)),
            _ => false,
        }
    }

    fn scoped_value<'l>(&self, label: &'l str) -> Option<&'l str> {
        scoped_value(&self.name, label)
    }
}

/// The value in a scoped label that stands for a field: teams write `priority::4` for `Priority::4`.
pub(super) fn scoped_value<'l>(name: &str, label: &'l str) -> Option<&'l str> {
    let (key, value) = label.rsplit_once("::")?;
    same(key, name).then_some(value)
}

/// All fields that a mapping names.
#[derive(Debug)]
pub(super) struct Fields {
    pub fields: Vec<Field>,
    status: String,
}

impl Fields {
    /// Whether a mapping names anything that must be asked for by GraphQL before its fields can be told.
    pub(super) fn want_abilities(mapping: &Mapping) -> bool {
        let names = named(mapping);
        let asks = |name: &str| match Slot::own(name) {
            Some(slot) => matches!(slot, Slot::Weight | Slot::Health | Slot::Epic),
            None => name != DEFAULT_SEVERITY,
        };
        names.iter().any(|(name, values)| match *name == mapping.status.field {
            true => values.iter().any(|value| state_word(value).is_none()),
            false => asks(name),
        })
    }

    /// Finds each field's place.
    pub(super) fn new(mapping: &Mapping, abilities: &Abilities) -> Self {
        let fields = named(mapping).into_iter().map(|(name, values)| {
            let is_status = name == mapping.status.field;
            let custom = || {
                let at = abilities.custom.iter().position(|field| field.name.eq_ignore_ascii_case(name))?;
                (name != DEFAULT_SEVERITY).then_some(Slot::Custom(at))
            };
            let slot = if is_status && values.iter().all(|value| state_word(value).is_some()) {
                Slot::State
            } else if is_status && name.eq_ignore_ascii_case("status") && !abilities.statuses.is_empty() {
                Slot::WorkStatus
            } else {
                Slot::own(name).or_else(custom).unwrap_or(Slot::Scoped)
            };
            Field { name: name.to_owned(), slot, values }
        });
        Self { fields: fields.collect(), status: mapping.status.field.clone() }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(super) fn is_status(&self, field: &Field) -> bool {
        field.name == self.status
    }

    /// Whether anything must be read by GraphQL.
    pub(super) fn are_elsewhere(&self) -> bool {
        self.fields.iter().any(|field| field.slot.is_elsewhere())
    }

    /// Whether a label stands for a field's value.
    pub(super) fn own(&self, label: &str) -> bool {
        self.fields.iter().any(|field| field.owns(label))
    }

    /// The values of an issue's fields, by the names that the mapping gives them.
    pub(super) fn read(&self, issue: &wire::Issue, item: &Item, abilities: &Abilities) -> BTreeMap<String, String> {
        let read = |field: &Field| {
            let raw = raw(field, issue, item, abilities).filter(|value| !value.is_empty());
            let value = if self.is_status(field) { status(field, issue, raw) } else { raw };
            Some((field.name.clone(), field.spelled(&value?)))
        };
        self.fields.iter().filter_map(read).collect()
    }
}

/// Where a person put another scoped label beside the one that findsync wrote, as Free does not keep them single: the
/// person's is the value, and findsync's goes with the next change.
impl Fields {
    /// Leaves the values that findsync wrote out of fields that people have given another one.
    pub(super) fn leave_out_superseded(&self, values: &mut BTreeMap<String, String>, labels: &[String], stamp: &Stamp) {
        for field in self.fields.iter().filter(|field| field.slot == Slot::Scoped) {
            let Some(written) = stamp.fields.get(&field.name) else { continue };
            let there: Vec<&str> = labels.iter().filter_map(|label| field.scoped_value(label)).collect();
            let theirs: Vec<&str> = there.iter().copied().filter(|value| value_digest(value) != *written).collect();
            if !theirs.is_empty() && theirs.len() < there.len() {
                values.insert(field.name.clone(), field.spelled(&theirs.join(", ")));
            }
        }
    }

    /// The labels that findsync wrote for fields that have another value by now.
    pub(super) fn superseded(&self, issue: &Issue) -> Vec<String> {
        let Some(stamp) = &issue.stamp else { return Vec::new() };
        let of_field = |field: &Field| {
            let now = issue.fields.get(&field.name)?;
            let written = stamp.fields.get(&field.name).filter(|written| **written != value_digest(now))?;
            let was = field.values.iter().filter(|value| value_digest(value) == *written && *value != now);
            Some(was.flat_map(|value| field.labels(value)).collect::<Vec<_>>())
        };
        self.fields.iter().filter(|field| field.slot == Slot::Scoped).filter_map(of_field).flatten().collect()
    }
}

/// What an issue has in a field's place.
fn raw(field: &Field, issue: &wire::Issue, item: &Item, abilities: &Abilities) -> Option<String> {
    let join = |parts: Vec<&str>| parts.join(", ");
    match field.slot {
        Slot::State => None,
        Slot::Scoped => Some(join(issue.labels.iter().filter_map(|label| field.scoped_value(label)).collect())),
        Slot::Plain => {
            let has = |label: &String| issue.labels.iter().any(|there| same(there, label));
            let all = |value: &&String| field.labels(value).iter().all(has);
            field.values.iter().filter(|value| !field.labels(value).is_empty()).find(all).cloned()
        }
        Slot::Assignees => Some(join(issue.assignees.iter().map(|user| user.username.as_str()).collect())),
        Slot::Milestone => issue.milestone.as_ref().map(|milestone| milestone.title.clone()),
        Slot::DueDate => issue.due_date.map(|day| day.to_string()),
        Slot::IssueType => issue.issue_type.clone(),
        Slot::Confidential => Some(issue.confidential.to_string()),
        Slot::Weight => issue.weight.map(|weight| weight.to_string()),
        Slot::Epic => issue.epic.as_ref().map(|epic| epic.iid.to_string()),
        Slot::Health => item.health.clone().or_else(|| issue.health_status.clone()),
        Slot::WorkStatus => item.status.clone(),
        Slot::Custom(at) => item.custom.get(&abilities.custom.get(at)?.id).cloned(),
    }
}

/// The status field's value: what is there, where the mapping names it; else opened or closed, where it names that.
fn status(field: &Field, issue: &wire::Issue, raw: Option<String>) -> Option<String> {
    let named = |value: &String| field.values.iter().any(|known| known.eq_ignore_ascii_case(value));
    if raw.as_ref().is_some_and(named) {
        return raw;
    }
    let state = state_of(issue);
    field.values.iter().find(|value| state_word(value) == Some(state)).cloned().or(raw)
}

pub(super) fn state_of(issue: &wire::Issue) -> State {
    if issue.state == "closed" { State::Closed } else { State::Open }
}

/// The state that a status' value is a word for.
pub(super) fn state_word(value: &str) -> Option<State> {
    match value.trim().to_lowercase().as_str() {
        "opened" | "open" => Some(State::Open),
        "closed" => Some(State::Closed),
        _ => None,
    }
}

/// The fields that a mapping names, each once, with the literal values that it writes there.
fn named(mapping: &Mapping) -> Vec<(&str, Vec<String>)> {
    let own = [&mapping.severity.field, &mapping.status.field].map(String::as_str);
    let rules = mapping.fields.iter().map(|rule| rule.field.as_str());
    let due = (!mapping.due.is_empty()).then_some(DUE_DATE);
    let mut fields: Vec<(&str, Vec<String>)> = Vec::new();
    for name in own.into_iter().chain(rules).chain(due) {
        if !fields.iter().any(|(known, _)| *known == name) {
            fields.push((name, mapping.literals(name).map(str::to_owned).collect()));
        }
    }
    fields
}

/// What is wrong with a label's name, where GitLab would not take it or take it for several.
pub(super) fn bad_label(label: &str) -> Option<Problem> {
    let why = if label.contains(',') {
        "GitLab takes a comma for the end of a label"
    } else if label.contains(['?', '&']) {
        "GitLab takes no `?` and no `&` in labels"
    } else if label.trim().is_empty() || label.chars().count() > 255 {
        "a label has between 1 and 255 characters"
    } else {
        return None;
    };
    Some(Problem {
        what: format!("`{label}` cannot be a label"),
        hint: format!("{why}: choose another name or value in the mapping file"),
        fixable: false,
    })
}
