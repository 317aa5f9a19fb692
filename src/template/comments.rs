//! Comments: what is said to people when the state of their issue changes.

use crate::finding::{Scope, Status};
use crate::issue::{IssueId, Limits, Note, escape};

/// The run that says it: only what the CI tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunRef {
    /// The commit that was scanned.
    pub commit: Option<String>,
    /// Where to look at the run.
    pub url: Option<String>,
}

/// Scopes that one comment names at most.
const MAX_SCOPES: usize = 10;
/// Longest name of a scanner or target in a comment, in characters.
const MAX_NAME: usize = 200;

/// A comment's text, in the tracker's markup.
#[must_use]
pub fn comment(note: &Note, run: &RunRef, limits: &Limits) -> String {
    let text = match note {
        Note::Fixed { because: Some(because), .. } => format!("**Fixed**{}", self::because(Some(because))),
        Note::Fixed { scopes, expired, because: None } => fixed(scopes, expired),
        Note::Decided { status, reason } => {
            let what = match status {
                Status::FalsePositive => "This is a false positive",
                Status::RiskAccepted => "The risk is accepted",
                Status::Active | Status::Closed => "This is done",
            };
            format!("**{what}**{}", because(reason.as_deref()))
        }
        Note::SeenAgain { seen_by } => format!("**Seen again** by {}.", escape::inline(seen_by)),
        Note::StillThere { seen_by, by_bot: false } => {
            format!("**Still there**: closed as done, but seen by {}.", escape::inline(seen_by))
        }
        Note::StillThere { seen_by, by_bot: true } => {
            format!(
                "**Still there**: closed by a bot, but only people decide, and it is seen by {}.",
                escape::inline(seen_by)
            )
        }
        Note::NewInGroup { titles, seen_by } => {
            let named: Vec<String> = titles.iter().take(MAX_SCOPES).map(|title| escape::inline(title)).collect();
            let more = titles.len().saturating_sub(MAX_SCOPES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let what = if named.is_empty() { String::new() } else { format!(": {}{more}", named.join(", ")) };
            format!(
                "**New since the decision**{what}. It is seen by {}. What was decided stays decided.",
                escape::inline(seen_by)
            )
        }
        Note::DecisionEnded { reason, seen_by } => {
            format!("**Open again**{} It is seen by {}.", because(reason.as_deref()), escape::inline(seen_by))
        }
        Note::Duplicate { of } => format!("**Duplicate** of {}, which stays open.", issue(of)),
    };
    // All parts are short, so no tracker's limit is near.
    escape::finish(limits.markup, &format!("{text}{}", footer(run))).trim_end().to_owned()
}

fn fixed(scopes: &[Scope], expired: &[Scope]) -> String {
    let mut text = match scopes {
        [] => "**Closed.**".to_owned(),
        [_] => format!("**Fixed**: {} no longer reports it.", list(scopes)),
        _ => format!("**Fixed**: none of {} reports it any longer.", list(scopes)),
    };
    if !expired.is_empty() {
        text.push_str(&format!(" Not counted, as not read for long: {}.", list(expired)));
    }
    text
}

fn list(scopes: &[Scope]) -> String {
    let mut named: Vec<String> = scopes
        .iter()
        .take(MAX_SCOPES)
        .map(|Scope { scanner, target, .. }| {
            // Cut before escaping: what is cut afterwards may be no code span any more.
            let [scanner, target] = [scanner, target].map(|text| escape::shorten(text, MAX_NAME));
            format!("{} on {}", escape::inline(&scanner), escape::code(&target))
        })
        .collect();
    if scopes.len() > MAX_SCOPES {
        named.push(format!("{} more", scopes.len() - MAX_SCOPES));
    }
    named.join(", ")
}

/// A reason with what it quotes (``label `wontfix` ``) as code; the rest is text.
fn quoting(reason: &str) -> String {
    let parts: Vec<&str> = reason.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escape::inline(reason);
    }
    let space = |is: bool| if is { " " } else { "" };
    let part = |(index, part): (usize, &&str)| match index % 2 {
        1 => escape::code(part),
        _ if part.trim().is_empty() => space(!part.is_empty()).to_owned(),
        _ => {
            let (before, after) = (space(index > 0 && part.starts_with(' ')), space(part.ends_with(' ')));
            format!("{before}{}{after}", escape::inline(part.trim()))
        }
    };
    parts.iter().enumerate().map(part).collect::<String>().trim().to_owned()
}

fn because(reason: Option<&str>) -> String {
    match reason.map(quoting).filter(|reason| !reason.is_empty()) {
        Some(reason) => format!(": {}.", reason.trim_end_matches('.')),
        None => ".".to_owned(),
    }
}

/// Ours, not from a report: it may be a reference, where it leads somewhere.
fn issue(id: &IssueId) -> String {
    let IssueId { number, url, .. } = id;
    if url.starts_with("http") && !url.contains([' ', '(', ')', '<', '>']) {
        format!("[#{number}]({url})")
    } else {
        format!("issue {number}")
    }
}

fn footer(run: &RunRef) -> String {
    let commit = run.commit.as_deref().map(|commit| format!("commit {}", escape::code(commit)));
    let url = run.url.as_deref().filter(|url| url.starts_with("http") && !url.contains([' ', '(', ')', '<', '>']));
    let parts: Vec<String> = commit.into_iter().chain(url.map(|url| format!("[run]({url})"))).collect();
    if parts.is_empty() { String::new() } else { format!("\n\n{}", parts.join(", ")) }
}
