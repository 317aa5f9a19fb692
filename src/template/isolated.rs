//! Templates that people write, which may double a text until the memory ends: they are compiled and rendered in a worker.
//! The built-in ones are rendered here.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, Value};
use serde_json::Value as Json;

use super::error::TemplateError;
use super::{engine, trial};
use crate::finding::digest;
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

/// The worker of all templates of this process, and which of them it has compiled: a mapping file may hold thousands.
struct Apart {
    worker: worker::Worker,
    compiled: HashSet<String>,
}

static APART: Mutex<Option<Apart>> = Mutex::new(None);

/// A template that people wrote, under the name that the worker knows it by.
#[derive(Debug)]
struct Written {
    name: String,
    makes: Makes,
    source: String,
}

/// Compiled templates, here and in a worker.
#[derive(Debug)]
pub(super) struct Engines {
    plain: Environment<'static>,
    markdown: Environment<'static>,
    /// Those that are in the worker.
    written: HashMap<String, Written>,
}

impl Default for Engines {
    fn default() -> Self {
        Self { plain: engine::plain(), markdown: engine::markdown(), written: HashMap::new() }
    }
}

impl Engines {
    /// Compiles and checks a template of ours.
    pub(super) fn add(&mut self, makes: Makes, name: &str, source: &str, title: &str) -> Result<(), TemplateError> {
        let (engine, strict) = match makes {
            Makes::Markdown => (&mut self.markdown, engine::markdown()),
            Makes::Plain => (&mut self.plain, engine::plain()),
        };
        trial::add(engine, strict, name, source, title)
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
        let named = digest([("makes", makes.name()), ("source", source)]).to_string();
        let written = Written { name: named, makes, source: source.to_owned() };
        match apart(title, &written, None) {
            Some(added) => {
                added?;
                self.written.insert(name.to_owned(), written);
                Ok(())
            }
            None => self.add(makes, name, source, title),
        }
    }

    /// Renders a template.
    pub(super) fn render(&self, makes: Makes, name: &str, values: &Value) -> Result<String, TemplateError> {
        if let Some(written) = self.written.get(name) {
            let values = encoded(values).to_string();
            if let Some(rendered) = apart(name, written, Some(&values)) {
                return rendered;
            }
        }
        self.render_as(makes, name, values, name)
    }

    /// Renders a template that is here; errors name it as people know it.
    fn render_as(&self, makes: Makes, name: &str, values: &Value, title: &str) -> Result<String, TemplateError> {
        let engine = if makes == Makes::Markdown { &self.markdown } else { &self.plain };
        let rendered = engine.get_template(name).and_then(|template| template.render(values));
        rendered.map_err(|error| TemplateError::render(title, &error))
    }
}

/// Has the worker render a template, or, without values, only know it. `None` where there is no worker.
fn apart(title: &str, written: &Written, values: Option<&str>) -> Option<Result<String, TemplateError>> {
    let mut slot = APART.lock().unwrap_or_else(PoisonError::into_inner);
    let asked = ask(&mut slot, title, written, values);
    if matches!(asked, Err(Failed::Ended(_))) {
        *slot = None;
    }
    asked
        .map_err(|failed| match failed {
            Failed::Ended(ended) => TemplateError::ended(title, &ended),
            Failed::Wrong(error) => error,
        })
        .transpose()
}

/// Why a worker made nothing of a template.
enum Failed {
    /// It is gone.
    Ended(worker::Ended),
    /// The template is wrong.
    Wrong(TemplateError),
}

fn ask(
    slot: &mut Option<Apart>,
    title: &str,
    written: &Written,
    values: Option<&str>,
) -> Result<Option<String>, Failed> {
    if slot.is_none() {
        let worker = worker::Worker::start(worker::MEMORY).map_err(Failed::Ended)?;
        *slot = worker.map(|worker| Apart { worker, compiled: HashSet::new() });
    }
    let Some(Apart { worker, compiled }) = slot else { return Ok(None) };
    let mut request = |request: [&str; 5]| {
        let parts: Vec<_> = std::iter::once(worker::TEMPLATE).chain(request).map(str::as_bytes).collect();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        worker.ask(&parts, worker::TIME).map_err(Failed::Ended)?.map(text).map_err(|error| {
            let unread = || worker::Ended::Failed("its error cannot be read".to_owned());
            Failed::Wrong(serde_json::from_slice(&error).unwrap_or_else(|_| TemplateError::ended(title, &unread())))
        })
    };
    let Written { name, makes, source } = written;
    if !compiled.contains(name) {
        request(["add", makes.name(), name, source, title])?;
        compiled.insert(name.clone());
    }
    values.map_or_else(|| Ok(String::new()), |values| request(["render", makes.name(), name, values, title])).map(Some)
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
            ["render", makes, name, values, title] => {
                let values: Json = serde_json::from_str(values).unwrap_or_default();
                self.0.render_as(kind(makes), name, &decoded(values), title)
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
