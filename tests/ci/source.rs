//! The repository, the place of the run and the part of a matrix that a CI tells.
use findsync::finding::{Run, Source};

use crate::world::{World, azure, git, github, gitlab};

fn source(name: &str, id: Option<&str>) -> Source {
    Source { id: id.map(str::to_owned), ..Source::named(name) }
}

fn run(line: &str, number: u64, attempt: u32) -> Option<Run> {
    Some(Run { line: line.to_owned(), number, attempt })
}

#[test]
fn each_ci_tells_the_repository_and_the_place_of_the_run() {
    let hub = github().set("GITHUB_RUN_ATTEMPT", "3").ci();
    assert_eq!(hub.source, source("github.com/acme/shop", Some("1296269")));
    assert_eq!(hub.run, run("github:github.com/acme/shop", 42, 3));
    let lab = gitlab().ci();
    assert_eq!(lab.source, source("git.acme.io/lab/acme/web/shop", Some("17")));
    assert_eq!(lab.run, run("gitlab:git.acme.io/lab/acme/web/shop", 61, 1));
    let ado = azure().set("SYSTEM_STAGEATTEMPT", "2").ci();
    let id = "4f1ad0f5-1f3a-4c3e-9a3e-2f2b1c0d9e8f";
    assert_eq!(ado.source, source("dev.azure.com/acme/my shop/_git/web", Some(id)));
    assert_eq!(ado.run, run("azure:dev.azure.com/acme", 99, 2));
    assert_eq!(azure().set("SYSTEM_JOBATTEMPT", "4").ci().run.map(|run| run.attempt), Some(4));
    // Code that is elsewhere has a name there instead of an id.
    let elsewhere = azure()
        .set("BUILD_REPOSITORY_URI", "https://github.com/Acme/shop")
        .set("BUILD_REPOSITORY_PROVIDER", "GitHub")
        .set("BUILD_REPOSITORY_ID", "Acme/shop");
    assert_eq!(elsewhere.ci().source, source("github.com/acme/shop", None));
    // Newer and older are told apart within a line only.
    let again = github().set("GITHUB_RUN_ATTEMPT", "2").ci().run.unwrap();
    assert!(again.is_newer_than(&github().ci().run.unwrap()) && !lab.run.unwrap().is_newer_than(&again));
    assert_eq!(github().without("GITHUB_RUN_ID").ci().run, None);
}

#[test]
fn another_checkout_in_a_job_does_not_change_the_repository() {
    let mut world = github();
    world.files.extend(
        git("ref: refs/heads/other\n")
            .file("/work/shop/.git/config", "[remote \"origin\"]\nurl = https://github.com/acme/other\n")
            .files,
    );
    assert_eq!((world.ci().source.name.as_str(), world.ci().branch.as_deref()), ("github.com/acme/shop", Some("main")));
}

#[test]
fn a_job_of_a_matrix_knows_its_part_of_it() {
    let part = |world: World| world.ci().matrix;
    let hub = |json: &str| part(github().set("INPUT_MATRIX", json));
    for nothing in ["null", "", "{}", "[1]", "no JSON"] {
        assert_eq!(hub(nothing), None, "{nothing}");
    }
    let pretty = "{\n  \"os\": \"ubuntu-24.04\",\n  \"node\": 18,\n  \"with\": {\"b\": [1, \"x\"], \"a\": null}\n}";
    assert_eq!(hub(pretty).as_deref(), Some(r#"node=18 os=ubuntu-24.04 with={"a":null,"b":[1,"x"]}"#));
    assert_eq!(part(github().set("FINDSYNC_MATRIX", r#"{"a": true}"#)).as_deref(), Some("a=true"));
    let long = |end: u8| hub(&format!(r#"{{"include": "{}{end}"}}"#, "x".repeat(5000))).unwrap();
    assert!(long(1).chars().count() < 200 && long(1) != long(2));
    assert_eq!(github().ci().matrix, None);

    let lab = |name: &str| part(gitlab().set("CI_NODE_INDEX", "2").set("CI_NODE_TOTAL", "3").set("CI_JOB_NAME", name));
    assert_eq!(lab("findsync: [aws, eu: [1]]").as_deref(), Some("aws, eu: [1]"));
    assert_eq!(lab("findsync 2/3").as_deref(), Some("node=2/3"));
    let grouped =
        gitlab().set("CI_NODE_INDEX", "1").set("CI_JOB_NAME", "a: [b]: [c]").set("CI_JOB_GROUP_NAME", "a: [b]");
    assert_eq!(part(grouped).as_deref(), Some("c"));
    // A job's own name is no part of a matrix, however it looks.
    assert_eq!(part(gitlab().set("CI_JOB_NAME", "scan: [all]")), None);

    let ado = |leg: &str| part(azure().set("SYSTEM_TOTALJOBSINPHASE", "2").set("SYSTEM_JOBNAME", leg));
    assert_eq!(ado("linux").as_deref(), Some("linux"));
    assert_eq!(ado("Scan linux").as_deref(), Some("linux"));
    assert_eq!((ado("Job1").as_deref(), ado("__default").as_deref()), (Some("node=1/2"), Some("node=1/2")));
    assert_eq!(part(azure().set("SYSTEM_JOBNAME", "linux")), None);
}

#[test]
fn other_runs_of_a_pipeline_are_found_by_its_name_and_branch() {
    let of = |world: World| world.ci().siblings.map(|runs| (runs.pipeline, runs.reference));
    let is = |pipeline: &str, reference: &str| Some((pipeline.to_owned(), reference.to_owned()));
    let hub = |workflow: &str| github().set("GITHUB_WORKFLOW_REF", workflow);
    let own = "acme/shop/.github/workflows/scan.yml@refs/heads/main";
    assert_eq!(of(hub(own)), is("scan.yml", "main"));
    assert_eq!(of(hub("acme/rules/.github/workflows/scan.yml@refs/heads/main")), None);
    assert_eq!(of(github()), None);
    // A run after another lists on the default branch, whatever branch it is about.
    assert_eq!(of(hub(own).event("workflow_run", "{}")), None);
    assert_eq!(of(hub(own).set("GITHUB_REF", "refs/heads/gh-readonly-queue/main/pr-1-a")), None);
    assert_eq!(of(gitlab()), is("", "develop"));
    assert_eq!(of(crate::world::gitlab_merge("1")), None);
    assert_eq!(of(azure().set("SYSTEM_DEFINITIONID", "7")), is("7", "refs/heads/main"));
    assert_eq!(of(crate::world::azure_pull("False").set("SYSTEM_DEFINITIONID", "7")), None);
}
