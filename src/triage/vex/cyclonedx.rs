//! CycloneDX VEX: vulnerabilities with an analysis. <https://cyclonedx.org/capabilities/vex/>

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::{Document, Node, Product, Statement, VexError};

/// Deeper than any real tree of components.
const MAX_DEPTH: usize = 32;

pub(super) fn read(document: &Node<'_>) -> Result<Vec<Statement>, VexError> {
    let mut names = HashMap::new();
    let root = document.get("metadata").and_then(|metadata| metadata.get("component"));
    if let Some(component) = &root {
        add(component, &mut names, 0)?;
    }
    // What is true of a package in one image need not be true in another.
    let is_image = |purl: &&str| purl.starts_with("pkg:oci/") || purl.starts_with("pkg:docker/");
    let image = root.as_ref().and_then(|root| root.text("purl")).filter(is_image);
    for component in document.objects("components")? {
        add(&component, &mut names, 0)?;
    }
    let mut statements = Vec::new();
    for vulnerability in document.objects("vulnerabilities")? {
        let Some(analysis) = vulnerability.get("analysis") else { continue };
        let mut ids: Vec<String> = vulnerability.text("id").map(str::to_owned).into_iter().collect();
        for reference in vulnerability.objects("references")? {
            ids.extend(reference.text("id").map(str::to_owned));
        }
        let affects = vulnerability.objects("affects")?;
        let named = affects.iter().filter_map(|affect| product(&names, affect.text("ref")?));
        let products: Vec<_> = named.map(|name| in_image(image, name)).collect();
        // References that lead nowhere must not become "all products".
        if products.is_empty() && !affects.is_empty() {
            continue;
        }
        let state = analysis.text("state").unwrap_or_default();
        let reasons = [analysis.text("justification"), analysis.text("detail")];
        let made = analysis.moment(&["lastUpdated", "firstIssued"]).or_else(|| vulnerability.moment(&["updated"]));
        let made = made.or_else(|| document.get("metadata")?.moment(&["timestamp"]));
        let said = Document { source: document.path.to_owned(), made };
        statements.extend(said.statement(ids, products, state, reasons));
    }
    Ok(statements)
}

/// A component, as part of the image that the document is about, where it is about one.
fn in_image(image: Option<&str>, name: String) -> Product {
    match image {
        Some(image) if image != name => Product { name: image.to_owned(), part: Some(name) },
        _ => Product { name, part: None },
    }
}

fn add(component: &Node<'_>, names: &mut HashMap<String, String>, depth: usize) -> Result<(), VexError> {
    let name = component.text("purl").or_else(|| component.text("name"));
    if let (Some(reference), Some(name)) = (component.text("bom-ref"), name) {
        names.insert(reference.to_owned(), name.to_owned());
    }
    if depth < MAX_DEPTH {
        for inner in component.objects("components")? {
            add(&inner, names, depth + 1)?;
        }
    }
    Ok(())
}

/// What a reference means: a component here, one of another document by BOM-Link (`urn:cdx:…#ref`), or a package URL.
fn product(names: &HashMap<String, String>, reference: &str) -> Option<String> {
    let inner = match reference.split_once('#') {
        Some((urn, inner)) if urn.starts_with("urn:cdx:") => percent_decode_str(inner).decode_utf8_lossy().into_owned(),
        _ => reference.to_owned(),
    };
    let known = names.get(&inner).cloned();
    known.or_else(|| inner.starts_with("pkg:").then_some(inner))
}
