//! Azure Pipelines: which runs of a definition have finished. `System.AccessToken` may ask.
//!
//! <https://learn.microsoft.com/rest/api/azure/devops/build/builds/list>

use serde::Deserialize;

use super::client::{Client, Scope};
use super::wire::List;
use crate::ci::{Ci, Siblings, System};
use crate::config::Instance;
use crate::trackers::Error;
use crate::trackers::http::HttpConfig;

#[derive(Deserialize)]
struct Build {
    id: u64,
    reason: Option<String>,
    result: Option<String>,
}

/// The finished runs of a definition on a branch, as numbers and attempts.
pub(crate) async fn finished(
    instance: &Instance,
    ci: &Ci,
    siblings: &Siblings,
    tune: impl FnOnce(&mut HttpConfig),
) -> Result<Vec<(u64, u32)>, Error> {
    let client = Client::new(instance, ci.project.as_deref().unwrap_or_default(), tune)?;
    let query = [
        ("definitions", siblings.pipeline.as_str()),
        ("branchName", siblings.reference.as_str()),
        ("statusFilter", "completed"),
        ("queryOrder", "queueTimeDescending"),
        ("$top", "20"),
    ];
    let List(builds) = client.get::<List<Build>>("list runs", Scope::Project, &["build", "builds"], &query).await?;
    let counts = |build: &&Build| {
        build.reason.as_deref().is_some_and(|reason| System::AzurePipelines.trusts(reason))
            && matches!(build.result.as_deref(), Some("succeeded" | "partiallySucceeded" | "failed"))
    };
    Ok(builds.iter().filter(counts).map(|build| (build.id, 1)).collect())
}
