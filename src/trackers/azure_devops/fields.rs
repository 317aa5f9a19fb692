//! Fields: which one a name of the mapping means, and how a value is written and read back in the field's own type.

use serde_json::Value;

use super::description;
use super::wire::FieldDefinition;
use super::work_item_types::WorkType;
use crate::config::{DUE_DATE, Mapping};
use crate::issue::{Markup, words};
use crate::trackers::Problem;

/// The field that a state is in.
pub(super) const STATE: &str = "System.State";
const ASSIGNED_TO: &str = "System.AssignedTo";
const AREA: &str = "System.AreaPath";
const ITERATION: &str = "System.IterationPath";
const DUE: &str = "Microsoft.VSTS.Scheduling.DueDate";

/// What a name of the mapping means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A field, by its reference name.
    Field(String),
    /// The link to the item's parent.
    Parent,
    /// Tags beside those that every item has.
    Tags,
}

impl Place {
    /// Reads a name: a path of JSON Patch as in the mapping's defaults, a reference name, one of the names that all
    /// trackers know, or the name that people see on the form.
    pub(super) fn of(name: &str, work_type: &WorkType) -> Self {
        let bare = name.strip_prefix("/fields/").unwrap_or(name);
        let known = match bare.to_ascii_lowercase().as_str() {
            "parent" => return Self::Parent,
            "tags" | "system.tags" => return Self::Tags,
            "assignees" | "assignee" | "assigned_to" => ASSIGNED_TO,
            "area" => AREA,
            "iteration" | "milestone" => ITERATION,
            "due_date" => DUE,
            "state" => STATE,
            _ => bare,
        };
        Self::Field(work_type.field(known).unwrap_or(known).to_owned())
    }

    /// Whether it is the state.
    pub(super) fn is_state(&self) -> bool {
        matches!(self, Self::Field(reference) if reference.eq_ignore_ascii_case(STATE))
    }
}

/// How a field keeps its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Integer,
    Double,
    Boolean,
    Date,
    Identity,
    /// An area or iteration.
    Tree,
    /// Text in which the service finds markup.
    Html,
}

/// Fields of HTML that every process has.
const HTML_FIELDS: [&str; 6] = [
    "System.Description",
    "System.History",
    "Microsoft.VSTS.TCM.ReproSteps",
    "Microsoft.VSTS.TCM.SystemInfo",
    "Microsoft.VSTS.Common.AcceptanceCriteria",
    "Microsoft.VSTS.Common.Resolution",
];

impl Type {
    /// The type of a field that is the same everywhere, so that nobody has to be asked.
    pub(super) fn well_known(reference: &str) -> Option<Self> {
        let is = |name: &str| reference.eq_ignore_ascii_case(name);
        if is(AREA) || is(ITERATION) {
            Some(Self::Tree)
        } else if is(ASSIGNED_TO) {
            Some(Self::Identity)
        } else if is(DUE) {
            Some(Self::Date)
        } else if is("Microsoft.VSTS.Common.Priority") {
            Some(Self::Integer)
        } else if HTML_FIELDS.iter().any(|name| is(name)) {
            Some(Self::Html)
        } else if is(STATE) || is("System.Title") || is("Microsoft.VSTS.Common.Severity") {
            Some(Self::Text)
        } else {
            None
        }
    }

    /// The type that the server tells.
    pub(super) fn of(definition: &FieldDefinition) -> Self {
        match definition.kind.to_ascii_lowercase().as_str() {
            _ if definition.is_identity => Self::Identity,
            "identity" => Self::Identity,
            "integer" | "picklistinteger" => Self::Integer,
            "double" | "picklistdouble" => Self::Double,
            "boolean" => Self::Boolean,
            "datetime" => Self::Date,
            "treepath" => Self::Tree,
            "html" | "history" => Self::Html,
            _ => Self::Text,
        }
    }

    /// A value as the field wants it; `None` where it cannot be one.
    pub(super) fn write(self, value: &str, project: &str) -> Option<Value> {
        let trimmed = value.trim();
        Some(match self {
            _ if trimmed.is_empty() => "".into(),
            Self::Text => value.into(),
            Self::Html => description::escaped(value).into(),
            Self::Integer => trimmed.parse::<i64>().ok()?.into(),
            Self::Double => trimmed.parse::<f64>().ok().filter(|number| number.is_finite())?.into(),
            Self::Boolean => match trimmed.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => true.into(),
                "false" | "no" | "0" => false.into(),
                _ => return None,
            },
            Self::Date => day(trimmed)?.into(),
            // A work item has one assignee.
            Self::Identity => trimmed.split(',').next().unwrap_or_default().trim().into(),
            Self::Tree => {
                let path = trimmed.replace('/', "\\").trim_matches('\\').to_owned();
                let root = path.split('\\').next().unwrap_or_default();
                if root.eq_ignore_ascii_case(project) { path.into() } else { format!("{project}\\{path}").into() }
            }
        })
    }

    /// What a value must be, for people.
    pub(super) fn wants(self) -> &'static str {
        match self {
            Self::Integer => "a whole number",
            Self::Double => "a number",
            Self::Boolean => "true or false",
            Self::Date => "a date like 2027-01-31",
            Self::Text | Self::Html | Self::Identity | Self::Tree => "text",
        }
    }
}

/// A date or moment as the service takes it.
fn day(text: &str) -> Option<String> {
    if let Ok(day) = text.parse::<chrono::NaiveDate>() {
        return Some(format!("{day}T00:00:00Z"));
    }
    let moment = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some(moment.to_utc().format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// A value as text: as the mapping writes it, where it says the same in other words; `None` where it is empty.
pub(super) fn read<'a>(value: &Value, of: Option<Type>, mut writings: impl Iterator<Item = &'a str>) -> Option<String> {
    let said = match value {
        Value::Null => return None,
        Value::String(text) if text.is_empty() => return None,
        Value::String(text) if of == Some(Type::Html) => vec![text.clone(), description::unescaped(text)],
        Value::String(text) => vec![text.clone(), short_date(text).unwrap_or_else(|| text.clone())],
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        Value::Object(identity) => {
            let part = |key: &str| identity.get(key).and_then(Value::as_str).unwrap_or_default();
            let (name, unique) = (part("displayName"), part("uniqueName"));
            // What stands last is said where the mapping does not know the person.
            let both = format!("{name} <{unique}>");
            let last = if unique.is_empty() { name } else { unique };
            vec![name.to_owned(), both, last.to_owned()]
        }
        Value::Array(_) => vec![value.to_string()],
    };
    let alike = |said: &str, writing: &str| match of {
        Some(Type::Html) => words(Markup::Html, said) == words(Markup::Html, writing),
        _ => says_the_same(said, writing),
    };
    let same = |writing: &&str| said.iter().any(|said| alike(said, writing));
    writings.find(same).map(str::to_owned).or_else(|| said.last().cloned())
}

fn says_the_same(said: &str, writing: &str) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let bare = |text: &str| text.replace('/', "\\").trim_matches('\\').to_lowercase();
    let (said_bare, writing_bare) = (bare(said), bare(writing.trim()));
    said_bare == writing_bare
        || matches!((number(said), number(writing)), (Some(a), Some(b)) if (a - b).abs() < f64::EPSILON)
        || day(said).is_some_and(|moment| day(writing.trim()) == Some(moment))
        // An area without the project that it is in.
        || said_bare.split_once('\\').is_some_and(|(_, below)| below == writing_bare)
}

/// The day of a moment at midnight.
fn short_date(text: &str) -> Option<String> {
    let (day, time) = text.split_once('T')?;
    let midnight = matches!(time.trim_end_matches('Z').trim_end_matches(['.', '0']), "00:00:" | "");
    (midnight && day.parse::<chrono::NaiveDate>().is_ok()).then(|| day.to_owned())
}

/// The names that a mapping gives fields, each once.
pub(super) fn names(mapping: &Mapping) -> Vec<&str> {
    let rules = mapping.fields.iter().map(|rule| rule.field.as_str());
    let due = (!mapping.due.is_empty()).then_some(DUE_DATE);
    let mut names: Vec<&str> = Vec::new();
    for name in [mapping.severity.field.as_str(), mapping.status.field.as_str()].into_iter().chain(rules).chain(due) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The tags that a value of the mapping names.
pub(super) fn tags(value: &str) -> Vec<String> {
    value.split([';', ',']).map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// Whether a text is one tag.
pub(super) fn is_tag(text: &str) -> bool {
    !text.contains([';', ',']) && text.chars().count() <= 400 && !text.trim().is_empty()
}

/// The fields that the mapping names and the type lacks.
pub(super) fn lacking(mapping: &Mapping, work_type: &WorkType) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in names(mapping).into_iter().filter(|_| work_type.fields_are_known()) {
        let Place::Field(reference) = Place::of(name, work_type) else { continue };
        // Every type has the system's own fields.
        if !reference.starts_with("System.") && work_type.field(&reference).is_none() {
            let nearest = work_type.field_names().max_by(|a, b| {
                let near = |name: &str| strsim::jaro_winkler(&name.to_lowercase(), &reference.to_lowercase());
                near(a).total_cmp(&near(b))
            });
            let hint = match nearest {
                _ if name == "issue_type" => "name the type as `work_item_type` in the mapping".to_owned(),
                Some(nearest) => format!("did you mean `{nearest}`? Else add the field to the type in the process"),
                None => "add the field to the type in the process".to_owned(),
            };
            let what = format!("work item type `{}` has no field `{name}`", work_type.name);
            problems.push(Problem { what, hint, fixable: false });
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn writes_each_type_in_its_own_way() {
        let write = |of: Type, value| of.write(value, "Shop");
        assert_eq!(write(Type::Integer, "2"), Some(json!(2)));
        assert_eq!(write(Type::Integer, "P2"), None);
        assert_eq!(write(Type::Double, "1.5"), Some(json!(1.5)));
        assert_eq!(write(Type::Date, "2027-01-31"), Some(json!("2027-01-31T00:00:00Z")));
        assert_eq!(write(Type::Tree, "Web/Api"), Some(json!("Shop\\Web\\Api")));
        assert_eq!(write(Type::Tree, "shop"), Some(json!("shop")));
        assert_eq!(write(Type::Identity, "a@acme.example, b@acme.example"), Some(json!("a@acme.example")));
    }

    #[test]
    fn reads_a_value_as_the_mapping_writes_it() {
        let read = |value: Value, writings: &[&str]| read(&value, None, writings.iter().copied());
        let jane = json!({"displayName": "Jane Doe", "uniqueName": "jane@acme.example"});
        assert_eq!(read(json!(2), &["1", "2"]).as_deref(), Some("2"));
        assert_eq!(read(json!(1.5), &["1.50"]).as_deref(), Some("1.50"));
        assert_eq!(read(jane.clone(), &["jane doe"]).as_deref(), Some("jane doe"));
        assert_eq!(read(jane, &["joe"]).as_deref(), Some("jane@acme.example"));
        assert_eq!(read(json!("2027-01-31T00:00:00Z"), &[]).as_deref(), Some("2027-01-31"));
        assert_eq!(read(json!("2027-01-31T10:00:00Z"), &[]).as_deref(), Some("2027-01-31T10:00:00Z"));
        assert_eq!(read(json!("Shop\\Web"), &["Web"]).as_deref(), Some("Web"));
        assert_eq!(read(json!(""), &["x"]), None);
    }
}
