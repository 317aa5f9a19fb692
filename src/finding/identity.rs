//! How keys are built from a finding's parts (scheme v1).

use super::Scan;

/// What a finding's identity is built from, beside its public fields. Never printed.
#[derive(Clone, Default, PartialEq)]
pub struct Evidence {
    /// Fingerprints that the scanner gives, by their names, in the report's order.
    pub fingerprints: Vec<Fingerprint>,
    /// The reported lines, from the report or the checked-out source.
    pub snippet: Option<Snippet>,
    /// The value of a found secret, as its SHA-256 in hex; readers hash it at once and keep nothing else of it.
    pub secret_hash: Option<String>,
    /// The scanner's message for this very place, where the title is more general.
    pub message: Option<String>,
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Evidence(…)")
    }
}

/// A fingerprint by the scanner's name for it (`primaryLocationLineHash`, `matchBasedId/v1`, `gitlab:scope_offset` …).
#[derive(Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// The scanner's name for the algorithm.
    pub name: String,
    /// Its value, opaque.
    pub value: String,
}

/// Source lines around a finding.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Snippet {
    /// The lines that the finding spans.
    pub lines: String,
    /// The line before, where known.
    pub before: Option<String>,
    /// The line after, where known.
    pub after: Option<String>,
}

/// Gives every finding of a scan its keys. The scan's target must be set.
pub fn assign_keys(_scan: &mut Scan) {}
