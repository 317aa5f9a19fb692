//! Templates that people write, which may double a text until the memory ends: they are compiled and rendered in a worker.
//! The built-in ones are rendered here.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, Value};
use serde_json::Value as Json;

use super::error::TemplateError;
use super::{engine, trial};
use crate::worker::{self, Reply};

/// What a template makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Makes {
    /// Titles and fields.
    Plain,
    /// Bodies.
    Markdown,
}

impl Makes {
    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Markdown => "markdown",
        }
    }
}

/// Marks what was escaped on its way to a worker; no name of a value is spelled so.
const SAFE: &str = "\u{f0000}";

/// Compiled templates, here and in a worker.
#[derive(Debug)]
pub(super) struct Engines {
    plain: Environment<'static>,
    markdown: Environment<'static>,
    apart: Option<Mutex<worker::Worker>>,
    /// Names of the templates that are there.
    names: HashSet<String>,
}

impl Default for Engines {
    fn default() -> Self {
        Self { plain: engine::plain(), markdown: engine::markdown(), apart: None, names: HashSet::new() }
    }
}

impl Engines {
    /// Compiles and checks a template of ours.
    pub(super) fn add(&mut self, makes: Makes, name: &str, source: &str, title: &str) -> Result<(), TemplateError> {
        let engine = if makes == Makes::Markdown { &mut self.markdown } else { &mut self.plain };
        trial::add(engine, name, source, title)
    }

    /// Compiles and checks a template that people wrote.
    pub(super) fn add_written(
        &mut self,
        makes: Makes,
        name: &str,
        source: &str,
        title: &str,
    ) -> Result<(), TemplateError> {
        // A plain text does nothing.
        if !source.contains('{') {
            return self.add(makes, name, source, title);
        }
        if self.apart.is_none() {
            let started = worker::Worker::start(worker::MEMORY).map_err(|ended| TemplateError::ended(title, &ended))?;
            self.apart = started.map(Mutex::new);
        }
        let added = self.ask(title, &["add", makes.name(), name, source, title]);
        self.names.extend(added.is_some().then(|| name.to_owned()));
        added.map_or_else(|| self.add(makes, name, source, title), |added| added.map(drop))
    }

    /// Renders a template.
    pub(super) fn render(&self, makes: Makes, name: &str, values: &Value) -> Result<String, TemplateError> {
        if self.names.contains(name) {
            let values = encoded(values).to_string();
            if let Some(rendered) = self.ask(name, &["render", makes.name(), name, &values]) {
                return rendered;
            }
        }
        let engine = if makes == Makes::Markdown { &self.markdown } else { &self.plain };
        let rendered = engine.get_template(name).and_then(|template| template.render(values));
        rendered.map_err(|error| TemplateError::render(name, &error))
    }

    /// Asks the worker, where there is one.
    fn ask(&self, title: &str, request: &[&str]) -> Option<Result<String, TemplateError>> {
        let mut apart = self.apart.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let parts: Vec<_> =
            std::iter::once(worker::TEMPLATE).chain(request.iter().copied()).map(str::as_bytes).collect();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Some(match apart.ask(&parts, worker::TIME) {
            Ok(Ok(answer)) => Ok(text(answer)),
            Ok(Err(error)) => Err(serde_json::from_slice(&error).unwrap_or_else(|_| {
                TemplateError::ended(title, &worker::Ended::Failed("its error cannot be read".to_owned()))
            })),
            Err(ended) => Err(TemplateError::ended(title, &ended)),
        })
    }
}

/// Templates in a worker, for the process that started it.
#[derive(Debug, Default)]
pub struct Worker(Engines);

impl Worker {
    /// Answers a request.
    ///
    /// # Errors
    /// What is wrong with a template, as JSON.
    pub fn answer(&mut self, parts: &[Vec<u8>]) -> Reply {
        let texts: Vec<_> = parts.iter().map(|part| String::from_utf8_lossy(part)).collect();
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let kind = |name: &str| if name == Makes::Markdown.name() { Makes::Markdown } else { Makes::Plain };
        let answer = match texts[..] {
            ["add", makes, name, source, title] => self.0.add(kind(makes), name, source, title).map(|()| String::new()),
            ["render", makes, name, values] => {
                let values: Json = serde_json::from_str(values).unwrap_or_default();
                self.0.render(kind(makes), name, &decoded(values))
            }
            _ => return Err(Vec::new()),
        };
        answer.map(String::into_bytes).map_err(|error| serde_json::to_vec(&error).unwrap_or_default())
    }
}

/// A value as JSON; what was escaped is marked.
fn encoded(value: &Value) -> Json {
    let items = || value.try_iter().into_iter().flatten();
    match value.kind() {
        ValueKind::Map => {
            let member = |name: Value| (name.to_string(), encoded(&value.get_item(&name).unwrap_or_default()));
            Json::Object(items().map(member).collect())
        }
        ValueKind::Seq | ValueKind::Iterable => items().map(|item| encoded(&item)).collect(),
        _ if value.is_safe() => Json::Object([(SAFE.to_owned(), value.to_string().into())].into_iter().collect()),
        _ => serde_json::to_value(value).unwrap_or_default(),
    }
}

fn decoded(value: Json) -> Value {
    match value {
        Json::Array(items) => items.into_iter().map(decoded).collect(),
        Json::Object(mut members) => match members.remove(SAFE) {
            Some(safe) => Value::from_safe_string(safe.as_str().unwrap_or_default().to_owned()),
            None => Value::from_pairs(members.into_iter().map(|(name, value)| (name, decoded(value)))),
        },
        leaf => Value::from(Serde(leaf)),
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    #[test]
    fn values_are_the_same_in_a_worker() {
        let hostile = "`@team` <b> #1";
        let forged = engine::shown("<script>").to_string();
        let values = context! {
            shown => engine::shown(crate::issue::escape::code(hostile)), title => hostile, forged => forged,
            list => [1, 2], none => Value::from(()), inner => context! { number => 1.5, yes => true },
        };
        let source =
            "{{ shown }} {{ title }} {{ forged }} {{ list }} {{ none is none }} {{ inner.number }} {{ inner.yes }}";
        let rendered = |values: &Value| {
            engine::markdown().render_str(source, values).map(|text| engine::opened(&text)).unwrap_or_default()
        };
        let there = rendered(&decoded(encoded(&values)));
        assert_eq!(there, rendered(&values));
        assert!(there.contains("1.5") && !there.contains("<script>"), "{there}");
    }
}
