//! Checking templates before anything is read or written.

use super::error::TemplateError;
use super::isolated::{Engines, Makes};
use crate::config::{BadTemplate, TemplatePart};

/// Checks one template of a mapping file.
///
/// # Errors
/// Says what is wrong with it, and where.
pub fn check(part: TemplatePart<'_>, source: &str) -> Result<(), BadTemplate> {
    let makes = if part == TemplatePart::Body { Makes::Markdown } else { Makes::Plain };
    Engines::default().add_written(makes, "checked", source, "").map_err(|error| match error {
        TemplateError::Wrong { line, detail, .. } => BadTemplate {
            line,
            name: None,
            what: format!("not a template: {detail}"),
            help: "docs/mapping-file.md shows the syntax; it is Jinja's".to_owned(),
        },
        TemplateError::Unknown { line, name, hint, .. } => BadTemplate {
            line,
            what: format!("there is no `{name}` in templates"),
            help: match hint {
                Some(hint) => format!("did you mean `{hint}`?"),
                None => "docs/mapping-file.md lists what templates can name".to_owned(),
            },
            name: Some(name),
        },
    })
}
