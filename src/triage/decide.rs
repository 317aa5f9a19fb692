//! Decisions: what people say in the mapping file and in VEX documents overrides what scanners say.

use chrono::NaiveDate;
use globset::GlobMatcher;

use super::{GlobError, Item, Product, Statement, matcher};
use crate::config::{Decision, DecisionMatch};
use crate::finding::{Component, Status, image_name, purl};

/// A decision with its globs compiled.
struct Compiled<'a> {
    decision: &'a Decision,
    rule: Option<GlobMatcher>,
    component: Option<GlobMatcher>,
    path: Option<GlobMatcher>,
    scanner: Option<GlobMatcher>,
    target: Option<GlobMatcher>,
}

/// Gives each item the status that people decided. The first decision that holds wins, the mapping file before VEX.
pub(super) fn decide(
    items: &mut [Item],
    decisions: &[Decision],
    vex: &[Statement],
    today: NaiveDate,
) -> Result<(), GlobError> {
    let compiled = decisions.iter().map(Compiled::new).collect::<Result<Vec<_>, _>>()?;
    for item in items {
        let mut run_out = None;
        let mut decided = None;
        for one in compiled.iter().filter(|one| one.matches(item)) {
            match one.decision.until.filter(|until| *until < today) {
                Some(until) => run_out = run_out.or(Some((until, one.decision))),
                None => {
                    decided = Some((
                        one.decision.status,
                        one.decision.reason.clone().unwrap_or_else(|| one.decision.source.clone()),
                    ));
                    break;
                }
            }
        }
        let by_vex = || {
            // The newest holds; of equally old ones the last.
            let statement =
                vex.iter().filter(|statement| applies(statement, item)).max_by_key(|statement| statement.made)?;
            if statement.status == Status::Active {
                return None;
            }
            let why = statement.justification.as_deref().unwrap_or("VEX");
            Some((statement.status, format!("{why} ({})", statement.source)))
        };
        if let Some((status, reason)) = decided.or_else(by_vex) {
            item.status = status;
            item.reason = Some(reason);
        } else if let Some((until, decision)) = run_out.filter(|_| item.status == Status::Active) {
            item.expired = true;
            let what = if decision.status == Status::RiskAccepted { "acceptance" } else { "decision" };
            item.reason = Some(format!("the {what} has run out on {until}"));
        }
    }
    Ok(())
}

impl<'a> Compiled<'a> {
    fn new(decision: &'a Decision) -> Result<Self, GlobError> {
        let glob = |text: &Option<String>| text.as_deref().map(matcher).transpose();
        let DecisionMatch { rule, component, path, scanner, target, .. } = &decision.matches;
        Ok(Self {
            decision,
            rule: glob(rule)?,
            component: glob(component)?,
            path: glob(path)?,
            scanner: glob(scanner)?,
            target: glob(target)?,
        })
    }

    fn matches(&self, item: &Item) -> bool {
        let DecisionMatch { id, key, .. } = &self.decision.matches;
        let finding = &item.finding;
        let names = |component: &Component| [component.name.clone(), purl::without_version(component)];
        let is_id =
            |id: &String| finding.identifiers.iter().chain(&finding.rule).any(|known| known.eq_ignore_ascii_case(id));
        let places = || finding.locations.iter().chain([&finding.location]);
        id.as_ref().is_none_or(is_id)
            && key.as_ref().is_none_or(|key| item.keys.iter().any(|known| known.to_string() == *key))
            && agrees(&self.rule, finding.rule.iter().cloned())
            && agrees(&self.component, finding.component.iter().flat_map(names))
            && agrees(&self.path, places().filter_map(|place| place.path.clone()))
            && agrees(&self.scanner, item.scopes.iter().map(|scope| scope.scanner.clone()))
            && agrees(&self.target, item.scopes.iter().map(|scope| scope.target.clone()))
    }
}

/// Whether one of the texts fits the glob, where there is one.
fn agrees(glob: &Option<GlobMatcher>, mut texts: impl Iterator<Item = String>) -> bool {
    glob.as_ref().is_none_or(|glob| texts.any(|text| glob.is_match(text)))
}

/// Whether a VEX statement is about an item: an id and, where it names products, one of them.
fn applies(statement: &Statement, item: &Item) -> bool {
    let finding = &item.finding;
    let about_id = statement
        .ids
        .iter()
        .any(|id| finding.identifiers.iter().chain(&finding.rule).any(|known| known.eq_ignore_ascii_case(id)));
    let about_product = |Product { name, part }: &Product| match part {
        None => is_package(name, item) || is_scanned(name, item, false),
        Some(part) => is_package(part, item) && is_scanned(name, item, true),
    };
    about_id && (statement.products.is_empty() || statement.products.iter().any(about_product))
}

/// Whether a VEX document's name means the item's package, in all the versions in which it was found.
fn is_package(name: &str, item: &Item) -> bool {
    let Some(component) = &item.finding.component else { return false };
    match (purl::normalised(name), purl::parts(name)) {
        (Some(package), Some(parts)) => {
            let found = |version: &String| item.versions.iter().all(|found| found == version);
            purl::without_version(component) == package && parts.version.as_ref().is_none_or(found)
        }
        _ => component.name.eq_ignore_ascii_case(name),
    }
}

/// Types of package URLs that name an image or a repository.
const SCANNED: &[&str] = &["oci", "docker", "github", "gitlab", "bitbucket", "generic"];

/// Whether a VEX document's name means what was scanned: an image or a project, also where it leaves out the registry.
/// A package of that name is another thing, unless it is the `whole` of which the document names a part.
fn is_scanned(name: &str, item: &Item, whole: bool) -> bool {
    let (names, registry) = match purl::parts(name) {
        Some(parts) if whole || SCANNED.contains(&parts.kind.as_str()) => match purl::qualifier(name, "repository_url")
        {
            Some(url) => (vec![image_name(&format!("{url}/{}", parts.name)), image_name(&url)], true),
            None => (vec![parts.name], false),
        },
        Some(_) => return false,
        None => (vec![image_name(name)], true),
    };
    let images = std::iter::once(&item.finding.location).chain(&item.finding.locations);
    let images = images.filter_map(|at| at.image.as_ref());
    let mut scanned = item.scopes.iter().map(|scope| &scope.target).chain(images).map(|target| image_name(target));
    scanned.any(|target| {
        let is_same = |name: &String| target == *name || !registry && target.ends_with(&format!("/{name}"));
        names.iter().any(is_same)
    })
}
