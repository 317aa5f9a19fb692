//! Issues that people transferred to another repository: the old number only redirects, and no list of the repository
//! has them. Our own account's newest ones tell where they came from, so that none of them gets a twin here.

use serde::Deserialize;
use serde_json::{Value, json};

use super::GitHub;
use super::list::Nodes;
use crate::finding::{Status, digest};
use crate::issue::{Body, CloseReason, Issue, IssueId, State, TrackerDecision};
use crate::trackers::Error;

/// Numbers from here on are of issues elsewhere: their own may be another issue's here.
const ELSEWHERE: u64 = 1 << 48;
/// Pages of 100 issues, the last changed first, that are looked through: a transfer is a change.
const PAGES: usize = 3;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Own {
    id: String,
    number: u64,
    url: String,
    repository: Repository,
    timeline_items: Nodes<Transfer>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    name_with_owner: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transfer {
    from_repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Text {
    id: String,
    title: String,
    body: String,
}

/// Whether an issue is one that was transferred away.
pub(super) const fn is_elsewhere(id: &IssueId) -> bool {
    id.number >= ELSEWHERE
}

impl GitHub {
    /// Issues that were transferred from here, as people's decision to see to them elsewhere.
    pub(super) async fn transferred(&self) -> Result<Vec<Issue>, Error> {
        let moved = match self.find_transferred().await {
            Ok(moved) => moved,
            // A workflow's token, or an older GitHub, may not tell. A token that ran out tells nothing at all.
            Err(
                error @ (Error::Forbidden { .. }
                | Error::NotFound { .. }
                | Error::Protocol { .. }
                | Error::Refused { .. }),
            ) => {
                tracing::info!(%error, "cannot look for issues that were transferred");
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        if moved.is_empty() {
            return Ok(Vec::new());
        }
        const DOCUMENT: &str = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Issue { id title body } } }";
        let ids: Vec<&str> = moved.iter().map(|own| own.id.as_str()).collect();
        let answer = self.api.query("read transferred issues", DOCUMENT, json!({ "ids": ids })).await?;
        let texts = Nodes::<Text>::deserialize(&answer.data).map(Nodes::into_vec).unwrap_or_default();
        let with_text = |own: Own| {
            let text = texts.iter().find(|text| text.id == own.id)?;
            self.as_decided(own, text)
        };
        Ok(moved.into_iter().filter_map(with_text).collect())
    }

    async fn find_transferred(&self) -> Result<Vec<Own>, Error> {
        const DOCUMENT: &str = "query($after: String) { viewer {
  issues(first: 100, after: $after, orderBy: { field: UPDATED_AT, direction: DESC }) { pageInfo { hasNextPage endCursor }
    nodes { id number url repository { nameWithOwner }
      timelineItems(itemTypes: TRANSFERRED_EVENT, last: 1) { nodes { ... on TransferredEvent {
        fromRepository { nameWithOwner } } } } } } } }";
        let here = &self.setup().await?.repository.name_with_owner;
        let is_here = |repository: &Repository| repository.name_with_owner.eq_ignore_ascii_case(here);
        let mut moved = Vec::new();
        let mut after = Value::Null;
        for _ in 0..PAGES {
            let answer = self.api.query("look for transferred issues", DOCUMENT, json!({ "after": after })).await?;
            let issues = &answer.data["viewer"]["issues"];
            let page = Nodes::<Own>::deserialize(issues).map(Nodes::into_vec).unwrap_or_default();
            moved.extend(page.into_iter().filter(|own| {
                let from = own.timeline_items.iter().next_back().and_then(|transfer| transfer.from_repository.as_ref());
                !is_here(&own.repository) && from.is_some_and(is_here)
            }));
            if issues["pageInfo"]["hasNextPage"] != true {
                break;
            }
            after = issues["pageInfo"]["endCursor"].clone();
        }
        Ok(moved)
    }

    /// The issue as the plan must see it: closed here by a decision, which stands until people bring it back.
    fn as_decided(&self, own: Own, text: &Text) -> Option<Issue> {
        let (stamp, stamp_error) = Body::read_stamp(&text.body);
        stamp.as_ref()?;
        let repository = own.repository.name_with_owner;
        let by = format!("its transfer to `{repository}#{}`", own.number);
        // Issues of two repositories may have the same number.
        let part = digest([("repository", repository.as_str())]).short()[0];
        let number = ELSEWHERE + (u64::from(part) << 40) + own.number;
        Some(Issue {
            id: IssueId { number, url: own.url, handle: own.id },
            title: text.title.clone(),
            body: text.body.clone(),
            state: State::Closed,
            closed_as: Some(CloseReason::NotPlanned),
            closed_by: None,
            labels: Vec::new(),
            own_labels: [Some(self.mapping.decided_label()), self.mapping.source_label.clone()]
                .into_iter()
                .flatten()
                .collect(),
            fields: std::collections::BTreeMap::new(),
            stamp,
            stamp_error,
            trusted: true,
            labelled: true,
            decisions: vec![TrackerDecision { status: Status::RiskAccepted, by, by_field: false }],
            comments: None,
            revision: None,
        })
    }
}
