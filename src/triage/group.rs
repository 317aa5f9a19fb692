//! Grouping: findings that share what the mapping names share one issue.

use super::Item;
use crate::config::GroupBy;
use crate::finding::{Digest, Source, digest, image_name, purl, without_matrix_part};

/// What the findings of a group share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Of the owner, of what findings are grouped by, and of the values that they share.
    pub digest: Digest,
    /// What they share, as a title says it. Untrusted.
    pub title: String,
}

/// The group of a finding; `None` where it lacks something that the mapping groups by, so that it stays alone. A group
/// never crosses repositories.
#[must_use]
pub fn group(item: &Item, by: &[GroupBy], owner: &Source) -> Option<Group> {
    if by.is_empty() {
        return None;
    }
    let parts: Vec<(GroupBy, String)> = by.iter().map(|by| Some((*by, part(item, *by)?))).collect::<Option<_>>()?;
    let owner = owner.id.as_deref().unwrap_or(&owner.name);
    let named = parts.iter().map(|(by, value)| (by.name(), value.as_str()));
    let digest = digest([("kind", "group"), ("owner", owner)].into_iter().chain(named));
    let component = item.finding.component.as_ref().map(|component| &component.name);
    let title = parts.iter().fold("Findings".to_owned(), |title, (by, value)| match by {
        GroupBy::Rule => format!("{title} of {value}"),
        GroupBy::Component => format!("{title} in {}", component.unwrap_or(value)),
        GroupBy::File => format!("{title} in {value}"),
        GroupBy::Severity => format!("{title} of severity {value}"),
        GroupBy::Kind => format!("{title} of kind {value}"),
        GroupBy::Scanner => format!("{title} from {value}"),
        GroupBy::Target => format!("{title} on {value}"),
        GroupBy::Fix => format!("{title} fixed by {value}"),
    });
    Some(Group { digest, title })
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
