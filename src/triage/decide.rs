//! Decisions: what people say in the mapping file and in VEX documents overrides what scanners say.

use chrono::NaiveDate;
use globset::GlobMatcher;

use super::vex::newest;
use super::{GlobError, Item, Statement, matcher};
use crate::config::{Decision, DecisionMatch};
use crate::finding::{Component, Status, purl};

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
            let statement = newest(vex.iter().filter(|vex| vex.applies_to(&item.finding, &item.subject)))?;
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
