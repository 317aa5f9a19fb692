//! Definitions of the workspace, whose programs may do anything: they run in a worker, and only what they yield comes back.

use std::time::Duration;

use bytes::Bytes;
use jaq_json::Val;

use super::definition::Definition;
use super::jq::runtime::Failure;
use crate::readers::load::{document, value};
use crate::readers::{Format, Input, ReadError, with_input};
use crate::worker::{self, Reply, Worker};

/// What a worker is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Check,
    Confirm,
    Run,
}

impl Task {
    const ALL: [(Self, &'static str); 3] = [(Self::Check, "check"), (Self::Confirm, "confirm"), (Self::Run, "run")];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(task, _)| *task == self).map_or("", |(_, name)| name)
    }
}

/// What a definition's programs yield.
#[derive(Debug, Default)]
pub(crate) struct Yielded {
    pub(crate) scopes: Vec<Val>,
    pub(crate) findings: Vec<Val>,
}

/// A definition's text, as workers get it.
#[derive(Debug, Clone)]
pub(crate) struct Isolated(String);

impl Isolated {
    /// The text of a definition that people wrote.
    pub(crate) fn new(yaml: &str) -> Self {
        Self(yaml.to_owned())
    }

    /// Whether the programs compile; nothing where there are no workers.
    pub(crate) fn check(&self) -> Option<Result<(), Failure>> {
        self.ask(Task::Check, None).map(|reply| reply.map(drop))
    }

    /// Whether the definition confirms that a document is its own; nothing where there are no workers.
    pub(crate) fn confirms(&self, input: Input<'_>, format: Format) -> Option<Result<bool, Failure>> {
        self.ask(Task::Confirm, Some((input, format))).map(|reply| Ok(reply? == b"true"))
    }

    /// What the programs yield; nothing where there are no workers.
    pub(crate) fn run(&self, input: Input<'_>, format: Format) -> Option<Result<Yielded, Failure>> {
        Some(self.ask(Task::Run, Some((input, format)))?.and_then(|reply| {
            let unread =
                |error: &dyn std::fmt::Display| Failure::Program(format!("what it yields is no JSON: {error}"));
            // The values are slices of it.
            let bytes = Bytes::from(reply);
            let text = std::str::from_utf8(&bytes).map_err(|error| unread(&error))?;
            let mut lists =
                match value::read(text, &bytes).map_err(|error| unread(&crate::redact::without_values(&error)))? {
                    Val::Arr(lists) => lists.iter().map(list).collect::<Vec<_>>().into_iter(),
                    _ => Vec::new().into_iter(),
                };
            Ok(Yielded { scopes: lists.next().unwrap_or_default(), findings: lists.next().unwrap_or_default() })
        }))
    }

    fn ask(&self, task: Task, document: Option<(Input<'_>, Format)>) -> Option<Result<Vec<u8>, Failure>> {
        let (path, text, format) = document
            .map_or(("", "", None), |(input, format)| (input.path, input.text, serde_json::to_string(&format).ok()));
        // Larger reports take more, and longer.
        let memory = worker::MEMORY + 24 * text.len() as u64;
        let time = worker::TIME + Duration::from_secs(text.len() as u64 >> 21);
        let parts = [worker::DEFINITION, task.name(), &self.0, path, format.as_deref().unwrap_or_default(), text];
        let parts = parts.map(str::as_bytes);
        let reply = match Worker::start(memory) {
            Ok(None) => return None,
            Ok(Some(mut worker)) => worker.ask(&parts, time),
            Err(ended) => Err(ended),
        };
        Some(match reply {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(failure(&error)),
            Err(ended) => Err(Failure::Program(ended.to_string())),
        })
    }
}

fn list(value: &Val) -> Vec<Val> {
    match value {
        Val::Arr(items) => items.to_vec(),
        _ => Vec::new(),
    }
}

/// A failure of the worker's, by its first letter.
fn failure(error: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(error).into_owned();
    match text.strip_prefix('D') {
        Some(detail) => Failure::Document(detail.to_owned()),
        None => Failure::Program(text.get(1..).unwrap_or_default().to_owned()),
    }
}

/// What a worker answers.
pub(crate) fn answer(parts: &[Vec<u8>]) -> Reply {
    let texts: Vec<_> = parts.iter().map(|part| String::from_utf8_lossy(part)).collect();
    let [task, yaml, path, format, text] = &texts[..] else { return Err(b"Pno such request".to_vec()) };
    let done = Definition::parse("", yaml).and_then(|definition| {
        let Some((task, _)) = Task::ALL.into_iter().find(|(_, name)| name == task) else { return Ok(Ok(Vec::new())) };
        if task == Task::Check {
            return Ok(definition.compile().map(|()| Vec::new()).map_err(Failure::Program));
        }
        with_input(path, &Bytes::copy_from_slice(text.as_bytes()), |input| {
            let document = document::load(input, serde_json::from_str(format).unwrap_or(Format::Text))?;
            Ok(if task == Task::Confirm {
                definition.confirm(document).map(|is_its_own| is_its_own.to_string().into_bytes())
            } else {
                run(&definition, document)
            })
        })
    });
    match done {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(Failure::Program(detail))) => Err(format!("P{detail}").into_bytes()),
        Ok(Err(Failure::Document(detail))) => Err(format!("D{detail}").into_bytes()),
        Err(ReadError::Malformed { detail, .. }) => Err(format!("D{detail}").into_bytes()),
        Err(error) => Err(format!("P{error}").into_bytes()),
    }
}

/// What the programs yield, as JSON.
fn run(definition: &Definition, document: Val) -> Result<Vec<u8>, Failure> {
    let scopes = definition.scopes(&document)?;
    let portions = definition.each_finding(document, |value| value.to_string())?;
    let scopes: Vec<_> = scopes.iter().map(ToString::to_string).collect();
    let findings = portions.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    Ok(format!("[[{}],[{}]]", scopes.join(","), findings.join(",")).into_bytes())
}
