//! OpenVEX 0.0.1 and 0.2.0. <https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>

use super::{Document, Node, Product, Statement, VexError};

pub(super) fn read(document: &Node<'_>) -> Result<Vec<Statement>, VexError> {
    let source = match document.text("author") {
        Some(author) => format!("{}, by {author}", document.path),
        None => document.path.to_owned(),
    };
    let times = ["last_updated", "timestamp"];
    let mut said = Document { source, made: None };
    let mut statements = Vec::new();
    for node in document.objects("statements")? {
        let mut products = Vec::new();
        for product in node.list("products")? {
            products.extend(named(&product)?);
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
        said.made = node.moment(&times).or_else(|| document.moment(&times));
        statements.extend(said.statement(ids, products, status, [node.text("justification"), why]));
    }
    Ok(statements)
}

/// A product, with each of its subcomponents where it has any.
fn named(product: &Node<'_>) -> Result<Vec<Product>, VexError> {
    let Some(whole) = name(product) else { return Ok(Vec::new()) };
    let parts: Vec<_> = product.list("subcomponents")?.iter().filter_map(name).collect();
    let part = |part: Option<String>| Product { name: whole.clone(), part };
    Ok(if parts.is_empty() { vec![part(None)] } else { parts.into_iter().map(|name| part(Some(name))).collect() })
}

fn name(product: &Node<'_>) -> Option<String> {
    let by_purl = product.value.pointer("/identifiers/purl").and_then(serde_json::Value::as_str);
    by_purl.or_else(|| product.text("@id")).or_else(|| product.value.as_str()).map(str::to_owned)
}
