//! The contract's world, on the fake: what people do in GitLab.

use std::time::Duration;

use async_trait::async_trait;
use findsync::config::Mapping;
use findsync::issue::Body;
use findsync::trackers::Track;
use findsync::trackers::gitlab::GitLab;

use crate::busy::Failing;
use crate::contract::{Act, Seen, World};
use crate::fake::{self, Fake, Kind, MAINTAINER, ME, OLD_BOT, PROJECT, Tier};
use crate::support;

/// A project on a GitLab of some tier and version.
pub struct Server {
    pub fake: Fake,
    pub mapping: Mapping,
}

impl Server {
    pub fn new(fake: Fake, mapping: Mapping) -> Self {
        Self { fake, mapping }
    }
}

/// The defaults on an older server without a licence.
pub async fn free() -> Server {
    let fake = Fake::start(Tier::Free).await;
    fake.world().keyset = false;
    Server::new(fake, support::mapping())
}

/// The defaults on a current server.
pub async fn premium() -> Server {
    Server::new(Fake::start(Tier::Premium).await, support::mapping())
}

/// Work-item statuses, which only GraphQL knows.
pub async fn statuses() -> Server {
    Server::new(Fake::start(Tier::Premium).await, with_statuses())
}

/// A mapping with work-item statuses.
pub fn with_statuses() -> Mapping {
    let mut mapping = support::mapping();
    for (value, name) in mapping.status.values.iter_mut().zip(["In progress", "Done", "Won't do", "Won't do"]) {
        value.value = name.to_owned();
    }
    mapping
}

impl Drop for Server {
    fn drop(&mut self) {
        let objections = self.fake.objections();
        assert!(objections.is_empty() || std::thread::panicking(), "{objections:#?}");
        let actions = &self.fake.world().actions;
        assert!(actions.is_empty() || std::thread::panicking(), "quick actions ran: {actions:?}");
    }
}

#[async_trait]
impl World for Server {
    fn mapping(&self) -> Mapping {
        self.mapping.clone()
    }

    fn connect(&self, mapping: &Mapping) -> Box<dyn Track> {
        let instance = support::instance(&self.fake.location, "glpat-good");
        let tracker = GitLab::connect_with(&instance, mapping, |config| {
            // Long enough for a busy machine, on which two dozen runs share the cores.
            config.timeout = Duration::from_secs(8);
            config.retry.backoff = Duration::from_millis(1);
        });
        Box::new(tracker.unwrap())
    }

    async fn person(&self, act: Act) {
        let mut world = self.fake.world();
        match act {
            Act::Close(n) => {
                let id = world.issue(n).id;
                world.set_open(id, false);
                world.note(id, MAINTAINER, "closed", true);
            }
            Act::CloseByBot(n) => {
                let id = world.issue(n).id;
                world.set_open_by(id, false, OLD_BOT);
            }
            Act::Damage(n) => {
                let text = &mut world.issue(n).description;
                *text = text.replace("<!-- findsync:end ", "<!-- findsync:end x");
            }
            Act::Refuse(n) => {
                let id = world.issue(n).id;
                world.add_labels(id, &["wontfix".to_owned()]);
                world.set_open(id, false);
            }
            Act::CloseAsDuplicate(n) => {
                let id = world.issue(n).id;
                world.issue(n).duplicate_of = Some(id);
                world.set_open(id, false);
            }
            Act::Reopen(n) => {
                let id = world.issue(n).id;
                world.set_open(id, true);
            }
            Act::Label(n, label) => {
                let id = world.issue(n).id;
                world.add_labels(id, &[label.to_owned()]);
            }
            Act::Unlabel(n, label) => world.issue(n).labels.retain(|known| known != label),
            Act::Retitle(n, title) => world.issue(n).title = title.to_owned(),
            Act::Append(n, words) => {
                let issue = world.issue(n);
                issue.description = format!("{}\n\n{words}", issue.description);
            }
            Act::Severity(n, word) => {
                let value = self.mapping.severity.value(word.parse().unwrap()).to_owned();
                let id = world.issue(n).id;
                world.issue(n).labels.retain(|label| !label.starts_with("Priority::"));
                world.add_labels(id, &[format!("Priority::{value}")]);
            }
            Act::Twin(n) => {
                let old = world.issue(n).clone();
                world.add(PROJECT, ME, &old.title, &old.description).labels = old.labels;
            }
            Act::Other(title) => {
                world.add(PROJECT, MAINTAINER, title, "Mine.");
            }
            Act::Delete(n) => world.issues.retain(|issue| issue.project != PROJECT || issue.iid != n),
        }
    }

    async fn look(&self) -> Vec<Seen> {
        let issues = self.fake.issues();
        let seen = issues.into_iter().map(|issue| Seen {
            number: issue.iid,
            title: issue.title,
            body: issue.description,
            open: issue.open,
            severity: issue.labels.iter().find_map(|label| label.strip_prefix("Priority::")).map(str::to_owned),
            labels: issue.labels.into_iter().filter(|label| !label.contains("::")).collect(),
            comments: issue.notes.into_iter().filter(|note| !note.system).map(|note| note.body).collect(),
        });
        seen.collect()
    }
}

#[async_trait]
impl Failing for Server {
    type State = (fake::World, Mapping);
    type Fault = Kind;

    async fn holding((world, mapping): Self::State) -> Self {
        Self::new(Fake::with("", world).await, mapping)
    }

    fn state(&self) -> Self::State {
        (self.fake.world().clone(), self.mapping.clone())
    }

    fn fail(&self, at: usize, fault: Kind) {
        self.fake.fail(at, fault);
    }

    fn made(&self) -> usize {
        self.fake.made()
    }

    fn take_requests(&self) -> Vec<String> {
        // A fault that waits for a write may not have come.
        self.fake.calm();
        self.fake.take_requests().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    fn told(&self) -> Vec<String> {
        let mut world = self.fake.world();
        let labels = world.project().labels.iter().map(|label| label.name.clone()).collect::<Vec<_>>();
        let issue = |issue: &fake::Issue| {
            let body = Body::parse(&issue.description);
            let comments: Vec<_> = issue.notes.iter().filter(|note| !note.system).map(|note| &note.body).collect();
            let text = (&body.before, &body.section, &body.after, issue.open, issue.status, &issue.labels, comments);
            format!("{} {text:?}", issue.title).replace(&self.fake.location, "")
        };
        let mut told: Vec<_> = world.issues.iter().map(issue).chain(labels).collect();
        told.sort();
        told
    }
}
