//! Package URLs in reports → components. <https://github.com/package-url/purl-spec>

use super::package;
use crate::finding::Component;
use crate::finding::purl::parts;

/// The component that a package URL names; the name as its ecosystem writes it.
pub(crate) fn component(purl: &str) -> Option<Component> {
    let parts = parts(purl)?;
    let name = Some(package::name(&parts)).filter(|name| !name.is_empty())?;
    Some(Component { purl: Some(purl.to_owned()), name, version: parts.version })
}

/// Package types by the names of the files that list packages.
const MANIFESTS: &[(&str, &[&str])] = &[
    (
        "npm",
        &[
            "package.json",
            "package-lock.json",
            "npm-shrinkwrap.json",
            "yarn.lock",
            "pnpm-lock.yaml",
            "bun.lock",
            "bun.lockb",
            "deno.lock",
        ],
    ),
    ("golang", &["go.mod", "go.sum", "go.work", "go.work.sum"]),
    ("gem", &["gemfile.lock", "gems.locked"]),
    ("maven", &["pom.xml", "build.gradle", "build.gradle.kts", "gradle.lockfile", "build.sbt"]),
    ("composer", &["composer.lock", "composer.json"]),
    ("nuget", &["packages.lock.json", "project.assets.json", "packages.config", "directory.packages.props"]),
    ("hex", &["mix.lock", "rebar.lock"]),
    ("pub", &["pubspec.lock"]),
    ("cocoapods", &["podfile.lock"]),
    ("swift", &["package.resolved"]),
    ("cargo", &["cargo.lock", "cargo.toml"]),
    ("conan", &["conan.lock"]),
    ("pypi", &["requirements.txt", "pipfile.lock", "poetry.lock", "uv.lock", "pdm.lock", "setup.py", "pyproject.toml"]),
];

/// Package types by the endings of files that are packages, or say that one is installed.
const INSTALLED: &[(&str, &[&str])] = &[
    ("pypi", &["-info/metadata", "-info/pkg-info", ".egg", ".whl"]),
    ("gem", &[".gemspec"]),
    ("maven", &[".jar", ".war", ".ear"]),
    ("nuget", &[".deps.json"]),
    ("composer", &["/composer/installed.json"]),
];

/// The package URL of a package that a manifest lists, or that is installed as a file, where the file's name tells the
/// ecosystem; programs written in Go are called by no rule, but their modules are.
pub(crate) fn of_manifest(path: &str, name: &str, version: Option<&str>) -> Option<String> {
    let path = path.replace('\\', "/").to_ascii_lowercase();
    let file = path.rsplit('/').next()?;
    let listed = MANIFESTS.iter().find(|(_, files)| files.contains(&file));
    let installed = || INSTALLED.iter().find(|(_, endings)| endings.iter().any(|ending| path.ends_with(ending)));
    let by_file = listed.or_else(installed).map(|(kind, _)| *kind);
    let is_module = || name == "stdlib" || name.split_once('/').is_some_and(|(host, _)| host.contains('.'));
    let kind = by_file.or_else(|| (!file.contains('.') && is_module()).then_some("golang"))?;
    package::purl(kind, name, version)
}

/// The package URL of a distribution's package; the distribution as scanners name it: `debian 10.9`, `alpine:3.12`.
pub(crate) fn of_distribution(system: &str, name: &str, version: Option<&str>) -> Option<String> {
    package::purl(system.split([' ', ':']).next()?, name, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_ecosystem() {
        for (purl, name, version) in [
            ("pkg:npm/%40angular/core@12.0.0", "@angular/core", Some("12.0.0")),
            ("pkg:npm/@angular/core", "@angular/core", None),
            ("pkg:maven/org.apache/commons@1.0?type=jar", "org.apache:commons", Some("1.0")),
            ("pkg:deb/debian/libc6@2.28-10?arch=amd64", "libc6", Some("2.28-10")),
            ("pkg:golang/golang.org/x/crypto@v0.1.0#ssh", "golang.org/x/crypto", Some("v0.1.0")),
            ("pkg:pypi/django@", "django", None),
        ] {
            let component = component(purl).expect(purl);
            assert_eq!((component.name.as_str(), component.version.as_deref()), (name, version), "{purl}");
        }
        for odd in ["", "pkg:", "pkg:npm", "pkg:npm/", "npm/lodash@1"] {
            assert_eq!(component(odd), None, "{odd}");
        }
    }

    #[test]
    fn manifests_and_distributions_tell_the_ecosystem() {
        assert_eq!(of_manifest("a/package-lock.json", "@a/b", Some("1")).as_deref(), Some("pkg:npm/%40a/b@1"));
        assert_eq!(of_manifest("pom.xml", "org.a:b", None).as_deref(), Some("pkg:maven/org.a/b"));
        assert_eq!(of_manifest("src/main.c", "b", None), None);
        let metadata = "usr/lib/python3.12/site-packages/django-4.2.dist-info/METADATA";
        assert_eq!(of_manifest(metadata, "Django", Some("4.2")).as_deref(), Some("pkg:pypi/Django@4.2"));
        assert_eq!(of_manifest("usr/bin/web", "stdlib", None).as_deref(), Some("pkg:golang/stdlib"));
        assert_eq!(
            of_manifest("usr/bin/web", "golang.org/x/net", None).as_deref(),
            Some("pkg:golang/golang.org/x/net")
        );
        assert_eq!(of_manifest("usr/bin/web", "openssl", None), None);
        assert_eq!(of_distribution("debian 10.9", "libc6", Some("2")).as_deref(), Some("pkg:deb/debian/libc6@2"));
        assert_eq!(of_distribution("windows", "x", None), None);
    }
}
