//! Untrusted text on one line of a terminal or a CI log: no control sequence, no workflow command.

use crate::issue::escape;
use crate::redact::{self, Care};

/// Longest text on a line, in characters.
const MAX: usize = 300;

/// A text as it may stand anywhere in a line.
pub(super) fn line(text: &str) -> String {
    within(text, MAX)
}

/// The same with a length of its own.
pub(super) fn within(text: &str, max: usize) -> String {
    let text = escape::clean(&escape::shorten(text, 4 * max)).replace(['\n', '\t'], " ");
    let text = escape::shorten(&redact::text(&text, Care::Certain), max);
    // Azure Pipelines looks for `##vso[` and `##[` anywhere in a line, GitHub for `##[` and, behind white space, for `::`.
    let text = text.replace("##", "#\u{200b}#");
    if text.trim_start().starts_with("::") { format!("| {}", text.trim_start()) } else { text }
}

/// Whether and how to colour. Decided by the command line: terminals only, `NO_COLOR` heeded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Paint {
    /// Whether to colour at all.
    pub colour: bool,
}

impl Paint {
    /// Colours a text: `code` is an SGR parameter (`1` bold, `31` red …).
    pub(super) fn paint(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Pads to a width in characters.
pub(super) fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_begins_or_holds_a_command() {
        for (text, safe) in [
            ("::add-mask::the", "| ::add-mask::the"),
            (" \t\u{a0}::add-mask::the", "| ::add-mask::the"),
            ("\u{200b}\u{1b}[2J::add-mask::the", "| ::add-mask::the"),
            ("x\n::add-mask::the", "x ::add-mask::the"),
            ("##vso[task.x]###", "#\u{200b}#vso[task.x]#\u{200b}##"),
            ("std::mem", "std::mem"),
        ] {
            assert_eq!(line(text), safe);
        }
    }
}
