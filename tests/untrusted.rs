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
const HIDDEN: [(&str, &str); 6] = [
    ("FINDSYNC_JIRA_TOKEN", "hidden-other-value"),
    ("FINDSYNC_COPY", "hidden-github-value"),
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
    command.args(arguments);
    ran(&mut command, dir, environment)
}

/// Runs a command where the CI would, and asserts that nothing of the environment is shown.
fn ran(command: &mut Command, dir: &Path, environment: &[(&str, &str)]) -> (i32, String) {
    command.env_clear().envs(HIDDEN).envs(environment.iter().copied()).current_dir(dir);
    let output = command.output().unwrap();
    let shown = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    for (name, value) in HIDDEN {
        assert!(!shown.contains(value), "{name} is shown: {shown}");
    }
    (output.status.code().unwrap_or(-1), shown)
}

/// A name, files and their texts, links and where they lead, what is said, and the exit code.
type Checkout<'a> = (&'a str, Vec<(&'a str, String)>, Vec<(&'a str, &'a str)>, &'a str, i32);

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
            ("another instance's", "mappings:\n  - label: m\n    title: \"${FINDSYNC_JIRA_TOKEN} {{ title }}\"\n"),
            ("a copy", "mappings:\n  - label: m\n    title: \"${FINDSYNC_COPY} {{ title }}\"\n"),
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
        // From a folder of the checkout, what lies beside it is the checkout's, too.
        fs::create_dir_all(work.path().join(".git")).unwrap();
        fs::create_dir_all(work.path().join("app")).unwrap();
        fs::copy(work.path().join("r.sarif"), work.path().join("app/r.sarif")).unwrap();
        let beside =
            arguments.iter().map(|one| if link.starts_with(one) { format!("../{one}") } else { (*one).to_owned() });
        let beside: Vec<String> = beside.collect();
        run(&work.path().join("app"), &[], &beside.iter().map(String::as_str).collect::<Vec<_>>());
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

#[test]
fn pipes_devices_and_bombs_end() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("r.sarif"), REPORT).unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe.json")).status().unwrap().success());
    let begun = std::time::Instant::now();
    for (_, environment) in requests() {
        let (code, shown) = run(dir.path(), &environment, &["findings", "pipe.json"]);
        assert!(code == 2 && shown.contains("not a regular file"), "{shown}");
    }
    // On a desk, whoever names a pipe writes to it; what a glob of the mapping file finds is nobody's.
    fs::write(at(".findsync.yml"), "reports: [{ path: '*.json' }]\n").unwrap();
    let (code, shown) = run(dir.path(), &[], &["plan", "--to", "issues"]);
    assert!(code == 2 && shown.contains("matches no file"), "{shown}");
    fs::remove_file(at(".findsync.yml")).unwrap();
    let event = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_EVENT_PATH", "/dev/zero"),
    ];
    assert_eq!(run(dir.path(), &event, &["plan", "r.sarif", "--to", "issues"]).0, 0);
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let blank = vec![b' '; 1 << 20];
    (0..256).for_each(|_| std::io::Write::write_all(&mut bomb, &blank).unwrap());
    fs::write(at("bomb.json.gz"), bomb.finish().unwrap()).unwrap();
    let (code, shown) = run(dir.path(), &[], &["findings", "bomb.json.gz"]);
    assert!(code == 2 && shown.contains("after decompression"), "{shown}");
    let row = |word: &str| vec![word; 3000].join(",");
    fs::write(at("names.csv"), format!("{}\n{}\n", row("name"), row("x"))).unwrap();
    assert_eq!(run(dir.path(), &[], &["findings", "names.csv"]).0, 2);
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn findings_on_one_long_line_share_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("min.js"), "var a=1;".repeat(1 << 19)).unwrap();
    let result = |n: usize| {
        format!(
            "{{\"ruleId\": \"r\", \"message\": {{\"text\": \"m{n}\"}}, \"locations\": [{{\"physicalLocation\": {{\"artifactLocation\": \
             {{\"uri\": \"min.js\"}}, \"region\": {{\"startLine\": 1, \"startColumn\": {}}}}}}}]}}",
            1 + n * 10
        )
    };
    let results = (0..300).map(result).collect::<Vec<_>>().join(",");
    let report = format!(
        "{{\"version\": \"2.1.0\", \"runs\": [{{\"tool\": {{\"driver\": {{\"name\": \"T\"}}}}, \"results\": [{results}]}}]}}"
    );
    fs::write(dir.path().join("r.sarif"), report).unwrap();
    let begun = std::time::Instant::now();
    // No copy of the line for each finding: that would be 1.2 GB.
    let script = format!("ulimit -d 400000; exec {} findings r.sarif --format csv", env!("CARGO_BIN_EXE_findsync"));
    let output = Command::new("sh").current_dir(dir.path()).env_clear().args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 301);
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

/// A file of this repository, as its users' CIs read it.
fn document(name: &str) -> serde_json::Value {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

/// What the CI runs for the action, the GitLab template's job and the Azure step, with the variables that they set.
fn step(kind: &str, inputs: &[(&str, &str)]) -> (Command, Vec<(String, String)>) {
    let binary = Path::new(env!("CARGO_BIN_EXE_findsync"));
    let shell = |shell: &str, script: &str| {
        let mut command = Command::new(shell);
        command.args([if shell == "sh" { "-ec" } else { "-c" }, script]);
        command
    };
    let path = ("PATH".to_owned(), format!("{}:/usr/bin:/bin", binary.parent().unwrap().display()));
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match kind {
        "github" => {
            let action = document("action.yml");
            let mut command = Command::new(binary);
            command.args(action["runs"]["args"].as_array().unwrap().iter().map(&text));
            let defaults = action["inputs"].as_object().unwrap().iter();
            // The job's token of a fork may only read.
            let default = |value: &serde_json::Value| match value.as_str() {
                Some(text) if text.contains("github.token") => "hidden-github-value".to_owned(),
                Some(text) if text.contains("${{") => "null".to_owned(),
                other => other.unwrap_or_default().to_owned(),
            };
            let mut set: Vec<_> = defaults
                .map(|(name, about)| (format!("INPUT_{}", name.to_uppercase()), default(&about["default"])))
                .collect();
            set.extend(
                inputs.iter().map(|(name, value)| (format!("INPUT_{}", name.to_uppercase()), (*value).to_owned())),
            );
            (command, set)
        }
        "gitlab" => {
            let job = &document(".gitlab-ci-template.yml")[".findsync"];
            let script: Vec<String> = job["script"].as_array().unwrap().iter().map(&text).collect();
            let mut set: Vec<_> =
                job["variables"].as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect();
            set.extend(inputs.iter().map(|(name, value)| {
                (format!("FINDSYNC_{}", name.to_uppercase().replace('-', "_")), (*value).to_owned())
            }));
            set.push(path);
            (shell("sh", &script.join("\n")), set)
        }
        _ => {
            let step = &document("azure-pipelines-template.yml")["steps"][0];
            let mut set = vec![("FINDSYNC_CONTAINER_JOB".to_owned(), "True".to_owned()), path];
            set.push(("FINDSYNC_OUT".to_owned(), text(&step["env"]["FINDSYNC_OUT"])));
            // What Azure puts in where a secret variable is not there for a fork.
            set.push(("FINDSYNC_TOKEN".to_owned(), "$(FINDSYNC_TOKEN)".to_owned()));
            set.extend(inputs.iter().map(|(name, value)| {
                (format!("FINDSYNC_{}", name.to_uppercase().replace('-', "_")), (*value).to_owned())
            }));
            (shell("bash", &text(&step["bash"])), set)
        }
    }
}

#[test]
fn steps_of_a_forks_request_with_a_hostile_checkout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for (kind, environment) in requests() {
        let project = if kind == "github" { "repository: shop" } else { "project: acme/shop" };
        let instance = |token: &str| {
            format!("instances: [{{ label: a, type: {kind}, location: 'http://localhost:{port}/acme', {token} }}]\n")
        };
        let elsewhere = |token: &str| format!("{}mappings: [{{ instance: a, {project} }}]\n", instance(token));
        let definition =
            "name: ours\ntitle: O\nhomepage: h\nkind: code\ninput: json\nrecognises: [{has: [ours]}]\nfindings: ";
        // What lies in the checkout (a file and its text, or a link), and what is said of it.
        let here = "instances: [{ label: a, type: local, location: issues }]\nmappings: [{ instance: a }]\n";
        let checkouts: [Checkout<'_>; 9] = [
            ("here", vec![(".findsync.yml", here.to_owned())], vec![], "1 to open", 0),
            ("elsewhere", vec![(".findsync.yml", elsewhere("token: '${AWS_SECRET_ACCESS_KEY}'"))], vec![], "", 2),
            ("no token", vec![(".findsync.yml", elsewhere("token_type: token"))], vec![], "", 0),
            (
                "title",
                vec![(".findsync.yml", format!("mappings: [{{ {project}, title: '${{AWS_SECRET_ACCESS_KEY}}' }}]\n"))],
                vec![],
                "is not for this run",
                2,
            ),
            (
                "template",
                vec![(".findsync.yml", format!("mappings: [{{ {project}, body: {{ file: t.j2 }} }}]\n"))],
                vec![("t.j2", "/proc/self/environ")],
                "cannot read `t.j2`",
                2,
            ),
            (
                "definition",
                vec![],
                vec![(".findsync/scanners/x.yml", "/proc/self/environ")],
                "leads out of the workspace",
                2,
            ),
            (
                "program",
                vec![(".findsync/scanners/x.yml", format!("{definition}'env, $ENV, input'\n"))],
                vec![],
                "scanner definition",
                2,
            ),
            ("report", vec![], vec![("r.sarif", "/etc/passwd")], "leads out of the workspace", 2),
            (
                "result",
                vec![(".findsync.yml", here.to_owned())],
                vec![("findsync-plan.json", "OUTSIDE")],
                "is a link",
                2,
            ),
        ];
        for (name, files, links, says, code) in checkouts {
            let dir = tempfile::tempdir().unwrap();
            let (root, outside) = (dir.path().join("checkout"), dir.path().join("outside"));
            fs::create_dir_all(root.join(".findsync/scanners")).unwrap();
            let root = fs::canonicalize(root).unwrap();
            fs::write(&outside, "theirs").unwrap();
            fs::write(root.join("r.sarif"), REPORT).unwrap();
            for (path, text) in files {
                fs::write(root.join(path), text).unwrap();
            }
            for (path, target) in links {
                drop(fs::remove_file(root.join(path)));
                let target = if target == "OUTSIDE" { outside.clone() } else { target.into() };
                symlink(target, root.join(path)).unwrap();
            }
            let (mut command, set) = step(kind, &[("reports", "r.sarif"), ("fail-on", "critical")]);
            let set = set.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let all: Vec<_> = environment.iter().copied().chain(set).collect();
            let (ended, shown) = ran(&mut command, &root, &all);
            // Where there is no token for what is asked, requests are blind; other settings are an error.
            assert!(ended == code || says.is_empty() && ended == 0, "{kind}, {name}: {ended}, {shown}");
            assert!(shown.contains(says), "{kind}, {name}: {shown}");
            assert_eq!(fs::read_to_string(&outside).unwrap(), "theirs", "{kind}, {name}");
            for entry in fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
                let text = String::from_utf8_lossy(&fs::read(&entry).unwrap_or_default()).into_owned();
                assert!(HIDDEN.iter().all(|(_, value)| !text.contains(value)), "{kind}, {name}: {}", entry.display());
            }
            assert!(listener.accept().is_err(), "{kind}, {name}: somebody was asked");
        }
    }
}
