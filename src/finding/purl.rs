//! Package URLs without what changes: version, qualifiers, subpath.
//!
//! Specification: <https://github.com/package-url/purl-spec>.

use percent_encoding::percent_decode_str;

use super::Component;

/// A package URL's parts, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The package's type, in lower case.
    pub kind: String,
    /// Namespace and name, with slashes between them.
    pub name: String,
    /// The version, where it says one.
    pub version: Option<String>,
}

/// The parts of a package URL; `None` where it is none.
#[must_use]
pub fn parts(purl: &str) -> Option<Parts> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let rest = purl.strip_prefix("pkg:")?.trim_start_matches('/');
    let (kind, name) = rest.split(['?', '#']).next()?.split_once('/')?;
    // The scope of an npm package may be written with a bare `@`: a version stands behind the last slash.
    let (name, version) = match name.rfind('@') {
        Some(at) if at > name.rfind('/').map_or(0, |slash| slash + 1) => (&name[..at], Some(&name[at + 1..])),
        _ => (name, None),
    };
    Some(Parts {
        kind: kind.to_ascii_lowercase(),
        name: decoded(name.trim_matches('/')),
        version: version.filter(|version| !version.is_empty()).map(decoded),
    })
}

/// A package URL's qualifiers (`?arch=amd64&distro=debian-12`), decoded.
#[must_use]
pub fn qualifiers(purl: &str) -> Vec<(&str, String)> {
    let qualifiers =
        purl.split('#').next().and_then(|purl| purl.split_once('?')).map_or("", |(_, qualifiers)| qualifiers);
    let pairs = qualifiers.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key, percent_decode_str(value).decode_utf8_lossy().into_owned())).collect()
}

/// The value of one of its qualifiers.
#[must_use]
pub fn qualifier(purl: &str, name: &str) -> Option<String> {
    qualifiers(purl).into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The component's package URL without version, in one spelling whatever scanner wrote it; without a package URL, its
/// name in lower case.
#[must_use]
pub fn without_version(component: &Component) -> String {
    component.purl.as_deref().and_then(normalised).unwrap_or_else(|| component.name.to_lowercase())
}

/// What names a component in keys: its package URL without version, but of a distribution's package the name alone. Where
/// a report has no package URL, nothing else of it is known, and an image is made of one distribution.
#[must_use]
pub(super) fn identity(component: &Component) -> String {
    match component.purl.as_deref().and_then(parts) {
        Some(Parts { kind, name, .. }) if is_distribution(&kind) => {
            name.rsplit('/').next().unwrap_or_default().to_lowercase()
        }
        _ => without_version(component),
    }
}

/// Whether a component is a package of an operating system's distribution.
#[must_use]
pub(super) fn is_of_distribution(component: &Component) -> bool {
    component.purl.as_deref().and_then(parts).is_some_and(|parts| is_distribution(&parts.kind))
}

fn is_distribution(kind: &str) -> bool {
    matches!(kind, "deb" | "apk" | "rpm" | "alpm" | "ebuild" | "opkg" | "portage")
}

/// A package URL without version, in one spelling.
#[must_use]
pub fn normalised(purl: &str) -> Option<String> {
    let Parts { kind, name, .. } = parts(purl)?;
    let name = match kind.as_str() {
        "pypi" => name.to_lowercase().replace(['_', '.'], "-"),
        "npm" | "github" | "bitbucket" | "composer" | "deb" | "apk" | "golang" | "nuget" | "oci" | "docker" => {
            name.to_lowercase()
        }
        // One distribution, two names: https://github.com/anchore/syft writes rhel, Trivy redhat.
        "rpm" => name.to_lowercase().replacen("rhel/", "redhat/", 1),
        _ => name,
    };
    Some(format!("pkg:{kind}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(purl: &str) -> String {
        without_version(&Component { purl: Some(purl.to_owned()), ..Component::default() })
    }

    #[test]
    fn drops_what_changes() {
        assert_eq!(of("pkg:npm/%40babel/core@7.1.0"), "pkg:npm/@babel/core");
        assert_eq!(of("pkg:npm/@babel/core@7.1.0"), "pkg:npm/@babel/core");
        assert_eq!(of("pkg:npm/@babel/core"), "pkg:npm/@babel/core");
        assert_eq!(of("pkg:PyPI/Zope_Interface@5"), "pkg:pypi/zope-interface");
        assert_eq!(of("pkg:deb/debian/openssl@1.1.1?arch=amd64&distro=debian-11#x"), "pkg:deb/debian/openssl");
        assert_eq!(of("pkg:maven/org.apache/log4j@2"), "pkg:maven/org.apache/log4j");
    }

    #[test]
    fn parts_are_decoded() {
        let version = |purl: &str| parts(purl).and_then(|parts| parts.version);
        assert_eq!(version("pkg:deb/debian/openssl@1%3A3.0.1?arch=amd64").as_deref(), Some("1:3.0.1"));
        assert_eq!((version("pkg:npm/@babel/core"), version("pkg:pypi/django@")), (None, None));
        assert_eq!((parts("npm/lodash@1"), parts("pkg:npm")), (None, None));
        let image = "pkg:oci/api@sha256%3Aaa?tag=1&repository_url=reg.example%2Fapi#x";
        assert_eq!(qualifier(image, "repository_url").as_deref(), Some("reg.example/api"));
        assert_eq!(qualifier(image, "arch"), None);
    }

    #[test]
    fn takes_the_name_where_there_is_no_purl() {
        let component = Component { name: "Lodash".to_owned(), ..Component::default() };
        assert_eq!(without_version(&component), "lodash");
        let odd = Component { purl: Some("lodash".to_owned()), ..component };
        assert_eq!(without_version(&odd), "lodash");
    }
}
