//! What a scan looked at, as precisely as its report says: a VEX statement holds for one image, version or BOM.

use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;

/// What was scanned: an image or an application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Artifact {
    /// Names: image references with tag or digest (`reg.example/shop:1.2`), package URLs, an application's name.
    pub names: Vec<String>,
    /// The application's version.
    pub version: Option<String>,
    /// Digests of the image: of its index, manifest and configuration (`sha256:…`).
    pub digests: Vec<String>,
    /// The image's architecture, as `amd64`.
    pub architecture: Option<String>,
    /// The names that other documents know it by; its link's reference is the BOM's main component.
    pub ids: ComponentIds,
    /// Which package needs which, where the report says.
    pub dependencies: Dependencies,
}

/// Names of a component beside its package URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComponentIds {
    /// Its place in a CycloneDX document that has a serial number.
    pub bom_link: Option<BomLink>,
    /// CPE names, of either binding.
    pub cpes: Vec<String>,
    /// Hashes in hexadecimal digits.
    pub hashes: Vec<String>,
}

/// `urn:cdx:serial/version#bom-ref`, see <https://cyclonedx.org/capabilities/bomlink/>.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BomLink {
    /// The document's serial number, without `urn:uuid:`, in lower case.
    pub serial: String,
    /// The document's version.
    pub version: String,
    /// The component in it, decoded; absent for the whole document.
    pub reference: Option<String>,
}

impl BomLink {
    /// The link to a document's component; `None` for a document without a serial number.
    #[must_use]
    pub fn new(serial: &str, version: &str, reference: Option<&str>) -> Option<Self> {
        let serial = serial.trim().trim_start_matches("urn:uuid:").to_ascii_lowercase();
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let reference = reference.filter(|reference| !reference.is_empty()).map(decoded);
        (!serial.is_empty()).then(|| Self { serial, version: version.to_owned(), reference })
    }

    /// Parses a link; `None` where the text is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("urn:cdx:")?;
        let (document, reference) = rest.split_once('#').map_or((rest, None), |(head, tail)| (head, Some(tail)));
        let (serial, version) = document.split_once('/')?;
        Self::new(serial, version, reference)
    }

    /// Whether both are about the same document.
    #[must_use]
    pub fn is_same_bom(&self, other: &Self) -> bool {
        (&self.serial, &self.version) == (&other.serial, &other.version)
    }
}

/// Which package of a report needs which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Package URLs by the report's own ids.
    pub purls: HashMap<String, String>,
    /// What each package needs, by id.
    pub needs: HashMap<String, Vec<String>>,
}

impl Dependencies {
    /// Whether every way from the top to a package leads through one of which `is_passage` holds. `false` where the
    /// package cannot be reached at all: nothing is known of its ways then.
    #[must_use]
    pub fn leads_only_through(&self, package: &str, is_passage: &dyn Fn(&str) -> bool) -> bool {
        let is_purl = |id: &&str, purl: &str| self.purls.get(*id).is_some_and(|known| known == purl);
        let reaches = |blocked: &dyn Fn(&str) -> bool| {
            let mut open: Vec<&str> = self.top();
            let mut seen: HashSet<&str> = HashSet::new();
            while let Some(id) = open.pop() {
                if !seen.insert(id) || self.purls.get(id).is_some_and(|purl| blocked(purl)) {
                    continue;
                }
                if is_purl(&id, package) {
                    return true;
                }
                open.extend(self.needs.get(id).into_iter().flatten().map(String::as_str));
            }
            false
        };
        reaches(&|_| false) && !reaches(is_passage)
    }

    /// Those that no other package needs.
    fn top(&self) -> Vec<&str> {
        let needed: HashSet<&String> = self.needs.values().flatten().collect();
        self.purls.keys().chain(self.needs.keys()).filter(|id| !needed.contains(id)).map(String::as_str).collect()
    }
}

/// Tag and digest of an image reference.
#[must_use]
pub fn tag_and_digest(image: &str) -> (Option<&str>, Option<&str>) {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let last = name.rsplit('/').next().unwrap_or_default();
    let tag = last.split_once(':').map(|(_, tag)| tag).filter(|tag| !tag.is_empty());
    (tag, digest.filter(|digest| digest.contains(':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_digests_are_told_from_ports() {
        assert_eq!(tag_and_digest("localhost:5000/shop"), (None, None));
        assert_eq!(tag_and_digest("localhost:5000/shop:1.2@sha256:aa"), (Some("1.2"), Some("sha256:aa")));
        assert_eq!(tag_and_digest("debian@sha256:aa"), (None, Some("sha256:aa")));
    }

    #[test]
    fn a_bom_link_names_document_version_and_component() {
        let link = BomLink::parse("urn:cdx:AB-1/2#pkg:npm/%40a/b@1");
        assert_eq!(link, BomLink::new("urn:uuid:ab-1", "2", Some("pkg:npm/@a/b@1")));
        assert_eq!(BomLink::parse("urn:cdx:ab-1/2").and_then(|link| link.reference), None);
        assert_eq!((BomLink::parse("urn:uuid:ab-1"), BomLink::parse("pkg:npm/a@1")), (None, None));
        assert_eq!(BomLink::new("", "1", Some("a")), None, "a document without a serial number cannot be linked to");
    }

    fn graph(needs: &[(&str, &[&str])]) -> Dependencies {
        let text = |id: &&str| (*id).to_owned();
        Dependencies {
            purls: needs.iter().map(|(id, _)| (text(id), format!("pkg:golang/{id}"))).collect(),
            needs: needs.iter().map(|(id, all)| (text(id), all.iter().map(text).collect())).collect(),
        }
    }

    #[test]
    fn a_passage_is_what_every_way_leads_through() {
        let through = |graph: &Dependencies, passage: &str| {
            graph.leads_only_through("pkg:golang/c", &|purl| purl == format!("pkg:golang/{passage}"))
        };
        let single = graph(&[("a", &["b"]), ("b", &["c"]), ("c", &[])]);
        assert!(through(&single, "b") && through(&single, "a") && !through(&single, "other"));
        let double = graph(&[("a", &["b", "d"]), ("b", &["c"]), ("d", &["c"]), ("c", &[])]);
        assert!(through(&double, "a") && !through(&double, "b"));
        let circle = graph(&[("b", &["c"]), ("c", &["b"])]);
        assert!(!through(&circle, "b"), "nothing leads into a circle");
    }
}
