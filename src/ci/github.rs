//! GitHub Actions: `GITHUB_*` and the event's payload.

use std::path::Path;

use serde_json::Value;

use super::{Ci, CodeLinks, Env, PullRequest, Read, Service, System, branch_of};

pub(super) fn detect(env: Env<'_>, read: Read<'_>) -> Ci {
    let event_name = env("GITHUB_EVENT_NAME").unwrap_or_default();
    let event: Value = env("GITHUB_EVENT_PATH")
        .and_then(|path| read(Path::new(&path)))
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let server = env("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".to_owned());
    let repository = env("GITHUB_REPOSITORY");
    // A run after another workflow has that one's branch and commit, though it runs with the default branch's rights.
    let is_after = event_name == "workflow_run";
    let own_branch = || match env("GITHUB_REF").as_deref().map(branch_of) {
        Some(branch) => branch,
        None => env("GITHUB_REF_NAME").filter(|_| env("GITHUB_REF_TYPE").is_none_or(|kind| kind == "branch")),
    };
    let commit = if is_after { text("/workflow_run/head_sha") } else { None }.or_else(|| env("GITHUB_SHA"));
    let default_branch =
        text("/repository/default_branch").or_else(|| own_branch().filter(|_| event_name == "schedule"));
    let run_url = match (&repository, env("GITHUB_RUN_ID")) {
        (Some(repository), Some(run)) => Some(format!("{server}/{repository}/actions/runs/{run}")),
        _ => None,
    };
    Ci {
        system: Some(System::GitHubActions),
        service: Some(Service::GitHub),
        api_url: env("GITHUB_API_URL"),
        graphql_url: env("GITHUB_GRAPHQL_URL"),
        code: CodeLinks::new(Service::GitHub, &server, repository.as_deref(), commit.as_deref()),
        commit,
        branch: if is_after { text("/workflow_run/head_branch") } else { env("GITHUB_HEAD_REF").or_else(own_branch) },
        default_branch,
        pull_request: pull_request(env, &event_name, &event),
        run_url,
        workspace: env("GITHUB_WORKSPACE").map(Into::into),
        output_file: env("GITHUB_OUTPUT").map(Into::into),
        summary_file: env("GITHUB_STEP_SUMMARY").map(Into::into),
        debug: env("RUNNER_DEBUG").is_some_and(|value| value == "1"),
        server_url: Some(server),
        repository,
        project: None,
        vulnerability_report: false,
    }
}

fn pull_request(env: Env<'_>, event_name: &str, event: &Value) -> Option<PullRequest> {
    if event_name == "workflow_run" {
        // Its reports are those of the run before it: a stranger's, where that one was for a pull request.
        let run = &event["workflow_run"];
        if !run["event"].as_str().is_some_and(|before| before.starts_with("pull_request")) {
            return None;
        }
        let request = &run["pull_requests"][0];
        return Some(PullRequest {
            number: request["number"].as_u64(),
            from_fork: run["head_repository"]["full_name"] != event["repository"]["full_name"],
        });
    }
    let merged_ref = env("GITHUB_REF").and_then(|r| r.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok());
    if !event_name.starts_with("pull_request") && merged_ref.is_none() {
        return None;
    }
    let request = &event["pull_request"];
    let (head, base) = (&request["head"]["repo"], &request["base"]["repo"]);
    // A fork that was deleted has no repository any more; without a payload, nothing vouches for the content.
    let from_fork = match (head["full_name"].as_str(), base["full_name"].as_str()) {
        (Some(head), Some(base)) => head != base,
        _ => head["fork"].as_bool().unwrap_or(true),
    };
    Some(PullRequest {
        number: request["number"].as_u64().or_else(|| event["number"].as_u64()).or(merged_ref),
        from_fork,
    })
}
