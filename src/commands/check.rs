//! `findsync check`: everything that would fail later, in one list, before anything is written.

use super::checklist::Checklist;
use super::output::mask;
use super::{Console, inputs};
use crate::ci::Ci;
use crate::cli::{CheckArgs, Global};
use crate::config::Mapping;
use crate::error::{BAD_INPUT, DONE, Error};
use crate::reports::{self, CheckView, Paint};
use crate::trackers::{self, Problem, Track, Visibility};

pub(super) async fn check(args: &CheckArgs, global: &Global, console: &mut Console<'_>) -> Result<u8, Error> {
    let ci = Ci::here();
    let mut list = Checklist::default();
    let config = list.load(global, &ci)?;
    inputs::check_credentials(&config, &ci)?;
    let today = chrono::Local::now().date_naive();
    list.examine(&config, &ci, global, today)?;
    let trackers = inputs::trackers(&config, today)?;
    let mut views = Vec::new();
    if !(list.problems.is_empty() && list.notes.is_empty()) {
        let path = inputs::config_path(global).unwrap_or_default();
        views.push(CheckView { label: path.display().to_string(), ..CheckView::default() });
        if let Some(view) = views.first_mut() {
            (view.problems, view.notes) = (list.problems, list.notes);
        }
    }
    for (mapping, tracker) in config.mappings.iter().zip(&trackers) {
        views.push(look(mapping, tracker.as_ref(), args.fix).await);
    }
    mask(&ci, &trackers, console).await?;
    reports::check(console.out, &views, Paint { colour: console.colour })?;
    Ok(if views.iter().all(|view| view.problems.is_empty()) { DONE } else { BAD_INPUT })
}

/// What one mapping's tracker lacks. Whatever cannot be asked is a problem of the list, and not its end.
async fn look(mapping: &Mapping, tracker: &dyn Track, fix: bool) -> CheckView {
    let mut problems = trackers::found(tracker.check().await);
    let mut fixed = Vec::new();
    if fix && problems.iter().any(|problem| problem.fixable) {
        let result = tracker.fix().await;
        problems = trackers::found(tracker.check().await);
        match result {
            Ok(done) => fixed = done,
            Err(error) => problems.push(Problem {
                what: format!("not everything could be made: {error}"),
                hint: error.hint().unwrap_or_else(|| "make what is missing by hand, as listed here".to_owned()),
                fixable: false,
            }),
        }
    }
    // Where the list is not empty, the same would only fail again.
    let mut notes = Vec::new();
    if problems.is_empty() {
        notes = tracker.meanings().await.unwrap_or_default();
        let is_public = matches!(tracker.visibility().await, Ok(Visibility::Public));
        if is_public && mapping.public.is_none() {
            notes.push(format!(
                "everybody can read `{}`: findings in your own code wait until the mapping says `public: minimal` or \
                 `public: full`",
                tracker.project()
            ));
        }
    }
    CheckView {
        label: mapping.label.clone(),
        tracker: tracker.name().to_owned(),
        project: tracker.project().to_owned(),
        problems,
        notes,
        fixed,
    }
}
