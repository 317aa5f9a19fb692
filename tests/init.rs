//! `findsync init`: what it writes is read by the real parsers, and nothing is overwritten.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io;
use std::path::Path;

use findsync::ci::{Ci, Service};
use findsync::config::{Config, Given, TrackerKind, schema};
use findsync::init::{Proposal, propose};
use serde_json::Value;

/// A folder with files; a report is what says `report`, read by the reader that it names.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    dir
}

fn shown(proposal: &Proposal) -> String {
    let mut shown = Vec::new();
    findsync::reports::proposal(&mut shown, proposal, true).unwrap();
    String::from_utf8(shown).unwrap()
}

fn recognise(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()?.strip_prefix("report ").map(str::to_owned)
}

fn at(service: Service, server: &str, repository: &str) -> Ci {
    Ci {
        service: Some(service),
        server_url: Some(server.to_owned()),
        repository: Some(repository.to_owned()),
        project: (service == Service::AzureDevOps).then(|| "My Shop".to_owned()),
        default_branch: Some("trunk".to_owned()),
        ..Ci::default()
    }
}

/// Proposes, checks that all of it can be read outside of a CI and without a token, and that a second run is idle.
fn init(dir: &Path, ci: &Ci) -> (Proposal, Config) {
    let proposal = propose(dir, ci, &recognise);
    proposal.write(dir).unwrap();
    for file in &proposal.files {
        let _: Value = serde_yaml::from_str(&file.content).unwrap_or_else(|e| panic!("{e}\nin\n{}", file.content));
    }
    let text = fs::read_to_string(dir.join(".findsync.yml")).unwrap();
    let nowhere = Ci::default();
    let read = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let given =
        Given { env: &|_| None, read: &read, ci: &nowhere, tokens_needed: true, template: &findsync::template::check };
    let config = Config::parse(text.as_bytes(), ".findsync.yml", given).unwrap_or_else(|e| panic!("{e}"));
    // What is offered as a comment works once the comment's mark is taken away.
    let uncomment = |line: &str| match line.trim_start().strip_prefix("# ") {
        Some(rest) => line.replace(line.trim_start(), rest) + "\n",
        None => line.to_owned() + "\n",
    };
    let uncommented: String = text.lines().skip(2).map(uncomment).collect();
    let given = Given { env: &|_| Some("token".to_owned()), ..given };
    Config::parse(uncommented.as_bytes(), "uncommented", given).unwrap_or_else(|e| panic!("{e}\nin\n{uncommented}"));
    let validator = jsonschema::validator_for(&schema()).unwrap();
    assert!(validator.is_valid(&serde_yaml::from_str(&text).unwrap()), "{text}");
    let again = propose(dir, ci, &recognise);
    assert!(again.files.iter().all(|file| file.path != Path::new(".findsync.yml")), "{again:?}");
    (proposal, config)
}

#[test]
fn github_with_reports() {
    let dir = folder(&[
        ("reports/a.sarif", "report sarif"),
        ("reports/b.sarif", "report sarif"),
        ("reports/trivy.json", "report trivy"),
        ("package.json", "{}"),
        ("tests/sample.sarif", "report sarif"),
        ("node_modules/x/y.sarif", "report sarif"),
        (".cache/y.sarif", "report sarif"),
        ("target/CACHEDIR.TAG", "x"),
        ("target/y.sarif", "report sarif"),
        (".github/workflows/ci.yml", "on: push"),
    ]);
    let (proposal, config) = init(dir.path(), &at(Service::GitHub, "https://github.com", "acme/shop"));
    insta::assert_snapshot!(shown(&proposal));
    let paths: Vec<_> = config.reports.iter().map(|report| report.path.as_str()).collect();
    assert_eq!(paths, ["reports/*.sarif", "reports/trivy.json"]);
    assert_eq!(config.mappings[0].project.name, "shop");
    assert!(propose(dir.path(), &Ci::default(), &recognise).files.is_empty());
}

#[test]
fn gitlab_with_and_without_a_pipeline() {
    let ci = at(Service::GitLab, "https://git.acme.io/lab", "acme/web/shop");
    let dir = folder(&[(".gitlab-ci.yml", "test: {script: x}")]);
    let (proposal, config) = init(dir.path(), &ci);
    insta::assert_snapshot!(shown(&proposal));
    assert_eq!(config.instances[0].location, "https://git.acme.io/lab");
    assert_eq!(config.mappings[0].project.name, "acme/web/shop");
    assert_eq!(fs::read_to_string(dir.path().join(".gitlab-ci.yml")).unwrap(), "test: {script: x}");
    let empty = folder(&[]);
    let (proposal, _) = init(empty.path(), &ci);
    assert_eq!(proposal.files[1].path, Path::new(".gitlab-ci.yml"));
}

#[test]
fn azure() {
    let dir = folder(&[("azure-pipelines.yml", "steps: []")]);
    let (proposal, config) = init(dir.path(), &at(Service::AzureDevOps, "https://dev.azure.com/acme", "web"));
    insta::assert_snapshot!(shown(&proposal));
    assert_eq!(
        (config.instances[0].kind, config.mappings[0].project.name.as_str()),
        (TrackerKind::AzureDevOps, "My Shop")
    );
}

#[test]
fn a_folder_of_which_nothing_is_known() {
    let dir = folder(&[]);
    let (proposal, config) = init(dir.path(), &Ci::default());
    insta::assert_snapshot!(shown(&proposal));
    assert_eq!(config.instances[0].kind, TrackerKind::Local);
}

#[test]
fn names_that_mean_something_in_yaml_or_globs() {
    let names =
        ["a: b #c.json", "[x]*.json", "${HOME}.json", "true.json", "007.json", "- q\"'.json", "é😀.json", "x\ty.json"];
    let files: Vec<_> = names.iter().map(|name| (*name, "report generic")).collect();
    let dir = folder(&files);
    let (_, config) = init(dir.path(), &at(Service::GitHub, "https://github.com", "acme/true"));
    for name in names {
        let hits = config
            .reports
            .iter()
            .filter(|r| findsync::config::files(dir.path(), &r.path).unwrap() == [Path::new(name)])
            .count();
        assert_eq!(hits, 1, "{name}: {:?}", config.reports);
    }
    assert_eq!(config.mappings[0].project.name, "true");
}

#[test]
fn overwrites_nothing_even_if_it_came_in_between() {
    let dir = folder(&[]);
    let proposal = propose(dir.path(), &Ci::default(), &recognise);
    fs::write(dir.path().join(".findsync.yml"), "mine").unwrap();
    assert!(proposal.write(dir.path()).unwrap_err().to_string().contains(".findsync.yml"));
    assert_eq!(fs::read_to_string(dir.path().join(".findsync.yml")).unwrap(), "mine");
    let again = propose(dir.path(), &Ci::default(), &recognise);
    assert!(again.files.is_empty());
    assert!(again.notes.iter().any(|note| note.contains("stays as it is")));
}

#[test]
fn a_mapping_file_of_another_name_stays_the_only_one() {
    let dir = folder(&[("findsync.yml", "reports: []\n")]);
    let proposal = propose(dir.path(), &Ci::default(), &recognise);
    assert!(proposal.files.iter().all(|file| !file.path.ends_with(".findsync.yml")), "{proposal:?}");
    assert!(proposal.notes.iter().any(|note| note.contains("`findsync.yml` is there already")), "{proposal:?}");
}
