//! The stamp in hyperlinks: the one place in a work item that no editor of texts touches.
//!
//! The encoded stamp is cut into parts that fit into an address; each part says which of how many it is, as relations
//! come back in any order.

use super::wire::{Operation, Relation};
use crate::issue::{Stamp, StampError};

/// The relation to an item's parent.
pub(super) const PARENT: &str = "System.LinkTypes.Hierarchy-Reverse";
/// "Duplicate Of".
pub(super) const DUPLICATE_OF: &str = "System.LinkTypes.Duplicate-Reverse";
const HYPERLINK: &str = "Hyperlink";
/// `.invalid` never leads anywhere (RFC 2606).
const PREFIX: &str = "https://findsync.invalid/stamp/";
/// Characters of the stamp in one address.
const PART: usize = 1_800;
/// Links that a stamp may take.
const LINKS: usize = 20;
/// The longest stamp, in characters.
pub(super) const LONGEST: usize = PART * LINKS;
/// A link's comment has at most 255 characters.
const STAMP_COMMENT: &str = "findsync knows this item again by this link: please leave it";
const LINK_COMMENT: &str = "set by findsync";

/// The addresses that hold a stamp.
fn urls(stamp: &Stamp) -> Vec<String> {
    // Base64's own alphabet has two characters that mean something in an address.
    let text = stamp.encode(LONGEST).replace('+', "-").replace('/', "_");
    let parts: Vec<&str> = (0..text.len()).step_by(PART).map(|at| &text[at..text.len().min(at + PART)]).collect();
    let of = parts.len();
    parts.iter().enumerate().map(|(at, part)| format!("{PREFIX}{}-of-{of}?{part}", at + 1)).collect()
}

fn is_ours(relation: &Relation) -> bool {
    relation.rel.eq_ignore_ascii_case(HYPERLINK) && relation.url.starts_with(PREFIX)
}

/// The stamp in an item's relations, and where there is one that cannot be read, why.
pub(super) fn stamp(relations: &[Relation]) -> (Option<Stamp>, Option<StampError>) {
    let links: Vec<&Relation> = relations.iter().filter(|relation| is_ours(relation)).collect();
    if links.is_empty() {
        return (None, None);
    }
    let Some(text) = joined(&links) else {
        return (None, Some(StampError::Damaged("some of the links that hold it are gone".to_owned())));
    };
    match Stamp::decode(&text) {
        Ok(stamp) => (Some(stamp), None),
        Err(error) => (None, Some(error)),
    }
}

/// The encoded stamp, where all of its parts are there.
fn joined(links: &[&Relation]) -> Option<String> {
    let mut parts: Vec<(usize, usize, &str)> = Vec::new();
    for link in links {
        let (place, part) = link.url[PREFIX.len()..].split_once('?')?;
        let (at, of) = place.split_once("-of-")?;
        parts.push((at.parse().ok()?, of.parse().ok()?, part));
    }
    parts.sort_unstable();
    let whole = parts.iter().enumerate().all(|(index, (at, of, _))| *at == index + 1 && *of == parts.len());
    let text: String = parts.iter().map(|(_, _, part)| *part).collect();
    whole.then(|| text.replace('-', "+").replace('_', "/"))
}

/// Changes to an item's relations, in an order that is right whether places are counted before or after each removal.
#[derive(Debug, Default)]
pub(super) struct Changes {
    gone: Vec<usize>,
    new: Vec<Operation>,
}

impl Changes {
    /// Makes the links hold a stamp, whatever they hold now. Links that stay are left alone, as the same address twice
    /// is refused.
    pub(super) fn hold(&mut self, relations: &[Relation], stamp: &Stamp) {
        let wanted = urls(stamp);
        let stale = |(_, relation): &(usize, &Relation)| is_ours(relation) && !wanted.contains(&relation.url);
        self.gone.extend(relations.iter().enumerate().filter(stale).map(|(at, _)| at));
        let missing = wanted.iter().filter(|url| !relations.iter().any(|relation| relation.url == **url));
        self.new.extend(missing.map(|url| Operation::relate(HYPERLINK, url, STAMP_COMMENT)));
    }

    /// Adds a link to another work item, unless it is there.
    pub(super) fn add(&mut self, relations: &[Relation], rel: &str, url: &str) {
        if !relations
            .iter()
            .any(|relation| relation.rel.eq_ignore_ascii_case(rel) && id_of(&relation.url) == id_of(url))
        {
            self.new.push(Operation::relate(rel, url, LINK_COMMENT));
        }
    }

    /// Makes a work item the only one that is linked so.
    pub(super) fn set(&mut self, relations: &[Relation], rel: &str, url: Option<&str>) {
        for (at, relation) in relations.iter().enumerate().filter(|(_, r)| r.rel.eq_ignore_ascii_case(rel)) {
            if url.is_none_or(|url| id_of(url) != id_of(&relation.url)) {
                self.gone.push(at);
            }
        }
        if let Some(url) = url {
            self.add(relations, rel, url);
        }
    }

    /// The operations: removals from the last on, then what is new.
    pub(super) fn into_operations(mut self) -> impl Iterator<Item = Operation> {
        self.gone.sort_unstable();
        self.gone.into_iter().rev().map(Operation::unrelate).chain(self.new)
    }
}

/// The id at the end of a work item's address.
pub(super) fn id_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}
