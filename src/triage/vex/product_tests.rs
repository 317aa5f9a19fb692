//! What a VEX document names, against what was found.

use std::sync::Arc;

use super::agreement::Agreement::{self, No, Unknown, Yes};
use super::subject::Scanned;
use super::{Identity, Subject};
use crate::finding::{Artifact, BomLink, Component, ComponentIds, Finding, Scan, Source, purl};

fn component(purl: &str) -> Component {
    let parts = purl::parts(purl);
    Component {
        purl: parts.is_some().then(|| purl.to_owned()),
        name: parts.as_ref().map_or_else(|| purl.to_owned(), |parts| parts.name.clone()),
        version: parts.and_then(|parts| parts.version),
    }
}

fn by_ids(ids: ComponentIds) -> Identity {
    Identity { ids, ..Identity::default() }
}

fn link(text: &str) -> ComponentIds {
    ComponentIds { bom_link: BomLink::parse(text), ..ComponentIds::default() }
}

fn cpe(text: &str) -> ComponentIds {
    ComponentIds { cpes: vec![text.to_owned()], ..ComponentIds::default() }
}

fn hash(text: &str) -> ComponentIds {
    ComponentIds { hashes: vec![text.to_owned()], ..ComponentIds::default() }
}

#[test]
fn a_name_means_the_package_of_its_purl_in_its_version_and_with_its_qualifiers() {
    let rows = [
        ("pkg:npm/lib@1.4.0", "pkg:npm/lib@1.4.0", Yes),
        ("pkg:npm/lib@1.4.0", "pkg:npm/lib@1.3.0", No),
        ("pkg:npm/lib@1.4.0", "pkg:npm/lib", Unknown),
        ("pkg:npm/lib", "pkg:npm/lib@1.4.0", Yes),
        ("pkg:npm/lib", "pkg:pypi/lib@1.4.0", No),
        ("LIB", "pkg:npm/lib@1.4.0", Yes),
        ("other", "pkg:npm/lib@1.4.0", No),
        ("pkg:npm/lib", "lib", Unknown),
        ("pkg:npm/other", "lib", No),
        ("pkg:golang/a.io/b", "pkg:golang/a.io/b@1#cmd/x", Yes),
        ("pkg:golang/a.io/b#cmd/x", "pkg:golang/a.io/b@1#cmd/x", Yes),
        ("pkg:golang/a.io/b#cmd/x", "pkg:golang/a.io/b@1#cmd/y", No),
        ("pkg:golang/a.io/b#cmd/x", "pkg:golang/a.io/b@1", No),
        ("pkg:deb/debian/a?arch=amd64", "pkg:deb/debian/a@1?arch=amd64", Yes),
        ("pkg:deb/debian/a?arch=amd64", "pkg:deb/debian/a@1?arch=arm64", No),
        ("pkg:deb/debian/a?arch=amd64", "pkg:deb/debian/a@1?arch=amd64.1", No),
        ("pkg:deb/debian/a?arch=amd64", "pkg:deb/debian/a@1", Unknown),
        ("pkg:deb/debian/a?distro=debian-12", "pkg:deb/debian/a@1?distro=debian-12.5", Yes),
        ("pkg:deb/debian/a?distro=debian-12", "pkg:deb/debian/a@1?distro=debian-120", No),
        ("pkg:deb/debian/a?distro=debian-12", "pkg:deb/debian/a@1?distro=debian-11", No),
        ("pkg:maven/g/a?type=jar", "pkg:maven/g/a@1", Yes),
        ("pkg:maven/g/a?type=war", "pkg:maven/g/a@1", Unknown),
        ("pkg:npm/a?type=jar", "pkg:npm/a@1", Unknown),
    ];
    for (name, found, wanted) in rows {
        let named = Identity::named(name);
        assert_eq!(named.package(&component(found), &ComponentIds::default()), wanted, "{name} for {found}");
        if name.starts_with("pkg:") && found.starts_with("pkg:") {
            assert_eq!(named.is_purl(found), wanted == Yes, "{name} for {found}");
        }
    }
}

#[test]
fn a_bom_link_a_cpe_or_a_hash_means_a_package_too() {
    let at = link;
    let rows = [
        (at("urn:cdx:ab/1#lib"), at("urn:cdx:ab/1#lib"), Yes),
        (at("urn:cdx:ab/1#lib"), at("urn:cdx:ab/1#other"), No),
        (at("urn:cdx:ab/1#lib"), at("urn:cdx:ab/2#lib"), No),
        (at("urn:cdx:ab/1#lib"), ComponentIds::default(), No),
        (cpe("cpe:2.3:a:acme:lib:1.4:*:*"), cpe("cpe:2.3:a:acme:lib:1.4:*:*"), Yes),
        (cpe("cpe:/a:ACME:lib:1.4"), cpe("cpe:2.3:a:acme:lib:1.4"), Yes),
        (cpe("cpe:2.3:a:acme:lib:1.4"), cpe("cpe:2.3:a:acme:lib:1.5"), No),
        (cpe("cpe:2.3:a:acme:lib:*"), cpe("cpe:2.3:a:acme:lib:1.5"), Yes),
        (cpe("cpe:2.3:a:acme:lib:-"), cpe("cpe:2.3:a:acme:lib:1.5"), Yes),
        (cpe("cpe:2.3:a:acme:lib:1.4"), cpe("cpe:2.3:a:acme:lib:*"), Unknown),
        (cpe("cpe:2.3:a:acme:other"), cpe("cpe:2.3:a:acme:lib"), No),
        (cpe("cpe:2.3:a:ac\\:me:lib"), cpe("cpe:2.3:a:ac\\:me:lib"), Yes),
        (cpe("cpe:2.3:a:acme:*"), cpe("cpe:2.3:a:acme:*"), No),
        (cpe("cpe:2.3:a::lib"), cpe("cpe:2.3:a::lib"), No),
        (cpe("acme:lib"), cpe("acme:lib"), No),
        (hash("AB12"), hash("ab12"), Yes),
        (hash("AB12"), hash("ab13"), No),
        (hash("AB12"), ComponentIds::default(), No),
    ];
    for (named, found, wanted) in rows {
        let told = format!("{named:?} for {found:?}");
        assert_eq!(by_ids(named).package(&component("pkg:npm/lib@1.4.0"), &found), wanted, "{told}");
    }
}

/// What was scanned: `target`, and what else its report says.
fn scanned(target: &str, artifact: Artifact) -> Scanned {
    let scan = Scan {
        target: target.into(),
        artifact: Arc::new(artifact),
        repository: Some(Source::named("h/acme/desk")),
        ..Scan::default()
    };
    Subject::new(&Finding::default(), &scan).scanned.remove(0)
}

#[test]
fn a_name_means_the_image_or_project_that_was_scanned() {
    let image = || scanned("reg.example/acme/web:1.2@sha256:aa", Artifact::default());
    let of = |architecture: &str| {
        let artifact = Artifact { architecture: Some(architecture.into()), ..Artifact::default() };
        scanned("reg.example/acme/web:1.2@sha256:aa", artifact)
    };
    let untagged = || scanned("reg.example/acme/web", Artifact::default());
    let application = || {
        let names = vec!["pkg:npm/app@2.0".to_owned(), "App".to_owned()];
        scanned("build", Artifact { names, version: Some("2.0".into()), ..Artifact::default() })
    };
    let rows: [(&str, Scanned, bool, Agreement); 37] = [
        ("reg.example/acme/web:1.2@sha256:aa", image(), false, Yes),
        ("reg.example/acme/web:1.2", image(), false, Yes),
        ("reg.example/acme/web", image(), false, Yes),
        ("reg.example/acme/web:1.3", image(), false, No),
        ("reg.example/acme/web@sha256:bb", image(), false, No),
        ("reg.example/acme/other:1.2", image(), false, No),
        ("reg.example/acme/web:1.2", untagged(), false, Unknown),
        ("pkg:oci/web", image(), false, Yes),
        ("pkg:docker/web", image(), false, Yes),
        ("pkg:oci/eb", image(), false, No),
        ("pkg:oci/other", image(), false, No),
        ("pkg:oci/web@sha256:aa", image(), false, Yes),
        ("pkg:oci/web@sha256:bb", image(), false, No),
        ("pkg:oci/web@sha256%3Abb", image(), false, No),
        ("pkg:docker/web@1.2", image(), false, Yes),
        ("pkg:docker/web@1.3", image(), false, No),
        ("pkg:oci/web?tag=1.2", image(), false, Yes),
        ("pkg:oci/web?tag=1.3", image(), false, No),
        ("pkg:oci/web?tag=1.3", untagged(), false, Unknown),
        ("pkg:oci/web?repository_url=reg.example/acme", image(), false, Yes),
        ("pkg:oci/web?repository_url=reg.example/acme/web", image(), false, Yes),
        ("pkg:oci/web?repository_url=reg.example/other/web", image(), false, No),
        ("pkg:oci/web?repository_url=acme/web", image(), false, No),
        ("pkg:oci/web?arch=amd64", of("amd64"), false, Yes),
        ("pkg:oci/web?arch=amd64", of("arm64"), false, No),
        ("pkg:oci/web?arch=amd64", image(), false, Unknown),
        ("pkg:oci/web@sha256:aa?arch=amd64", image(), false, Yes),
        ("pkg:generic/web", image(), false, Yes),
        ("pkg:npm/web", image(), false, No),
        ("pkg:npm/web", image(), true, Yes),
        ("pkg:github/acme/desk", image(), false, Yes),
        ("pkg:npm/app", application(), false, Yes),
        ("pkg:npm/app@2.0", application(), false, Yes),
        ("pkg:npm/app@2.1", application(), false, No),
        ("pkg:npm/other", application(), false, No),
        ("app", application(), false, Yes),
        ("ap p:1", application(), false, No),
    ];
    for (name, scanned, has_part, wanted) in rows {
        assert_eq!(Identity::named(name).scanned(&scanned, has_part), wanted, "{name} for {scanned:?}, {has_part}");
    }
}

#[test]
fn a_bom_link_means_the_whole_document_or_its_main_component() {
    let bom = || scanned("x", Artifact { ids: link("urn:cdx:ab/1#main"), ..Artifact::default() });
    for (named, wanted) in [
        ("urn:cdx:ab/1", Yes),
        ("urn:cdx:ab/1#main", Yes),
        ("urn:cdx:ab/1#lib", No),
        ("urn:cdx:ab/2", No),
        ("urn:cdx:cd/1#main", No),
    ] {
        assert_eq!(by_ids(link(named)).scanned(&bom(), false), wanted, "{named}");
    }
    let other = scanned("x", Artifact::default());
    assert_eq!(by_ids(link("urn:cdx:ab/1")).scanned(&other, false), No);
}

#[test]
fn versions_of_what_was_scanned_are_its_own_its_tags_and_its_digests() {
    let identity = |version: &str| Identity {
        names: vec!["reg.example/acme/web".into()],
        versions: crate::finding::Versions::exact(Some(version)),
        ids: ComponentIds::default(),
    };
    let artifact = Artifact { version: Some("2.0".into()), ..Artifact::default() };
    let image = scanned("reg.example/acme/web:1.2@sha256:aa", artifact);
    for (version, wanted) in [("1.2", Yes), ("2.0", Yes), ("sha256:aa", Yes), ("1.3", No)] {
        assert_eq!(identity(version).scanned(&image, false), wanted, "{version}");
    }
    let unknown = scanned("reg.example/acme/web", Artifact::default());
    assert_eq!(identity("1.2").scanned(&unknown, false), Unknown);
}
