//! Secrets that are planted in reports stand in nothing that is printed or written. They are made from a seed, which a
//! failure names: `FINDSYNC_SEED=7 cargo test --test planted`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    unreachable_pub,
    dead_code,
    unused_imports,
    reason = "a failed unwrap fails the test; the fakes belong to the trackers' own tests, which use all of them"
)]

#[path = "fakes/azure_devops/mod.rs"]
mod azure_devops;
#[path = "fakes/github/mod.rs"]
mod github;
#[path = "fakes/gitlab/mod.rs"]
mod gitlab;

use std::fs;
use std::path::Path;

use aho_corasick::AhoCorasick;
use findsync::readers::read_bytes;
use findsync::reports::{self, Paint};
use serde_json::Value;

/// Secrets of a seed.
const COUNT: usize = 200;
const SEEDS: u64 = 5;
/// Secrets that a report is written with, one after another.
const EACH: usize = 6;
/// As many bytes of a secret tell of it.
const PART: usize = 8;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const HEX: &str = "0123456789abcdef";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Kinds by their beginning, alphabet, length and end. What begins with nothing is known by its name only.
const KINDS: [(&str, &str, usize, &str); 40] = [
    ("AKIA", BASE32, 16, ""),
    ("ASIA", BASE32, 16, ""),
    ("ghp_", LETTERS, 36, ""),
    ("gho_", LETTERS, 36, ""),
    ("ghs_", LETTERS, 36, ""),
    ("github_pat_", LETTERS, 82, ""),
    ("glpat-", LETTERS, 20, ""),
    ("gldt-", LETTERS, 20, ""),
    ("xoxb-", LETTERS, 40, ""),
    ("xoxp-", LETTERS, 60, ""),
    ("https://hooks.slack.com/services/T0/B0/", LETTERS, 24, ""),
    ("sk_live_", LETTERS, 24, ""),
    ("rk_live_", LETTERS, 24, ""),
    ("whsec_", LETTERS, 32, ""),
    ("AIza", LETTERS, 35, ""),
    ("ya29.", LETTERS, 60, ""),
    ("GOCSPX-", LETTERS, 28, ""),
    ("npm_", LETTERS, 36, ""),
    ("pypi-", LETTERS, 100, ""),
    ("dckr_pat_", LETTERS, 27, ""),
    ("hvs.", LETTERS, 90, ""),
    ("SG.", LETTERS, 60, ""),
    ("sk-ant-", LETTERS, 90, ""),
    ("sk-proj-", LETTERS, 48, ""),
    ("hf_", LETTERS, 34, ""),
    ("shpat_", HEX, 32, ""),
    ("dop_v1_", HEX, 64, ""),
    ("lin_api_", LETTERS, 40, ""),
    ("glsa_", LETTERS, 41, ""),
    ("NRAK-", LETTERS, 27, ""),
    ("sq0csp-", LETTERS, 43, ""),
    ("PMAK-", HEX, 59, ""),
    ("eyJhbGciOiJIUzI1NiJ9.eyJ", LETTERS, 60, ""),
    ("-----BEGIN RSA PRIVATE KEY-----\n", LETTERS, 200, "\n-----END RSA PRIVATE KEY-----"),
    ("mongodb://app:", LETTERS, 16, "@db.example.org/shop"),
    ("postgres://root:", LETTERS, 12, "@db.example.org/shop"),
    ("", LETTERS, 40, ""),
    ("", LETTERS, 12, ""),
    ("", HEX, 32, ""),
    ("", LETTERS, 24, ""),
];

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters = alphabet.as_bytes();
        let letter =
            |random: &mut Self| char::from(letters[usize::try_from(random.next() % letters.len() as u64).unwrap()]);
        (0..length).map(|_| letter(self)).collect()
    }
}

/// A secret: all of it, the part that nobody may read, and whether it tells by itself that it is one.
#[derive(Debug)]
struct Secret {
    whole: String,
    inner: String,
    tells: bool,
}

fn secret(random: &mut Random, at: usize) -> Secret {
    let (start, alphabet, length, end) = KINDS[at % KINDS.len()];
    let mut inner = random.text(alphabet, length);
    if start.is_empty() {
        // People's passwords have a digit in them.
        inner.replace_range(3..4, "7");
    }
    Secret { whole: format!("{start}{inner}{end}"), inner, tells: !start.is_empty() }
}

/// Scanners in whose reports secrets are planted: of secrets, code, infrastructure and running systems.
const REPORTS: [&str; 36] = [
    "gitleaks/one.json",
    "gitleaks/many.json",
    "trufflehog/one.json",
    "trufflehog3/one.json",
    "noseyparker/one.json",
    "ggshield/one.json",
    "secretlint/many.json",
    "whispers/many.json",
    "rusty_hog/one.json",
    "talisman/many.json",
    "bandit/secret.json",
    "bandit/many.json",
    "eslint/secret.json",
    "horusec/secret.json",
    "horusec/many.json",
    "semgrep/many.json",
    "njsscan/one.json",
    "mobsfscan/one.json",
    "bearer_cli/one.json",
    "gosec/one.json",
    "brakeman/one.json",
    "sonarqube/one.json",
    "checkov/many.json",
    "kics/one.json",
    "kubehunter/one.json",
    "trivy/many.json",
    "dockle/many.json",
    "nuclei/one.json",
    "zap/one.json",
    "wapiti/one.json",
    "stackhawk/one.json",
    "nettacker/one.json",
    "arachni/one.json",
    "sarif/many.sarif",
    "gitlab/many.json",
    "generic/many.json",
];

/// Members that hold what was found, by parts of their names, and how it stands in them.
fn planted(name: &str, text: &str, secret: &Secret) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let is = |names: &[&str]| names.contains(&name.as_str());
    let Secret { whole, tells, .. } = secret;
    if is(&["secret", "raw", "rawv2", "value", "match_content"]) {
        return Some(whole.clone());
    }
    if is(&[
        "match",
        "code",
        "snippet",
        "line",
        "lines",
        "offender",
        "raw_source_code_extract",
        "sourcecontent",
        "match_string",
    ]) {
        return Some(format!("api_password = \"{whole}\""));
    }
    if is(&["uri", "url", "matched-at", "matched_at"]) && text.starts_with("http") && !whole.contains(['\n', ':', '/'])
    {
        return Some(format!("{}?access_token={whole}", text.split('?').next().unwrap()));
    }
    let is_prose = [
        "description",
        "desc",
        "message",
        "text",
        "evidence",
        "otherinfo",
        "details",
        "issue_text",
        "event",
        "solution",
    ];
    let prose =
        if *tells { format!("{text} uses {whole} here") } else { format!("{text} uses password=\"{whole}\" here") };
    is(&is_prose).then_some(prose)
}

fn plant(value: &mut Value, secret: &Secret) -> usize {
    match value {
        Value::Array(items) => items.iter_mut().map(|item| plant(item, secret)).sum(),
        // What GitLab calls a value is an identifier's, or a message's of the scan itself.
        Value::Object(members)
            if members.contains_key("value") && (members.contains_key("type") || members.contains_key("level")) =>
        {
            0
        }
        Value::Object(members) => members
            .iter_mut()
            .map(|(name, value)| match value {
                Value::String(text) => match planted(name, text, secret) {
                    Some(planted) => {
                        *text = planted;
                        1
                    }
                    None => 0,
                },
                other => plant(other, secret),
            })
            .sum(),
        _ => 0,
    }
}

/// Reports that are no JSON: the text in them that is a secret's place.
const TEXTS: [(&str, &str); 1] = [("gitleaks_csv/one.csv", "hunter2hunter2abc")];

/// A report with a secret in it.
struct Planted {
    report: &'static str,
    reader: &'static str,
    name: String,
    text: String,
}

fn fixture(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)).unwrap()
}

/// The report with a secret in all of its places, and how many these are.
fn written(report: &str, text: &str, secret: &Secret) -> (String, usize) {
    if let Some((_, place)) = TEXTS.iter().find(|(path, _)| *path == report) {
        // What is quoted in CSV is doubled; none of the secrets has a quote.
        return (text.replace(place, &format!("\"{}\"", secret.whole)), text.matches(place).count());
    }
    if let Ok(mut value) = serde_json::from_str::<Value>(text) {
        let count = plant(&mut value, secret);
        return (value.to_string(), count);
    }
    let mut count = 0;
    let lines = text.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        let mut value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{report}: {error}"));
        count += plant(&mut value, secret);
        format!("{value}\n")
    });
    (lines.collect(), count)
}

/// All reports of a seed.
fn plant_all(seed: u64, secrets: &[Secret]) -> Vec<Planted> {
    let all = REPORTS.into_iter().chain(TEXTS.map(|(path, _)| path)).enumerate();
    let mut planted = Vec::new();
    for (at, report) in all {
        let (text, reader) = (fixture(report), report.split('/').next().unwrap());
        let mut places = 0;
        for number in 0..EACH {
            // Every kind comes to every report in some seed.
            let which = (at * EACH + number * 7 + usize::try_from(seed).unwrap() * 11) % secrets.len();
            let (text, count) = written(report, &text, &secrets[which]);
            places += count;
            let extension = report.rsplit('.').next().unwrap();
            planted.push(Planted { report, reader, name: format!("{reader}-{at}-{number}.{extension}"), text });
        }
        assert!(places >= EACH, "{report} has no place for a secret");
    }
    planted
}

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
    /// Another one for each seed; a request on the way fails.
    async fn start(seed: u64) -> Self {
        match seed % 4 {
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
            3 => Self::Azure(azure_devops::Fake::start(azure_devops::Process::Basic).await),
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

/// What plan and apply print, and write to a tracker; another one for each seed.
async fn synced(seed: u64, planted: &[Planted], wrong: &mut Vec<String>) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let board = Board::start(seed).await;
    let mut mapping = "limits: { max_open: 1000 }\nreports:\n".to_owned();
    // One report of each scanner and format: what reading does to the others is seen above.
    let first = usize::try_from(seed).unwrap() % EACH;
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
        // A forced error leaves something for the next run.
        let is_right =
            matches!(output.status.code(), Some(0 | 4)) && (command != "apply -vv" || output.status.success());
        if !is_right {
            wrong.push(format!("{command}: {:?}, {}", output.status.code(), String::from_utf8_lossy(&output.stderr)));
        }
        out.extend(output.stdout.into_iter().chain(output.stderr));
    }
    for file in ["plan.json", "plan.md"] {
        out.extend(fs::read(dir.path().join(file)).unwrap_or_default());
    }
    let content = board.content(dir.path());
    assert!(content.len() > 10_000, "seed {seed}: hardly anything was written");
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
        let mut random = Random(seed);
        let secrets: Vec<Secret> = (0..COUNT).map(|at| secret(&mut random, at)).collect();
        let planted = plant_all(seed, &secrets);
        let mut failed = Vec::new();
        let mut out = printed(&planted, &mut failed);
        out.extend(synced(seed, &planted, &mut failed).await);
        wrong.extend(failed.into_iter().chain(leaks(&secrets, &out)).map(|text| format!("seed {seed}: {text}")));
    }
    assert!(wrong.is_empty(), "{} leaks\n{}", wrong.len(), wrong.into_iter().take(40).collect::<Vec<_>>().join("\n"));
}
