//! GitHub Actions: which runs of a workflow have finished. Needs `permissions: actions: read`.
//!
//! <https://docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-workflow>

use serde::Deserialize;

use super::client::Api;
use crate::ci::{Ci, Siblings, System};
use crate::config::{Instance, Mapping, Project, TrackerKind};
use crate::trackers::Error;
use crate::trackers::http::{HttpConfig, Request};

#[derive(Deserialize)]
struct Runs {
    workflow_runs: Vec<WorkflowRun>,
}

#[derive(Deserialize)]
struct WorkflowRun {
    id: u64,
    #[serde(default)]
    run_attempt: Option<u32>,
    event: String,
    conclusion: Option<String>,
    head_repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
}

/// The finished runs of a workflow on a branch, as numbers and attempts.
pub(crate) async fn finished(
    instance: &Instance,
    ci: &Ci,
    siblings: &Siblings,
    tune: impl FnOnce(&mut HttpConfig),
) -> Result<Vec<(u64, u32)>, Error> {
    let repository = ci.repository.clone().unwrap_or_default();
    let project = Project { name: repository.clone(), ..Project::default() };
    let api = Api::new(instance, &Mapping::seed(String::new(), 0, TrackerKind::GitHub, project), tune)?;
    let mut url = api.address.repo(&["actions", "workflows", &siblings.pipeline, "runs"]);
    url.query_pairs_mut().extend_pairs([
        ("branch", siblings.reference.as_str()),
        ("status", "completed"),
        ("per_page", "20"),
    ]);
    let runs: Runs = api.call(Request::get("list workflow runs", url)).await?.json()?;
    // A fork's branch may have the same name, and a cancelled run has said nothing.
    let counts = |run: &WorkflowRun| {
        let head = run.head_repository.as_ref().map(|head| head.full_name.as_str());
        head.is_some_and(|head| head.eq_ignore_ascii_case(&repository))
            && System::GitHubActions.trusts(&run.event)
            && matches!(run.conclusion.as_deref(), Some("success" | "failure"))
    };
    let counted = runs.workflow_runs.iter().filter(|run| counts(run));
    Ok(counted.map(|run| (run.id, run.run_attempt.unwrap_or(1))).collect())
}
