//! Labels of an issue, put on and taken away one by one.

use serde_json::Value;

use super::Answer;
use super::rest::{Call, find, label_json, take_labels};
use super::world::{Account, Role, World};

/// <https://docs.github.com/en/rest/issues/labels#add-labels-to-an-issue>
pub fn add_labels(world: &mut World, account: &Account, number: &str, call: &Call<'_>) -> Answer {
    let number = match find(world, number) {
        Ok(issue) => issue.number,
        Err(answer) => return answer,
    };
    if account.role < Role::Triage {
        return Answer::message(403, "Must have admin rights to Repository.");
    }
    for label in take_labels(world, account, &call.json()["labels"]) {
        let issue = world.issue(number).expect("it is there");
        if !issue.labels.contains(&label) {
            issue.labels.push(label);
        }
    }
    Answer::new(200, issue_labels(world, number))
}

/// <https://docs.github.com/en/rest/issues/labels#remove-a-label-from-an-issue>
pub fn remove_label(world: &mut World, account: &Account, number: &str, label: &str) -> Answer {
    let issue = match find(world, number) {
        Ok(issue) => issue,
        Err(answer) => return answer,
    };
    if account.role < Role::Triage {
        return Answer::message(403, "Must have admin rights to Repository.");
    }
    let number = issue.number;
    let issue = world.issue(number).expect("it is there");
    let before = issue.labels.len();
    issue.labels.retain(|known| !known.eq_ignore_ascii_case(label));
    if issue.labels.len() == before {
        return Answer::message(404, "Label does not exist");
    }
    Answer::new(200, issue_labels(world, number))
}

fn issue_labels(world: &World, number: u64) -> Value {
    let issue = world.issues.iter().find(|issue| issue.number == number).expect("it is there");
    let known = |name: &String| world.labels.iter().find(|label| label.name == *name).map(label_json);
    issue.labels.iter().filter_map(known).collect()
}
