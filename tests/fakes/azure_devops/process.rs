//! The four processes that Azure Boards comes with: types, states, transitions and fields, as data of the fake's own.

use serde_json::{Value, json};

/// A process template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    Basic,
    Agile,
    Scrum,
    Cmmi,
}

/// A field of a work item type.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) reference: String,
    pub(crate) name: String,
    /// As the fields API calls it.
    pub(crate) kind: String,
    pub(crate) identity: bool,
    pub(crate) required: bool,
    pub(crate) read_only: bool,
    pub(crate) allowed: Vec<Value>,
    pub(crate) default: Value,
}

/// A work item type.
#[derive(Debug, Clone)]
pub(crate) struct Type {
    pub(crate) name: String,
    pub(crate) disabled: bool,
    /// Names and categories, in the order of the process.
    pub(crate) states: Vec<(String, String)>,
    /// From where to where; from the empty name: where an item may begin.
    pub(crate) transitions: Vec<(String, Vec<String>)>,
    pub(crate) fields: Vec<Field>,
}

impl Field {
    pub(crate) fn new(reference: &str, kind: &str) -> Self {
        let last = reference.rsplit('.').next().unwrap_or(reference);
        let name = last.chars().fold(String::new(), |mut name, c| {
            if c.is_uppercase() && name.chars().last().is_some_and(char::is_lowercase) {
                name.push(' ');
            }
            name.push(c);
            name
        });
        Self {
            reference: reference.to_owned(),
            name,
            kind: kind.to_owned(),
            identity: false,
            required: false,
            read_only: false,
            allowed: Vec::new(),
            default: Value::Null,
        }
    }

    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) fn among(mut self, allowed: &[Value], default: Value) -> Self {
        self.allowed = allowed.to_vec();
        self.default = default;
        self
    }

    fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    fn identity(mut self) -> Self {
        self.identity = true;
        self
    }

    /// As `GET …/workitemtypes/{type}` lists it.
    pub(crate) fn instance(&self) -> Value {
        json!({
            "defaultValue": self.default, "alwaysRequired": self.required, "dependentFields": [],
            "referenceName": self.reference, "name": self.name,
            "url": format!("https://dev.azure.com/acme/_apis/wit/fields/{}", self.reference),
        })
    }

    /// As `GET …/fields` lists it.
    pub(crate) fn definition(&self) -> Value {
        json!({
            "name": self.name, "referenceName": self.reference, "type": self.kind, "usage": "workItem",
            "readOnly": self.read_only, "isIdentity": self.identity, "isPicklist": false, "isQueryable": true,
            "canSortBy": true, "supportedOperations": [],
        })
    }
}

impl Type {
    pub(crate) fn field(&self, reference: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.reference.eq_ignore_ascii_case(reference))
    }

    /// Where an item in a state may go.
    pub(crate) fn next(&self, from: &str) -> &[String] {
        self.transitions.iter().find(|(f, _)| f == from).map_or(&[], |(_, to)| to.as_slice())
    }

    /// The state under its own spelling.
    pub(crate) fn state(&self, name: &str) -> Option<&str> {
        self.states.iter().map(|(n, _)| n.as_str()).find(|n| n.eq_ignore_ascii_case(name))
    }

    pub(crate) fn states_json(&self) -> Value {
        self.states
            .iter()
            .map(|(name, category)| json!({"name": name, "color": "b2b2b2", "category": category}))
            .collect()
    }

    /// As `GET …/workitemtypes` lists it.
    pub(crate) fn json(&self) -> Value {
        let instances: Vec<Value> = self.fields.iter().map(Field::instance).collect();
        let transitions: serde_json::Map<String, Value> = self
            .transitions
            .iter()
            .map(|(from, to)| (from.clone(), to.iter().map(|to| json!({"to": to, "actions": null})).collect()))
            .collect();
        json!({
            "name": self.name, "referenceName": format!("Microsoft.VSTS.WorkItemTypes.{}", self.name.replace(' ', "")),
            "description": "", "color": "CC293D", "isDisabled": self.disabled, "xmlForm": "",
            "fields": instances, "fieldInstances": instances, "transitions": transitions, "states": self.states_json(),
        })
    }
}

fn common() -> Vec<Field> {
    vec![
        Field::new("System.Id", "integer").read_only(),
        Field::new("System.Rev", "integer").read_only(),
        Field::new("System.AreaPath", "treePath"),
        Field::new("System.TeamProject", "string").read_only(),
        Field::new("System.IterationPath", "treePath"),
        Field::new("System.WorkItemType", "string").read_only(),
        Field::new("System.State", "string").required(),
        Field::new("System.Reason", "string"),
        Field::new("System.AssignedTo", "string").identity(),
        Field::new("System.CreatedDate", "dateTime").read_only(),
        Field::new("System.CreatedBy", "string").identity().read_only(),
        Field::new("System.ChangedDate", "dateTime").read_only(),
        Field::new("System.ChangedBy", "string").identity().read_only(),
        Field::new("Microsoft.VSTS.Common.StateChangeDate", "dateTime").read_only(),
        Field::new("Microsoft.VSTS.Common.ClosedBy", "string").identity().read_only(),
        Field::new("System.CommentCount", "integer").read_only(),
        Field::new("System.HyperLinkCount", "integer").read_only(),
        Field::new("System.Title", "string").required(),
        Field::new("System.Tags", "plainText"),
        Field::new("System.Description", "html"),
        Field::new("System.History", "history"),
        Field::new("Microsoft.VSTS.Common.Priority", "integer")
            .among(&[json!(1), json!(2), json!(3), json!(4)], json!(2)),
        Field::new("Microsoft.VSTS.Common.StackRank", "double"),
        Field::new("Microsoft.VSTS.Scheduling.DueDate", "dateTime"),
        Field::new("Microsoft.VSTS.Scheduling.Effort", "double"),
    ]
}

fn bug_fields() -> Vec<Field> {
    let mut fields = common();
    let severities = ["1 - Critical", "2 - High", "3 - Medium", "4 - Low"].map(|s| json!(s));
    fields.push(Field::new("Microsoft.VSTS.TCM.ReproSteps", "html"));
    fields.push(Field::new("Microsoft.VSTS.TCM.SystemInfo", "html"));
    fields.push(Field::new("Microsoft.VSTS.Common.Severity", "string").among(&severities, json!("3 - Medium")));
    fields
}

const CATEGORIES: [(&str, &str); 14] = [
    ("To Do", "Proposed"),
    ("New", "Proposed"),
    ("Approved", "Proposed"),
    ("Proposed", "Proposed"),
    ("Open", "Proposed"),
    ("Doing", "InProgress"),
    ("In Progress", "InProgress"),
    ("Active", "InProgress"),
    ("Committed", "InProgress"),
    ("Resolved", "Resolved"),
    ("Done", "Completed"),
    ("Closed", "Completed"),
    ("Inactive", "Completed"),
    ("Removed", "Removed"),
];

/// `transitions`: `from > to, to; from > to`.
fn work_item_type(name: &str, states: &[&str], transitions: &str, fields: Vec<Field>) -> Type {
    let category = |state: &str| CATEGORIES.iter().find(|(s, _)| *s == state).map_or("Proposed", |(_, c)| c).to_owned();
    let mut moves = vec![(String::new(), vec![states[0].to_owned()])];
    if transitions == "any" {
        for from in states {
            moves.push(((*from).to_owned(), states.iter().map(|s| (*s).to_owned()).collect()));
        }
    } else {
        for part in transitions.split("; ") {
            let (from, to) = part.split_once(" > ").unwrap_or((part, ""));
            let mut to: Vec<String> = to.split(", ").map(str::to_owned).collect();
            to.push(from.to_owned());
            moves.push((from.to_owned(), to));
        }
    }
    Type {
        name: name.to_owned(),
        disabled: false,
        states: states.iter().map(|s| ((*s).to_owned(), category(s))).collect(),
        transitions: moves,
        fields,
    }
}

impl Process {
    pub(crate) const ALL: [Self; 4] = [Self::Basic, Self::Agile, Self::Scrum, Self::Cmmi];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Agile => "Agile",
            Self::Scrum => "Scrum",
            Self::Cmmi => "CMMI",
        }
    }

    /// Its types. Transitions are those of the XML processes, which are stricter than inherited ones.
    pub(crate) fn types(self) -> Vec<Type> {
        match self {
            Self::Basic => vec![
                work_item_type("Epic", &["To Do", "Doing", "Done"], "any", common()),
                work_item_type("Issue", &["To Do", "Doing", "Done"], "any", common()),
                work_item_type("Task", &["To Do", "Doing", "Done"], "any", common()),
            ],
            Self::Agile => vec![
                work_item_type(
                    "Bug",
                    &["New", "Active", "Resolved", "Closed"],
                    "New > Active, Resolved, Closed; Active > New, Resolved, Closed; Resolved > Active, Closed; \
                     Closed > Active, Resolved",
                    bug_fields(),
                ),
                work_item_type("Issue", &["Active", "Closed"], "any", common()),
                work_item_type(
                    "User Story",
                    &["New", "Active", "Resolved", "Closed", "Removed"],
                    "New > Active, Resolved, Closed, Removed; Active > New, Resolved, Closed, Removed; \
                     Resolved > Active, Closed; Closed > Active, Resolved; Removed > New",
                    common(),
                ),
                work_item_type("Task", &["New", "Active", "Closed", "Removed"], "any", common()),
            ],
            Self::Scrum => vec![
                work_item_type(
                    "Bug",
                    &["New", "Approved", "Committed", "Done", "Removed"],
                    "New > Approved, Committed, Removed; Approved > New, Committed, Removed; \
                     Committed > New, Approved, Done, Removed; Done > Committed; Removed > New",
                    bug_fields(),
                ),
                work_item_type("Impediment", &["Open", "Closed"], "any", common()),
                work_item_type(
                    "Product Backlog Item",
                    &["New", "Approved", "Committed", "Done", "Removed"],
                    "any",
                    common(),
                ),
                work_item_type("Task", &["To Do", "In Progress", "Done", "Removed"], "any", common()),
            ],
            Self::Cmmi => vec![
                work_item_type(
                    "Bug",
                    &["Proposed", "Active", "Resolved", "Closed"],
                    "Proposed > Active, Closed; Active > Proposed, Resolved; Resolved > Active, Closed; \
                     Closed > Active, Proposed",
                    bug_fields(),
                ),
                work_item_type("Issue", &["Proposed", "Active", "Resolved", "Closed"], "any", common()),
                work_item_type("Requirement", &["Proposed", "Active", "Resolved", "Closed"], "any", common()),
                work_item_type("Task", &["Proposed", "Active", "Resolved", "Closed"], "any", common()),
            ],
        }
    }
}
