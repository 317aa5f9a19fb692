//! From the file's bytes to what is written, and on to what is trusted.

use std::path::Path;

use serde_yaml::Error as YamlError;

use super::context::Given;
use super::error::quote;
use super::raw::File;
use super::raw::spanned::Place;
use super::raw::{json_schema::schema, schema_check};
use super::validate::Checker;
use super::{Config, Error, Problem, ProblemKind, Problems};

/// Longest mapping file, in bytes.
const MAX_FILE: usize = 4 << 20;

impl Config {
    /// Reads and checks a mapping file.
    ///
    /// # Errors
    /// Where the file cannot be read, or with everything that is wrong with it.
    pub fn load(path: &Path, given: Given<'_>) -> Result<Self, Error> {
        let bytes = crate::disk::read(path, MAX_FILE as u64 + 1)
            .map_err(|source| Error::Read { path: path.to_owned(), source })?;
        Self::parse(&bytes, &path.display().to_string(), given)
    }

    /// Checks a mapping file's content; `name` is the file's, for messages.
    ///
    /// # Errors
    /// With everything that is wrong with it: its YAML, else its structure, else its values.
    pub fn parse(bytes: &[u8], name: &str, given: Given<'_>) -> Result<Self, Error> {
        let invalid = |problems| Error::Invalid(Problems { file: name.to_owned(), problems });
        let source = text(bytes).map_err(|problem| invalid(vec![problem]))?;
        let file = written(source).map_err(invalid)?;
        let mut checker = Checker::new(source, name, given);
        let config = checker.config(&file);
        checker.finish().map_err(invalid)?;
        Ok(config)
    }
}

fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let refuse =
        |place, what: &str, help: &str| Problem::new("", ProblemKind::Yaml, place, what.to_owned(), help.to_owned());
    let start = Place { line: 1, column: 1, len: 1 };
    if bytes.len() > MAX_FILE {
        return Err(refuse(start, "the mapping file is larger than 4 MiB", "is this the right file?"));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes[..e.valid_up_to()].iter().filter(|&&b| b == b'\n').count() + 1;
        refuse(Place { line, ..start }, "the mapping file is not UTF-8 text", "save it as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn written(source: &str) -> Result<File, Vec<Problem>> {
    if source.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(File::default());
    }
    let options = serde_yaml::options! {
        with_snippet: false,
        emit_comments: false,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        budget: serde_yaml::budget! { max_depth: 24, max_nodes: 200_000 },
    };
    serde_yaml::from_str_with_options(source, options.clone()).map_err(|first| {
        let node = match serde_yaml::from_str_with_options(source, options) {
            Ok(node) => node,
            Err(not_yaml) => return vec![explain(source, &not_yaml)],
        };
        let problems = schema_check::check(source, &node, &schema());
        if problems.is_empty() { vec![explain(source, &first)] } else { problems }
    })
}

/// The YAML crate's error in our words: it never repeats a value, as that might be a secret.
fn explain(source: &str, error: &YamlError) -> Problem {
    let error = match error.without_snippet() {
        YamlError::AliasError { error, .. } => error.without_snippet(),
        other => other,
    };
    let place = error.location().map_or(Place { line: 1, column: 1, len: 1 }, Place::from);
    let (kind, message, help) = match error {
        YamlError::DuplicateMappingKey { key, .. } => (
            ProblemKind::DuplicateKey,
            format!("the key `{}` is a duplicate", quote(key.as_deref().unwrap_or("?"))),
            "keep one of the two".to_owned(),
        ),
        YamlError::SerdeInvalidType { .. } | YamlError::SerdeInvalidValue { .. } | YamlError::Unexpected { .. } => (
            ProblemKind::WrongType,
            "this is not what the key takes".to_owned(),
            "docs/mapping-file.md shows each key in use".to_owned(),
        ),
        YamlError::MultipleDocuments { .. } => {
            let help = "keep one, and remove the line `---`".to_owned();
            (ProblemKind::Yaml, "a second YAML document begins here".to_owned(), help)
        }
        YamlError::Budget { .. } | YamlError::AliasReplayLimitExceeded { .. } => {
            let help = "a mapping file is small and flat: is this the right file?".to_owned();
            (ProblemKind::Yaml, "the file is too deep or too large".to_owned(), help)
        }
        other => {
            let message = other.to_string();
            let message = message.lines().next().and_then(|line| line.split(" at line ").next()).unwrap_or_default();
            let help = "quote text that holds `:`, `#`, `{`, `[`, `*` or `&`, and indent with spaces".to_owned();
            (ProblemKind::Yaml, format!("not valid YAML: {}", quote(message)), help)
        }
    };
    Problem::new(source, kind, place, message, help)
}
