//! What is wrong with a template.

use minijinja::Error;
use serde::{Deserialize, Serialize};

use crate::worker::Ended;

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum TemplateError {
    /// It cannot be read, or does something with a value that cannot be done.
    #[error("{template}, line {line}: {detail}")]
    Wrong {
        /// Which template, for people.
        template: String,
        /// Line in the template, from 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// It names something that no ticket has.
    #[error("{template}, line {line}: there is no `{name}`{}", .hint.as_ref().map(|hint| format!(", did you mean `{hint}`?")).unwrap_or_default())]
    Unknown {
        /// Which template, for people.
        template: String,
        /// Line in the template, from 1.
        line: usize,
        /// What it names.
        name: String,
        /// What it may mean.
        hint: Option<String>,
    },
}

impl TemplateError {
    /// Of a template whose worker ended before it was done.
    pub(super) fn ended(template: &str, ended: &Ended) -> Self {
        Self::Wrong { template: template.to_owned(), line: 1, detail: ended.to_string() }
    }

    pub(super) fn render(template: &str, error: &Error) -> Self {
        let mut detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            detail = format!("{detail}: {cause}");
            source = cause.source();
        }
        Self::Wrong { template: template.to_owned(), line: error.line().unwrap_or(1), detail }
    }
}
