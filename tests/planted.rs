//! Secrets that are planted in reports stand in nothing that is printed or written. They are made from a seed, which a
//! failure names: `FINDSYNC_SEED=7 cargo test --test planted`.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Secrets of a seed.
const COUNT: usize = 200;
const SEEDS: u64 = 1;
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

fn run(dir: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_findsync"));
    let is_ci = |name: &str| {
        ["GITHUB", "GITLAB", "CI", "TF_", "BUILD", "SYSTEM", "FINDSYNC"].iter().any(|start| name.starts_with(start))
    };
    for (name, _) in std::env::vars().filter(|(name, _)| is_ci(name)) {
        command.env_remove(name);
    }
    let output = command.current_dir(dir).args(arguments).output().unwrap();
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn written(dir: &Path) -> String {
    let files = fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.is_file())
        .map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned())
        .collect()
}

fn leaks(secret: &Secret, shown: &str) -> Option<String> {
    let parts = secret.inner.as_bytes().windows(PART).map(|part| std::str::from_utf8(part).unwrap());
    let mut found = parts.filter(|part| shown.contains(part));
    found.next().map(str::to_owned)
}

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)
}

#[test]
fn planted_secrets_are_shown_nowhere() {
    let seeds: Vec<u64> = match std::env::var("FINDSYNC_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => (1..=SEEDS).collect(),
    };
    let mut wrong = Vec::new();
    for seed in seeds {
        let mut random = Random(seed);
        let all: Vec<Secret> = (0..COUNT).map(|at| secret(&mut random, at)).collect();
        let mut planted = 0;
        for (at, report) in REPORTS.iter().enumerate() {
            let Ok(text) = fs::read_to_string(fixture(report)) else { continue };
            let dir = tempfile::tempdir().unwrap();
            // Some secrets for each report, others for others.
            let mine: Vec<&Secret> = all.iter().skip(at % 6).step_by(6).take(34).collect();
            let mut names = Vec::new();
            for (number, secret) in mine.iter().enumerate() {
                let mut value: Value = match serde_json::from_str(&text) {
                    Ok(value) => value,
                    Err(_) => text.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect(),
                };
                let is_lines = serde_json::from_str::<Value>(&text).is_err();
                planted += plant(&mut value, secret);
                let written = match &value {
                    Value::Array(lines) if is_lines => lines.iter().map(|line| format!("{line}\n")).collect(),
                    other => other.to_string(),
                };
                let reader = report.split('/').next().unwrap();
                let name = format!("{reader}-{number}.{}", if report.ends_with("sarif") { "sarif" } else { "json" });
                fs::write(dir.path().join(&name), written).unwrap();
                names.push(name);
            }
            let reader = report.split('/').next().unwrap();
            let mut shown = String::new();
            // Each report in two of the formats, another seed in others.
            let formats = ["text", "json", "csv", "sarif", "markdown", "code-quality"];
            let first = at + usize::try_from(seed).unwrap();
            for format in [formats[first % 6], formats[(first + 3) % 6]] {
                let arguments = ["findings", "--reader", reader, "--format", format, "-vv"];
                shown +=
                    &run(dir.path(), &[&arguments[..], &names.iter().map(String::as_str).collect::<Vec<_>>()].concat());
            }
            let apply =
                ["apply", "--to", "issues", "--out", "plan.json", "--out", "plan.md", "--reader", reader, "-vv"];
            shown += &run(dir.path(), &[&apply[..], &names.iter().map(String::as_str).collect::<Vec<_>>()].concat());
            shown += &written(&dir.path().join("issues"));
            for plan in ["plan.json", "plan.md"] {
                shown += &fs::read_to_string(dir.path().join(plan)).unwrap_or_default();
            }
            // Errors: a report in a report, another reader, and one that is cut.
            let first = fs::read_to_string(dir.path().join(&names[0])).unwrap();
            fs::write(dir.path().join("nested.json"), format!("[[{first}]]")).unwrap();
            fs::write(
                dir.path().join("cut.json"),
                first.chars().take(first.chars().count() * 2 / 3).collect::<String>(),
            )
            .unwrap();
            for (name, reader) in [
                ("nested.json", reader),
                ("cut.json", reader),
                (&names[0], "gitleaks"),
                (&names[0], "zap"),
                (&names[0], "sarif"),
            ] {
                shown += &run(dir.path(), &["findings", name, "--reader", reader]);
            }
            for (number, secret) in mine.iter().enumerate() {
                if let Some(part) = leaks(secret, &shown) {
                    let at = shown.find(&part).unwrap();
                    let start = (0..=at.saturating_sub(60)).rev().find(|at| shown.is_char_boundary(*at)).unwrap_or(0);
                    let around: String = shown[start..].chars().take(130).collect();
                    wrong.push(format!(
                        "seed {seed}, {report}, secret {number} ({}): {around:?}",
                        secret.whole.chars().take(12).collect::<String>()
                    ));
                }
            }
        }
        assert!(planted > 1000, "only {planted} places took a secret");
    }
    assert!(wrong.is_empty(), "{} leaks\n{}", wrong.len(), wrong.into_iter().take(40).collect::<Vec<_>>().join("\n"));
}
