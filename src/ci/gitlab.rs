//! GitLab CI: `CI_*`, see <https://docs.gitlab.com/ci/variables/predefined_variables/>.

use super::{Ci, CodeLinks, Env, PullRequest, Service, System};

pub(super) fn detect(env: Env<'_>) -> Ci {
    let server = env("CI_SERVER_URL").map(|url| url.trim_end_matches('/').to_owned());
    let repository = env("CI_PROJECT_PATH");
    let commit = env("CI_COMMIT_SHA");
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
        pull_request: pull_request(env),
        run_url: env("CI_JOB_URL").or_else(|| env("CI_PIPELINE_URL")),
        workspace: env("CI_PROJECT_DIR").map(Into::into),
        debug: env("CI_DEBUG_TRACE").is_some_and(|value| value == "true"),
        server_url: server,
        repository,
        project: None,
        output_file: None,
        summary_file: None,
        vulnerability_report: env("GITLAB_FEATURES")
            .is_some_and(|features| features.split(',').any(|feature| feature.trim() == "security_dashboard")),
    }
}

fn pull_request(env: Env<'_>) -> Option<PullRequest> {
    let source = env("CI_PIPELINE_SOURCE").unwrap_or_default();
    let number = env("CI_MERGE_REQUEST_IID").or_else(|| env("CI_EXTERNAL_PULL_REQUEST_IID"));
    if number.is_none() && !matches!(source.as_str(), "merge_request_event" | "external_pull_request_event") {
        return None;
    }
    let differ = |a: &str, b: &str| env(a).zip(env(b)).map(|(a, b)| a != b);
    let from_fork = differ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "CI_MERGE_REQUEST_PROJECT_ID")
        .or_else(|| differ("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY", "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY"))
        .unwrap_or(true);
    Some(PullRequest { number: number.and_then(|number| number.parse().ok()), from_fork })
}
