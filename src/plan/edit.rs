//! What is written to an issue: only what drifted, and only where no person changed it (field by field), with the
//! stamp that says so.

use std::collections::BTreeMap;

use super::stamp::Members;
use super::{FieldChange, Planner};
use crate::finding::{Key, Status, digest};
use crate::issue::{
    Body, CloseReason, Draft, DraftField, Edit, FieldEdit, Issue, IssueId, MemberStamp, New, On, Stamp, State,
    StatusTarget, Update, words,
};

/// How an issue should be.
pub(super) struct Wish<'a> {
    pub status: Status,
    pub target: StatusTarget,
    /// Whether people moved the status field to this status themselves.
    pub moved_by_people: bool,
    /// The draft; `None` where the finding is gone, so that nothing but the status changes.
    pub draft: Option<&'a Draft>,
    /// Whether everything that vouches for the issue was read, so that words may be taken away and severity lowered.
    pub may_take_away: bool,
    /// Whether something is added, so that the text is written anew in any case.
    pub adds: bool,
}

/// An edit, and what it changes for people.
pub(super) struct Edited {
    pub edit: Edit,
    pub fields: Vec<FieldChange>,
    /// What changes beside fields.
    parts: Vec<&'static str>,
    stamp_drifted: bool,
}

impl Edited {
    /// Whether everything is as it should be.
    pub(super) fn is_nothing(&self) -> bool {
        self.parts.is_empty() && self.fields.is_empty() && !self.stamp_drifted
    }

    /// What drifted, for people.
    pub(super) fn why(&self) -> String {
        let names = self.fields.iter().map(|change| change.field.as_str()).chain(self.parts.iter().copied());
        let names: Vec<&str> = names.collect();
        if names.is_empty() { "who sees it has changed".to_owned() } else { format!("changed: {}", names.join(", ")) }
    }
}

/// The digest under which the stamp remembers a written value: case and white space are the tracker's to change.
fn remembered(value: &str) -> u64 {
    let folded = value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    u64::from_be_bytes(digest([("value", folded.as_str())]).short())
}

fn same(a: &str, b: &str) -> bool {
    remembered(a) == remembered(b)
}

/// The target of an issue whose status does not change.
pub(super) fn as_is(planner: &Planner<'_>, issue: &Issue, old: &Stamp) -> StatusTarget {
    StatusTarget { state: issue.state, closed_as: issue.closed_as, ..planner.settings.target(old.status).clone() }
}

/// A new issue for a draft; `before` is put before our section, as if a person had written it.
pub(super) fn new_issue(planner: &Planner<'_>, draft: &Draft, target: &StatusTarget, before: String) -> New {
    let limits = &planner.settings.tracker;
    let status_field = status_field(planner, target);
    let wanted: Vec<DraftField> = rules(draft.fields.iter().chain([&status_field]), draft.status);
    let members = super::stamp::fresh(planner, draft);
    let mut stamp = Stamp {
        key: draft.key,
        mapping: planner.settings.mapping.clone(),
        members: members.list,
        scopes: members.scopes,
        state: target.state,
        status: draft.status,
        moved_by_people: false,
        severity: draft.severity,
        fields: wanted.iter().map(|field| (field.name.clone(), remembered(&field.value))).collect(),
        content: content(draft),
        labels: draft.labels.clone(),
        cycle: 0,
        pending: Vec::new(),
        duplicate_of: None,
    };
    stamp.fields.insert("title".to_owned(), remembered(&draft.title));
    let mut body = Body { before, section: Some(draft.body.clone()), stamp: None, after: String::new() };
    let text = seal(planner, &mut body, &mut stamp, true);
    New {
        title: draft.title.chars().take(limits.title).collect(),
        body: text,
        stamp,
        state: target.state,
        closed_as: target.closed_as,
        labels: draft.labels.clone(),
        own_labels: Vec::new(),
        fields: wanted.into_iter().filter(|field| !field.value.is_empty()).map(written).collect(),
        confidential: draft.confidential,
    }
}

/// What to write to an issue.
pub(super) fn edit(planner: &Planner<'_>, issue: &Issue, old: &Stamp, members: Members, wish: &Wish<'_>) -> Edited {
    // Also where a person changed the state and we change it back: its status field went along, and is told anew.
    let transition = old.status != wish.status || [old.state, issue.state] != [wish.target.state; 2];
    let members = members.sorted();
    let mut edit = Edit::default();
    let mut parts = Vec::new();
    let mut stamp = Stamp {
        key: wish.draft.map_or(old.key, |draft| canonical(draft, &members)),
        mapping: planner.settings.mapping.clone(),
        members: members.list,
        scopes: members.scopes,
        state: wish.target.state,
        status: wish.status,
        moved_by_people: wish.moved_by_people,
        pending: Vec::new(),
        duplicate_of: None,
        ..old.clone()
    };

    if issue.state != wish.target.state {
        edit.state = Some(wish.target.state);
        edit.closed_as = wish.target.closed_as;
        parts.push("state");
    }
    if transition {
        stamp.cycle = old.cycle.wrapping_add(1);
    }
    let rewrite = wish.draft.filter(|_| wish.may_take_away || wish.adds);
    if let Some(draft) = rewrite {
        let edited = old.fields.get("title").is_none_or(|written| *written != remembered(&issue.title));
        if same(&draft.title, &issue.title) {
            stamp.fields.insert("title".to_owned(), remembered(&draft.title));
        } else if may_write(draft.update_title, edited) {
            stamp.fields.insert("title".to_owned(), remembered(&draft.title));
            edit.title = Some(draft.title.clone());
            parts.push("title");
        }
    }
    if let Some(draft) = wish.draft {
        relabel(issue, old, draft, &mut edit, &mut stamp);
        if !(edit.add_labels.is_empty() && edit.remove_labels.is_empty()) {
            parts.push("labels");
        }
    }

    let status_field = status_field(planner, &wish.target);
    let of_mapping = wish.draft.map_or(&planner.settings.closing_fields, |draft| &draft.fields);
    let raises = wish.draft.is_some_and(|draft| wish.may_take_away || draft.severity > old.severity);
    if let Some(draft) = wish.draft.filter(|_| raises) {
        stamp.severity = draft.severity;
    }
    let mut was: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for field in rules(of_mapping.iter().chain([&status_field]), wish.status) {
        let now = issue.fields.get(&field.name).map(String::as_str);
        let is_status = field.name == status_field.name;
        let due = match field.on {
            On::Create => false,
            On::Update => !is_status || wish.draft.is_some() || transition,
            On::Status(status) => status == wish.status && transition,
        };
        // What another scan said of severity, and what the mapping makes of it, is lowered only with that scan's word.
        let vouched = is_status || wish.draft.is_none() || raises || matches!(field.on, On::Status(_));
        if !due || !vouched {
            continue;
        }
        let written = old.fields.get(&field.name);
        if same(now.unwrap_or_default(), &field.value) {
            stamp.fields.insert(field.name.clone(), remembered(&field.value));
            continue;
        }
        // What is new to the mapping may have been filled by a person.
        let edited = written.map_or(now.is_some(), |written| *written != remembered(now.unwrap_or_default()));
        let forced =
            old.pending.contains(&field.name) || (transition && (is_status || matches!(field.on, On::Status(_))));
        if forced || may_write(field.update, edited) && (written.is_none() || field.update != Update::Never) {
            stamp.fields.insert(field.name.clone(), remembered(&field.value));
            was.insert(name_of(issue, &field.name), now);
            edit.fields.push(self::written(field));
        }
    }
    let fields = changes(&edit.fields, |name| was.get(name).copied().flatten().map(str::to_owned));

    let mut body = Body::parse(&issue.body);
    let limit = planner.settings.tracker.stamp;
    let rewritten = rewrite.is_some_and(|draft| rewrite_section(planner, &mut body, old, draft, &mut stamp));
    if rewritten {
        parts.push("body");
    }
    // What a long stamp leaves out has not drifted.
    let known = match planner.settings.siblings.is_empty() {
        // Where no other mapping leads here, a new name of this one can wait for the next change.
        true => &Stamp { mapping: stamp.mapping.clone(), ..old.clone() },
        false => old,
    };
    let stamp_drifted = stamp != *known && stamp.encode(limit) != known.encode(limit);
    if rewritten || stamp_drifted || !parts.is_empty() || !edit.fields.is_empty() {
        let text = seal(planner, &mut body, &mut stamp, rewritten);
        edit.body = (text != issue.body).then_some(text);
        edit.stamp = Some(stamp);
    }
    Edited { edit, fields, parts, stamp_drifted }
}

/// A wanted value, or none where a template had nothing to say.
fn written(field: DraftField) -> FieldEdit {
    FieldEdit { name: field.name, value: Some(field.value).filter(|value| !value.is_empty()) }
}

fn name_of<'a>(issue: &'a Issue, name: &str) -> &'a str {
    issue.fields.get_key_value(name).map_or("", |(name, _)| name)
}

/// The edit that closes an issue as a duplicate: state, status and stamp, nothing of its words.
pub(super) fn duplicate(planner: &Planner<'_>, issue: &Issue, old: &Stamp, keeper: &IssueId) -> Edit {
    let target = planner.settings.target(Status::Closed);
    let mut stamp = Stamp {
        state: State::Closed,
        status: Status::Closed,
        cycle: old.cycle.wrapping_add(1),
        pending: Vec::new(),
        duplicate_of: Some(keeper.number),
        ..old.clone()
    };
    let field = status_field(planner, target);
    let mut fields = Vec::new();
    stamp.fields.insert(field.name.clone(), remembered(&field.value));
    if !issue.fields.get(&field.name).is_some_and(|now| same(now, &field.value)) {
        fields.push(FieldEdit { name: field.name, value: Some(field.value) });
    }
    let text = seal(planner, &mut Body::parse(&issue.body), &mut stamp, false);
    Edit {
        body: (text != issue.body).then_some(text),
        stamp: Some(stamp),
        state: Some(State::Closed),
        closed_as: Some(CloseReason::Duplicate),
        duplicate_of: Some(keeper.clone()),
        fields,
        ..Edit::default()
    }
}

/// The key under which the issue goes on: a group's own, or its finding's canonical name.
fn canonical(draft: &Draft, members: &Members) -> Key {
    let reported = |member: &&MemberStamp| member.keys.contains(&draft.key);
    members.list.iter().find(reported).and_then(|member| member.keys.first()).copied().unwrap_or(draft.key)
}

/// Puts our section into the body where it drifted and no person edited it.
fn rewrite_section(planner: &Planner<'_>, body: &mut Body, old: &Stamp, draft: &Draft, stamp: &mut Stamp) -> bool {
    let markup = planner.settings.tracker.markup;
    let written = |section: &str| remembered(&words(markup, section));
    let edited = match (&body.section, old.fields.get("body")) {
        (Some(section), Some(digest)) => *digest != written(section),
        _ => true,
    };
    if old.content == content(draft) && !edited {
        return false;
    }
    if old.content == content(draft) && draft.update_body != Update::Always {
        return false;
    }
    if !may_write(draft.update_body, edited) {
        return false;
    }
    if body.section.as_deref().is_some_and(|section| written(section) == written(&draft.body)) {
        stamp.content = content(draft);
        return false;
    }
    body.section = Some(draft.body.clone());
    stamp.content = content(draft);
    true
}

/// Puts the stamp in its place and the body together.
fn seal(planner: &Planner<'_>, body: &mut Body, stamp: &mut Stamp, rewritten: bool) -> String {
    let limits = &planner.settings.tracker;
    let markup = limits.markup;
    if rewritten {
        // What is remembered is the section as it will stand there: perhaps cut.
        body.stamp = limits.stamp_in_body.then(|| stamp.encode(limits.stamp));
        let fitted = Body::parse(&body.compose(limits)).section.unwrap_or_default();
        stamp.fields.insert("body".to_owned(), remembered(&words(markup, &fitted)));
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

fn status_field(planner: &Planner<'_>, target: &StatusTarget) -> DraftField {
    DraftField {
        name: target.field.clone(),
        value: target.value.clone(),
        on: On::Update,
        update: planner.settings.update_status,
    }
}

/// The rules that hold in a status: where a field is named twice, the one for this status wins, then the later one.
fn rules<'f>(fields: impl Iterator<Item = &'f DraftField>, status: Status) -> Vec<DraftField> {
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
