//! What tools put where in SARIF, which has no place for packages, kinds of weaknesses and files that were not parsed:
//! as data, a file for each tool in `scanners/sarif`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::template::Template;
use crate::finding::{Kind, Severity};
use crate::readers::ReadError;
use crate::readers::detect::registry::unpack;

/// The files of `scanners/sarif`, as `build.rs` packs them.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sarif_tools"));

/// What is known of a tool's SARIF.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tool {
    /// Name for people.
    pub(super) title: String,
    /// Names of drivers, in lower case; a name may go on after a space or bracket.
    pub(super) drivers: Vec<String>,
    /// The kind of its findings.
    pub(super) kind: Option<Kind>,
    /// Kinds by the beginning of a rule's id.
    pub(super) rule_kinds: BTreeMap<String, Kind>,
    /// Kinds by a rule's name.
    pub(super) rule_names: BTreeMap<String, Kind>,
    /// Rules that say that a file could not be parsed: it was not examined, and there is no finding. `*` at the end stands
    /// for any end.
    pub(super) unparsed_rules: Vec<String>,
    /// What its levels mean, where that is not what SARIF says.
    pub(super) levels: BTreeMap<String, Severity>,
    /// Severities by the beginning of a rule's id, the longest first; an empty one is for all others.
    pub(super) rule_severities: BTreeMap<String, Severity>,
    /// What its rules' ids begin with here, and nowhere else.
    pub(super) rule_prefix: String,
    /// Whether another of its formats names the resource that a finding is about: here the lines tell it.
    pub(super) lines_name_resources: bool,
    /// Whether rules of the repository are called by their path on the machine, with dots.
    pub(super) rule_ids_are_paths: bool,
    /// Identifiers of all its findings.
    pub(super) identifiers: Vec<String>,
    /// Whether a rule's tags are other ids of its vulnerability.
    pub(super) tags_are_ids: bool,
    /// The ecosystem of its packages.
    pub(super) ecosystem: Option<String>,
    /// How its messages and its rules' help are written.
    pub(super) texts: Vec<Template>,
    /// Fingerprints that say something: `id` or `package`.
    pub(super) fingerprints: BTreeMap<String, String>,
    /// Fingerprints that change with lines, commits or days.
    pub(super) ignored_fingerprints: Vec<String>,
    /// What it writes for a path where there is none.
    pub(super) no_paths: Vec<String>,
    /// Whether the place of a finding is the image that was scanned.
    pub(super) places_are_images: bool,
    /// How notifications name a file.
    pub(super) notification_paths: Vec<Template>,
    /// What notifications say of a file that was not examined, at any level.
    pub(super) unexamined_words: Vec<String>,
    /// Whether a run is called unsuccessful because of files that it could not parse, and has examined all others.
    pub(super) parse_errors_fail_runs: bool,
    /// What notifications say of a rule that was not looked for.
    pub(super) unrun_words: Vec<String>,
}

impl Tool {
    /// How well a driver's name is this tool's: the length of what they share.
    fn fits(&self, driver: &str) -> Option<usize> {
        let fits = |name: &&String| {
            let rest = driver.strip_prefix(name.as_str());
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')))
        };
        self.drivers.iter().filter(fits).map(String::len).max()
    }

    /// Whether a rule says that a file could not be parsed.
    pub(super) fn is_unparsed(&self, rule: &str) -> bool {
        self.unparsed_rules.iter().any(|wanted| match wanted.strip_suffix('*') {
            Some(start) => rule.starts_with(start),
            None => rule == wanted,
        })
    }

    /// The kind that a rule's id or name tells.
    pub(super) fn rule_kind(&self, id: &str, name: Option<&str>) -> Option<Kind> {
        let by_id = self.rule_kinds.iter().find(|(start, _)| id.starts_with(start.as_str()));
        let by_id = by_id.map(|(_, kind)| *kind);
        by_id.or_else(|| self.rule_names.get(name?).copied())
    }

    /// The severity that a rule's id tells.
    pub(super) fn rule_severity(&self, id: &str) -> Option<Severity> {
        let starts = self.rule_severities.iter().filter(|(start, _)| id.starts_with(start.as_str()));
        starts.max_by_key(|(start, _)| start.len()).map(|(_, severity)| *severity)
    }
}

fn all() -> Result<Vec<Tool>, ReadError> {
    let parse = |(file, yaml): (String, String)| {
        serde_yaml::from_str(&yaml)
            .map_err(|error| ReadError::Definition { definition: format!("sarif/{file}"), detail: error.to_string() })
    };
    unpack(PACKED)?.into_iter().map(parse).collect()
}

/// What is known of the tool with a driver's name.
pub(super) fn find(driver: &str) -> Result<&'static Tool, ReadError> {
    static TOOLS: OnceLock<(Vec<Tool>, Tool)> = OnceLock::new();
    let (tools, unknown) = match TOOLS.get() {
        Some(known) => known,
        None => {
            let known = all()?;
            TOOLS.get_or_init(|| (known, Tool::default()))
        }
    };
    let driver = driver.trim().to_lowercase();
    let fitting = tools.iter().filter_map(|tool| Some((tool.fits(&driver)?, tool)));
    Ok(fitting.max_by_key(|(length, _)| *length).map_or(unknown, |(_, tool)| tool))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_are_known_by_whole_names() {
        for (driver, title) in [
            ("Grype", "Grype"),
            ("npm-groovy-lint", "npm-groovy-lint"),
            ("npm audit", "Package scanners"),
            ("Semgrep OSS", "Semgrep"),
            ("Snyk Container", "Snyk"),
            ("Snyk IaC", "Snyk Infrastructure as Code"),
            ("Prisma Cloud (twistcli)", "Prisma Cloud (twistcli)"),
            ("zapper", ""),
            ("CodeQL", ""),
        ] {
            assert_eq!(find(driver).map(|tool| tool.title.as_str()).unwrap_or("broken"), title, "{driver}");
        }
    }
}
