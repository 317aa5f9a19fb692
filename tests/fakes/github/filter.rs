//! Which issues a list's arguments let through.

use serde_json::Value;

use super::world::Issue;

pub fn is_app(login: &str) -> bool {
    login.ends_with("[bot]")
}

/// Whether a list's arguments let an issue through.
pub fn matches(arguments: &Value, issue: &Issue) -> bool {
    let has = |wanted: &str| issue.labels.iter().any(|label| label.eq_ignore_ascii_case(wanted));
    let labels = arguments["labels"].as_array();
    let labelled = labels.is_none_or(|labels| labels.iter().filter_map(Value::as_str).any(has));
    let state = if issue.open { "OPEN" } else { "CLOSED" };
    let states = arguments["states"].as_array();
    // "Where the list of label names exist on the issue": all of them, while `labels` is any.
    let all = arguments["filterBy"]["labels"].as_array();
    let has_all = all.is_none_or(|labels| labels.iter().filter_map(Value::as_str).all(has));
    let by = arguments["filterBy"]["createdBy"].as_str();
    !issue.deleted
        && !issue.pull_request
        && issue.moved.is_none()
        && labelled
        && has_all
        && states.is_none_or(|states| states.iter().any(|is| is == state))
        && by.is_none_or(|by| by.eq_ignore_ascii_case(&issue.author.login))
}
