//! Azure Pipelines: `SYSTEM_*` and `BUILD_*`; code may be in Azure Repos or elsewhere.

use super::git::Remote;
use super::{Ci, CodeLinks, Env, PullRequest, Service, System, branch_of};

pub(super) fn detect(env: Env<'_>) -> Ci {
    let server = env("SYSTEM_COLLECTIONURI").or_else(|| env("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI"));
    let server = server.map(|url| url.trim_end_matches('/').to_owned());
    let project = env("SYSTEM_TEAMPROJECT");
    let commit = env("BUILD_SOURCEVERSION");
    let reference = env("BUILD_SOURCEBRANCH").unwrap_or_default();
    let run_url = match (&server, &project, env("BUILD_BUILDID")) {
        (Some(server), Some(project), Some(id)) => {
            Some(format!("{server}/{}/_build/results?buildId={id}", super::code::encode(project)))
        }
        _ => None,
    };
    let remote = env("BUILD_REPOSITORY_URI").and_then(|uri| Remote::parse(&uri));
    let code = remote.as_ref().and_then(|remote| {
        let service = match env("BUILD_REPOSITORY_PROVIDER").as_deref() {
            Some("GitHub" | "GitHubEnterprise") => Service::GitHub,
            Some("TfsGit") => Service::AzureDevOps,
            _ => remote.service?,
        };
        CodeLinks::new(service, &remote.server, Some(&remote.path), commit.as_deref())
    });
    let source = env("SYSTEM_PULLREQUEST_SOURCEBRANCH").and_then(|r| branch_of(&r).or(Some(r)));
    Ci {
        system: Some(System::AzurePipelines),
        service: Some(Service::AzureDevOps),
        code,
        commit,
        branch: branch_of(&reference).or(source),
        pull_request: pull_request(env, &reference),
        run_url,
        workspace: env("BUILD_SOURCESDIRECTORY").map(Into::into),
        debug: env("SYSTEM_DEBUG").is_some_and(|value| value.eq_ignore_ascii_case("true")),
        repository: env("BUILD_REPOSITORY_NAME"),
        server_url: server,
        project,
        api_url: None,
        graphql_url: None,
        default_branch: None,
        output_file: None,
        summary_file: None,
        vulnerability_report: false,
    }
}

fn pull_request(env: Env<'_>, reference: &str) -> Option<PullRequest> {
    let is_one = env("BUILD_REASON").is_some_and(|reason| reason == "PullRequest");
    if !is_one && !reference.starts_with("refs/pull/") {
        return None;
    }
    // Code on GitHub has its own numbers; Azure Repos has only ids.
    let number = env("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER").or_else(|| env("SYSTEM_PULLREQUEST_PULLREQUESTID"));
    Some(PullRequest {
        number: number.and_then(|number| number.parse().ok()),
        from_fork: env("SYSTEM_PULLREQUEST_ISFORK").is_none_or(|fork| !fork.eq_ignore_ascii_case("false")),
    })
}
