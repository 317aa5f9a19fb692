//! Everything beside reports that strangers may have written, mutated: mapping files, definitions, templates, VEX, stamps,
//! plans, issues in files, what CIs and git tell. Each ends soon, in `Ok` or `Err`, and within a bound of memory.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../fuzz/src/lib.rs"]
#[expect(dead_code, unreachable_pub, reason = "reports have mutation tests of their own")]
mod bodies;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use findsync::ci::Ci;
use findsync::config::{Config, Given};
use findsync::trackers::{Which, connect};
use findsync::triage::read_vex;
use proptest::prelude::*;

/// Debug builds on a busy machine are given more than the two seconds that a release build has.
const SOON: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 2 });
/// What this process may have, in bytes.
#[cfg(unix)]
const MEMORY: u64 = 2 << 30;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn texts(folder: &str, ends: &str) -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(root(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(ends));
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// A sort of input: its name, samples, and what is done with a text.
type Sort = (&'static str, Vec<String>, fn(&str));

static SORTS: LazyLock<Vec<Sort>> = LazyLock::new(|| {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Data).maximum;
        setrlimit(Resource::Data, Rlimit { current: Some(MEMORY), maximum }).unwrap();
    }
    let body = fs::read_to_string(root("src/template/default/body.j2")).unwrap();
    let issue = "---\nnumber: 1\ntitle: \"a: b\"\nstate: open\nlabels: [findsync, x]\ncreated: 2026-01-01\n---\n\nText\n\
                 <!-- findsync:comments -->\n\n---\nby: me\n\nA comment\n";
    let mut issues = written_issues();
    let stamp = |text: &String| Some(text.split_once("<!-- findsync:end ")?.1.split_once(" -->")?.0.to_owned());
    let stamps: Vec<String> = issues.iter().filter_map(stamp).chain(issues.clone()).collect();
    issues.push(issue.to_owned());
    let event = r#"{"repository": {"full_name": "acme/shop", "default_branch": "main", "private": true}, "workflow_run": {"event": "push",
        "head_branch": "main", "head_sha": "abc", "head_repository": {"full_name": "acme/shop"}, "pull_requests": [{"number": 1}]},
        "client_payload": {"ref": "x"}, "pull_request": {"number": 7, "head": {"repo": {"fork": true}}}}"#;
    let git = "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n\tfetch = +refs/*\n";
    let openvex = r#"{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "a", "timestamp": "2026-01-01T00:00:00Z", "version": 1,
        "statements": [{"vulnerability": {"name": "CVE-2026-1"}, "products": [{"@id": "pkg:npm/lodash@4"}], "status": "not_affected",
        "justification": "component_not_present"}]}"#;
    vec![
        ("mapping file", vec![fs::read_to_string(root("tests/fixtures/config/full.yml")).unwrap()], bodies::mapping),
        ("definition", texts("scanners", ".yml"), bodies::written_definition),
        (
            "template",
            vec![body, "{% for f in findings %}{{ f.title | code }}{% endfor %}".to_owned()],
            bodies::template,
        ),
        ("VEX", vec![openvex.to_owned()], |text| drop(read_vex("vex.json", text))),
        ("stamp", stamps, bodies::stamp),
        (
            "address",
            vec!["https://a:b@h.example/p;jsessionid=1?x=https%3A%2F%2Fu%3Ap%40h&token=abc#k=v".to_owned()],
            bodies::redaction,
        ),
        ("Markdown", vec!["# a\n- [ ] `b` | <c> @d #1 ![e](f)\n```\n/close\n".to_owned()], bodies::escaping),
        ("issue", issues, local_issue),
        ("event", vec![event.to_owned()], github_event),
        ("git", vec![git.to_owned(), "ref: refs/heads/main\n".to_owned()], git_file),
    ]
});

/// Issues as the program writes them.
fn written_issues() -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(root("examples/reports/trivy.json"), dir.path().join("r.json")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_findsync"));
    command.env_clear().current_dir(dir.path()).args(["apply", "r.json", "--to", "issues"]);
    assert!(command.output().unwrap().status.success());
    let files = fs::read_dir(dir.path().join("issues")).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}

fn github_event(text: &str) {
    for event in ["push", "pull_request_target", "workflow_run", "workflow_dispatch", "repository_dispatch"] {
        let env = |name: &str| match name {
            "GITHUB_ACTIONS" => Some("true".to_owned()),
            "GITHUB_EVENT_NAME" => Some(event.to_owned()),
            "GITHUB_EVENT_PATH" => Some("/e".to_owned()),
            "INPUT_MATRIX" => Some(text.to_owned()),
            _ => None,
        };
        let _ci = Ci::detect(&env, &|_| Some(text.to_owned()), Path::new("/w"));
    }
}

fn git_file(text: &str) {
    // Whatever file of `.git` is asked for, others being right or the same.
    for same in [true, false] {
        let read = |path: &Path| match path.file_name().and_then(|name| name.to_str()) {
            Some(".git" | "commondir") if !same => None,
            Some("HEAD") if !same => Some("ref: refs/heads/main".to_owned()),
            _ => Some(text.to_owned()),
        };
        let _ci = Ci::detect(&|_| None, &read, Path::new("/w/a/b"));
    }
}

fn local_issue(text: &str) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("0001-a.md"), text).unwrap();
    let mapping = format!(
        "instances: [{{ label: a, type: local, location: '{}' }}]\nmappings: [{{ instance: a }}]\n",
        dir.path().display()
    );
    let given = Given {
        env: &|_| None,
        read: &|_| Err(std::io::ErrorKind::NotFound.into()),
        template: &findsync::template::check,
        ci: &Ci::default(),
        tokens_needed: true,
    };
    let config = Config::parse(mapping.as_bytes(), ".findsync.yml", given).unwrap();
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let tracker = connect(&config.instances[0], &config.mappings[0], today).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for which in [Which::Open, Which::Closed, Which::Decided] {
        drop(runtime.block_on(tracker.issues(which)));
    }
}

fn ends_soon(name: &str, text: &str, f: fn(&str)) {
    let begun = Instant::now();
    f(text);
    let shown: String = text.chars().take(200).collect();
    assert!(begun.elapsed() < SOON, "{name} took {:?}: {shown:?}", begun.elapsed());
}

#[test]
fn long_and_deep_inputs_end() {
    for (name, _, f) in SORTS.iter() {
        for piece in [
            "[",
            "{",
            "(",
            "- ",
            "a: ",
            "{{",
            "{% if a %}",
            "\"",
            "`",
            "<a>",
            "&x ",
            "*x ",
            "?a=",
            "://",
            "%25",
            "$",
            "\\",
            "\n",
            "a",
            "é",
            "\0",
        ] {
            ends_soon(name, &piece.repeat(100_000 / piece.len()), *f);
        }
        // Each alias is the list before it, ten times.
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
            bomb += &format!("a{n}: &a{n} [{aliases}]\n");
        }
        ends_soon(name, &bomb, *f);
    }
}

#[test]
fn plans_that_are_none_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_findsync"));
        let output = command.env_clear().current_dir(dir.path()).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    fs::copy(root("examples/reports/trivy.json"), dir.path().join("r.json")).unwrap();
    assert_eq!(run(&["plan", "r.json", "--to", "issues", "--out", "p.json"]).0, Some(0));
    let plan = fs::read_to_string(dir.path().join("p.json")).unwrap();
    let deep = "[".repeat(1 << 20);
    for bad in [
        "",
        "[]",
        "{}",
        "null",
        "{\"mappings\": 1}",
        "{\"mappings\": [1]}",
        "{\"mappings\": [{\"label\": \"a\", \"changes\": [[]]}]}",
        &deep,
        &plan[..plan.len() / 2],
        &plan.replace("\"changes\"", "\"change\""),
        &plan.replace("High", "Low"),
    ] {
        fs::write(dir.path().join("bad.json"), bad).unwrap();
        let begun = Instant::now();
        let (code, said) = run(&["apply", "r.json", "--to", "issues", "--plan", "bad.json"]);
        assert!(matches!(code, Some(2 | 3)) && !said.contains("bug"), "{code:?}: {said}");
        assert!(begun.elapsed() < SOON);
    }
    assert!(!dir.path().join("issues").exists(), "something was written");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_inputs_end(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..40_usize, "[-a-z0-9:{}\\[\\]\"'`%|&*@#<>\\\\\\n ]{0,6}"), 1..6),
    ) {
        for (name, samples, f) in SORTS.iter() {
            let mut text = which.get(samples).clone();
            for (at, length, new) in &edits {
                let chars: Vec<char> = text.chars().collect();
                let at = at.index(chars.len() + 1);
                let end = (at + length).min(chars.len());
                text = chars[..at].iter().copied().chain(new.chars()).chain(chars[end..].iter().copied()).collect();
            }
            ends_soon(name, &text, *f);
        }
    }
}
