//! Which findings a VEX statement is about, and which of several statements holds.

use chrono::{DateTime, Utc};

use super::agreement::Agreement;
use super::product::Identity;
use super::subject::Subject;
use crate::finding::{Component, Finding, Status};

/// What a VEX document says, see <https://www.cisa.gov/sbom>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The vulnerability's ids.
    pub ids: Vec<String>,
    /// What it is about; `None`: everything. An empty list is about nothing that we could know.
    pub products: Option<Vec<Product>>,
    /// False Positive (not affected), Closed (fixed), or Active (affected, or still examined).
    pub status: Status,
    /// Why.
    pub justification: Option<String>,
    /// The document, for people.
    pub source: String,
    /// When it was made: the newest holds.
    pub made: Option<DateTime<Utc>>,
}

/// What a VEX statement is about: a package, an image, an application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Product {
    /// The product.
    pub whole: Identity,
    /// The package in it that the statement is about, where it is not the product itself.
    pub part: Option<Identity>,
}

impl Statement {
    /// Whether it is about a finding: one of the ids and, where it names products, one of them.
    ///
    /// Where the report says too little to tell, only what keeps a finding Active applies.
    #[must_use]
    pub fn applies_to(&self, finding: &Finding, subject: &Subject) -> bool {
        let known = || finding.identifiers.iter().chain(&finding.rule).chain(&subject.ids);
        let is_known = |id: &String| known().any(|known| known.eq_ignore_ascii_case(id));
        let product = match &self.products {
            _ if !self.ids.iter().any(is_known) => Agreement::No,
            None => Agreement::Yes,
            Some(products) => Agreement::any(products.iter().map(|product| product.agrees(subject))),
        };
        match product {
            Agreement::Yes => true,
            Agreement::Unknown => self.status == Status::Active,
            Agreement::No => false,
        }
    }
}

impl Product {
    fn agrees(&self, subject: &Subject) -> Agreement {
        let Self { whole, part } = self;
        let is_scanned = {
            let each = subject.scanned.iter().map(|scanned| whole.scanned(scanned, part.is_some()));
            if subject.scanned.is_empty() { Agreement::No } else { Agreement::all(each) }
        };
        let around = is_scanned.max(passage(whole, subject));
        match part {
            Some(part) => around.min(package(part, subject)),
            None => around.max(package(whole, subject)),
        }
    }
}

/// Whether it is the package that was found, as each report names it.
fn package(identity: &Identity, subject: &Subject) -> Agreement {
    if subject.packages.is_empty() {
        return Agreement::No;
    }
    Agreement::all(subject.packages.iter().map(|(component, ids)| identity.package(component, ids)))
}

/// Whether the package that was found is there only because of this one.
fn passage(identity: &Identity, subject: &Subject) -> Agreement {
    let purls = || subject.packages.iter().filter_map(|(Component { purl, .. }, _)| purl.as_deref());
    let leads = |purl: &str| {
        let is_passage = |purl: &str| identity.is_purl(purl);
        subject.scanned.iter().all(|at| at.artifact.dependencies.leads_only_through(purl, &is_passage))
    };
    Agreement::of(!subject.scanned.is_empty() && purls().next().is_some() && purls().all(leads))
}

/// The statement that holds of those that apply to a finding: the newest, of one document's equally old ones the last.
/// Where documents of one age disagree, nothing is settled.
pub(in crate::triage) fn newest<'s>(statements: impl Iterator<Item = &'s Statement>) -> Option<&'s Statement> {
    let mut last: Vec<&Statement> = Vec::new();
    for statement in statements {
        match last.iter_mut().find(|other| other.source == statement.source) {
            Some(other) if other.made <= statement.made => *other = statement,
            Some(_) => {}
            None => last.push(statement),
        }
    }
    let made = last.iter().map(|statement| statement.made).max()?;
    last.retain(|statement| statement.made == made);
    last.iter().copied().find(|statement| statement.status == Status::Active).or(last.pop())
}
