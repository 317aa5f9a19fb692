//! Triage: scans → tickets. Merges what several scanners report, applies decisions, routes to mappings, groups.
//!
//! Pure: the day comes in as an argument, what the trackers know as [`Known`].

mod decide;
mod group;
mod merge;
mod route;
mod vex;

pub use group::Group;
pub use vex::{Identity, Product, Statement, Subject, VexError, read_vex};

use std::collections::HashSet;

use chrono::NaiveDate;

use crate::config::Config;
use crate::finding::{Finding, Key, Scan, Scope, Severity, Status};

/// A finding as all scanners of this run together report it.
#[derive(Debug, Clone)]
pub struct Item {
    /// The finding; texts from the scanner that says most, lists from all.
    pub finding: Finding,
    /// All keys that it is known by, the canonical one first.
    pub keys: Vec<Key>,
    /// The scopes that report it, sorted.
    pub scopes: Vec<Scope>,
    /// All versions of the component that were found, sorted.
    pub versions: Vec<String>,
    /// What VEX statements are held against.
    pub subject: Subject,
    /// Where it stands, decisions applied.
    pub status: Status,
    /// Why, where it is not Active; or why a decision no longer holds.
    pub reason: Option<String>,
    /// Whether an acceptance has run out.
    pub expired: bool,
}

/// What should have one issue in one mapping: a finding, or a finding group.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// The finding's or the group's key.
    pub key: Key,
    /// What the findings share; `None` for a single finding.
    pub group: Option<Group>,
    /// The findings: one, or the group's that are Active (all of them where none is).
    pub items: Vec<Item>,
    /// Keys of the group's findings that are decided, so that they are not in `items`.
    pub excluded: Vec<Key>,
    /// The status of all items.
    pub status: Status,
    /// Why.
    pub reason: Option<String>,
    /// Whether an acceptance has run out.
    pub expired: bool,
    /// The highest severity.
    pub severity: Severity,
    /// Why it must not be opened: the filter that holds it back.
    pub held: Option<String>,
}

/// What the trackers know already.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Keys that belong to one finding each, learned in earlier runs.
    pub aliases: Vec<Vec<Key>>,
    /// For each mapping, the keys that have an open issue there.
    pub homes: Vec<HashSet<Key>>,
}

/// A glob that cannot be read; `config` has refused it before.
#[derive(Debug, thiserror::Error)]
#[error("`{glob}` is not a glob: {source}")]
pub struct GlobError {
    glob: String,
    source: globset::Error,
}

/// The tickets of each mapping, in the order of [`Config::mappings`].
///
/// # Errors
/// Where a glob of a route or decision cannot be read.
pub fn triage(
    scans: &[Scan],
    config: &Config,
    vex: &[Statement],
    known: &Known,
    today: NaiveDate,
) -> Result<Vec<Vec<Ticket>>, GlobError> {
    let mut items = merge::merge(scans, &known.aliases);
    decide::decide(&mut items, &config.decisions, vex, today)?;
    let routes = route::Routes::new(config)?;
    let mut routed: Vec<Vec<(Item, Option<String>)>> = vec![Vec::new(); config.mappings.len()];
    for item in items {
        for (mapping, held) in routes.of(&item, known) {
            routed[mapping].push((item.clone(), held));
        }
    }
    Ok(routed
        .into_iter()
        .zip(&config.mappings)
        .map(|(items, mapping)| group::group(items, &mapping.group_by))
        .collect())
}

fn matcher(glob: &str) -> Result<globset::GlobMatcher, GlobError> {
    globset::GlobBuilder::new(glob)
        .literal_separator(false)
        .case_insensitive(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|source| GlobError { glob: glob.to_owned(), source })
}

#[cfg(test)]
mod tests;
