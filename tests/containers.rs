//! Nothing read must never look like nothing found: a report whose containers have other names than we know is an error,
//! or a scan that vouches for nothing, but no clean scan.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use findsync::finding::Scan;
use findsync::readers::{Format, Probe, list, read_bytes};
use quick_xml::events::{BytesEnd, BytesStart, Event};
use serde_json::Value;

/// Names of containers from the top, through arrays.
type Place = Vec<String>;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// A report whose containers can be renamed.
enum Document {
    Json(Value),
    Jsonl(Vec<Value>),
    Xml(String),
}

impl Document {
    fn parse(text: &str) -> Option<Self> {
        match Probe::new("report", text).ok()?.format() {
            Format::Json => serde_json::from_str(text).ok().map(Self::Json),
            Format::Jsonl => {
                let values = serde_json::Deserializer::from_str(text).into_iter();
                values.collect::<Result<_, _>>().ok().map(Self::Jsonl)
            }
            Format::Yaml => serde_yaml::from_str(text).ok().map(Self::Json),
            Format::Xml => Some(Self::Xml(text.to_owned())),
            Format::Csv | Format::Text => None,
        }
    }

    fn containers(&self) -> BTreeSet<Place> {
        let mut found = BTreeSet::new();
        match self {
            Self::Json(value) => in_json(value, &mut Vec::new(), &mut found),
            Self::Jsonl(values) => values.iter().for_each(|value| in_json(value, &mut Vec::new(), &mut found)),
            Self::Xml(text) => drop(rename_xml(text, None, &mut found)),
        }
        found
    }

    fn renamed(&self, place: &Place) -> String {
        let json = |value: &Value| rename_json(value.clone(), &mut Vec::new(), place).to_string();
        match self {
            Self::Json(value) => json(value),
            Self::Jsonl(values) => values.iter().map(json).collect::<Vec<_>>().join("\n"),
            Self::Xml(text) => rename_xml(text, Some(place), &mut BTreeSet::new()),
        }
    }
}

fn in_json(value: &Value, at: &mut Place, found: &mut BTreeSet<Place>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| in_json(item, at, found)),
        Value::Object(members) => {
            for (name, value) in members {
                at.push(name.clone());
                match value {
                    Value::Array(items) if !items.is_empty() => drop(found.insert(at.clone())),
                    Value::Object(inner) if !inner.is_empty() => drop(found.insert(at.clone())),
                    _ => {}
                }
                in_json(value, at, found);
                at.pop();
            }
        }
        _ => {}
    }
}

fn rename_json(value: Value, at: &mut Place, place: &Place) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| rename_json(item, at, place)).collect(),
        Value::Object(members) => {
            let renamed = members.into_iter().map(|(name, value)| {
                at.push(name.clone());
                let new = if at == place { format!("{name}Renamed") } else { name };
                let value = rename_json(value, at, place);
                at.pop();
                (new, value)
            });
            Value::Object(renamed.collect())
        }
        leaf => leaf,
    }
}

/// The text with one element renamed; what has attributes or children is a container.
fn rename_xml(text: &str, place: Option<&Place>, found: &mut BTreeSet<Place>) -> String {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut writer = quick_xml::Writer::new(Vec::new());
    let mut at = Place::new();
    let name = |written: &str, at: &Place| {
        if Some(at) == place { format!("{written}Renamed") } else { written.to_owned() }
    };
    let opened = |start: &BytesStart<'_>, at: &Place| {
        let mut renamed = BytesStart::new(name(start.name().as_ref(), at));
        renamed.extend_attributes(start.attributes().map(Result::unwrap));
        renamed
    };
    loop {
        let event = match reader.read_event().unwrap() {
            Event::Eof => return String::from_utf8(writer.into_inner()).unwrap(),
            event @ (Event::Start(_) | Event::Empty(_)) => {
                let (Event::Start(start) | Event::Empty(start)) = &event else { unreachable!() };
                found.extend((!at.is_empty()).then(|| at.clone()));
                at.push(start.local_name().as_ref().to_string());
                found.extend(start.attributes().next().is_some().then(|| at.clone()));
                let start = opened(start, &at).into_owned();
                if matches!(event, Event::Start(_)) {
                    Event::Start(start)
                } else {
                    at.pop();
                    Event::Empty(start)
                }
            }
            Event::End(end) => {
                let end = BytesEnd::new(name(end.name().as_ref(), &at));
                at.pop();
                Event::End(end)
            }
            other => other,
        };
        writer.write_event(event).unwrap();
    }
}

fn found(scans: &[Scan]) -> usize {
    scans.iter().map(|scan| scan.findings.len()).sum()
}

#[test]
fn a_renamed_container_is_never_a_clean_scan() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for reader in list(Path::new("/nonexistent")).unwrap() {
        for path in files(&fixtures.join(&reader.name)) {
            let file = path.file_name().unwrap().to_str().unwrap();
            let name = format!("{}/{file}", reader.name);
            let by_name = file.starts_with("by-name-").then_some(reader.name.as_str());
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let Ok(scans) = read_bytes(&name, text.clone().into(), by_name) else { continue };
            let Some(document) = Document::parse(&text).filter(|_| found(&scans) > 0) else { continue };
            for place in document.containers() {
                tried += 1;
                let renamed = document.renamed(&place);
                // Whoever names the reader must not get a clean scan either.
                for by_name in [by_name, Some(reader.name.as_str())] {
                    if let Ok(scans) = read_bytes(&name, renamed.clone().into(), by_name)
                        && found(&scans) == 0
                        && scans.iter().any(|scan| scan.complete)
                    {
                        wrong.push(format!("{name}: {}", place.join(".")));
                        break;
                    }
                }
            }
        }
    }
    assert!(tried > 1000, "only {tried} containers were renamed");
    assert!(wrong.is_empty(), "{} of {tried} look clean:\n{}", wrong.len(), wrong.join("\n"));
}
