//! What the mapping file is read with: the CI, the environment, and how templates are checked.

use std::path::Path;

use crate::ci::Ci;

/// What a mapping file may refer to. All of it is handed in, so that reading is pure.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// The environment, for `${NAME}`.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Reads a file that the mapping file names, by its path from the mapping file's folder.
    pub read: &'a dyn Fn(&Path) -> std::io::Result<String>,
    /// Checks a template.
    pub template: &'a dyn Fn(TemplatePart<'_>, &str) -> Result<(), BadTemplate>,
    /// The CI that we run in: what it tells need not be written.
    pub ci: &'a Ci,
    /// Whether a token whose variable is not set is an error. It is not where no tracker will be asked, and never in
    /// a run for a pull or merge request: those of strangers get no secrets.
    pub tokens_needed: bool,
}

/// What a template is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplatePart<'a> {
    /// Titles.
    Title,
    /// Bodies.
    Body,
    /// The field of this name.
    Field(&'a str),
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTemplate {
    /// Line in the template, from 1.
    pub line: usize,
    /// What it names and nothing has.
    pub name: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub help: String,
}

impl std::fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given").field("tokens_needed", &self.tokens_needed).finish_non_exhaustive()
    }
}
