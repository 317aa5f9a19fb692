//! A zip → the reports in it: those of a scanner that writes several files as one document, the sheets of a workbook as
//! tables, else each file by itself.

use std::io::{Cursor, Read as _};

use bytes::Bytes;
use globset::GlobBuilder;
use serde_json::{Map, Value};
use zip::ZipArchive;
use zip::result::ZipError;

use super::{document, input, workbook};
use crate::finding::Scan;
use crate::readers::definitions::definition::Definition;
use crate::readers::{Format, Probe, ReadError};

/// Files that a zip may hold.
const MAX_FILES: usize = 20_000;
/// Endings of files that are reports.
const REPORTS: &[&str] = &["json", "jsonl", "sarif", "xml", "csv", "yaml", "yml", "html", "nessus", "fvdl"];

/// Whether bytes are a zip's.
pub(crate) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// One report of a zip.
pub(crate) struct Document<'d> {
    /// The zip's path and the file's name in it.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: Bytes,
    /// The definition that takes the whole archive.
    pub(crate) definition: Option<&'d Definition>,
}

/// The reports in a zip. `definitions` are those that may take it as a whole.
///
/// # Errors
/// Where it is damaged, holds more than the limit, or no report.
pub(crate) fn documents<'d>(
    bytes: &[u8],
    path: &str,
    limit: u64,
    definitions: &mut dyn Iterator<Item = &'d Definition>,
) -> Result<Vec<Document<'d>>, ReadError> {
    let mut archive = Archive::open(bytes, path, limit)?;
    if archive.names.iter().any(|name| name == workbook::INDEX) {
        let tables = workbook::tables(&mut archive)?.into_iter();
        let document = |(sheet, text): (String, String)| Document {
            path: format!("{path}/{sheet}"),
            text: text.into_bytes().into(),
            definition: None,
        };
        return Ok(tables.map(document).collect());
    }
    let mut claims = Vec::new();
    for definition in definitions {
        let parts = definition.archive_parts().map(|(part, glob)| Ok((part, archive.matching(glob)?)));
        let parts: Vec<(&str, Vec<String>)> = parts.collect::<Result<_, ReadError>>()?;
        if parts.iter().any(|(_, names)| !names.is_empty()) {
            claims.push((definition, parts));
        }
    }
    match &claims[..] {
        [] => archive.reports(),
        [(definition, parts)] => {
            let text = archive.merged(parts)?.into_bytes().into();
            Ok(vec![Document { path: path.to_owned(), text, definition: Some(definition) }])
        }
        several => Err(ReadError::Ambiguous {
            path: path.to_owned(),
            readers: several.iter().map(|(definition, _)| definition.name.clone()).collect(),
        }),
    }
}

/// Adds the scans of one file to those of the others: what one scanner says of one target is one scan.
pub(crate) fn gather(scans: &mut Vec<Scan>, more: Vec<Scan>) {
    for scan in more {
        let same = |known: &&mut Scan| {
            (&known.reader, &known.scanner, &known.target) == (&scan.reader, &scan.scanner, &scan.target)
        };
        match scans.iter_mut().find(same) {
            None => scans.push(scan),
            Some(known) => {
                known.complete &= scan.complete;
                known.failure = known.failure.take().or(scan.failure);
                known.unexamined.extend(scan.unexamined);
                known.roots.extend(scan.roots);
                known.findings.extend(scan.findings);
            }
        }
    }
}

/// An open zip.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    pub(crate) path: &'a str,
    pub(crate) names: Vec<String>,
    left: u64,
    limit: u64,
}

impl<'a> Archive<'a> {
    fn open(bytes: &'a [u8], path: &'a str, limit: u64) -> Result<Self, ReadError> {
        let limit = input::inflated_limit(limit, bytes.len() as u64);
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(path, &error))?;
        if zip.len() > MAX_FILES {
            return Err(ReadError::malformed(path, format!("there are more than {MAX_FILES} files in it")));
        }
        let names = zip.file_names().map(|name| name.map(|name| name.into_owned()));
        let mut names = names.collect::<Result<Vec<_>, _>>().map_err(|error| damaged(path, &error))?;
        names.retain(|name| !name.ends_with('/') && !name.starts_with("__MACOSX/"));
        Ok(Self { zip, path, names, left: limit, limit })
    }

    /// As many bytes its files may still have.
    pub(crate) fn room(&self) -> u64 {
        self.left
    }

    /// A file's text. All files together must stay within the limit.
    pub(crate) fn text(&mut self, name: &str) -> Result<Bytes, ReadError> {
        let path = self.path;
        let file = self.zip.by_name(name).map_err(|error| damaged(path, &error))?;
        let mut bytes = Vec::new();
        let read = file.take(self.left.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
        let too_large = ReadError::TooLarge { path: path.to_owned(), limit: self.limit };
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(too_large)?;
        input::text(bytes, &format!("{path}/{name}"), self.limit)
    }

    /// Names that a glob means, in any folder.
    fn matching(&self, glob: &str) -> Result<Vec<String>, ReadError> {
        let pattern = format!("{{**/,}}{glob}");
        let built = GlobBuilder::new(&pattern).literal_separator(true).case_insensitive(true).build();
        let matcher = built.map_err(|error| ReadError::malformed(self.path, error))?.compile_matcher();
        let mut names: Vec<String> = self.names.iter().filter(|name| matcher.is_match(name)).cloned().collect();
        names.sort_unstable();
        Ok(names)
    }

    /// The files of a scanner's archive in one JSON text: each part is an array of documents.
    fn merged(&mut self, parts: &[(&str, Vec<String>)]) -> Result<String, ReadError> {
        let mut merged = Map::new();
        for (part, names) in parts {
            let mut values = Vec::with_capacity(names.len());
            for name in names {
                let shown = format!("{}/{name}", self.path);
                let bytes = self.text(name)?;
                values.push(value(&shown, input::utf8(&bytes, &shown)?)?);
            }
            merged.insert((*part).to_owned(), Value::Array(values));
        }
        Ok(Value::Object(merged).to_string())
    }

    /// Each file that may be a report.
    fn reports<'d>(&mut self) -> Result<Vec<Document<'d>>, ReadError> {
        let is_report = |name: &&String| {
            let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
            ending.is_some_and(|ending| REPORTS.contains(&ending.as_str()))
        };
        let mut names: Vec<String> = self.names.iter().filter(is_report).cloned().collect();
        names.sort_unstable();
        if names.is_empty() {
            return Err(ReadError::malformed(self.path, "there is no report in this zip"));
        }
        let path = self.path;
        let document =
            |name: String| Ok(Document { text: self.text(&name)?, path: format!("{path}/{name}"), definition: None });
        names.into_iter().map(document).collect()
    }
}

fn damaged(path: &str, error: &ZipError) -> ReadError {
    ReadError::malformed(path, format!("this zip cannot be read: {error}"))
}

/// A file in the engine's JSON form.
fn value(path: &str, text: &str) -> Result<Value, ReadError> {
    match Probe::new(path, text)?.format() {
        Format::Json => serde_json::from_str(text).map_err(|error| ReadError::unparsed(path, &error)),
        Format::Xml => document::xml(path, text, false),
        Format::Csv => document::csv(path, text),
        _ => Err(ReadError::malformed(path, "this is neither JSON, XML nor CSV")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::io::Write as _;

    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;
    use crate::readers::{MAX_BYTES, read_bytes};

    pub(crate) fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn sarif(rule: &str) -> String {
        format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "CodeQL"}}}}, "results": [{{"ruleId": "{rule}", "message": {{"text": "x"}}}}]}}]}}"#
        )
    }

    #[test]
    fn reports_of_one_scanner_in_a_zip_are_one_scan() {
        let zip = zipped(&[("java.sarif", &sarif("a")), ("go/go.sarif", &sarif("b")), ("README.md", "no report")]);
        let scans = read_bytes("code-scanning.zip", zip, None).unwrap();
        let [scan] = &scans[..] else { panic!("{} scans", scans.len()) };
        assert_eq!((scan.target.as_str(), scan.complete, scan.findings.len()), ("code-scanning.zip", true, 2));
    }

    #[test]
    fn what_is_no_report_in_a_zip_is_an_error() {
        let error = |files: &[(&str, &str)]| read_bytes("a.zip", zipped(files), None).unwrap_err().to_string();
        assert!(error(&[("README.md", "x")]).contains("there is no report in this zip"));
        assert!(error(&[("a.sarif", &sarif("a")), ("b.json", r#"{"x": 1}"#)]).contains("a.zip/b.json"));
        let mut cut = zipped(&[("a.sarif", &sarif("a"))]);
        cut.truncate(cut.len() / 2);
        assert!(read_bytes("a.zip", cut, None).unwrap_err().to_string().contains("this zip cannot be read"));
    }

    #[test]
    fn what_a_zip_inflates_to_is_bounded() {
        let zeros = " ".repeat(64 << 20);
        let zip = zipped(&[("a.json", &zeros), ("b.json", &zeros)]);
        let read = documents(&zip, "a.zip", MAX_BYTES, &mut std::iter::empty());
        assert!(matches!(read, Err(ReadError::TooLarge { .. })));
    }
}
