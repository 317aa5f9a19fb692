//! What a VEX document names, against what was found: packages, images, applications.

use super::agreement::Agreement;
use super::subject::Scanned;
use crate::finding::{Component, ComponentIds, Versions, image_name, purl, tag_and_digest};

/// How a document names a product or a part of one. Each name alone is enough; the versions hold for all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Package URLs, image references, or plain names.
    pub names: Vec<String>,
    /// The versions that are meant.
    pub versions: Versions,
    /// Further names. Where there is a BOM-Link it alone counts: what it refers to means nothing in other documents.
    pub ids: ComponentIds,
}

impl Identity {
    /// What a package URL or a name means, with the version in it.
    #[must_use]
    pub fn named(name: &str) -> Self {
        // The version of an image is its digest or tag, and part of the name.
        let version = purl::parts(name).filter(|parts| !IMAGES.contains(&parts.kind.as_str()));
        let versions = Versions::exact(version.and_then(|parts| parts.version).as_deref());
        Self { names: vec![name.to_owned()], versions, ids: ComponentIds::default() }
    }

    /// Whether it is a package that was found.
    pub(super) fn package(&self, component: &Component, ids: &ComponentIds) -> Agreement {
        let named = match &self.ids.bom_link {
            Some(link) => Agreement::of(ids.bom_link.as_ref() == Some(link)),
            None => {
                let names = self.names.iter().map(|name| package_name(name, component));
                Agreement::any(names.chain([self.cpe(ids), self.hash(ids)]))
            }
        };
        Agreement::all([named, self.version(component.version.as_deref())])
    }

    /// Whether it is the package of a package URL.
    pub(super) fn is_purl(&self, purl: &str) -> bool {
        let version = purl::parts(purl).and_then(|parts| parts.version);
        let component = Component { purl: Some(purl.to_owned()), version, ..Component::default() };
        self.package(&component, &ComponentIds::default()) == Agreement::Yes
    }

    /// Whether it is what was scanned; `has_part` where a part of it is named: then any package URL may mean it.
    pub(super) fn scanned(&self, scanned: &Scanned, has_part: bool) -> Agreement {
        let ids = &scanned.artifact.ids;
        let named = match &self.ids.bom_link {
            Some(link) => Agreement::of(ids.bom_link.as_ref().is_some_and(|bom| {
                bom.is_same_bom(link) && (link.reference.is_none() || link.reference == bom.reference)
            })),
            None => {
                let names = self.names.iter().map(|name| scanned_name(name, scanned, has_part));
                Agreement::any(names.chain([self.cpe(ids), self.hash(ids)]))
            }
        };
        let versions = scanned.versions();
        let version = match &versions[..] {
            [] => self.version(None),
            known => Agreement::any(known.iter().map(|version| self.version(Some(version)))),
        };
        Agreement::all([named, version])
    }

    fn version(&self, version: Option<&str>) -> Agreement {
        self.versions.contain(version).map_or(Agreement::Unknown, Agreement::of)
    }

    fn cpe(&self, ids: &ComponentIds) -> Agreement {
        let found = || ids.cpes.iter().filter_map(|cpe| Cpe::parse(cpe));
        let named = self.ids.cpes.iter().filter_map(|cpe| Cpe::parse(cpe));
        Agreement::any(named.flat_map(|named| found().map(move |found| named.means(&found))))
    }

    fn hash(&self, ids: &ComponentIds) -> Agreement {
        let is_known = |hash: &String| ids.hashes.iter().any(|known| known.eq_ignore_ascii_case(hash));
        Agreement::of(self.ids.hashes.iter().any(is_known))
    }
}

/// Types of package URLs that name an image.
const IMAGES: &[&str] = &["oci", "docker"];
/// Types of package URLs that name an image, a repository or an application.
const SCANNED: &[&str] = &["oci", "docker", "github", "gitlab", "bitbucket", "generic"];

/// Whether a name means a package, whatever its version.
fn package_name(name: &str, component: &Component) -> Agreement {
    let (Some(named), Some(parts)) = (purl::normalised(name), purl::parts(name)) else {
        return Agreement::of(component.name.eq_ignore_ascii_case(name));
    };
    let Some(found) = &component.purl else {
        // The report does not say of which ecosystem it is.
        let is_alike = component.name.eq_ignore_ascii_case(&parts.name);
        return if is_alike { Agreement::Unknown } else { Agreement::No };
    };
    if purl::normalised(found).as_ref() != Some(&named) {
        return Agreement::No;
    }
    let subpath = |purl: &str| purl.split_once('#').map(|(_, path)| path.trim_matches('/').to_owned());
    let same_path = subpath(name).is_none_or(|path| subpath(found).as_ref() == Some(&path));
    let qualifiers = purl::qualifiers(name);
    let agree = qualifiers.iter().map(|(key, value)| qualifier(&parts.kind, key, value, found));
    Agreement::all(agree.chain([Agreement::of(same_path)]))
}

/// Whether a package has the qualifier that a document names.
fn qualifier(kind: &str, key: &str, value: &str, found: &str) -> Agreement {
    let Some(known) = purl::qualifier(found, key) else {
        let is_default = (kind, key, value) == ("maven", "type", "jar");
        return if is_default { Agreement::Yes } else { Agreement::Unknown };
    };
    // `debian-12` is the distribution of which `debian-12.5` is a point release.
    let is_release = key == "distro" && known.strip_prefix(value).is_some_and(|rest| rest.starts_with('.'));
    Agreement::of(known == value || is_release)
}

/// Whether a name means what was scanned: an image or a project, also where it leaves out the registry. A package of
/// that name is another thing, unless it is what the report itself is about, or `has_part`.
fn scanned_name(name: &str, scanned: &Scanned, has_part: bool) -> Agreement {
    let known = scanned.names();
    let Some(parts) = purl::parts(name) else {
        if known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Agreement::Yes;
        }
        let is_same = known.iter().any(|known| known.eq_ignore_ascii_case(&image_name(name)));
        let (tag, digest) = if name.contains(char::is_whitespace) { (None, None) } else { tag_and_digest(name) };
        return Agreement::all([Agreement::of(is_same), scanned.is_tagged(tag, digest)]);
    };
    if scanned.purls().any(|purl| purl::normalised(purl) == purl::normalised(name)) && !is_image(&parts.kind) {
        return Agreement::Yes;
    }
    if !has_part && !SCANNED.contains(&parts.kind.as_str()) {
        return Agreement::No;
    }
    let (names, has_registry) = match purl::qualifier(name, "repository_url") {
        Some(url) => (vec![image_name(&format!("{url}/{}", parts.name)), image_name(&url)], true),
        None => (vec![parts.name.clone()], false),
    };
    let is_same = |name: &String| {
        let below = format!("/{}", name.to_lowercase());
        known.iter().any(|known| {
            known.eq_ignore_ascii_case(name) || !has_registry && known.to_lowercase().ends_with(below.as_str())
        })
    };
    let is_known = Agreement::of(names.iter().any(is_same));
    if !is_image(&parts.kind) {
        return is_known;
    }
    let is_digest = |version: &&str| version.contains(':');
    let version = parts.version.as_deref();
    let tag = purl::qualifier(name, "tag").or_else(|| version.filter(|text| !is_digest(text)).map(str::to_owned));
    let digest = version.filter(is_digest);
    let architecture = match (purl::qualifier(name, "arch"), &scanned.artifact.architecture) {
        (None, _) => Agreement::Yes,
        (Some(named), Some(known)) => Agreement::of(named == *known),
        // One digest is that of one architecture, or of an index of all.
        (Some(_), None) if digest.is_some() => Agreement::Yes,
        (Some(_), None) => Agreement::Unknown,
    };
    Agreement::all([is_known, scanned.is_tagged(tag.as_deref(), digest), architecture])
}

fn is_image(kind: &str) -> bool {
    IMAGES.contains(&kind)
}

/// Part, vendor, product and version of a CPE name. <https://nvlpubs.nist.gov/nistpubs/Legacy/IR/nistir7695.pdf>
struct Cpe {
    product: [String; 3],
    version: Option<String>,
}

impl Cpe {
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("cpe:2.3:").or_else(|| text.strip_prefix("cpe:/"))?;
        // A colon in a value is escaped.
        let rest = rest.replace("\\:", "\u{0}");
        let mut fields = rest.split(':').map(|field| field.replace('\\', "").replace('\u{0}', ":").to_lowercase());
        let product = [fields.next()?, fields.next()?, fields.next()?];
        let version = fields.next().filter(|version| !matches!(version.as_str(), "" | "*" | "-"));
        product.iter().all(|field| !field.is_empty() && field != "*").then_some(Self { product, version })
    }

    fn means(&self, found: &Self) -> Agreement {
        let version = match (&self.version, &found.version) {
            (None, _) => Agreement::Yes,
            (Some(_), None) => Agreement::Unknown,
            (Some(named), Some(found)) => Agreement::of(named == found),
        };
        Agreement::all([Agreement::of(self.product == found.product), version])
    }
}
