//! The findings as machines read them: the promise of `findsync findings --format json`.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::VERSION;
use crate::finding::{Component, Cvss, Facts, Finding, Fix, Kind, Location, Scan, Severity, Status};

/// Everything that the reports say.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "findsync findings", description = "What `findsync findings` prints with `--format json`.")]
pub struct FindingsView<'a> {
    /// The version of this format.
    pub version: u8,
    /// The scans, in the order of the reports.
    pub scans: Vec<ScanView<'a>>,
}

/// What one report says one scanner found on one target.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ScanView<'a> {
    /// The name of the reader that read it.
    pub reader: &'a str,
    /// The scanner's name.
    pub scanner: &'a str,
    /// What was scanned.
    pub target: &'a str,
    /// The report's path as given.
    pub report: &'a str,
    /// Whether what is absent from the scan may count as gone.
    pub complete: bool,
    /// Why the scan itself says that it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<&'a str>,
    /// Files that the scan could not examine (a folder ends with a slash): what is absent from them is not gone.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub unexamined: &'a [String],
    /// What it found.
    #[schemars(with = "Vec<FindingView<'a>>")]
    pub findings: FindingList<'a>,
}

/// Findings of which each becomes a view when it is looked at: views of all of them would take as much memory again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FindingList<'a>(&'a [Finding]);

impl<'a> FindingList<'a> {
    /// How many there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Their views.
    pub fn iter(self) -> impl Iterator<Item = FindingView<'a>> {
        self.0.iter().map(FindingView::from)
    }
}

impl Serialize for FindingList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FindingView<'a> {
    /// The canonical key.
    pub key: Option<String>,
    /// One line for people.
    pub title: &'a str,
    /// How bad it is.
    pub severity: Severity,
    /// What the report says of its state.
    pub status: Status,
    /// What sort of weakness it is.
    pub kind: Kind,
    /// The scanner's rule, or the vulnerability's id.
    pub rule: Option<&'a str>,
    /// Public identifiers, the canonical one first.
    pub identifiers: &'a [String],
    /// The main place.
    pub location: LocationView<'a>,
    /// Further places.
    pub locations: Vec<LocationView<'a>>,
    /// The vulnerable package.
    pub component: Option<ComponentView<'a>>,
    /// How to get rid of it.
    pub fix: Option<FixView<'a>>,
    /// CVSS ratings, the one that counts first.
    pub cvss: Vec<CvssView<'a>>,
    /// What else helps to decide: exploits, reachability, confidence. What is absent is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<&'a Facts>,
    /// Links to read on.
    pub references: &'a [String],
    /// Why it matters.
    pub description: Option<&'a str>,
    /// Why the report says that it is not Active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub justification: Option<&'a str>,
    /// The day it was first seen.
    pub first_seen: Option<&'a str>,
    /// Free words from the scanner.
    pub tags: &'a [String],
}

/// One place.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LocationView<'a> {
    /// Path with forward slashes.
    pub path: Option<&'a str>,
    /// First line, from 1.
    pub start_line: Option<u32>,
    /// Last line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
    /// The address.
    pub url: Option<&'a str>,
    /// HTTP method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'a str>,
    /// The parameter, header or cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<&'a str>,
    /// The resource, or the function in code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<&'a str>,
    /// The container image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<&'a str>,
}

/// A package.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ComponentView<'a> {
    /// Package URL with version.
    pub purl: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
    /// The version that was found.
    pub version: Option<&'a str>,
}

/// How to get rid of a finding.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FixView<'a> {
    /// The first version without it.
    pub version: Option<&'a str>,
    /// What to do, in words.
    pub text: Option<&'a str>,
}

/// One CVSS rating.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CvssView<'a> {
    /// The vector string.
    pub vector: Option<&'a str>,
    /// The base score.
    pub score: Option<f64>,
}

/// Makes the view of what was read.
#[must_use]
pub fn findings_view(scans: &[Scan]) -> FindingsView<'_> {
    FindingsView { version: VERSION, scans: scans.iter().map(ScanView::from).collect() }
}

impl<'a> From<&'a Scan> for ScanView<'a> {
    fn from(scan: &'a Scan) -> Self {
        Self {
            reader: &scan.reader,
            scanner: &scan.scanner,
            target: &scan.target,
            report: &scan.report,
            complete: scan.complete,
            failure: scan.failure.as_deref(),
            unexamined: &scan.unexamined,
            findings: FindingList(&scan.findings),
        }
    }
}

impl<'a> From<&'a Finding> for FindingView<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            key: finding.key().map(ToString::to_string),
            title: &finding.title,
            severity: finding.severity,
            status: finding.status,
            kind: finding.kind,
            rule: finding.rule.as_deref(),
            identifiers: &finding.identifiers,
            location: (&finding.location).into(),
            locations: finding.locations.iter().map(LocationView::from).collect(),
            component: finding.component.as_ref().map(ComponentView::from),
            fix: finding.fix.as_ref().map(FixView::from),
            cvss: finding.cvss.iter().map(CvssView::from).collect(),
            facts: (!finding.facts.is_empty()).then_some(&finding.facts),
            references: &finding.references,
            description: finding.description.as_deref(),
            justification: finding.justification.as_deref(),
            first_seen: finding.first_seen.as_deref(),
            tags: &finding.tags,
        }
    }
}

impl<'a> From<&'a Location> for LocationView<'a> {
    fn from(location: &'a Location) -> Self {
        Self {
            path: location.path.as_deref(),
            start_line: location.start_line,
            end_line: location.end_line,
            url: location.url.as_deref(),
            method: location.method.as_deref(),
            parameter: location.parameter.as_deref(),
            resource: location.resource.as_deref(),
            image: location.image.as_deref(),
        }
    }
}

impl<'a> From<&'a Component> for ComponentView<'a> {
    fn from(component: &'a Component) -> Self {
        Self { purl: component.purl.as_deref(), name: &component.name, version: component.version.as_deref() }
    }
}

impl<'a> From<&'a Fix> for FixView<'a> {
    fn from(fix: &'a Fix) -> Self {
        Self { version: fix.version.as_deref(), text: fix.text.as_deref() }
    }
}

impl<'a> From<&'a Cvss> for CvssView<'a> {
    fn from(cvss: &'a Cvss) -> Self {
        Self { vector: cvss.vector.as_deref(), score: cvss.score }
    }
}
