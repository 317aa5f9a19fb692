//! GitLab CI: `CI_*`, see <https://docs.gitlab.com/ci/variables/predefined_variables/>.

use super::model::{Env, matrix_part, run, shown};
use super::remote::source_of;
use super::{Ci, CodeLinks, PullRequest, Service, Siblings, System, Trust, Visibility};
use crate::finding::Source;

/// Whoever starts one of these may run pipelines on the branch, and it holds that branch's code alone; a child pipeline
/// has its parent's commit, and the variables of its parent's merge request.
pub(super) const TRUSTED_SOURCES: [&str; 5] = ["push", "web", "schedule", "api", "parent_pipeline"];

pub(super) fn detect(env: Env<'_>) -> Ci {
    let server = env("CI_SERVER_URL").map(|url| url.trim_end_matches('/').to_owned());
    let repository = env("CI_PROJECT_PATH");
    let commit = env("CI_COMMIT_SHA");
    let address = server.as_ref().zip(repository.as_ref()).map(|(server, path)| format!("{server}/{path}"));
    let source = address.and_then(|address| source_of(&address)).unwrap_or_default();
    let pull_request = pull_request(env);
    let is_request = pull_request.is_some();
    Ci {
        system: Some(System::GitLabCi),
        service: Some(Service::GitLab),
        api_url: env("CI_API_V4_URL"),
        graphql_url: env("CI_API_GRAPHQL_URL"),
        code: server
            .as_deref()
            .and_then(|server| CodeLinks::new(Service::GitLab, server, repository.as_deref(), commit.as_deref())),
        commit,
        branch: env("CI_COMMIT_BRANCH").or_else(|| env("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME")),
        default_branch: env("CI_DEFAULT_BRANCH"),
        base_branch: env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
            .or_else(|| env("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME"))
            .filter(|_| is_request),
        trust: trust(&env("CI_PIPELINE_SOURCE").unwrap_or_default(), is_request),
        pull_request,
        run: run(format!("gitlab:{}", source.name), env("CI_PIPELINE_IID"), None),
        siblings: env("CI_COMMIT_BRANCH")
            .filter(|_| !is_request)
            .map(|reference| Siblings { pipeline: String::new(), reference }),
        matrix: matrix(env),
        source: Source { id: env("CI_PROJECT_ID"), ..source },
        run_url: env("CI_JOB_URL").or_else(|| env("CI_PIPELINE_URL")),
        workspace: env("CI_PROJECT_DIR").map(Into::into),
        debug: env("CI_DEBUG_TRACE").is_some_and(|value| value == "true"),
        server_url: server,
        repository,
        project: None,
        output_file: None,
        summary_file: None,
        readers: env("CI_PROJECT_VISIBILITY").map(|visibility| Visibility::named(&visibility)),
        vulnerability_report: env("GITLAB_FEATURES")
            .is_some_and(|features| features.split(',').any(|feature| feature.trim() == "security_dashboard")),
    }
}

fn pull_request(env: Env<'_>) -> Option<PullRequest> {
    let source = env("CI_PIPELINE_SOURCE").unwrap_or_default();
    let number = env("CI_MERGE_REQUEST_IID").or_else(|| env("CI_EXTERNAL_PULL_REQUEST_IID"));
    let is_ref = env("CI_COMMIT_REF_NAME").is_some_and(|name| name.starts_with("refs/"));
    if number.is_none() && !is_ref && !matches!(source.as_str(), "merge_request_event" | "external_pull_request_event")
    {
        return None;
    }
    let differ = |a: &str, b: &str| env(a).zip(env(b)).map(|(a, b)| a != b);
    let from_fork = differ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "CI_MERGE_REQUEST_PROJECT_ID")
        .or_else(|| differ("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY", "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY"))
        .unwrap_or(true);
    Some(PullRequest { number: number.and_then(|number| number.parse().ok()), from_fork })
}

/// The part of `parallel:` that this job is. Of a matrix it is the values, which stay when others are added.
fn matrix(env: Env<'_>) -> Option<String> {
    // The number of parts is told to every job, the index only to those of several.
    let index = env("CI_NODE_INDEX")?;
    let name = env("CI_JOB_NAME").unwrap_or_default();
    let job = env("CI_JOB_GROUP_NAME").unwrap_or_default();
    let values =
        name.strip_prefix(&job).unwrap_or(&name).strip_suffix(']').and_then(|name| Some(name.split_once(": [")?.1));
    // With another number of parts each holds something else.
    let total = env("CI_NODE_TOTAL").map_or_else(String::new, |total| format!("/{total}"));
    matrix_part(&values.map_or_else(|| format!("node={index}{total}"), str::to_owned))
}

/// Whether a pipeline works on what the project's own people pushed, and nothing else.
fn trust(source: &str, is_request: bool) -> Trust {
    if is_request {
        return Trust::request();
    }
    match source {
        trusted if TRUSTED_SOURCES.contains(&trusted) => Trust::Trusted,
        "trigger" | "pipeline" => Trust::untrusted(format!(
            "a pipeline that another one started (`{source}`) may hold variables and reports of what nobody has merged"
        )),
        other => Trust::untrusted(format!("issues are not written by pipelines from the source `{}`", shown(other))),
    }
}
