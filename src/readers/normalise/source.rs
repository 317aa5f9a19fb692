//! Source lines from the checked-out repository, for findings whose report does not show them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::finding::Finding;

/// Larger files are no source.
const MAX_FILE: u64 = 8 << 20;
/// Lines of a snippet, at most.
const MAX_LINES: u32 = 40;

/// What of a line counts, in bytes.
const MAX_LINE: usize = 4096;
/// Lines above that are looked at for a heading.
const MAX_ABOVE: usize = 500;

/// Reads files of a workspace, each once, and never one outside of it.
pub(crate) struct Sources {
    root: Option<PathBuf>,
    files: HashMap<String, Option<Arc<Source>>>,
}

impl Sources {
    pub(crate) fn new(workspace: &Path) -> Self {
        Self { root: workspace.canonicalize().ok(), files: HashMap::new() }
    }

    /// Gives a finding the lines that it is about, where its report does not show them, and those around it.
    pub(crate) fn enrich(&mut self, finding: &mut Finding) {
        let at = &finding.location;
        let (Some(path), Some(start)) = (&at.path, at.start_line) else { return };
        let Some(source) = self.file(path) else { return };
        let end = at.end_line.unwrap_or(start).clamp(start, start.saturating_add(MAX_LINES));
        let lines: Vec<&str> = (start..=end).map_while(|line| source.line(line)).collect();
        if lines.is_empty() {
            return;
        }
        let owned = |line: u32| source.line(line).map(str::to_owned);
        let snippet = finding.evidence.snippet.get_or_insert_default();
        if snippet.lines.trim().is_empty() {
            snippet.lines = lines.join("\n");
        }
        if snippet.before.is_none() && snippet.after.is_none() {
            snippet.before = start.checked_sub(1).and_then(owned);
            snippet.after = owned(end.saturating_add(1));
        }
        snippet.heading = source.heading(start);
    }

    /// Whether there is such a file.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.root.as_deref().is_some_and(|root| !path.is_empty() && root.join(path).symlink_metadata().is_ok())
    }

    /// Whether it is a folder.
    pub(crate) fn is_folder(&self, path: &str) -> bool {
        self.root.as_deref().is_some_and(|root| root.join(path).is_dir())
    }

    fn file(&mut self, path: &str) -> Option<Arc<Source>> {
        if let Some(known) = self.files.get(path) {
            return known.clone();
        }
        let text = self.read(path);
        self.files.insert(path.to_owned(), text.clone());
        text
    }

    fn read(&self, path: &str) -> Option<Arc<Source>> {
        let root = self.root.as_deref()?;
        let file = root.join(path).canonicalize().ok().filter(|file| file.starts_with(root))?;
        let meta = fs::metadata(&file).ok().filter(|meta| meta.is_file() && meta.len() <= MAX_FILE)?;
        let bytes = fs::read(&file)
            .inspect_err(|error| tracing::debug!(path, %error, size = meta.len(), "source not readable"))
            .ok()?;
        Some(Arc::new(Source::new(String::from_utf8_lossy(&bytes).into_owned())))
    }
}

/// A file's text, and where each line begins.
struct Source {
    text: String,
    starts: Vec<usize>,
}

impl Source {
    fn new(text: String) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(ends).filter(|at| *at < text.len()).collect();
        Self { text, starts }
    }

    /// A line, counted from 1.
    fn line(&self, number: u32) -> Option<&str> {
        let at = number.checked_sub(1)? as usize;
        let start = *self.starts.get(at)?;
        let end = self.starts.get(at + 1).copied().unwrap_or(self.text.len());
        // Minified code is one line; its beginning is as good.
        let end = end.min(start + MAX_LINE);
        let end = (start..=end).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(start);
        Some(self.text[start..end].trim_end_matches(['\r', '\n']))
    }

    /// The last line above that is indented less than this one and says something.
    fn heading(&self, number: u32) -> Option<String> {
        let indent = |line: &str| line.len() - line.trim_start().len();
        let says =
            |line: &&str| line.trim_start().starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '@'));
        let own = indent(self.line(number)?);
        let above = (1..number).rev().take(MAX_ABOVE).filter_map(|line| self.line(line));
        above.filter(says).find(|line| indent(line) < own).map(|line| line.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heading_is_what_a_line_stands_under() {
        let text = "class A {\n\n  run(x) {\n    first();\n  // word\n    if (x)\n    {\n      eval(x);\n    }\n    eval(y);\n  }\n}\n";
        let source = Source::new(text.to_owned());
        assert_eq!((source.line(0), source.line(2), source.line(8)), (None, Some(""), Some("      eval(x);")));
        assert_eq!((source.line(12), source.line(13)), (Some("}"), None));
        assert_eq!(source.heading(8).as_deref(), Some("if (x)"));
        assert_eq!(source.heading(10).as_deref(), Some("run(x) {"));
        assert_eq!((source.heading(1), source.heading(0), source.heading(99)), (None, None, None));
    }
}
