//! Where a command writes, and how.

use std::io::Write;

use crate::cli::{Color, Global};

/// Where a command writes, and how.
pub struct Console<'a> {
    /// The result.
    pub out: &'a mut dyn Write,
    /// For what is beside the result: progress, and what the CI shows in its own ways.
    pub err: &'a mut dyn Write,
    /// Whether the result may be coloured.
    pub colour: bool,
    /// Whether to say only the result.
    pub quiet: bool,
    /// Whether to list each finding, too.
    pub verbose: bool,
    /// Whether standard error is a terminal, so that progress may move.
    pub lively: bool,
}

/// Whether to colour what goes to a stream.
#[must_use]
pub fn colour(global: &Global, is_terminal: bool, no_color: bool) -> bool {
    match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && !no_color,
    }
}
