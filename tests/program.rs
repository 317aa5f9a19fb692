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
    apply.env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", "push").env("GITHUB_REF", "refs/heads/main");
    apply.env("GITHUB_OUTPUT", "absent/output");
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
        let said = said(&output);
        let gate = said.trim_end().strip_prefix("failed by `--fail-on low`: ").unwrap_or(&said);
        assert_eq!(code(&output), expected, "{arguments:?}");
        assert!(said.is_empty() || gate == "1 Critical, 2 High are active", "{arguments:?}: {said}");
    }
}

/// A run for a pull request.
fn in_pull_request(command: &mut Command) -> &mut Command {
    let ci = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_REF", "refs/pull/1/merge")];
    command.envs(ci)
}

#[test]
fn the_gate_asks_for_what_is_new_and_not_decided() {
    let dir = folder();
    let next = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/reports/trivy-next.json");
    fs::copy(next, dir.path().join("next.json")).unwrap();
    let run = |arguments: &str| findsync(dir.path(), &arguments.split(' ').collect::<Vec<_>>());
    let gate = "plan r.json --to issues --fail-on low";
    assert_eq!(code(&run("apply r.json --to issues").output().unwrap()), 0);
    assert_eq!(code(&run(gate).output().unwrap()), 1, "all are active");
    assert_eq!(code(&in_pull_request(&mut run(gate)).output().unwrap()), 0, "but none is new");
    assert_eq!(code(&run("apply next.json --to issues").output().unwrap()), 0);
    let again = in_pull_request(&mut run(gate)).output().unwrap();
    assert_eq!(code(&again), 1, "one is back: {again:?}");
    for entry in fs::read_dir(dir.path().join("issues")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("labels: [findsync]", "labels: [findsync, risk-accepted]")).unwrap();
    }
    let decided = run(gate).output().unwrap();
    assert_eq!(code(&decided), 0, "people accepted them all: {}", said(&decided));
    assert_eq!(code(&run("apply r.json --to issues --fail-on low").output().unwrap()), 0);
    assert_eq!(code(&run(gate).output().unwrap()), 0);
    assert_eq!(code(&in_pull_request(&mut run(gate)).output().unwrap()), 0);
}

#[test]
fn nothing_is_written_that_nobody_reviewed() {
    let dir = folder();
    let run = |arguments: &str| findsync(dir.path(), &arguments.split(' ').collect::<Vec<_>>()).output().unwrap();
    assert_eq!(code(&run("plan r.json --to issues --out p.json")), 0);
    let report = fs::read_to_string(dir.path().join("r.json")).unwrap();
    fs::write(dir.path().join("r.json"), report.replace("vulnerable to Command Injection", "just fine")).unwrap();
    let refused = run("apply r.json --to issues --plan p.json");
    assert_eq!(code(&refused), 3, "{}", said(&refused));
    let said = said(&refused);
    assert!(said.contains("CVE-2021-23337") && said.contains("is not what was reviewed"), "{said}");
    assert!(!said.contains("CVE-2021-44906") && !dir.path().join("issues").exists(), "{said}");
    fs::write(dir.path().join("r.json"), report).unwrap();
    let later = run("apply r.json --to issues --plan p.json --today 2030-01-01");
    assert_eq!(code(&later), 0, "the day in a stamp is no text: {later:?}");
}

#[test]
fn paths_of_the_mapping_file_start_from_the_workspace_and_those_of_people_where_they_are() {
    for in_git in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let report = |name: &str, id: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let one = serde_json::json!({"findings": [{"title": id, "severity": "High"}]});
            fs::write(path, one.to_string()).unwrap();
        };
        report("reports/a.json", "at the root");
        report("reports/b.json", "beside it");
        report("reports/c.json", "not asked for");
        report("sub/reports/a.json", "below");
        let mapping = "reports: [{ path: 'reports/{a,b}.json', reader: generic }]\n";
        fs::write(dir.path().join(".findsync.yml"), mapping).unwrap();
        if in_git {
            fs::create_dir(dir.path().join(".git")).unwrap();
            fs::write(dir.path().join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        }
        let sub = dir.path().join("sub");
        let found = |folder: &Path, arguments: &[&str]| {
            let output = findsync(folder, arguments).args(["--format", "json"]).output().unwrap();
            let findings: serde_json::Value =
                serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
            let scans = findings["scans"].as_array().unwrap().clone();
            scans.iter().map(|scan| scan["findings"][0]["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let both = ["at the root", "beside it"];
        assert_eq!(found(dir.path(), &["findings"]), both);
        assert_eq!(found(&sub, &["findings", "--config", "../.findsync.yml"]), both);
        let named = ["findings", "--config", "../.findsync.yml", "--reader", "generic", "reports/{a,b}.json"];
        assert_eq!(found(&sub, &named), ["below"]);
        let beside = "reports: [{ path: reports/*.json, reader: generic, target: x }]\n";
        fs::create_dir(dir.path().join("other")).unwrap();
        fs::write(dir.path().join("other/.findsync.yml"), beside.replace("reports/", "scans/")).unwrap();
        report("other/scans/a.json", "beside the mapping file");
        assert_eq!(found(&dir.path().join("other"), &["findings"]), ["beside the mapping file"]);
    }
}

#[test]
fn jobs_of_a_matrix_share_routes_and_groups_but_close_nothing_of_each_others() {
    let dir = folder();
    let found = fs::read_to_string(dir.path().join("r.json")).unwrap();
    let mut clean: serde_json::Value = serde_json::from_str(&found).unwrap();
    for result in clean["Results"].as_array_mut().unwrap() {
        result.as_object_mut().unwrap().remove("Vulnerabilities");
    }
    let mapping = "instances: [{ label: f, type: local, location: issues }]\n\
                   mappings: [{ instance: f, group_by: [target] }]\n\
                   routes: [{ when: { targets: [shop] } }]\n\
                   reports: [{ path: r.json, target: shop }]\n";
    fs::write(dir.path().join(".findsync.yml"), mapping).unwrap();
    let run = |node: u32, number: u32, report: &str| {
        fs::write(dir.path().join("r.json"), report).unwrap();
        let mut command = findsync(dir.path(), &["apply", "--format", "json"]);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", "push").env("GITHUB_REF", "refs/heads/main");
        command.env("GITHUB_REPOSITORY", "acme/shop").env("GITHUB_RUN_ID", number.to_string());
        let output = command.env("FINDSYNC_MATRIX", format!("{{\"node\": {node}}}")).output().unwrap();
        let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        let counts = &plan["mappings"][0]["counts"];
        ["open", "close", "reopen"].map(|count| counts[count].as_u64().unwrap())
    };
    assert_eq!(run(18, 1, &found), [1, 0, 0]);
    assert_eq!(run(20, 1, &found), [0, 0, 0], "the other job's findings are the same issue's");
    assert_eq!(run(20, 2, &clean.to_string()), [0, 0, 0], "one job still finds them");
}

#[test]
fn explain_tells_why_where_and_what_next() {
    let dir = folder();
    let mapping = "instances: [{ label: board, type: local, location: issues }]\nmappings: [{ label: main, instance: board }]\n\
                   routes: [{ mapping: main, when: { min_severity: high } }]\ndecisions:\n  - match: { id: CVE-2021-3807 }\n\
                   \x20   status: risk_accepted\n    reason: not reachable\n    until: 2027-03-31\n";
    fs::write(dir.path().join(".findsync.yml"), mapping).unwrap();
    let ask = |arguments: &[&str]| {
        let today = ["--today", "2026-12-01"];
        let output = findsync(dir.path(), &[arguments, &today].concat()).output().unwrap();
        assert_eq!(code(&output), 0, "{output:?}");
        said(&output)
    };
    ask(&["apply", "r.json"]);
    let accepted = ask(&["explain", "CVE-2021-3807", "r.json"]);
    assert!(accepted.contains("decided by the mapping file: not reachable (.findsync.yml:5)"), "{accepted}");
    let known = ask(&["explain", "minimist", "r.json"]);
    assert!(known.contains(": active (2026-12-01)") && known.contains("next apply: nothing to do"), "{known}");
    let number = known.split("issue:      #").nth(1).unwrap().split(' ').next().unwrap();
    assert!(ask(&["explain", &format!("#{number}"), "r.json"]).contains("minimist"));
    let key = known.split("key:        ").nth(1).unwrap().lines().next().unwrap();
    assert!(ask(&["explain", key, "r.json"]).contains("minimist"));
    let nothing = ask(&["explain", "CVE-1999-0001", "r.json"]);
    assert!(nothing.contains("Nothing is known of `CVE-1999-0001`"), "{nothing}");
    // What is no longer reported is remembered by its issue.
    fs::write(
        dir.path().join("other.json"),
        fs::read_to_string(dir.path().join("r.json")).unwrap().replace("minimist", "elsewhere"),
    )
    .unwrap();
    let remembered = ask(&["explain", &format!("#{number}"), "other.json"]);
    assert!(remembered.contains("the issue remembers it"), "{remembered}");
    let told: serde_json::Value =
        serde_json::from_str(&ask(&["explain", "minimist", "r.json", "--format", "json"])).unwrap();
    assert_eq!(told["findings"][0]["mappings"][0]["fate"], "unchanged");
}

#[test]
fn a_decision_that_ends_soon_is_mentioned() {
    let dir = folder();
    let mapping = "instances: [{ label: board, type: local, location: issues }]\nmappings: [{ label: main, instance: board }]\n\
                   decisions:\n  - { match: { id: CVE-2021-3807 }, status: risk_accepted, until: 2027-03-31 }\n";
    fs::write(dir.path().join(".findsync.yml"), mapping).unwrap();
    for (today, wanted) in [
        ("2027-03-16", None),
        ("2027-03-17", Some("in 14 days")),
        ("2027-03-30", Some("tomorrow")),
        ("2027-03-31", Some("today")),
        ("2027-04-01", None),
    ] {
        let shown = said(&findsync(dir.path(), &["plan", "r.json", "--today", today]).output().unwrap());
        let note = shown.lines().find(|line| line.contains("ends on 2027-03-31"));
        assert_eq!(note.is_some(), wanted.is_some(), "{today}: {shown}");
        let line = wanted.map(|left| format!("note: the decision at .findsync.yml:4 ends on 2027-03-31, {left}"));
        assert_eq!(note.map(str::to_owned), line, "{today}");
    }
}
