//! What a definition's program yields → findings. Leaves are lenient, containers strict, unknown names an error.

use std::borrow::Cow;

use jaq_json::{Num, Val};

use super::facts;
use super::tables::Table;
use crate::finding::purl::parts;
use crate::finding::{
    Component, ComponentIds, Cvss, Evidence, Finding, Fingerprint, Fix, Kind, Location, Secrets, Severity, Snippet,
    Status, image_name,
};
use crate::readers::normalise::redact;
use crate::readers::package;
use crate::redact::plain_name;

/// What is wrong, and at which place below the finding.
pub(crate) struct Wrong {
    pub(crate) place: String,
    pub(crate) detail: String,
}

pub(crate) type Shaped<T> = Result<T, Wrong>;

fn wrong<T>(detail: impl Into<String>) -> Shaped<T> {
    Err(Wrong { place: String::new(), detail: detail.into() })
}

fn got(value: &Val) -> String {
    match value {
        Val::Null => "null".to_owned(),
        Val::Bool(_) => "a boolean".to_owned(),
        Val::Num(_) => "a number".to_owned(),
        Val::BStr(_) | Val::TStr(_) => "a text".to_owned(),
        Val::Arr(_) => "an array".to_owned(),
        Val::Obj(_) => "an object".to_owned(),
    }
}

/// Prefixes the place of what went wrong, which costs nothing where nothing did.
pub(crate) trait At<T> {
    fn at(self, place: impl FnOnce() -> String) -> Shaped<T>;
}

impl<T> At<T> for Shaped<T> {
    fn at(self, place: impl FnOnce() -> String) -> Self {
        self.map_err(|Wrong { place: below, detail }| {
            let place = place();
            let place = if below.is_empty() || below.starts_with('[') {
                format!("{place}{below}")
            } else {
                format!("{place}.{below}")
            };
            Wrong { place, detail }
        })
    }
}

/// Goes over an object's members by name; null is no object.
pub(crate) fn object<'v>(value: &'v Val, mut member: impl FnMut(&str, &'v Val) -> Shaped<()>) -> Shaped<bool> {
    match value {
        Val::Null => Ok(false),
        Val::Obj(members) => {
            for (name, value) in members.iter() {
                let Val::TStr(name) = name else { return wrong("a member whose name is no text") };
                let name = lossy(name);
                member(&name, value).at(|| plain_name(&name).unwrap_or("…").to_owned())?;
            }
            Ok(true)
        }
        other => wrong(format!("an object was expected, got {}", got(other))),
    }
}

pub(crate) fn unknown(names: &[&str], name: &str) -> Shaped<()> {
    let hint = nearest(names, name).map_or_else(
        || format!("; there are {}", names.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ")),
        |known| format!(", did you mean `{known}`?"),
    );
    wrong(format!("there is no such field{hint}"))
}

/// The name that was probably meant.
pub(crate) fn nearest<'n>(names: &[&'n str], name: &str) -> Option<&'n str> {
    let near = names.iter().map(|known| (strsim::jaro_winkler(known, name), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    near.filter(|(score, _)| *score > 0.8).map(|(_, known)| *known)
}

/// The engine's texts, which are UTF-8 but for what a program has cut to pieces.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// A leaf as text; what says nothing is absent.
pub(crate) fn text(value: &Val) -> Shaped<Option<String>> {
    match value {
        Val::Null => Ok(None),
        Val::TStr(bytes) | Val::BStr(bytes) => {
            let text = lossy(bytes);
            let text = text.trim();
            Ok((!text.is_empty() && !text.eq_ignore_ascii_case("n/a")).then(|| text.to_owned()))
        }
        Val::Num(_) | Val::Bool(_) => Ok(Some(value.to_string())),
        other => wrong(format!("a text was expected, got {}", got(other))),
    }
}

/// Whether an object says nothing in a member.
pub(crate) fn is_absent(value: &Val, name: &str) -> bool {
    let Val::Obj(members) = value else { return true };
    members.get(&Val::from(name.to_owned())).is_none_or(|value| words(value).is_ok_and(|words| words.is_empty()))
}

/// A title in which something is missing (`CVE-1 in  : `), without the gaps.
fn without_gaps(title: &str) -> String {
    let mut title = title.lines().next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    while let Some(rest) = [":", " in", " -", " at", ","].iter().find_map(|end| title.strip_suffix(end)) {
        title.truncate(rest.trim_end().len());
    }
    title.replace(" : ", ": ").replace(" :", ":")
}

/// A container image as a target: a new tag is no new target.
fn image_target(value: &Val) -> Shaped<Option<String>> {
    Ok(text(value)?.map(|image| image_name(&image)))
}

pub(crate) fn number(value: &Val) -> Shaped<Option<f64>> {
    Ok(match value {
        Val::Num(Num::Int(int)) => Some(*int as f64),
        Val::Num(Num::Float(float)) => Some(*float),
        other => text(other)?.and_then(|text| text.parse().ok()),
    }
    .filter(|number| number.is_finite()))
}

/// A line; what is no number from 1 is absent.
fn line(value: &Val) -> Shaped<Option<u32>> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    Ok(number(value)?.filter(|number| *number >= 1.0 && *number <= f64::from(u32::MAX)).map(|number| number as u32))
}

/// Items of an array, of which null is none.
pub(crate) fn items<T>(value: &Val, mut item: impl FnMut(&Val) -> Shaped<Option<T>>) -> Shaped<Vec<T>> {
    match value {
        Val::Null => Ok(Vec::new()),
        Val::Arr(values) => {
            let shaped = values.iter().enumerate().map(|(i, value)| item(value).at(|| format!("[{i}]")));
            shaped.filter_map(Shaped::transpose).collect()
        }
        other => wrong(format!("an array was expected, got {}", got(other))),
    }
}

fn location(value: &Val) -> Shaped<Option<Location>> {
    let mut at = Location::default();
    object(value, |name, value| {
        match name {
            "path" => at.path = text(value)?,
            "start_line" => at.start_line = line(value)?,
            "end_line" => at.end_line = line(value)?,
            "url" => at.url = text(value)?,
            "method" => at.method = text(value)?,
            "parameter" => at.parameter = text(value)?,
            "resource" => at.resource = text(value)?,
            "image" => at.image = text(value)?,
            _ => {
                return unknown(
                    &["path", "start_line", "end_line", "url", "method", "parameter", "resource", "image"],
                    name,
                );
            }
        }
        Ok(())
    })?;
    Ok((!at.is_empty()).then_some(at))
}

fn component(value: &Val, ecosystems: &Table<String>) -> Shaped<(Option<Component>, ComponentIds)> {
    let (mut it, mut ids, mut ecosystem) = (Component::default(), ComponentIds::default(), None);
    object(value, |name, value| {
        match name {
            "purl" => it.purl = text(value)?,
            "name" => it.name = text(value)?.unwrap_or_default(),
            "version" => it.version = text(value)?,
            "ecosystem" => {
                ecosystem = text(value)?.map(|word| ecosystems.get(&word).cloned().unwrap_or(word));
            }
            "cpes" => ids.cpes = items(value, text)?,
            "hashes" => ids.hashes = items(value, text)?,
            _ => return unknown(&["purl", "name", "version", "ecosystem", "cpes", "hashes"], name),
        }
        Ok(())
    })?;
    let named = it.purl.as_deref().filter(|_| it.name.is_empty() || it.version.is_none()).and_then(parts);
    if it.name.is_empty() {
        it.name = named.as_ref().map(package::name).unwrap_or_default();
    }
    if it.purl.is_none() {
        it.purl = ecosystem.and_then(|ecosystem| package::purl(&ecosystem, &it.name, it.version.as_deref()));
    }
    if it.version.is_none() {
        it.version = named.and_then(|named| named.version);
    }
    Ok(((!it.name.is_empty()).then_some(it), ids))
}

fn fix(value: &Val) -> Shaped<Option<Fix>> {
    let mut fix = Fix::default();
    object(value, |name, value| {
        match name {
            // One of several is chosen where the installed version is known.
            "version" => {
                fix.version = match value {
                    Val::Arr(_) => Some(items(value, text)?.join(", ")).filter(|versions| !versions.is_empty()),
                    one => text(one)?,
                }
            }
            "text" => fix.text = text(value)?,
            _ => return unknown(&["version", "text"], name),
        }
        Ok(())
    })?;
    Ok((fix != Fix::default()).then_some(fix))
}

fn cvss(value: &Val) -> Shaped<Option<Cvss>> {
    let mut cvss = Cvss::default();
    object(value, |name, value| {
        match name {
            "vector" => cvss.vector = text(value)?,
            "score" => cvss.score = number(value)?.filter(|score| (0.0..=10.0).contains(score)),
            _ => return unknown(&["vector", "score"], name),
        }
        Ok(())
    })?;
    Ok((cvss != Cvss::default()).then_some(cvss))
}

/// Source text keeps its white space: identity folds it.
fn source(value: &Val) -> Shaped<Option<String>> {
    match value {
        Val::TStr(bytes) => Ok(Some(lossy(bytes).into_owned()).filter(|text| !text.trim().is_empty())),
        other => text(other),
    }
}

fn snippet(value: &Val) -> Shaped<Option<Snippet>> {
    if !matches!(value, Val::Obj(_)) {
        return Ok(source(value)?.map(|lines| Snippet { lines, ..Snippet::default() }));
    }
    let mut snippet = Snippet::default();
    object(value, |name, value| {
        match name {
            "lines" => snippet.lines = source(value)?.unwrap_or_default(),
            "before" => snippet.before = source(value)?,
            "after" => snippet.after = source(value)?,
            _ => return unknown(&["lines", "before", "after"], name),
        }
        Ok(())
    })?;
    Ok((!snippet.lines.is_empty()).then_some(snippet))
}

fn fingerprints(value: &Val) -> Shaped<Vec<Fingerprint>> {
    let mut all = Vec::new();
    object(value, |name, value| {
        all.extend(text(value)?.map(|value| Fingerprint { name: name.to_owned(), value }));
        Ok(())
    })?;
    Ok(all)
}

/// The words of a leaf, or of several, of which the first that means something counts.
fn words(value: &Val) -> Shaped<Vec<String>> {
    if matches!(value, Val::Arr(_)) { items(value, text) } else { Ok(text(value)?.into_iter().collect()) }
}

/// What a scanner's word for a severity means: by the definition's table, by its name, or as a CVSS score from 0 to 10.
fn rated(word: &str, table: &Table<Severity>) -> Option<Severity> {
    table.get(word).copied().or_else(|| match word.parse::<f64>() {
        Ok(score) => (!table.has_numbers() && (0.0..=10.0).contains(&score)).then(|| Severity::from_cvss(score)),
        Err(_) if Severity::is_unrated(word) => None,
        Err(_) => Severity::from_word(word),
    })
}

/// Nothing where it is not rated.
fn severity(value: &Val, table: &Table<Severity>) -> Shaped<Option<Severity>> {
    let words = words(value)?;
    let severity = words.iter().find_map(|word| rated(word, table));
    let is_odd = severity.is_none() && table.default.is_none() && !words.iter().all(|word| Severity::is_unrated(word));
    if is_odd { wrong("a severity was expected, got another text") } else { Ok(severity) }
}

fn status(value: &Val, table: &Table<Status>) -> Shaped<Option<Status>> {
    let words = words(value)?;
    let status = words.iter().find_map(|word| table.get(word).copied().or_else(|| word.parse().ok()));
    let is_odd = status.is_none() && table.default.is_none() && !words.is_empty();
    if is_odd { wrong("a status was expected, got another text") } else { Ok(status.or(table.default)) }
}

/// What the words of a scanner's reports mean.
#[derive(Clone, Copy)]
pub(crate) struct Vocabulary<'d> {
    pub(crate) kind: Kind,
    pub(crate) severity: &'d Table<Severity>,
    pub(crate) status: &'d Table<Status>,
    pub(crate) ecosystem: &'d Table<String>,
}

const FIELDS: &[&str] = &[
    "title",
    "severity",
    "status",
    "kind",
    "rule",
    "identifiers",
    "location",
    "locations",
    "component",
    "fix",
    "cvss",
    "references",
    "description",
    "justification",
    "first_seen",
    "tags",
    "fingerprints",
    "snippet",
    "column",
    "secret",
    "secret_digest",
    "message",
    "sitewide",
    "target",
    "image",
    "scanner",
    "epss",
    "known_exploited",
    "exploit_maturity",
    "reachability",
    "confidence",
];

/// A finding, and the scan that it belongs to, where it says so.
pub(crate) struct Found {
    pub(crate) finding: Finding,
    pub(crate) target: Option<String>,
    pub(crate) scanner: Option<String>,
}

/// What one output of a program says.
pub(crate) fn found(value: &Val, vocabulary: Vocabulary<'_>) -> Shaped<Found> {
    let Vocabulary { kind, .. } = vocabulary;
    let (mut finding, mut evidence) = (Finding { kind, ..Finding::default() }, Evidence::default());
    let (mut target, mut image, mut scanner, mut secrets, mut rated) = (None, None, None, Vec::new(), None);
    let there = object(value, |name, value| {
        match name {
            "title" => finding.title = text(value)?.map(|title| without_gaps(&title)).unwrap_or_default(),
            "severity" => rated = severity(value, vocabulary.severity)?,
            "status" => finding.status = status(value, vocabulary.status)?.unwrap_or_default(),
            "kind" => {
                if let Some(word) = text(value)? {
                    finding.kind = word.parse::<Kind>().or_else(|_| wrong("a kind was expected, got another text"))?;
                }
            }
            "rule" => finding.rule = text(value)?,
            "identifiers" => finding.identifiers = items(value, text)?,
            "location" => finding.location = location(value)?.unwrap_or_default(),
            "locations" => finding.locations = items(value, location)?,
            "component" => (finding.component, finding.component_ids) = component(value, vocabulary.ecosystem)?,
            "fix" => finding.fix = fix(value)?,
            "cvss" => finding.cvss = items(value, cvss)?,
            "references" => finding.references = items(value, text)?,
            "description" => finding.description = text(value)?,
            "justification" => finding.justification = text(value)?,
            "first_seen" => finding.first_seen = text(value)?,
            "tags" => finding.tags = items(value, text)?,
            "fingerprints" => evidence.fingerprints = fingerprints(value)?,
            "snippet" => evidence.snippet = snippet(value)?,
            "column" => evidence.column = line(value)?,
            "secret" => {
                secrets =
                    if matches!(value, Val::Arr(_)) { items(value, text)? } else { text(value)?.into_iter().collect() }
            }
            "secret_digest" => evidence.secret_digest = text(value)?,
            "message" => evidence.message = text(value)?,
            "sitewide" => {
                evidence.sitewide = match value {
                    Val::Null => false,
                    Val::Bool(sitewide) => *sitewide,
                    _ => return wrong("true or false was expected"),
                }
            }
            "target" => target = text(value)?,
            "image" => image = image_target(value)?,
            "scanner" => scanner = text(value)?,
            _ if facts::FIELDS.contains(&name) => facts::set(&mut finding.facts, name, value)?,
            _ => return unknown(FIELDS, name),
        }
        Ok(())
    })?;
    if !there {
        return wrong("a finding was expected, got null");
    }
    let rated = rated.or_else(|| Severity::from_ratings(&finding.cvss)).or(vocabulary.severity.default);
    finding.severity = rated.unwrap_or_default();
    finding.evidence = evidence;
    // What is masked in the report is no value: two masked secrets are told apart by place and content. Code that has a
    // secret in it is known by the code.
    let values: Vec<_> = secrets.iter().filter(|value| !redact::is_masked(value)).collect();
    if !values.is_empty() && finding.kind == Kind::Secret {
        finding.evidence.secret_hash = Some(redact::hash(values.into_iter().map(String::as_str)));
    }
    finding.secrets = Secrets(secrets);
    if finding.title.is_empty() {
        finding.title = finding.rule.clone().or_else(|| finding.identifiers.first().cloned()).unwrap_or_default();
    }
    if finding.title.is_empty() {
        return Err(Wrong { place: "title".to_owned(), detail: "a text was expected, got none".to_owned() });
    }
    Ok(Found { finding, target: image.or(target), scanner })
}
