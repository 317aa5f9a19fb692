//! CycloneDX VEX: vulnerabilities with an analysis. <https://cyclonedx.org/capabilities/vex/>

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::{Node, Statement, VexError, statement};

/// Deeper than any real tree of components.
const MAX_DEPTH: usize = 32;

pub(super) fn read(document: &Node<'_>) -> Result<Vec<Statement>, VexError> {
    let mut names = HashMap::new();
    if let Some(component) = document.get("metadata").and_then(|metadata| metadata.get("component")) {
        add(&component, &mut names, 0)?;
    }
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
        let products: Vec<String> = affects.iter().filter_map(|affect| product(&names, affect.text("ref")?)).collect();
        // References that lead nowhere must not become "all products".
        if products.is_empty() && !affects.is_empty() {
            continue;
        }
        let state = analysis.text("state").unwrap_or_default();
        let reasons = [analysis.text("justification"), analysis.text("detail")];
        statements.extend(statement(document.path, ids, products, state, reasons));
    }
    Ok(statements)
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
