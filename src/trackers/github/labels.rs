//! Labels of an issue, changed one by one: whoever labels it at the same moment keeps theirs.

use http::Method;
use serde_json::json;

use super::GitHub;
use super::project::same;
use super::setup::{self, Setup};
use crate::issue::{Edit, Issue, IssueId, Stamp};
use crate::trackers::Error;
use crate::trackers::http::{Kind, Request};
use crate::trackers::labels::left_behind;

/// Labels to put on and to take away.
#[derive(Debug, Default)]
pub(super) struct LabelChanges {
    pub(super) add: Vec<String>,
    pub(super) remove: Vec<String>,
}

impl LabelChanges {
    pub(super) const fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}

impl GitHub {
    /// What an edit changes, beside what findsync itself left behind there.
    pub(super) fn label_changes(&self, setup: &Setup, issue: &Issue, edit: &Edit) -> LabelChanges {
        let own = &self.own_labels;
        let mut there = issue.labels.clone();
        there.extend(own.all_spelled(&issue.own_labels));
        let mut add = own.all_spelled(&edit.add_labels);
        let mut remove = own.all_spelled(&edit.remove_labels);
        if issue.labelled {
            there.push(self.mapping.own_label.clone());
        } else {
            add.push(self.mapping.own_label.clone());
        }
        if self.wanted.project_number.is_none() {
            let is_field = |name: &String| setup.kept_elsewhere(&self.wanted).any(|kept| kept == name);
            let fields = issue.fields.iter().filter(|(name, _)| is_field(name));
            there.extend(fields.map(|(name, value)| setup::field_label(name, value)));
            for field in edit.fields.iter().filter(|field| is_field(&field.name)) {
                remove.extend(there.iter().filter(|label| setup::label_value(&field.name, label).is_some()).cloned());
            }
            add.extend(self.field_labels(setup, &edit.fields));
        }
        remove.extend(self.left_behind(setup, issue.stamp.as_ref(), &issue.labels));
        let has = |labels: &[String], label: &str| labels.iter().any(|known| same(known, label));
        remove.retain(|label| has(&there, label) && !has(&add, label));
        add.retain(|label| !has(&there, label));
        LabelChanges { add, remove }
    }

    /// Labels that findsync wrote when the mapping was another.
    pub(super) fn left_behind(&self, setup: &Setup, stamp: Option<&Stamp>, labels: &[String]) -> Vec<String> {
        let is_label_now = |name: &str| {
            self.wanted.project_number.is_none() && setup.kept_elsewhere(&self.wanted).any(|field| same(field, name))
        };
        left_behind(stamp, &self.own_labels, labels, setup::label_value, is_label_now).into_iter().cloned().collect()
    }

    pub(super) async fn write_labels(
        &self,
        setup: &Setup,
        id: &IssueId,
        mut changes: LabelChanges,
    ) -> Result<(), Error> {
        let number = id.number.to_string();
        if !changes.add.is_empty() {
            self.ensure_labels(setup, &mut changes.add).await?;
        }
        if !changes.add.is_empty() {
            let url = self.api.address.repo(&["issues", &number, "labels"]);
            let request = Request::new(Kind::Write, Method::POST, format!("label #{number}"), url);
            let request = self.based_on_reading(request, id).json(&json!({ "labels": changes.add }));
            if let Err(error) = self.api.call(request).await {
                return Err(self.refused(id, &format!("label #{number}"), error).await?);
            }
        }
        for label in &changes.remove {
            let url = self.api.address.repo(&["issues", &number, "labels", label]);
            let what = format!("take the label `{label}` from #{number}");
            let request = self.based_on_reading(Request::new(Kind::Write, Method::DELETE, what, url), id);
            match self.api.call(request).await {
                // Somebody was faster, or there is no such issue, as the next request will say.
                Ok(_) | Err(Error::NotFound { .. } | Error::Gone) => {}
                Err(error) => return Err(self.refused(id, &format!("label #{number}"), error).await?),
            }
        }
        Ok(())
    }
}
