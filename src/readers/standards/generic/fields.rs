//! The fields of a generic finding: their names in JSON, and the CSV columns that mean them.

use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::readers::standards::lenient::{Flag, Number, Text, Texts};

/// The fields in JSON: DefectDojo's, then ours.
/// <https://docs.defectdojo.com/supported_tools/parsers/generic_findings_import/>
pub(super) const FIELDS: &[&str] = &[
    "title",
    "description",
    "severity",
    "active",
    "component_name",
    "component_version",
    "cve",
    "cvssv3",
    "cvssv3_score",
    "cvssv4",
    "cvssv4_score",
    "cwe",
    "cwes",
    "date",
    "duplicate",
    "dynamic_finding",
    "effort_for_fixing",
    "endpoints",
    "epss_percentile",
    "epss_score",
    "false_p",
    "file_path",
    "files",
    "fix_available",
    "fix_version",
    "impact",
    "is_mitigated",
    "kev_date",
    "known_exploited",
    "line",
    "locations",
    "mitigated",
    "mitigation",
    "nb_occurences",
    "numerical_severity",
    "out_of_scope",
    "param",
    "payload",
    "planned_remediation_date",
    "planned_remediation_version",
    "publish_date",
    "ransomware_used",
    "references",
    "risk_accepted",
    "sast_sink_object",
    "sast_source_file_path",
    "sast_source_line",
    "sast_source_object",
    "scanner_confidence",
    "service",
    "severity_justification",
    "static_finding",
    "steps_to_reproduce",
    "tags",
    "thread_id",
    "under_review",
    "unique_id_from_tool",
    "verified",
    "vuln_id_from_tool",
    "vulnerability_ids",
    // Ours: what decides how identity is built, and the package URL.
    "component_purl",
    "kind",
];

/// CSV columns by the fields that they mean; other columns may carry a field's own name.
const COLUMNS: &[(&str, &str)] = &[
    ("cweid", "cwe"),
    ("cweids", "cwes"),
    ("falsepositive", "false_p"),
    ("ismitigated", "is_mitigated"),
    ("mitigateddate", "mitigated"),
    ("url", "endpoints"),
    ("vulnerabilityid", "vulnerability_ids"),
];

/// The field that a CSV column means: `False Positive`, `FalsePositive` and `false_positive` are one.
pub(super) fn of_column(column: &str) -> Option<&'static str> {
    let fold = |name: &str| name.replace([' ', '_', '-'], "").to_lowercase();
    let column = fold(column);
    let special = COLUMNS.iter().find(|(name, _)| *name == column).map(|(_, field)| *field);
    special.or_else(|| FIELDS.iter().copied().find(|field| fold(field) == column))
}

/// One finding as written.
pub(super) struct Fields<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        Text::deserialize(self.get(name)?).ok()?.owned()
    }

    pub(super) fn number(&self, name: &str) -> Number {
        self.get(name).and_then(|value| Number::deserialize(value).ok()).unwrap_or_default()
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        Flag::deserialize(self.get(name)?).ok()?.0
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.flag(name) == Some(true)
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let texts = self.get(name).and_then(|value| Texts::deserialize(value).ok()).unwrap_or_default();
        texts.iter().map(str::to_owned).collect()
    }
}

/// A field that there is not, and one that is close to it.
pub(super) fn unknown(fields: &Map<String, Value>) -> Option<(&str, Option<&'static str>)> {
    let name = fields.keys().find(|name| !FIELDS.contains(&name.as_str()))?;
    let nearest = FIELDS.iter().map(|field| (strsim::jaro_winkler(field, name), *field));
    let nearest = nearest.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(likeness, _)| *likeness > 0.85);
    Some((name, nearest.map(|(_, field)| field)))
}
