//! What is written to an issue: only what drifted, and only where no person changed it (field by field), with the
//! stamp that says so.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::{ATTRIBUTION, BODY, TITLE};
use super::{FieldChange, Planner};
use crate::finding::{Severity, Status};
use crate::issue::{
    Body, CloseReason, Contest, Draft, DraftField, Edit, FieldEdit, GroupStamp, Issue, IssueId, Member, New, On, Stamp,
    State, StatusTarget, Update, split_attribution, value_digest, words,
};

/// How an issue should be.
pub(super) struct DesiredState<'a> {
    pub status: Status,
    pub target: StatusTarget,
    /// Whether people moved the status field to this status themselves.
    pub moved_by_people: bool,
    /// Its text, labels and fields; `None` where nothing but the stamp may change.
    pub draft: Option<&'a Draft>,
    pub severity: Severity,
    pub members: Vec<Member>,
    pub group: Option<GroupStamp>,
    pub contested: Vec<Contest>,
    pub own_labels: BTreeSet<String>,
    /// Whether state and status stay as they are.
    pub settled: bool,
}

/// An edit, and what it changes for people.
pub(super) struct Edited {
    pub edit: Edit,
    pub fields: Vec<FieldChange>,
    /// Whether our part of the body is written anew, or the title.
    pub writes_text: bool,
    /// What changes beside fields.
    parts: Vec<&'static str>,
    stamp_drifted: bool,
}

impl Edited {
    /// Whether everything is as it should be.
    pub(super) fn is_nothing(&self) -> bool {
        self.parts.is_empty() && self.fields.is_empty() && !self.stamp_drifted
    }

    /// What drifted, for people; `remembered` where it is nothing that they see.
    pub(super) fn why(&self, remembered: &str) -> String {
        let names = self.fields.iter().map(|change| change.field.as_str()).chain(self.parts.iter().copied());
        let names: Vec<&str> = names.collect();
        if names.is_empty() { remembered.to_owned() } else { format!("changed: {}", names.join(", ")) }
    }
}

fn same(a: &str, b: &str) -> bool {
    value_digest(a) == value_digest(b)
}

/// The target of an issue whose status does not change.
pub(super) fn as_is(planner: &Planner<'_>, issue: &Issue, old: &Stamp) -> StatusTarget {
    StatusTarget { state: issue.state, closed_as: issue.closed_as, ..planner.settings.target(old.status).clone() }
}

/// A new issue; `before` is put before our section, as if a person had written it.
pub(super) fn new_issue(planner: &Planner<'_>, desired: &DesiredState<'_>, draft: &Draft, before: String) -> New {
    let limits = &planner.settings.tracker;
    let target = &desired.target;
    let status_field = status_field(planner, target);
    let wanted: Vec<DraftField> = effective_fields(draft.fields.iter().chain([&status_field]), desired.status);
    let title = draft.title.clone().unwrap_or_default();
    let mut stamp = Stamp {
        mapping: planner.settings.mapping.clone(),
        members: desired.members.clone(),
        group: desired.group.clone(),
        state: target.state,
        left_closed: false,
        status: desired.status,
        moved_by_people: false,
        severity: desired.severity,
        fields: wanted.iter().map(|field| (field.name.clone(), value_digest(&field.value))).collect(),
        content: content(draft),
        labels: draft.labels.clone(),
        cycle: 0,
        pending: Vec::new(),
        contested: desired.contested.clone(),
        duplicate_of: None,
    };
    stamp.fields.extend(planner.settings.marks());
    stamp.fields.insert(TITLE.to_owned(), value_digest(&title));
    stamp.fields.insert(ATTRIBUTION.to_owned(), value_digest(&draft.attribution));
    let section = whole_section(draft.body.as_deref().unwrap_or_default(), &draft.attribution);
    let mut body = Body { before, section: Some(section), stamp: None, after: String::new() };
    let text = finalize_body(planner, &mut body, &mut stamp, true);
    New {
        title: title.chars().take(limits.title).collect(),
        body: text,
        stamp,
        state: target.state,
        closed_as: target.closed_as,
        labels: draft.labels.clone(),
        own_labels: desired.own_labels.iter().cloned().collect(),
        fields: wanted.into_iter().filter(|field| !field.value.is_empty()).map(written).collect(),
        confidential: draft.confidential,
    }
}

fn whole_section(main: &str, attribution: &str) -> String {
    if attribution.is_empty() { main.to_owned() } else { format!("{}\n\n{attribution}", main.trim_end()) }
}

/// What to write to an issue.
pub(super) fn edit(planner: &Planner<'_>, issue: &Issue, old: &Stamp, desired: &DesiredState<'_>) -> Edited {
    // Also where a person changed the state and we change it back: its status field went along, and is told anew.
    let transition =
        !desired.settled && (old.status != desired.status || [old.state, issue.state] != [desired.target.state; 2]);
    let mut edit = Edit::default();
    let mut parts = Vec::new();
    let mut stamp = Stamp {
        mapping: planner.settings.mapping.clone(),
        members: desired.members.clone(),
        group: desired.group.clone(),
        state: if desired.settled { old.state } else { desired.target.state },
        left_closed: desired.settled && issue.state == State::Closed && old.state == State::Open,
        status: desired.status,
        severity: desired.severity,
        moved_by_people: desired.moved_by_people,
        contested: desired.contested.clone(),
        pending: if desired.settled { old.pending.clone() } else { Vec::new() },
        duplicate_of: None,
        ..old.clone()
    };
    if issue.state != desired.target.state {
        edit.state = Some(desired.target.state);
        edit.closed_as = desired.target.closed_as;
        parts.push("state");
    }
    if transition {
        stamp.cycle = old.cycle.wrapping_add(1);
    }
    if let Some((draft, title)) = desired.draft.and_then(|draft| Some((draft, draft.title.as_ref()?))) {
        let edited = old.fields.get(TITLE).is_none_or(|written| *written != value_digest(&issue.title));
        if same(title, &issue.title) {
            stamp.fields.insert(TITLE.to_owned(), value_digest(title));
        } else if may_write(draft.update_title, edited) {
            stamp.fields.insert(TITLE.to_owned(), value_digest(title));
            edit.title = Some(title.clone());
            parts.push("title");
        }
    }
    if let Some(draft) = desired.draft {
        relabel(issue, old, draft, &mut edit, &mut stamp);
    }
    relabel_own(planner, issue, &desired.own_labels, &mut edit);
    if !(edit.add_labels.is_empty() && edit.remove_labels.is_empty()) {
        parts.push("labels");
    }
    let fields = if desired.settled {
        Vec::new()
    } else {
        edit_fields(planner, issue, old, desired, transition, &mut edit, &mut stamp)
    };

    if !desired.settled {
        stamp.fields.retain(|name, _| planner.settings.knows_field(name));
        stamp.fields.extend(planner.settings.marks());
    }

    let mut body = Body::parse(&issue.body);
    let rewritten = desired.draft.is_some_and(|draft| rewrite_section(planner, &mut body, old, draft, &mut stamp));
    if rewritten {
        parts.push("body");
    }
    // What a long stamp leaves out has not drifted. Where no other mapping leads here, a new name of this one can wait.
    let mapping = if planner.settings.has_siblings { &old.mapping } else { &stamp.mapping };
    let known = Stamp { mapping: mapping.clone(), ..old.clone() };
    let limit = planner.settings.tracker.stamp;
    let stamp_drifted = stamp != known && stamp.encode(limit) != known.encode(limit);
    let writes_text = rewritten || edit.title.is_some();
    if rewritten || stamp_drifted || !parts.is_empty() || !edit.fields.is_empty() {
        let text = finalize_body(planner, &mut body, &mut stamp, rewritten);
        edit.body = (text != issue.body).then_some(text);
        edit.stamp = Some(stamp);
    }
    Edited { edit, fields, writes_text, parts, stamp_drifted }
}

fn edit_fields(
    planner: &Planner<'_>,
    issue: &Issue,
    old: &Stamp,
    desired: &DesiredState<'_>,
    transition: bool,
    edit: &mut Edit,
    stamp: &mut Stamp,
) -> Vec<FieldChange> {
    let status_field = status_field(planner, &desired.target);
    let of_mapping = desired.draft.map_or(&[][..], |draft| draft.fields.as_slice());
    let mut was: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for field in effective_fields(of_mapping.iter().chain([&status_field]), desired.status) {
        let now = issue.fields.get(&field.name).map(String::as_str);
        let is_status = field.name == status_field.name;
        let due = match field.on {
            On::Create => false,
            On::Update => true,
            On::Status(status) => status == desired.status && transition,
        };
        if !due {
            continue;
        }
        let written = old.fields.get(&field.name);
        if same(now.unwrap_or_default(), &field.value) {
            stamp.fields.insert(field.name.clone(), value_digest(&field.value));
            continue;
        }
        // What is new to the mapping may have been filled by a person.
        let edited = written.map_or(now.is_some(), |written| *written != value_digest(now.unwrap_or_default()));
        let forced =
            old.pending.contains(&field.name) || (transition && (is_status || matches!(field.on, On::Status(_))));
        if forced || may_write(field.update, edited) && (written.is_none() || field.update != Update::Never) {
            stamp.fields.insert(field.name.clone(), value_digest(&field.value));
            was.insert(name_of(issue, &field.name), now);
            edit.fields.push(self::written(field));
        }
    }
    changes(&edit.fields, |name| was.get(name).copied().flatten().map(str::to_owned))
}

/// A wanted value, or none where a template had nothing to say.
fn written(field: DraftField) -> FieldEdit {
    FieldEdit { name: field.name, value: Some(field.value).filter(|value| !value.is_empty()) }
}

fn name_of<'a>(issue: &'a Issue, name: &str) -> &'a str {
    issue.fields.get_key_value(name).map_or("", |(name, _)| name)
}

/// The edit of an issue all of whose members went to another one: it is closed as a duplicate where it is open, with state,
/// status and stamp, nothing of its words.
pub(super) fn retire(
    planner: &Planner<'_>,
    issue: &Issue,
    old: &Stamp,
    members: Vec<Member>,
    keeper: &IssueId,
) -> Edit {
    let mut stamp = Stamp { members, pending: Vec::new(), duplicate_of: Some(keeper.number), ..old.clone() };
    let closes = issue.state == State::Open;
    let mut edit = Edit::default();
    if closes {
        let target = planner.settings.target(Status::Closed);
        stamp = Stamp { state: State::Closed, status: Status::Closed, cycle: old.cycle.wrapping_add(1), ..stamp };
        let field = status_field(planner, target);
        stamp.fields.insert(field.name.clone(), value_digest(&field.value));
        if !issue.fields.get(&field.name).is_some_and(|now| same(now, &field.value)) {
            edit.fields.push(FieldEdit { name: field.name, value: Some(field.value) });
        }
        edit.state = Some(State::Closed);
        edit.closed_as = Some(CloseReason::Duplicate);
        edit.duplicate_of = Some(keeper.clone());
    }
    edit.remove_labels =
        issue.own_labels.iter().filter(|label| **label == planner.settings.decided_label).cloned().collect();
    let text = finalize_body(planner, &mut Body::parse(&issue.body), &mut stamp, false);
    edit.body = (text != issue.body).then_some(text);
    edit.stamp = Some(stamp);
    edit
}

/// Puts our section into the body where it drifted and no person edited it. A run that does not know what the issue is about
/// changes only who sees it.
fn rewrite_section(planner: &Planner<'_>, body: &mut Body, old: &Stamp, draft: &Draft, stamp: &mut Stamp) -> bool {
    if draft.body.is_none() && draft.attribution.is_empty() {
        return false;
    }
    let markup = planner.settings.tracker.markup;
    let written = |section: &str| value_digest(&words(markup, section));
    let edited = match (&body.section, old.fields.get(BODY)) {
        (Some(section), Some(digest)) => *digest != written(section),
        _ => true,
    };
    let attribution = value_digest(&draft.attribution);
    let same_attribution = old.fields.get(ATTRIBUTION) == Some(&attribution);
    let same_content = draft.body.is_none() || old.content == content(draft);
    let forced = edited && draft.update_body == Update::Always && draft.body.is_some();
    if same_content && same_attribution && !forced || !may_write(draft.update_body, edited) {
        return false;
    }
    let main = match &draft.body {
        Some(main) => main.clone(),
        None => {
            let section = body.section.as_deref().unwrap_or_default();
            match split_attribution(markup, section) {
                Some((main, _)) => main.to_owned(),
                None if old.fields.contains_key(ATTRIBUTION) => return false,
                None => section.to_owned(),
            }
        }
    };
    if draft.body.is_some() {
        stamp.content = content(draft);
    }
    stamp.fields.insert(ATTRIBUTION.to_owned(), attribution);
    let section = whole_section(&main, &draft.attribution);
    if body.section.as_deref().is_some_and(|known| written(known) == written(&section)) {
        return false;
    }
    body.section = Some(section);
    true
}

/// Puts the stamp in its place and the body together.
fn finalize_body(planner: &Planner<'_>, body: &mut Body, stamp: &mut Stamp, rewritten: bool) -> String {
    let limits = &planner.settings.tracker;
    let markup = limits.markup;
    if rewritten {
        // What is remembered is the section as it will stand there: perhaps cut.
        body.stamp = limits.stamp_in_body.then(|| stamp.encode(limits.stamp));
        let fitted = Body::parse(&body.compose(limits)).section.unwrap_or_default();
        stamp.fields.insert(BODY.to_owned(), value_digest(&words(markup, &fitted)));
        body.section = Some(fitted);
    }
    if limits.stamp_in_body {
        body.stamp = Some(stamp.encode(limits.stamp));
    }
    body.compose(limits)
}

fn relabel(issue: &Issue, old: &Stamp, draft: &Draft, edit: &mut Edit, stamp: &mut Stamp) {
    let has = |labels: &[String], label: &str| labels.iter().any(|l| l.eq_ignore_ascii_case(label));
    // One that we wrote and that is gone was taken away by a person.
    edit.add_labels = draft.labels.iter().filter(|l| !has(&issue.labels, l) && !has(&old.labels, l)).cloned().collect();
    edit.remove_labels =
        old.labels.iter().filter(|l| !has(&draft.labels, l) && has(&issue.labels, l)).cloned().collect();
    // One that a person put there before us is theirs.
    stamp.labels = draft.labels.iter().filter(|l| has(&old.labels, l) || has(&edit.add_labels, l)).cloned().collect();
}

/// Puts findsync's own labels on, and takes those off that no longer hold.
fn relabel_own(planner: &Planner<'_>, issue: &Issue, wanted: &BTreeSet<String>, edit: &mut Edit) {
    let has = |labels: &[String], label: &str| labels.iter().any(|known| known.eq_ignore_ascii_case(label));
    edit.add_labels.extend((!issue.labelled).then(|| planner.settings.own_label.clone()));
    edit.add_labels.extend(wanted.iter().filter(|label| !has(&issue.own_labels, label)).cloned());
    let decided = &planner.settings.decided_label;
    // A repository that has another name, or whose findings went elsewhere.
    let of_others = |label: &str| {
        let rest = label.get(planner.settings.own_label.len()..).filter(|_| planner.settings.shared);
        rest.is_some_and(|rest| rest.starts_with(':')) && !wanted.iter().any(|known| known.eq_ignore_ascii_case(label))
    };
    let surplus = issue
        .own_labels
        .iter()
        .filter(|label| of_others(label) || label.eq_ignore_ascii_case(decided) && !wanted.contains(decided));
    edit.remove_labels.extend(surplus.cloned());
}

fn status_field(planner: &Planner<'_>, target: &StatusTarget) -> DraftField {
    DraftField {
        name: target.field.clone(),
        value: target.value.clone(),
        on: On::Update,
        update: planner.settings.update_status,
    }
}

/// The fields that hold in a status: where a field is named twice, the one for this status wins, then the later one.
fn effective_fields<'f>(fields: impl Iterator<Item = &'f DraftField>, status: Status) -> Vec<DraftField> {
    let mut kept: Vec<DraftField> = Vec::new();
    for field in fields.filter(|field| !matches!(field.on, On::Status(other) if other != status)) {
        match kept.iter_mut().find(|known| known.name == field.name) {
            Some(known) if matches!(known.on, On::Status(_)) && !matches!(field.on, On::Status(_)) => {}
            Some(known) => *known = field.clone(),
            None => kept.push(field.clone()),
        }
    }
    kept
}

const fn may_write(update: Update, edited: bool) -> bool {
    match update {
        Update::IfUnedited => !edited,
        Update::Always => true,
        Update::Never => false,
    }
}

fn content(draft: &Draft) -> u64 {
    u64::from_be_bytes(draft.content.short())
}

/// The changes of fields, for people.
pub(super) fn changes(fields: &[FieldEdit], was: impl Fn(&str) -> Option<String>) -> Vec<FieldChange> {
    fields
        .iter()
        .map(|field| FieldChange { field: field.name.clone(), from: was(&field.name), to: field.value.clone() })
        .collect()
}
