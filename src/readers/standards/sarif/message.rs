//! SARIF messages (§3.11): by text or by id, with arguments and embedded links.

use super::model::{Map, Message};
use crate::readers::standards::lenient::Object;

/// The message's words, with what its id means and its arguments in place.
pub(super) fn render(message: &Message<'_>, strings: &[&Map<'_, Object<Message<'_>>>]) -> Option<String> {
    let by_id = || {
        let id = message.id.get()?;
        strings.iter().find_map(|strings| strings.get(id)).and_then(|found| words(found))
    };
    let text = words(message).or_else(by_id)?;
    let arguments: Vec<&str> = message.arguments.iter().collect();
    let text = fill(text, &arguments);
    Some(unlink(&text)).filter(|text| !text.trim().is_empty())
}

/// The words of a message that has no arguments.
pub(super) fn words<'a>(message: &'a Message<'_>) -> Option<&'a str> {
    message.text.get().or_else(|| message.markdown.get())
}

/// Puts arguments where `{0}` stands; a placeholder without argument stays as it is.
fn fill(text: &str, arguments: &[&str]) -> String {
    if arguments.is_empty() {
        return text.to_owned();
    }
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        let argument = from.strip_prefix('{').and_then(|inner| inner.split_once('}')).and_then(|(index, after)| {
            let argument = arguments.get(index.parse::<usize>().ok()?)?;
            Some((*argument, after))
        });
        if let Some((argument, after)) = argument {
            filled.push_str(argument);
            rest = after;
        } else {
            filled.push_str(&from[..1]);
            rest = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")).unwrap_or(&from[1..]);
        }
    }
    filled.push_str(rest);
    filled
}

/// Replaces `[text](3)`, a link to one of the result's places, by its text.
fn unlink(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("](") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        let target = after.split_once(')').filter(|(id, _)| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
        match (before.rfind('['), target) {
            (Some(open), Some((_, tail))) => {
                plain.push_str(&before[..open]);
                plain.push_str(&before[open + 1..]);
                rest = tail;
            }
            _ => {
                plain.push_str(&rest[..at + 2]);
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_go_where_their_numbers_stand() {
        assert_eq!(fill("{1} before {0}, {2}, {{0}} {x}", &["a", "{1}"]), "{1} before a, {2}, {0} {x}");
        assert_eq!(fill("a {0} {", &[]), "a {0} {");
        assert_eq!(fill("{ é {0", &["a"]), "{ é {0");
    }

    #[test]
    fn links_to_places_become_their_text() {
        assert_eq!(unlink("flows from [a user](1) to [here](12)."), "flows from a user to here.");
        assert_eq!(unlink("see [docs](https://example.com) ]( [x](1"), "see [docs](https://example.com) ]( [x](1");
    }
}
