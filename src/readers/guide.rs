//! How a scanner's report is written and what is read of it, for `findsync scanners show` and docs/scanners.md. Standards
//! have files of their own for it, definitions say it themselves; their first comment is part of it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::detect::registry::{Origin, ReaderInfo, unpack};
use super::load::document;
use super::{Format, ReadError};
use crate::redact::without_values;

/// The files of `scanners/standards`, as `build.rs` packs them.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/standards"));

/// What users should know of a reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guide {
    /// Names, kind and homepage.
    #[serde(flatten)]
    pub reader: ReaderInfo,
    /// In what its reports are written.
    pub formats: Vec<Format>,
    /// How to write a report: commands, of which one is enough, or the way through a user interface.
    #[serde(flatten)]
    pub report: Report,
    /// What is read, and what is unusual about the format.
    pub reads: String,
    /// The same scanner's reports in standard formats: the standard's title and a command.
    pub standards: Vec<(String, String)>,
    /// Of a standard, the tools that write it and their commands.
    pub tools: Vec<(String, String)>,
}

/// How a scanner's report is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The exact commands, with what users fill in in capitals.
    pub commands: Vec<String>,
    /// The way through a user interface.
    pub export: Option<String>,
    /// The file's usual name.
    pub file: Option<String>,
    /// What is known to be missing.
    pub missing: Option<String>,
}

/// What is known of a standard's writers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Standard {
    #[serde(skip)]
    pub(super) name: String,
    #[serde(skip)]
    pub(super) reads: String,
    pub(super) file: String,
    #[serde(default)]
    pub(super) missing: Option<String>,
    /// Commands by the tool's name.
    pub(super) tools: BTreeMap<String, String>,
}

/// Names are compared in lower case, with underscores.
pub(super) fn folded(name: &str) -> String {
    name.trim().to_lowercase().replace(['-', ' '], "_")
}

impl Standard {
    /// The command of a tool.
    pub(super) fn command(&self, tool: &str) -> Option<&str> {
        let tool = folded(tool);
        self.tools.iter().find(|(name, _)| folded(name) == tool).map(|(_, command)| command.as_str())
    }
}

pub(super) fn standards() -> Result<&'static [Standard], ReadError> {
    static PARSED: OnceLock<Vec<Standard>> = OnceLock::new();
    if let Some(parsed) = PARSED.get() {
        return Ok(parsed);
    }
    let parse = |(file, yaml): (String, String)| -> Result<Standard, ReadError> {
        let wrong = |detail| ReadError::Definition { definition: format!("standards/{file}"), detail };
        let standard: Standard = document::parse_yaml(&yaml).map_err(|e| wrong(without_values(&e)))?;
        let name = file.trim_end_matches(".yml").to_owned();
        Ok(Standard { name, reads: first_comment(&yaml), ..standard })
    };
    let parsed = unpack(PACKED)?.into_iter().map(parse).collect::<Result<_, ReadError>>()?;
    Ok(PARSED.get_or_init(|| parsed))
}

/// The standard in which a tool of this name writes (`codeql`, `bandit-sarif`), and the tool.
pub(super) fn standard_of(name: &str) -> Result<Option<(&'static Standard, String)>, ReadError> {
    let name = folded(name);
    let all = standards()?;
    let by_suffix = all.iter().find_map(|standard| {
        let tool = name.strip_suffix(&standard.name)?.strip_suffix('_')?;
        Some((standard, tool.to_owned()))
    });
    Ok(by_suffix.or_else(|| all.iter().find(|standard| standard.command(&name).is_some()).map(|one| (one, name))))
}

/// The comment with which a file begins, as one paragraph.
pub(super) fn first_comment(yaml: &str) -> String {
    let lines = yaml.lines().map_while(|line| line.strip_prefix('#'));
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

impl Guide {
    /// The guide of a standard, or of one tool that writes it.
    pub(super) fn of_standard(reader: ReaderInfo, standard: &Standard, tool: Option<&str>) -> Self {
        let command = tool.and_then(|tool| standard.command(tool)).map(str::to_owned);
        let all = || standard.tools.iter().map(|(name, command)| (name.clone(), command.clone())).collect();
        let tools = if command.is_some() { Vec::new() } else { all() };
        let report = Report {
            commands: command.into_iter().collect(),
            export: None,
            file: Some(standard.file.clone()),
            missing: standard.missing.clone(),
        };
        Self { reader, formats: Vec::new(), report, reads: standard.reads.clone(), standards: Vec::new(), tools }
    }

    /// Whether it says how to write a report.
    #[must_use]
    pub fn has_command(&self) -> bool {
        !self.report.commands.is_empty()
            || self.report.export.is_some()
            || self.reader.source == Origin::Standard
            || !self.standards.is_empty()
    }
}
