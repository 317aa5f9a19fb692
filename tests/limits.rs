//! What people program (scanner definitions, templates) may run for ever or fill the memory: it ends soon, in an error that
//! says so, and the program itself stays small.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A busy machine and a debug build are slower than the five seconds that are promised.
const SOON: Duration = Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 5 });

/// Runs the program with no more than 500 MB, and asserts that it ends soon.
fn run(dir: &Path, arguments: &str) -> (i32, String) {
    let begun = Instant::now();
    let script = format!("ulimit -d 500000; exec {} {arguments}", env!("CARGO_BIN_EXE_findsync"));
    let mut command = Command::new("sh");
    command.env_clear().env("FINDSYNC_TOKEN", "hidden-value").current_dir(dir).args(["-c", &script]);
    let output = command.output().unwrap();
    assert!(begun.elapsed() < SOON, "{arguments} took {:?}", begun.elapsed());
    let shown = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(!shown.contains("hidden-value") && !shown.contains("panicked"), "{shown}");
    (output.status.code().unwrap_or(-1), shown)
}

fn with_definition(program: &str, report: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join(".findsync/scanners")).unwrap();
    let lines: String = program.lines().map(|line| format!("  {line}\n")).collect();
    let definition = format!(
        "name: ours\ntitle: Ours\nhomepage: https://example.org\nkind: code\ninput: json\nrecognises: [{{has: [ours]}}]\n\
         findings: |\n{lines}"
    );
    fs::write(dir.path().join(".findsync/scanners/ours.yml"), definition).unwrap();
    fs::write(dir.path().join("r.json"), report).unwrap();
    dir
}

const REPORT: &str = r#"{"ours": [{"t": "first"}, {"t": "second"}]}"#;

#[test]
fn definitions_of_the_workspace_end() {
    let deep = "(".repeat(200_000);
    let long = format!("{}.", ".|".repeat(200_000));
    for program in [
        "def f: f; f",
        "def f: 1 + f; f",
        "[limit(1e10; repeat(1))]",
        "[range(1e9)]",
        "reduce range(60) as $i (\"x\"; . + .)",
        "reduce range(1e12) as $i (0; . + 1)",
        "range(1e12) | {title: \"x\\(.)\"}",
        "reduce range(1e6) as $i (0; [.])",
        "[.ours[] | . as $x | range(1e9) | $x]",
        deep.as_str(),
        long.as_str(),
    ] {
        let dir = with_definition(program, REPORT);
        let (code, shown) = run(dir.path(), "findings r.json");
        let program: String = program.chars().take(40).collect();
        assert_eq!(code, 2, "{program}: {shown}");
        let says = ["does not end within", "MB of memory", "too deeply"].iter().any(|words| shown.contains(words));
        assert!(says && shown.contains("`ours`") && shown.len() < 2000, "{program}: {shown}");
    }
    for program in
        ["import \"a\" as a; .", "# ours\n include \"a\"; .", "module {}; import \"a\" as a; .", "halt", "input"]
    {
        let (code, shown) = run(with_definition(program, REPORT).path(), "findings r.json");
        assert_eq!(code, 2, "{program}: {shown}");
        assert!(
            shown.contains("available to scanner definitions") || shown.contains("undefined"),
            "{program}: {shown}"
        );
    }
}

#[test]
fn definitions_of_the_workspace_yield_what_they_yield() {
    let program = ".ours[] | {title: .t, severity: \"high\", location: {path: \"a\", start_line: 3}}";
    let dir = with_definition(program, REPORT);
    let (code, shown) = run(dir.path(), "findings r.json --format json");
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("\"first\"") && shown.contains("\"second\""), "{shown}");
    let (code, shown) = run(dir.path(), "scanners test .findsync/scanners/ours.yml r.json");
    assert_eq!(code, 0, "{shown}");
    // Its own error, and one about what it yields.
    for (program, says) in [
        ("error(\"this is no report\")", "this is no report"),
        (".ours[] | {titel: .t}", "did you mean `title`"),
        (".ours | keys | .a", "cannot read `r.json`"),
    ] {
        let (code, shown) = run(with_definition(program, REPORT).path(), "findings r.json");
        assert_eq!(code, 2, "{program}: {shown}");
        assert!(shown.contains(says), "{program}: {shown}");
    }
    // Large reports are read as well.
    let many: Vec<String> = (0..20_000).map(|number| format!("{{\"t\": \"number {number}\"}}")).collect();
    let dir =
        with_definition(".ours[] | {title: .t, severity: \"low\"}", &format!("{{\"ours\": [{}]}}", many.join(",")));
    let (code, shown) = run(dir.path(), "findings r.json --format csv");
    assert_eq!((code, shown.matches("number ").count()), (0, 20_000));
}

#[test]
fn templates_of_people_end() {
    let double = "{% set x = 'xxxxxxxx' %}".to_owned() + &"{% set x = x ~ x %}".repeat(60) + "{{ x }}";
    let double_in_loop =
        "{% set n = namespace(x='x') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}";
    let nested = "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}";
    let sums = "{{ range(100000) | list | join('x' * 1000000) }}";
    let late = "{% set n = namespace(x='x') %}{% if title != 'sample title in sample' and title != 'Findings in lodash' %}\
                {% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{% endif %}{{ n.x }}";
    for template in [double.as_str(), double_in_loop, nested, sums, late] {
        for place in ["title: @", "body: @", "fields: [{ field: Team, value: @ }]"] {
            let dir = tempfile::tempdir().unwrap();
            let quoted = format!("\"{}\"", template.replace('\\', "\\\\").replace('"', "\\\""));
            let mapping = format!(
                "instances: [{{ label: here, type: local, location: issues }}]\nmappings: [{{ instance: here, {} }}]\n",
                place.replace('@', &quoted)
            );
            fs::write(dir.path().join(".findsync.yml"), mapping).unwrap();
            fs::write(dir.path().join("bandit.json"), include_str!("fixtures/bandit/one.json")).unwrap();
            let (code, shown) = run(dir.path(), "plan bandit.json");
            let template: String = template.chars().take(60).collect();
            assert_eq!(code, 2, "{place}, {template}: {shown}");
            let says = ["does not end", "MB of memory", "fuel", "ran out"].iter().any(|words| shown.contains(words));
            assert!(says, "{place}, {template}: {shown}");
        }
    }
}

#[test]
fn templates_of_people_say_what_they_say() {
    let dir = tempfile::tempdir().unwrap();
    let mapping = "instances: [{ label: here, type: local, location: issues }]\nmappings:\n  - instance: here\n    \
                   title: \"{{ severity }}: {{ title }}\"\n    body: \"**{{ kind }}** {{ location.shown }}\"\n    \
                   fields: [{ field: Team, value: \"{{ kind }}s\" }]\n";
    fs::write(dir.path().join(".findsync.yml"), mapping).unwrap();
    fs::write(dir.path().join("bandit.json"), include_str!("fixtures/bandit/one.json")).unwrap();
    let (code, shown) = run(dir.path(), "apply bandit.json");
    assert_eq!(code, 0, "{shown}");
    let issues = fs::read_dir(dir.path().join("issues")).unwrap().map(|entry| entry.unwrap().path());
    let text: String =
        issues.filter(|path| path.extension().is_some()).map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(text.contains("High: ") && text.contains("**code** `src/a.py:3`") && text.contains("codes"), "{text}");
}

/// Debug builds are given less to do in the same time.
const SHARE: usize = if cfg!(debug_assertions) { 4 } else { 1 };

#[test]
fn large_mapping_files_end() {
    let report = |findings: usize| {
        let result = |n| format!("{{\"ruleId\": \"r{n}\", \"message\": {{\"text\": \"m{n}\"}}}}");
        let results = (0..findings).map(result).collect::<Vec<_>>().join(",");
        format!(
            "{{\"version\": \"2.1.0\", \"runs\": [{{\"tool\": {{\"driver\": {{\"name\": \"T\"}}}}, \"results\": [{results}]}}]}}"
        )
    };
    let lines = |number: usize, line: &dyn Fn(usize) -> String| (0..number).map(line).collect::<String>();
    let here = "instances: [{ label: a, type: local, location: issues }]\nmappings:\n";
    let template = format!("{{{{ title }}}}{}", "x{{ severity }}".repeat(60_000 / SHARE / 15));
    let text = "x".repeat(60_000);
    let titled = |title: &str| {
        format!("{here}{}", lines(60, &|n| format!("  - {{ label: m{n}, instance: a, title: \"{title}{n}\" }}\n")))
    };
    let many = 2_000 / SHARE;
    let instances = format!(
        "instances:\n{}mappings:\n{}",
        lines(many, &|n| format!("  - {{ label: a{n}, type: local, location: issues{n} }}\n")),
        lines(many, &|n| format!("  - {{ label: m{n}, instance: a{n} }}\n")),
    );
    let decisions = |number: usize| {
        let line = |n| format!("  - {{ match: {{ rule: 'q{n}', path: 'src/*{n}*/**' }}, status: false_positive }}\n");
        format!("{here}  - {{ instance: a }}\ndecisions:\n{}", lines(number, &line))
    };
    for (name, mapping, findings, ends) in [
        ("long templates", titled(&template), 1, 0),
        ("long titles", titled(&text), 1, 0),
        ("many trackers", instances, 3, 0),
        ("many decisions", decisions(10_000 / SHARE), 300, 0),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".findsync.yml"), mapping).unwrap();
        fs::write(dir.path().join("r.sarif"), report(findings)).unwrap();
        let (code, shown) = run(dir.path(), "plan r.sarif");
        let shown: String = shown.chars().take(500).collect();
        assert_eq!(code, ends, "{name}: {shown}");
    }
}

#[test]
fn wide_tables_end() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("r.csv"), "x,".repeat(25_000_000 / SHARE)).unwrap();
    let (code, shown) = run(dir.path(), "findings r.csv");
    assert!(code == 2 && shown.contains("r.csv"), "{shown}");
}
