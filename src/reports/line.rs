//! Untrusted text on one line of a terminal or a CI log: no control sequence, no workflow command.

use crate::issue::escape;

/// Longest text on a line, in characters.
const MAX: usize = 300;

/// A text as it may stand anywhere in a line, but at its very start.
pub(super) fn line(text: &str) -> String {
    let text = escape::shorten(&escape::clean(&escape::shorten(text, 4 * MAX)).replace(['\n', '\t'], " "), MAX);
    // Azure Pipelines looks for `##vso[` and `##[` anywhere in a line, GitHub for `##[` and, at its start, for `::`.
    text.replace("##", "#\u{200b}#")
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
