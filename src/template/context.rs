//! What templates can name: a ticket, told in values. Untrusted strings stay strings, which the engine escapes; what is
//! marked as safe was built here, piece by piece, by `escape`.

use std::borrow::Cow;

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::databases::database;
use super::engine;
use crate::ci::CodeLinks;
use crate::finding::{Finding, Kind, Location, bare_url};
use crate::issue::escape;
use crate::triage::{Item, Ticket};

/// Longest path that is linked or named in a title, in characters.
const MAX_PATH: usize = 400;

/// What is said of a scope that has a finding no more.
pub(super) const GONE: &str = "no longer reports it";

/// What decides how a ticket is told.
#[derive(Clone, Copy)]
pub(super) struct Manner<'a> {
    /// Links into the code, where the CI tells enough for them.
    pub links: Option<&'a CodeLinks>,
    /// Rule and place only, for all but published vulnerabilities.
    pub minimal: bool,
    /// As plain text, for titles and fields.
    pub plain: bool,
    /// How many findings of a group to list.
    pub max_findings: usize,
    /// Whether lines are told: where code moved, nothing else has changed.
    pub lines: bool,
}

#[derive(Debug, Clone, Serialize)]
struct FindingContext<'a> {
    key: Option<String>,
    title: String,
    summary: Option<&'a str>,
    severity: &'static str,
    status: &'static str,
    kind: &'static str,
    rule: Option<&'a str>,
    ids: &'a [String],
    identifiers: Vec<Identifier<'a>>,
    component: Option<Component<'a>>,
    versions: &'a [String],
    location: Option<Place<'a>>,
    locations: Vec<Place<'a>>,
    fix: Fix<'a>,
    cvss: Option<Cvss<'a>>,
    description: Option<&'a str>,
    references: &'a [String],
    tags: &'a [String],
    first_seen: Option<&'a str>,
    secret_hash: Option<&'a str>,
    secret_hash_of: String,
    scopes: Vec<Scope<'a>>,
}

#[derive(Debug, Clone, Serialize)]
struct Identifier<'a> {
    id: &'a str,
    shown: Value,
}

#[derive(Debug, Clone, Serialize)]
struct Component<'a> {
    name: &'a str,
    version: Option<&'a str>,
    purl: Option<&'a str>,
}

#[derive(Debug, Clone, Default, Serialize)]
struct Fix<'a> {
    version: Option<&'a str>,
    text: Option<&'a str>,
}

#[derive(Debug, Clone, Serialize)]
struct Cvss<'a> {
    score: Option<f64>,
    vector: Option<&'a str>,
}

#[derive(Debug, Clone, Serialize)]
struct Scope<'a> {
    scanner: &'a str,
    target: &'a str,
    branch: &'a str,
}

#[derive(Debug, Clone, Serialize)]
struct Place<'a> {
    path: Option<&'a str>,
    start_line: Option<u32>,
    end_line: Option<u32>,
    url: Option<Cow<'a, str>>,
    method: Option<&'a str>,
    parameter: Option<&'a str>,
    resource: Option<&'a str>,
    image: Option<&'a str>,
    shown: Value,
}

/// Everything that a template can name.
pub(super) fn context(ticket: &Ticket, manner: &Manner<'_>) -> Value {
    let told: Vec<FindingContext<'_>> =
        ticket.items.iter().take(manner.max_findings).map(|item| finding(item, manner)).collect();
    let more = ticket.items.len() - told.len();
    let first = ticket.items.first().map(|item| Value::from(Serde(finding(item, manner))));
    let group = ticket.group.clone();
    let live = ticket.attribution.iter().filter(|(_, word)| *word != GONE);
    let scopes: Vec<_> =
        live.map(|(s, _)| Scope { scanner: &s.scanner, target: &s.target, branch: &s.branch }).collect();
    let owner = ticket.items.first().and_then(|item| item.owner.as_ref());
    let title = group.clone().or_else(|| ticket.items.first().map(|item| headline(item, manner.minimal)));
    let title = title.map(|title| match owner.map(|owner| owner.short()).filter(|name| !name.is_empty()) {
        Some(name) => format!("{title} ({name})"),
        None => title,
    });
    context! {
        key => ticket.key.to_string(),
        title => title,
        group => group,
        repository => owner.map(|owner| owner.name.as_str()),
        severity => ticket.severity.name(),
        status => ticket.status.name(),
        reason => ticket.reason.as_ref().filter(|_| !hides(ticket, manner.minimal)),
        count => ticket.items.len(),
        more => more,
        scopes => Serde(scopes),
        commit => manner.links.map(|links| &links.commit),
        findings => Serde(told),
        ..first.unwrap_or_default()
    }
}

fn finding<'a>(item: &'a Item, manner: &Manner<'_>) -> FindingContext<'a> {
    let finding = &item.finding;
    let there = item.elsewhere.as_ref().map(|there| manner.links?.elsewhere(&there.name));
    let manner = &Manner { links: there.as_ref().map_or(manner.links, Option::as_ref), ..*manner };
    let secret = finding.kind == Kind::Secret;
    // Of a secret, only its kind, place and a short hash; of what must not be public, only rule and place.
    let open = !secret && !hidden(finding, manner.minimal);
    let text = |value: &'a Option<String>| value.as_deref().filter(|value| open && !value.trim().is_empty());
    let title = headline(item, manner.minimal);
    let fix = finding.fix.as_ref();
    FindingContext {
        key: Some(item.uid.map_or_else(|| item.key.to_string(), |uid| item.key.of_member(uid))),
        summary: Some(finding.title.as_str()).filter(|_| open),
        title,
        severity: finding.severity.name(),
        status: item.status.name(),
        kind: finding.kind.name(),
        rule: finding.rule.as_deref(),
        ids: &finding.identifiers,
        identifiers: finding.identifiers.iter().map(|id| Identifier { id, shown: identifier(id, manner) }).collect(),
        component: finding.component.as_ref().filter(|_| open).map(|component| Component {
            name: &component.name,
            version: component.version.as_deref(),
            purl: component.purl.as_deref(),
        }),
        versions: &item.versions,
        location: (!finding.location.is_empty()).then(|| place(finding, &finding.location, manner)),
        locations: if hidden(finding, manner.minimal) {
            Vec::new()
        } else {
            finding.locations.iter().map(|location| place(finding, location, manner)).collect()
        },
        fix: Fix { version: fix.and_then(|fix| text(&fix.version)), text: fix.and_then(|fix| text(&fix.text)) },
        cvss: finding
            .cvss
            .first()
            .filter(|cvss| open && cvss.score.is_some())
            .map(|cvss| Cvss { score: cvss.score, vector: cvss.vector.as_deref() }),
        description: text(&finding.description).filter(|text| *text != finding.title),
        references: if open { &finding.references } else { &[] },
        tags: if open { &finding.tags } else { &[] },
        first_seen: finding.first_seen.as_deref(),
        secret_hash: finding
            .evidence
            .secret_hash
            .as_deref()
            .filter(|_| secret)
            .map(|hash| hash.get(..8).unwrap_or(hash)),
        secret_hash_of: match &finding.evidence.secret_digest {
            Some(digest) => format!("the scanner's {digest} of the secret"),
            None => "the secret".to_owned(),
        },
        scopes: item
            .scopes
            .iter()
            .map(|scope| Scope { scanner: &scope.scanner, target: &scope.target, branch: &scope.branch })
            .collect(),
    }
}

/// Whether a finding's details must not be told: everything but what is public knowledge anyway.
pub(super) fn hidden(finding: &Finding, minimal: bool) -> bool {
    minimal && (finding.kind != Kind::Dependency || finding.identifiers.is_empty())
}

/// Whether any of a ticket's findings is one of those.
pub(super) fn hides(ticket: &Ticket, minimal: bool) -> bool {
    ticket.items.iter().any(|item| hidden(&item.finding, minimal))
}

/// One line that names a finding and stays the same as long as it is the same: no line numbers, no counts, and for
/// vulnerable packages nothing that differs between scanners.
fn headline(item: &Item, minimal: bool) -> String {
    match &item.headline {
        Some(headline) => headline.clone(),
        None => title_for(&item.finding, &item.versions, minimal),
    }
}

/// The line that names a finding.
pub(super) fn title_for(finding: &Finding, versions: &[String], minimal: bool) -> String {
    let rule = finding.rule.as_deref().unwrap_or(finding.kind.name());
    if let (Kind::Dependency, Some(component)) = (finding.kind, &finding.component) {
        let id = finding.identifiers.first().map_or(rule, String::as_str);
        let versions = escape::shorten(&versions.join(", "), 60);
        let [id, name] = [id, &component.name].map(|text| escape::shorten(text, 120));
        return format!("{id} in {name} {versions}").trim_end().to_owned();
    }
    let what = match finding.kind {
        _ if hidden(finding, minimal) => rule.to_owned(),
        Kind::Secret => format!("Secret: {}", finding.rule.as_deref().unwrap_or("credential")),
        _ if finding.title.trim().is_empty() => rule.to_owned(),
        _ => finding.title.clone(),
    };
    let what = escape::shorten(&what, 180);
    let place = finding.location.short(finding.kind).map(|place| escape::shorten(&place, MAX_PATH));
    match place {
        Some(place) if !what.contains(&place) => format!("{what} in {place}"),
        _ => what,
    }
}

fn identifier(id: &str, manner: &Manner<'_>) -> Value {
    match database(id) {
        _ if manner.plain => Value::from(id),
        // The address is ours, and the name was checked with it.
        Some(address) => engine::shown(format!("[{id}]({address})")),
        None => engine::shown(escape::code(id)),
    }
}

fn place<'a>(finding: &Finding, location: &'a Location, manner: &Manner<'_>) -> Place<'a> {
    // What a request carried may be the secret itself.
    let open = finding.kind != Kind::Secret;
    let url = location.url.as_deref().filter(|_| open);
    let url = if hidden(finding, manner.minimal) { url.map(|url| bare_url(url).into()) } else { url.map(Cow::from) };
    Place {
        path: location.path.as_deref(),
        start_line: location.start_line.filter(|_| manner.lines),
        end_line: location.end_line.filter(|_| manner.lines),
        shown: shown(location, url.as_deref(), open, manner),
        url,
        method: location.method.as_deref().filter(|_| open),
        parameter: location.parameter.as_deref().filter(|_| open),
        resource: location.resource.as_deref(),
        image: location.image.as_deref(),
    }
}

/// A place in words: each part as code, the path with a link to it.
fn shown(location: &Location, url: Option<&str>, open: bool, manner: &Manner<'_>) -> Value {
    let quote = |text: &str| if manner.plain { text.to_owned() } else { escape::code(text) };
    let mut parts = Vec::new();
    if let Some(path) = &location.path {
        let lines = match (location.start_line, location.end_line) {
            _ if !manner.lines => String::new(),
            (Some(start), Some(end)) if end > start => format!(":{start}-{end}"),
            (Some(start), _) => format!(":{start}"),
            _ => String::new(),
        };
        let name = quote(&format!("{path}{lines}"));
        // A link needs a path in the repository and a name that is one code span.
        let inside = path.len() <= MAX_PATH
            && !path.starts_with('/')
            && !path.contains("://")
            && !path.split('/').any(|part| part == "..");
        match manner.links.filter(|_| inside && !manner.plain && location.image.is_none() && !name.is_empty()) {
            Some(links) => {
                parts.push(format!(
                    "[{name}]({})",
                    links.url(
                        path,
                        location.start_line.filter(|_| manner.lines),
                        location.end_line.filter(|_| manner.lines)
                    )
                ));
            }
            None => parts.push(name),
        }
    }
    if let Some(url) = url {
        let method = location.method.as_ref().map_or_else(String::new, |method| format!("{method} "));
        parts.push(quote(&format!("{method}{url}")));
    }
    if let Some(parameter) = location.parameter.as_ref().filter(|_| open) {
        parts.push(format!("parameter {}", quote(parameter)));
    }
    parts.extend(location.resource.iter().map(|resource| quote(resource)));
    parts.extend(location.image.iter().map(|image| format!("image {}", quote(image))));
    let text = parts.join(", ");
    if manner.plain { Value::from(text) } else { engine::shown(text) }
}
