//! The `local` tracker: Markdown files in a folder, one an issue, that people may edit. No token, no network.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use chrono::NaiveDate;

use self::file::{File, RESERVED, number_of, slug};
use super::labels::{LabelRules, OWN_LABEL, OwnLabels, SplitLabels, left_behind};
use super::{Error, Found, Problem, Read, Track, Visibility, Which, closer, is_closed_by_others, labels_for};
use crate::config::Mapping;
use crate::disk;
use crate::issue::{
    Actor, Body, CloseReason, Edit, FieldEdit, Issue, IssueId, Limits, Markup, New, State, TrackerDecision,
};

/// What a file can hold: generous, but a person must be able to open it.
const LIMITS: Limits = Limits {
    title: 255,
    body: 256 * 1024,
    comment: 64 * 1024,
    stamp: 96 * 1024,
    stamp_in_body: true,
    conditional_writes: true,
    confidential: false,
    markup: Markup::CommonMark,
    concurrency: 1,
};

/// The field that adds labels.
const LABELS: &str = "labels";

/// What a file holds as a label: anything.
const ANY_LABEL: LabelRules = LabelRules { longest: 1_000, forbidden: &[], folds_case: false };

/// A folder of issue files.
#[derive(Debug)]
pub struct Local {
    folder: PathBuf,
    project: String,
    mapping: Mapping,
    own_labels: OwnLabels,
    today: NaiveDate,
}

impl Local {
    /// A tracker in a folder, which need not exist yet. `today` is written as the date of what happens.
    #[must_use]
    pub fn new(folder: PathBuf, mapping: &Mapping, today: NaiveDate) -> Self {
        let own_labels = OwnLabels::new(mapping, ANY_LABEL);
        Self { project: folder.display().to_string(), folder, mapping: mapping.clone(), own_labels, today }
    }

    /// Paths of all issue files, by number.
    fn paths(&self) -> Result<BTreeMap<u64, PathBuf>, Error> {
        let mut paths = BTreeMap::new();
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(paths),
            Err(source) => return Err(io("read the folder", &self.folder, source)),
        };
        for entry in entries {
            let path = entry.map_err(|source| io("read the folder", &self.folder, source))?.path();
            let named = path.file_name().and_then(|name| name.to_str()).and_then(number_of);
            // A person may have given the file another name.
            let Some(number) = named.or_else(|| self.number_inside(&path)) else { continue };
            if let Some(other) = paths.insert(number, path.clone()) {
                return Err(Error::Settings {
                    what: format!("`{}` and `{}` have the same number", other.display(), path.display()),
                    hint: "give one of them a number of its own, or delete the copy".to_owned(),
                });
            }
        }
        Ok(paths)
    }

    /// The number that an issue's file of any name tells itself.
    fn number_inside(&self, path: &Path) -> Option<u64> {
        let is_markdown = path.extension().is_some_and(|extension| extension == "md");
        let file = File::parse(&self.text(path).ok().filter(|_| is_markdown)?).ok()?;
        Body::read_stamp(&file.body()).0.and_then(|_| file.text("number")?.parse().ok())
    }

    fn text(&self, path: &Path) -> Result<String, Error> {
        disk::check_no_links(path)
            .and_then(|()| disk::read_text(path, disk::MAX_WRITTEN))
            .map_err(|source| io("read", path, source))
    }

    /// Makes the folder, unless it is somewhere else than it seems.
    fn create_folder(&self) -> Result<(), Error> {
        disk::check_no_links(&self.folder)
            .and_then(|()| fs::create_dir_all(&self.folder))
            .map_err(|source| io("create the folder", &self.folder, source))
    }

    fn read(&self, number: u64, path: &Path) -> Result<Issue, Error> {
        let text = self.text(path)?;
        let file = File::parse(&text).map_err(|why| Error::Settings {
            what: format!("`{}` is not an issue file: {why}", path.display()),
            hint: "mend its front matter between the two `---` lines, or move the file away".to_owned(),
        })?;
        Ok(self.issue_of(number, path, &text, &file))
    }

    fn issue_of(&self, number: u64, path: &Path, text: &str, file: &File) -> Issue {
        let body = file.body();
        let (stamp, stamp_error) = Body::read_stamp(&body);
        let SplitLabels { labelled, own: own_labels, rest: labels } = self.own_labels.split(file.labels());
        let mut fields = file.fields();
        let all = |value: &&str| !words(value).is_empty() && words(value).iter().all(|label| labels.contains(label));
        let by_labels = self.mapping.literals(LABELS).find(all);
        fields.extend(by_labels.map(|value| (LABELS.to_owned(), value.to_owned())));
        let status = &self.mapping.status;
        let column = fields.get(&status.field).and_then(|value| status.decision(value));
        let state = if file.text("state").is_some_and(|state| state.trim().eq_ignore_ascii_case("closed")) {
            State::Closed
        } else {
            State::Open
        };
        let decisions = &self.mapping.decision_labels;
        let by_labels = labels.iter().filter_map(|label| {
            let status = decisions.decision(label)?;
            Some(TrackerDecision { status, by: format!("label `{label}`"), by_field: false })
        });
        let by_field = column.map(|decided| TrackerDecision {
            status: decided,
            by: format!("`{}: {}`", status.field, fields.get(&status.field).map_or("", String::as_str)),
            by_field: true,
        });
        let decided = by_labels.chain(by_field).collect();
        // A file says who closed it only where it was no person.
        let closer = match file.text("closed_by") {
            Some(closer) if is_bot(&closer) => Actor::Bot,
            _ => closer(true, Actor::Person, stamp.as_ref()),
        };
        Issue {
            id: IssueId { number, url: path.display().to_string(), handle: String::new() },
            title: file.text("title").unwrap_or_default(),
            state,
            closed_as: file
                .text("closed_as")
                .filter(|_| state == State::Closed)
                .and_then(|reason| reason_named(&reason)),
            closed_by: (state == State::Closed).then_some(closer),
            decisions: decided,
            labels,
            own_labels,
            fields,
            stamp,
            stamp_error,
            trusted: true,
            labelled,
            comments: Some(file.comment_markers()),
            revision: Some(revision(text)),
            body,
        }
    }

    /// Writes a file whole: a crash leaves the old one or the new one.
    fn write(&self, path: &Path, number: u64, text: &str) -> Result<(), Error> {
        let draft = self.folder.join(format!(".{number:04}.tmp"));
        let written = disk::create_fresh(&draft).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&draft, path)).map_err(|source| io("write", path, source))
    }

    /// Keeps other runs out while a number is taken.
    fn lock(&self) -> Result<fs::File, Error> {
        self.create_folder()?;
        let path = self.folder.join(".findsync.lock");
        let lock = disk::open_to_write(&path).map_err(|source| io("create", &path, source))?;
        lock.lock().map_err(|source| io("lock", &path, source))?;
        Ok(lock)
    }

    fn set_fields(&self, file: &mut File, fields: &[FieldEdit]) {
        for FieldEdit { name, value } in fields {
            if name == LABELS {
                let value = value.as_deref().unwrap_or_default().trim();
                let one = (!value.contains(',')).then(|| value.to_owned());
                let mut labels = file.labels();
                labels.extend(labels_for(&self.mapping, name, value, words(value), one));
                let mut seen = BTreeSet::new();
                labels.retain(|label| seen.insert(label.clone()));
                file.set_labels(&labels);
            } else if RESERVED.contains(&name.as_str()) {
                tracing::warn!(name, "left out a field: the file says something else by this name");
            } else {
                file.set(name, value.as_deref());
            }
        }
    }
}

/// The labels that a value of the mapping names.
fn words(value: &str) -> Vec<String> {
    value.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether a name is a bot's, as GitHub spells them: `stale[bot]`.
fn is_bot(name: &str) -> bool {
    name.eq_ignore_ascii_case("bot") || name.to_ascii_lowercase().ends_with("[bot]")
}

fn io(what: &str, path: &Path, source: std::io::Error) -> Error {
    Error::Io { what: format!("{what} `{}`", path.display()), source }
}

fn revision(text: &str) -> u64 {
    u64::from_be_bytes(crate::finding::digest([("file", text)]).short())
}

const REASONS: [(CloseReason, &str); 3] = [
    (CloseReason::Completed, "completed"),
    (CloseReason::NotPlanned, "not_planned"),
    (CloseReason::Duplicate, "duplicate"),
];

fn reason_named(name: &str) -> Option<CloseReason> {
    let name = name.replace([' ', '-'], "_");
    REASONS.into_iter().find(|(_, known)| known.eq_ignore_ascii_case(&name)).map(|(reason, _)| reason)
}

fn reason_name(reason: Option<CloseReason>) -> &'static str {
    REASONS.into_iter().find(|(known, _)| Some(*known) == reason).map_or("completed", |(_, name)| name)
}

#[async_trait]
impl Read for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn project(&self) -> &str {
        &self.project
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    fn marks(&self) -> Vec<(&'static str, String)> {
        vec![(OWN_LABEL, self.mapping.own_label.clone())]
    }

    async fn check(&self) -> Result<Vec<Problem>, Error> {
        let mut problems = Vec::new();
        if self.folder.exists() && !self.folder.is_dir() {
            problems.push(Problem {
                what: format!("`{}` is not a folder", self.folder.display()),
                hint: "name a folder, or one that does not exist yet".to_owned(),
                fixable: false,
            });
            return Ok(problems);
        }
        for (number, path) in self.paths()? {
            if let Err(error) = self.read(number, &path) {
                problems.push(Problem {
                    what: error.to_string(),
                    hint: error.hint().unwrap_or_default(),
                    fixable: false,
                });
            }
        }
        Ok(problems)
    }

    async fn visibility(&self) -> Result<Visibility, Error> {
        Ok(Visibility::Private)
    }

    async fn issues(&self, which: Which) -> Result<Vec<Issue>, Error> {
        let mut issues = Vec::new();
        for (number, path) in self.paths()? {
            if matches!(which, Which::NewerThan(newest) if number <= newest) {
                continue;
            }
            let issue = self.read(number, &path)?;
            // The whole folder is read anyway, so what lost the label is there from the start.
            let is_elsewhere = !issue.own_labels.is_empty() && !self.own_labels.has_source(&issue);
            let decided = self.own_labels.is_decided(&issue);
            let wanted = match (which, issue.state) {
                (Which::Open, state) => state == State::Open && !is_elsewhere,
                (Which::Decided, state) => state == State::Closed && decided && !is_elsewhere,
                (Which::LatelyClosed, _) => is_closed_by_others(&issue) && !is_elsewhere,
                (Which::Closed, State::Open) => is_elsewhere,
                (Which::Closed, State::Closed) => !decided || is_elsewhere,
                (Which::NewerThan(_), _) => true,
            };
            if wanted {
                issues.push(issue);
            }
        }
        Ok(issues)
    }

    async fn issue(&self, id: &IssueId) -> Result<Found, Error> {
        match self.paths()?.get(&id.number) {
            Some(path) => Ok(Found::Here(Box::new(self.read(id.number, path)?))),
            None => Ok(Found::Gone),
        }
    }
}

#[async_trait]
impl Track for Local {
    async fn open(&self, new: &New) -> Result<IssueId, Error> {
        let _lock = self.lock()?;
        let number = self.paths()?.keys().next_back().map_or(1, |last| last + 1);
        let path = self.folder.join(format!("{number:04}-{}.md", slug(&new.title)));
        let mut labels = self.own_labels.put_on(&new.own_labels);
        labels.extend(new.labels.iter().cloned());
        let mut file = File::new(number, &new.title, self.today);
        file.set_labels(&labels);
        self.set_fields(&mut file, &new.fields);
        if new.state == State::Closed {
            file.set("state", Some("closed"));
            file.set("closed_as", Some(reason_name(new.closed_as)));
            file.set("closed", Some(&self.today.to_string()));
        }
        file.set_body(&new.body);
        self.write(&path, number, &file.text_whole())?;
        Ok(IssueId { number, url: path.display().to_string(), handle: String::new() })
    }

    async fn edit(&self, issue: &Issue, edit: &Edit) -> Result<(), Error> {
        let _lock = self.lock()?;
        let path = self.paths()?.remove(&issue.id.number).ok_or(Error::Gone)?;
        let text = self.text(&path)?;
        if issue.revision.is_some_and(|known| known != revision(&text)) {
            return Err(Error::Conflict);
        }
        let mut file = File::parse(&text).map_err(|_| Error::Conflict)?;
        if let Some(title) = &edit.title {
            file.set("title", Some(title));
        }
        let mut labels = file.labels();
        let behind = left_behind(issue.stamp.as_ref(), &self.own_labels, &labels, |_, _| None, |_| true);
        let gone: Vec<String> = edit.remove_labels.iter().chain(behind).cloned().collect();
        let missing = (!issue.labelled).then_some(&self.mapping.own_label);
        let add: BTreeSet<&String> =
            edit.add_labels.iter().chain(missing).filter(|add| !labels.contains(add)).collect();
        if !(add.is_empty() && gone.is_empty()) {
            let add: Vec<String> = add.into_iter().cloned().collect();
            labels.retain(|label| !gone.contains(label));
            labels.extend(add);
            file.set_labels(&labels);
        }
        match edit.state {
            Some(State::Closed) => {
                file.set("state", Some("closed"));
                file.set("closed_as", Some(reason_name(edit.closed_as)));
                file.set("closed_by", None);
                file.set("duplicate_of", edit.duplicate_of.as_ref().map(|of| of.number.to_string()).as_deref());
                file.set("closed", Some(&self.today.to_string()));
            }
            Some(State::Open) => {
                file.set("state", Some("open"));
                ["closed_as", "closed_by", "duplicate_of", "closed"].into_iter().for_each(|key| file.set(key, None));
            }
            None => {}
        }
        self.set_fields(&mut file, &edit.fields);
        if let Some(body) = &edit.body {
            file.set_body(body);
        }
        if let Some(comment) = edit.comment.as_ref().filter(|comment| !file.comment_markers().contains(&comment.marker))
        {
            file.add_comment(self.today, comment);
        }
        let new_text = file.text_whole();
        if new_text == text { Ok(()) } else { self.write(&path, issue.id.number, &new_text) }
    }

    async fn fix(&self) -> Result<Vec<String>, Error> {
        self.create_folder()?;
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests;
