//! VEX documents as decisions: OpenVEX, CSAF and CycloneDX, told apart by what they say of themselves.
//!
//! What is affected or still examined becomes a statement as well: it may be newer than one that settled the matter.

mod agreement;
mod csaf;
mod cyclonedx;
mod openvex;
mod product;
mod statement;
mod subject;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::finding::Status;
use crate::redact::without_values;

pub use product::Identity;
pub(super) use statement::newest;
pub use statement::{Product, Statement};
pub use subject::Subject;

/// Why a VEX document could not be read.
#[derive(Debug, thiserror::Error)]
pub enum VexError {
    /// It is no JSON.
    #[error("cannot read the VEX document `{path}`: {}", without_values(.source))]
    Json {
        /// The document.
        path: String,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// It is no VEX.
    #[error(
        "`{path}` is not a VEX document: OpenVEX has `@context` and `statements`, CSAF has `document.category`, \
         CycloneDX has `bomFormat` and `vulnerabilities`"
    )]
    Unknown {
        /// The document.
        path: String,
    },
    /// A part of it has a wrong type.
    #[error("cannot read the VEX document `{path}`: `{place}` must be {wanted}")]
    Shape {
        /// The document.
        path: String,
        /// The JSON path.
        place: String,
        /// What should be there.
        wanted: &'static str,
    },
}

/// Reads a VEX document (JSON); `path` is for messages and names the source of its statements.
///
/// # Errors
/// Where the text is no VEX document, or its containers have wrong types.
pub fn read_vex(path: &str, text: &str) -> Result<Vec<Statement>, VexError> {
    let text = text.trim_start_matches('\u{feff}');
    let value: Value = serde_json::from_str(text).map_err(|source| VexError::Json { path: path.to_owned(), source })?;
    let document = Node { path, value: &value, place: String::new() };
    let says = |pointer: &str, word: &str| {
        value.pointer(pointer).and_then(Value::as_str).is_some_and(|text| text.to_ascii_lowercase().contains(word))
    };
    let statements = if says("/@context", "openvex") {
        openvex::read(&document)?
    } else if value.pointer("/document/csaf_version").is_some() || value.pointer("/document/category").is_some() {
        csaf::read(&document)?
    } else if says("/bomFormat", "cyclonedx") && value.get("vulnerabilities").is_some() {
        cyclonedx::read(&document)?
    } else {
        return Err(VexError::Unknown { path: path.to_owned() });
    };
    Ok(statements)
}

/// Who says it, and when.
struct Document {
    source: String,
    made: Option<DateTime<Utc>>,
}

/// What the words of the formats for a state mean; `None` for others.
fn status(state: &str) -> Option<Status> {
    Some(match state {
        "not_affected" | "known_not_affected" | "false_positive" => Status::FalsePositive,
        "fixed" | "resolved" | "resolved_with_pedigree" => Status::Closed,
        "affected" | "known_affected" | "under_investigation" | "exploitable" | "in_triage" => Status::Active,
        _ => return None,
    })
}

impl Document {
    /// What the document says of one vulnerability in some products; `None` where it names no vulnerability.
    fn statement(
        &self,
        ids: Vec<String>,
        products: Option<Vec<Product>>,
        status: Status,
        reasons: [Option<&str>; 2],
    ) -> Option<Statement> {
        let mut seen = HashSet::new();
        let ids: Vec<String> = ids.into_iter().filter(|id| !id.is_empty() && seen.insert(id.clone())).collect();
        let words: Vec<String> = reasons.into_iter().flatten().map(|reason| reason.trim().replace('_', " ")).collect();
        let justification = Some(words.join(": ")).filter(|text| !text.is_empty());
        let (source, made) = (self.source.clone(), self.made);
        (!ids.is_empty()).then_some(Statement { ids, products, status, justification, source, made })
    }
}

/// A moment as VEX documents write it.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc())
}

/// A value and its place in the document: leaves are lenient, containers strict.
struct Node<'a> {
    path: &'a str,
    value: &'a Value,
    place: String,
}

impl<'a> Node<'a> {
    /// A member, where there is one.
    fn get(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        let dot = if self.place.is_empty() { "" } else { "." };
        Some(Self { path: self.path, value, place: format!("{}{dot}{name}", self.place) })
    }

    /// The first of these members that is a moment.
    fn moment(&self, names: &[&str]) -> Option<DateTime<Utc>> {
        names.iter().find_map(|name| moment(self.text(name)?))
    }

    /// A text, where there is one that says anything.
    fn text(&self, name: &str) -> Option<&'a str> {
        self.value.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The texts of an object's members, whatever their names.
    fn members(&self) -> Vec<String> {
        let texts = self.value.as_object().into_iter().flat_map(|members| members.values());
        texts.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The elements of a list, none where it is absent.
    fn list(&self, name: &str) -> Result<Vec<Self>, VexError> {
        let Some(list) = self.get(name) else { return Ok(Vec::new()) };
        let items = list.value.as_array().ok_or_else(|| list.shape("a list"))?;
        let node = |(index, value)| Self { path: self.path, value, place: format!("{}[{index}]", list.place) };
        Ok(items.iter().enumerate().map(node).collect())
    }

    /// The texts of a list.
    fn texts(&self, name: &str) -> Result<Vec<&'a str>, VexError> {
        Ok(self.list(name)?.iter().filter_map(|node| node.value.as_str()).collect())
    }

    /// The same for elements that must be objects.
    fn objects(&self, name: &str) -> Result<Vec<Self>, VexError> {
        let list = self.list(name)?;
        match list.iter().find(|node| !node.value.is_object()) {
            Some(wrong) => Err(wrong.shape("an object")),
            None => Ok(list),
        }
    }

    fn shape(&self, wanted: &'static str) -> VexError {
        VexError::Shape { path: self.path.to_owned(), place: self.place.clone(), wanted }
    }
}

#[cfg(test)]
mod product_tests;
#[cfg(test)]
mod tests;
