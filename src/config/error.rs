//! What is wrong with a mapping file: each problem with its place, the line it stands in, and what to do.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use super::raw::spanned::Place;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The mapping file could not be read.
    #[error("cannot read the mapping file `{}`: {source}", .path.display())]
    Read {
        /// The mapping file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The mapping file is not one, or says what cannot be.
    #[error("{0}")]
    Invalid(Problems),
}

/// All that is wrong with one mapping file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The file's name, as given.
    pub file: String,
    /// At least one.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a mapping file. Holds nothing that came from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What sort of problem.
    pub kind: ProblemKind,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// How many characters are wrong, at least one.
    pub len: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// The line, without what looks like a secret and without control characters.
    pub excerpt: String,
}

/// What sort of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// Not YAML, or more than one document, or too deep.
    Yaml,
    /// A key that we do not know.
    UnknownKey,
    /// A key that stands there twice.
    DuplicateKey,
    /// A key that must be there.
    MissingKey,
    /// Text where a list should be, and so on.
    WrongType,
    /// A value that is none of those allowed.
    WrongValue,
    /// A variable that the environment does not have, or a `${` that names none.
    Variable,
    /// A token or key that stands in the file itself.
    LiteralSecret,
    /// A label that no instance or mapping has.
    UnknownLabel,
    /// A label that two instances or two mappings have, or a field that is set twice.
    Duplicate,
    /// A glob that is none.
    Glob,
    /// A template that is none, or that names what nothing has.
    Template,
    /// A file that the mapping file names and that cannot be read.
    UnreadableFile,
}

impl ProblemKind {
    /// The short name, for people who look it up.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::UnknownKey => "unknown-key",
            Self::DuplicateKey => "duplicate-key",
            Self::MissingKey => "missing-key",
            Self::WrongType => "wrong-type",
            Self::WrongValue => "wrong-value",
            Self::Variable => "variable",
            Self::LiteralSecret => "literal-secret",
            Self::UnknownLabel => "unknown-label",
            Self::Duplicate => "duplicate",
            Self::Glob => "glob",
            Self::Template => "template",
            Self::UnreadableFile => "unreadable-file",
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            problem.write(&self.file, f)?;
        }
        Ok(())
    }
}

impl Problem {
    pub(crate) fn new(source: &str, kind: ProblemKind, place: Place, message: String, help: String) -> Self {
        let line = source.lines().nth(place.line - 1).unwrap_or_default();
        let width = line.chars().count();
        let column = place.column.min(width + 1);
        let len = place.len.clamp(1, (width + 1).saturating_sub(column).max(1));
        let starred = |from: usize, to: usize| {
            line.chars().enumerate().map(|(i, c)| if (from..to).contains(&i) { '*' } else { c }).collect::<String>()
        };
        let excerpt = match kind {
            _ if is_in_secret_block(source, place.line) => starred(0, width),
            ProblemKind::LiteralSecret => mask(&starred(column - 1, column - 1 + len)),
            _ => mask(line),
        };
        let excerpt = excerpt.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_EXCERPT).collect();
        Self { kind, line: place.line, column, len, message, help, excerpt }
    }

    fn write(&self, file: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        let caret_at = (self.column - 1).min(MAX_EXCERPT);
        let carets = self.len.min(self.excerpt.chars().count().saturating_sub(caret_at)).max(1);
        writeln!(f, "error[{}]: {}", self.kind.code(), self.message)?;
        writeln!(f, "{gutter}--> {}:{}:{}", quote(file), self.line, self.column)?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {}", self.excerpt)?;
        writeln!(f, "{gutter} | {}{}", " ".repeat(caret_at), "^".repeat(carets))?;
        write!(f, "{gutter} = help: {}", self.help)
    }
}

/// Longest excerpt, in characters.
const MAX_EXCERPT: usize = 160;

/// Text of the file in a message: one line without control characters, and not endless.
pub(crate) fn quote(text: &str) -> String {
    const MAX: usize = 80;
    let mut quoted: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX).collect();
    if text.chars().nth(MAX).is_some() {
        quoted.push('…');
    }
    quoted
}

/// The nearest of some names, where one is near enough to be what was meant.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase().replace(['-', ' '], "_");
    names
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count().max(name.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

const SECRET_KEYS: [&str; 2] = ["token", "private_key"];

/// The bytes of a line that are values of secrets' keys, as `token: x` or `?token=x`.
fn secret_values(line: &str) -> Vec<Range<usize>> {
    let keys = SECRET_KEYS.iter().flat_map(|key| line.match_indices(key));
    keys.filter_map(|(at, key)| {
        let rest = line[at + key.len()..].trim_start_matches(['"', '\'']).trim_start();
        let value = rest.strip_prefix([':', '='])?.trim_start();
        let start = line.len() - value.len();
        let len = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].find(quote).map(|end| end + 2),
            _ => value.find([',', '}']),
        };
        Some(start..start + len.unwrap_or(value.len()))
    })
    .filter(|value| !line[value.clone()].trim_matches(['"', '\'']).starts_with("${"))
    .collect()
}

/// Whether a line belongs to the block of text of a secret's key.
fn is_in_secret_block(source: &str, number: usize) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = source.lines().take(number).collect();
    let Some((line, before)) = lines.split_last() else { return false };
    let owner = before.iter().rev().find(|l| !l.trim().is_empty() && indent(l) < indent(line));
    owner.is_some_and(|l| secret_values(l).into_iter().any(|value| l[value].starts_with(['|', '>'])))
}

/// A line as it may be shown: the values of secrets, users in URLs, and what looks like a token are starred out.
fn mask(line: &str) -> String {
    let mut hidden = secret_values(line);
    hidden.extend(line.find("://").and_then(|at| Some(at + 3..at + 3 + line[at + 3..].find('@')?)));
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '=');
    let mut start = 0;
    for word in line.split(|c: char| !is_part(c)) {
        let has = |test: fn(&u8) -> bool| word.bytes().any(|b| test(&b));
        if word.len() >= 20 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) {
            hidden.push(start..start + word.len());
        }
        start += word.len() + line[start + word.len()..].chars().next().map_or(0, char::len_utf8);
    }
    line.char_indices().map(|(at, c)| if hidden.iter().any(|range| range.contains(&at)) { '*' } else { c }).collect()
}
