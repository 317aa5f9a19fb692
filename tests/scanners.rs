//! Every built-in scanner definition against small reports of its scanner: recognised unasked, and read as the reviewed
//! snapshot says, keys too. A key that changes opens every issue of that scanner anew.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use findsync::finding::{Finding, Location};
use findsync::readers::{Definition, read_bytes};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn definitions() -> Vec<Definition> {
    let yaml = files(&folder("scanners")).into_iter().filter(|path| path.extension().is_some_and(|end| end == "yml"));
    let parsed = yaml.map(|path| {
        let shown = path.display().to_string();
        let definition = Definition::parse(&shown, &fs::read_to_string(&path).unwrap());
        let definition = definition.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(path.file_stem().unwrap().to_str(), Some(definition.name.as_str()), "a file has its scanner's name");
        definition
    });
    parsed.collect()
}

#[test]
fn definitions_compile_and_have_names_of_their_own() {
    let mut names = BTreeSet::new();
    for definition in definitions() {
        definition.check().unwrap_or_else(|error| panic!("{error}"));
        assert!(!definition.homepage.is_empty(), "where can people read about {}?", definition.name);
        for name in std::iter::once(&definition.name).chain(&definition.aliases) {
            assert!(names.insert(name.clone()), "two definitions are called `{name}`");
        }
    }
}

#[test]
fn definitions_can_be_read_by_people() {
    let all = files(&folder("scanners")).into_iter().chain(files(&folder("scanners/sarif")));
    let mut helpers = std::collections::BTreeMap::new();
    for path in all.chain(files(&folder("scanners/standards"))).filter(|path| path.is_file()) {
        let (text, shown) = (fs::read_to_string(&path).unwrap(), path.display());
        for (number, line) in text.lines().enumerate() {
            let is_link = line.starts_with("homepage: ");
            assert!(is_link || line.chars().count() <= 110, "{shown}:{} is longer than 110 characters", number + 1);
            for helper in line.split("def ").skip(1).filter_map(|rest| rest.split_once(": ")) {
                let other = helpers.insert((helper.0.to_owned(), helper.1.to_owned()), path.clone());
                assert!(
                    other.is_none(),
                    "`{}` of {shown} is also in {}: prelude.jq",
                    helper.0,
                    other.unwrap().display()
                );
            }
        }
        let has_program = text.contains("\nfindings: ");
        assert!(!has_program || text.starts_with("# "), "{shown}: what is unusual about the format?");
    }
}

/// What a review of a reading looks at.
fn told(finding: &Finding) -> String {
    let Finding { severity, status, kind, title, .. } = finding;
    let mut told = format!("{severity}, {status}, {}: {title}\n", kind.name());
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            writeln!(told, "  {name}: {value}").unwrap();
        }
    };
    line("rule", finding.rule.clone().unwrap_or_default());
    line("ids", finding.identifiers.join(" "));
    for at in std::iter::once(&finding.location).chain(&finding.locations) {
        line("at", place(at));
    }
    let component = finding.component.as_ref();
    line("component", component.map_or_else(String::new, |it| it.purl.clone().unwrap_or_else(|| it.name.clone())));
    line("fix", finding.fix.as_ref().and_then(|fix| fix.version.clone()).unwrap_or_default());
    line(
        "cvss",
        finding.cvss.iter().filter_map(|cvss| cvss.score).map(|score| score.to_string()).collect::<Vec<_>>().join(" "),
    );
    line("why", finding.justification.clone().unwrap_or_default());
    line("keys", finding.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    told
}

fn place(at: &Location) -> String {
    let lines = at.start_line.map(|start| format!(":{start}-{}", at.end_line.unwrap_or(start)));
    let path = at.path.as_ref().map(|path| format!("{path}{}", lines.unwrap_or_default()));
    let parts = [&path, &at.method, &at.url, &at.parameter, &at.resource, &at.image];
    parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
}

/// Reports that nothing tells from another scanner's have names that begin with this: they are read by name.
const BY_NAME: &str = "by-name-";

#[test]
fn reports_are_read_as_reviewed() {
    let mut wrong = String::new();
    for Definition { name, .. } in definitions() {
        let mut told_all = String::new();
        for path in files(&folder("tests/fixtures").join(&name)) {
            let file = path.file_name().unwrap().to_str().unwrap();
            let reader = file.starts_with(BY_NAME).then_some(name.as_str());
            let scans = match read_bytes(&format!("{name}/{file}"), fs::read(&path).unwrap(), reader) {
                Ok(scans) => scans,
                Err(error) => {
                    writeln!(wrong, "{error}").unwrap();
                    continue;
                }
            };
            assert!(!scans.is_empty(), "{name}/{file}: a scan without findings is a scan");
            for scan in scans {
                assert_eq!(scan.reader, name, "{name}/{file}");
                let findings = scan.findings.len();
                let mut state = if scan.complete { "" } else { ", not complete" }.to_owned();
                if !scan.unexamined.is_empty() {
                    write!(state, ", not examined: {}", scan.unexamined.join(", ")).unwrap();
                }
                writeln!(told_all, "{file}: {} on {}: {findings}{state}", scan.scanner, scan.target).unwrap();
                scan.findings.iter().for_each(|finding| told_all.push_str(&told(finding)));
                assert!(scan.findings.iter().all(|finding| !finding.keys.is_empty()), "{name}/{file}");
            }
        }
        if told_all.is_empty() {
            writeln!(wrong, "`{name}` has no report under tests/fixtures that is read").unwrap();
            continue;
        }
        insta::with_settings!({ description => "reviewed reading", omit_expression => true, snapshot_path => "snapshots/scanners", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name.as_str(), told_all);
        });
    }
    assert!(wrong.is_empty(), "{wrong}");
}
