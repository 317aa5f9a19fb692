//! Secrets that are planted in reports stand in nothing that is printed or written. They are made from a seed, which it
//! prints: `FINDSYNC_SEED=7 cargo test --test planted -- --nocapture`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    unreachable_pub,
    dead_code,
    unused_imports,
    reason = "a failed unwrap fails the test; the fakes belong to the trackers' own tests, which use all of them"
)]

#[path = "../fakes/azure_devops/mod.rs"]
mod azure_devops;
#[path = "../fakes/github/mod.rs"]
mod github;
#[path = "../fakes/gitlab/mod.rs"]
mod gitlab;

mod forms;
mod secrets;

use std::fs;
use std::path::Path;

use aho_corasick::AhoCorasick;
use findsync::readers::read_bytes;
use findsync::reports::{self, Paint};

use forms::Planted;
use secrets::Secret;

const SEEDS: u64 = 5;
/// Secrets that a report is written with, one after another.
const EACH: usize = 6;
/// GitHub, GitLab, Azure DevOps and a folder.
const TRACKERS: usize = 4;
/// As many bytes of a secret tell of it.
const PART: usize = 8;

/// What is printed of the reports in every format, and of errors on the way; reports that cannot be read are named.
fn printed(planted: &[Planted], wrong: &mut Vec<String>) -> Vec<u8> {
    let (mut out, mut scans) = (Vec::new(), Vec::new());
    let read = |text: &str, reader: &str, name: &str| read_bytes(name, text.as_bytes().to_vec(), Some(reader));
    for Planted { report, reader, name, text } in planted {
        match read(text, reader, name) {
            Ok(read) => scans.extend(read),
            Err(error) => {
                wrong.push(format!("{report} cannot be read: {error}"));
                out.extend(error.to_string().bytes());
            }
        }
    }
    // A report in a report, one that is cut, and other readers.
    for Planted { reader, name, text, .. } in planted.iter().step_by(EACH) {
        let cut: String = text.chars().take(text.chars().count() * 2 / 3).collect();
        let nested = format!("[[{text}]]");
        let tries =
            [(&nested, *reader), (&cut, *reader), (text, "gitleaks"), (text, "zap"), (text, "sarif"), (text, "trivy")];
        for (text, reader) in tries {
            match read(text, reader, name) {
                Ok(read) => scans.extend(read),
                Err(error) => out.extend(error.to_string().bytes()),
            }
        }
    }
    let view = reports::findings_view(&scans);
    reports::findings_text(&mut out, &view, Paint::default()).unwrap();
    reports::json(&mut out, &view).unwrap();
    reports::csv(&mut out, &view).unwrap();
    reports::sarif(&mut out, &view).unwrap();
    reports::findings_markdown(&mut out, &view).unwrap();
    reports::code_quality(&mut out, &view).unwrap();
    out
}

/// Where issues are kept.
enum Board {
    Local,
    GitHub(github::Fake),
    GitLab(gitlab::Fake),
    Azure(azure_devops::Fake),
}

impl Board {
    /// One of the four; a request on the way fails.
    async fn start(which: usize) -> Self {
        match which {
            1 => {
                let fake = github::Fake::start(github::World::default()).await;
                fake.fail(9, github::Fault::Refused);
                Self::GitHub(fake)
            }
            2 => {
                let fake = gitlab::Fake::start(gitlab::Tier::Free).await;
                fake.fail(9, gitlab::Kind::ServerError);
                Self::GitLab(fake)
            }
            3 => {
                let fake = azure_devops::Fake::start(azure_devops::Process::Basic).await;
                fake.fail(9, azure_devops::Kind::ServerError);
                Self::Azure(fake)
            }
            _ => Self::Local,
        }
    }

    /// Its instance in a mapping file, what names the project, and the token.
    fn mapping(&self) -> (String, &'static str, &'static str) {
        match self {
            Self::Local => ("type: local, location: issues".to_owned(), "title: \"{{ severity }}: {{ title }}\"", ""),
            Self::GitHub(fake) => {
                (format!("type: github, location: {}/acme", fake.url), "repository: shop", github::TOKEN)
            }
            Self::GitLab(fake) => {
                (format!("type: gitlab, location: {}", fake.location), "project: acme/backend/shop", "glpat-good")
            }
            Self::Azure(fake) => {
                (format!("type: azure_devops, location: {}", fake.location), "project: Shop", "good-token")
            }
        }
    }

    /// All that was written to it.
    fn content(&self, dir: &Path) -> Vec<u8> {
        match self {
            Self::Local => {
                let files = fs::read_dir(dir.join("issues")).unwrap().map(|file| file.unwrap().path());
                files.flat_map(|path| fs::read(path).unwrap_or_default()).collect()
            }
            Self::GitHub(fake) => format!("{:?}", *fake.world()).into_bytes(),
            Self::GitLab(fake) => format!("{:?}", fake.issues()).into_bytes(),
            Self::Azure(fake) => {
                let names = ["System.Title", "System.Description", "System.Tags", "System.History"];
                let items = fake.items();
                items.iter().flat_map(|item| format!("{:?}", names.map(|name| item.text(name))).into_bytes()).collect()
            }
        }
    }
}

/// What plan and apply print, and write to a tracker.
async fn synced(seed: u64, which: usize, planted: &[Planted], wrong: &mut Vec<String>) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let board = Board::start(which).await;
    let mut mapping = "limits: { max_open: 1000 }\nreports:\n".to_owned();
    // One report of each scanner and format: what reading does to the others is seen above.
    let first = (usize::try_from(seed).unwrap() + which) % EACH;
    for Planted { reader, name, text, .. } in planted.iter().skip(first).step_by(EACH) {
        fs::write(dir.path().join(name), text).unwrap();
        mapping += &format!("  - {{ path: {name}, reader: {reader} }}\n");
    }
    let (instance, project, token) = board.mapping();
    let credential = if token.is_empty() { "" } else { ", token: \"${TOKEN}\"" };
    mapping +=
        &format!("instances: [{{ label: a, {instance}{credential} }}]\nmappings: [{{ instance: a, {project} }}]\n");
    fs::write(dir.path().join(".findsync.yml"), mapping).unwrap();
    let mut out = Vec::new();
    for command in ["plan -vv --format json", "apply -vv --out plan.json --out plan.md", "apply -vv"] {
        let mut run = tokio::process::Command::new(env!("CARGO_BIN_EXE_findsync"));
        run.env_clear().env("TOKEN", token).current_dir(dir.path()).args(command.split(' '));
        let output = run.output().await.unwrap();
        // A forced error leaves something, or all, for the next run.
        let is_right =
            matches!(output.status.code(), Some(0 | 2 | 4)) && (command != "apply -vv" || output.status.success());
        if !is_right {
            wrong.push(format!("{command}: {:?}, {}", output.status.code(), String::from_utf8_lossy(&output.stderr)));
        }
        out.extend(output.stdout.into_iter().chain(output.stderr));
    }
    for file in ["plan.json", "plan.md"] {
        out.extend(fs::read(dir.path().join(file)).unwrap_or_default());
    }
    let content = board.content(dir.path());
    assert!(content.len() > 10_000, "seed {seed}: hardly anything was written to tracker {which}");
    out.extend(content);
    out
}

/// Parts of secrets in what was printed, with what stands around each.
fn leaks(secrets: &[Secret], out: &[u8]) -> Vec<String> {
    let parts = |secret: &Secret| secret.inner.as_bytes().windows(PART).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let all: Vec<Vec<u8>> = secrets.iter().flat_map(parts).collect();
    let search = AhoCorasick::new(&all).unwrap();
    let around = |found: aho_corasick::Match| {
        let (start, end) = (found.start().saturating_sub(60), (found.end() + 60).min(out.len()));
        format!("{:?}", String::from_utf8_lossy(&out[start..end]))
    };
    search.find_iter(out).map(around).collect()
}

#[tokio::test]
async fn planted_secrets_are_shown_nowhere() {
    let seeds: Vec<u64> = match std::env::var("FINDSYNC_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => (1..=SEEDS).collect(),
    };
    let mut wrong = Vec::new();
    for seed in seeds {
        eprintln!("FINDSYNC_SEED={seed}");
        let secrets = secrets::secrets(seed);
        let planted = forms::plant_all(seed, &secrets, EACH);
        let mut failed = Vec::new();
        let mut out = printed(&planted, &mut failed);
        for tracker in 0..TRACKERS {
            out.extend(synced(seed, tracker, &planted, &mut failed).await);
        }
        wrong.extend(failed.into_iter().chain(leaks(&secrets, &out)).map(|text| format!("seed {seed}: {text}")));
    }
    assert!(wrong.is_empty(), "{} leaks\n{}", wrong.len(), wrong.into_iter().take(40).collect::<Vec<_>>().join("\n"));
}
