//! Holds a file against the schema, to tell all unknown and missing keys and wrong types at once: the typed reader
//! stops at the first.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_yaml::Spanned;

use super::spanned::{Place, Text};
use crate::config::error::{nearest, quote};
use crate::config::{Problem, ProblemKind};

/// A node of the file with its place.
pub(crate) struct Node {
    place: Place,
    shape: Shape,
}

enum Shape {
    Null,
    Boolean,
    Scalar,
    List(Vec<Node>),
    Mapping(Vec<(Text, Node)>),
}

impl Shape {
    /// Whether a schema of this type takes it; text and numbers are left to the typed reader.
    fn fits(&self, schema_type: &str) -> bool {
        match self {
            Self::Null => schema_type == "null",
            Self::Boolean => matches!(schema_type, "boolean" | "string"),
            Self::Scalar => matches!(schema_type, "string" | "number" | "integer"),
            Self::List(_) => schema_type == "array",
            Self::Mapping(_) => schema_type == "object",
        }
    }
}

/// Finds what does not fit the schema, in the order of the file.
pub(crate) fn check(source: &str, node: &Node, schema: &Value) -> Vec<Problem> {
    let mut walk = Walk { source, schema, problems: Vec::new() };
    walk.node(node, schema);
    walk.problems
}

struct Walk<'a> {
    source: &'a str,
    schema: &'a Value,
    problems: Vec<Problem>,
}

impl<'a> Walk<'a> {
    fn node(&mut self, node: &Node, schema: &'a Value) {
        let alternatives = self.alternatives(schema);
        let Some(schema) = alternatives.iter().find(|schema| takes(schema, &node.shape)) else {
            let expected: Vec<_> = alternatives.iter().filter_map(|schema| in_words(schema)).collect();
            let what = format!("expected {}", expected.join(" or "));
            let help = "docs/mapping-file.md shows each key in use; leave out what you do not need".to_owned();
            self.problem(ProblemKind::WrongType, node.place, what, help);
            return;
        };
        match &node.shape {
            Shape::List(items) => items.iter().for_each(|item| self.node(item, &schema["items"])),
            Shape::Mapping(entries) => self.mapping(node.place, entries, schema),
            Shape::Null | Shape::Boolean | Shape::Scalar => {}
        }
    }

    fn mapping(&mut self, place: Place, entries: &[(Text, Node)], schema: &'a Value) {
        let known = || schema["properties"].as_object().into_iter().flatten();
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !entries.iter().any(|(key, _)| key.raw == required) {
                let help = format!("add `{required}:`; docs/mapping-file.md says what it takes");
                self.problem(ProblemKind::MissingKey, place, format!("the key `{required}` is missing"), help);
            }
        }
        for (key, value) in entries {
            if let Some((_, property)) = known().find(|(name, _)| **name == key.raw) {
                self.node(value, property);
                continue;
            }
            let names: Vec<&str> = known().map(|(name, _)| name.as_str()).collect();
            let help = match nearest(&key.raw, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", names.join(", ")),
            };
            let what = format!("`{}` is not a key that goes here", quote(&key.raw));
            self.problem(ProblemKind::UnknownKey, key.place, what, help);
        }
    }

    /// The schemas of which one must fit, with references followed.
    fn alternatives(&self, schema: &'a Value) -> Vec<&'a Value> {
        if let Some(list) = schema["anyOf"].as_array() {
            return list.iter().flat_map(|schema| self.alternatives(schema)).collect();
        }
        match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) => self.schema.pointer(pointer).map(|schema| self.alternatives(schema)).unwrap_or_default(),
            None => vec![schema],
        }
    }

    fn problem(&mut self, kind: ProblemKind, place: Place, what: String, help: String) {
        self.problems.push(Problem::new(self.source, kind, place, what, help));
    }
}

/// The types that a schema takes; a list of words takes text.
fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec!["string"],
    }
}

fn takes(schema: &Value, shape: &Shape) -> bool {
    types(schema).into_iter().any(|schema_type| shape.fits(schema_type))
}

/// What a schema takes, for people; nobody writes null to mean something.
fn in_words(schema: &Value) -> Option<&'static str> {
    Some(match types(schema)[0] {
        "null" => return None,
        "array" => "a list",
        "object" => "a mapping (`key: value`)",
        "boolean" => "`true` or `false`",
        "integer" => "a number",
        _ if schema["pattern"].is_string() => return None,
        _ => "text",
    })
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Shape>::deserialize(deserializer)?;
        Ok(Self { place: referenced.into(), shape: value })
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Boolean)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shape, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Shape::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Shape::Mapping(entries))
    }
}
