//! What a CycloneDX document is about, and what its components are known by.

use super::Components;
use super::model::{Bom, Component};
use crate::finding::{self, Artifact, BomLink, ComponentIds, Dependencies, purl};

/// Properties of Trivy's with an image's references.
const REFERENCES: &[&str] =
    &["aquasecurity:trivy:RepoTag", "aquasecurity:trivy:RepoDigest", "aquasecurity:trivy:Reference"];
const IMAGE_ID: &str = "aquasecurity:trivy:ImageID";

/// The image or application that the document describes.
pub(super) fn artifact(bom: &Bom<'_>, components: &Components<'_, '_>) -> Artifact {
    let main = &bom.metadata.component;
    let name = main.name.get().filter(|name| *name != ".");
    let mut artifact = Artifact { version: main.version.owned(), ids: ids(main), ..Artifact::default() };
    artifact.names.extend(main.purl.owned().into_iter().chain(name.map(str::to_owned)));
    if let (Some(group), Some(name)) = (main.group.get(), name) {
        artifact.names.extend([format!("{group}:{name}"), format!("{group}/{name}")]);
    }
    if main.kind.get() == Some("container")
        && let (Some(name), Some(version)) = (name, artifact.version.take())
    {
        // Syft and Trivy write an image's digest there, others its tag.
        if version.contains(':') {
            artifact.digests.push(version)
        } else {
            artifact.names.push(format!("{name}:{version}"))
        }
    }
    for property in main.properties.iter() {
        match (property.name.get(), property.value.owned()) {
            (Some(IMAGE_ID), Some(value)) => artifact.digests.push(value),
            (Some(name), Some(value)) if REFERENCES.contains(&name) => artifact.names.push(value),
            _ => {}
        }
    }
    artifact.ids.bom_link = link(bom, main.bom_ref.get());
    artifact.dependencies = dependencies(bom, components);
    artifact
}

/// What a component is known by in other documents.
pub(super) fn ids(component: &Component<'_>) -> ComponentIds {
    let hashes = component.hashes.iter().filter_map(|hash| hash.content.owned());
    ComponentIds { bom_link: None, cpes: component.cpe.owned().into_iter().collect(), hashes: hashes.collect() }
}

/// The version of a package in each spelling. Trivy leaves a distribution's epoch to the package URL (`epoch=2`), and
/// lists as affected what the distribution says (`2:8.39-13`), which is the whole version, and so comes last.
pub(super) fn versions(package: &finding::Component) -> Vec<String> {
    let epoch = || purl::qualifier(package.purl.as_deref()?, "epoch");
    let whole = |version: &String| Some(format!("{}:{version}", epoch()?)).filter(|_| !version.contains(':'));
    package.version.iter().flat_map(|version| [version.clone()].into_iter().chain(whole(version))).collect()
}

/// The link by which other documents refer to a component of this one.
pub(super) fn link(bom: &Bom<'_>, reference: Option<&str>) -> Option<BomLink> {
    BomLink::new(bom.serial_number.get()?, bom.version.get().unwrap_or("1"), reference)
}

fn dependencies(bom: &Bom<'_>, components: &Components<'_, '_>) -> Dependencies {
    let mut dependencies = Dependencies::default();
    for dependency in bom.dependencies.iter() {
        let Some(reference) = dependency.component.get() else { continue };
        let needs = dependency.depends_on.iter().map(str::to_owned).collect();
        dependencies.needs.insert(reference.to_owned(), needs);
    }
    if !dependencies.needs.is_empty() {
        let purls = components.iter().filter_map(|(id, component)| Some(((*id).to_owned(), component.purl.owned()?)));
        dependencies.purls.extend(purls);
    }
    dependencies
}
