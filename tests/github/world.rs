//! The fake as the contract's world: people act in it, findsync connects to it.

use std::time::Duration;

use async_trait::async_trait;
use findsync::config::{Credential, Instance, Mapping, Project, Secret, TrackerKind};
use findsync::trackers::Track;
use findsync::trackers::github::GitHub;

use crate::busy::Failing;
use crate::contract::{Act, Seen, World};
use crate::fake::{self, Fake, Fault, TOKEN};

/// A fake GitHub and the mapping to it.
pub struct Hub {
    pub fake: Fake,
    project_number: Option<u64>,
    /// The organization's issue field for severities.
    severity_field: Option<u64>,
}

impl Hub {
    pub async fn start(world: fake::World) -> Self {
        let project_number = world.project.as_ref().map(|project| project.number);
        let severity_field = world.issue_fields.iter().find(|field| field.name == "Priority").map(|field| field.id);
        Self { fake: Fake::start(world).await, project_number, severity_field }
    }

    pub fn instance(&self, token: &str) -> Instance {
        let location = format!("{}/acme", self.fake.url);
        let credential = Credential::Token(Secret::new(token.to_owned()));
        Instance { credential, ..Instance::new("acme".to_owned(), TrackerKind::GitHub, location) }
    }

    /// A tracker with a token of one's own, that loses no time.
    pub fn tracker(&self, token: &str, mapping: &Mapping) -> GitHub {
        self.tracker_of(&self.instance(token), mapping)
    }

    pub fn tracker_of(&self, instance: &Instance, mapping: &Mapping) -> GitHub {
        GitHub::connect_with(instance, mapping, |config| {
            // Long enough for a busy machine, on which two dozen runs share the cores.
            config.timeout = Duration::from_secs(8);
            config.retry.backoff = Duration::from_millis(1);
            config.retry.limit_wait = Duration::from_millis(10);
        })
        .unwrap()
    }
}

pub async fn without_project() -> Hub {
    Hub::start(fake::World::default()).await
}

pub async fn with_project() -> Hub {
    Hub::start(fake::World::with_project()).await
}

#[async_trait]
impl World for Hub {
    fn mapping(&self) -> Mapping {
        let project = Project { name: "shop".to_owned(), project_number: self.project_number, ..Project::default() };
        Mapping::seed("shop".to_owned(), 0, TrackerKind::GitHub, project)
    }

    fn labels_field(&self) -> Option<&'static str> {
        self.project_number.is_none().then_some("Team")
    }

    fn connect(&self, mapping: &Mapping) -> Box<dyn Track> {
        Box::new(self.tracker(TOKEN, mapping))
    }

    async fn person(&self, act: Act) {
        let mapping = self.mapping();
        let mut world = self.fake.world();
        match act {
            Act::Close(n) => world.set_state(n, false, None, &fake::World::maintainer()),
            Act::CloseByBot(n) => world.set_state(n, false, Some("not_planned"), &fake::World::stale_bot()),
            Act::Refuse(n) => world.set_state(n, false, Some("not_planned"), &fake::World::maintainer()),
            Act::CloseAsDuplicate(n) => world.set_state(n, false, Some("duplicate"), &fake::World::maintainer()),
            Act::Reopen(n) => world.set_state(n, true, None, &fake::World::maintainer()),
            Act::Damage(n) => {
                let body = &mut world.issue(n).unwrap().body;
                *body = body.replace("<!-- findsync:end ", "<!-- findsync:end x");
            }
            Act::Label(n, label) => world.issue(n).unwrap().labels.push(label.to_owned()),
            Act::Unlabel(n, label) => world.issue(n).unwrap().labels.retain(|has| has != label),
            Act::Retitle(n, title) => world.issue(n).unwrap().title = title.to_owned(),
            Act::Append(n, words) => {
                // A form of the web sends every line's end as CRLF.
                let body = &mut world.issue(n).unwrap().body;
                *body = format!("{body}\n\n{words}").replace("\r\n", "\n").replace('\n', "\r\n");
            }
            Act::Severity(n, word) => {
                let value = mapping.severity.value(word.parse().unwrap());
                if let Some(id) = self.severity_field {
                    world.issue(n).unwrap().field_values.insert(id, value.into());
                } else if self.project_number.is_some() {
                    world.set_field(n, &mapping.severity.field, value);
                } else {
                    let labels = &mut world.issue(n).unwrap().labels;
                    labels.retain(|label| !label.starts_with("Priority: "));
                    labels.push(format!("Priority: {value}"));
                }
            }
            Act::Twin(n) => {
                let original = world.issue(n).unwrap().clone();
                let labels: Vec<&str> = original.labels.iter().map(String::as_str).collect();
                let twin = world.add_issue(original.author, &original.title, &original.body, &labels);
                world.copy_item(n, twin);
            }
            Act::Other(title) => {
                let author = world.author("ghp_stranger00");
                world.add_issue(author, title, "Mine.", &[]);
            }
            Act::Delete(n) => world.issue(n).unwrap().deleted = true,
        }
    }

    async fn look(&self) -> Vec<Seen> {
        let world = self.fake.world();
        let field_label = |label: &String| label.starts_with("Priority: ") || label.starts_with("Status: ");
        let there = world.issues.iter().filter(|issue| !issue.deleted);
        there
            .map(|issue| Seen {
                number: issue.number,
                title: issue.title.clone(),
                body: issue.body.clone(),
                open: issue.open,
                labels: issue.labels.iter().filter(|label| !field_label(label)).cloned().collect(),
                severity: match self.project_number {
                    _ if self.severity_field.is_some() => {
                        self.severity_field.and_then(|id| Some(issue.field_values.get(&id)?.as_str()?.to_owned()))
                    }
                    Some(_) => world.field(issue.number, "Priority"),
                    None => issue.labels.iter().find_map(|label| label.strip_prefix("Priority: ")).map(str::to_owned),
                },
                comments: issue.comments.iter().map(|comment| comment.body.clone()).collect(),
            })
            .collect()
    }
}

#[async_trait]
impl Failing for Hub {
    type State = fake::World;
    type Fault = Fault;

    async fn holding(state: fake::World) -> Self {
        Self::start(state).await
    }

    fn state(&self) -> fake::World {
        self.fake.world().clone()
    }

    fn fail(&self, at: usize, fault: Fault) {
        self.fake.fail(self.fake.log().len() + at + 1, fault);
    }

    fn made(&self) -> usize {
        self.fake.log().len()
    }

    fn take_requests(&self) -> Vec<String> {
        let log = self.fake.log();
        self.fake.reset_log();
        log
    }

    fn told(&self) -> Vec<String> {
        self.fake.world().told()
    }
}
