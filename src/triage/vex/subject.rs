//! What is known of a finding when VEX statements are applied: how each report of it names the package and what was
//! scanned.

use std::sync::Arc;

use super::agreement::Agreement;
use crate::finding::{
    Artifact, Component, ComponentIds, Finding, Scan, image_name, purl, tag_and_digest, without_matrix_part,
};

/// Everything that a VEX statement is held against.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// Ids of the vulnerability beside those of the finding, learned from other reports.
    pub ids: Vec<String>,
    /// The package as each report names it. A statement must be about all of them.
    pub(super) packages: Vec<(Component, ComponentIds)>,
    /// What each report's scan looked at. A statement must be about all of them.
    pub(super) scanned: Vec<Scanned>,
}

impl Subject {
    /// A finding as one scan reports it.
    #[must_use]
    pub fn new(finding: &Finding, scan: &Scan) -> Self {
        let mut subject = Self::default();
        subject.add(finding, scan);
        subject
    }

    /// Adds what another scan reports of the same finding.
    pub fn add(&mut self, finding: &Finding, scan: &Scan) {
        if let Some(component) = &finding.component {
            let package = (component.clone(), finding.component_ids.clone());
            if !self.packages.contains(&package) {
                self.packages.push(package);
            }
        }
        let mut images: Vec<Option<String>> = Vec::new();
        for place in std::iter::once(&finding.location).chain(&finding.locations) {
            if !images.contains(&place.image) {
                images.push(place.image.clone());
            }
        }
        for image in images {
            let artifact = Arc::clone(&scan.artifact);
            let repository = scan.owner().name.clone();
            let target = without_matrix_part(&scan.target).to_owned();
            let scanned = Scanned { artifact, target, image, repository };
            if !self.scanned.contains(&scanned) {
                self.scanned.push(scanned);
            }
        }
    }
}

/// What one scan looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scanned {
    pub(super) artifact: Arc<Artifact>,
    target: String,
    image: Option<String>,
    repository: String,
}

impl Scanned {
    /// References of the image, or the application's names.
    fn references(&self) -> impl Iterator<Item = &str> {
        let names = self.artifact.names.iter().map(String::as_str).filter(|name| !name.starts_with("pkg:"));
        self.image.as_deref().into_iter().chain([self.target.as_str()]).chain(names)
    }

    pub(super) fn purls(&self) -> impl Iterator<Item = &str> {
        self.artifact.names.iter().map(String::as_str).filter(|name| name.starts_with("pkg:"))
    }

    /// Names without tag and digest: of images, of the application, of the repository.
    pub(super) fn names(&self) -> Vec<String> {
        let of_purl = |purl: &str| Some(image_name(&purl::qualifier(purl, "repository_url")?));
        let mut names: Vec<String> = self.references().map(image_name).collect();
        names.extend(self.references().map(str::to_owned));
        names.extend(self.purls().filter_map(of_purl));
        if !self.repository.is_empty() {
            names.push(self.repository.clone());
            names.extend(self.repository.rsplit('/').next().map(str::to_owned));
        }
        names.retain(|name| !name.is_empty());
        names
    }

    fn tags(&self) -> Vec<&str> {
        self.references().filter_map(|reference| tag_and_digest(reference).0).collect()
    }

    fn digests(&self) -> Vec<String> {
        let of_references = self.references().filter_map(|reference| tag_and_digest(reference).1.map(str::to_owned));
        let of_purls = self.purls().filter_map(|purl| purl::parts(purl)?.version).filter(|text| text.contains(':'));
        of_references.chain(of_purls).chain(self.artifact.digests.iter().cloned()).collect()
    }

    /// What may be called its version: an application's, an image's tags and digests.
    pub(super) fn versions(&self) -> Vec<String> {
        let mut versions: Vec<String> = self.tags().into_iter().map(str::to_owned).collect();
        versions.extend(self.digests());
        versions.extend(self.artifact.version.clone());
        versions
    }

    /// Whether it is the image with this digest, or where none is named, with this tag.
    pub(super) fn is_tagged(&self, tag: Option<&str>, digest: Option<&str>) -> Agreement {
        let known = |known: Vec<&str>, named: &str| match &known[..] {
            [] => Agreement::Unknown,
            known => Agreement::of(known.contains(&named)),
        };
        let digests = self.digests();
        match (tag, digest) {
            (_, Some(digest)) => known(digests.iter().map(String::as_str).collect(), digest),
            (Some(tag), None) => known(self.tags(), tag),
            (None, None) => Agreement::Yes,
        }
    }
}
