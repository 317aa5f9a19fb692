//! Repositories whose pipelines run the program, and the board that they write to: a folder of issues that people edit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder of issues.
pub(crate) struct Board(TempDir);

/// An issue as its file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    pub(crate) number: u64,
    pub(crate) open: bool,
    pub(crate) title: String,
    pub(crate) labels: String,
    pub(crate) closed_as: String,
    /// The whole file.
    pub(crate) text: String,
    path: PathBuf,
}

impl Board {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// All issues, by number.
    pub(crate) fn issues(&self) -> Vec<Issue> {
        let mut issues: Vec<Issue> = fs::read_dir(self.0.path()).unwrap().filter_map(read_issue).collect();
        issues.sort_by_key(|issue| issue.number);
        issues
    }

    pub(crate) fn issue(&self, number: u64) -> Issue {
        self.issues().into_iter().find(|issue| issue.number == number).unwrap()
    }

    /// The numbers of the open issues.
    pub(crate) fn open(&self) -> Vec<u64> {
        self.issues().iter().filter(|issue| issue.open).map(|issue| issue.number).collect()
    }

    /// The only issue whose text has these words.
    pub(crate) fn about(&self, words: &str) -> Issue {
        let mut issues = self.issues();
        issues.retain(|issue| issue.text.contains(words));
        assert_eq!(issues.len(), 1, "issues about `{words}`: {issues:#?}");
        issues.remove(0)
    }

    /// A person edits an issue's file.
    pub(crate) fn edit(&self, number: u64, from: &str, to: &str) {
        let issue = self.issue(number);
        assert!(issue.text.contains(from), "`{from}` is not in {}", issue.text);
        fs::write(&issue.path, issue.text.replacen(from, to, 1)).unwrap();
    }

    /// A person closes an issue, with a reason where there is one.
    pub(crate) fn close(&self, number: u64, reason: &str) {
        let reason = if reason.is_empty() { String::new() } else { format!("\nclosed_as: {reason}") };
        self.edit(number, "\nstate: open", &format!("\nstate: closed{reason}"));
    }

    pub(crate) fn reopen(&self, number: u64) {
        self.edit(number, "\nstate: closed", "\nstate: open");
    }

    pub(crate) fn label(&self, number: u64, label: &str) {
        self.edit(number, "\nlabels: [", &format!("\nlabels: [{label}, "));
    }

    /// A second issue with the same text, as a run at the same time may have opened it.
    pub(crate) fn copy(&self, number: u64) {
        let issue = self.issue(number);
        let next = self.issues().last().unwrap().number + 1;
        let text = issue.text.replacen(&format!("number: {number}"), &format!("number: {next}"), 1);
        fs::write(self.0.path().join(format!("{next:04}-copy.md")), text).unwrap();
    }
}

fn read_issue(entry: std::io::Result<fs::DirEntry>) -> Option<Issue> {
    let path = entry.unwrap().path();
    let number = path.file_name()?.to_str()?.get(..4)?.parse().ok()?;
    let text = fs::read_to_string(&path).unwrap();
    let head = text.split("---\n").nth(1)?;
    let value = |key: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{key}: ")));
        line.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
    };
    let (title, labels, closed_as) = (value("title"), value("labels"), value("closed_as"));
    Some(Issue { number, open: value("state") == "open", title, labels, closed_as, text, path })
}

/// What a run printed.
#[derive(Debug, Clone)]
pub(crate) struct Printed {
    pub(crate) code: i32,
    json: Value,
    log: String,
}

impl Printed {
    /// Its changes as `close #3: gone from …`.
    pub(crate) fn changes(&self) -> Vec<String> {
        let list = |mapping: &Value| mapping["changes"].as_array().cloned().unwrap_or_default();
        let changes = self.json["mappings"].as_array().into_iter().flatten().flat_map(list);
        changes
            .map(|change| {
                let number = &change["issue"]["number"];
                let number = number.as_u64().or_else(|| change["issue"].as_u64());
                let number = number.map_or_else(String::new, |number| format!(" #{number}"));
                let text = |key: &str| change[key].as_str().unwrap_or_default().to_owned();
                format!("{}{number}: {}", text("action"), text("reason"))
            })
            .collect()
    }

    /// The changes of one kind.
    pub(crate) fn count(&self, action: &str) -> usize {
        self.changes().iter().filter(|change| change.starts_with(action)).count()
    }

    /// Everything that was printed.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", self.json, self.log)
    }
}

/// A repository's checkout, whose runs write to a board.
pub(crate) struct Repository<'b> {
    dir: TempDir,
    board: &'b Board,
    name: &'static str,
    /// Keys of the mapping, and keys beside `mappings`.
    mapping: (String, String),
    pub(crate) today: &'static str,
}

impl<'b> Repository<'b> {
    pub(crate) fn new(board: &'b Board, name: &'static str) -> Self {
        let repository = Self {
            dir: tempfile::tempdir().unwrap(),
            board,
            name,
            mapping: (String::new(), String::new()),
            today: "2026-06-01",
        };
        repository.write(".event/push.json", &json!({"repository": {"default_branch": "main"}}).to_string());
        repository
    }

    /// The keys of its mapping, and those beside `mappings`, as YAML.
    pub(crate) fn configure(&mut self, mapping: &str, beside: &str) {
        self.mapping = (mapping.to_owned(), beside.to_owned());
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::create_dir_all(self.path(to).parent().unwrap()).unwrap();
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// At a desk: no CI; git names the remote.
    pub(crate) fn clone_from(&self, remote: &str) {
        self.write(".git/HEAD", "ref: refs/heads/main\n");
        self.write(".git/refs/heads/main", &format!("{}\n", "a".repeat(40)));
        self.write(".git/config", &format!("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = {remote}\n"));
    }

    /// A run of its pipeline on the default branch.
    pub(crate) fn run(&self, number: u64) -> Run<'_> {
        Run { repository: self, number: Some(number), attempt: 1, branch: "main", event: "push", variables: Vec::new() }
    }

    /// A run outside of any CI.
    pub(crate) fn at_a_desk(&self) -> Run<'_> {
        Run { number: None, ..self.run(0) }
    }

    fn config(&self) -> PathBuf {
        let (mapping, beside) = &self.mapping;
        let folder = self.board.0.path().display();
        let text = format!(
            "instances:\n  - {{ label: files, type: local, location: {folder} }}\n\
             mappings:\n  - {{ label: board, instance: files, project: board{mapping} }}\n{beside}"
        );
        self.write(".findsync.yml", &text);
        self.path(".findsync.yml")
    }
}

/// A run, before it reads its reports.
#[derive(Clone)]
pub(crate) struct Run<'r> {
    repository: &'r Repository<'r>,
    number: Option<u64>,
    attempt: u32,
    branch: &'r str,
    event: &'r str,
    variables: Vec<(&'r str, String)>,
}

impl<'r> Run<'r> {
    pub(crate) fn attempt(self, attempt: u32) -> Self {
        Self { attempt, ..self }
    }

    pub(crate) fn on(self, branch: &'r str) -> Self {
        Self { branch, ..self }
    }

    /// What started it, with the event's payload.
    pub(crate) fn event(self, event: &'r str, payload: &Value) -> Self {
        self.repository.write(&format!(".event/{event}.json"), &payload.to_string());
        Self { event, ..self }
    }

    pub(crate) fn variable(mut self, name: &'r str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Reads reports and writes; afterwards there is nothing left to do.
    pub(crate) fn apply(&self, reports: &[(&str, Value)]) -> Printed {
        let printed = self.apply_once(reports);
        let again = self.call("plan", reports);
        assert!(again.changes().is_empty(), "a second run has something left to do: {:#?}", again.changes());
        printed
    }

    /// The same for runs whose jobs disagree, so that there is always something left to do.
    pub(crate) fn apply_once(&self, reports: &[(&str, Value)]) -> Printed {
        for (path, report) in reports {
            self.repository.write(path, &report.to_string());
        }
        let printed = self.call("apply", reports);
        assert_eq!(printed.code, 0, "{}", printed.text());
        printed
    }

    /// The same where the program ends otherwise.
    pub(crate) fn ends(&self, reports: &[(&str, Value)], arguments: &[&str]) -> Printed {
        for (path, report) in reports {
            self.repository.write(path, &report.to_string());
        }
        self.call_with("apply", reports, arguments)
    }

    fn call(&self, verb: &str, reports: &[(&str, Value)]) -> Printed {
        self.call_with(verb, reports, &[])
    }

    fn call_with(&self, verb: &str, reports: &[(&str, Value)], arguments: &[&str]) -> Printed {
        let mut command = Command::new(env!("CARGO_BIN_EXE_findsync"));
        command.env_clear().current_dir(self.repository.dir.path()).arg(verb);
        command.args(reports.iter().map(|(path, _)| *path)).args(["--format", "json"]);
        command.args(["--today", self.repository.today]).args(arguments);
        command.arg("--config").arg(self.repository.config()).envs(self.environment());
        let output = command.output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        let json = serde_json::from_slice(&output.stdout).unwrap_or_default();
        Printed { code: output.status.code().unwrap(), json, log }
    }

    fn environment(&self) -> Vec<(&str, String)> {
        let Some(number) = self.number else { return self.variables.clone() };
        let Self { repository, branch, event, attempt, .. } = self;
        let dir: &Path = repository.dir.path();
        let fixed = [
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
            ("GITHUB_REPOSITORY", repository.name.to_owned()),
            ("GITHUB_SHA", "a".repeat(40)),
            ("GITHUB_REF", format!("refs/heads/{branch}")),
            ("GITHUB_REF_NAME", (*branch).to_owned()),
            ("GITHUB_EVENT_NAME", (*event).to_owned()),
            ("GITHUB_EVENT_PATH", dir.join(format!(".event/{event}.json")).display().to_string()),
            ("GITHUB_WORKSPACE", dir.display().to_string()),
            ("GITHUB_RUN_ID", (1000 + number).to_string()),
            ("GITHUB_RUN_ATTEMPT", attempt.to_string()),
            ("GITHUB_WORKFLOW_REF", format!("{}/.github/workflows/scan.yml@refs/heads/{branch}", repository.name)),
            ("GITHUB_JOB", "scan".to_owned()),
        ];
        fixed.into_iter().chain(self.variables.clone()).collect()
    }
}
