//! Why a report could not be read, and what to do about it.

use std::io;

use crate::redact::{Care, text, without_values};

/// Why a report could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be opened or read.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// The report.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A path or glob that leads to no file.
    #[error("`{pattern}` matches no file: did the scanner run, and in this folder?")]
    NoMatch {
        /// The path or glob as given.
        pattern: String,
    },
    /// A glob that cannot be followed.
    #[error("cannot find what `{pattern}` means: {detail}")]
    BadGlob {
        /// The glob as given.
        pattern: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A folder where a file is needed.
    #[error("`{path}` is a directory: name the reports in it, for example `{path}/*.json`")]
    Directory {
        /// The folder.
        path: String,
    },
    /// A file with nothing in it.
    #[error("`{path}` is empty: the scanner wrote nothing")]
    Empty {
        /// The report.
        path: String,
    },
    /// More than we are willing to hold.
    #[error("`{path}` is larger than {limit} bytes (after decompression)")]
    TooLarge {
        /// The report.
        path: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// Bytes that are no text.
    #[error("`{path}` is not a text file: reports are JSON, XML, CSV or YAML, also compressed with gzip or in a zip")]
    NotText {
        /// The report.
        path: String,
    },
    /// The text breaks the rules of its format, or of the scanner's.
    #[error("cannot read `{path}`: {detail}")]
    Malformed {
        /// The report.
        path: String,
        /// What is wrong, and where (JSON path, line, column).
        detail: String,
    },
    /// No reader knows this document.
    #[error("no reader recognises `{path}`: it is {looks}{}; choose one with `--reader NAME`, or with `reader: NAME` in the mapping file", nearest_text(.nearest))]
    Unrecognised {
        /// The report.
        path: String,
        /// What the document looks like.
        looks: String,
        /// Readers that come near.
        nearest: Vec<String>,
    },
    /// Several readers know this document.
    #[error("{} all recognise `{path}`: choose one with `--reader NAME`, or with `reader: NAME` in the mapping file", join(.readers))]
    Ambiguous {
        /// The report.
        path: String,
        /// Their names.
        readers: Vec<String>,
    },
    /// A reader's name that there is not.
    #[error("there is no reader `{name}`{}; `findsync scanners` lists them", hint(.similar.as_deref()))]
    UnknownReader {
        /// The name as given.
        name: String,
        /// A name that is close to it.
        similar: Option<String>,
    },
    /// A scanner definition that is wrong in itself.
    #[error("scanner definition `{definition}`: {detail}")]
    Definition {
        /// Its name, or its path where it could not be parsed.
        definition: String,
        /// What is wrong.
        detail: String,
    },
    /// A scanner definition made something of a report that is no finding.
    #[error("cannot read `{path}` as `{definition}`: {place}: {detail}")]
    Shape {
        /// The report.
        path: String,
        /// The definition's name.
        definition: String,
        /// Which finding and field: `findings[3].location.start_line`.
        place: String,
        /// What was wanted and what was got.
        detail: String,
    },
}

impl ReadError {
    /// A [`ReadError::Malformed`]. Places in it may be named as members of the report are.
    pub(crate) fn malformed(path: &str, detail: impl ToString) -> Self {
        Self::Malformed { path: path.to_owned(), detail: text(&detail.to_string(), Care::Certain).into_owned() }
    }

    /// The same for what a parser says, which quotes values.
    pub(crate) fn unparsed(path: &str, error: &impl std::fmt::Display) -> Self {
        Self::malformed(path, without_values(error))
    }
}

fn join(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn nearest_text(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(", nearest to {}", join(names)) }
}

fn hint(similar: Option<&str>) -> String {
    similar.map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}
