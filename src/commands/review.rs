//! A plan that people reviewed: what makes each change the one that they saw, and whether the plan still fits.

use std::path::Path;

use serde_json::Value;

use crate::disk;
use crate::error::Error;
use crate::finding::{Digest, digest};
use crate::issue::{Body, Limits};
use crate::plan::{Change, Write};
use crate::reports::PlanView;
use crate::template::{RunRef, comment};

/// What a plan may measure, in bytes.
const MAX_PLAN: u64 = 256 << 20;

/// Digest of all that a change writes: title, text, state, labels, fields and comment, but for what differs from run to
/// run (the stamp's days, the commit in links) and for what people wrote.
pub(super) fn fingerprint(change: &Change, limits: &Limits) -> Digest {
    let mut parts: Vec<(&str, String)> = Vec::new();
    let fields = |fields: &Vec<crate::issue::FieldEdit>| format!("{fields:?}");
    let writes_body = match &change.write {
        Write::New(new) => {
            parts.push(("title", new.title.clone()));
            parts.push(("before", Body::parse(&new.body).before));
            parts.push(("state", format!("{:?} {:?}", new.state, new.closed_as)));
            parts.push(("labels", format!("{:?}", new.labels)));
            parts.push(("fields", fields(&new.fields)));
            parts.push(("confidential", new.confidential.to_string()));
            true
        }
        Write::Edit(_, edit) => {
            parts.push(("title", format!("{:?}", edit.title)));
            let duplicate_of = edit.duplicate_of.as_ref().map(|id| id.number);
            parts.push(("state", format!("{:?} {:?} {duplicate_of:?}", edit.state, edit.closed_as)));
            parts.push(("labels", format!("{:?} {:?}", edit.add_labels, edit.remove_labels)));
            parts.push(("fields", fields(&edit.fields)));
            edit.body.is_some()
        }
    };
    let content = change.content.filter(|_| writes_body);
    parts.extend(content.map(|content| ("body", content.to_string())));
    parts.extend(change.note.as_ref().map(|note| ("comment", comment(note, &RunRef::default(), limits))));
    digest(parts.iter().map(|(name, value)| (*name, value.as_str())))
}

/// Refuses a plan that is not the one that was reviewed. `is_told`: whether what differs may be told.
pub(super) fn still_fits(path: &Path, now: &PlanView, is_told: bool) -> Result<(), Error> {
    let text = disk::read_text(path, MAX_PLAN).map_err(|source| Error::File {
        what: "read",
        path: path.to_owned(),
        source,
    })?;
    let bad = |detail: String| Error::PlanFile { path: path.to_owned(), detail };
    let reviewed: Value = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let now = serde_json::to_value(now).map_err(|error| bad(error.to_string()))?;
    let (Some(reviewed), Some(now)) = (changes(&reviewed), changes(&now)) else {
        return Err(bad("it has no changes".to_owned()));
    };
    if reviewed.iter().any(|change| change.digest.is_empty()) {
        return Err(bad("it does not tell all changes: `--full-out` writes one that does".to_owned()));
    }
    let missing = reviewed.iter().filter(|change| !now.contains(change));
    let added = now.iter().filter(|change| !reviewed.contains(change));
    let other_text = |change: &&&Reviewed| reviewed.iter().any(|other| other.shown == change.shown);
    let moved: Vec<String> = missing
        .filter(|change| !now.iter().any(|other| other.shown == change.shown))
        .map(|change| format!("  - {}", change.shown))
        .chain(added.map(|change| match other_text(&&change) {
            true => format!("  ~ {}: what would be written is not what was reviewed", change.shown),
            false => format!("  + {}", change.shown),
        }))
        .collect();
    match moved.len() {
        0 => Ok(()),
        count if !is_told => Err(Error::Moved(format!("  {count} changes differ"))),
        _ => Err(Error::Moved(moved.join("\n"))),
    }
}

/// A change as people saw it.
#[derive(PartialEq)]
struct Reviewed {
    shown: String,
    digest: String,
}

/// The changes of a plan's JSON.
fn changes(plan: &Value) -> Option<Vec<Reviewed>> {
    let mut changes = Vec::new();
    for mapping in plan.get("mappings")?.as_array()? {
        let label = mapping.get("label")?.as_str()?;
        for change in mapping.get("changes")?.as_array()? {
            let text = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default();
            let issue = change.pointer("/issue/number").map_or_else(String::new, |number| format!(" #{number}"));
            let fields = change.get("fields").map(ToString::to_string).unwrap_or_default();
            let [action, severity, status, title, key] = ["action", "severity", "status", "title", "key"].map(text);
            let shown = format!("{label}: {action}{issue} {severity} {status} {title} {key} {fields}");
            changes.push(Reviewed { shown, digest: text("digest").to_owned() });
        }
    }
    Some(changes)
}
