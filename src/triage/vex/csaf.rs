//! CSAF 2.0, profile VEX. <https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html>

use std::collections::HashMap;

use super::{Document, Identity, Node, Product, Statement, VexError, moment};
use crate::finding::{ComponentIds, Status, Versions};

/// Deeper than any real product tree.
const MAX_DEPTH: usize = 32;

/// The groups of `product_status`, and what they say. Of two that speak of one product the later holds.
const STATES: &[(&str, Status)] = &[
    ("known_not_affected", Status::FalsePositive),
    ("fixed", Status::Closed),
    ("first_fixed", Status::Closed),
    ("under_investigation", Status::Active),
    ("known_affected", Status::Active),
    ("first_affected", Status::Active),
    ("last_affected", Status::Active),
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
                    statements.extend(said.statement(ids.clone(), Some(vec![named]), *state, why));
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

/// The products of the tree by their ids.
struct Products<'a> {
    identities: HashMap<&'a str, Identity>,
    /// A component of a product: the ids of both.
    parts: HashMap<&'a str, (&'a str, &'a str)>,
}

impl<'a> Products<'a> {
    fn new(document: &Node<'a>) -> Result<Self, VexError> {
        let mut products = Self { identities: HashMap::new(), parts: HashMap::new() };
        if let Some(tree) = document.get("product_tree") {
            for product in tree.objects("full_product_names")? {
                products.add(&product, &Branch::default())?;
            }
            products.branches(&tree, &Branch::default(), 0)?;
            for relation in tree.objects("relationships")? {
                let Some(product) = relation.get("full_product_name") else { continue };
                let ends = (relation.text("relates_to_product_reference"), relation.text("product_reference"));
                if let (Some(id), (Some(whole), Some(part))) = (product.text("product_id"), ends) {
                    products.parts.insert(id, (whole, part));
                }
                products.add(&product, &Branch::default())?;
            }
        }
        Ok(products)
    }

    fn branches(&mut self, node: &Node<'a>, above: &Branch<'a>, depth: usize) -> Result<(), VexError> {
        if depth > MAX_DEPTH {
            return Ok(());
        }
        for node in node.objects("branches")? {
            let branch = above.with(&node);
            if let Some(product) = node.get("product") {
                self.add(&product, &branch)?;
            }
            self.branches(&node, &branch, depth + 1)?;
        }
        Ok(())
    }

    fn add(&mut self, product: &Node<'a>, branch: &Branch<'a>) -> Result<(), VexError> {
        let Some(id) = product.text("product_id") else { return Ok(()) };
        let mut ids = ComponentIds::default();
        let mut purls = Vec::new();
        if let Some(helper) = product.get("product_identification_helper") {
            purls.extend(helper.text("purl"));
            purls.extend(helper.texts("purls")?);
            ids.cpes.extend(helper.text("cpe").map(str::to_owned));
            for hashes in helper.objects("hashes")? {
                for hash in hashes.objects("file_hashes")? {
                    ids.hashes.extend(hash.text("value").map(str::to_owned));
                }
            }
        }
        let mut identity = match purls.first() {
            Some(purl) => Identity::named(purl),
            None => Identity {
                names: product.text("name").into_iter().chain(branch.product).map(str::to_owned).collect(),
                versions: branch.versions.clone(),
                ids: ComponentIds::default(),
            },
        };
        identity.ids = ids;
        self.identities.insert(id, identity);
        Ok(())
    }

    fn named(&self, id: &str) -> Option<Product> {
        let identity = |id: &str| self.identities.get(id).cloned();
        let both = self.parts.get(id).and_then(|(whole, part)| Some((identity(whole)?, identity(part)?)));
        match both {
            Some((whole, part)) => Some(Product { whole, part: Some(part) }),
            None => identity(id).map(|whole| Product { whole, part: None }),
        }
    }
}

/// What the branches above a product say of it.
#[derive(Default, Clone)]
struct Branch<'a> {
    product: Option<&'a str>,
    versions: Versions,
}

impl<'a> Branch<'a> {
    fn with(&self, node: &Node<'a>) -> Self {
        let mut branch = self.clone();
        match (node.text("category"), node.text("name")) {
            (Some("product_name" | "product_family"), Some(name)) => branch.product = Some(name),
            (Some("product_version"), Some(version)) => branch.versions = Versions::exact(Some(version)),
            (Some("product_version_range"), Some(range)) => branch.versions.add_range(range),
            _ => {}
        }
        branch
    }
}
