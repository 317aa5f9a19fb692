//! A mapping's settings, as planning takes them.

use super::input::Input;
use super::snapshot::{self, Snapshot};
use crate::config::{Mapping, OnManualClose, OnReturn, UpdatePolicy};
use crate::finding::Status;
use crate::issue::{CloseReason, State, StatusTarget, Update};
use crate::plan::Settings;
use crate::trackers::{Track, Visibility};

/// The settings of a mapping, by its place in the mapping file.
pub(super) fn settings(input: &Input<'_>, index: usize, snapshot: &Snapshot, tracker: &dyn Track) -> Settings {
    let mapping = &input.config.mappings[index];
    let target = |status: Status| {
        let value = mapping.status.value(status);
        let reason = if status == Status::Closed { CloseReason::Completed } else { CloseReason::NotPlanned };
        StatusTarget {
            field: mapping.status.field.clone(),
            value: value.value.clone(),
            state: if value.open { State::Open } else { State::Closed },
            closed_as: (!value.open).then_some(reason),
        }
    };
    let limits = input.config.limits;
    Settings {
        mapping: mapping.label.clone(),
        today: input.today,
        tracker: tracker.limits(),
        statuses: Status::ALL.map(target),
        update_status: update(mapping.update.status),
        max_open: limits.max_open,
        max_close_percent: limits.max_close_percent,
        scope_ttl: limits.scope_ttl,
        grouped: !mapping.group_by.is_empty(),
        new_on_return: mapping.on_return == OnReturn::New,
        keep_manual_close: mapping.on_manual_close == OnManualClose::Keep,
        record_decisions: mapping.record_decisions,
        publishing_unasked: snapshot.visibility == Some(Visibility::Public) && mapping.public.is_none(),
        shared: is_shared(mapping),
        formerly: mapping.formerly.clone(),
        decided_label: mapping.decided_label(),
        own_label: mapping.own_label.clone(),
        has_siblings: !snapshot::siblings(mapping, &input.config.mappings).is_empty(),
        newest_finished: input.newest_finished.clone(),
        marks: tracker.marks(),
        fields: mapping.fields_named().map(str::to_owned).collect(),
    }
}

/// Whether several repositories share the mapping's project.
pub(super) fn is_shared(mapping: &Mapping) -> bool {
    mapping.shared.unwrap_or(false)
}

pub(super) const fn update(policy: UpdatePolicy) -> Update {
    match policy {
        UpdatePolicy::IfUnedited => Update::IfUnedited,
        UpdatePolicy::Always => Update::Always,
        UpdatePolicy::Never => Update::Never,
    }
}
