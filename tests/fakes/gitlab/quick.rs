//! Quick actions: lines of descriptions and comments that GitLab runs instead of showing them.
//!
//! A line counts that starts with `/name` outside of a code block, whatever stands in the lines before.

use super::world::World;

const NAMES: [&str; 20] = [
    "close",
    "reopen",
    "assign",
    "unassign",
    "label",
    "unlabel",
    "relabel",
    "labels",
    "title",
    "confidential",
    "due",
    "duplicate",
    "move",
    "promote",
    "lock",
    "weight",
    "milestone",
    "epic",
    "copy_metadata",
    "spend",
];

/// Runs the quick actions of a text for its author, and gives the text without them.
pub fn run(world: &mut World, issue: u64, author: u64, text: &str) -> String {
    let mut fence: Option<&str> = None;
    let mut kept = Vec::new();
    for line in text.split('\n') {
        let bare = line.trim_start();
        match fence {
            Some(mark) if bare.starts_with(mark) => fence = None,
            Some(_) => {}
            None => fence = ["```", "~~~"].into_iter().find(|mark| bare.starts_with(mark)),
        }
        let command = line.strip_prefix('/').filter(|_| fence.is_none()).and_then(|rest| {
            let (name, argument) = rest.trim_end().split_once(' ').unwrap_or((rest.trim_end(), ""));
            let name = NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(name))?;
            Some((name, argument.trim().to_owned()))
        });
        match command {
            Some((name, argument)) => act(world, issue, author, name, &argument),
            None => kept.push(line),
        }
    }
    kept.join("\n")
}

fn act(world: &mut World, id: u64, author: u64, name: &str, argument: &str) {
    world.actions.push(format!("/{name} {argument}").trim_end().to_owned());
    match name {
        "close" | "duplicate" | "promote" => world.set_open_by(id, false, author),
        "reopen" => world.set_open_by(id, true, author),
        "label" | "labels" | "relabel" => {
            let label = argument.trim_start_matches('~').trim_matches('"').to_owned();
            world.add_labels(id, &[label]);
        }
        _ => {}
    }
    let issue = world.issues.iter_mut().find(|issue| issue.id == id).expect("the issue");
    match name {
        "unlabel" => issue.labels.clear(),
        "title" => issue.title = argument.to_owned(),
        "confidential" => issue.confidential = true,
        "assign" => issue.assignees = vec![author],
        "unassign" => issue.assignees.clear(),
        _ => {}
    }
}
