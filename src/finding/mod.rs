//! A finding: one weakness at one place, in the words of the field, whatever scanner said it.
//!
//! This module knows nothing else of ours; every other module speaks in its types.

mod artifact;
mod cvss;
mod facts;
mod fold;
pub mod identifiers;
mod identity;
mod key;
mod location;
pub(crate) mod observation;
pub mod purl;
mod scan;
mod severity;
mod status;
mod versions;

pub use artifact::{Artifact, BomLink, ComponentIds, Dependencies, tag_and_digest};
pub use cvss::base_score;
pub use facts::{Epss, Facts, KnownExploited};
pub use fold::{fold_code, fold_url, image_name, sketch};
pub use identity::{Evidence, Fingerprint, Snippet, assign_keys};
pub use key::{Digest, Key, ParseKeyError, digest};
pub use location::{Location, bare_url, login, without_login};
pub use observation::{Id, LocationEvidence, Observation, Sighting, sightings};
pub use scan::{Origin, READS, Run, Scan, Scope, Source, without_matrix_part};
pub use severity::{ParseSeverityError, Severity};
pub use status::{DecidedBy, Kind, ParseKindError, ParseStatusError, Status};
pub use versions::Versions;

use serde::Serialize;

/// One weakness at one place.
///
/// Readers fill in everything but [`Finding::keys`]; [`assign_keys`] adds those for a whole scan.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Finding {
    /// What names this finding over time and across scanners: one key, or one for each CVE that it speaks for or each
    /// place that it has, the canonical one first.
    #[serde(skip)]
    pub keys: Vec<Key>,
    /// One line for people. Untrusted text.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// What the report itself says of its state (suppressions make it other than Active).
    pub status: Status,
    /// What decides how identity is built.
    pub kind: Kind,
    /// The scanner's rule or check id, or the vulnerability's id.
    pub rule: Option<String>,
    /// Public identifiers: CVE, GHSA, CWE …, as their databases write them, without duplicates, the canonical one first.
    pub identifiers: Vec<String>,
    /// The main place.
    pub location: Location,
    /// Further places of the same finding.
    pub locations: Vec<Location>,
    /// The package that is vulnerable, for findings of kind dependency.
    pub component: Option<Component>,
    /// Names of the package beside its package URL.
    #[serde(skip)]
    pub component_ids: ComponentIds,
    /// How to get rid of it.
    pub fix: Option<Fix>,
    /// CVSS scores, the one that counts first.
    pub cvss: Vec<Cvss>,
    /// What else helps to decide: exploits, reachability, confidence.
    #[serde(skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
    /// Links to read on. Untrusted.
    pub references: Vec<String>,
    /// Why it matters, as plain text or Markdown. Untrusted.
    pub description: Option<String>,
    /// Why the report says that it is not Active (suppression justification, VEX detail).
    pub justification: Option<String>,
    /// The day it was first seen, as the report writes it (RFC 3339 or a plain date).
    pub first_seen: Option<String>,
    /// Free words from the scanner.
    pub tags: Vec<String>,
    /// What identity is built from; never printed as it is.
    #[serde(skip)]
    pub evidence: Evidence,
    /// The secret's values, while a report is read; never printed, and nothing of them is kept.
    #[serde(skip)]
    pub secrets: Secrets,
}

/// Values of found secrets. They print as nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(pub Vec<String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Finding {
    /// The canonical key, once [`assign_keys`] has run.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        self.keys.first()
    }
}

/// A software package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Component {
    /// Package URL with version, see <https://github.com/package-url/purl-spec>.
    pub purl: Option<String>,
    /// The name as its ecosystem writes it.
    pub name: String,
    /// The version that was found.
    pub version: Option<String>,
}

/// How to get rid of a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// The first version without it.
    pub version: Option<String>,
    /// What to do, in words. Untrusted.
    pub text: Option<String>,
}

/// One CVSS rating, see <https://www.first.org/cvss/>.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Cvss {
    /// The vector string.
    pub vector: Option<String>,
    /// The base score, 0.0 to 10.0.
    pub score: Option<f64>,
}
