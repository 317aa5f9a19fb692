//! What `check` found, and errors that end a run: each with what to do about it.

use std::io::{self, Write};

use serde::Serialize;

use super::untrusted::{Paint, line, within};
use crate::trackers::Problem;

/// What is wrong with one mapping's tracker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CheckView {
    /// The mapping's label, or the mapping file's name.
    pub label: String,
    /// The service; empty where it is about the mapping file itself.
    pub tracker: String,
    /// The project as people write it.
    pub project: String,
    /// What is wrong; empty where all is well.
    pub problems: Vec<Problem>,
    /// Where the mapping's fields are kept, where that is worth saying.
    pub notes: Vec<String>,
    /// What `--fix` mended.
    pub fixed: Vec<String>,
}

/// Writes what `check` found.
///
/// # Errors
/// Where writing fails.
pub fn check(out: &mut dyn Write, views: &[CheckView], paint: Paint) -> io::Result<()> {
    for CheckView { label, tracker, project, problems, notes, fixed } in views {
        let project = if project.is_empty() { String::new() } else { format!(" {project}") };
        let place = if tracker.is_empty() { label.clone() } else { format!("{label} ({tracker}{project})") };
        let head = paint.paint("1", &line(&place));
        let state = match problems.len() {
            0 => paint.paint("32", "all is well"),
            1 => paint.paint("31", "1 problem"),
            n => paint.paint("31", &format!("{n} problems")),
        };
        writeln!(out, "{head}: {state}")?;
        for done in fixed {
            writeln!(out, "  {} {}", paint.paint("32", "fixed:"), line(done))?;
        }
        for note in notes {
            writeln!(out, "  {} {}", paint.paint("36", "note:"), line(note))?;
        }
        for Problem { what, hint, fixable } in problems {
            writeln!(out, "  {} {}", paint.paint("31", "problem:"), line(what))?;
            let by_us = if *fixable { " (or `findsync check --fix`)" } else { "" };
            writeln!(out, "           {}{by_us}", line(hint))?;
        }
    }
    if views.is_empty() {
        writeln!(out, "The mapping file is valid. It has no mappings, so there is no tracker to look at.")?;
    }
    Ok(())
}

/// Longest line of an error, in characters: what to do stands at its end.
const MAX_ERROR: usize = 1000;

/// Writes why a run ended, and what to do about it. Lines stay, as a mapping file's errors point at a place.
///
/// # Errors
/// Where writing fails.
pub fn error(out: &mut dyn Write, error: &dyn std::fmt::Display, hint: Option<&str>, paint: Paint) -> io::Result<()> {
    let text = error.to_string();
    let mut lines = text.lines().map(|line| within(line, MAX_ERROR));
    let first = lines.next().unwrap_or_default();
    // Problems of a mapping file say what they are themselves: `error[unknown-key]: …`.
    match first.strip_prefix("error") {
        Some(rest) if rest.starts_with('[') => writeln!(out, "{}{rest}", paint.paint("1;31", "error"))?,
        _ => writeln!(out, "{} {first}", paint.paint("1;31", "error:"))?,
    }
    lines.try_for_each(|line| writeln!(out, "{}", format!("  {line}").trim_end()))?;
    hint.into_iter()
        .flat_map(str::lines)
        .try_for_each(|hint| writeln!(out, "{} {}", paint.paint("36", "hint:"), line(hint)))
}

/// Writes what is wrong with a command line, which may hold anything; `message` is clap's.
///
/// # Errors
/// Where writing fails.
pub fn usage(out: &mut dyn Write, message: &str, paint: Paint) -> io::Result<()> {
    let message = message.trim();
    self::error(out, &message.strip_prefix("error: ").unwrap_or(message), None, paint)
}
