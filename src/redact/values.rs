//! Errors of parsers and programs without the values that they quote: what is wrong and where is told, never with what.

use std::collections::HashSet;
use std::fmt::{self, Display, Write as _};

/// Longer errors are cut: some repeat the whole document.
const MAX: usize = 4096;
/// The longest name that is repeated.
const MAX_NAME: usize = 40;

/// An error's text without what it quotes, but for what was wanted.
#[must_use]
pub fn without_values(error: &impl Display) -> String {
    let text = bounded(error);
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['"', '`', '\'']) {
        let quote = rest[at..].chars().next().unwrap_or('"');
        let before = &rest[..at];
        let is_apostrophe = quote == '\'' && before.ends_with(|c: char| c.is_alphanumeric());
        let inside = &rest[at + 1..];
        let Some(end) = closing(inside, quote).filter(|_| !is_apostrophe) else {
            clean.push_str(before);
            // What is not closed was cut.
            if is_apostrophe {
                clean.push(quote);
                rest = inside;
                continue;
            }
            clean.push('…');
            return clean;
        };
        clean.push_str(before);
        let is_ours = clean.ends_with("missing field ")
            || clean.contains("expected ") && !clean.ends_with("but ") && !clean.contains("found ");
        let shown = if is_ours { plain_name(&inside[..end]) } else { None }.unwrap_or("…");
        let _ = write!(clean, "{quote}{shown}{quote}");
        rest = &inside[end + 1..];
    }
    clean.push_str(rest);
    clean
}

/// The end of a quoted text; a quote in it is escaped.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}

/// A name that may be repeated: letters and what joins them, as members and columns have.
#[must_use]
pub fn plain_name(name: &str) -> Option<&str> {
    let is_part = |c: char| {
        c.is_ascii_alphabetic()
            || matches!(c, '_' | '-' | '.' | '@' | '$' | ':' | '/' | '[' | ']' | ' ' | '#' | '<' | '>')
    };
    let is_plain = !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(is_part);
    (is_plain && super::text(name, super::Care::Likely) == name).then_some(name)
}

/// An error's text with no other words than those of the program that made it, and of its engine: all others are values.
#[must_use]
pub fn only_words_of(program: &[&str], error: &impl Display) -> String {
    let text = bounded(error);
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let known: HashSet<&str> = program.iter().flat_map(|text| text.split(|c| !is_part(c))).collect();
    let mut clean = String::new();
    let mut hidden = false;
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| is_part(c) != is_part(first)).unwrap_or(rest.len());
        let (token, after) = rest.split_at(length);
        rest = after;
        // Between hidden words stands nothing that helps.
        if is_part(first) && !known.contains(token) {
            if !hidden {
                clean.push('…');
            }
            hidden = true;
        } else if is_part(first) || !hidden || token.contains(' ') {
            clean.push_str(if hidden && !is_part(first) { " " } else { token });
            hidden = false;
        }
    }
    let mut clean = clean.trim().to_owned();
    while clean.contains("… …") {
        clean = clean.replace("… …", "…");
    }
    if clean.len() <= 300 { clean } else { format!("{}…", clean.chars().take(200).collect::<String>()) }
}

/// What fits of a text that may be as long as a document.
fn bounded(text: &impl Display) -> String {
    struct Bounded(String);
    impl fmt::Write for Bounded {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let room = MAX.saturating_sub(self.0.len());
            let fits = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= room).last();
            self.0.push_str(&text[..fits.unwrap_or(0)]);
            if text.len() > room { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut bounded = Bounded(String::new());
    let _ = write!(bounded, "{text}");
    bounded.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsers_quote_nothing() {
        for (error, clean) in [
            (
                "invalid type: string \"hunter\\\"2\", expected u32 at line 1",
                "invalid type: string \"…\", expected u32 at line 1",
            ),
            ("missing field `title`", "missing field `title`"),
            ("unknown field `PATH=/bin`, expected `name` or `title`", "unknown field `…`, expected `name` or `title`"),
            ("expected `</a>`, but `</hunter2>` was found", "expected `</a>`, but `…` was found"),
            (
                "byte index 5 is not a char boundary; it is inside 'é' of `hunter2",
                "byte index 5 is not a char boundary; it is inside '…' of …",
            ),
            ("the document's end", "the document's end"),
        ] {
            assert_eq!(without_values(&error), clean, "{error}");
        }
    }

    #[test]
    fn programs_tell_only_their_own_words() {
        let program = [".a | error(\"scans of type `\\(.)` are not known\")", "cannot use as array"];
        for (error, clean) in [
            ("scans of type `hunter2 AKIA` are not known", "scans of type `… are not known"),
            ("cannot use {\"a\":[\"hunter2\",\"x\"]} as array", "cannot use {\"a\":[\"… as array"),
        ] {
            assert_eq!(only_words_of(&program, &error), clean, "{error}");
        }
        assert!(only_words_of(&program, &"x ".repeat(1 << 20)).len() < 400);
    }
}
