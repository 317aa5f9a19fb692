//! findsync's own labels on GitLab: by which ones lists are asked for, and what an earlier mapping left behind.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::fields::{Slot, scoped_value};
use super::{GitLab, Setup};
use crate::issue::{Edit, Issue, Stamp};
use crate::trackers::labels::{LabelRules, OWN_LABEL, left_behind, moved_fields};
use crate::trackers::{Read as _, Which};

/// What GitLab takes for a label.
pub(super) const LABELS: LabelRules = LabelRules { longest: 255, forbidden: &[',', '?', '&'], folds_case: false };

/// Whether two labels are one to people: to GitLab, `Bug` and `bug` are two.
pub(super) fn same(one: &str, other: &str) -> bool {
    one == other || one.to_lowercase() == other.to_lowercase()
}

/// A label as it is spelled among those that are there: exactly so, else in another case, else as it is.
pub(super) fn spelled_among<'l>(mut there: impl Iterator<Item = &'l String> + Clone, label: &str) -> String {
    if there.clone().any(|known| known == label) {
        return label.to_owned();
    }
    there.find(|known| same(known, label)).map_or_else(|| label.to_owned(), Clone::clone)
}

/// The labels of issues as GitLab spells them, by the issues' numbers, as they were last read.
#[derive(Debug, Default)]
pub(super) struct Spellings(Mutex<BTreeMap<u64, Vec<String>>>);

impl Spellings {
    /// Remembers an issue's labels.
    pub(super) fn note(&self, iid: u64, labels: &[String]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(iid, labels.to_vec());
    }

    /// A label as it is on an issue, so that it can be taken away.
    pub(super) fn on(&self, iid: u64, label: &str) -> String {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spelled_among(known.get(&iid).into_iter().flatten(), label)
    }
}

impl GitLab {
    /// The labels, all of them, and the state by which a list is asked for.
    pub(super) fn listed_by(&self, which: Which) -> (Vec<String>, &'static str) {
        let own = &self.own_labels;
        let (label, state) = match which {
            Which::Decided => (own.decided(), "closed"),
            Which::LatelyClosed | Which::Closed => (self.mapping.own_label.clone(), "closed"),
            Which::Open | Which::NewerThan(_) => (self.mapping.own_label.clone(), "opened"),
        };
        (std::iter::once(label).chain(own.source()).collect(), state)
    }

    /// What stamps remember of where this mapping's issues keep what they have.
    pub(super) fn current_marks(&self) -> Vec<(&'static str, String)> {
        let own = (OWN_LABEL, self.mapping.own_label.clone());
        let slot = self.setup.get().and_then(|setup| setup.fields.get(&self.mapping.status.field));
        [Some(own), slot.map(|field| ("status_place", format!("{:?}", field.slot)))].into_iter().flatten().collect()
    }

    /// Labels that findsync wrote when the mapping, or what GitLab has for it, was another.
    fn left_behind(&self, stamp: Option<&Stamp>, labels: &[String]) -> Vec<String> {
        let fields = self.setup.get().map(|setup| &setup.fields);
        let is_label_now =
            |name: &str| fields.and_then(|fields| fields.get(name)).is_some_and(|field| field.slot == Slot::Scoped);
        left_behind(stamp, &self.own_labels, labels, scoped_value, is_label_now).into_iter().cloned().collect()
    }

    /// The fields to write anew because they are kept elsewhere now.
    pub(super) fn moved_fields(
        &self,
        setup: &Setup,
        stamp: &Stamp,
        labels: &[String],
        there: &BTreeMap<String, String>,
    ) -> Vec<String> {
        let behind = self.left_behind(Some(stamp), labels);
        let is_behind = |name: &String| behind.iter().any(|label| scoped_value(name, label).is_some());
        let names = || setup.fields.fields.iter().map(|field| &field.name);
        let mut moved = moved_fields(stamp, &self.marks(), names(), |name| there.contains_key(name));
        moved.extend(names().filter(|name| is_behind(name)).cloned());
        moved.retain(|name| !stamp.pending.contains(name));
        moved
    }

    /// The edit, with our label put back where it is not on the issue, and without what we left behind there.
    pub(super) fn with_own_label(&self, issue: &Issue, edit: &Edit) -> Edit {
        let mut edit = edit.clone();
        if !issue.labelled {
            edit.add_labels.push(self.mapping.own_label.clone());
        }
        edit.remove_labels.extend(self.left_behind(issue.stamp.as_ref(), &issue.labels));
        edit.remove_labels.extend(self.setup.get().map(|setup| setup.fields.superseded(issue)).unwrap_or_default());
        edit
    }
}
