//! Merging: one finding out of what several scans of this run report of it.

use std::collections::BTreeSet;

use super::Item;
use crate::finding::{Component, Finding, Key, Scope, Status, identifiers};

/// References that one issue lists at most.
const MAX_REFERENCES: usize = 20;
/// Further places that one finding lists at most.
const MAX_LOCATIONS: usize = 50;

/// One item out of all reports of a finding, of which there must be one at least.
#[must_use]
pub fn merge(mut reports: Vec<(&Finding, Scope)>, key: Key) -> Option<Item> {
    // The report that says most speaks for all, in an order that does not hang on the order of the reports.
    reports.sort_by(|(a, a_scope), (b, b_scope)| {
        let rank = |finding: &Finding| {
            (finding.status != Status::Active, std::cmp::Reverse(finding.severity), finding.description.is_none())
        };
        let place = |finding: &Finding| (finding.location.path.clone(), finding.location.start_line);
        (rank(a), a_scope, &a.keys, place(a), &a.title).cmp(&(rank(b), b_scope, &b.keys, place(b), &b.title))
    });
    let mut finding = reports.first()?.0.clone();
    let mut scopes = BTreeSet::new();
    let mut versions = BTreeSet::new();
    for (other, scope) in &reports {
        scopes.insert(scope.clone());
        versions.extend(other.component.as_ref().and_then(|component| component.version.clone()));
        add_new(&mut finding.identifiers, &other.identifiers, usize::MAX);
        add_new(&mut finding.references, &other.references, MAX_REFERENCES);
        add_new(&mut finding.tags, &other.tags, usize::MAX);
        let places = other.locations.iter().chain([&other.location]).filter(|place| **place != finding.location);
        add_new(&mut finding.locations, &places.cloned().collect::<Vec<_>>(), MAX_LOCATIONS);
        finding.severity = finding.severity.max(other.severity);
        finding.description = finding.description.or_else(|| other.description.clone());
        finding.fix = finding.fix.or_else(|| other.fix.clone());
        if finding.cvss.is_empty() {
            finding.cvss.clone_from(&other.cvss);
        }
        merge_component(&mut finding.component, other.component.as_ref());
    }
    identifiers::sort(&mut finding.identifiers);
    Some(Item {
        key,
        uid: None,
        owner: None,
        elsewhere: None,
        scopes: scopes.into_iter().collect(),
        versions: versions.into_iter().collect(),
        status: finding.status,
        headline: None,
        finding,
    })
}

fn merge_component(into: &mut Option<Component>, other: Option<&Component>) {
    match (into.as_mut(), other) {
        (None, Some(other)) => *into = Some(other.clone()),
        (Some(into), Some(other)) if into.purl.is_none() => into.purl.clone_from(&other.purl),
        _ => {}
    }
}

fn add_new<T: PartialEq + Clone>(into: &mut Vec<T>, from: &[T], max: usize) {
    for value in from {
        if into.len() < max && !into.contains(value) {
            into.push(value.clone());
        }
    }
}
