//! Edits of mapped fields, turned into what GitLab's calls take: names become ids, values become labels.

use std::collections::{BTreeMap, BTreeSet};

use gitlab::api::projects::labels::{CreateLabel, Labels};
use gitlab::api::users::Users;
use serde_json::{Value, json};

use super::client::Get;
use super::fields::{Field, Slot, state_word};
use super::labels::spelled_among;
use super::{Error, GitLab, Setup, built, wire};
use crate::issue::FieldEdit;

/// What one write changes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub add: Vec<String>,
    pub remove: Vec<String>,
    /// Parameters of `POST` or `PUT` beside labels.
    pub params: Vec<(&'static str, String)>,
    /// Input of `workItemUpdate`; empty where nothing needs it.
    pub item: serde_json::Map<String, Value>,
    /// The names of the fields in `item`.
    pub elsewhere: Vec<String>,
}

impl GitLab {
    /// Translates edits of fields. `now` are the fields as they are.
    pub(super) async fn changes(
        &self,
        setup: &Setup,
        edits: &[FieldEdit],
        now: &BTreeMap<String, String>,
    ) -> Result<Changes, Error> {
        let mut changes = Changes::default();
        for edit in edits {
            let Some(field) = setup.fields.get(&edit.name) else {
                return Err(refused(&edit.name, "the mapping does not name this field".to_owned()));
            };
            let value = edit.value.as_deref().map(str::trim).filter(|value| !value.is_empty());
            self.change(setup, field, value, now.get(&edit.name).map(String::as_str), &mut changes).await?;
        }
        Ok(changes)
    }

    async fn change(
        &self,
        setup: &Setup,
        field: &Field,
        value: Option<&str>,
        now: Option<&str>,
        changes: &mut Changes,
    ) -> Result<(), Error> {
        // The words for open and closed are the state, which has its own place in an edit.
        let word = |value: &&str| setup.fields.is_status(field) && state_word(value).is_some();
        let (value, now) = (value.filter(|v| !word(v)), now.filter(|n| !word(n)));
        let mut param = |name, value: String| changes.params.push((name, value));
        let text = value.unwrap_or_default();
        match field.slot {
            Slot::State => {}
            Slot::Scoped | Slot::Plain => {
                let (add, old) = (field.labels_of(&self.mapping, text), field.labels(now.unwrap_or_default()));
                changes.remove.extend(old.into_iter().filter(|label| !add.contains(label)));
                changes.add.extend(add);
            }
            Slot::Milestone => param("milestone_id", self.milestone(setup, value).await?),
            Slot::DueDate => param("due_date", text.to_owned()),
            Slot::IssueType => param("issue_type", text.to_lowercase().replace([' ', '-'], "_")),
            Slot::Confidential => param("confidential", (text.eq_ignore_ascii_case("true")).to_string()),
            Slot::Weight => {
                if value.is_some_and(|value| value.parse::<u64>().is_err()) {
                    return Err(refused(&field.name, format!("a weight is a whole number, not `{text}`")));
                }
                param("weight", text.to_owned());
            }
            Slot::Epic => param("epic_id", self.epic(setup, value).await?),
            Slot::Assignees => {
                let (ids, missing) = self.assignees(text).await?;
                if !missing.is_empty() {
                    // An issue that nobody has is better than none.
                    let missing = missing.join(", ");
                    tracing::warn!(missing, "left out assignees: GitLab knows nobody of this name");
                }
                let none = (ids.is_empty() && missing.is_empty()).then_some(0);
                ids.into_iter().chain(none).for_each(|id| param("assignee_ids[]", id.to_string()));
            }
            Slot::Health => {
                let health = value.map(|value| health(value).ok_or_else(|| refused(&field.name, unknown(value))));
                elsewhere(changes, field, "healthStatusWidget", json!({ "healthStatus": health.transpose()? }));
            }
            Slot::WorkStatus => {
                let Some(value) = value else { return Ok(()) };
                let status = setup.abilities.statuses.iter().find(|status| status.name.eq_ignore_ascii_case(value));
                let status = status.ok_or_else(|| refused(&field.name, unknown(value)))?;
                elsewhere(changes, field, "statusWidget", json!({ "status": status.id }));
            }
            Slot::Custom(at) => {
                let Some(custom) = setup.abilities.custom.get(at) else { return Ok(()) };
                let input = custom.input(value).map_err(|value| refused(&field.name, unknown(&value)))?;
                let mut inputs = changes.item.get("customFieldsWidget").cloned().unwrap_or_else(|| json!([]));
                inputs.as_array_mut().into_iter().for_each(|inputs| inputs.push(input.clone()));
                elsewhere(changes, field, "customFieldsWidget", inputs);
            }
        }
        Ok(())
    }

    /// The ids of user names, and the names that nobody has (any more).
    pub(super) async fn assignees(&self, names: &str) -> Result<(Vec<u64>, Vec<String>), Error> {
        let (mut ids, mut missing) = (Vec::new(), Vec::new());
        for name in names.split(',').map(|name| name.trim().trim_start_matches('@')).filter(|name| !name.is_empty()) {
            let users = built(Users::builder().username(name).build())?;
            let users: Vec<wire::User> = self.api.ask("look up an assignee", &users).await?;
            match users.iter().find(|user| user.username.eq_ignore_ascii_case(name)) {
                Some(user) => ids.push(user.id),
                None => missing.push(name.to_owned()),
            }
        }
        Ok((ids, missing))
    }

    /// The id of a milestone of the project or of a group above it; 0 is none.
    pub(super) async fn milestone(&self, setup: &Setup, title: Option<&str>) -> Result<String, Error> {
        let Some(title) = title.map(|title| title.trim_start_matches('%')) else { return Ok("0".to_owned()) };
        let id = setup.project.id;
        // `include_ancestors` was called `include_parent_milestones` before 16.7.
        let query = ["include_ancestors", "include_parent_milestones"].map(|name| (name, "true".to_owned()));
        let query = [("title", title.to_owned())].into_iter().chain(query).collect();
        let endpoint = Get { path: format!("projects/{id}/milestones"), query };
        let found: Vec<wire::Titled> = self.api.ask("look up the milestone", &endpoint).await?;
        let milestone = found.iter().find(|milestone| milestone.title.eq_ignore_ascii_case(title));
        milestone
            .map(|milestone| milestone.id.to_string())
            .ok_or_else(|| refused("milestone", format!("the project has no milestone `{title}`")))
    }

    /// The id of an epic of the project's group, by its number (`&12`); empty is none.
    pub(super) async fn epic(&self, setup: &Setup, number: Option<&str>) -> Result<String, Error> {
        let Some(number) = number else { return Ok(String::new()) };
        let bad = |why: &str| refused("epic", format!("`{number}` {why}"));
        let iid: u64 =
            number.rsplit(['&', '/']).next().and_then(|n| n.parse().ok()).ok_or_else(|| bad("is no number"))?;
        let group = setup.project.group().ok_or_else(|| bad("cannot be: the project is in no group"))?;
        let endpoint = Get { path: format!("groups/{group}/epics/{iid}"), query: Vec::new() };
        match self.api.ask::<wire::Epic>("look up the epic", &endpoint).await {
            Ok(epic) => Ok(epic.id.to_string()),
            Err(Error::NotFound { .. } | Error::Forbidden { .. }) => Err(bad("is no epic of the project's group")),
            Err(error) => Err(error),
        }
    }

    /// Makes labels that are missing, each with its colour; GitLab would make them too, all in one colour. A label that
    /// the team has in another case is that one; but lists are asked for by findsync's own, letter by letter.
    pub(super) async fn ensure_labels(&self, setup: &Setup, wanted: &mut [String]) -> Result<Vec<String>, Error> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut known = self.labels.lock().await;
        if known.is_none() {
            *known = Some(self.list_labels(setup).await?);
        }
        let known = known.get_or_insert_default();
        let mut made = Vec::new();
        for label in wanted {
            if !self.own_labels.is_ours(label) {
                *label = spelled_among(known.iter(), label);
            }
            if known.contains(label.as_str()) {
                continue;
            }
            let colour = self.colour(label);
            let endpoint =
                built(CreateLabel::builder().project(setup.project.id).name(label.as_str()).color(colour).build())?;
            match self.api.ask::<wire::Label>("make a label", &endpoint).await {
                Ok(_) => made.push(label.clone()),
                // Another run was faster.
                Err(Error::Conflict) => {}
                Err(Error::Refused { detail, .. }) if detail.contains("already") => {}
                // The issue's own call makes it, or fails with the better reason.
                Err(Error::Forbidden { .. }) => continue,
                Err(error) => return Err(error),
            }
            known.insert(label.clone());
        }
        Ok(made)
    }

    pub(super) async fn list_labels(&self, setup: &Setup) -> Result<BTreeSet<String>, Error> {
        let labels = built(Labels::builder().project(setup.project.id).build())?;
        let labels: Vec<wire::Label> = self.api.all("list the labels", labels).await?;
        Ok(labels.into_iter().map(|label| label.name).collect())
    }

    /// Red for the worst, blue for the least, grey for what tells no severity.
    fn colour(&self, label: &str) -> (u8, u8, u8) {
        const COLOURS: [(u8, u8, u8); 5] =
            [(0x42, 0x8b, 0xca), (0x36, 0xb3, 0x7e), (0xee, 0xe6, 0x00), (0xed, 0x91, 0x21), (0xdc, 0x14, 0x3c)];
        const GREY: (u8, u8, u8) = (0x6b, 0x72, 0x80);
        let severity = &self.mapping.severity;
        let scoped = |value: &String| label == value || label == format!("{}::{value}", severity.field);
        severity.values.iter().rposition(scoped).map_or(GREY, |at| COLOURS[at])
    }
}

fn elsewhere(changes: &mut Changes, field: &Field, widget: &str, input: Value) {
    changes.item.insert(widget.to_owned(), input);
    changes.elsewhere.push(field.name.clone());
}

pub(super) fn refused(field: &str, detail: String) -> Error {
    Error::Refused { what: format!("set `{field}`"), detail }
}

fn unknown(value: &str) -> String {
    format!("it has no value `{value}`")
}

/// GitLab's name of a health status.
pub(super) fn health(value: &str) -> Option<&'static str> {
    let folded = value.to_lowercase().replace([' ', '_', '-'], "");
    ["onTrack", "needsAttention", "atRisk"].into_iter().find(|known| known.to_lowercase() == folded)
}
