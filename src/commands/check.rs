//! `findsync check`: everything that would fail later, in one list, before anything is written.

use super::tell::mask;
use super::{Console, inputs};
use crate::ci::Ci;
use crate::cli::{CheckArgs, Global};
use crate::error::{BAD_INPUT, DONE, Error};
use crate::reports::{self, CheckView, Paint};

pub(super) async fn check(args: &CheckArgs, global: &Global, console: &mut Console<'_>) -> Result<u8, Error> {
    let ci = Ci::here();
    let config = inputs::config(global, &ci, None, true)?;
    inputs::check_credentials(&config, &ci)?;
    let trackers = inputs::trackers(&config, chrono::Local::now().date_naive())?;
    let mut views = Vec::new();
    for (mapping, tracker) in config.mappings.iter().zip(&trackers) {
        let wrap = |source| Error::Tracker { mapping: mapping.label.clone(), source };
        let mut problems = tracker.check().await.map_err(wrap)?;
        let mut fixed = Vec::new();
        if args.fix && problems.iter().any(|problem| problem.fixable) {
            fixed = tracker.fix().await.map_err(wrap)?;
            problems = tracker.check().await.map_err(wrap)?;
        }
        views.push(CheckView {
            label: mapping.label.clone(),
            tracker: tracker.name().to_owned(),
            project: tracker.project().to_owned(),
            problems,
            fixed,
        });
    }
    mask(&ci, &trackers, console).await?;
    reports::check(console.out, &views, Paint { colour: console.colour })?;
    Ok(if views.iter().all(|view| view.problems.is_empty()) { DONE } else { BAD_INPUT })
}
