//! Runs that nobody vouches for: as a fork's pull request with a hostile checkout, in each CI. No request goes to another
//! host, nothing of the environment is shown, and nothing is read or written outside of the workspace.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// Values of the environment, none of which may be shown.
const HIDDEN: [(&str, &str); 4] = [
    ("AWS_SECRET_ACCESS_KEY", "hidden-aws-value"),
    ("GITHUB_TOKEN", "hidden-github-value"),
    ("CI_JOB_TOKEN", "hidden-gitlab-value"),
    ("SYSTEM_ACCESSTOKEN", "hidden-azure-value"),
];

/// What each CI sets for a fork's request.
fn requests() -> [(&'static str, Vec<(&'static str, &'static str)>); 3] {
    let github = vec![
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "pull_request_target"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "acme/shop"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_SHA", "0123456789012345678901234567890123456789"),
    ];
    let gitlab = vec![
        ("GITLAB_CI", "true"),
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("CI_SERVER_URL", "https://gitlab.com"),
        ("CI_PROJECT_PATH", "acme/shop"),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "1"),
        ("CI_MERGE_REQUEST_PROJECT_ID", "2"),
    ];
    let azure = vec![
        ("TF_BUILD", "True"),
        ("BUILD_REASON", "PullRequest"),
        ("SYSTEM_COLLECTIONURI", "https://dev.azure.com/acme/"),
        ("SYSTEM_TEAMPROJECT", "shop"),
        ("BUILD_SOURCEBRANCH", "refs/pull/7/merge"),
        ("SYSTEM_PULLREQUEST_ISFORK", "True"),
    ];
    [("github", github), ("gitlab", gitlab), ("azure_devops", azure)]
}

const REPORT: &str = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}},
    "results": [{"ruleId": "r", "message": {"text": "m"}}]}]}"#;

fn run(dir: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_findsync"));
    command.env_clear().envs(HIDDEN).envs(environment.iter().copied()).current_dir(dir).args(arguments);
    let output = command.output().unwrap();
    let shown = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    for (name, value) in HIDDEN {
        assert!(!shown.contains(value), "{arguments:?} shows {name}: {shown}");
    }
    (output.status.code().unwrap_or(-1), shown)
}

#[test]
fn no_credential_leaves_for_another_host() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for (kind, environment) in requests() {
        for token in ["", "token: ${AWS_SECRET_ACCESS_KEY}", "token: ${GITHUB_TOKEN}", "token: ${SYSTEM_ACCESSTOKEN}"] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join("r.sarif"), REPORT).unwrap();
            let mapping = format!(
                "instances:\n  - label: a\n    type: {kind}\n    location: http://localhost:{port}/acme\n    {token}\n\
                 mappings:\n  - label: m\n    instance: a\n    {}\n",
                if kind == "github" { "repository: shop" } else { "project: acme/shop" }
            );
            fs::write(dir.path().join(".findsync.yml"), mapping).unwrap();
            for command in ["plan", "apply"] {
                let (code, shown) = run(dir.path(), &environment, &[command, "r.sarif", "-vv"]);
                assert!(code == 0 || code == 2, "{kind} {token}: {code}, {shown}");
                assert!(shown.contains("no token") || shown.contains("own server only"), "{kind} {token}: {shown}");
            }
            let (code, shown) = run(dir.path(), &environment, &["check"]);
            assert_eq!(code, 2, "{kind} {token}: {shown}");
        }
    }
    assert!(listener.accept().is_err(), "somebody was asked");
}

#[test]
fn nothing_of_the_environment_is_told() {
    for (_, environment) in requests() {
        for (name, mapping) in [
            ("a variable", "mappings:\n  - label: m\n    title: \"${AWS_SECRET_ACCESS_KEY} {{ title }}\"\n"),
            ("a token", "mappings:\n  - label: m\n    title: \"${GITHUB_TOKEN} {{ title }}\"\n"),
            ("an address", "instances:\n  - {label: a, type: github, location: 'https://x.example/${CI_JOB_TOKEN}'}\n"),
            ("a file", "mappings:\n  - label: m\n    title: {file: /proc/self/environ}\n"),
            ("a file through a link", "mappings:\n  - label: m\n    title: {file: link}\n"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join("r.sarif"), REPORT).unwrap();
            fs::write(dir.path().join(".findsync.yml"), mapping).unwrap();
            symlink("/proc/self/environ", dir.path().join("link")).unwrap();
            let (code, shown) = run(dir.path(), &environment, &["plan", "r.sarif", "--to", "issues", "-vv"]);
            assert_eq!(code, 2, "{name}: {shown}");
        }
        for path in [".findsync/scanners/x.yml", ".findsync.yml", "r.sarif", "r.json"] {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir_all(dir.path().join(".findsync/scanners")).unwrap();
            let workspace = fs::canonicalize(dir.path()).unwrap();
            symlink("/proc/self/environ", workspace.join(path)).unwrap();
            let report = if path.starts_with("r.") { path } else { "ok.sarif" };
            fs::write(workspace.join("ok.sarif"), REPORT).unwrap();
            let (code, shown) = run(&workspace, &environment, &["plan", report, "--to", "issues", "-vv"]);
            assert_eq!(code, 2, "{path}: {shown}");
            assert!(shown.contains("leads out of the workspace"), "{path}: {shown}");
        }
    }
}

#[test]
fn writing_follows_no_link() {
    let dir = tempfile::tempdir().unwrap();
    let outside = dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), "theirs").unwrap();
    for (link, arguments) in [
        ("issues", &["apply", "r.sarif", "--to", "issues"][..]),
        ("plan.json", &["plan", "r.sarif", "--to", "issues", "--out", "plan.json"]),
        ("issues/.findsync.lock", &["apply", "r.sarif", "--to", "issues"]),
        ("issues/.0001.tmp", &["apply", "r.sarif", "--to", "issues"]),
    ] {
        let work = tempfile::tempdir().unwrap();
        fs::write(work.path().join("r.sarif"), REPORT).unwrap();
        let link_path = work.path().join(link);
        fs::create_dir_all(link_path.parent().unwrap()).unwrap();
        symlink(if link == "issues" { outside.clone() } else { outside.join("file") }, &link_path).unwrap();
        run(work.path(), &[], arguments);
        assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "theirs", "{link}");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1, "{link}");
    }
}

#[test]
fn endless_files_end() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("r.sarif"), REPORT).unwrap();
    symlink("/dev/zero", dir.path().join(".findsync.yml")).unwrap();
    assert_eq!(run(dir.path(), &[], &["plan", "r.sarif", "--to", "issues"]).0, 2);
    fs::remove_file(dir.path().join(".findsync.yml")).unwrap();
    assert_eq!(run(dir.path(), &[], &["apply", "r.sarif", "--to", "issues", "--plan", "/dev/zero"]).0, 2);
    fs::create_dir(dir.path().join(".git")).unwrap();
    symlink("/dev/zero", dir.path().join(".git/HEAD")).unwrap();
    assert_eq!(run(dir.path(), &[], &["plan", "r.sarif", "--to", "issues"]).0, 0);
    let deep = format!(
        "{{\"actions\": [], \"advisories\": {{\"1\": {{\"id\": 1, \"module_name\": \"x\", \"severity\": \"low\", \"title\": \"t\", \"cwe\": \"{}\"}}}}}}",
        "[".repeat(100_000)
    );
    fs::write(dir.path().join("deep.json"), deep).unwrap();
    assert_eq!(run(dir.path(), &[], &["findings", "deep.json", "--reader", "npm_audit"]).0, 2);
}
