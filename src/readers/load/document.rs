//! A document in the engine's JSON form, whatever it is written in.

use std::collections::{HashMap, HashSet};

use jaq_json::Val;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::{value, xml};
use crate::readers::{Format, Input, ReadError};
use crate::redact::without_values;

/// How deep values may be nested, in whatever they are written.
pub(crate) const MAX_DEPTH: usize = 128;
/// How much of a text is looked at to tell CSV and YAML from prose.
const LOOK: usize = 64 * 1024;

/// An error at a byte of the text, told as line and column.
pub(crate) fn broken(path: &str, text: &str, at: usize, what: &str) -> ReadError {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = 1 + memchr::memchr_iter(b'\n', before).count();
    let column = 1 + before.len() - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    ReadError::malformed(path, format!("line {line}, column {column}: {what}"))
}

/// The whole document as the engine takes it; JSON lines as an array.
pub(crate) fn load(input: Input<'_>, format: Format) -> Result<Val, ReadError> {
    let Input { path, text, bytes, probe } = input;
    let (text, bytes) = probe.rewritten().unwrap_or((text, bytes));
    let wrong = |error: serde_json::Error| ReadError::unparsed(path, &error);
    match format {
        Format::Json => value::read(text, bytes).map_err(wrong),
        Format::Jsonl => {
            let values = serde_json::Deserializer::from_str(text).into_iter::<Val>();
            // A report of one finding is one JSON value, and an array of them is as good as lines.
            match values.collect::<Result<Vec<_>, _>>().map_err(wrong)? {
                values if matches!(values[..], [Val::Arr(_)]) => Ok(values.into_iter().next().unwrap_or_default()),
                values => Ok(values.into_iter().collect()),
            }
        }
        Format::Xml => Val::deserialize(xml(path, text, false)?).map_err(wrong),
        Format::Csv => Val::deserialize(csv(path, text)?).map_err(wrong),
        Format::Yaml => {
            let value: Value = parse_yaml(text).map_err(|e| ReadError::unparsed(path, &e))?;
            Val::deserialize(value).map_err(wrong)
        }
        Format::Text => Ok(Val::from(text.to_owned())),
    }
}

/// YAML as deep as JSON may be. Errors show no lines of it.
pub(crate) fn parse_yaml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_yaml::Error> {
    let options = serde_yaml::options! {
        with_snippet: false,
        budget: serde_yaml::budget! { max_depth: MAX_DEPTH },
    };
    serde_yaml::from_str_with_options(text, options)
}

/// XML, or only the first of equal siblings.
pub(crate) fn xml(path: &str, text: &str, brief: bool) -> Result<Value, ReadError> {
    xml::parse(text, brief).map_err(|(at, what)| broken(path, text, at, &without_values(&what)))
}

/// Lines within which a table begins.
const PREAMBLE: usize = 12;

/// As many values a table's rows may have: each row is one with all of the header's names.
const MAX_COLUMNS: usize = 4096;

/// Values that a table may have whatever its size; beyond these, they must have some length.
const FREE_VALUES: usize = 16 << 20;

/// The header's separator: the one of `,`, `;`, tab and `|` that occurs most.
pub(crate) fn separator(header: &str) -> Option<u8> {
    let count = |separator: u8| memchr::memchr_iter(separator, header.as_bytes()).count();
    [b',', b';', b'\t', b'|'].into_iter().rev().max_by_key(|byte| count(*byte)).filter(|byte| count(*byte) > 0)
}

fn rows(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text.as_bytes())
}

/// The header's names; one that is there twice gets a number (`Type`, `Type 2`).
fn names(header: &csv::StringRecord) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(header.len());
    let mut taken = HashSet::with_capacity(header.len());
    // The number that a name got last, so that a header of equal names is no search for each of them.
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for name in header.iter().map(str::trim) {
        let number = numbers.entry(name).or_default();
        loop {
            *number += 1;
            let numbered = if *number == 1 { name.to_owned() } else { format!("{name} {number}") };
            if name.is_empty() || taken.insert(numbered.clone()) {
                names.push(numbered);
                break;
            }
        }
    }
    names
}

fn row(names: &[String], record: &csv::StringRecord) -> Value {
    let fields = names.iter().enumerate();
    fields.map(|(i, name)| (name.clone(), record.get(i).unwrap_or_default().into())).collect::<Map<_, _>>().into()
}

/// Rows as objects by the header's names. A row that does not fit the header is an error.
pub(crate) fn csv(path: &str, text: &str) -> Result<Value, ReadError> {
    let wrong = |error: csv::Error| ReadError::unparsed(path, &error);
    let table = table(text);
    let skipped = text[..text.len() - table.len()].matches('\n').count() as u64;
    let mut reader = rows(table, separator(table.lines().next().unwrap_or_default()).unwrap_or(b','));
    let columns = reader.headers().map_err(wrong)?;
    if columns.len() > MAX_COLUMNS {
        let detail = format!("a header of {} names: the most is {MAX_COLUMNS}", columns.len());
        return Err(ReadError::malformed(path, detail));
    }
    let header = names(columns);
    let mut all = Vec::new();
    let (mut short, mut last) = (0, header.len());
    // Short rows are filled up: a small text must not become a large table.
    let mut lacking = 0;
    let mut least_before = header.len();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        if record.len() > header.len() {
            let line = record.position().map_or(0, csv::Position::line) + skipped;
            let detail = format!("line {line}: {} values, but the header has {}", record.len(), header.len());
            return Err(ReadError::malformed(path, detail));
        }
        lacking += header.len() - record.len();
        if lacking > text.len().max(MAX_COLUMNS) {
            return Err(ReadError::malformed(path, "the rows lack most of what the header names"));
        }
        if all.len() * header.len() > FREE_VALUES + text.len() / 8 {
            return Err(ReadError::malformed(path, "too many values for so small a table"));
        }
        least_before = least_before.min(last);
        last = record.len();
        short += usize::from(last < header.len());
        all.push(row(&header, &record));
    }
    // Some scanners leave out what is empty at a line's end; then other rows are short as well, or the line is ended.
    let is_alone = last < header.len() && short == 1 && all.len() > 1;
    let is_open = all.len() > 1 && last < least_before && !table.ends_with('\n');
    if ends_in_quotes(table) || is_alone || is_open {
        return Err(ReadError::malformed(path, CUT));
    }
    Ok(all.into())
}

/// What is wrong with a table that was not written to its end.
pub(crate) const CUT: &str = "the table's last row is cut off";

/// Whether a table ends in the middle of a quoted value.
pub(crate) fn ends_in_quotes(table: &str) -> bool {
    !table.ends_with('\n') && memchr::memchr_iter(b'"', table.as_bytes()).count() % 2 == 1
}

/// A text from its header on. Some scanners write a few lines of few values before it: it is the first line of at least
/// twice as many as those.
fn table(text: &str) -> &str {
    let text = text.trim_start();
    let mut offset = 0;
    let lines = text.split_inclusive('\n').take(PREAMBLE).map(|line| {
        let start = offset;
        offset += line.len();
        let values = separator(line).map_or(1, |by| rows(line, by).headers().map_or(1, csv::StringRecord::len));
        (start, values)
    });
    let lines: Vec<_> = lines.collect();
    let first = lines.first().map_or(0, |(_, values)| *values);
    let header = lines.iter().find(|(_, values)| *values >= 10 && *values >= 2 * first);
    header.map_or(text, |(start, _)| &text[*start..])
}

/// The first row, where the text looks like CSV: a header of several short names.
pub(crate) fn csv_outline(text: &str) -> Option<Value> {
    let text = table(text);
    let mut reader = rows(text, separator(text.lines().next()?)?);
    let header = reader.headers().ok().filter(|header| header.len() <= MAX_COLUMNS)?.clone();
    let first = reader.records().next().and_then(Result::ok).unwrap_or_default();
    let names = names(&header);
    let short = names.iter().all(|name| name.len() < 64);
    let plain = names.iter().all(|name| !name.contains([':', '{', '<', '=']));
    // A name that is there twice has got a number.
    let different = names.iter().zip(&header).all(|(name, written)| name == written.trim());
    // A header that might be prose is one where what follows has its form.
    let confirmed = header.len() >= 5 && first.len() == header.len();
    (header.len() >= 3 && short && (plain && different || confirmed)).then(|| row(&names, &first))
}

/// The document, where the text looks like YAML with members or items.
pub(crate) fn yaml_outline(text: &str) -> Option<Value> {
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'))?;
    let starts = first.starts_with("---")
        || first.starts_with("- ")
        || first.split_once(':').is_some_and(|(name, _)| !name.contains(' '));
    if !starts || text.len() > LOOK * 64 {
        return None;
    }
    let value: Value = parse_yaml(text).ok()?;
    (value.is_object() || value.is_array()).then(|| cut(value))
}

fn cut(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().take(1).map(cut).collect(),
        Value::Object(members) => {
            members.into_iter().take(64).map(|(name, value)| (name, cut(value))).collect::<Map<_, _>>().into()
        }
        leaf => leaf,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_text_is_no_large_table() {
        let header = |names: usize| (0..names).map(|n| format!("n{n}")).collect::<Vec<_>>().join(",");
        let wide = header(MAX_COLUMNS + 1);
        assert!(csv_outline(&wide).is_none() && csv("r.csv", &wide).is_err());
        let few = format!("{}\n{}", header(1000), "x\n".repeat(100_000));
        assert!(csv("r.csv", &few).is_err());
        assert!(
            csv(
                "r.csv",
                &format!(
                    "{}\n{}",
                    header(100),
                    "x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x\n".repeat(100)
                )
            )
            .is_ok()
        );
    }

    #[test]
    fn a_table_that_is_cut_off_is_an_error() {
        for (text, rows) in [
            ("a,b,c\n1,2,3\n4,5,6\n", Some(2)),
            ("a,b,c\n1,2,3\n4,5", None),
            ("a,b,c\n1,2,3\n4,5,\"si", None),
            ("a,b,c\n1,2,3\n4,5,\"s\"\"i\"", Some(2)),
            ("a,b,c\n1,2\n4,5\n", Some(2)),
            ("a,b,c\n1,2\n", Some(1)),
            ("a,b,c\n1,2", Some(1)),
            ("a,b,c\n1,2\n4,5", Some(2)),
            ("a,b,c\n1,2\n4", None),
            ("a,b,c\n", Some(0)),
        ] {
            let read = csv("r.csv", text).ok().and_then(|rows| rows.as_array().map(Vec::len));
            assert_eq!(read, rows, "{text}");
        }
    }
}
