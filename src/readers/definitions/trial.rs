//! `findsync scanners test`: what a definition makes of a report, and what it never fills in.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::config::ReportSource;
use crate::finding::{Finding, Scan};
use crate::readers::detect::registry::{Registry, definition_file};
use crate::readers::load::{archive, input};
use crate::readers::normalise::redact;
use crate::readers::normalise::source::Sources;
use crate::readers::{Input, ReadError, ReadOptions, Reader, normalise, with_input};

/// What a definition makes of a report.
#[derive(Debug, Clone, Serialize)]
pub struct Trial {
    /// The reader's name.
    pub reader: String,
    /// Whether it recognises the report unasked.
    pub recognised: bool,
    /// Where it does not: the paths of the nearest entry of `recognises` that are not as they should be.
    pub lacking: Vec<String>,
    /// What the document is like.
    pub looks: String,
    /// What it reads.
    pub scans: Vec<Scan>,
    /// Fields that no finding has, where there are findings at all.
    pub never_filled: Vec<&'static str>,
    /// Fields that some findings have and others lack, with how many lack them.
    pub sometimes_lacking: Vec<(&'static str, usize)>,
}

/// Tries a definition (a file, or a reader's name) on a report.
///
/// # Errors
/// Where the definition is wrong, or the report cannot be read with it.
pub fn try_definition(definition: &str, report: &str, options: &ReadOptions) -> Result<Trial, ReadError> {
    let file = options.workspace.join(definition);
    let bytes = input::load(&options.workspace, report, options.max_bytes, options.confined)?;
    let registry = Registry::new(&options.workspace)?;
    let written = if file.is_file() { Some(definition_file(&file, definition)?) } else { None };
    let reader = match &written {
        Some(written) => written,
        None => registry.named(definition)?,
    };
    let text = if archive::is_zip(&bytes) {
        let named = if written.is_none() { registry.for_archives(Some(definition))? } else { Vec::new() };
        let mut takers = written.iter().chain(named);
        let mut documents = archive::documents(&bytes, report, options.max_bytes, &mut takers)?;
        match (documents.pop(), documents.is_empty()) {
            (Some(document), true) => document.text,
            _ => return Err(ReadError::malformed(report, "there are several reports in it: unpack the one to try")),
        }
    } else {
        input::text(bytes, report, options.max_bytes)?
    };
    with_input(report, &text, |input| run(reader, input, &options.workspace))
}

fn run(reader: &dyn Reader, input: Input<'_>, workspace: &Path) -> Result<Trial, ReadError> {
    let mut scans = reader.read(input)?;
    normalise::scans(&mut scans, input.path, &ReportSource::default(), workspace, &mut Sources::new(workspace));
    redact::run(&mut scans);
    let findings: Vec<_> = scans.iter().flat_map(|scan| &scan.findings).collect();
    let count = findings.len();
    let mut unfilled =
        reader.unrated(input)?.map_or(Vec::new(), |[title, severity]| vec![("title", title), ("severity", severity)]);
    unfilled.extend(lacking_fields(&findings));
    let never_filled =
        unfilled.iter().filter(|(_, lack)| count > 0 && *lack == count).map(|(field, _)| *field).collect();
    let sometimes_lacking = unfilled.into_iter().filter(|(_, lack)| (1..count).contains(lack)).collect();
    let recognised = reader.recognises(input.probe);
    let (lacking, looks) = (reader.lacking(input.probe), input.probe.looks());
    Ok(Trial { reader: reader.name().to_owned(), recognised, lacking, looks, scans, never_filled, sometimes_lacking })
}

const FIELDS: &[&str] = &[
    "rule",
    "identifiers",
    "location.path",
    "location.start_line",
    "location.url",
    "location.resource",
    "location.image",
    "component.purl",
    "component.version",
    "fix.version",
    "fix.text",
    "cvss",
    "references",
    "description",
];

/// How many findings lack each of the fields.
fn lacking_fields(findings: &[&Finding]) -> Vec<(&'static str, usize)> {
    let values: Vec<_> = findings.iter().filter_map(|finding| serde_json::to_value(finding).ok()).collect();
    let filled = |value: &Value, field: &str| {
        let found = field.split('.').try_fold(value, |value, name| value.get(name));
        found.is_some_and(|value| !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()))
    };
    FIELDS.iter().map(|field| (*field, values.iter().filter(|value| !filled(value, field)).count())).collect()
}
