//! The parts of GitLab's security reports that we read, schemas 14 and 15.
//! <https://gitlab.com/gitlab-org/security-products/security-report-schemas>

use serde::Deserialize;

use crate::readers::standards::lenient::{List, Number, Object, Text};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Report<'a> {
    #[serde(borrow)]
    pub(super) scan: Object<ScanInfo<'a>>,
    #[serde(borrow)]
    pub(super) vulnerabilities: Option<List<Object<Vulnerability<'a>>>>,
    #[serde(borrow)]
    pub(super) remediations: List<Object<Remediation<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ScanInfo<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) scanner: Object<Named<'a>>,
    #[serde(borrow)]
    pub(super) analyzer: Object<Named<'a>>,
    #[serde(borrow)]
    pub(super) messages: List<Object<Note<'a>>>,
    #[serde(borrow)]
    pub(super) partial_scan: Object<Partial<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Note<'a> {
    #[serde(borrow)]
    pub(super) level: Text<'a>,
    #[serde(borrow)]
    pub(super) value: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Partial<'a> {
    #[serde(borrow)]
    pub(super) mode: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) category: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    /// Until schema 14: the analyzer's own key of the finding, not a CVE.
    #[serde(borrow)]
    pub(super) cve: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) solution: Text<'a>,
    #[serde(borrow)]
    pub(super) scanner: Object<Named<'a>>,
    #[serde(borrow)]
    pub(super) location: Object<Location<'a>>,
    #[serde(borrow)]
    pub(super) identifiers: List<Object<Identifier<'a>>>,
    #[serde(borrow)]
    pub(super) links: List<Object<Link<'a>>>,
    #[serde(borrow)]
    pub(super) tracking: Object<Tracking<'a>>,
    #[serde(borrow)]
    pub(super) flags: List<Object<Flagged<'a>>>,
    #[serde(borrow)]
    pub(super) cvss_vectors: List<Object<Vector<'a>>>,
    #[serde(borrow)]
    pub(super) evidence: Object<Evidence<'a>>,
    #[serde(borrow)]
    pub(super) raw_source_code_extract: Text<'a>,
    #[serde(borrow)]
    pub(super) discovered_at: Text<'a>,
}

/// One struct for the places of all report types; each fills in its own.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Location<'a> {
    #[serde(borrow)]
    pub(super) file: Text<'a>,
    pub(super) start_line: Number,
    pub(super) end_line: Number,
    #[serde(borrow)]
    pub(super) class: Text<'a>,
    #[serde(borrow)]
    pub(super) method: Text<'a>,
    #[serde(borrow)]
    pub(super) dependency: Object<Dependency<'a>>,
    #[serde(borrow)]
    pub(super) operating_system: Text<'a>,
    #[serde(borrow)]
    pub(super) image: Text<'a>,
    #[serde(borrow)]
    pub(super) kubernetes_resource: Object<Resource<'a>>,
    #[serde(borrow)]
    pub(super) hostname: Text<'a>,
    #[serde(borrow)]
    pub(super) path: Text<'a>,
    #[serde(borrow)]
    pub(super) param: Text<'a>,
    #[serde(borrow)]
    pub(super) crash_state: Text<'a>,
    #[serde(borrow)]
    pub(super) crash_type: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Dependency<'a> {
    #[serde(borrow)]
    pub(super) package: Object<Named<'a>>,
    #[serde(borrow)]
    pub(super) version: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Resource<'a> {
    #[serde(borrow)]
    pub(super) namespace: Text<'a>,
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) container_name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Identifier<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) value: Text<'a>,
    #[serde(borrow)]
    pub(super) url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Link<'a> {
    #[serde(borrow)]
    pub(super) url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Tracking<'a> {
    #[serde(borrow)]
    pub(super) items: List<Object<TrackedItem<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct TrackedItem<'a> {
    #[serde(borrow)]
    pub(super) file: Text<'a>,
    #[serde(borrow)]
    pub(super) signatures: List<Object<Signature<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Signature<'a> {
    #[serde(borrow)]
    pub(super) algorithm: Text<'a>,
    #[serde(borrow)]
    pub(super) value: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Flagged<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Vector<'a> {
    #[serde(borrow)]
    pub(super) vector: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Evidence<'a> {
    #[serde(borrow)]
    pub(super) summary: Text<'a>,
    #[serde(borrow)]
    pub(super) request: Object<Request<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Request<'a> {
    #[serde(borrow)]
    pub(super) method: Text<'a>,
    #[serde(borrow)]
    pub(super) url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Remediation<'a> {
    #[serde(borrow)]
    pub(super) fixes: List<Object<Fixed<'a>>>,
    #[serde(borrow)]
    pub(super) summary: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Fixed<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) cve: Text<'a>,
}
