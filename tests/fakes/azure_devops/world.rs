//! The organization behind the fake: items with their revisions, users and rights, and what people do in the browser.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::html;
use super::process::{Field, Process, Type};

/// What a token may do.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) user: String,
    /// `vso.work_write`.
    pub(crate) write: bool,
    /// "Create tag definition".
    pub(crate) tags: bool,
    /// "Suppress notifications for work item updates".
    pub(crate) quiet: bool,
}

/// A work item.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: u64,
    pub(crate) rev: u64,
    pub(crate) fields: BTreeMap<String, Value>,
    pub(crate) relations: Vec<Value>,
    pub(crate) deleted: bool,
    /// Who said what, oldest first.
    pub(crate) comments: Vec<(String, String)>,
    /// Whether each revision told its watchers.
    pub(crate) notifications: usize,
}

impl Item {
    /// A field's value, null where it has none.
    pub(crate) fn value(&self, reference: &str) -> Value {
        match reference {
            _ if reference.eq_ignore_ascii_case("System.Id") => json!(self.id),
            _ if reference.eq_ignore_ascii_case("System.Rev") => json!(self.rev),
            _ if reference.eq_ignore_ascii_case("System.HyperLinkCount") => {
                json!(self.relations.iter().filter(|r| r["rel"] == "Hyperlink").count())
            }
            _ => self
                .fields
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(reference))
                .map_or(Value::Null, |(_, value)| value.clone()),
        }
    }

    /// A field's value as text, for tests.
    pub(crate) fn text(&self, reference: &str) -> String {
        match self.value(reference) {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    /// Its tags.
    pub(crate) fn tags(&self) -> Vec<String> {
        self.text("System.Tags").split("; ").filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
    }

    /// Its hyperlinks' addresses.
    pub(crate) fn hyperlinks(&self) -> Vec<String> {
        let of = |r: &Value| r["url"].as_str().unwrap_or_default().to_owned();
        self.relations.iter().filter(|r| r["rel"] == "Hyperlink").map(of).collect()
    }
}

/// The organization `acme` with its project `Shop`.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) process: Process,
    pub(crate) types: Vec<Type>,
    pub(crate) project: String,
    pub(crate) project_id: String,
    pub(crate) visibility: String,
    pub(crate) areas: Vec<String>,
    pub(crate) iterations: Vec<String>,
    /// Areas in which our account lacks "Edit work items in this node".
    pub(crate) locked_areas: Vec<String>,
    pub(crate) users: Vec<(String, String)>,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) tags: Vec<String>,
    pub(crate) items: BTreeMap<u64, Item>,
    pub(crate) next_id: u64,
    pub(crate) clock: u64,
    /// The newest API version that it speaks.
    pub(crate) version: (u32, u32),
    /// Most items a query may return.
    pub(crate) query_limit: usize,
    /// Whether `$top` lets a bigger query through.
    pub(crate) top_helps: bool,
}

/// The display name and the unique name of the account that the good token belongs to.
pub(crate) const SERVICE: (&str, &str) = ("Shop Build Service (acme)", "Build\\0815");
/// Another automation.
pub(crate) const CLEANER: (&str, &str) = ("Clean Build Service (acme)", "Build\\4711");
/// A person.
pub(crate) const JAMAL: (&str, &str) = ("Jamal Hartnett", "jamal@acme.example");

impl World {
    pub(crate) fn new(process: Process) -> Self {
        let account = |write| Account { user: SERVICE.1.to_owned(), write, tags: true, quiet: false };
        Self {
            process,
            types: process.types(),
            project: "Shop".to_owned(),
            project_id: "aaee31d9-14cf-48b9-a92b-3f1446c13f80".to_owned(),
            visibility: "private".to_owned(),
            areas: vec!["Shop".to_owned(), "Shop\\Web".to_owned()],
            iterations: vec!["Shop".to_owned(), "Shop\\Sprint 1".to_owned()],
            locked_areas: Vec::new(),
            users: [SERVICE, CLEANER, JAMAL].map(|(name, unique)| (name.to_owned(), unique.to_owned())).to_vec(),
            accounts: [("good-token", true), ("reader-token", false)]
                .map(|(token, write)| (token.to_owned(), account(write)))
                .into(),
            tags: Vec::new(),
            items: BTreeMap::new(),
            next_id: 101,
            clock: 0,
            version: (7, 1),
            query_limit: 20_000,
            top_helps: true,
        }
    }

    /// A field of any type, by reference name or name.
    pub(crate) fn field(&self, name: &str) -> Option<Field> {
        let named = |f: &&Field| f.reference.eq_ignore_ascii_case(name) || f.name.eq_ignore_ascii_case(name);
        self.types.iter().flat_map(|t| &t.fields).find(named).cloned()
    }

    pub(crate) fn work_item_type(&self, name: &str) -> Option<&Type> {
        self.types.iter().find(|t| t.name.eq_ignore_ascii_case(name))
    }

    /// A user as the API shows one.
    pub(crate) fn identity(&self, name: &str) -> Option<Value> {
        let bracketed = name.split_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
        let (display, unique) = self.users.iter().find(|(display, unique)| {
            display.eq_ignore_ascii_case(name)
                || unique.eq_ignore_ascii_case(name)
                || bracketed.is_some_and(|b| b.eq_ignore_ascii_case(unique))
        })?;
        let subject = if unique.starts_with("Build\\") { "svc" } else { "aad" };
        Some(json!({
            "displayName": display, "uniqueName": unique, "id": "d291b0c4-a05c-4ea6-8df1-4b41d5f39eff",
            "descriptor": format!("{subject}.YTg0NmVhMTct")
        }))
    }

    /// A moment that is later than all before.
    pub(crate) fn now(&mut self) -> String {
        self.clock += 1;
        format!("2026-01-01T{:02}:{:02}:{:02}Z", self.clock / 3600 % 24, self.clock / 60 % 60, self.clock % 60)
    }

    /// An item as the API shows it.
    pub(crate) fn show(&self, item: &Item, fields: Option<&[String]>, expand: &str, base: &str) -> Value {
        let wanted = |name: &str| fields.is_none_or(|wanted| wanted.iter().any(|w| w.eq_ignore_ascii_case(name)));
        let mut shown: serde_json::Map<String, Value> =
            item.fields.iter().filter(|(name, _)| wanted(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
        if fields.is_some() && wanted("System.Id") {
            shown.insert("System.Id".to_owned(), json!(item.id));
        }
        let url = format!("{base}/_apis/wit/workItems/{}", item.id);
        let mut answer = json!({"id": item.id, "rev": item.rev, "fields": shown, "url": url});
        if ["relations", "all"].contains(&expand) && !item.relations.is_empty() {
            answer["relations"] = json!(item.relations);
        }
        if ["links", "all"].contains(&expand) {
            let html = format!("{base}/{}/_workitems/edit/{}", item.text("System.TeamProject"), item.id);
            answer["_links"] = json!({"self": {"href": url}, "html": {"href": html}});
        }
        answer
    }

    /// A person sets fields, without asking for any rule.
    pub(crate) fn person_sets(&mut self, id: u64, fields: &[(&str, Value)]) {
        self.sets(JAMAL.1, id, fields);
    }

    /// Somebody does.
    pub(crate) fn sets(&mut self, user: &str, id: u64, fields: &[(&str, Value)]) {
        let before = self.items[&id].clone();
        let item = self.items.get_mut(&id).expect("the item is there");
        item.rev += 1;
        for (name, value) in fields {
            if value.is_null() {
                item.fields.remove(*name);
            } else {
                item.fields.insert((*name).to_owned(), value.clone());
            }
        }
        let mut item = item.clone();
        self.date(&before, &mut item, user);
        self.items.insert(id, item);
    }

    /// Writes into a new revision who made it and when. Agile and CMMI keep who closed an item, too.
    pub(crate) fn date(&mut self, before: &Item, after: &mut Item, user: &str) {
        let (now, by) = (json!(self.now()), json!(self.identity(user)));
        let state = after.text("System.State");
        if state != before.text("System.State") {
            after.fields.insert("Microsoft.VSTS.Common.StateChangeDate".to_owned(), now.clone());
            if matches!(self.process, Process::Agile | Process::Cmmi) {
                let closer = if state == "Closed" { by.clone() } else { Value::Null };
                after.fields.insert("Microsoft.VSTS.Common.ClosedBy".to_owned(), closer);
            }
        }
        after.fields.insert("System.ChangedDate".to_owned(), now);
        after.fields.insert("System.ChangedBy".to_owned(), by);
    }

    /// A person opens a long text in the web editor, changes it, and saves.
    pub(crate) fn person_types(&mut self, id: u64, field: &str, change: impl FnOnce(String) -> String) {
        let text = change(html::reformat(&self.items[&id].text(field)));
        self.person_sets(id, &[(field, json!(html::clean(&text)))]);
    }

    /// A person creates an item of their own.
    pub(crate) fn person_creates(&mut self, work_item_type: &str, title: &str, tags: &str) -> u64 {
        let id = self.blank(work_item_type, JAMAL.1);
        self.person_sets(id, &[("System.Title", json!(title)), ("System.Tags", json!(tags))]);
        id
    }

    /// A new item with its defaults, revision 0: not yet saved.
    pub(crate) fn blank(&mut self, work_item_type: &str, user: &str) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let (now, by) = (self.now(), self.identity(user));
        let of_type = self.work_item_type(work_item_type).expect("the type is there");
        let mut fields: BTreeMap<String, Value> = of_type
            .fields
            .iter()
            .filter(|f| !f.default.is_null())
            .map(|f| (f.reference.clone(), f.default.clone()))
            .collect();
        let begin = of_type.next("").first().cloned().unwrap_or_default();
        for (name, value) in [
            ("System.WorkItemType", json!(of_type.name)),
            ("System.State", json!(begin)),
            ("System.Reason", json!("New")),
            ("System.TeamProject", json!(self.project)),
            ("System.AreaPath", json!(self.project)),
            ("System.IterationPath", json!(self.project)),
            ("System.CreatedDate", json!(now)),
            ("System.CreatedBy", json!(by)),
            ("System.ChangedDate", json!(now)),
            ("System.ChangedBy", json!(by)),
            ("System.CommentCount", json!(0)),
        ] {
            fields.insert(name.to_owned(), value);
        }
        let item = Item { id, rev: 0, fields, relations: vec![], deleted: false, comments: vec![], notifications: 0 };
        self.items.insert(id, item);
        id
    }
}
