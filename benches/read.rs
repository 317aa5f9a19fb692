//! Reading: 50 MB of SARIF beside `serde_json` and Python's `json.load`, and a Trivy report of 50,000 findings beside
//! `json.load` and jq running an equal program. Prints the ratios that the project promises.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use findsync::readers::read_bytes;

const TEXT: &str = "An attacker who controls this value can make the program do what it was not written for. ";

fn sarif(bytes: usize) -> Vec<u8> {
    let mut text = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"bench","rules":[{"id":"r","shortDescription":{"text":"A rule"}}]}},"results":["#.to_owned();
    let mut count = 0;
    while text.len() < bytes {
        let comma = if count == 0 { "" } else { "," };
        write!(text, r#"{comma}{{"ruleId":"r","ruleIndex":0,"level":"warning","message":{{"text":"{count}: {TEXT}"}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"src/f{}.rs"}},"region":{{"startLine":{},"startColumn":1,"snippet":{{"text":"let x{count} = f();"}}}}}}}}],"partialFingerprints":{{"primaryLocationLineHash":"{count:016x}:1"}}}}"#, count % 500, count % 1000 + 1).unwrap();
        count += 1;
    }
    text.push_str("]}]}");
    text.into_bytes()
}

fn trivy(findings: usize) -> Vec<u8> {
    let mut text = r#"{"SchemaVersion":2,"ArtifactName":"shop:1","ArtifactType":"container_image","Results":[{"Target":"package-lock.json","Class":"lang-pkgs","Type":"npm","Vulnerabilities":["#.to_owned();
    for i in 0..findings {
        let comma = if i == 0 { "" } else { "," };
        write!(text, r#"{comma}{{"VulnerabilityID":"CVE-2024-{i:05}","PkgName":"package-{}","PkgIdentifier":{{"PURL":"pkg:npm/package-{}@1.2.3"}},"InstalledVersion":"1.2.3","FixedVersion":"1.2.4","Status":"fixed","SeveritySource":"ghsa","PrimaryURL":"https://avd.aquasec.com/nvd/cve-2024-{i:05}","DataSource":{{"ID":"ghsa","Name":"GitHub Security Advisory npm","URL":"https://github.com/advisories"}},"Title":"package: {i} {TEXT}","Description":"{}","Severity":"HIGH","CweIDs":["CWE-79","CWE-94"],"VendorSeverity":{{"ghsa":3,"nvd":3}},"CVSS":{{"ghsa":{{"V3Vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","V3Score":9.8}}}},"References":["https://example.test/a/{i}","https://example.test/b/{i}","https://example.test/c/{i}"],"PublishedDate":"2024-01-01T00:00:00Z"}}"#, i % 900, i % 900, TEXT.repeat(8)).unwrap();
    }
    text.push_str("]}]}");
    text.into_bytes()
}

/// The best of three runs.
fn time<T>(mut f: impl FnMut() -> T) -> Duration {
    let once = |_| {
        let start = Instant::now();
        black_box(f());
        start.elapsed()
    };
    (0..3).map(once).min().unwrap_or_default()
}

/// The seconds that a child process took and the most memory that it had, in KiB, as the system tells: the quickest of
/// three runs.
fn measured(command: &Command) -> Option<(f64, u64)> {
    let once = || {
        let mut timed = Command::new("/usr/bin/time");
        timed.args(["-f", "%e %M"]).arg(command.get_program()).args(command.get_args());
        let output =
            timed.stdout(std::process::Stdio::null()).output().ok().filter(|output| output.status.success())?;
        let told = String::from_utf8_lossy(&output.stderr).trim().lines().last()?.to_owned();
        let (seconds, memory) = told.split_once(' ')?;
        Some((seconds.parse::<f64>().ok()?, memory.parse::<u64>().ok()?))
    };
    let runs = (0..3).map(|_| once()).collect::<Option<Vec<_>>>()?;
    runs.into_iter().min_by(|one, other| one.0.total_cmp(&other.0))
}

const PROGRAM: &str = r#".ArtifactName as $image | .Results[] | .Target as $target | .Vulnerabilities[] | {
  title: "\(.VulnerabilityID) in \(.PkgName) \(.InstalledVersion): \(.Title)", severity: .Severity, rule: .VulnerabilityID,
  identifiers: ([.VulnerabilityID] + (.VendorIDs // []) + (.CweIDs // [])), location: {image: $image, path: (.PkgPath // null)},
  component: {name: .PkgName, version: .InstalledVersion, purl: .PkgIdentifier.PURL},
  fix: {version: (.FixedVersion | split(", ")[0]), text: "Update \(.PkgName) to \(.FixedVersion)"},
  cvss: [(.CVSS // {}) | to_entries[] | .value | {vector: .V3Vector, score: .V3Score}],
  references: ([.PrimaryURL] + .References), description: .Description, tags: ["lang-pkgs", "npm"]}"#;

/// Runs the program on a report as a file, beside others that get its path as their last argument. Prints how long each
/// takes, what memory it needs, and how ours compares.
fn beside(name: &str, bytes: &[u8], others: &mut [(&str, Command)]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, bytes).unwrap();
    let size = bytes.len() as f64 / 1e6;
    let mut ours = Command::new(env!("CARGO_BIN_EXE_findsync"));
    let Some((seconds, memory)) = measured(ours.args(["findings", "--format", "json"]).arg(&file)) else {
        println!("{name}: skipped, as findsync did not end well or /usr/bin/time is not installed");
        return;
    };
    let megabytes = |kib: u64| kib as f64 * 1024.0 / 1e6;
    let of_file = megabytes(memory) / size;
    println!("{name}, {size:.0} MB: {seconds:.2} s, {:.0} MB, {of_file:.1} times the file", megabytes(memory));
    for (other, command) in others {
        match measured(command.arg(&file)) {
            Some((theirs, their_memory)) => println!(
                "  beside {other}: {theirs:.2} s ({:.2}), {:.0} MB ({:.2})",
                seconds / theirs,
                megabytes(their_memory),
                memory as f64 / their_memory as f64
            ),
            None => println!("  beside {other}: skipped, as it is not installed"),
        }
    }
}

fn json_load() -> (&'static str, Command) {
    let mut python = Command::new("python3");
    python.args(["-c", "import json, sys; json.load(open(sys.argv[1]))"]);
    ("Python's json.load", python)
}

fn sarif_beside_others(_: &mut Criterion) {
    let bytes = sarif(50_000_000);
    let ours = time(|| read_bytes("bench.sarif", bytes.clone(), None).unwrap());
    let theirs = time(|| serde_json::from_slice::<serde_json::Value>(&bytes).unwrap());
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("SARIF in this process: {ours:.2?}, serde_json::Value {theirs:.2?}: {ratio:.2} times");
    beside("bench.sarif", &bytes, &mut [json_load()]);
}

fn trivy_beside_others(_: &mut Criterion) {
    let mut jq = Command::new("jq");
    jq.arg("-c").arg(PROGRAM);
    beside("trivy.json", &trivy(50_000), &mut [("jq", jq), json_load()]);
}

criterion_group!(benches, sarif_beside_others, trivy_beside_others);
criterion_main!(benches);
