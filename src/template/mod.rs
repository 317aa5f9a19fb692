//! Ticket → title, body and field values. Templates are minijinja; the built-in ones are in `default/`.
//!
//! Everything that comes from a report is escaped on its way out, also in users' templates, and what must stay secret
//! does not get as far as the templates.

mod check;
mod comments;
mod context;
mod databases;
mod engine;
mod error;
mod isolated;
mod trial;

pub use check::check;
pub use comments::{RunRef, comment};
pub use error::TemplateError;
pub use isolated::Worker;

use self::context::{Manner, context};
use self::isolated::{Engines, Makes};
use crate::ci::CodeLinks;
use crate::finding::{Digest, Finding, digest};
use crate::issue::{ATTRIBUTION, Limits, cut, escape, words};
use crate::triage::Ticket;

const TITLE: &str = include_str!("default/title.j2");
const BODY: &str = include_str!("default/body.j2");

/// Our part of a body is not longer than this, in characters, whatever the tracker can hold: people have to read it.
const MAX_BODY: usize = 24_000;
/// What ends a body that had to be cut.
const CUT: &str = "\n\n… (cut here: the scanner's report says more)";
/// Findings of a group that are listed, at most.
const MAX_FINDINGS: usize = 100;
/// Scopes that are listed, at most.
const MAX_SCOPES: usize = 20;
/// Longest name of a scanner, target or branch in that list, in characters.
const MAX_NAME: usize = 200;
/// The longest value of a field, in characters.
const MAX_FIELD: usize = 1_000;

/// The templates of one mapping, checked.
#[derive(Debug)]
pub struct Templates {
    engines: Engines,
    fields: usize,
}

/// What people write in the mapping file; the built-in templates stand in for what they leave out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// The title's template.
    pub title: Option<&'a str>,
    /// The body's template.
    pub body: Option<&'a str>,
    /// Name and template of each further field.
    pub fields: &'a [(&'a str, &'a str)],
}

/// How to tell it.
#[derive(Debug, Clone)]
pub struct Style {
    /// What the tracker can hold, and in which markup.
    pub limits: Limits,
    /// Links into the code, where the CI tells enough for them.
    pub links: Option<CodeLinks>,
    /// Rule and place only, for all but published vulnerabilities.
    pub public_minimal: bool,
}

impl Style {
    /// Whether the details of a finding must not be told.
    #[must_use]
    pub fn hides_finding(&self, finding: &Finding) -> bool {
        context::hidden(finding, self.public_minimal)
    }

    /// The line that names a finding where issues list it.
    #[must_use]
    pub fn title_for(&self, finding: &Finding) -> String {
        let versions: Vec<String> =
            finding.component.iter().filter_map(|component| component.version.clone()).collect();
        context::title_for(finding, &versions, self.public_minimal)
    }

    /// Whether the details of a ticket must not be told, and so not why people decided what they did.
    #[must_use]
    pub fn hides(&self, ticket: &Ticket) -> bool {
        context::hides(ticket, self.public_minimal)
    }
}

/// An issue's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The title, one line within the tracker's limit.
    pub title: String,
    /// Our part of the body.
    pub body: String,
    /// Digest of the body without what changes from run to run.
    pub content: Digest,
    /// The further fields' values, in the order of [`Sources::fields`].
    pub fields: Vec<String>,
}

impl Templates {
    /// Compiles and checks templates.
    ///
    /// # Errors
    /// Where a template cannot be read, or names something that no ticket has.
    pub fn new(sources: &Sources<'_>) -> Result<Self, TemplateError> {
        let mut engines = Engines::default();
        match sources.title {
            Some(title) => engines.add_written(Makes::Plain, "title", title.trim_end(), "title template")?,
            None => engines.add(Makes::Plain, "title", TITLE.trim_end(), "title template")?,
        }
        match sources.body {
            Some(body) => engines.add_written(Makes::Markdown, "body", body, "body template")?,
            None => engines.add(Makes::Markdown, "body", BODY, "body template")?,
        }
        for (i, (name, value)) in sources.fields.iter().enumerate() {
            let (field, title) = (format!("field {i}"), format!("template of field `{name}`"));
            engines.add_written(Makes::Plain, &field, value, &title)?;
        }
        Ok(Self { engines, fields: sources.fields.len() })
    }

    /// Tells a ticket.
    ///
    /// # Errors
    /// Where a template does something with a value that it does not allow (adds a number to a text).
    pub fn render(&self, ticket: &Ticket, style: &Style) -> Result<Rendered, TemplateError> {
        let manner = Manner {
            links: style.links.as_ref(),
            minimal: style.public_minimal,
            plain: true,
            max_findings: MAX_FINDINGS,
            lines: true,
        };
        let values = context(ticket, &manner);
        let plain = |name: &str| self.engines.render(Makes::Plain, name, &values);
        let title = escape::title(&plain("title")?, style.limits.title);
        let fields = (0..self.fields)
            .map(|i| Ok(escape::shorten(plain(&format!("field {i}"))?.trim(), MAX_FIELD)))
            .collect::<Result<_, TemplateError>>()?;
        let body = self.body(ticket, style, style.links.as_ref(), true)?;
        // Where the code is, is told; that it moved, or that time went on, is no reason to write.
        let links = style.links.as_ref().map(CodeLinks::without_commit);
        let timeless = self.body(ticket, style, links.as_ref(), false)?;
        let content = digest([("body", words(style.limits.markup, &timeless).as_str())]);
        Ok(Rendered { title, body, content, fields })
    }

    /// The end of our part of the body: which scope says what. The same in every run, whatever it reads.
    #[must_use]
    pub fn attribution(&self, ticket: &Ticket, style: &Style) -> String {
        let shown = ticket.attribution.iter().take(MAX_SCOPES).map(|(scope, word)| {
            let [scanner, target] = [&scope.scanner, &scope.target].map(|text| escape::shorten(text, MAX_NAME));
            let mut line = format!("- {} on {}", escape::inline(&scanner), escape::code(&target));
            if !scope.branch.is_empty() {
                line.push_str(&format!(", branch {}", escape::code(&escape::shorten(&scope.branch, MAX_NAME))));
            }
            if !word.is_empty() {
                line.push_str(&format!(": {word}"));
            }
            line
        });
        let mut lines: Vec<String> = shown.collect();
        if lines.is_empty() {
            return String::new();
        }
        if ticket.attribution.len() > MAX_SCOPES {
            lines.push(format!("- … and {} more", ticket.attribution.len() - MAX_SCOPES));
        }
        escape::finish(style.limits.markup, &format!("**{ATTRIBUTION}**\n\n{}", lines.join("\n"))).trim().to_owned()
    }

    /// Our part of the body, with as many of a group's findings as there is room for.
    fn body(
        &self,
        ticket: &Ticket,
        style: &Style,
        links: Option<&CodeLinks>,
        lines: bool,
    ) -> Result<String, TemplateError> {
        let max = (style.limits.body / 2).min(MAX_BODY);
        let mut max_findings = MAX_FINDINGS;
        let mut room = max;
        loop {
            let manner = Manner { links, minimal: style.public_minimal, plain: false, max_findings, lines };
            let markdown = self.engines.render(Makes::Markdown, "body", &context(ticket, &manner))?;
            let markdown = engine::opened(&markdown);
            let body = escape::finish(style.limits.markup, &cut(markdown.trim(), room, CUT));
            let whole = markdown.chars().count() <= room && body.chars().count() <= max;
            if whole || (max_findings <= 5 && body.chars().count() <= max) || room == 0 {
                return Ok(body);
            }
            if max_findings > 5 && ticket.items.len() > 5 {
                max_findings = max_findings.min(ticket.items.len()) / 2;
            } else if body.chars().count() <= max {
                return Ok(body);
            } else {
                // HTML is longer than the Markdown that it is made of.
                room /= 2;
            }
        }
    }
}
