//! XML → JSON, in one stable way: `<a x="1">t<b/><b/></a>` is `{"a": {"@x": "1", "#text": "t", "b": ["", ""]}}`.
//!
//! An element without attributes and children is its text; prefixes of namespaces are dropped. Space around
//! text is kept where `xml:space` says so. What occurs once is no
//! array: definitions go over children with `each(…)`. Entities other than XML's own five are not expanded.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

/// Elements inside one another, at most.
const MAX_DEPTH: usize = 128;

struct Element {
    name: String,
    members: Map<String, Value>,
    text: String,
}

impl Element {
    fn open(start: &BytesStart<'_>) -> Result<Self, String> {
        let mut members = Map::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|e| e.to_string())?;
            let name = format!("@{}", attribute.key.as_ref() as &str);
            let raw: &str = &attribute.value;
            let value = quick_xml::escape::unescape(raw).map_or_else(|_| raw.to_owned(), |text| text.into_owned());
            members.insert(name, value.into());
        }
        let name = start.local_name().as_ref().to_owned();
        Ok(Self { name, members, text: String::new() })
    }

    fn close(mut self) -> (String, Value) {
        let is_kept = self.members.get("@xml:space").is_some_and(|space| space == "preserve");
        let text = if is_kept { &*self.text } else { self.text.trim() };
        let value = if self.members.is_empty() {
            text.into()
        } else {
            if !text.is_empty() {
                self.members.insert("#text".to_owned(), text.into());
            }
            Value::Object(self.members)
        };
        (self.name, value)
    }

    fn add(&mut self, name: String, value: Value) {
        match self.members.get_mut(&name) {
            None => {
                self.members.insert(name, value);
            }
            Some(Value::Array(items)) => items.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
}

/// Parses a document. `brief` keeps only the first of equal siblings.
///
/// # Errors
/// What is wrong and at which byte.
pub(crate) fn parse(text: &str, brief: bool) -> Result<Value, (usize, String)> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let event = reader.read_event().map_err(|e| (to_usize(reader.error_position()), e.to_string()))?;
        let at = to_usize(reader.buffer_position());
        let mut closed = None;
        match event {
            Event::Start(start) => {
                if open.len() == MAX_DEPTH {
                    return Err((at, "nested too deep".to_owned()));
                }
                open.push(Element::open(&start).map_err(|e| (at, e))?);
            }
            Event::Empty(start) => closed = Some(Element::open(&start).map_err(|e| (at, e))?),
            Event::End(_) => closed = open.pop(),
            Event::Text(text) => append(&mut open, &text),
            Event::CData(data) => append(&mut open, &data),
            Event::GeneralRef(reference) => {
                let name = reference.to_string();
                match reference.resolve_char_ref().ok().flatten() {
                    Some(character) => append(&mut open, character.encode_utf8(&mut [0; 4])),
                    None => match resolve_xml_entity(&name) {
                        Some(text) => append(&mut open, text),
                        None => append(&mut open, &format!("&{name};")),
                    },
                }
            }
            Event::Eof if open.is_empty() => break,
            Event::Eof => return Err((at, "the document is cut off".to_owned())),
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
        }
        if let Some((name, value)) = closed.map(Element::close) {
            match open.last_mut() {
                Some(parent) if brief && parent.members.contains_key(&name) => {}
                Some(parent) => parent.add(name, value),
                None if root.is_some() => return Err((at, "a second root element".to_owned())),
                None => root = Some((name, value)),
            }
        }
    }
    let (name, value) = root.ok_or_else(|| (text.len(), "there is no element".to_owned()))?;
    Ok(Value::Object(Map::from_iter([(name, value)])))
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn to_usize(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn has_one_form() {
        let text = r#"<?xml version="1.0"?><n:a x="1 &amp; 2">t<b/><b>u&lt;<![CDATA[<v>]]></b><c y="z"/></n:a>"#;
        let whole = json!({"a": {"@x": "1 & 2", "b": ["", "u<<v>"], "c": {"@y": "z"}, "#text": "t"}});
        assert_eq!(parse(text, false), Ok(whole));
    }

    #[test]
    fn expands_no_entities_and_refuses_what_is_broken() {
        let bomb = r#"<!DOCTYPE a [<!ENTITY x "boom">]><a>&x;</a>"#;
        assert_eq!(parse(bomb, false), Ok(json!({"a": "&x;"})));
        for text in ["<a>", "<a></b>", "", "<a/><b/>", &"<a>".repeat(10_000)] {
            assert!(parse(text, false).is_err());
        }
    }
}
