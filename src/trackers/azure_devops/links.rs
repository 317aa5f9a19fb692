//! The stamp in hyperlinks: the one place in a work item that no editor of texts touches.
//!
//! The encoded stamp is cut into parts that fit into an address; each part says which of how many it is, as relations
//! come back in any order.

use super::model::{Operation, Relation};
use crate::issue::Stamp;

const REL: &str = "Hyperlink";
/// `.invalid` never leads anywhere (RFC 2606).
const PREFIX: &str = "https://findsync.invalid/stamp/";
/// Characters of the stamp in one address.
const PART: usize = 1_800;
/// Links that a stamp may take.
const LINKS: usize = 20;
/// The longest stamp, in characters.
pub(super) const LONGEST: usize = PART * LINKS;
const COMMENT: &str = "findsync knows this item again by this link: please leave it";

/// The addresses that hold a stamp.
fn urls(stamp: &Stamp) -> Vec<String> {
    // Base64's own alphabet has two characters that mean something in an address.
    let text = stamp.encode(LONGEST).replace('+', "-").replace('/', "_");
    let parts: Vec<&str> = (0..text.len()).step_by(PART).map(|at| &text[at..text.len().min(at + PART)]).collect();
    let of = parts.len();
    parts.iter().enumerate().map(|(at, part)| format!("{PREFIX}{}-of-{of}?{part}", at + 1)).collect()
}

fn is_ours(relation: &Relation) -> bool {
    relation.rel.eq_ignore_ascii_case(REL) && relation.url.starts_with(PREFIX)
}

/// The stamp in an item's relations, where it is there and whole.
pub(super) fn stamp(relations: &[Relation]) -> Option<Stamp> {
    let mut parts: Vec<(usize, usize, &str)> = Vec::new();
    for relation in relations.iter().filter(|relation| is_ours(relation)) {
        let (place, part) = relation.url[PREFIX.len()..].split_once('?')?;
        let (at, of) = place.split_once("-of-")?;
        parts.push((at.parse().ok()?, of.parse().ok()?, part));
    }
    parts.sort_unstable();
    let whole = parts.iter().enumerate().all(|(index, (at, of, _))| *at == index + 1 && *of == parts.len());
    if parts.is_empty() || !whole {
        return None;
    }
    let text: String = parts.iter().map(|(_, _, part)| *part).collect();
    match Stamp::decode(&text.replace('-', "+").replace('_', "/")) {
        Ok(stamp) => Some(stamp),
        Err(error) => {
            tracing::warn!(%error, "a work item's stamp cannot be read");
            None
        }
    }
}

/// What makes an item's links hold a stamp, whatever they hold now. Links that stay are left alone, as the same
/// address twice is refused.
pub(super) fn replace(relations: &[Relation], stamp: &Stamp) -> Vec<Operation> {
    let wanted = urls(stamp);
    let stale = |(_, relation): &(usize, &Relation)| is_ours(relation) && !wanted.contains(&relation.url);
    // From the last on, so that the places of the others stay right.
    let gone = relations.iter().enumerate().filter(stale).map(|(at, _)| at).rev().map(Operation::unrelate);
    let missing = wanted.iter().filter(|url| !relations.iter().any(|relation| relation.url == **url));
    gone.chain(missing.map(|url| Operation::relate(REL, url, COMMENT))).collect()
}
