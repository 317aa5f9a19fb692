//! Merging: findings that share a key are one, whatever scanners report them.

use std::collections::{BTreeSet, HashMap};

use super::{Item, Subject};
use crate::finding::{Component, Finding, Key, Scan, Scope, Status, identifiers};

/// References that one issue lists at most.
const MAX_REFERENCES: usize = 20;
/// Further places that one finding lists at most.
const MAX_LOCATIONS: usize = 50;

/// All findings but Closed ones, each once.
pub(super) fn merge(scans: &[Scan], aliases: &[Vec<Key>]) -> Vec<Item> {
    let mut sets = Sets::default();
    let mut reported: Vec<(&Finding, &Scan, usize)> = Vec::new();
    for scan in scans {
        for finding in scan.findings.iter().filter(|finding| finding.status != Status::Closed) {
            if let Some(set) = sets.join(&finding.keys) {
                reported.push((finding, scan, set));
            }
        }
    }
    for keys in aliases {
        sets.join(keys);
    }
    let mut merged: HashMap<usize, Vec<(&Finding, &Scan)>> = HashMap::new();
    for (finding, scan, set) in reported {
        let root = sets.root(set);
        merged.entry(root).or_default().push((finding, scan));
    }
    let mut items: Vec<Item> = merged.into_values().map(one).collect();
    items.sort_by(|a, b| a.keys.cmp(&b.keys));
    items
}

/// One item out of all reports of a finding.
fn one(reports: Vec<(&Finding, &Scan)>) -> Item {
    let mut subject = Subject::default();
    reports.iter().for_each(|(finding, scan)| subject.add(finding, scan));
    let mut reports: Vec<(&Finding, Scope)> =
        reports.into_iter().map(|(finding, scan)| (finding, scan.scope())).collect();
    // The report that says most speaks for all, in an order that does not hang on the order of the reports.
    reports.sort_by(|(a, a_scope), (b, b_scope)| {
        let rank = |finding: &Finding| {
            (finding.status != Status::Active, std::cmp::Reverse(finding.severity), finding.description.is_none())
        };
        let place = |finding: &Finding| (finding.location.path.clone(), finding.location.start_line);
        (rank(a), a_scope, &a.keys, place(a), &a.title).cmp(&(rank(b), b_scope, &b.keys, place(b), &b.title))
    });
    let mut finding = reports[0].0.clone();
    let mut keys: Vec<Key> = finding.keys.clone();
    let mut scopes = BTreeSet::new();
    let mut versions = BTreeSet::new();
    for (other, scope) in &reports {
        scopes.insert(scope.clone());
        versions.extend(other.component.as_ref().and_then(|component| component.version.clone()));
        add_new(&mut keys, &other.keys, usize::MAX);
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
    // The canonical key is the one with the most canonical id, whichever report brought it.
    if let Some(canonical) = reports.iter().map(|(other, _)| other).min_by_key(|other| canonical_rank(other)) {
        keys.sort_by_key(|key| Some(key) != canonical.keys.first());
    }
    let status = reports.iter().map(|(other, _)| other.status).min().unwrap_or_default();
    let reason = finding.justification.clone().filter(|_| status != Status::Active);
    Item {
        keys,
        scopes: scopes.into_iter().collect(),
        versions: versions.into_iter().collect(),
        subject,
        status,
        reason,
        expired: false,
        finding,
    }
}

fn canonical_rank(finding: &Finding) -> (usize, Option<Key>) {
    let rank = finding.identifiers.iter().chain(&finding.rule).filter_map(|id| identifiers::rank(id)).min();
    (rank.unwrap_or(usize::MAX), finding.keys.first().copied())
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

/// Disjoint sets of keys.
#[derive(Default)]
struct Sets {
    of_key: HashMap<Key, usize>,
    parent: Vec<usize>,
}

impl Sets {
    /// Puts keys into one set; `None` where there are none.
    fn join(&mut self, keys: &[Key]) -> Option<usize> {
        let mut joined = None;
        for key in keys {
            let set = *self.of_key.entry(*key).or_insert_with(|| {
                self.parent.push(self.parent.len());
                self.parent.len() - 1
            });
            let root = self.root(set);
            match joined {
                None => joined = Some(root),
                Some(first) => self.parent[root] = first,
            }
        }
        joined
    }

    fn root(&mut self, mut set: usize) -> usize {
        while self.parent[set] != set {
            self.parent[set] = self.parent[self.parent[set]];
            set = self.parent[set];
        }
        set
    }
}
