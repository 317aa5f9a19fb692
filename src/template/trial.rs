//! Tries a template on sample tickets that have everything a ticket can have, before it is used.

use std::sync::LazyLock;

use minijinja::{Environment, Error, UndefinedBehavior, Value};

use super::context::{Manner, context};
use super::engine::FUNCTIONS;
use super::error::TemplateError;
use crate::ci::{CodeLinks, Service};
use crate::finding::{Component, Cvss, Evidence, Finding, Fix, Key, Kind, Location, Scope, Severity, Status, digest};
use crate::triage::{Item, Ticket};

static SAMPLES: LazyLock<[Value; 2]> = LazyLock::new(samples);

/// Adds a template to an engine once it is known to work, alone in one like it: there may be thousands.
pub(super) fn add(
    engine: &mut Environment<'static>,
    mut strict: Environment<'static>,
    name: &str,
    source: &str,
    title: &str,
) -> Result<(), TemplateError> {
    engine
        .add_template_owned(name.to_owned(), source.to_owned())
        .map_err(|error| TemplateError::render(title, &error))?;
    let template = engine.get_template(name).map_err(|error| TemplateError::render(title, &error))?;
    let known = &SAMPLES[0];
    let mut named: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    named.sort_unstable();
    for path in named.iter().filter(|path| !FUNCTIONS.contains(&path.as_str())) {
        if let Some((name, hint)) = unknown(known, path) {
            let line = source.lines().position(|line| line.contains(&name)).map_or(1, |at| at + 1);
            return Err(TemplateError::Unknown { template: title.to_owned(), line, name, hint });
        }
    }
    strict.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    let wrong = |error: Error| TemplateError::render(title, &error);
    strict.add_template_owned(name.to_owned(), source.to_owned()).map_err(wrong)?;
    let template = strict.get_template(name).map_err(wrong)?;
    for sample in &*SAMPLES {
        template.render(sample).map_err(|error| TemplateError::render(title, &error))?;
    }
    Ok(())
}

/// The first part of a dotted path that the values do not have, and the nearest that they have.
fn unknown(values: &Value, path: &str) -> Option<(String, Option<String>)> {
    let mut value = values.clone();
    let mut before = String::new();
    for part in path.split('.') {
        let keys: Vec<String> = match value.kind() {
            minijinja::value::ValueKind::Map => value.try_iter().ok()?.map(|key| key.to_string()).collect(),
            _ => return None,
        };
        if !keys.iter().any(|key| key == part) {
            let near = keys
                .iter()
                .map(|key| (strsim::damerau_levenshtein(key, part), key))
                .filter(|(distance, _)| *distance <= part.len().div_ceil(3))
                .min();
            return Some((format!("{before}{part}"), near.map(|(_, key)| format!("{before}{key}"))));
        }
        value = value.get_attr(part).ok()?;
        before = format!("{before}{part}.");
    }
    None
}

/// Values of two tickets: a finding, and a group.
fn samples() -> [Value; 2] {
    let links =
        CodeLinks { service: Service::GitHub, repository: "https://git.example.org/shop".into(), commit: "0".into() };
    let manner = Manner { links: Some(&links), minimal: false, plain: false, max_findings: 1, lines: true };
    let mut ticket = sample();
    let single = context(&ticket, &manner);
    ticket.group = Some("Findings in lodash".to_owned());
    ticket.items.push(ticket.items[0].clone());
    [single, context(&ticket, &manner)]
}

/// A ticket that has everything a ticket can have.
fn sample() -> Ticket {
    let text = || Some("sample".to_owned());
    let location = Location {
        path: text(),
        start_line: Some(1),
        end_line: Some(2),
        url: Some("https://shop.example.org/".to_owned()),
        method: text(),
        parameter: text(),
        resource: text(),
        image: text(),
    };
    let key = Key { version: 1, kind: Some(Kind::Code), digest: digest([("sample", "")]) };
    let finding = Finding {
        title: "sample title".to_owned(),
        kind: Kind::Code,
        severity: Severity::High,
        rule: text(),
        identifiers: vec!["CVE-2021-23337".to_owned()],
        locations: vec![location.clone()],
        location,
        component: Some(Component { purl: text(), name: "sample".to_owned(), version: text() }),
        fix: Some(Fix { version: text(), text: text() }),
        cvss: vec![Cvss { vector: text(), score: Some(7.2) }],
        references: vec!["https://example.org/".to_owned()],
        description: text(),
        justification: text(),
        first_seen: text(),
        tags: vec!["sample".to_owned()],
        evidence: Evidence::default(),
        ..Finding::default()
    };
    let item = Item {
        elsewhere: None,
        finding,
        key,
        uid: None,
        owner: None,
        scopes: vec![Scope { scanner: "sample".to_owned(), target: "sample".to_owned(), ..Scope::default() }],
        versions: vec!["1.0".to_owned()],
        status: Status::Active,
        headline: None,
    };
    Ticket {
        key,
        group: None,
        items: vec![item],
        attribution: Vec::new(),
        status: Status::Active,
        reason: text(),
        severity: Severity::High,
    }
}
