//! Package URLs without what changes: version, qualifiers, subpath.
//!
//! Specification: <https://github.com/package-url/purl-spec>.

use percent_encoding::percent_decode_str;

use super::Component;

/// The component's package URL without version, in one spelling whatever scanner wrote it; without a package URL, its
/// name in lower case.
#[must_use]
pub fn without_version(component: &Component) -> String {
    component.purl.as_deref().and_then(normalise).unwrap_or_else(|| component.name.to_lowercase())
}

fn normalise(purl: &str) -> Option<String> {
    let rest = purl.strip_prefix("pkg:")?.trim_start_matches('/');
    let rest = rest.split(['?', '#']).next()?;
    let (kind, name) = rest.split_once('/')?;
    // The scope of an npm package may be written with a bare `@`.
    let name = match name.rfind('@') {
        Some(at) if at > 0 && at > name.rfind('/').unwrap_or(0) => &name[..at],
        _ => name,
    };
    let kind = kind.to_ascii_lowercase();
    let name = percent_decode_str(name.trim_matches('/')).decode_utf8_lossy().into_owned();
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
    fn takes_the_name_where_there_is_no_purl() {
        let component = Component { name: "Lodash".to_owned(), ..Component::default() };
        assert_eq!(without_version(&component), "lodash");
        let odd = Component { purl: Some("lodash".to_owned()), ..component };
        assert_eq!(without_version(&odd), "lodash");
    }
}
