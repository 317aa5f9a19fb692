//! Whether a newer run of the same line has finished, as the CI tells: then this one comes too late.

use std::time::Duration;

use super::http::HttpConfig;
use super::{Error, azure_devops, github, gitlab};
use crate::ci::Ci;
use crate::config::{Instance, TrackerKind};
use crate::finding::Run;

/// The newest finished run of this run's pipeline on its branch, where it is newer than this one. One request, asked of
/// the CI's own server ([`crate::config::Config::ci_instance`]).
///
/// # Errors
/// Where the CI cannot be asked or refuses. That is no reason to fail: who asks goes on as if there were none.
pub async fn newer_run(instance: &Instance, ci: &Ci) -> Result<Option<Run>, Error> {
    let (Some(own), Some(siblings)) = (&ci.run, &ci.siblings) else { return Ok(None) };
    let finished = match instance.kind {
        TrackerKind::GitHub => github::runs::finished(instance, ci, siblings, hurry).await?,
        TrackerKind::GitLab => gitlab::runs::finished(instance, ci, siblings, hurry).await?,
        TrackerKind::AzureDevOps => azure_devops::runs::finished(instance, ci, siblings, hurry).await?,
        TrackerKind::Local => return Ok(None),
    };
    let runs = finished.into_iter().map(|(number, attempt)| Run { line: own.line.clone(), number, attempt });
    Ok(runs.filter(|run| run.is_newer_than(own)).max_by_key(|run| (run.number, run.attempt)))
}

/// A question that need not be answered is not worth a long wait.
fn hurry(config: &mut HttpConfig) {
    config.retry.attempts = 2;
    config.retry.patience = Duration::from_secs(10);
}
