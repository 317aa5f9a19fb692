//! Reading whole lists: by keyset where GitLab offers it, else by page number, and in windows of time where a list is
//! longer than page numbers reach.
//!
//! <https://docs.gitlab.com/api/rest/#pagination>

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use chrono::{DateTime, SecondsFormat, Utc};
use gitlab::api::Endpoint;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use url::Url;

use super::client::{Api, Get, With};
use super::wire;
use crate::trackers::Error;
use crate::trackers::http::{Paging, Response};

const PER_PAGE: usize = 100;
/// GitLab refuses page numbers beyond 50,000 entries; a new window begins before that.
const WINDOW: usize = 45_000;
/// How often a list is read anew that moved under our eyes.
const READINGS: usize = 3;

/// Where the next page is.
enum Next {
    /// At the address with this query (keyset paging, or no page number given). The rest of the address is ours: a
    /// server behind a proxy may not know its own name.
    At(String),
    /// The page with this number.
    Page(u64),
    /// Nowhere: that was the last one.
    End,
}

impl Api {
    /// Reads all pages of a list.
    pub(super) async fn all<T: DeserializeOwned>(
        &self,
        what: &str,
        endpoint: impl Endpoint + Sync,
    ) -> Result<Vec<T>, Error> {
        let mut paged = With { endpoint, extra: vec![("per_page", PER_PAGE.to_string())] };
        let (mut entries, mut at) = (Vec::new(), None);
        let mut paging = self.paging(what);
        loop {
            let response = self.page(what, &paged, at.as_deref()).await?;
            let page: Vec<T> = response.json()?;
            let empty = page.is_empty();
            entries.extend(page);
            match next(&response.headers) {
                _ if empty => return Ok(entries),
                Next::End => return Ok(entries),
                Next::At(query) => {
                    paging.go_on(&query)?;
                    at = Some(query);
                }
                Next::Page(number) => {
                    paging.go_on(number)?;
                    at = None;
                    paged.extra.truncate(1);
                    paged.extra.push(("page", number.to_string()));
                }
            }
        }
    }

    /// The way through the pages of a list.
    pub(super) fn paging(&self, what: &str) -> Paging {
        Paging::new(self.rest.host_str().unwrap_or_default(), what)
    }

    /// Reads all issues of a filter, each once, the oldest first.
    ///
    /// Page numbers shift where an issue leaves the list while it is read, so that one could be missed: where the total
    /// that GitLab tells changes between two pages, the list is read anew.
    pub(super) async fn issues(&self, filter: &Filter<'_>) -> Result<Vec<wire::Issue>, Error> {
        let mut reading = Reading::default();
        for _ in 0..READINGS {
            reading = self.read_issues(filter).await?;
            if reading.steady {
                break;
            }
            tracing::debug!("the list of issues changed while it was read");
        }
        Ok(reading.issues)
    }

    async fn read_issues(&self, filter: &Filter<'_>) -> Result<Reading, Error> {
        let mut reading = Reading { steady: true, ..Reading::default() };
        let (mut seen, mut since, mut in_window) = (BTreeSet::new(), None, 0);
        let (mut at, mut number, mut total) = (None, 1_u64, None);
        let mut paging = self.paging("list issues");
        loop {
            let from = From { order: "created_at", sort: "asc", since, page: number };
            let response = self.page_of_issues("list issues", filter, &from, at.as_deref()).await?;
            let page: Vec<wire::Issue> = response.json()?;
            let told = response.header("x-total").and_then(|total| total.parse::<u64>().ok());
            reading.steady &= total.is_none_or(|total| total == told);
            total = Some(told);
            in_window += page.len();
            let empty = page.is_empty();
            let last = page.last().and_then(|issue| issue.created_at);
            reading.issues.extend(page.into_iter().filter(|issue| seen.insert(issue.iid)));
            match next(&response.headers) {
                _ if empty => return Ok(reading),
                Next::End => return Ok(reading),
                Next::At(query) => {
                    paging.go_on(&query)?;
                    at = Some(query);
                }
                Next::Page(_) if in_window >= WINDOW && last.is_some() && last > since => {
                    // `created_after` includes its moment: entries that come twice are dropped above.
                    (since, number, in_window, total) = (last, 1, 0, None);
                }
                Next::Page(next) => {
                    paging.go_on(format_args!("{since:?} {next}"))?;
                    number = next;
                }
            }
        }
    }

    /// Reads the issues of a filter that have a number above `iid`, the newest first.
    pub(super) async fn issues_above(&self, filter: &Filter<'_>, iid: u64) -> Result<Vec<wire::Issue>, Error> {
        let mut issues = Vec::new();
        let (mut at, mut number) = (None, 1);
        let mut paging = self.paging("list new issues");
        loop {
            let from = From { order: "created_at", sort: "desc", since: None, page: number };
            let response = self.page_of_issues("list new issues", filter, &from, at.as_deref()).await?;
            let page: Vec<wire::Issue> = response.json()?;
            let old = page.iter().any(|issue| issue.iid <= iid);
            issues.extend(page.into_iter().filter(|issue| issue.iid > iid));
            match next(&response.headers) {
                _ if old => return Ok(issues),
                Next::End => return Ok(issues),
                Next::At(query) => {
                    paging.go_on(&query)?;
                    at = Some(query);
                }
                Next::Page(next) => {
                    paging.go_on(next)?;
                    number = next;
                }
            }
        }
    }

    /// Reads one page of a filter's issues, those that were changed last.
    pub(super) async fn issues_changed_last(&self, filter: &Filter<'_>) -> Result<Vec<wire::Issue>, Error> {
        let from = From { order: "updated_at", sort: "desc", since: None, page: 1 };
        self.page("list closed issues", &filter.endpoint(&from, false), None).await?.json()
    }

    /// One page of issues; without keyset paging from the first refusal of it on.
    async fn page_of_issues(
        &self,
        what: &str,
        filter: &Filter<'_>,
        from: &From,
        at: Option<&str>,
    ) -> Result<Response, Error> {
        let page = async |keyset| self.page(what, &filter.endpoint(from, keyset), at).await;
        if !self.keyset.load(Ordering::Relaxed) {
            return page(false).await;
        }
        match page(true).await {
            Err(Error::Refused { detail, .. }) if at.is_none() && detail.to_lowercase().contains("pagination") => {
                self.keyset.store(false, Ordering::Relaxed);
                page(false).await
            }
            other => other,
        }
    }
}

/// Where a list is read from.
struct From {
    order: &'static str,
    sort: &'static str,
    since: Option<DateTime<Utc>>,
    /// The page's number, from 1.
    page: u64,
}

#[derive(Default)]
struct Reading {
    issues: Vec<wire::Issue>,
    /// Whether the list stayed as long as it was.
    steady: bool,
}

/// Which issues of a project.
pub(super) struct Filter<'a> {
    pub project: u64,
    /// Parameters of `GET /projects/:id/issues`.
    pub query: Vec<(&'a str, String)>,
}

impl Filter<'_> {
    /// The crate's builder knows neither keyset paging nor `not`.
    fn endpoint(&self, from: &From, keyset: bool) -> Get<'_> {
        let mut query = self.query.clone();
        query.extend([
            ("scope", "all".to_owned()),
            ("order_by", from.order.to_owned()),
            ("sort", from.sort.to_owned()),
            ("per_page", PER_PAGE.to_string()),
        ]);
        match from.page {
            // Versions before 18.3 do not know it for issues: they go on by page number, or refuse it.
            1 if keyset => query.push(("pagination", "keyset".to_owned())),
            1 => {}
            page => query.push(("page", page.to_string())),
        }
        if let Some(since) = from.since {
            query.push(("created_after", since.to_rfc3339_opts(SecondsFormat::Millis, true)));
        }
        Get { path: format!("projects/{}/issues", self.project), query }
    }
}

/// Where the next page is: `x-next-page` is empty on the last one, and absent in keyset paging.
fn next(headers: &HeaderMap) -> Next {
    if let Some(number) = headers.get("x-next-page").and_then(|number| number.to_str().ok()) {
        return number.trim().parse().map_or(Next::End, Next::Page);
    }
    let links = headers.get_all(http::header::LINK).into_iter().filter_map(|link| link.to_str().ok());
    links
        .flat_map(|links| links.split(", <"))
        .find_map(|link| {
            let (url, params) = link.trim_start_matches('<').split_once('>')?;
            let next = params.split(';').any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next"));
            next.then(|| Some(Url::parse(url).ok()?.query()?.to_owned())).flatten()
        })
        .map_or(Next::End, Next::At)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next_of(pairs: &[(&'static str, &'static str)]) -> String {
        let headers = pairs.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")));
        match next(&headers.collect()) {
            Next::At(query) => query,
            Next::Page(number) => number.to_string(),
            Next::End => "end".to_owned(),
        }
    }

    #[test]
    fn finds_the_next_page_in_every_way_of_saying_it() {
        let link =
            "<https://h/api/v4/x?page=1&per_page=3>; rel=\"first\", <https://h/api/v4/x?cursor=a,b>; rel=\"next\"";
        assert_eq!(next_of(&[("link", link)]), "cursor=a,b");
        assert_eq!(next_of(&[("x-next-page", "3"), ("link", link)]), "3");
        assert_eq!(next_of(&[("x-next-page", ""), ("link", link)]), "end");
        assert_eq!(next_of(&[("link", "<https://h/x?page=1>; rel=\"prev\"")]), "end");
        assert_eq!(next_of(&[]), "end");
    }
}
