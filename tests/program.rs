//! The program as a shell and a CI call it: exit codes, what it says where something is wrong, and what it never says.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder with one report of three dependencies and nothing else.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let report = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/reports/trivy.json");
    fs::copy(report, dir.path().join("r.json")).unwrap();
    dir
}

/// The program in a folder, with nothing of our environment.
fn findsync(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_findsync"));
    command.args(arguments).current_dir(dir).env_clear();
    command
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{output:?}"))
}

/// All that was printed; no line of it is a workflow command.
fn said(output: &Output) -> String {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8(bytes.clone()).unwrap()).concat();
    for line in said.lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##"), "{line:?} is a command in\n{said}");
    }
    said
}

#[test]
fn a_token_is_never_told() {
    let dir = folder();
    for value in ["glpat-SuperSecret123\nx", "ghp_abc##SuperSecret"] {
        for name in ["FINDSYNC_TOKEN", "INPUT_TOKEN", "INPUT_GITHUB-TOKEN"] {
            let output = findsync(dir.path(), &["step"]).env(name, value).output().unwrap();
            let said = said(&output);
            assert_eq!(code(&output), 2, "{said}");
            assert!(!said.contains("SuperSecret") && !said.contains("glpat"), "{said}");
        }
    }
}

#[test]
fn what_is_named_on_the_command_line_begins_no_workflow_command() {
    let dir = folder();
    let nasty = "x\n::add-mask::the\n##vso[task.setvariable variable=a]b\n.json";
    fs::write(dir.path().join(nasty), "{}").unwrap();
    for arguments in [
        &["plan", "--to", "issues", nasty][..],
        &["plan", "--fail-on", nasty],
        &[nasty],
        &["findings", nasty],
        &["check", "--config", nasty],
        &["plan", "--to", "issues", "r.json", "--plan", nasty],
    ] {
        let output = findsync(dir.path(), arguments).output().unwrap();
        let said = said(&output);
        assert_eq!(code(&output), 2, "{arguments:?}: {said}");
        assert!(said.starts_with("error: "), "{said}");
    }
}

#[test]
fn what_cannot_be_written_is_found_out_before_anything_is_changed() {
    let dir = folder();
    let absent = dir.path().join("absent/p.json").display().to_string();
    let output = findsync(dir.path(), &["apply", "r.json", "--to", "issues", "--out", &absent]).output().unwrap();
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert!(!dir.path().join("issues").exists(), "{}", said(&output));
}

#[test]
fn what_cannot_be_told_afterwards_is_4() {
    let dir = folder();
    let mut apply = findsync(dir.path(), &["apply", "r.json", "--to", "issues"]);
    apply.env("GITHUB_ACTIONS", "true").env("GITHUB_REF", "refs/heads/main").env("GITHUB_OUTPUT", "absent/output");
    let output = apply.output().unwrap();
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(code(&output), 4, "{said}");
    assert!(said.contains("issues were changed") && said.contains("absent/output"), "{said}");
    // The next run has nothing to do, so it changes nothing.
    assert_eq!(code(&apply.output().unwrap()), 2);
}

#[test]
fn a_file_that_holds_an_older_result_holds_the_new_one_alone() {
    let dir = folder();
    let out = dir.path().join("p.json");
    fs::write(&out, "x".repeat(100_000)).unwrap();
    let run = |report: &str| findsync(dir.path(), &["plan", report, "--to", "i", "--out", "p.json"]).output().unwrap();
    assert_eq!(code(&run("absent.json")), 2);
    assert_eq!(fs::read_to_string(&out).unwrap().len(), 100_000, "a run that failed has no result");
    assert_eq!(code(&run("r.json")), 0);
    let plan: serde_json::Value = serde_json::from_str(&fs::read_to_string(&out).unwrap()).unwrap();
    assert_eq!(plan["mappings"][0]["counts"]["open"], 3);
}

#[test]
fn a_closed_pipe_does_not_change_how_a_run_ended() {
    let dir = folder();
    for (arguments, expected) in [
        (&["plan", "r.json", "--to", "issues", "--fail-on", "low"][..], 1),
        (&["findings", "r.json", "--format", "json", "--fail-on", "low"], 1),
        (&["findings", "r.json"], 0),
        (&["apply", "r.json", "--to", "issues", "--fail-on", "low"], 1),
    ] {
        let mut child = findsync(dir.path(), arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((code(&output), said(&output).as_str()), (expected, ""), "{arguments:?}");
    }
}
