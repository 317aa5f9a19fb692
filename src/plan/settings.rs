//! What planning follows, beside the scans.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::finding::{Run, Source, Status};
use crate::issue::{Limits, StatusTarget, Update, value_digest};

/// What planning follows, beside the scans.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The mapping's label.
    pub mapping: String,
    /// The day, for scopes that were not read for long.
    pub today: NaiveDate,
    /// What the tracker can hold.
    pub tracker: Limits,
    /// The status field's value and the state that goes with it, in the order of [`Status::ALL`].
    pub statuses: [StatusTarget; 4],
    /// Who wins where a person changed the status field's value.
    pub update_status: Update,
    /// Issues to open at once; the rest waits.
    pub max_open: usize,
    /// Share of the open issues of the covered scopes that may be closed at once, from 10 issues on.
    pub max_close_percent: u8,
    /// Days after which a scope that is not read no longer counts.
    pub scope_ttl: u32,
    /// Whether findings share issues.
    pub grouped: bool,
    /// Open a fresh issue where a finding comes back, instead of reopening.
    pub new_on_return: bool,
    /// Leave an issue closed that a person closed as done.
    pub keep_manual_close: bool,
    /// Open closed issues for findings that are decided from the start.
    pub record_decisions: bool,
    /// Whether everybody can read the project and the mapping does not say what may be published there.
    pub publishing_unasked: bool,
    /// Whether several repositories share the project.
    pub shared: bool,
    /// Old names of the repository.
    pub formerly: Vec<String>,
    /// findsync's own label on closed issues that some scope still reports.
    pub decided_label: String,
    /// findsync's own label, by which issues are listed, and with which labels of repositories begin.
    pub own_label: String,
    /// Whether another mapping of the same file leads to the same project.
    pub has_siblings: bool,
    /// The newest run of this run's line that has finished, where the CI was asked.
    pub newest_finished: Option<Run>,
    /// Where the mapping keeps what its issues have, as names and values. Stamps remember them, so that issues follow a
    /// mapping that changes.
    pub marks: Vec<(&'static str, String)>,
    /// All fields that the mapping names.
    pub fields: BTreeSet<String>,
}

impl Settings {
    /// What stamps remember of where things are kept.
    pub(super) fn marks(&self) -> impl Iterator<Item = (String, u64)> {
        self.marks.iter().map(|(name, value)| ((*name).to_owned(), value_digest(value)))
    }

    /// Whether a stamp's note on a field still means something.
    pub(super) fn knows_field(&self, name: &str) -> bool {
        matches!(name, TITLE | BODY | ATTRIBUTION)
            || self.fields.contains(name)
            || self.marks.iter().any(|(mark, _)| *mark == name)
    }

    /// What a status means in the tracker.
    #[must_use]
    pub fn target(&self, status: Status) -> &StatusTarget {
        &self.statuses[status as usize]
    }

    /// The label of a repository's issues in a shared project.
    #[must_use]
    pub fn source_label(&self, source: &Source) -> Option<String> {
        (self.shared && !source.name.is_empty()).then(|| source_label(&self.own_label, source))
    }
}

/// The longest label that every service takes, in characters.
const MAX_LABEL: usize = 50;

/// The label of a repository's issues: the prefix and its path, shortened where it is too long to be a label.
#[must_use]
pub fn source_label(prefix: &str, source: &Source) -> String {
    let path = source.name.split_once('/').map_or(source.name.as_str(), |(_, path)| path);
    let path: String =
        path.chars().map(|c| if matches!(c, ',' | ';' | '>') || c.is_control() { '-' } else { c }).collect();
    let label = format!("{prefix}:{path}");
    if label.chars().count() <= MAX_LABEL {
        return label;
    }
    let mark: String = crate::finding::digest([("source", source.name.as_str())]).to_string().chars().take(8).collect();
    let room = MAX_LABEL.saturating_sub(prefix.chars().count() + mark.len() + 2);
    let end: Vec<char> = path.chars().rev().take(room).collect();
    format!("{prefix}:{mark}-{}", end.into_iter().rev().collect::<String>())
}

/// The names under which the stamp remembers the title, our part of the body, and who was said to see it.
pub(super) const TITLE: &str = "title";

pub(super) const BODY: &str = "body";

pub(super) const ATTRIBUTION: &str = "seen by";
