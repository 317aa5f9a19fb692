//! The contract that every tracker keeps, on each of the four processes. People use the web editor.

use async_trait::async_trait;
use findsync::config::{Mapping, Public};
use findsync::finding::Severity;
use findsync::trackers::Track;
use serde_json::{Value, json};

use crate::contract::{Act, Seen, World};
use crate::fake::{CLEANER, Fake, Item, Process, SERVICE};
use crate::kit::{self, body_field, connect, impatient, mapping_for, states};

/// A project on a process.
pub(crate) struct Project {
    pub(crate) fake: Fake,
    pub(crate) process: Process,
    /// Whether answers may not come.
    pub(crate) faulty: bool,
}

impl Project {
    pub(crate) async fn new(process: Process) -> Self {
        Self { fake: Fake::start(process).await, process, faulty: false }
    }

    fn closes(&self, number: u64, reason: &str) {
        let closed = states(self.process).1;
        let fields = [("System.State", json!(closed)), ("System.Reason", json!(reason))];
        self.fake.world().person_sets(number, &fields);
    }

    fn tags(&self, number: u64, change: impl FnOnce(&mut Vec<String>)) {
        let mut tags = self.fake.item(number).tags();
        change(&mut tags);
        let tags = if tags.is_empty() { Value::Null } else { json!(tags.join("; ")) };
        self.fake.world().person_sets(number, &[("System.Tags", tags)]);
    }

    fn seen(&self, item: &Item) -> Seen {
        Seen {
            number: item.id,
            title: item.text("System.Title"),
            body: item.text(body_field(self.process)),
            open: item.text("System.State") != states(self.process).1,
            labels: item.tags(),
            severity: Some(item.text("Microsoft.VSTS.Common.Priority")).filter(|value| !value.is_empty()),
            comments: item.comments.iter().map(|(_, text)| text.clone()).collect(),
        }
    }
}

#[async_trait]
impl World for Project {
    fn mapping(&self) -> Mapping {
        Mapping { public: Some(Public::Full), ..mapping_for(self.process) }
    }

    fn labels_field(&self) -> Option<&'static str> {
        Some("Tags")
    }

    fn connect(&self, mapping: &Mapping) -> Box<dyn Track> {
        Box::new(if self.faulty { impatient(&self.fake, mapping) } else { connect(&self.fake, mapping) })
    }

    async fn person(&self, act: Act) {
        let set = |number, field, value: Value| self.fake.world().person_sets(number, &[(field, value)]);
        match act {
            Act::Close(number) => self.closes(number, "Fixed"),
            Act::CloseByBot(number) => {
                let state = json!(states(self.process).1);
                self.fake.world().sets(CLEANER.1, number, &[("System.State", state)]);
            }
            Act::Damage(number) => {
                let mut world = self.fake.world();
                let relations = &mut world.items.get_mut(&number).unwrap().relations;
                let link = relations.iter_mut().find(|relation| relation["rel"] == "Hyperlink").unwrap();
                link["url"] = json!(link["url"].as_str().unwrap().replacen('?', "?x", 1));
            }
            Act::Refuse(number) => self.closes(number, "Deferred"),
            Act::CloseAsDuplicate(number) => self.closes(number, "Duplicate"),
            Act::Reopen(number) => set(number, "System.State", json!(states(self.process).0)),
            Act::Label(number, tag) => self.tags(number, |tags| tags.push(tag.to_owned())),
            Act::Unlabel(number, tag) => self.tags(number, |tags| tags.retain(|known| known != tag)),
            Act::Retitle(number, title) => set(number, "System.Title", json!(title)),
            Act::Append(number, words) => self
                .fake
                .world()
                .person_types(number, body_field(self.process), |html| format!("{html}<div>{words}</div>")),
            Act::Severity(number, severity) => {
                let value =
                    self.mapping().severity.value(severity.parse::<Severity>().unwrap()).parse::<i64>().unwrap();
                set(number, "Microsoft.VSTS.Common.Priority", json!(value));
            }
            Act::Twin(number) => {
                let twin = self.fake.item(number);
                let mut world = self.fake.world();
                let id = world.blank(&twin.text("System.WorkItemType"), SERVICE.1);
                world.items.insert(id, Item { id, rev: 1, ..twin });
            }
            Act::Other(title) => {
                let of_type = if self.process == Process::Basic { "Issue" } else { "Bug" };
                self.fake.world().person_creates(of_type, title, "");
            }
            Act::Delete(number) => self.fake.world().items.get_mut(&number).unwrap().deleted = true,
        }
    }

    async fn look(&self) -> Vec<Seen> {
        kit::assert_no_objections(&self.fake);
        self.fake.items().iter().map(|item| self.seen(item)).collect()
    }
}

macro_rules! on_process {
    ($name:ident, $process:ident) => {
        mod $name {
            use super::{Process, Project};

            async fn fresh() -> Project {
                Project::new(Process::$process).await
            }

            crate::contract_suite!(fresh);
        }
    };
}

on_process!(basic, Basic);
on_process!(agile, Agile);
on_process!(scrum, Scrum);
on_process!(cmmi, Cmmi);
