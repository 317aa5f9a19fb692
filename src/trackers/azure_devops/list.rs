//! Listing and reading: WIQL for ids, then 200 items a request, each turned into an `Issue`.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use super::client::Scope;
use super::wire::{List, QueryResult, Relation, WorkItem};
use super::work_item_types::{Category, Types};
use super::{AzureDevOps, LIMITS, description, fields, links};
use crate::finding::Status;
use crate::issue::{Actor, CloseReason, Issue, IssueId, Stamp, State, TrackerDecision};
use crate::trackers::labels::SplitLabels;
use crate::trackers::{Error, Found, LATELY, Which, closer, is_closed_by_others};

/// Items that one batch may ask for.
const BATCH: usize = 200;
/// Ids that one query may return: 20,000 are an error.
const MOST: u64 = 19_999;
/// Reasons by which people close an item because it is none.
const NOT_A_PROBLEM: [&str; 6] =
    ["as designed", "by design", "not a bug", "false positive", "cannot reproduce", "not applicable"];
/// Reasons by which people close an item although it stays as it is.
const NOT_PLANNED: [&str; 10] = [
    "deferred",
    "obsolete",
    "won't fix",
    "wont fix",
    "will not fix",
    "abandoned",
    "cut",
    "rejected",
    "out of scope",
    "risk accepted",
];

/// What of an item is needed to write to it, beside the `Issue`.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) rev: u64,
    pub(super) work_item_type: String,
    pub(super) state: String,
    pub(super) tags: Vec<String>,
    pub(super) relations: Vec<Relation>,
    /// The team project that it is in.
    pub(super) project: String,
}

impl From<&WorkItem> for Known {
    fn from(item: &WorkItem) -> Self {
        Self {
            rev: item.rev,
            work_item_type: item.text("System.WorkItemType").to_owned(),
            state: item.text(fields::STATE).to_owned(),
            tags: item.tags(),
            relations: item.relations.clone(),
            project: item.text("System.TeamProject").to_owned(),
        }
    }
}

impl AzureDevOps {
    pub(super) async fn list(&self, which: Which) -> Result<Vec<Issue>, Error> {
        let types = self.types().await?;
        self.know_types(types.chosen()).await?;
        let own = &self.own_labels;
        let label = if which == Which::Decided { own.decided() } else { self.mapping.own_label.clone() };
        let source = own.source().filter(|_| !matches!(which, Which::NewerThan(_)));
        let tags = std::iter::once(label).chain(source);
        let tagged: Vec<String> = tags.map(|tag| format!("[System.Tags] CONTAINS {}", quote(&tag))).collect();
        let tagged = tagged.join(" AND ");
        let closed = types.closed_states();
        let states = |names: Vec<&str>| names.into_iter().map(quote).collect::<Vec<_>>().join(", ");
        let condition = match which {
            Which::Open => {
                let always: Vec<&str> = closed.iter().filter(|(_, always)| **always).map(|(name, _)| *name).collect();
                match always.is_empty() {
                    true => tagged,
                    false => format!("{tagged} AND [System.State] NOT IN ({})", states(always)),
                }
            }
            Which::Decided | Which::LatelyClosed | Which::Closed => {
                format!("{tagged} AND [System.State] IN ({})", states(closed.keys().copied().collect()))
            }
            Which::NewerThan(number) => format!("{tagged} AND [System.Id] > {number}"),
        };
        let ids = match which {
            Which::LatelyClosed => self.ids_changed_last(&condition).await?,
            _ => self.ids(&condition).await?,
        };
        let items = self.items(&ids).await?;
        let mut issues: Vec<Issue> = items.iter().map(|item| self.issue_from(types, item)).collect();
        let is_closed = |issue: &Issue| issue.state == State::Closed;
        issues.retain(|issue| match which {
            Which::Open => !is_closed(issue),
            Which::Decided => is_closed(issue),
            Which::LatelyClosed => is_closed_by_others(issue),
            Which::Closed => is_closed(issue) && !own.is_decided(issue),
            Which::NewerThan(_) => true,
        });
        if which == Which::Closed {
            issues.extend(self.untagged(types, &ids).await?);
            issues.extend(self.moved_away(types).await?);
        }
        Ok(issues)
    }

    /// Items that people moved to another team project: they keep their number and their tags, and are kept in step
    /// there. Only the source's tag tells them from the other projects' own.
    async fn moved_away(&self, types: &Types) -> Result<Vec<Issue>, Error> {
        let Some(source) = self.own_labels.source() else { return Ok(Vec::new()) };
        let name = match is_id(self.client.project()) {
            true => self.project_details().await?.name,
            false => self.client.project().to_owned(),
        };
        let condition =
            format!("[System.TeamProject] <> {} AND [System.Tags] CONTAINS {}", quote(&name), quote(&source));
        let ids = match self.ids_in(Scope::Organization, &condition).await {
            Ok(ids) => ids,
            // A job's token may be limited to its own project.
            Err(error @ (Error::Forbidden { .. } | Error::NotFound { .. } | Error::Refused { .. })) => {
                tracing::info!(%error, "cannot look for work items that were moved to other projects");
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let items = self.items_in(Scope::Organization, &ids).await?;
        let issues = items.iter().map(|item| self.issue_from(types, item));
        let is_ours = |issue: &Issue| issue.labelled && (issue.stamp.is_some() || issue.stamp_error.is_some());
        Ok(issues.filter(is_ours).collect())
    }

    /// Our own items that lost a tag by which they are listed: those that have a stamp all the same.
    async fn untagged(&self, types: &Types, listed: &[u64]) -> Result<Vec<Issue>, Error> {
        let mut mine = self.ids("[System.CreatedBy] = @Me").await?;
        let listed: HashSet<u64> = listed.iter().copied().collect();
        self.remember(|memory| {
            memory.mine.extend(&mine);
            mine.retain(|id| !listed.contains(id) && !memory.known.contains_key(id));
        });
        let items = self.items(&mine).await?;
        let issues = items.iter().map(|item| self.issue_from(types, item));
        let is_stamped = |issue: &Issue| issue.stamp.is_some() || issue.stamp_error.is_some();
        Ok(issues.filter(|issue| !self.own_labels.is_listed(issue) && is_stamped(issue)).collect())
    }

    /// Reads one item, wherever in the organization it is now.
    pub(super) async fn find(&self, number: u64) -> Result<Found, Error> {
        let types = self.types().await?;
        self.know_types(types.chosen()).await?;
        let what = format!("read work item {number}");
        let id = number.to_string();
        // Where the project has it no longer, the organization may.
        for scope in [Scope::Project, Scope::Organization] {
            let item: WorkItem =
                match self.client.get(&what, scope, &["wit", "workitems", &id], &[("$expand", "relations")]).await {
                    Err(Error::NotFound { .. } | Error::Gone) => continue,
                    other => other?,
                };
            let issue = self.issue_from(types, &item);
            let is_followed = self.own_labels.source().is_some() && self.own_labels.is_listed(&issue);
            return Ok(if !is_followed && (scope == Scope::Organization || self.is_elsewhere(&item)) {
                Found::Moved(self.client.web_url(number))
            } else {
                Found::Here(Box::new(issue))
            });
        }
        Ok(Found::Gone)
    }

    fn is_elsewhere(&self, item: &WorkItem) -> bool {
        self.is_another(item.text("System.TeamProject"))
    }

    /// Whether a team project is not the mapping's.
    pub(super) fn is_another(&self, project: &str) -> bool {
        let ours = self.client.project();
        // The item names its project by name only; where the mapping names the id, only the address can tell.
        !project.is_empty() && !is_id(ours) && !project.eq_ignore_ascii_case(ours)
    }

    /// The ids of all items of the project that fulfil a condition, the lowest first.
    async fn ids(&self, condition: &str) -> Result<Vec<u64>, Error> {
        self.ids_in(Scope::Project, &format!("[System.TeamProject] = @project AND {condition}")).await
    }

    /// The same, of the organization.
    async fn ids_in(&self, scope: Scope, condition: &str) -> Result<Vec<u64>, Error> {
        let mut ids: Vec<u64> = Vec::new();
        let mut paging = self.client.paging("list work items");
        loop {
            let after = ids.last().copied();
            paging.go_on(after.unwrap_or_default())?;
            let window = match self.window(scope, condition, after, None).await {
                Err(Error::Refused { detail, .. }) if is_too_many(&detail) => {
                    self.narrow(scope, condition, after.unwrap_or(0)).await?
                }
                other => other?,
            };
            let whole = (window.len() as u64) < MOST;
            ids.extend(window);
            if whole {
                return Ok(ids);
            }
        }
    }

    /// The next ids where the server refuses to give only the first of many: a window of so many ids cannot hold more,
    /// and grows while it is empty.
    async fn narrow(&self, scope: Scope, condition: &str, after: u64) -> Result<Vec<u64>, Error> {
        let (mut from, mut width) = (after, MOST);
        let mut ids = Vec::new();
        // A server that refuses whatever is asked has no last window.
        while (ids.len() as u64) < MOST && from < u64::MAX {
            match self.window(scope, condition, Some(from), Some(from.saturating_add(width))).await {
                Err(Error::Refused { detail, .. }) if is_too_many(&detail) && width > MOST => {
                    width = (width / 2).max(MOST);
                    continue;
                }
                other => ids.extend(other?),
            }
            from = from.saturating_add(width);
            width = width.saturating_mul(2);
            if let Ok(rest) = self.window(scope, condition, Some(from), None).await {
                ids.extend(rest);
                break;
            }
        }
        Ok(ids)
    }

    async fn window(
        &self,
        scope: Scope,
        condition: &str,
        above: Option<u64>,
        to: Option<u64>,
    ) -> Result<Vec<u64>, Error> {
        let mut query = format!("SELECT [System.Id] FROM WorkItems WHERE {condition}");
        for (sign, bound) in [(">", above), ("<=", to)] {
            if let Some(bound) = bound {
                query.push_str(&format!(" AND [System.Id] {sign} {bound}"));
            }
        }
        query.push_str(" ORDER BY [System.Id]");
        let mut ids = self.ids_of(scope, &query, MOST).await?;
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// The ids of the items of the project that fulfil a condition and were changed last.
    async fn ids_changed_last(&self, condition: &str) -> Result<Vec<u64>, Error> {
        let query = format!(
            "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND {condition} ORDER BY [System.ChangedDate] DESC"
        );
        self.ids_of(Scope::Project, &query, LATELY as u64).await
    }

    async fn ids_of(&self, scope: Scope, query: &str, most: u64) -> Result<Vec<u64>, Error> {
        let (most, body) = (most.to_string(), json!({ "query": query }));
        let found: QueryResult =
            self.client.ask("list work items", scope, &["wit", "wiql"], &[("$top", &most)], &body).await?;
        Ok(found.work_items.into_iter().map(|found| found.id).collect())
    }

    /// Reads items, without those that were deleted meanwhile.
    async fn items(&self, ids: &[u64]) -> Result<Vec<WorkItem>, Error> {
        self.items_in(Scope::Project, ids).await
    }

    async fn items_in(&self, scope: Scope, ids: &[u64]) -> Result<Vec<WorkItem>, Error> {
        let mut items = Vec::with_capacity(ids.len());
        for ids in ids.chunks(BATCH) {
            let body = json!({"ids": ids, "$expand": "relations", "errorPolicy": "omit"});
            let batch: List<Option<WorkItem>> =
                self.client.ask("read work items", scope, &["wit", "workitemsbatch"], &[], &body).await?;
            items.extend(batch.0.into_iter().flatten());
        }
        if items.len() < ids.len() {
            let unseen = ids.len() - items.len();
            tracing::warn!(unseen, "left out work items that were deleted just now, or that the token may not see");
        }
        Ok(items)
    }

    /// An item as the rest of findsync sees it. What writing needs beside that is remembered.
    fn issue_from(&self, types: &Types, item: &WorkItem) -> Issue {
        let known = Known::from(item);
        let (stamp, stamp_error) = links::stamp(&item.relations);
        let state = types.state(&known.work_item_type, &known.state);
        let SplitLabels { labelled, own: own_labels, rest: labels } = self.own_labels.split(known.tags.iter().cloned());
        let reason = Reason::of(types.category(&known.work_item_type, &known.state), item.text("System.Reason"));
        let closed_by_us = state == State::Closed && stamp.as_ref().is_some_and(|stamp| stamp.state == state);
        let issue = Issue {
            id: IssueId { number: item.id, url: self.client.web_url(item.id), handle: String::new() },
            title: item.text("System.Title").to_owned(),
            body: description::from_service(item.text(types.named(&known.work_item_type).body_field()), &LIMITS),
            state,
            closed_as: (state == State::Closed)
                .then(|| if closed_by_us { CloseReason::Completed } else { reason.closed_as() }),
            closed_by: (state == State::Closed).then(|| closed_by(item, stamp.as_ref())).flatten(),
            labels,
            own_labels,
            fields: self.fields_of(types, item),
            trusted: labelled || self.is_mine(item.id),
            labelled,
            decisions: self.decisions(&known, state, (!closed_by_us).then_some(reason)),
            comments: None,
            revision: Some(item.rev),
            stamp,
            stamp_error,
        };
        self.remember(|memory| memory.known.insert(item.id, known));
        issue
    }

    /// The mapped fields' values by the names that the mapping gives them.
    fn fields_of(&self, types: &Types, item: &WorkItem) -> BTreeMap<String, String> {
        let work_type = types.named(item.text("System.WorkItemType"));
        let value = |name: &str| match fields::Place::of(name, work_type) {
            fields::Place::Field(reference) => item.field(&reference).cloned(),
            fields::Place::Tags => None,
            fields::Place::Parent => {
                let parent = item.relations.iter().find(|relation| relation.rel.eq_ignore_ascii_case(links::PARENT));
                parent.map(|relation| Value::from(links::id_of(&relation.url)))
            }
        };
        let tags = item.tags();
        let has = |tag: &String| tags.iter().any(|known| known.eq_ignore_ascii_case(tag));
        let written = |name: &str| match fields::Place::of(name, work_type) {
            fields::Place::Tags => {
                let all = |value: &&str| fields::tags(value).iter().all(has);
                self.mapping.literals(name).filter(|value| !value.trim().is_empty()).find(all).map(str::to_owned)
            }
            place => {
                let said = fields::read(&value(name)?, self.known_type(&place), self.mapping.literals(name))?;
                let stands_for = |state: &&str| types.here(work_type, state).eq_ignore_ascii_case(&said);
                let mapped = place.is_state().then(|| self.mapping.literals(name).find(stands_for)).flatten();
                Some(mapped.map_or_else(|| said.clone(), str::to_owned))
            }
        };
        fields::names(&self.mapping).into_iter().filter_map(|name| Some((name.to_owned(), written(name)?))).collect()
    }

    /// What people decided: by a tag, by a state that the mapping has for that decision only, or by the reason that
    /// they gave for closing.
    fn decisions(&self, known: &Known, state: State, reason: Option<Reason>) -> Vec<TrackerDecision> {
        let by_tags = known.tags.iter().filter_map(|tag| {
            let status = self.mapping.decision_labels.decision(tag)?;
            Some(TrackerDecision { status, by: format!("tag `{tag}`"), by_field: false })
        });
        let by_state = self
            .mapping
            .status
            .decision(&known.state)
            .filter(|_| self.status_is_state())
            .map(|status| TrackerDecision { status, by: format!("state `{}`", known.state), by_field: true });
        let by_reason = (state == State::Closed && reason == Some(Reason::NotAProblem)).then(|| TrackerDecision {
            status: Status::FalsePositive,
            by: "closed as not a problem".to_owned(),
            by_field: false,
        });
        by_tags.chain(by_state).chain(by_reason).collect()
    }
}

/// Who closed an item. Not every type keeps that; whoever changed it last did it where that was all they could do since.
fn closed_by(item: &WorkItem, stamp: Option<&Stamp>) -> Option<Actor> {
    let (changed, moved) = (item.text("System.ChangedDate"), item.text("Microsoft.VSTS.Common.StateChangeDate"));
    let last = || item.field("System.ChangedBy").filter(|_| !moved.is_empty() && moved == changed);
    let identity = item.field("Microsoft.VSTS.Common.ClosedBy").filter(|by| !by.is_null()).or_else(last)?;
    let kind = if is_automation(identity) { Actor::Bot } else { Actor::Person };
    // The token's own account is not told: what the stamp says must do.
    let is_ours = stamp.is_some_and(|stamp| stamp.state == State::Closed);
    Some(closer(is_ours, kind, stamp))
}

/// Whether an account is a build service or a service principal. An older Server shows accounts as texts.
fn is_automation(identity: &Value) -> bool {
    let part = |key: &str| identity[key].as_str().unwrap_or_default().to_lowercase();
    let name = identity.as_str().map_or_else(|| part("uniqueName"), str::to_lowercase);
    let descriptor = part("descriptor");
    ["svc.", "aadsp.", "s2s."].iter().any(|kind| descriptor.starts_with(kind))
        || name.starts_with("build\\")
        || name.contains("<build\\")
}

/// What people mean by the reason of a closed item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Done,
    Duplicate,
    NotAProblem,
    NotPlanned,
}

impl Reason {
    fn of(category: Category, reason: &str) -> Self {
        let reason = reason.to_lowercase().replace('\u{2019}', "'");
        if reason.contains("duplicate") {
            Self::Duplicate
        } else if NOT_A_PROBLEM.contains(&reason.as_str()) {
            Self::NotAProblem
        } else if category == Category::Removed || NOT_PLANNED.contains(&reason.as_str()) {
            Self::NotPlanned
        } else {
            Self::Done
        }
    }

    const fn closed_as(self) -> CloseReason {
        match self {
            Self::Done => CloseReason::Completed,
            Self::Duplicate => CloseReason::Duplicate,
            Self::NotAProblem | Self::NotPlanned => CloseReason::NotPlanned,
        }
    }
}

/// A text for WIQL.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn is_too_many(detail: &str) -> bool {
    detail.contains("VS402337") || detail.contains("size limit")
}

/// Whether a project is named by its id.
pub(super) fn is_id(project: &str) -> bool {
    project.len() == 36 && project.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}
