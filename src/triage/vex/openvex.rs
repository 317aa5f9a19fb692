//! OpenVEX 0.0.1 and 0.2.0. <https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>

use super::{Node, Statement, VexError, statement};

pub(super) fn read(document: &Node<'_>) -> Result<Vec<Statement>, VexError> {
    let source = match document.text("author") {
        Some(author) => format!("{}, by {author}", document.path),
        None => document.path.to_owned(),
    };
    let mut statements = Vec::new();
    for node in document.objects("statements")? {
        let mut products = Vec::new();
        for product in node.list("products")? {
            products.extend(product_names(&product)?);
        }
        let mut ids: Vec<String> = Vec::new();
        match node.get("vulnerability") {
            // 0.0.1 wrote the id as a text, 0.2.0 has an object with name and aliases.
            Some(vulnerability) if vulnerability.value.is_string() => {
                ids.extend(node.text("vulnerability").map(str::to_owned))
            }
            Some(vulnerability) => {
                ids.extend(vulnerability.text("name").map(str::to_owned));
                ids.extend(vulnerability.texts("aliases")?.into_iter().map(str::to_owned));
                if ids.is_empty() {
                    ids.extend(vulnerability.text("@id").map(str::to_owned));
                }
            }
            None => {}
        }
        let why = node
            .text("impact_statement")
            .or_else(|| node.text("action_statement"))
            .or_else(|| node.text("status_notes"));
        let status = node.text("status").unwrap_or_default();
        // What a later statement says of a vulnerability and a product replaces what earlier ones said.
        statements.retain_mut(|earlier: &mut Statement| {
            let is_same = earlier.ids.iter().any(|id| ids.contains(id));
            let was_for_all = earlier.products.is_empty();
            earlier.products.retain(|product| !is_same || !(products.is_empty() || products.contains(product)));
            if was_for_all { !is_same || !products.is_empty() } else { !earlier.products.is_empty() }
        });
        statements.extend(statement(&source, ids, products, status, [node.text("justification"), why]));
    }
    Ok(statements)
}

/// The packages that a product names: its subcomponents where it has any, else the product itself.
fn product_names(product: &Node<'_>) -> Result<Vec<String>, VexError> {
    let mut names = Vec::new();
    for part in product.list("subcomponents")? {
        names.extend(name(&part));
    }
    if names.is_empty() {
        names.extend(name(product));
    }
    Ok(names)
}

fn name(product: &Node<'_>) -> Option<String> {
    let by_purl = product.value.pointer("/identifiers/purl").and_then(serde_json::Value::as_str);
    by_purl.or_else(|| product.text("@id")).or_else(|| product.value.as_str()).map(str::to_owned)
}
