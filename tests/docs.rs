//! The documentation, held against the program: every command in it runs, every file in it is accepted.
#![expect(clippy::unwrap_used, reason = "a test fails where something is missing")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use findsync::ci::{Ci, Service};
use findsync::config::{Config, Given};

const PAGES: [&str; 3] = ["README.md", "docs/adding-a-scanner.md", "docs/answers.md"];
/// Longest time from a fence's first to its last line would be no test: these run elsewhere.
const ELSEWHERE: [&str; 1] = ["cargo test"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

fn fences(page: &str, language: &str) -> Vec<String> {
    let start = format!("```{language}\n");
    page.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Runs a line of a shell as a reader would, with the program that was built for the tests.
fn shell(line: &str, dir: &Path) -> Output {
    let program = env!("CARGO_BIN_EXE_findsync");
    let line = line.replace("cargo run --quiet --", "findsync");
    let script = format!("findsync() {{ '{program}' \"$@\"; }}\n{line}");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_readmes_first_commands_do_what_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let reports = dir.path().join("examples/reports");
    std::fs::create_dir_all(&reports).unwrap();
    for name in ["trivy.json", "trivy-next.json"] {
        std::fs::copy(root().join("examples/reports").join(name), reports.join(name)).unwrap();
    }
    let commands: Vec<String> =
        fences(&page("README.md"), "sh").into_iter().filter(|c| !ELSEWHERE.contains(&c.trim())).collect();
    let run = |command: &str| {
        let output = shell(command, dir.path());
        assert!(output.status.success(), "{command}: {}", text(&output));
        text(&output)
    };
    let first = run(&commands[0]);
    assert!(first.contains("CVE-2021-44906 in minimist 1.2.5") && first.contains("number: 1"), "{first}");
    assert!(run(&commands[0]).contains("Nothing to do: 3 issues are in step"));
    let next = run(&commands[1]);
    for (verb, id) in [("closed", "CVE-2021-44906"), ("updated", "CVE-2021-3807"), ("opened", "CVE-2022-25883")] {
        assert!(next.lines().any(|line| line.contains(verb) && line.contains(id)), "{verb} {id}: {next}");
    }
    for command in &commands[2..] {
        run(command);
    }
}

#[test]
fn questions_are_answered_as_the_page_says() {
    let dir = tempfile::tempdir().unwrap();
    let reports = dir.path().join("examples/reports");
    std::fs::create_dir_all(&reports).unwrap();
    for name in ["trivy.json", "trivy-next.json"] {
        std::fs::copy(root().join("examples/reports").join(name), reports.join(name)).unwrap();
    }
    assert!(shell("findsync apply examples/reports/trivy.json --to issues", dir.path()).status.success());
    let commands = fences(&page("docs/answers.md"), "sh");
    let answers: Vec<String> = commands.iter().map(|command| text(&shell(command, dir.path()))).collect();
    assert!(
        answers[0].contains("3 findings (") && answers[0].contains("): 1 new, 1 updated, 1 unchanged"),
        "{}",
        answers[0]
    );
    let table = std::fs::read_to_string(dir.path().join("findings.csv")).unwrap();
    assert_eq!(table.lines().count(), 4, "{table}");
    for part in ["issue:      #2 issues/", "scope:      Trivy on ", "next apply: update: "] {
        assert!(answers[1].contains(part), "{part}: {}", answers[1]);
    }
}

#[test]
fn the_scanner_of_the_page_works() {
    let dir = tempfile::tempdir().unwrap();
    let page = page("docs/adding-a-scanner.md");
    std::fs::create_dir_all(dir.path().join(".findsync/scanners")).unwrap();
    std::fs::write(dir.path().join("report.json"), &fences(&page, "json")[0]).unwrap();
    std::fs::write(dir.path().join(".findsync/scanners/licheck.yml"), &fences(&page, "yaml")[0]).unwrap();
    for command in fences(&page, "sh") {
        let output = shell(&command, dir.path());
        assert!(output.status.success(), "{command}: {}", text(&output));
        assert!(text(&output).contains("GPL in a closed product"), "{command}: {}", text(&output));
    }
}

/// All pages that people read, but for those of the changelog's kind.
fn pages() -> Vec<String> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap();
    let docs = docs.map(|entry| format!("docs/{}", entry.unwrap().file_name().to_str().unwrap()));
    let mut pages: Vec<String> = docs.filter(|name| name.ends_with(".md")).collect();
    pages.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned));
    pages
}

/// Reads a mapping file as a job of the page's service would.
fn parse(page: &str, text: &str) -> Result<Config, String> {
    let (service, server, project) = match page {
        "docs/gitlab.md" => (Service::GitLab, "https://gitlab.com", None),
        "docs/azure-devops.md" => (Service::AzureDevOps, "https://dev.azure.com/acme", Some("Shop".to_owned())),
        _ => (Service::GitHub, "https://github.com", None),
    };
    let ci = Ci {
        service: Some(service),
        server_url: Some(server.to_owned()),
        repository: Some("acme/shop".to_owned()),
        project,
        ..Ci::default()
    };
    let given = Given {
        env: &|_| Some("value".to_owned()),
        read: &|path: &Path| match path.extension() {
            Some(_) => Ok("{{ title }}".to_owned()),
            None => Err(std::io::ErrorKind::NotFound.into()),
        },
        template: &findsync::template::check,
        ci: &ci,
        tokens_needed: true,
    };
    Config::parse(text.as_bytes(), ".findsync.yml", given).map_err(|error| error.to_string())
}

/// The blocks of a language with the indentation that they have in a list taken away.
fn indented_fences(page: &str, language: &str) -> Vec<String> {
    let start = format!("```{language}\n");
    let block = |(at, _): (usize, &str)| {
        let indent = page[..at].len() - page[..at].trim_end_matches(' ').len();
        let lines = page[at + start.len()..].lines().take_while(|line| !line.trim_start().starts_with("```"));
        lines.map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect()
    };
    page.match_indices(&start).map(block).collect()
}

#[test]
fn the_mapping_file_of_the_readme_names_githubs_defaults() {
    let blocks = fences(&page("README.md"), "yaml");
    let whole = blocks.iter().find(|block| block.contains("\nmappings:")).unwrap();
    assert_eq!(parse("README.md", whole).unwrap().mappings[0].severity.values, ["P0", "P1", "P2", "P3", "P4"]);
}

#[test]
fn every_example_of_a_mapping_file_is_accepted() {
    const PIPELINE: [&str; 5] = ["jobs:", "uses:", "include:", "template:", "resources:"];
    let mut count = 0;
    for name in pages() {
        for block in indented_fences(&page(&name), "yaml") {
            // tests/pipelines runs those, and another test the definition.
            let is_other = PIPELINE.iter().any(|key| block.contains(key))
                || ["- script:", "- task:"].iter().any(|step| block.contains(step));
            if is_other || block.contains("\nfindings: ") {
                continue;
            }
            let first = block.trim_start().split(':').next().unwrap();
            let is_of_a_mapping = ["severity", "status", "due"].contains(&first);
            let within: String = block.lines().map(|line| format!("    {line}\n")).collect();
            let least = if name == "docs/github.md" { "repository: shop" } else { "project: acme/shop" };
            let text = if is_of_a_mapping { format!("mappings:\n  - {least}\n{within}") } else { block };
            parse(&name, &text).unwrap_or_else(|error| panic!("{name}: {error}\nin\n{text}"));
            count += 1;
        }
    }
    assert!(count > 25, "{count}");
}

/// How GitHub and GitLab call a heading in addresses.
fn anchor(heading: &str) -> String {
    let plain = heading.trim().to_lowercase().replace(' ', "-");
    plain.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
}

#[test]
fn links_between_pages_lead_somewhere() {
    for name in pages() {
        let folder = root().join(&name).parent().unwrap().to_owned();
        let text = page(&name);
        let targets = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for target in targets.filter(|target| !target.contains("://") && !target.contains(char::is_whitespace)) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { root().join(&name) } else { folder.join(file) };
            assert!(file.exists(), "{name} links to {target}");
            if !heading.is_empty() {
                let there = std::fs::read_to_string(file).unwrap();
                let mut headings = there.lines().filter(|line| line.starts_with('#'));
                let is_there = headings.any(|line| anchor(line.trim_start_matches('#')) == heading);
                assert!(is_there, "{name} links to {target}");
            }
        }
    }
}

#[test]
fn exit_codes_are_the_programs() {
    let help = shell("findsync --help", &root());
    for line in page("README.md").lines().filter(|line| line.starts_with("| ") && line[2..3].parse::<u8>().is_ok()) {
        let code = &line[2..3];
        assert!(text(&help).contains(&format!("\n  {code}  ")), "{code} is not in --help");
    }
}

#[test]
fn every_page_is_looked_at() {
    for name in PAGES {
        assert!(!fences(&page(name), "sh").is_empty(), "{name} shows no command");
    }
}

/// Where the made part of docs/scanners.md begins.
const MADE: &str = "<!-- From here on made from scanners/: UPDATE_DOCS=1 cargo test --test docs -->\n\n";

#[test]
fn the_page_of_scanners_is_made_from_the_definitions() {
    let guides = findsync::readers::guides(Path::new("/nonexistent")).unwrap();
    let mut made = Vec::new();
    findsync::reports::guides(&mut made, &guides).unwrap();
    let made = String::from_utf8(made).unwrap();
    let page = page("docs/scanners.md");
    let (written, shown) = page.split_once(MADE).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(root().join("docs/scanners.md"), format!("{written}{MADE}{}\n", made.trim_end())).unwrap();
    } else {
        assert_eq!(shown.trim_end(), made.trim_end(), "run UPDATE_DOCS=1 cargo test --test docs");
    }
    assert!(!made.contains("[secret]"), "what users fill in must not look like a credential: `TOKEN`");
    let without = guides.iter().filter(|guide| !guide.has_command()).count();
    assert!(without <= 46, "a definition that is new says how its report is written (`command` or `export`)");
}

#[test]
fn a_scanner_is_shown_as_on_the_page() {
    let page = page("docs/scanners.md");
    for (name, command) in [
        ("trivy", "trivy image --format json --output trivy.json IMAGE"),
        ("Anchore-Grype", "grype IMAGE --output json --file grype.json"),
        ("codeql", "codeql database analyze DATABASE --format=sarif-latest --output=codeql.sarif"),
        ("bandit-sarif", "bandit -r . -f sarif -o bandit.sarif"),
        ("eslint", "eslint . --format json --output-file eslint.json"),
        ("sarif", "govulncheck -format sarif ./... > govulncheck.sarif"),
    ] {
        let shown = text(&shell(&format!("findsync scanners show {name}"), &root()));
        assert!(shown.contains(command), "{name}: {shown}");
        if ["trivy", "Anchore-Grype", "eslint", "sarif"].contains(&name) {
            assert!(page.contains(shown.trim_end()), "{name}: {shown}");
        }
    }
    let unknown = text(&shell("findsync scanners show trivi", &root()));
    assert!(unknown.contains("did you mean `trivy`?"), "{unknown}");
}
