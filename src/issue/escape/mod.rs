//! Untrusted text → text that is safe in a tracker: it reads the same, and triggers nothing.
//!
//! One set of rules serves all markups, as the union of what GitHub, GitLab and Azure DevOps act on; Azure DevOps' HTML
//! is made of the same Markdown at the very end ([`finish`]). What would become a reference is kept apart from what
//! follows it by a zero-width space ([`ZWSP`]), as services look at the text after entities and backslashes are gone.

mod block;
mod inline;
mod link;

pub use block::block;
pub use inline::{code, code_block, inline, seam, title};
pub use link::{link, named_link};

use super::Markup;

/// Zero-width space: it ends a mention or reference, and readers do not see it.
pub const ZWSP: char = '\u{200b}';

/// Longest inline text, in characters.
const MAX_INLINE: usize = 2_000;
/// Longest code span, in characters.
const MAX_CODE: usize = 500;
/// Longest text of several lines, in characters.
const MAX_BLOCK: usize = 8_000;

/// Escaped Markdown → what a tracker takes as a body or comment.
#[must_use]
pub fn finish(markup: Markup, markdown: &str) -> String {
    if markup != Markup::Html {
        return markdown.to_owned();
    }
    let parser = pulldown_cmark::Parser::new_ext(markdown, pulldown_cmark::Options::ENABLE_TABLES);
    let mut html = String::with_capacity(markdown.len() * 3 / 2);
    pulldown_cmark::html::push_html(&mut html, parser);
    html
}

/// Cuts to `max` characters, with an ellipsis where something is missing.
#[must_use]
pub fn shorten(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) if max == 0 => String::new(),
        Some(_) => {
            let kept: String = text.chars().take(max - 1).collect();
            format!("{}…", kept.trim_end())
        }
    }
}

/// Takes out what is not text: terminal sequences, control and format characters (bidirectional marks, zero-width and
/// tag characters), so that what people see is what stands there. Line breaks become `\n`, tabs stay.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\t' => out.push(c),
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\u{1b}' | '\u{9b}' | '\u{9d}' | '\u{90}' => skip_terminal_sequence(c, &mut chars),
            c if is_hidden(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// The same on one line, white space folded.
fn clean_line(text: &str, max: usize) -> String {
    // Cut before folding too: a line of many megabytes need not be folded whole.
    let head = text.char_indices().nth(max.saturating_mul(4)).map_or(text, |(at, _)| &text[..at]);
    let folded = clean(head).split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = head.len() < text.len() && folded.chars().count() <= max;
    shorten(&if cut { format!("{folded} …") } else { folded }, max)
}

/// Skips an ANSI sequence after its introducer: CSI up to its final byte, OSC and DCS up to BEL or ST, else one character.
fn skip_terminal_sequence(introducer: char, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let kind = match introducer {
        '\u{9b}' => Some('['),
        '\u{9d}' | '\u{90}' => Some(']'),
        _ => chars.next_if(|c| !c.is_control()),
    };
    match kind {
        Some('[') => {
            while chars.next_if(|c| ('\u{20}'..'\u{40}').contains(c)).is_some() {}
            chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            // An unterminated one must not swallow a text: it ends with its line at the latest.
            while let Some(c) = chars.next_if(|c| *c != '\n') {
                if c == '\u{7}' || c == '\u{9c}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        _ => {}
    }
}

/// Whether a character is invisible or moves others about.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Text from our own part of a body must hold no HTML comment, not even in code: our markers are found by plain search.
fn break_comments(text: &str) -> String {
    text.replace("<!--", "<!\u{200b}--").replace("-->", "--\u{200b}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_out_terminal_sequences_and_hidden_characters() {
        assert_eq!(clean("a\u{1b}[31mred\u{1b}[0m b"), "ared b");
        assert_eq!(clean("\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{1b}\\ end"), "link end");
        assert_eq!(clean("\u{9b}2Jx\u{202e}y\u{2066}z\u{200d}\u{feff}\0"), "xyz");
        assert_eq!(clean("one\r\ntwo\rthree\u{2028}four"), "one\ntwo\nthree\nfour");
        assert_eq!(clean("\u{1b}]0;never ended\nnext"), "\nnext");
        assert_eq!(clean("\u{1b}"), "");
    }

    #[test]
    fn cuts_by_characters() {
        assert_eq!(shorten("äöü", 3), "äöü");
        assert_eq!(shorten("äöüß", 3), "äö…");
        assert_eq!(shorten("x", 0), "");
        let line = clean_line(&"word ".repeat(1 << 20), 100);
        assert!(line.chars().count() <= 100 && line.ends_with('…'), "{line}");
    }
}
