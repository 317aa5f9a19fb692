//! CSAF 2.0, profile VEX. <https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html>

use std::collections::HashMap;

use super::{Document, Node, Product, Statement, VexError, moment};

/// Deeper than any real product tree.
const MAX_DEPTH: usize = 32;

/// The groups of `product_status`, and what they say. Of two that speak of one product the later holds.
const STATES: &[(&str, &str)] = &[
    ("known_not_affected", "known_not_affected"),
    ("fixed", "fixed"),
    ("first_fixed", "fixed"),
    ("under_investigation", "under_investigation"),
    ("known_affected", "known_affected"),
    ("first_affected", "known_affected"),
    ("last_affected", "known_affected"),
];

pub(super) fn read(document: &Node<'_>) -> Result<Vec<Statement>, VexError> {
    let title = document.value.pointer("/document/tracking/id").and_then(serde_json::Value::as_str);
    let source = title.map_or_else(|| document.path.to_owned(), |title| format!("{}, {title}", document.path));
    let released = document.value.pointer("/document/tracking/current_release_date");
    let said = Document { source, made: released.and_then(serde_json::Value::as_str).and_then(moment) };
    let products = Products::new(document)?;
    let mut statements = Vec::new();
    for vulnerability in document.objects("vulnerabilities")? {
        let mut ids: Vec<String> = vulnerability.text("cve").map(str::to_owned).into_iter().collect();
        for id in vulnerability.objects("ids")? {
            ids.extend(id.text("text").map(str::to_owned));
        }
        let reasons = Reasons::new(&vulnerability)?;
        let Some(status) = vulnerability.get("product_status") else { continue };
        for (group, state) in STATES {
            for product in status.texts(group)? {
                // A product that is named nowhere must not become "all products".
                if let Some(named) = products.named(product) {
                    let why = [reasons.flags.get(product).copied(), reasons.texts.get(product).copied()];
                    statements.extend(said.statement(ids.clone(), vec![named], state, why));
                }
            }
        }
    }
    Ok(statements)
}

/// What a vulnerability's flags and threats say of each product.
struct Reasons<'a> {
    flags: HashMap<&'a str, &'a str>,
    texts: HashMap<&'a str, &'a str>,
}

impl<'a> Reasons<'a> {
    fn new(vulnerability: &Node<'a>) -> Result<Self, VexError> {
        let mut reasons = Self { flags: HashMap::new(), texts: HashMap::new() };
        for flag in vulnerability.objects("flags")? {
            if let Some(label) = flag.text("label") {
                reasons.flags.extend(flag.texts("product_ids")?.into_iter().map(|product| (product, label)));
            }
        }
        for (list, categories) in [("threats", ["impact"]), ("remediations", ["vendor_fix"])] {
            for node in vulnerability.objects(list)? {
                let counts = node.text("category").is_some_and(|category| categories.contains(&category));
                if let Some(details) = node.text("details").filter(|_| counts) {
                    for product in node.texts("product_ids")? {
                        reasons.texts.entry(product).or_insert(details);
                    }
                }
            }
        }
        Ok(reasons)
    }
}

/// The names of products: package URLs, else what people call them.
struct Products {
    names: HashMap<String, String>,
    /// A component of a product: the ids of both.
    parts: HashMap<String, (String, String)>,
}

impl Products {
    fn new(document: &Node<'_>) -> Result<Self, VexError> {
        let mut products = Self { names: HashMap::new(), parts: HashMap::new() };
        if let Some(tree) = document.get("product_tree") {
            for product in tree.objects("full_product_names")? {
                products.add(&product);
            }
            products.branches(&tree, 0)?;
            for relation in tree.objects("relationships")? {
                let Some(product) = relation.get("full_product_name") else { continue };
                let ends = (relation.text("relates_to_product_reference"), relation.text("product_reference"));
                if let (Some(id), (Some(whole), Some(part))) = (product.text("product_id"), ends) {
                    products.parts.insert(id.to_owned(), (whole.to_owned(), part.to_owned()));
                }
                products.add(&product);
            }
        }
        Ok(products)
    }

    fn branches(&mut self, node: &Node<'_>, depth: usize) -> Result<(), VexError> {
        if depth > MAX_DEPTH {
            return Ok(());
        }
        for branch in node.objects("branches")? {
            if let Some(product) = branch.get("product") {
                self.add(&product);
            }
            self.branches(&branch, depth + 1)?;
        }
        Ok(())
    }

    fn add(&mut self, product: &Node<'_>) {
        let purl = product.value.pointer("/product_identification_helper/purl").and_then(serde_json::Value::as_str);
        if let (Some(id), Some(name)) = (product.text("product_id"), purl.or_else(|| product.text("name"))) {
            self.names.insert(id.to_owned(), name.to_owned());
        }
    }

    fn named(&self, id: &str) -> Option<Product> {
        let name = |id: &str| self.names.get(id).cloned();
        let both = self.parts.get(id).and_then(|(whole, part)| Some((name(whole)?, name(part)?)));
        match both {
            Some((name, part)) => Some(Product { name, part: Some(part) }),
            None => name(id).map(|name| Product { name, part: None }),
        }
    }
}
