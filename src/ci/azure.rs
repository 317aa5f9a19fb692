//! Azure Pipelines: `SYSTEM_*` and `BUILD_*`; code may be in Azure Repos or elsewhere.

use super::model::{Env, branch_of, matrix_part, run, shown};
use super::remote::Remote;
use super::{Ci, CodeLinks, PullRequest, Service, Siblings, System, Trust};
use crate::finding::Source;

/// Reasons of runs that work on what was pushed to their branch.
pub(super) const TRUSTED_REASONS: [&str; 5] = ["IndividualCI", "BatchedCI", "Schedule", "ScheduleForced", "Manual"];

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
    let branch = |name: &str| env(name).and_then(|reference| branch_of(&reference).or(Some(reference)));
    let pull_request = pull_request(env, &reference);
    let is_request = pull_request.is_some();
    // Only Azure Repos has ids; what others have there is a name.
    let id = env("BUILD_REPOSITORY_ID").filter(|_| env("BUILD_REPOSITORY_PROVIDER").as_deref() == Some("TfsGit"));
    let collection = server.as_deref().map(|url| url.split_once("://").map_or(url, |(_, rest)| rest).to_lowercase());
    let attempts = ["SYSTEM_JOBATTEMPT", "SYSTEM_STAGEATTEMPT"].map(|name| env(name)?.parse::<u32>().ok());
    Ci {
        system: Some(System::AzurePipelines),
        service: Some(Service::AzureDevOps),
        code,
        commit,
        branch: branch_of(&reference).or_else(|| branch("SYSTEM_PULLREQUEST_SOURCEBRANCH")),
        base_branch: branch("SYSTEM_PULLREQUEST_TARGETBRANCH").filter(|_| is_request),
        trust: trust(&env("BUILD_REASON").unwrap_or_default(), is_request),
        pull_request,
        source: Source { id, ..remote.as_ref().map(Remote::source).unwrap_or_default() },
        run: run(
            format!("azure:{}", collection.unwrap_or_default()),
            env("BUILD_BUILDID"),
            attempts.into_iter().flatten().max().map(|attempt| attempt.to_string()),
        ),
        siblings: env("SYSTEM_DEFINITIONID")
            .filter(|_| branch_of(&reference).is_some() && !is_request)
            .map(|pipeline| Siblings { pipeline, reference: reference.clone() }),
        matrix: matrix(env),
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
        readers: None,
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

/// The leg of a matrix, or the slice, that this job is.
fn matrix(env: Env<'_>) -> Option<String> {
    let total: u32 = env("SYSTEM_TOTALJOBSINPHASE")?.parse().ok()?;
    if total < 2 {
        return None;
    }
    let job = env("SYSTEM_PHASENAME").unwrap_or_default();
    let name = env("SYSTEM_JOBNAME").unwrap_or_default();
    let leg = name.strip_prefix(&job).unwrap_or(&name).trim_start_matches([' ', '.', '_']);
    // Of slices only the number tells which is which.
    let is_number = |leg: &str| leg.trim_start_matches("job").trim_start_matches("Job").parse::<u32>().is_ok();
    if leg.is_empty() || leg == "_default" || leg == "default" || is_number(leg) {
        return env("SYSTEM_JOBPOSITIONINPHASE").map(|position| format!("node={position}/{total}"));
    }
    matrix_part(leg)
}

/// Whether a run works on what the repository's own people pushed, and nothing else.
fn trust(reason: &str, is_request: bool) -> Trust {
    if is_request {
        return Trust::request();
    }
    match reason {
        trusted if TRUSTED_REASONS.contains(&trusted) => Trust::Trusted,
        "ResourceTrigger" | "BuildCompletion" => Trust::untrusted(format!(
            "a run that another pipeline started (`{reason}`) may hold the reports of what nobody has merged"
        )),
        other => Trust::untrusted(format!("issues are not written by runs with the reason `{}`", shown(other))),
    }
}
