//! GitHub Issues and Projects, on github.com and Enterprise Server.
//!
//! Reading is GraphQL, one query a page; writing is REST, but for the Project's fields. One issue after another: GitHub
//! asks writers not to come in parallel.

mod address;
mod auth;
mod check;
pub(crate) mod client;
mod issue_fields;
mod labels;
mod list;
mod people;
mod project;
pub(crate) mod project_items;
pub(super) mod runs;
mod setup;
mod transferred;
mod write;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use self::issue_fields::{FieldValue, IssueField};
use self::list::{Node, Page, Query};
use self::people::{People, Standing};
use self::setup::{Document, Setup, Wanted};
use super::http::{HttpConfig, Paging, Readings, Request};
use super::labels::{LabelRules, OWN_LABEL, OwnLabels, moved_fields};
use super::{Error, Found, Problem, Read, Track, Visibility, Which, is_closed_by_others};
use crate::config::{Instance, Mapping, Secret};
use crate::issue::{Edit, Issue, IssueId, Limits, Markup, New};
use client::Api;

/// What GitHub holds. Title and body: the API refuses more with 422.
const LIMITS: Limits = Limits {
    title: 256,
    body: 65_536,
    // Room for the hidden marker.
    comment: 65_000,
    // Half of the body is for people.
    stamp: 30_000,
    stamp_in_body: true,
    conditional_writes: false,
    confidential: false,
    markup: Markup::GitHub,
    concurrency: 1,
};

/// What GitHub takes for a label. REST names several in one parameter, with commas between.
const LABELS: LabelRules = LabelRules { longest: setup::MAX_LABEL, forbidden: &[','], folds_case: true };

/// The most that one GraphQL page holds, and the least that we try where GitHub gives up on larger ones.
const PAGE: usize = 100;
const SMALLEST_PAGE: usize = 10;

/// A repository, with a Project where one is mapped.
pub struct GitHub {
    api: Api,
    instance: Instance,
    mapping: Mapping,
    wanted: Wanted,
    own_labels: OwnLabels,
    setup: Mutex<Option<Arc<Setup>>>,
    milestones: OnceCell<Vec<(String, u64)>>,
    issue_fields: OnceCell<Vec<IssueField>>,
    made_labels: Mutex<BTreeSet<String>>,
    readings: Readings,
    people: People,
    /// Whether this GitHub can say that an issue is a duplicate: Enterprise Server from 3.16 on.
    duplicates: AtomicBool,
    page: AtomicUsize,
}

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("GitHub").field(&self.api.address.project).finish()
    }
}

impl GitHub {
    /// Makes the tracker of a mapping. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Settings`] where the instance's location, credential or CA file cannot work.
    pub fn connect(instance: &Instance, mapping: &Mapping) -> Result<Self, Error> {
        Self::connect_with(instance, mapping, |_| ())
    }

    /// The same, with other settings of the HTTP layer.
    ///
    /// # Errors
    /// As [`GitHub::connect`].
    pub fn connect_with(
        instance: &Instance,
        mapping: &Mapping,
        tune: impl FnOnce(&mut HttpConfig),
    ) -> Result<Self, Error> {
        Ok(Self {
            api: Api::new(instance, mapping, tune)?,
            instance: instance.clone(),
            wanted: Wanted::new(mapping),
            own_labels: OwnLabels::new(mapping, LABELS),
            mapping: mapping.clone(),
            setup: Mutex::default(),
            milestones: OnceCell::new(),
            issue_fields: OnceCell::new(),
            made_labels: Mutex::default(),
            readings: Readings::default(),
            people: People::default(),
            duplicates: AtomicBool::new(true),
            page: AtomicUsize::new(PAGE),
        })
    }

    /// How many requests were made so far.
    pub fn requests(&self) -> u64 {
        self.api.http.requests()
    }

    /// What we know of the repository and its Project, asked once.
    async fn setup(&self) -> Result<Arc<Setup>, Error> {
        let mut known = self.setup.lock().await;
        if let Some(setup) = &*known {
            return Ok(setup.clone());
        }
        let setup = Arc::new(self.ask_setup(&self.wanted).await?);
        *known = Some(setup.clone());
        Ok(setup)
    }

    async fn ask_setup(&self, wanted: &Wanted) -> Result<Setup, Error> {
        let mut document = Document::new(&self.api);
        document.add_setup(wanted);
        let answer = document.ask(&self.api, "read the repository's settings").await?;
        let mut setup = Setup::read(&self.api, wanted, self.known_issue_fields().await?, &answer)?;
        setup.issue_fields.in_graphql = !setup.issue_fields.is_empty() && self.knows_field_values().await?;
        Ok(setup)
    }

    /// Forgets what was asked before: it was changed.
    async fn forget_setup(&self) {
        *self.setup.lock().await = None;
    }

    /// Fails where nothing can be written, or a field or an option that the mapping names is missing.
    fn require(&self, setup: &Setup) -> Result<(), Error> {
        let mut problems = setup.problems(&self.wanted, &self.instance);
        let is_unseen = setup.project.is_none() && self.wanted.project_number.is_some();
        match problems.pop() {
            None => Ok(()),
            Some(project) if is_unseen && problems.is_empty() => Err(Error::Unseen(project)),
            Some(last) => {
                problems.push(last);
                Err(Error::Setup(problems))
            }
        }
    }

    /// Lists issues, page by page.
    async fn list(&self, query: &Query) -> Result<Vec<Issue>, Error> {
        let mut after: Option<String> = None;
        let mut seen = BTreeSet::new();
        let mut issues = Vec::new();
        // Which fields a page must give is known once it is known what the mapping's names mean.
        let is_first = self.setup.lock().await.is_none();
        if is_first && self.may_mean_issue_fields().await? {
            let setup = self.setup().await?;
            self.require(&setup)?;
            self.require_milestones().await?;
        }
        let mut paging = Paging::new(self.api.service(), "list issues");
        loop {
            let known = self.setup.lock().await.clone();
            let size = self.page.load(Ordering::Relaxed);
            let mut document = Document::new(&self.api);
            if known.is_none() {
                document.add_setup(&self.wanted);
            }
            query.add(&mut document, size, after.as_deref());
            let knows_duplicates = self.knows_duplicates();
            list::add_fragment(&mut document, &self.wanted, known.as_deref(), false, knows_duplicates);
            let answer = match document.ask(&self.api, "list issues").await {
                Err(error) if self.is_older(&error) => continue,
                Err(Error::Unreachable { detail, .. }) if size > SMALLEST_PAGE && list::is_too_heavy(&detail) => {
                    self.page.store((size / 2).max(SMALLEST_PAGE), Ordering::Relaxed);
                    continue;
                }
                answer => answer?,
            };
            let setup = match known {
                Some(setup) => setup,
                None => {
                    let fields = self.known_issue_fields().await?;
                    let setup = Arc::new(Setup::read(&self.api, &self.wanted, fields, &answer)?);
                    *self.setup.lock().await = Some(setup.clone());
                    self.require(&setup)?;
                    self.require_milestones().await?;
                    if self.spelled_otherwise(&setup) {
                        continue;
                    }
                    setup
                }
            };
            let Page { page_info, nodes } = Page::deserialize(&answer.data["repository"]["issues"]).map_err(|e| {
                Error::Protocol { service: self.api.service(), what: "list issues".to_owned(), detail: e.to_string() }
            })?;
            let newer_than = query.newer_than.unwrap_or(0);
            let end = nodes.iter().any(|node| node.number <= newer_than);
            // Issues that were created while we paged may come twice.
            let wanted = |node: &Node| node.number > newer_than && (!query.mine || node.is_mine());
            let nodes = nodes.into_iter().filter(|node| wanted(node) && seen.insert(node.number));
            issues.extend(nodes.map(|node| self.issue_from(node, &setup)));
            match page_info.end_cursor.filter(|_| page_info.has_next_page && !end && !query.latest) {
                Some(cursor) => {
                    paging.go_on(&cursor)?;
                    after = Some(cursor);
                }
                None => return self.judge(issues).await,
            }
        }
    }

    /// The issues of our own account that lost a label by which they are listed.
    async fn unlabelled(&self) -> Result<Vec<Issue>, Error> {
        let viewer = self.setup().await?.viewer.clone();
        let is_app = viewer.ends_with("[bot]");
        let by = |by| Query {
            label: None,
            label_too: None,
            states: &["OPEN", "CLOSED"],
            by,
            mine: true,
            newer_than: None,
            latest: false,
        };
        let mut all = self.list(&by(Some(viewer))).await?;
        // Some GitHubs (seen on Enterprise Cloud) find nothing by an App's name. That must not look like nothing written,
        // so there, and in an App's first run, all issues are looked through.
        if is_app && all.is_empty() {
            all = self.list(&by(None)).await?;
        }
        // The others are in the lists by label.
        let is_stamped = |issue: &Issue| issue.stamp.is_some() || issue.stamp_error.is_some();
        all.retain(|issue| !self.own_labels.is_listed(issue) && is_stamped(issue));
        Ok(all)
    }

    /// Whether the Project spells a mapped field differently, so that values must be asked for by its name.
    fn spelled_otherwise(&self, setup: &Setup) -> bool {
        let Some(project) = &setup.project else { return false };
        self.wanted.fields.iter().any(|name| project.field(name).is_some_and(|field| field.name != *name))
    }

    /// Adds what GraphQL does not give on every GitHub: the types of issues, and their issue fields.
    async fn add_types(&self, issues: &mut [Issue]) -> Result<(), Error> {
        #[derive(Deserialize)]
        struct Typed {
            number: u64,
            #[serde(rename = "type")]
            kind: Option<Named>,
            #[serde(default)]
            issue_field_values: Vec<FieldValue>,
        }
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        let setup = self.setup().await?;
        let lacks_fields = !setup.issue_fields.is_empty() && !setup.issue_fields.in_graphql;
        if !(lacks_fields || self.wanted.reserved.contains("issue_type")) || issues.is_empty() {
            return Ok(());
        }
        let typed: Vec<Typed> = if let [issue] = issues {
            let url = self.api.address.repo(&["issues", &issue.id.number.to_string()]);
            vec![self.api.call(Request::get("read the issue's type", url)).await?.json()?]
        } else {
            let mut url = self.api.address.repo(&["issues"]);
            url.query_pairs_mut().extend_pairs([
                ("state", "all"),
                ("per_page", "100"),
                ("labels", &self.mapping.own_label),
            ]);
            self.api.pages("list the issues' types", url).await?
        };
        let mut typed: HashMap<u64, Typed> = typed.into_iter().map(|typed| (typed.number, typed)).collect();
        for issue in issues {
            let Some(typed) = typed.remove(&issue.id.number) else { continue };
            if let Some(kind) = typed.kind {
                issue.fields.insert("issue_type".to_owned(), self.wanted.spelled("issue_type", kind.name));
            }
            if lacks_fields {
                let read = setup.issue_fields.read(typed.issue_field_values);
                issue.fields.extend(read.map(|(name, text)| (name.clone(), self.wanted.spelled(name, text))));
                if let Some(stamp) = &mut issue.stamp {
                    stamp
                        .pending
                        .retain(|name| !(setup.issue_fields.contains(name) && issue.fields.contains_key(name)));
                }
            }
        }
        Ok(())
    }

    /// Reads one issue anew.
    async fn find(&self, id: &IssueId) -> Result<Found, Error> {
        let setup = self.setup().await?;
        let mut document = Document::new(&self.api);
        document.declare("number", "Int!", json!(id.number));
        document.repository.push_str("issue(number: $number) { ...issue }\n");
        list::add_fragment(&mut document, &self.wanted, Some(&setup), true, self.knows_duplicates());
        let begun = Instant::now();
        let answer = match document.ask(&self.api, &format!("read #{}", id.number)).await {
            Err(Error::NotFound { .. }) => return self.follow(id).await,
            answer => answer?,
        };
        let Ok(node) = Node::deserialize(&answer.data["repository"]["issue"]) else { return self.follow(id).await };
        if !node.repository.name_with_owner.eq_ignore_ascii_case(&setup.repository.name_with_owner) {
            return Ok(Found::Moved(node.url));
        }
        let mut issues = self.judge(vec![self.issue_from(node, &setup)]).await?;
        self.add_types(&mut issues).await?;
        self.readings.note(id.number, begun);
        Ok(issues.pop().map_or(Found::Gone, |issue| Found::Here(Box::new(issue))))
    }

    fn knows_duplicates(&self) -> bool {
        self.duplicates.load(Ordering::Relaxed)
    }

    /// Whether a query failed because this GitHub is older than what it asks for, so that it can be asked without.
    fn is_older(&self, error: &Error) -> bool {
        let is_it = self.knows_duplicates() && error.to_string().contains("enableDuplicate");
        if is_it {
            self.duplicates.store(false, Ordering::Relaxed);
        }
        is_it
    }

    fn issue_from(&self, node: Node, setup: &Setup) -> (Issue, Standing) {
        let (mut issue, standing) = node.into_issue(&self.mapping, &self.own_labels, &self.wanted, setup);
        let behind = self.left_behind(setup, issue.stamp.as_ref(), &issue.labels);
        if let Some(stamp) = &mut issue.stamp {
            let is_behind = |name: &&String| behind.iter().any(|label| setup::label_value(name, label).is_some());
            let has = |name: &str| issue.fields.contains_key(name);
            let mut moved = moved_fields(stamp, &self.marks(), self.wanted.fields.iter(), has);
            moved.extend(self.wanted.fields.iter().filter(is_behind).filter(|name| !has(name)).cloned());
            moved.retain(|name| !stamp.pending.contains(name));
            moved.dedup();
            stamp.pending.extend(moved);
        }
        (issue, standing)
    }

    /// A write that is based on what was read: it is not sent after a wait in which people may have written.
    fn based_on_reading(&self, request: Request, id: &IssueId) -> Request {
        request.based_on(self.readings.get(id.number))
    }

    /// Where an issue went that GraphQL no longer has: REST redirects to the new place.
    async fn follow(&self, id: &IssueId) -> Result<Found, Error> {
        #[derive(Deserialize)]
        struct Elsewhere {
            html_url: String,
            repository_url: String,
        }
        let url = self.api.address.repo(&["issues", &id.number.to_string()]);
        match self.api.call(Request::get(format!("read #{}", id.number), url)).await {
            Ok(response) => {
                let there: Elsewhere = response.json()?;
                let here = there
                    .repository_url
                    .to_lowercase()
                    .ends_with(&format!("/{}", self.api.address.project.to_lowercase()));
                Ok(if here { Found::Gone } else { Found::Moved(there.html_url) })
            }
            Err(Error::Redirected { to, .. }) => Ok(Found::Moved(to)),
            Err(Error::Gone | Error::NotFound { .. }) => Ok(Found::Gone),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Read for GitHub {
    fn name(&self) -> &'static str {
        "github"
    }

    fn project(&self) -> &str {
        &self.api.address.project
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    fn lag(&self) -> Duration {
        self.api.http.lag()
    }

    fn marks(&self) -> Vec<(&'static str, String)> {
        let project = self.wanted.project_number.map_or_else(|| "none".to_owned(), |number| number.to_string());
        vec![(OWN_LABEL, self.mapping.own_label.clone()), ("project", project)]
    }

    async fn check(&self) -> Result<Vec<Problem>, Error> {
        self.problems().await
    }

    async fn meanings(&self) -> Result<Vec<String>, Error> {
        let setup = self.setup().await?;
        let place = match self.wanted.project_number {
            Some(number) => format!("a field of Project {number}"),
            None => "a label".to_owned(),
        };
        Ok(self.wanted.fields.iter().map(|name| setup.issue_fields.meaning(name, &place)).collect())
    }

    async fn visibility(&self) -> Result<Visibility, Error> {
        Ok(self.setup().await?.visibility())
    }

    async fn issues(&self, which: Which) -> Result<Vec<Issue>, Error> {
        let own = &self.own_labels;
        let own_label = self.mapping.own_label.clone();
        let (label, states, newer_than): (_, &[&str], _) = match which {
            Which::Open => (own_label, &["OPEN"], None),
            Which::Decided => (own.decided(), &["CLOSED"], None),
            Which::LatelyClosed | Which::Closed => (own_label, &["CLOSED"], None),
            Which::NewerThan(number) => (own_label, &["OPEN", "CLOSED"], Some(number)),
        };
        let label_too = own.source().filter(|_| newer_than.is_none());
        let query = Query {
            label: Some(label),
            label_too,
            states,
            by: None,
            mine: false,
            newer_than,
            latest: which == Which::LatelyClosed,
        };
        let mut issues = self.list(&query).await?;
        // A GitHub that knows fewer filters answers with more.
        issues.retain(|issue| match which {
            Which::Open => own.is_listed(issue),
            Which::Decided => own.is_decided(issue) && own.has_source(issue),
            Which::LatelyClosed => own.is_listed(issue) && is_closed_by_others(issue),
            Which::Closed => own.is_listed(issue) && !own.is_decided(issue),
            Which::NewerThan(_) => issue.labelled,
        });
        if which == Which::Closed {
            issues.extend(self.unlabelled().await?);
        }
        self.add_types(&mut issues).await?;
        if which == Which::Closed {
            issues.extend(self.transferred().await?);
        }
        Ok(issues)
    }

    async fn issue(&self, id: &IssueId) -> Result<Found, Error> {
        if transferred::is_elsewhere(id) {
            return Ok(Found::Moved(id.url.clone()));
        }
        self.find(id).await
    }

    async fn own_token(&self) -> Option<Secret> {
        self.api.own_token().await
    }
}

#[async_trait]
impl Track for GitHub {
    async fn open(&self, new: &New) -> Result<IssueId, Error> {
        self.create(new).await
    }

    async fn edit(&self, issue: &Issue, edit: &Edit) -> Result<(), Error> {
        if transferred::is_elsewhere(&issue.id) {
            return Err(Error::Moved(issue.id.url.clone()));
        }
        self.change(issue, edit).await
    }

    async fn fix(&self) -> Result<Vec<String>, Error> {
        self.make_missing().await
    }
}
