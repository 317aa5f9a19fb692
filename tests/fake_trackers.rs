//! Serves the fakes of all trackers to the tests of images and pipelines (tests/pipelines), which are no Rust.
//!
//! Prints where they are as a line of JSON, and for each line on standard input what they hold. The end of standard input
//! ends it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    dead_code,
    unused_imports,
    reason = "standard output is how it answers; the fakes belong to the trackers' own tests, which use all of them"
)]

#[path = "fakes/azure_devops/mod.rs"]
mod azure_devops;
#[path = "fakes/github/mod.rs"]
mod github;
#[path = "fakes/gitlab/mod.rs"]
mod gitlab;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "serves until its standard input ends; tests/pipelines starts it"]
async fn serve() {
    let github = github::Fake::start(github::World::default()).await;
    let gitlab = gitlab::Fake::start(gitlab::Tier::Free).await;
    let azure = azure_devops::Fake::start(azure_devops::Process::Basic).await;
    println!("{}", json!({ "github": github.url, "gitlab": gitlab.location, "azure_devops": azure.location }));

    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while lines.next_line().await.unwrap().is_some() {
        // The CI may be asked for its runs; these fakes are trackers, and have none.
        let of_ci = |objection: &String| {
            ["/pipelines", "/_apis/build", "/actions/"].iter().any(|part| objection.contains(part))
        };
        let mut objections = [gitlab.objections(), azure.objections()].concat();
        objections.retain(|objection| !of_ci(objection));
        assert!(objections.is_empty(), "{objections:#?}");
        println!(
            "{}",
            json!({
                "github": github_issues(&github),
                "gitlab": gitlab_issues(&gitlab),
                "azure_devops": azure_items(&azure),
            })
        );
    }
}

fn github_issues(fake: &github::Fake) -> Vec<Value> {
    let world = fake.world();
    world.issues.iter().map(|issue| json!({ "title": issue.title, "open": issue.open, "body": issue.body })).collect()
}

fn gitlab_issues(fake: &gitlab::Fake) -> Vec<Value> {
    let issues = fake.issues();
    issues.iter().map(|issue| json!({ "title": issue.title, "open": issue.open, "body": issue.description })).collect()
}

fn azure_items(fake: &azure_devops::Fake) -> Vec<Value> {
    let item = |item: &azure_devops::Item| {
        json!({
            "title": item.text("System.Title"),
            "open": item.text("System.State") != "Done",
            "body": item.text("System.Description"),
        })
    };
    fake.items().iter().map(item).collect()
}
