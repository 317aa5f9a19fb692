//! GitLab CI: which pipelines of a branch have finished. A job's own token may not ask.
//!
//! <https://docs.gitlab.com/api/pipelines/#list-project-pipelines>

use gitlab::api::projects::pipelines::{PipelineOrderBy, PipelineScope, Pipelines};
use serde::Deserialize;

use super::client::Api;
use crate::ci::{Ci, Siblings, System};
use crate::config::Instance;
use crate::trackers::Error;
use crate::trackers::http::HttpConfig;

#[derive(Deserialize)]
struct Pipeline {
    /// Older instances tell only the global id.
    iid: Option<u64>,
    status: String,
    source: Option<String>,
}

/// The finished pipelines of a branch, as numbers and attempts.
pub(crate) async fn finished(
    instance: &Instance,
    ci: &Ci,
    siblings: &Siblings,
    tune: impl FnOnce(&mut HttpConfig),
) -> Result<Vec<(u64, u32)>, Error> {
    let what = "list pipelines";
    let api = Api::new(instance, tune)?;
    let endpoint = Pipelines::builder()
        .project(ci.repository.clone().unwrap_or_default())
        .ref_(siblings.reference.as_str())
        .scope(PipelineScope::Finished)
        .order_by(PipelineOrderBy::Id)
        .build()
        .map_err(|error| Error::Refused { what: what.to_owned(), detail: error.to_string() })?;
    let pipelines: Vec<Pipeline> = api.ask(what, &endpoint).await?;
    let counts = |pipeline: &&Pipeline| {
        pipeline.source.as_deref().is_some_and(|source| System::GitLabCi.trusts(source))
            && matches!(pipeline.status.as_str(), "success" | "failed")
    };
    Ok(pipelines.iter().filter(counts).filter_map(|pipeline| Some((pipeline.iid?, 1))).collect())
}
