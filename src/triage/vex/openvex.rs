//! OpenVEX 0.0.1 and 0.2.0. <https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>

use super::{Document, Identity, Node, Product, Statement, VexError, status};
use crate::finding::ComponentIds;

pub(super) fn read(document: &Node<'_>) -> Result<Vec<Statement>, VexError> {
    let source = match document.text("author") {
        Some(author) => format!("{}, by {author}", document.path),
        None => document.path.to_owned(),
    };
    let times = ["last_updated", "timestamp"];
    let mut said = Document { source, made: None };
    let mut statements = Vec::new();
    for node in document.objects("statements")? {
        let Some(status) = node.text("status").and_then(status) else { continue };
        // 0.0.1 had one list of subcomponents for all products.
        let shared = node.list("subcomponents")?;
        let mut products = Vec::new();
        for product in node.list("products")? {
            products.extend(named(&product, &shared)?);
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
        said.made = node.moment(&times).or_else(|| document.moment(&times));
        let products = (!products.is_empty()).then_some(products);
        statements.extend(said.statement(ids, products, status, [node.text("justification"), why]));
    }
    Ok(statements)
}

/// A product, with each of its subcomponents where it has any.
fn named(product: &Node<'_>, shared: &[Node<'_>]) -> Result<Vec<Product>, VexError> {
    let whole = identity(product)?;
    let subcomponents = product.list("subcomponents")?;
    let parts = if subcomponents.is_empty() { shared } else { &subcomponents };
    if parts.is_empty() {
        return Ok(vec![Product { whole, part: None }]);
    }
    parts.iter().map(|part| Ok(Product { whole: whole.clone(), part: Some(identity(part)?) })).collect()
}

/// What a component is known by. Its package URL is its best name.
fn identity(component: &Node<'_>) -> Result<Identity, VexError> {
    let identifiers = component.get("identifiers");
    let identifier = |name: &str| identifiers.as_ref().and_then(|identifiers| identifiers.text(name));
    let name = identifier("purl").or_else(|| component.text("@id")).or_else(|| component.value.as_str());
    let mut identity = name.map(Identity::named).unwrap_or_default();
    let cpes = ["cpe23", "cpe22"].into_iter().filter_map(identifier).map(str::to_owned);
    let hashes = component.get("hashes").map(|hashes| hashes.members()).unwrap_or_default();
    identity.ids = ComponentIds { bom_link: None, cpes: cpes.collect(), hashes };
    Ok(identity)
}
