//! What a run has not looked at, by its own words.

use super::model::{Map, Message, Notification, Run};
use super::tools::Tool;
use super::{message, place};
use crate::readers::standards::lenient::Object;

/// What a warning says of a file that was not examined, whatever the tool is.
const UNEXAMINED: &[&str] = &[
    "syntax error",
    "parse error",
    "parsing error",
    "could not parse",
    "could not be parsed",
    "failed to parse",
    "unable to parse",
    "timed out",
    "timeout",
    "out of memory",
];

/// Why the run must not vouch for what it does not report (appendix I), and the files for which it must not.
///
/// An error of the execution that names files says only that it has not looked at those; one of the configuration, that a
/// rule was not looked for anywhere. Some tools write as warnings what they could not parse, and as notes what they did
/// not run.
pub(super) fn find(run: &Run<'_>, tool: &Tool) -> (Option<String>, Vec<String>) {
    let of_execution = run.invocations.iter().flat_map(|one| one.tool_execution_notifications.iter());
    let of_configuration = run.invocations.iter().flat_map(|one| one.tool_configuration_notifications.iter());
    let is_error = |note: &Notification<'_>| note.level.get() == Some("error");
    let mut unexamined = Vec::new();
    let mut errors: Vec<&Message<'_>> = Vec::new();
    for note in of_execution {
        let said = said(note);
        let says = |words: &[String]| words.iter().any(|word| said.contains(word.as_str()));
        if says(&tool.unrun_words) {
            errors.push(&note.message);
            continue;
        }
        let is_warning = matches!(note.level.get(), None | Some("warning"));
        let warns = is_warning && UNEXAMINED.iter().any(|word| said.contains(word));
        if is_error(note) || warns || says(&tool.unexamined_words) {
            let mut files = place::files(run, note);
            if files.is_empty() {
                files.extend(named_file(tool, note));
            }
            if files.is_empty() {
                errors.push(&note.message);
            }
            unexamined.extend(files);
        }
    }
    for note in of_configuration {
        let said = said(note);
        // Bandit calls a file that it cannot parse an error of the configuration.
        let files =
            if UNEXAMINED.iter().any(|word| said.contains(word)) { place::files(run, note) } else { Vec::new() };
        if !files.is_empty() {
            unexamined.extend(files);
        } else if is_error(note) || tool.unrun_words.iter().any(|word| said.contains(word.as_str())) {
            errors.push(&note.message);
        }
    }
    let is_explained = tool.parse_errors_fail_runs && errors.is_empty() && !unexamined.is_empty();
    (failure(run, &errors, is_explained), unexamined)
}

/// A notification's words in lower case: what it is called, and its message.
fn said(note: &Notification<'_>) -> String {
    let text = message::render(&note.message, &[]).unwrap_or_default();
    format!("{} {text}", note.descriptor.id.get().unwrap_or_default()).to_lowercase()
}

/// The file that a tool names in a notification's message.
fn named_file(tool: &Tool, note: &Notification<'_>) -> Option<String> {
    let text = message::words(&note.message)?;
    tool.notification_paths.iter().find_map(|template| template.find(text)?.get("path").map(str::to_owned))
}

/// Why nothing of a run counts. `is_explained` where files that are known to be unexamined make it unsuccessful.
fn failure(run: &Run<'_>, errors: &[&Message<'_>], is_explained: bool) -> Option<String> {
    let no_strings: &[&Map<'_, Object<Message<'_>>>] = &[];
    let why = errors.iter().find_map(|message| message::render(message, no_strings));
    let failed = run.invocations.iter().find(|one| one.execution_successful.0 == Some(false));
    if let Some(failed) = failed.filter(|_| !is_explained) {
        let why = failed.exit_code_description.owned().or(why);
        return Some(why.unwrap_or_else(|| "the scanner says that it was not successful".to_owned()));
    }
    if !errors.is_empty() {
        return why.or_else(|| Some("the scanner reports an error of its own".to_owned()));
    }
    // §3.14.23: absent or null where the tool did not get as far as looking.
    run.results.is_none().then(|| "the run has no `results`: nothing was scanned".to_owned())
}
