//! CycloneDX XML → the JSON of the same document, so that there is one model.
//!
//! The two schemas mirror one another: an XML element whose name is in `LISTS` holds a list, attributes are members.

use quick_xml::Reader;
use quick_xml::escape::{resolve_xml_entity, unescape};
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use crate::readers::ReadError;

/// Elements whose children are the elements of a list. All others that matter are objects or texts.
const LISTS: &[&str] = &[
    "components",
    "services",
    "vulnerabilities",
    "references",
    "ratings",
    "cwes",
    "recommendations",
    "advisories",
    "affects",
    "versions",
    "responses",
    "occurrences",
    "properties",
];

/// Deeper than any real document.
const MAX_DEPTH: usize = 200;

/// An element that is being read.
#[derive(Default)]
struct Element {
    name: String,
    members: Map<String, Value>,
    children: Vec<(String, Value)>,
    text: String,
}

/// Reads a document; the root element's value.
pub(super) fn read(path: &str, text: &str) -> Result<Value, ReadError> {
    let mut reader = Reader::from_str(text);
    let at = |reader: &Reader<&[u8]>, detail: String| {
        let byte = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(text.len());
        let line = text.as_bytes()[..byte].iter().filter(|byte| **byte == b'\n').count() + 1;
        ReadError::malformed(path, format!("line {line}: {detail}"))
    };
    let mut open: Vec<Element> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| at(&reader, error.to_string()))?;
        let done = match event {
            Event::Start(start) => {
                if open.len() >= MAX_DEPTH {
                    return Err(at(&reader, "elements are nested too deep".to_owned()));
                }
                open.push(element(&start).map_err(|error| at(&reader, error))?);
                None
            }
            Event::Empty(start) => Some(element(&start).map_err(|error| at(&reader, error))?),
            Event::End(_) => open.pop(),
            Event::Text(part) => {
                append(&mut open, &part);
                None
            }
            Event::CData(part) => {
                append(&mut open, &part);
                None
            }
            Event::GeneralRef(reference) => {
                let char = reference.resolve_char_ref().map_err(|error| at(&reader, error.to_string()))?;
                let known = char.map(String::from).or_else(|| resolve_xml_entity(&reference).map(str::to_owned));
                // Entities of the document's own are never expanded.
                let refused = || at(&reader, format!("the entity `&{};` is not allowed", &*reference));
                append(&mut open, &known.ok_or_else(refused)?);
                None
            }
            Event::Eof => return Err(at(&reader, "the document ends too early".to_owned())),
            _ => None,
        };
        if let Some(done) = done {
            let (name, value) = done.finish();
            match open.last_mut() {
                Some(parent) => parent.children.push((name, value)),
                None => return Ok(value),
            }
        }
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut element = Element { name: start.local_name().as_ref().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let is_namespace = attribute.key.as_namespace_binding().is_some();
        if !is_namespace {
            let value = unescape(&attribute.value).map_err(|error| error.to_string())?.into_owned();
            element.members.insert(attribute.key.local_name().as_ref().to_owned(), Value::String(value));
        }
    }
    Ok(element)
}

impl Element {
    fn finish(mut self) -> (String, Value) {
        if LISTS.contains(&self.name.as_str()) {
            return (self.name, Value::Array(self.children.into_iter().map(|(_, value)| value).collect()));
        }
        // Before 1.5 `tools` held `tool`s; since then `components` and `services`.
        if self.name == "tools" && self.children.iter().all(|(name, _)| name == "tool") {
            return (self.name, Value::Array(self.children.into_iter().map(|(_, value)| value).collect()));
        }
        if self.children.is_empty() && (self.members.is_empty() || !self.text.trim().is_empty()) {
            // A property has its name as an attribute and its value as text.
            if self.name == "property" {
                self.members.insert("value".to_owned(), Value::String(self.text));
                return (self.name, Value::Object(self.members));
            }
            // An empty element is as good as absent.
            let value = if self.text.trim().is_empty() { Value::Null } else { Value::String(self.text) };
            return (self.name, value);
        }
        for (name, value) in self.children {
            self.members.entry(name).or_insert(value);
        }
        (self.name, Value::Object(self.members))
    }
}
