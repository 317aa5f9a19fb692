//! GitHub Actions: `GITHUB_*` and the event's payload.

use std::path::Path;

use serde_json::Value;

use super::model::{Env, Read, branch_of, matrix_part, queue_base, run, shown};
use super::remote::source_of;
use super::{Ci, CodeLinks, PullRequest, Service, Siblings, System, Trust, Visibility};
use crate::finding::Source;

/// Events whose runs work on what was pushed to a branch by people who may: `release` on a tag.
pub(super) const TRUSTED_EVENTS: [&str; 4] = ["push", "schedule", "workflow_dispatch", "release"];

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
    let branch = if is_after { text("/workflow_run/head_branch") } else { env("GITHUB_HEAD_REF").or_else(own_branch) };
    let base_branch = env("GITHUB_BASE_REF")
        .or_else(|| text("/pull_request/base/ref"))
        .or_else(|| text("/workflow_run/pull_requests/0/base/ref"))
        .or_else(|| branch_of(&text("/merge_group/base_ref")?))
        .or_else(|| queue_base(branch.as_deref()?));
    let pull_request = pull_request(env, &event_name, &event);
    let source = repository.as_ref().and_then(|path| source_of(&format!("{server}/{path}"))).unwrap_or_default();
    let trust = match (&pull_request, &base_branch) {
        (Some(_), _) => Trust::request(),
        (None, Some(_)) => Trust::untrusted("what a merge queue tries out is not merged yet".to_owned()),
        (None, None) => trust(env, &event_name, &event),
    };
    let is_ahead = pull_request.is_some() || base_branch.is_some();
    Ci {
        system: Some(System::GitHubActions),
        service: Some(Service::GitHub),
        api_url: env("GITHUB_API_URL"),
        graphql_url: env("GITHUB_GRAPHQL_URL"),
        code: CodeLinks::new(Service::GitHub, &server, repository.as_deref(), commit.as_deref()),
        commit,
        branch,
        base_branch,
        default_branch,
        pull_request,
        trust,
        run: run(format!("github:{}", source.name), env("GITHUB_RUN_ID"), env("GITHUB_RUN_ATTEMPT")),
        siblings: siblings(env, repository.as_deref().unwrap_or_default()).filter(|_| !is_after && !is_ahead),
        matrix: env("INPUT_MATRIX").or_else(|| env("FINDSYNC_MATRIX")).and_then(|json| matrix(&json)),
        source: Source { id: env("GITHUB_REPOSITORY_ID"), ..source },
        run_url,
        workspace: env("GITHUB_WORKSPACE").map(Into::into),
        output_file: env("GITHUB_OUTPUT").map(Into::into),
        summary_file: env("GITHUB_STEP_SUMMARY").map(Into::into),
        debug: env("RUNNER_DEBUG").is_some_and(|value| value == "1"),
        server_url: Some(server),
        repository,
        project: None,
        vulnerability_report: false,
        readers: readers(&event["repository"]),
    }
}

/// Who can read a repository.
fn readers(repository: &Value) -> Option<Visibility> {
    if let Some(visibility) = repository["visibility"].as_str() {
        return Some(Visibility::named(visibility));
    }
    let private = repository["private"].as_bool()?;
    Some(if private { Visibility::Private } else { Visibility::Public })
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

/// The runs of this run's workflow on its branch. `GITHUB_WORKFLOW_REF` is `acme/shop/.github/workflows/scan.yml@refs/…`;
/// a workflow of another repository has its runs there.
fn siblings(env: Env<'_>, repository: &str) -> Option<Siblings> {
    let workflow = env("GITHUB_WORKFLOW_REF")?;
    let path = workflow.split('@').next()?.strip_prefix(repository)?.strip_prefix("/.github/workflows/")?;
    let reference = branch_of(&env("GITHUB_REF")?)?;
    Some(Siblings { pipeline: path.to_owned(), reference })
}

/// The part of a matrix, of `toJSON(matrix)`: `null` in a job without one.
fn matrix(json: &str) -> Option<String> {
    let Ok(Value::Object(values)) = serde_json::from_str(json) else { return None };
    let mut values: Vec<String> = values
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}={text}"),
            other => format!("{name}={}", sorted(other)),
        })
        .collect();
    values.sort_unstable();
    matrix_part(&values.join(" "))
}

/// JSON whose members stand in the order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// Whether a run works on what the repository's own people pushed, and nothing else.
fn trust(env: Env<'_>, event_name: &str, event: &Value) -> Trust {
    let own = [env("GITHUB_REF"), env("GITHUB_REF_NAME"), env("GITHUB_SHA")];
    let is_own = |text: &str| own.iter().flatten().any(|own| own == text);
    let given = ["client_payload", "inputs"].into_iter().find_map(|given| foreign_head(&event[given], &is_own));
    match event_name {
        "workflow_dispatch" | "repository_dispatch" if given.is_some() => Trust::untrusted(format!(
            "this run was started with a commit or branch of its own (`{}`), which may be anybody's",
            shown(given.unwrap_or_default())
        )),
        "repository_dispatch" => Trust::Trusted,
        trusted if TRUSTED_EVENTS.contains(&trusted) => Trust::Trusted,
        "workflow_run" => {
            let before = &event["workflow_run"];
            let repository = |repository: &Value| repository["full_name"].as_str().map(str::to_lowercase);
            let own = env("GITHUB_REPOSITORY").map(|own| own.to_lowercase());
            let is_own = own.is_some() && repository(&before["head_repository"]) == own;
            let name = before["event"].as_str().unwrap_or_default();
            if is_own && TRUSTED_EVENTS.contains(&name) {
                return Trust::Trusted;
            }
            let whose = if is_own { "this repository" } else { "another repository" };
            Trust::untrusted(format!(
                "the run before this one was for the event `{}` of {whose}, and may hold what nobody has merged",
                shown(name)
            ))
        }
        other => Trust::untrusted(format!("issues are not written in runs for the event `{}`", shown(other))),
    }
}

/// What in the values that a run was started with names a commit, branch or pull request that is not this run's own.
fn foreign_head<'v>(payload: &'v Value, is_own: &dyn Fn(&str) -> bool) -> Option<&'v str> {
    let is_head = |name: &str| {
        let name = name.to_ascii_lowercase();
        let mut words = name.split(['_', '-', '.']);
        words.any(|word| matches!(word, "ref" | "sha" | "branch" | "commit" | "head" | "pr" | "pull"))
    };
    match payload {
        Value::Object(members) => members.iter().find_map(|(name, value)| match value {
            Value::Null => None,
            Value::String(text) if text.trim().is_empty() => None,
            Value::String(text) => (is_head(name) && !is_own(text)).then_some(name.as_str()),
            Value::Number(_) | Value::Bool(_) => is_head(name).then_some(name.as_str()),
            inside if is_head(name) && inside.is_object() && foreign_head(inside, is_own).is_none() => Some(name),
            inside => foreign_head(inside, is_own),
        }),
        Value::Array(items) => items.iter().find_map(|item| foreign_head(item, is_own)),
        _ => None,
    }
}
