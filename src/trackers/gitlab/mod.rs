//! GitLab issues, gitlab.com and self-managed, over REST, and over GraphQL for what REST lacks.

mod check;
pub(crate) mod client;
mod fields;
mod labels;
mod list;
mod people;
mod resolve;
pub(super) mod runs;
mod vulnerabilities;
mod wire;
mod work_items;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use gitlab::api::common::NameOrId;
use gitlab::api::projects::{Project, Projects};
use gitlab::api::users::CurrentUser;
use serde_json::json;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use self::fields::{Fields, state_of};
use self::list::Filter;
use self::people::{People, Standing};
use self::work_items::{Abilities, Item};
use super::http::{HttpConfig, Readings};
use super::labels::{OwnLabels, SplitLabels};
use super::{Error, Found, Linked, Problem, Read, Track, Visibility, Which, closer, is_closed_by_others};
use crate::config::{Credential, Instance, Mapping};
use crate::finding::Status;
use crate::issue::{Body, CloseReason, Comment, Edit, Issue, IssueId, Limits, Markup, New, State, TrackerDecision};
use client::{Api, Get};

/// What an issue of GitLab can hold.
///
/// <https://docs.gitlab.com/api/issues/#create-an-issue>
const LIMITS: Limits = Limits {
    title: 255,
    body: 1_048_576,
    comment: 1_000_000,
    stamp: 262_144,
    stamp_in_body: true,
    conditional_writes: false,
    confidential: true,
    markup: Markup::GitLab,
    concurrency: 4,
};

/// One project of a GitLab instance.
#[derive(Debug)]
pub struct GitLab {
    api: Api,
    mapping: Mapping,
    own_labels: OwnLabels,
    credential: Credential,
    setup: OnceCell<Setup>,
    /// Labels that the project or a group above it has, once somebody had to know.
    labels: Mutex<Option<BTreeSet<String>>>,
    spellings: labels::Spellings,
    people: People,
    readings: Readings,
    /// Issues are opened one after another: that is about as fast as gitlab.com takes them, and their numbers keep the
    /// order of the plan, the worst first.
    opening: Mutex<()>,
}

/// What is asked for once, before anything else.
#[derive(Debug)]
struct Setup {
    project: wire::Project,
    me: wire::User,
    abilities: Abilities,
    fields: Fields,
}

impl GitLab {
    /// Prepares to speak to the project of a mapping. Sends nothing.
    ///
    /// # Errors
    /// [`Error::Settings`] where the instance's address, credential or CA file cannot work.
    pub fn new(instance: &Instance, mapping: &Mapping) -> Result<Self, Error> {
        Self::connect_with(instance, mapping, |_| ())
    }

    /// The same, with other settings of the HTTP layer.
    ///
    /// # Errors
    /// As [`GitLab::new`].
    pub fn connect_with(
        instance: &Instance,
        mapping: &Mapping,
        tune: impl FnOnce(&mut HttpConfig),
    ) -> Result<Self, Error> {
        Ok(Self {
            api: Api::new(instance, tune)?,
            own_labels: OwnLabels::new(mapping, labels::LABELS),
            mapping: mapping.clone(),
            credential: instance.credential.clone(),
            setup: OnceCell::new(),
            labels: Mutex::default(),
            spellings: labels::Spellings::default(),
            people: People::default(),
            readings: Readings::default(),
            opening: Mutex::default(),
        })
    }

    /// How many requests were made so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.api.requests()
    }

    async fn setup(&self) -> Result<&Setup, Error> {
        self.setup
            .get_or_try_init(|| async {
                let me = self.me().await?;
                let project = self.find_project().await?;
                let abilities = self.abilities(&project).await?;
                let fields = Fields::new(&self.mapping, &abilities);
                let setup = Setup { project, me, abilities, fields };
                let mut missing = check::missing_fields(&self.mapping, &setup);
                // Disabled issues can look like no issues.
                missing.extend(check::unwritable(&setup.project));
                if missing.is_empty() { Ok(setup) } else { Err(Error::Setup(missing)) }
            })
            .await
    }

    async fn me(&self) -> Result<wire::User, Error> {
        let what = "ask whose token it is";
        if matches!(self.credential, Credential::JobToken(_)) {
            // A job token may not ask for its user but by way of its job.
            let job = Get { path: "job".to_owned(), query: Vec::new() };
            return self.api.ask::<wire::Job>(what, &job).await.map(|job| job.user);
        }
        self.api.ask(what, &built(CurrentUser::builder().build())?).await
    }

    async fn abilities(&self, project: &wire::Project) -> Result<Abilities, Error> {
        if Fields::want_abilities(&self.mapping) {
            self.api.abilities(&project.path_with_namespace).await
        } else {
            Ok(Abilities::default())
        }
    }

    /// Finds the project by id, full path, or bare name among the projects that we are a member of.
    async fn find_project(&self) -> Result<wire::Project, Error> {
        let name = self.mapping.project.name.trim().trim_matches('/');
        let what = format!("find the project `{name}`");
        let id = match name.parse::<u64>() {
            Ok(id) => NameOrId::Id(id),
            Err(_) if name.contains('/') => NameOrId::from(name),
            Err(_) => NameOrId::Id(self.find_by_name(name).await?),
        };
        let project = built(Project::builder().project(id).build())?;
        self.api.ask(&what, &project).await.map_err(|error| match error {
            Error::NotFound { .. } => Error::NotFound { what: format!("the project `{name}`") },
            error => error,
        })
    }

    async fn find_by_name(&self, name: &str) -> Result<u64, Error> {
        if name.is_empty() {
            return Err(Error::Settings {
                what: "the mapping names no project".to_owned(),
                hint: "set `project` to the project's full path, like `acme/backend/shop`".to_owned(),
            });
        }
        let search = built(Projects::builder().membership(true).search(name).build())?;
        let found: Vec<wire::Project> = self.api.all("search the project", search).await?;
        let named = |project: &&wire::Project| project.name == name || project.path == name;
        let matches: Vec<&wire::Project> = found.iter().filter(named).collect();
        match matches[..] {
            [project] => Ok(project.id),
            [] => Err(Error::NotFound { what: format!("a project named `{name}` that the token is a member of") }),
            _ => Err(Error::Settings {
                what: format!("`{name}` is the name of {} projects", matches.len()),
                hint: format!(
                    "set `project` to one of: {}",
                    matches.iter().map(|p| p.path_with_namespace.as_str()).collect::<Vec<_>>().join(", ")
                ),
            }),
        }
    }

    /// Turns what was listed into issues, each with its fields and whether its stamp counts.
    async fn translate(
        &self,
        setup: &Setup,
        listed: Vec<wire::Issue>,
        items: &BTreeMap<u64, Item>,
    ) -> Result<Vec<Issue>, Error> {
        let none = Item::default();
        let mut issues = Vec::with_capacity(listed.len());
        let mut authors = BTreeMap::new();
        for raw in listed {
            let issue = self.issue_of(setup, &raw, items.get(&raw.iid).unwrap_or(&none));
            // Whoever is gone is no author any more; our label is the sign that is left, as only members set labels.
            let author = raw.author.as_ref().filter(|author| !author.is_ghost());
            let is_left = issue.labelled && author.is_none();
            if let (true, Some(author)) = (is_stamped(&raw), author) {
                authors.insert(author.id, author.username.clone());
            }
            issues.push((issue, is_left, author.map(|author| author.id)));
        }
        let standings = self.people.standings(&self.api, &setup.project, &setup.me, &authors).await?;
        // In a private project only members open issues: one who is none any more has left.
        let is_private = setup.project.visibility.as_deref() == Some("private");
        let counts = |issue: &Issue, author: u64| match standings.get(&author) {
            Some(Standing::Counts) => true,
            Some(Standing::NoMember) => issue.labelled && is_private,
            Some(Standing::Guest) | None => false,
        };
        let judged = |(issue, is_left, author): (Issue, bool, Option<u64>)| {
            let trusted = is_left || author.is_some_and(|author| counts(&issue, author));
            Issue { trusted, ..issue }
        };
        Ok(issues.into_iter().map(judged).collect())
    }

    fn issue_of(&self, setup: &Setup, raw: &wire::Issue, item: &Item) -> Issue {
        self.spellings.note(raw.iid, &raw.labels);
        let body = raw.description.clone().unwrap_or_default();
        let (mut stamp, stamp_error) = Body::read_stamp(&body);
        let mut fields = setup.fields.read(raw, item, &setup.abilities);
        if let Some(stamp) = &stamp {
            setup.fields.leave_out_superseded(&mut fields, &raw.labels, stamp);
        }
        let SplitLabels { labelled, own: own_labels, rest: mut labels } =
            self.own_labels.split(raw.labels.iter().cloned());
        labels.retain(|label| !setup.fields.own(label));
        if let Some(stamp) = &mut stamp {
            stamp.pending.extend(self.moved_fields(setup, stamp, &labels, &fields));
        }
        let state = state_of(raw);
        let closed_by = raw.closed_by.as_ref().filter(|_| state == State::Closed);
        Issue {
            id: IssueId { number: raw.iid, url: raw.web_url.clone(), handle: raw.id.to_string() },
            title: raw.title.clone(),
            state,
            closed_as: raw.links.closed_as_duplicate_of.as_ref().map(|_| CloseReason::Duplicate),
            closed_by: closed_by.map(|user| closer(user.id == setup.me.id, user.actor(), stamp.as_ref())),
            decisions: self.decisions(raw, &fields),
            labels,
            own_labels,
            fields,
            trusted: false,
            labelled,
            comments: None,
            revision: None,
            stamp,
            stamp_error,
            body,
        }
    }

    /// What people decided: by a label, by a status that means nothing else, or by moving the issue away.
    fn decisions(&self, raw: &wire::Issue, fields: &BTreeMap<String, String>) -> Vec<TrackerDecision> {
        let by_labels = raw.labels.iter().filter_map(|label| {
            let status = self.mapping.decision_labels.decision(label)?;
            Some(TrackerDecision { status, by: format!("label `{label}`"), by_field: false })
        });
        let by_status = || {
            let value = fields.get(&self.mapping.status.field)?;
            let status = self.mapping.status.decision(value)?;
            Some(TrackerDecision { status, by: format!("status `{value}`"), by_field: true })
        };
        let by_move = || {
            raw.moved_to_id?;
            Some(TrackerDecision {
                status: Status::RiskAccepted,
                by: "a move to another project".to_owned(),
                by_field: false,
            })
        };
        by_labels.chain(by_status()).chain(by_move()).collect()
    }

    async fn notes(&self, setup: &Setup, iid: u64) -> Result<Vec<wire::Note>, Error> {
        use gitlab::api::projects::issues::notes::IssueNotes;
        let notes = built(IssueNotes::builder().project(setup.project.id).issue(iid).build())?;
        self.api.all("list the comments", notes).await
    }
}

/// The epic that somebody made of an issue, which closes it for good: nothing tells but a comment of GitLab's own.
fn promoted_to(notes: &[wire::Note]) -> Option<&str> {
    let says = notes.iter().filter(|note| note.system).filter_map(|note| note.body.as_deref());
    says.filter_map(|text| text.strip_prefix("promoted to epic")).map(str::trim).next()
}

/// Markers of our own comments.
fn markers(notes: &[wire::Note], me: &wire::User) -> Vec<String> {
    let ours = notes.iter().filter(|note| !note.system && note.author.as_ref().is_some_and(|a| a.id == me.id));
    ours.filter_map(|note| Comment::marker_in(note.body.as_deref()?)).map(str::to_owned).collect()
}

#[async_trait]
impl Read for GitLab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn project(&self) -> &str {
        self.setup.get().map_or(&self.mapping.project.name, |setup| &setup.project.path_with_namespace)
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    fn lag(&self) -> Duration {
        self.api.lag()
    }

    fn marks(&self) -> Vec<(&'static str, String)> {
        self.current_marks()
    }

    async fn check(&self) -> Result<Vec<Problem>, Error> {
        self.problems().await
    }

    async fn visibility(&self) -> Result<Visibility, Error> {
        let project = &self.setup().await?.project;
        Ok(match project.visibility.as_deref() {
            Some("private") => Visibility::Private,
            // "Only project members", in a project that others see.
            _ if project.issues_access_level.as_deref() == Some("private") => Visibility::Private,
            Some("internal") => Visibility::Internal,
            // Whoever is not told how visible a project is sees it because everybody does.
            _ => Visibility::Public,
        })
    }

    async fn issues(&self, which: Which) -> Result<Vec<Issue>, Error> {
        let setup = self.setup().await?;
        let own = &self.own_labels;
        let filter = |query: Vec<(&'static str, String)>| Filter { project: setup.project.id, query };
        let labelled =
            |labels: &[String], state: &str| filter(vec![("labels", labels.join(",")), ("state", state.to_owned())]);
        let mut listed = match which {
            Which::Open | Which::Decided => {
                let (labels, state) = self.listed_by(which);
                self.api.issues(&labelled(&labels, state)).await?
            }
            Which::LatelyClosed => {
                let (labels, state) = self.listed_by(which);
                self.api.issues_changed_last(&labelled(&labels, state)).await?
            }
            Which::Closed => {
                let (labels, state) = self.listed_by(which);
                let mut closed = self.api.issues(&labelled(&labels, state)).await?;
                let decided = own.decided();
                closed.retain(|issue| !issue.labels.contains(&decided));
                let author = setup.me.id.to_string();
                // Without all of them together is what one `not` with several means.
                for label in &labels {
                    let lost = filter(vec![("author_id", author.clone()), ("not[labels]", label.clone())]);
                    let lost = self.api.issues(&lost).await?;
                    // An older server ignores `not`.
                    closed.extend(lost.into_iter().filter(|issue| !issue.labels.contains(label) && is_stamped(issue)));
                }
                closed
            }
            Which::NewerThan(iid) => {
                let label = std::slice::from_ref(&self.mapping.own_label);
                self.api.issues_above(&labelled(label, "all"), iid).await?
            }
        };
        let mut seen = BTreeSet::new();
        listed.retain(|issue| seen.insert(issue.iid));
        let items = self.items(setup, which, &listed).await?;
        let mut issues = self.translate(setup, listed, &items).await?;
        issues.retain(|issue| which != Which::LatelyClosed || is_closed_by_others(issue));
        Ok(issues)
    }

    async fn issue(&self, id: &IssueId) -> Result<Found, Error> {
        use gitlab::api::projects::issues::Issue as Endpoint;
        let setup = self.setup().await?;
        let endpoint = built(Endpoint::builder().project(setup.project.id).issue(id.number).build())?;
        let begun = Instant::now();
        let raw: wire::Issue = match self.api.ask("read the issue", &endpoint).await {
            Ok(raw) => raw,
            Err(Error::NotFound { .. } | Error::Gone) => return Ok(Found::Gone),
            Err(error) => return Err(error),
        };
        if let Some(to) = raw.moved_to_id {
            return Ok(Found::Moved(self.address(to).await.unwrap_or(raw.web_url)));
        }
        let items = self.items(setup, Which::NewerThan(0), std::slice::from_ref(&raw)).await?;
        let notes = if raw.user_notes_count == Some(0) { Vec::new() } else { self.notes(setup, raw.iid).await? };
        let markers = markers(&notes, &setup.me);
        let issue = self.translate(setup, vec![raw], &items).await?.pop();
        self.readings.note(id.number, begun);
        Ok(issue.map_or(Found::Gone, |issue| Found::Here(Box::new(Issue { comments: Some(markers), ..issue }))))
    }

    async fn closed_for_good(&self, closed: &[IssueId]) -> Result<Vec<(u64, TrackerDecision)>, Error> {
        let setup = self.setup().await?;
        let mut found = Vec::new();
        for id in closed {
            if let Some(epic) = promoted_to(&self.notes(setup, id.number).await?) {
                let by = format!("its promotion to the epic {epic}");
                let decision = TrackerDecision { status: Status::RiskAccepted, by, by_field: false };
                found.push((id.number, decision));
            }
        }
        Ok(found)
    }

    async fn linked(&self) -> Result<Vec<Linked>, Error> {
        self.linked_vulnerabilities().await
    }
}

impl GitLab {
    /// What only GraphQL knows of the issues that were listed, where the mapping asks for any of it.
    async fn items(&self, setup: &Setup, which: Which, listed: &[wire::Issue]) -> Result<BTreeMap<u64, Item>, Error> {
        if !setup.fields.are_elsewhere() || listed.is_empty() {
            return Ok(BTreeMap::new());
        }
        let path = &setup.project.path_with_namespace;
        let mut items = match which {
            Which::NewerThan(_) | Which::LatelyClosed => BTreeMap::new(),
            _ => {
                let (labels, state) = self.listed_by(which);
                self.api.items(path, &setup.abilities, &json!({ "labels": labels, "state": state })).await?
            }
        };
        // Those that the filter does not tell: without our label, or new.
        let rest: Vec<String> =
            listed.iter().map(|i| i.iid).filter(|iid| !items.contains_key(iid)).map(|iid| iid.to_string()).collect();
        for some in rest.chunks(100) {
            items.extend(self.api.items(path, &setup.abilities, &json!({ "iids": some })).await?);
        }
        Ok(items)
    }

    /// Where people find an issue of any project, by its global id.
    async fn address(&self, id: u64) -> Option<String> {
        let query = "query($id: WorkItemID!) { workItem(id: $id) { webUrl } }";
        let variables = json!({ "id": format!("gid://gitlab/WorkItem/{id}") });
        let data = self.api.graphql(super::http::Kind::Read, "find a moved issue", query, &variables).await.ok()?;
        data["workItem"]["webUrl"].as_str().map(str::to_owned)
    }
}

#[async_trait]
impl Track for GitLab {
    async fn open(&self, new: &New) -> Result<IssueId, Error> {
        self.create(new).await
    }

    async fn edit(&self, issue: &Issue, edit: &Edit) -> Result<(), Error> {
        self.update(issue, edit).await
    }

    async fn fix(&self) -> Result<Vec<String>, Error> {
        self.make_labels().await
    }
}

fn is_stamped(issue: &wire::Issue) -> bool {
    !matches!(Body::read_stamp(issue.description.as_deref().unwrap_or_default()), (None, None))
}

/// A builder of the crate fails only where a parameter is missing that every call here gives.
fn built<T, E: std::fmt::Display>(endpoint: Result<T, E>) -> Result<T, Error> {
    endpoint.map_err(|error| Error::Refused { what: "build the request".to_owned(), detail: error.to_string() })
}
