//! What people read of a SARIF result: title, description, fix, links.

use super::message;
use super::model::Rule;
use crate::finding::Kind;
use crate::readers::identifiers;

/// The rule's short description: it is the same for all of its results and does not change with the place. Where it
/// says no more than the id, or has places for what the message says, the message.
pub(super) fn title(
    rule: Option<&Rule<'_>>,
    message: Option<&str>,
    rule_id: Option<&str>,
    kind: Kind,
) -> Option<String> {
    let short = rule.and_then(|rule| message::words(&rule.short_description)).filter(|short| !has_places(short));
    let telling = short.filter(|short| rule_id.is_none_or(|id| !short.trim_end_matches('.').ends_with(id)));
    // A check of a package tool has many vulnerabilities, each of which has its name in the message.
    let is_check = kind == Kind::Dependency && rule_id.is_some_and(|id| identifiers::vulnerability(id).is_none());
    let telling = telling.filter(|_| !is_check || message.is_none());
    let name = || rule.and_then(|rule| rule.name.get());
    let filled = message.filter(|text| !has_numbers(text));
    telling
        .and_then(first_sentence)
        .or_else(|| filled.and_then(first_sentence))
        .or_else(|| short.or_else(name).or(rule_id).map(str::to_owned))
        .or_else(|| message.and_then(first_sentence))
}

/// Whether a text has places of arguments that the result does not give.
fn has_numbers(text: &str) -> bool {
    let is_number = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    text.split('{').skip(1).any(|rest| rest.split_once('}').is_some_and(|(name, _)| is_number(name)))
}

/// Whether a text has places that arguments fill (`{0}`, `{name}`).
fn has_places(text: &str) -> bool {
    text.split('{').skip(1).any(|rest| {
        rest.split_once('}').is_some_and(|(name, _)| {
            !name.is_empty()
                && name.len() <= 24
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
    })
}

/// The first sentence of the first line that says something.
fn first_sentence(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let end = line.match_indices(". ").map(|(at, _)| at).find(|at| {
        // Not after an abbreviation or a short word (`e.g. `), and before a new sentence.
        let word = line[..*at].rsplit(' ').next().unwrap_or_default();
        word.len() > 3 && !word.contains('.') && line[at + 2..].starts_with(|c: char| c.is_uppercase())
    });
    Some(end.map_or(line, |end| &line[..=end]).to_owned())
}

/// What the message says of this place, then what the rule says in general.
pub(super) fn description(rule: Option<&Rule<'_>>, message: Option<&str>, title: &str) -> Option<String> {
    let full = rule.and_then(|rule| message::words(&rule.full_description)).filter(|full| !has_places(full));
    let mut parts: Vec<&str> = Vec::new();
    for part in message.into_iter().chain(full) {
        if part != title && !parts.iter().any(|other| other.contains(part)) {
            parts.push(part);
        }
    }
    Some(parts.join("\n\n")).filter(|text| !text.is_empty())
}

pub(super) fn references(rule: Option<&Rule<'_>>) -> Vec<String> {
    let mut references = Vec::new();
    if let Some(rule) = rule {
        let help = rule.help.text.get().filter(|help| is_link(help));
        identifiers::extend(&mut references, rule.help_uri.get().into_iter().chain(help).map(str::to_owned));
    }
    references
}

fn is_link(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://")) && !text.contains(char::is_whitespace)
}

/// OSV-Scanner names the other ids of a vulnerability in the message: `(also known as 'GHSA-…', 'CVE-…')`.
pub(super) fn aliases(message: Option<&str>) -> impl Iterator<Item = String> {
    let known_as = message.and_then(|message| message.split_once("also known as")).map(|(_, aliases)| aliases);
    known_as.and_then(|aliases| aliases.split(')').next()).into_iter().flat_map(identifiers::find)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_sentence() {
        for (text, wanted) in [
            ("Use of eval. It runs what users write. See x.", "Use of eval."),
            ("Use e.g. Foo in v1.2. X", "Use e.g. Foo in v1.2. X"),
            ("\n one line\ntwo", "one line"),
        ] {
            assert_eq!(first_sentence(text).as_deref(), Some(wanted));
        }
        assert!(has_places("Value of {0} is bad") && has_places("{name}") && !has_places("a {} of { x: 1 }"));
    }
}
