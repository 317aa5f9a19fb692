//! What `check` says is in the documentation, each with what to do about it, and nothing else is.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What every tracker's list may hold: `src/trackers/error.rs`, `src/commands/check.rs`.
const COMMON: [&str; 3] =
    ["there is no token", "cannot tell whether all is there: …", "not everything could be made: …"];
/// Errors that stand for the whole list, as `check` shows them: their first words are in `src/trackers/error.rs`.
const ERRORS: [&str; 3] =
    ["… does not accept the token: …", "not allowed to …: …", "cannot find …, or the token may not see it"];
/// Messages of look-ups begin with what is done, and are shown behind others only.
const STEPS: [&str; 9] = ["create ", "set ", "add ", "try ", "read ", "list ", "find ", "update ", "open "];

/// A message with `…` for what varies.
fn pattern(message: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    for c in message.chars() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                out.push('…');
            }
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// The messages of problems in a file: what follows `what:`, `what =`, or the call of `problem`.
fn messages(text: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    for opening in ["what: ", "what = ", "problem(", "let (what, hint, fixable)", "=> (\n"] {
        for (at, _) in text.match_indices(opening) {
            let mut rest = text[at + opening.len()..].trim_start();
            for word in ["Some(name) => ", "match ", "format!("] {
                rest = rest.strip_prefix(word).unwrap_or(rest).trim_start();
            }
            let Some(rest) = rest.strip_prefix('"') else { continue };
            let end = rest.char_indices().scan(false, |escaped, (index, c)| {
                let ends = c == '"' && !*escaped;
                *escaped = c == '\\' && !*escaped;
                Some((index, ends))
            });
            let Some((end, _)) = end.into_iter().find(|(_, ends)| *ends) else { continue };
            let message = rest[..end].replace("\\\n", " ");
            let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
            if !STEPS.iter().any(|step| message.starts_with(step)) {
                found.insert(pattern(&message));
            }
        }
    }
    found
}

/// The first column of the table below the heading.
fn documented(page: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page)).unwrap();
    let (_, section) = text.split_once("## What `check` says").unwrap_or_else(|| panic!("{page}: no such heading"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    let rows: Vec<(&str, &str)> = rows.skip(1).filter_map(|row| row.split_once(" | ")).collect();
    assert!(rows.iter().all(|(_, todo)| todo.len() > 10), "{page}: each has something to do about it");
    rows.into_iter().map(|(what, _)| what.to_owned()).collect()
}

#[test]
fn every_message_of_check_is_documented_with_what_to_do_and_no_other_is() {
    for (tracker, page, files) in [
        ("github", "github.md", &["check.rs", "setup.rs", "project.rs", "issue_fields.rs"][..]),
        ("gitlab", "gitlab.md", &["check.rs", "fields.rs", "mod.rs", "resolve.rs"]),
        ("azure_devops", "azure-devops.md", &["check.rs", "fields.rs", "work_item_types.rs"]),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/trackers").join(tracker);
        let read = |file: &&str| messages(&fs::read_to_string(folder.join(file)).unwrap());
        let mut said: BTreeSet<String> = files.iter().flat_map(read).collect();
        said.extend(COMMON.map(str::to_owned));
        // What is shown behind "cannot find …", or means that no request could be made.
        let is_part = |message: &String| {
            message.starts_with("the project `")
                || message.starts_with("a project named")
                || message.starts_with("`…` is not the address")
                || message.starts_with("build the request")
                || message.starts_with("ask whose")
        };
        said.retain(|message| !is_part(message));
        let documented = documented(page);
        let missing: Vec<&String> = said.difference(&documented).collect();
        let is_known = |row: &&&String| {
            ERRORS.contains(&row.as_str())
                || row.starts_with("there is no user")
                || row.starts_with("the project has no")
        };
        let stale: Vec<&String> = documented.difference(&said).filter(|row| !is_known(&row)).collect();
        assert!(missing.is_empty() && stale.is_empty(), "{page}: missing {missing:#?}, stale {stale:#?}");
    }
}
