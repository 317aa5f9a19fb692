//! Grouping: findings that share what the mapping names share one issue.

use std::collections::BTreeMap;

use super::{Item, Ticket};
use crate::config::GroupBy;
use crate::finding::{Key, Status, digest, image_name, purl, without_matrix_part};

/// What the findings of a group share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Name and value of each part, in the mapping's order. Untrusted values.
    pub parts: Vec<(GroupBy, String)>,
}

/// An item, and why it must not be opened.
type Routed = (Item, Option<String>);

/// Makes tickets of items.
pub(super) fn group(items: Vec<Routed>, by: &[GroupBy]) -> Vec<Ticket> {
    let mut groups: BTreeMap<Key, (Group, Vec<Routed>)> = BTreeMap::new();
    let mut tickets = Vec::new();
    for (item, held) in items {
        let parts: Option<Vec<_>> = by.iter().map(|by| part(&item, *by).map(|value| (*by, value))).collect();
        match parts.filter(|parts| !parts.is_empty()) {
            None => {
                tickets.extend(item.keys.first().copied().map(|key| ticket(key, None, vec![(item, held)], Vec::new())))
            }
            Some(parts) => {
                let group = Group { parts };
                groups.entry(group.key()).or_insert_with(|| (group, Vec::new())).1.push((item, held));
            }
        }
    }
    for (key, (group, items)) in groups {
        // One false positive in a group hides none of the others.
        let (active, decided): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|(item, _)| item.status == Status::Active);
        let (items, excluded) = if active.is_empty() { (decided, Vec::new()) } else { (active, decided) };
        let excluded = excluded.into_iter().flat_map(|(item, _)| item.keys).collect();
        tickets.push(ticket(key, Some(group), items, excluded));
    }
    tickets
}

fn ticket(key: Key, group: Option<Group>, items: Vec<Routed>, excluded: Vec<Key>) -> Ticket {
    // A group is opened for the findings that may be; those held back come along once it is there.
    let held = if items.iter().any(|(_, held)| held.is_none()) {
        None
    } else {
        items.iter().find_map(|(_, held)| held.clone())
    };
    let mut items: Vec<Item> = items.into_iter().map(|(item, _)| item).collect();
    items.sort_by(|a, b| b.finding.severity.cmp(&a.finding.severity).then_with(|| a.keys.cmp(&b.keys)));
    let status = items.iter().map(|item| item.status).min().unwrap_or_default();
    let told = items.iter().find(|item| item.status == status && item.reason.is_some());
    Ticket {
        key,
        group,
        status,
        reason: told.and_then(|item| item.reason.clone()),
        expired: items.iter().any(|item| item.expired),
        severity: items.iter().map(|item| item.finding.severity).max().unwrap_or_default(),
        held,
        items,
        excluded,
    }
}

impl Group {
    fn key(&self) -> Key {
        let parts = self.parts.iter().map(|(by, value)| (by.name(), value.as_str()));
        Key { version: 1, kind: None, digest: digest(std::iter::once(("kind", "group")).chain(parts)) }
    }
}

/// What an item has of a part; items without it stay alone.
fn part(item: &Item, by: GroupBy) -> Option<String> {
    let finding = &item.finding;
    let image = || finding.location.image.as_deref().map(image_name);
    match by {
        GroupBy::Rule => finding.rule.clone(),
        GroupBy::Component => finding.component.as_ref().map(purl::without_version),
        GroupBy::File => finding.location.path.clone().or_else(image),
        GroupBy::Severity => Some(finding.severity.name().to_owned()),
        GroupBy::Kind => Some(finding.kind.name().to_owned()),
        GroupBy::Scanner => item.scopes.first().map(|scope| scope.scanner.clone()),
        GroupBy::Target => item.scopes.first().map(|scope| without_matrix_part(&scope.target).to_owned()),
        GroupBy::Fix => finding.fix.as_ref().and_then(|fix| fix.version.clone()),
    }
}
