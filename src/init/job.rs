//! The CI job that runs findsync, for each CI. All of them refer to the project's own repository, in one place.

use std::path::Path;

use super::files::{NewFile, scalar};
use crate::ci::{Ci, System};

/// The project's repository on GitHub, as `owner/name`: from Cargo.toml, and nowhere else.
pub(super) fn repository() -> &'static str {
    env!("CARGO_PKG_REPOSITORY").trim_start_matches("https://github.com/")
}

/// The tag that moves with releases that change nothing for users.
const VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION_MAJOR"));

/// The job's file, and what to do with it where it does not run by itself.
pub(super) fn file(dir: &Path, system: System, ci: &Ci) -> (NewFile, Option<String>) {
    let (path, content, note) = match system {
        System::GitHubActions => (".github/workflows/findsync.yml", github(ci), None),
        System::GitLabCi if dir.join(".gitlab-ci.yml").exists() => {
            let note = "add to `.gitlab-ci.yml`: `include: [{ local: .gitlab/findsync.yml }]`";
            (".gitlab/findsync.yml", gitlab(), Some(note.to_owned()))
        }
        System::GitLabCi => (".gitlab-ci.yml", gitlab(), None),
        System::AzurePipelines => (".azure/findsync.yml", azure(), Some(azure_note())),
    };
    (NewFile { path: path.into(), content }, note)
}

fn github(ci: &Ci) -> String {
    let branch = scalar(ci.default_branch.as_deref().unwrap_or("main"));
    let repository = repository();
    format!(
        "name: findsync
on:
  push: {{ branches: [{branch}] }}
  pull_request: # these only plan
permissions: {{}}
jobs:
  findsync:
    runs-on: ubuntu-latest
    concurrency: findsync-${{{{ github.ref }}}}
    permissions: {{ contents: read, issues: write }}
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with: {{ persist-credentials: false }}
      # Run your scanners here, so that they write the reports that .findsync.yml names.
      - uses: {repository}@{VERSION}
        with:
          token: ${{{{ secrets.FINDSYNC_TOKEN }}}} # for Projects and other trackers; else the job's own token serves
"
    )
}

fn gitlab() -> String {
    let repository = repository();
    format!(
        "# Set the CI/CD variable FINDSYNC_TOKEN (masked): a project access token with scope `api` and role Reporter.
# The job runs last, with the artifacts of the scanners' jobs; merge requests only plan.
include:
  - remote: https://raw.githubusercontent.com/{repository}/{VERSION}/.gitlab-ci-template.yml
"
    )
}

fn azure() -> String {
    format!(
        "# Steps for azure-pipelines.yml, after those of your scanners; pull requests only plan.
# The build service needs the right \"Edit work items in this node\".
steps:
  - template: azure-pipelines-template.yml@findsync # {}
",
        repository()
    )
}

fn azure_note() -> String {
    format!(
        "add to `azure-pipelines.yml`: on top `resources: {{ repositories: [{{ repository: findsync, type: github, name: \
         {}, endpoint: YOUR-CONNECTION }}] }}`, and after the scanners `- template: .azure/findsync.yml`",
        repository()
    )
}
