//! What is told of a run: the same sample data in every format, and hostile data in none.
#![expect(clippy::unwrap_used, reason = "a test fails where something is missing")]

use std::io::{self, Write};

use findsync::finding::{Component, Cvss, Finding, Fix, Key, Kind, Location, Scan, Severity, Status, digest};
use findsync::plan::{Action, FieldChange};
use findsync::reports::{self, Detail, *};

fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn change(action: Action, number: Option<u64>, title: &str, severity: Severity, reason: &str) -> ChangeView {
    ChangeView {
        action,
        issue: number.map(|number| IssueRef { number, url: format!("https://github.com/acme/shop/issues/{number}") }),
        key: "v1:dependency:0123456789abcdef0123456789abcdef".into(),
        title: title.into(),
        severity,
        status: if action == Action::Close { Status::Closed } else { Status::Active },
        reason: reason.into(),
        fields: Vec::new(),
        digest: "0123456789abcdef0123456789abcdef".into(),
        place: None,
        outcome: None,
    }
}

fn field(field: &str, from: Option<&str>, to: Option<&str>) -> FieldChange {
    FieldChange { field: field.into(), from: from.map(str::to_owned), to: to.map(str::to_owned) }
}

fn plan() -> PlanView {
    let mut open = change(
        Action::Open,
        None,
        "CVE-2021-23337 in lodash 4.17.20",
        Severity::High,
        "new: Trivy in package-lock.json",
    );
    open.fields = vec![field("Priority", None, Some("P3"))];
    open.place = Some(("package-lock.json".into(), Some(12)));
    let mut update =
        change(Action::Update, Some(12), "SQL injection in shop/db.py", Severity::Critical, "severity changed");
    update.fields = vec![field("Priority", Some("P3"), Some("P4")), field("body", None, None)];
    let close =
        change(Action::Close, Some(9), "CVE-2019-1 in minimist", Severity::Low, "gone: Trivy on shop read whole");
    let reopen = change(Action::Reopen, Some(4), "XSS in web.js", Severity::Medium, "seen again by ZAP");
    let merge = change(Action::Merge, Some(17), "XSS in web.js", Severity::Medium, "duplicate of #4");
    let held = HeldView {
        action: Action::Open,
        issue: None,
        key: "v1:code:0123456789abcdef0123456789abcdef".into(),
        title: "Weak hash in a.py".into(),
        severity: Severity::Low,
        reason: "below min_severity: medium".into(),
        filtered: false,
    };
    let mapping = MappingView {
        label: "shop".into(),
        tracker: "github".into(),
        project: "acme/shop".into(),
        counts: Counts { open: 1, update: 1, close: 1, reopen: 1, merge: 1, held: 1, unchanged: 10 },
        changes: vec![open, update, close, reopen, merge],
        held: vec![held],
    };
    PlanView {
        notes: vec!["diff.json is partial: it closes nothing".into()],
        mappings: vec![mapping],
        ..PlanView::default()
    }
}

fn applied() -> PlanView {
    let mut view = plan();
    view.exit_code = 4;
    let url = |number: u64| Some(format!("https://github.com/acme/shop/issues/{number}"));
    let outcomes = [
        OutcomeView { outcome: Outcome::Done, url: url(18), error: None },
        OutcomeView { outcome: Outcome::Failed, url: None, error: Some("refused to edit: title is too long".into()) },
        OutcomeView { outcome: Outcome::Done, url: url(9), error: None },
        OutcomeView { outcome: Outcome::Done, url: url(4), error: None },
        OutcomeView {
            outcome: Outcome::Skipped,
            url: None,
            error: Some("not tried, as the rate limit is used up".into()),
        },
    ];
    for (change, outcome) in view.mappings[0].changes.iter_mut().zip(outcomes) {
        change.outcome = Some(outcome);
    }
    view
}

fn refused() -> PlanView {
    let refusal = Refusal {
        mapping: Some("shop".into()),
        reason: "40 of 50 open issues would be closed, and the limit is 50 %".into(),
        setting: "if that many are really fixed, set `limits: { max_close_percent: 80 }` for this run".into(),
    };
    PlanView { exit_code: 3, guard: Some(GuardView { refusals: vec![refusal] }), ..plan() }
}

fn quiet() -> PlanView {
    let mut view = PlanView::default();
    let counts = Counts { unchanged: 10, ..Counts::default() };
    view.mappings.push(MappingView { label: "shop".into(), tracker: "local".into(), counts, ..MappingView::default() });
    view
}

fn scans() -> Vec<Scan> {
    let keyed = |finding: Finding| {
        let key = Key { version: 1, kind: Some(finding.kind), digest: digest([("title", finding.title.as_str())]) };
        Finding { keys: vec![key], ..finding }
    };
    let lodash = keyed(Finding {
        title: "lodash: Command Injection".into(),
        severity: Severity::High,
        kind: Kind::Dependency,
        rule: Some("CVE-2021-23337".into()),
        identifiers: vec!["CVE-2021-23337".into(), "CWE-94".into()],
        location: Location { path: Some("package-lock.json".into()), start_line: Some(12), ..Location::default() },
        component: Some(Component {
            purl: Some("pkg:npm/lodash@4.17.20".into()),
            name: "lodash".into(),
            version: Some("4.17.20".into()),
        }),
        fix: Some(Fix { version: Some("4.17.21".into()), text: None }),
        cvss: vec![Cvss { vector: Some("CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H".into()), score: Some(7.2) }],
        references: vec!["https://nvd.nist.gov/vuln/detail/CVE-2021-23337".into()],
        description: Some("`template` runs code.".into()),
        ..Finding::default()
    });
    let hash = keyed(Finding {
        title: "Weak hash".into(),
        severity: Severity::Low,
        status: Status::RiskAccepted,
        kind: Kind::Code,
        rule: Some("py/weak-hash".into()),
        location: Location { path: Some("a.py".into()), start_line: Some(3), ..Location::default() },
        justification: Some("not for passwords".into()),
        ..Finding::default()
    });
    let scan = |scanner: &str, complete, findings| Scan {
        reader: scanner.to_lowercase(),
        scanner: scanner.into(),
        target: "shop".into(),
        report: format!("reports/{}.json", scanner.to_lowercase()),
        complete,
        failure: (!complete).then(|| "out of memory".to_owned()),
        unexamined: if complete { vec!["lib/old.js".into()] } else { Vec::new() },
        findings,
        ..Scan::default()
    };
    vec![scan("Trivy", true, vec![lodash]), scan("Semgrep", false, vec![hash])]
}

const PLAIN: Paint = Paint { colour: false };

#[test]
fn text_of_plans() {
    let told: Vec<String> = [plan(), applied(), refused(), quiet(), PlanView::default()]
        .iter()
        .map(|view| written(|out| plan_text(out, view, PLAIN, Detail::Changes)))
        .collect();
    insta::assert_snapshot!(told.join("----\n"));
    let quietly = written(|out| plan_text(out, &applied(), PLAIN, Detail::Sums));
    assert!(quietly.contains("title is too long") && !quietly.contains("CVE-2019-1"), "{quietly}");
}

#[test]
fn a_careful_run_never_looks_like_a_clean_one() {
    let mut view = quiet();
    assert!(
        written(|out| plan_text(out, &view, PLAIN, Detail::Changes))
            .ends_with("Nothing to do: 10 issues are in step\n")
    );
    view.mappings[0].held = plan().mappings[0].held.clone();
    view.mappings[0].counts.held = 1;
    let told = written(|out| plan_text(out, &view, PLAIN, Detail::Changes));
    assert!(told.contains("below min_severity: medium"));
    assert!(told.ends_with("Nothing to do now, 1 held back, 10 issues are in step\n"), "{told}");
}

#[test]
fn colour_only_where_asked_for() {
    assert!(!written(|out| plan_text(out, &applied(), PLAIN, Detail::Changes)).contains('\u{1b}'));
    let coloured = written(|out| plan_text(out, &applied(), Paint { colour: true }, Detail::Changes));
    assert!(coloured.contains("\u{1b}[32mopened  \u{1b}[0m"), "{coloured:?}");
}

#[test]
fn json_of_plans_keeps_its_promise() {
    for view in [plan(), applied(), refused(), quiet()] {
        let text = written(|out| reports::json(out, &view));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let validator = jsonschema::validator_for(&plan_schema()).unwrap();
        assert!(
            validator.is_valid(&value),
            "{:?}",
            validator.iter_errors(&value).map(|e| e.to_string()).collect::<Vec<_>>()
        );
    }
    insta::assert_snapshot!(written(|out| reports::json(out, &plan())));
    let done = serde_json::to_value(applied()).unwrap();
    let outcome = |at: usize| done["mappings"][0]["changes"][at]["outcome"].clone();
    assert_eq!([outcome(0), outcome(1), outcome(4)], ["done", "failed", "skipped"]);
    assert_eq!(done["mappings"][0]["changes"][0]["url"], "https://github.com/acme/shop/issues/18");
}

#[test]
fn json_of_findings_keeps_its_promise() {
    let scans = scans();
    let text = written(|out| reports::json(out, &findings_view(&scans)));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(jsonschema::validator_for(&findings_schema()).unwrap().is_valid(&value));
    insta::assert_snapshot!(text);
}

#[test]
fn other_formats_of_findings() {
    let scans = scans();
    let view = findings_view(&scans);
    insta::assert_snapshot!("findings_text", written(|out| findings_text(out, &view, PLAIN)));
    insta::assert_snapshot!("findings_csv", written(|out| csv(out, &view)));
    insta::assert_snapshot!("findings_sarif", written(|out| sarif(out, &view)));
    insta::assert_snapshot!("findings_code_quality", written(|out| code_quality(out, &view)));
}

#[test]
fn markdown_of_plans() {
    let told: Vec<String> =
        [plan(), applied(), refused(), quiet()].iter().map(|view| written(|out| plan_markdown(out, view))).collect();
    insta::assert_snapshot!(told.join("----\n"));
    let mut huge = plan();
    let change = huge.mappings[0].changes[0].clone();
    huge.mappings[0].changes = vec![change; 20_000];
    let told = written(|out| plan_markdown(out, &huge));
    assert!(told.len() < 1 << 20 && told.contains("more lines than the"), "{}", told.len());
}

#[test]
fn each_ci_is_told_in_its_way() {
    let mut told = String::new();
    for view in [applied(), refused()] {
        told += &written(|out| github_annotations(out, &view));
        told += &written(|out| azure_annotations(out, &view));
    }
    let values = outputs(&applied(), Some("plan.json"));
    told += &written(|out| github_outputs(out, &values));
    told += &written(|out| dotenv(out, &values));
    told += &written(|out| azure_outputs(out, &values));
    told += &written(|out| github_mask(out, "s%3\n"));
    told += &written(|out| azure_mask(out, "s%3\n"));
    told += &written(|out| gitlab_section(out, "find sync", "plan", 1_700_000_000, &mut |out| writeln!(out, "inside")));
    insta::assert_snapshot!(told.replace('\u{1b}', "ESC").replace('\r', "CR"));
}

#[test]
fn an_output_cannot_be_forged() {
    let value = "x\nfindsync_0\nadmin=true\nEOF";
    let text = written(|out| github_outputs(out, &[("plan", value.to_owned())]));
    let delimiter = text.lines().next().unwrap().strip_prefix("plan<<").unwrap();
    assert_eq!(text.lines().filter(|line| *line == delimiter).count(), 1);
    assert!(text.ends_with(&format!("{value}\n{delimiter}\n")));
}

/// Data that does something in a terminal, a log or a spreadsheet.
const HOSTILE: &str = "=cmd|x\u{1b}[2J\u{202e}\r\n::set-output name=a::b\n##vso[task.complete result=Failed]##[error]x %0A,:;] @team #1 <b> | `x`\u{9b}31m";

#[test]
fn hostile_data_does_nothing_anywhere() {
    let mut view = applied();
    let mapping = &mut view.mappings[0];
    [&mut mapping.label, &mut mapping.tracker, &mut mapping.project]
        .into_iter()
        .for_each(|text| *text = HOSTILE.into());
    for change in &mut mapping.changes {
        [&mut change.title, &mut change.reason, &mut change.key].into_iter().for_each(|text| *text = HOSTILE.into());
        change.fields = vec![field(HOSTILE, Some(HOSTILE), Some(HOSTILE))];
        change.place = Some((HOSTILE.into(), Some(1)));
        change.outcome.as_mut().unwrap().error = Some(HOSTILE.into());
    }
    for held in &mut mapping.held {
        [&mut held.title, &mut held.reason].into_iter().for_each(|text| *text = HOSTILE.into());
    }
    view.notes = vec![HOSTILE.into()];
    view.guard = Some(GuardView {
        refusals: vec![Refusal { mapping: Some(HOSTILE.into()), reason: HOSTILE.into(), setting: HOSTILE.into() }],
    });
    let mut scans = scans();
    for scan in &mut scans {
        [&mut scan.scanner, &mut scan.target, &mut scan.report].into_iter().for_each(|text| *text = HOSTILE.into());
        for finding in &mut scan.findings {
            finding.title = HOSTILE.into();
            finding.rule = Some(HOSTILE.into());
            finding.location.path = Some(HOSTILE.into());
        }
    }
    let findings = findings_view(&scans);
    let own = [
        ("text", written(|out| plan_text(out, &view, PLAIN, Detail::Changes))),
        ("markdown", written(|out| plan_markdown(out, &view))),
        ("json", written(|out| reports::json(out, &view))),
        ("findings text", written(|out| findings_text(out, &findings, PLAIN))),
        ("findings json", written(|out| reports::json(out, &findings))),
        ("csv", written(|out| csv(out, &findings))),
        ("sarif", written(|out| sarif(out, &findings))),
        ("code quality", written(|out| code_quality(out, &findings))),
    ];
    for (name, text) in &own {
        assert!(!text.contains("##vso[") && !text.contains("##["), "{name}: {text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{name}: {text}");
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{name}: {text:?}");
    }
    assert!(!own[5].1.lines().any(|line| line.starts_with('=') || line.contains(",=")), "{}", own[5].1);
    assert_eq!(written(|out| dotenv(out, &[("plan", HOSTILE.into())])).lines().count(), 1);
    // The words are still there for machines.
    let back: serde_json::Value = serde_json::from_str(&own[2].1).unwrap();
    assert_eq!(back["mappings"][0]["changes"][0]["title"], HOSTILE);
    // Commands hold one line and one command each.
    for (text, start) in [
        (written(|out| github_annotations(out, &view)), "::"),
        (written(|out| azure_annotations(out, &view)), "##vso[task.logissue type="),
    ] {
        for line in text.lines() {
            assert!(line.starts_with(start), "{line}");
            assert!(!line[start.len()..].contains("##"), "{line}");
            assert!(!line.contains("%0A,:;]"), "{line}");
        }
    }
}

#[test]
fn schemas_are_up_to_date() {
    for (name, schema) in [("findings", findings_schema()), ("plan", plan_schema())] {
        let path = format!("{}/schema/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(kept, text, "schema/{name}.schema.json is old: run the test with UPDATE_SCHEMAS=1");
    }
}
