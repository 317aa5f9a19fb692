//! Source lines from the checked-out repository, for findings whose report does not show them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::finding::{Finding, Snippet};

/// Larger files are no source.
const MAX_FILE: u64 = 8 << 20;
/// Lines of a snippet, at most.
const MAX_LINES: u32 = 40;

/// Reads files of a workspace, each once, and never one outside of it.
pub(super) struct Sources {
    root: Option<PathBuf>,
    files: HashMap<String, Option<Rc<str>>>,
}

impl Sources {
    pub(super) fn new(workspace: &Path) -> Self {
        Self { root: workspace.canonicalize().ok(), files: HashMap::new() }
    }

    /// Gives a finding the lines that it is about, where it has path and line but no snippet.
    pub(super) fn enrich(&mut self, finding: &mut Finding) {
        let at = &finding.location;
        let (None, Some(path), Some(start)) = (&finding.evidence.snippet, &at.path, at.start_line) else { return };
        let end = at.end_line.unwrap_or(start).clamp(start, start.saturating_add(MAX_LINES));
        let Some(text) = self.file(path) else { return };
        let first = start.saturating_sub(2) as usize;
        let mut lines = text.lines().skip(first);
        let before = if start > 1 { lines.next() } else { None };
        let mine: Vec<_> = lines.by_ref().take((end - start + 1) as usize).collect();
        if mine.is_empty() {
            return;
        }
        let owned = |line: &str| line.to_owned();
        finding.evidence.snippet =
            Some(Snippet { lines: mine.join("\n"), before: before.map(owned), after: lines.next().map(owned) });
    }

    /// Whether there is such a file.
    pub(super) fn exists(&self, path: &str) -> bool {
        self.root.as_deref().is_some_and(|root| !path.is_empty() && root.join(path).symlink_metadata().is_ok())
    }

    fn file(&mut self, path: &str) -> Option<Rc<str>> {
        if let Some(known) = self.files.get(path) {
            return known.clone();
        }
        let text = self.read(path);
        self.files.insert(path.to_owned(), text.clone());
        text
    }

    fn read(&self, path: &str) -> Option<Rc<str>> {
        let root = self.root.as_deref()?;
        let file = root.join(path).canonicalize().ok().filter(|file| file.starts_with(root))?;
        let meta = fs::metadata(&file).ok().filter(|meta| meta.is_file() && meta.len() <= MAX_FILE)?;
        let bytes = fs::read(&file)
            .inspect_err(|error| tracing::debug!(path, %error, size = meta.len(), "source not readable"))
            .ok()?;
        Some(String::from_utf8_lossy(&bytes).into())
    }
}
