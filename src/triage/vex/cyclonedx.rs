//! CycloneDX VEX: vulnerabilities with an analysis. <https://cyclonedx.org/capabilities/vex/>

use std::collections::HashMap;

use super::{Document, Identity, Node, Product, Statement, VexError, status};
use crate::finding::{BomLink, ComponentIds, Status, Versions};

/// Deeper than any real tree of components.
const MAX_DEPTH: usize = 32;

pub(super) fn read(document: &Node<'_>) -> Result<Vec<Statement>, VexError> {
    let bom = Bom::new(document)?;
    let mut statements = Vec::new();
    for vulnerability in document.objects("vulnerabilities")? {
        let analysis = vulnerability.get("analysis");
        let text = |name: &str| analysis.as_ref().and_then(|analysis| analysis.text(name));
        let mut ids: Vec<String> = vulnerability.text("id").map(str::to_owned).into_iter().collect();
        for reference in vulnerability.objects("references")? {
            ids.extend(reference.text("id").map(str::to_owned));
        }
        let made = analysis.as_ref().and_then(|analysis| analysis.moment(&["lastUpdated", "firstIssued"]));
        let made = made.or_else(|| vulnerability.moment(&["updated"])).or(bom.made);
        let said = Document { source: document.path.to_owned(), made };
        let reasons = [text("justification"), text("detail")];
        let state = text("state").and_then(status);
        let affects = vulnerability.objects("affects")?;
        if affects.is_empty()
            && let Some(state) = state
        {
            // Without anything affected, what the document is about is; without that, everything.
            let products = bom.main.clone().map(|whole| vec![Product { whole, part: None }]);
            statements.extend(said.statement(ids.clone(), products, state, reasons));
        }
        for affect in affects {
            for (status, versions) in by_status(&affect, state)? {
                let product = affect.text("ref").and_then(|reference| bom.product(reference, versions));
                // References that lead nowhere must not become "all products".
                if let Some(product) = product {
                    statements.extend(said.statement(ids.clone(), Some(vec![product]), status, reasons));
                }
            }
        }
    }
    Ok(statements)
}

/// What is said of which versions. The analysis holds for those that are listed, and for all where none is; but a
/// version may be called unaffected beside those that are exploitable.
fn by_status(affect: &Node<'_>, state: Option<Status>) -> Result<Vec<(Status, Versions)>, VexError> {
    let listed = affect.objects("versions")?;
    if listed.is_empty() {
        return Ok(state.map(|state| (state, Versions::default())).into_iter().collect());
    }
    let mut all: Vec<(Status, Versions)> = Vec::new();
    for entry in listed {
        let status = match (entry.text("status"), state.unwrap_or_default()) {
            (Some("unaffected"), Status::Active) => Status::FalsePositive,
            (Some("unknown"), _) => Status::Active,
            (_, state) => state,
        };
        let at = all.iter().position(|(other, _)| *other == status).unwrap_or_else(|| {
            all.push((status, Versions::default()));
            all.len() - 1
        });
        let versions = &mut all[at].1;
        if let Some(version) = entry.text("version") {
            versions.add_exact(version);
        } else if let Some(range) = entry.text("range") {
            versions.add_range(range);
        }
    }
    // An entry that names no version must not become "all versions".
    all.retain(|(_, versions)| !versions.is_empty());
    Ok(all)
}

/// What a document says of itself and its components.
struct Bom {
    made: Option<chrono::DateTime<chrono::Utc>>,
    /// The document, where others can refer to it.
    link: Option<BomLink>,
    /// What it is about.
    main: Option<Identity>,
    main_reference: Option<String>,
    components: HashMap<String, Identity>,
}

impl Bom {
    fn new(document: &Node<'_>) -> Result<Self, VexError> {
        let metadata = document.get("metadata");
        let main = metadata.as_ref().and_then(|metadata| metadata.get("component"));
        let mut components = HashMap::new();
        if let Some(component) = &main {
            add(component, &mut components, 0)?;
        }
        for component in document.objects("components")?.iter().chain(&document.objects("services")?) {
            add(component, &mut components, 0)?;
        }
        let version = document.value.get("version").map_or_else(|| "1".to_owned(), |version| version.to_string());
        Ok(Self {
            made: metadata.as_ref().and_then(|metadata| metadata.moment(&["timestamp"])),
            link: document.text("serialNumber").and_then(|serial| BomLink::new(serial, &version, None)),
            main_reference: main.as_ref().and_then(|main| main.text("bom-ref")).map(str::to_owned),
            main: main.as_ref().map(main_identity).transpose()?,
            components,
        })
    }

    /// What a reference means: a component here, one of another document by BOM-Link, or a package URL. What is true of
    /// a package in one image or application need not be true in another.
    fn product(&self, reference: &str, versions: Versions) -> Option<Product> {
        let link = BomLink::parse(reference);
        let is_here = |link: &BomLink| self.link.as_ref().is_some_and(|own| own.is_same_bom(link));
        let reference = match &link {
            Some(link) if is_here(link) => link.reference.as_deref().unwrap_or_default(),
            Some(link) => {
                let ids = ComponentIds { bom_link: Some(link.clone()), ..ComponentIds::default() };
                let linked = Identity { names: Vec::new(), versions, ids };
                return Some(Product { whole: linked, part: None });
            }
            None => reference,
        };
        let with_versions = |mut identity: Identity| {
            if !versions.is_empty() {
                identity.versions = versions.clone();
            }
            identity
        };
        if self.main_reference.as_deref() == Some(reference) || reference.is_empty() {
            return self.main.clone().map(|main| Product { whole: with_versions(main), part: None });
        }
        let listed = self.components.get(reference).cloned();
        let named = listed.or_else(|| reference.starts_with("pkg:").then(|| Identity::named(reference)));
        let named = with_versions(named?);
        Some(match &self.main {
            Some(main) => Product { whole: main.clone(), part: Some(named) },
            None => Product { whole: named, part: None },
        })
    }
}

fn add(component: &Node<'_>, all: &mut HashMap<String, Identity>, depth: usize) -> Result<(), VexError> {
    if let Some(reference) = component.text("bom-ref") {
        all.insert(reference.to_owned(), identity(component)?);
    }
    if depth < MAX_DEPTH {
        for inner in component.objects("components")?.iter().chain(&component.objects("services")?) {
            add(inner, all, depth + 1)?;
        }
    }
    Ok(())
}

/// What a package is known by: its package URL, else its name.
fn identity(component: &Node<'_>) -> Result<Identity, VexError> {
    let mut identity = match component.text("purl") {
        Some(purl) => Identity::named(purl),
        None => {
            let names = component.text("name").into_iter().flat_map(|name| spellings(component, name)).collect();
            Identity { names, ..Identity::default() }
        }
    };
    if identity.versions.is_empty() {
        identity.versions = Versions::exact(component.text("version"));
    }
    identity.ids.cpes.extend(component.text("cpe").map(str::to_owned));
    for hash in component.objects("hashes")? {
        identity.ids.hashes.extend(hash.text("content").map(str::to_owned));
    }
    Ok(identity)
}

/// What the document is about: also by its name, as scanners call an application so. An image's package URL has its
/// digest, beside which a name with a tag would say less.
fn main_identity(component: &Node<'_>) -> Result<Identity, VexError> {
    let mut main = identity(component)?;
    let is_image = component.text("type") == Some("container");
    if let Some(name) = component.text("name").filter(|_| component.text("purl").is_some() && !is_image) {
        main.names.extend(spellings(component, name));
    }
    Ok(main)
}

/// A name alone and with its group.
fn spellings(component: &Node<'_>, name: &str) -> Vec<String> {
    let group = component.text("group");
    let grouped = group.into_iter().flat_map(|group| [format!("{group}:{name}"), format!("{group}/{name}")]);
    std::iter::once(name.to_owned()).chain(grouped).collect()
}
