//! Templates: what an issue says, and which templates are refused.
#![expect(clippy::unwrap_used, reason = "a test fails where something is missing")]

use findsync::ci::{CodeLinks, Service};
use findsync::finding::{
    Component, Cvss, Evidence, Finding, Fix, Key, Kind, Location, Scope, Severity, Status, digest,
};
use findsync::issue::{IssueId, Limits, Markup, Note};
use findsync::template::{RunRef, Sources, Style, Templates, comment};
use findsync::triage::{Item, Ticket};

fn limits(markup: Markup) -> Limits {
    Limits {
        title: 255,
        body: 65_536,
        comment: 65_536,
        stamp: 20_000,
        stamp_in_body: true,
        conditional_writes: false,
        confidential: false,
        markup,
        concurrency: 1,
    }
}

fn style(markup: Markup, commit: &str) -> Style {
    let links = CodeLinks {
        service: Service::GitHub,
        repository: "https://github.com/acme/shop".into(),
        commit: commit.into(),
    };
    Style { limits: limits(markup), links: Some(links), public_minimal: false }
}

fn trivy() -> Scope {
    Scope { scanner: "Trivy".into(), target: "shop".into(), ..Scope::default() }
}

fn item(finding: Finding) -> Item {
    let key = Key { version: 1, kind: Some(finding.kind), digest: digest([("title", finding.title.as_str())]) };
    Item {
        elsewhere: None,
        versions: finding.component.iter().filter_map(|c| c.version.clone()).collect(),
        finding,
        key,
        uid: None,
        owner: None,
        scopes: vec![trivy()],
        status: Status::Active,
        headline: None,
    }
}

fn ticket(finding: Finding) -> Ticket {
    let item = item(finding);
    Ticket {
        key: item.key,
        group: None,
        status: Status::Active,
        reason: None,
        severity: item.finding.severity,
        items: vec![item],
        attribution: vec![(trivy(), "")],
    }
}

fn dependency() -> Finding {
    Finding {
        title: "lodash: Command Injection".into(),
        severity: Severity::High,
        kind: Kind::Dependency,
        rule: Some("CVE-2021-23337".into()),
        identifiers: vec!["CVE-2021-23337".into(), "GHSA-35JH-R3H4-6JHM".into(), "CWE-94".into(), "SNYK-1".into()],
        location: Location { path: Some("package-lock.json".into()), start_line: Some(12), ..Location::default() },
        component: Some(Component {
            purl: Some("pkg:npm/lodash@4.17.20".into()),
            name: "lodash".into(),
            version: Some("4.17.20".into()),
        }),
        fix: Some(Fix { version: Some("4.17.21".into()), text: Some("Upgrade `lodash`.".into()) }),
        cvss: vec![Cvss { vector: Some("CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H".into()), score: Some(7.2) }],
        references: vec![
            "https://nvd.nist.gov/vuln/detail/CVE-2021-23337".into(),
            "https://github.com/lodash/lodash/issues/1".into(),
        ],
        description: Some("### Impact\n`template` runs code.\n\n- one\n- two".into()),
        ..Finding::default()
    }
}

fn render(ticket: &Ticket, style: &Style) -> findsync::template::Rendered {
    Templates::new(&Sources::default()).unwrap().render(ticket, style).unwrap()
}

#[test]
fn tells_a_vulnerable_package() {
    let told = render(&ticket(dependency()), &style(Markup::GitHub, "abc123"));
    insta::assert_snapshot!(format!("# {}\n\n{}", told.title, told.body));
}

#[test]
fn tells_code_and_decisions() {
    let finding = Finding {
        title: "SQL injection".into(),
        severity: Severity::Critical,
        kind: Kind::Code,
        rule: Some("py/sql-injection".into()),
        identifiers: vec!["CWE-89".into()],
        location: Location {
            path: Some("shop/db.py".into()),
            start_line: Some(7),
            end_line: Some(9),
            ..Location::default()
        },
        locations: vec![Location { path: Some("shop/web.py".into()), start_line: Some(3), ..Location::default() }],
        description: Some("A query is built from `request.args`.".into()),
        first_seen: Some("2026-11-01".into()),
        ..Finding::default()
    };
    let mut ticket = ticket(finding);
    ticket.status = Status::RiskAccepted;
    ticket.reason = Some("not reachable, see ADR 12".into());
    let told = render(&ticket, &style(Markup::GitHub, "abc123"));
    insta::assert_snapshot!(format!("# {}\n\n{}", told.title, told.body));
}

#[test]
fn tells_of_a_secret_only_kind_place_and_short_hash() {
    let planted = "AKIAIOSFODNN7EXAMPLE";
    let all = || Some(format!("found {planted} here"));
    let finding = Finding {
        title: format!("AWS key {planted}"),
        severity: Severity::High,
        kind: Kind::Secret,
        rule: Some("aws-access-key".into()),
        location: Location {
            path: Some("prod.env".into()),
            start_line: Some(2),
            url: all(),
            parameter: all(),
            ..Location::default()
        },
        fix: Some(Fix { version: all(), text: all() }),
        description: all(),
        references: vec![format!("https://example.org/{planted}")],
        tags: vec![planted.into()],
        evidence: Evidence { secret_hash: Some("0123456789abcdef".into()), message: all(), ..Evidence::default() },
        ..Finding::default()
    };
    let told = render(&ticket(finding), &style(Markup::GitHub, "abc123"));
    insta::assert_snapshot!(format!("# {}\n\n{}", told.title, told.body));
    for part in planted.as_bytes().windows(8) {
        let part = std::str::from_utf8(part).unwrap();
        assert!(!told.body.contains(part) && !told.title.contains(part), "{part} leaked");
    }
    assert!(!told.body.contains("0123456789"), "the hash is not short");
}

fn group(count: usize) -> Ticket {
    let mut ticket = ticket(dependency());
    ticket.group = Some("Findings in lodash".into());
    ticket.items = (0..count)
        .map(|i| {
            let mut finding = dependency();
            finding.identifiers[0] = format!("CVE-2021-{i:05}");
            item(finding)
        })
        .collect();
    ticket
}

#[test]
fn tells_a_group_and_does_not_hide_that_there_is_more() {
    let told = render(&group(3), &style(Markup::GitHub, "abc123"));
    insta::assert_snapshot!(format!("# {}\n\n{}", told.title, told.body));
    for (count, body) in [(500, 65_536), (500, 20_000), (5_000, 4_000)] {
        let mut style = style(Markup::GitHub, "abc123");
        style.limits.body = body;
        let told = render(&group(count), &style);
        assert!(told.body.chars().count() <= body / 2, "{count} in {body}");
        let listed = told.body.matches("CVE-2021-").count() - told.body.matches("](https://nvd").count();
        let more = told.body.split("… and ").nth(1).unwrap().split(' ').next().unwrap().parse::<usize>().unwrap();
        assert_eq!(listed + more, count, "{}", told.body);
    }
}

#[test]
fn the_commit_is_in_the_links_but_not_in_the_digest() {
    let (a, b) = ("a".repeat(40), "b".repeat(40));
    let [first, second] = [&a, &b].map(|commit| render(&ticket(dependency()), &style(Markup::GitHub, commit)));
    assert!(first.body.contains(&a) && second.body.contains(&b));
    assert_eq!(first.content, second.content);
    let mut changed = dependency();
    changed.severity = Severity::Low;
    assert_ne!(render(&ticket(changed), &style(Markup::GitHub, &a)).content, first.content);
}

#[test]
fn minimal_tells_rule_and_place_only() {
    let mut finding = dependency();
    finding.kind = Kind::Code;
    finding.rule = Some("js/code-injection".into());
    let minimal = Style { public_minimal: true, ..style(Markup::GitHub, "abc") };
    let told = render(&ticket(finding), &minimal);
    assert_eq!(told.title, "js/code-injection in package-lock.json");
    for detail in ["Command", "Impact", "lodash", "4.17", "CVSS", "lodash/issues"] {
        assert!(!told.body.contains(detail), "{detail}: {}", told.body);
    }
    let mut dynamic = ticket(Finding {
        kind: Kind::Dynamic,
        rule: Some("xss".into()),
        location: Location { url: Some("https://shop.test/cart?token=s3cret#x".into()), ..Location::default() },
        ..Finding::default()
    });
    dynamic.status = Status::RiskAccepted;
    dynamic.reason = Some("behind the VPN of Building 7".into());
    let whole = Templates::new(&Sources {
        body: Some("{{ reason }} {{ location.url }} {{ location.shown }}"),
        ..Sources::default()
    });
    let whole = whole.unwrap();
    for told in [render(&dynamic, &minimal).body, whole.render(&dynamic, &minimal).unwrap().body] {
        assert!(told.contains("shop.test/cart"), "{told}");
        assert!(!told.contains("s3cret") && !told.contains("VPN"), "{told}");
    }
    assert!(minimal.hides(&dynamic) && !minimal.hides(&ticket(dependency())));
    // What is published anyway may be told.
    assert!(render(&ticket(dependency()), &minimal).body.contains("4.17.21"));
}

#[test]
fn html_is_made_of_the_same_text() {
    let told = render(&ticket(dependency()), &style(Markup::Html, "abc123"));
    assert!(told.body.starts_with("<p>lodash: Command Injection</p>"), "{}", told.body);
    assert!(told.body.contains("<code>package-lock.json:12</code></a>"));
}

#[test]
fn users_templates_are_escaped_too() {
    let sources = Sources {
        title: Some("{{ severity | upper }}: {{ summary }}"),
        body: Some(
            "{{ description }} {% autoescape false %}{{ description }}{% endautoescape %} {{ rule | code }}{{ nothing_here | default('') if false }}",
        ),
        fields: &[("Team", "platform-{{ kind }}"), ("Component", "{{ component.name }}")],
    };
    let error = Templates::new(&sources).unwrap_err().to_string();
    assert_eq!(error, "body template, line 1: there is no `nothing_here`");
    let body = "{{ description }} {% autoescape false %}{{ description }}{% endautoescape %} {{ rule | code }}";
    let templates = Templates::new(&Sources { body: Some(body), ..sources }).unwrap();
    let mut finding = dependency();
    finding.title = "@team see #1".into();
    finding.description = Some("<b>@team</b>".into());
    finding.component = None;
    let told = templates.render(&ticket(finding), &style(Markup::GitHub, "abc")).unwrap();
    assert_eq!(told.title, "HIGH: @\u{200b}team see #\u{200b}1");
    assert_eq!(told.body, "&lt;b&gt;@\u{200b}team&lt;/b&gt; &lt;b&gt;@\u{200b}team&lt;/b&gt; `CVE-2021-23337`");
    assert_eq!(told.fields, ["platform-dependency", ""]);
}

#[test]
fn wrong_templates_name_the_place() {
    let refused = |body| Templates::new(&Sources { body: Some(body), ..Sources::default() }).unwrap_err().to_string();
    assert_eq!(refused("ok\n{{ severty }}"), "body template, line 2: there is no `severty`, did you mean `severity`?");
    assert_eq!(
        refused("{{ component.nam }}"),
        "body template, line 1: there is no `component.nam`, did you mean `component.name`?"
    );
    assert!(
        refused("a\n\n{% if severity %}").starts_with("body template, line 3: "),
        "{}",
        refused("a\n\n{% if severity %}")
    );
    assert!(refused("{{ description | safe }}").contains("safe"));
    assert!(refused("{% for f in findings %}{{ f.titel }}{% endfor %}").contains("undefined"));
    let field = Sources { fields: &[("Team", "{{ ownr }}")], ..Sources::default() };
    assert_eq!(Templates::new(&field).unwrap_err().to_string(), "template of field `Team`, line 1: there is no `ownr`");
}

#[test]
fn comments_say_why_and_by_which_run() {
    let run = RunRef { commit: Some("abc123".into()), url: Some("https://github.com/acme/shop/actions/runs/1".into()) };
    let scope = |scanner: &str| Scope { scanner: scanner.into(), target: "shop".into(), ..Scope::default() };
    let seen_by = || "Trivy in @a/package-lock.json".to_owned();
    let notes = [
        Note::Fixed { scopes: vec![scope("Trivy")], expired: vec![], because: None },
        Note::Fixed { scopes: vec![scope("Trivy"), scope("Grype")], expired: vec![scope("Snyk")], because: None },
        Note::Fixed { scopes: vec![], expired: vec![], because: Some("fixed (vex.json)".into()) },
        Note::Decided { status: Status::RiskAccepted, reason: Some("see ADR 12.".into()) },
        Note::Decided { status: Status::FalsePositive, reason: None },
        Note::SeenAgain { seen_by: seen_by() },
        Note::StillThere { seen_by: seen_by(), by_bot: false },
        Note::StillThere { seen_by: seen_by(), by_bot: true },
        Note::NewInGroup { titles: vec!["CVE-1 in @a".into()], seen_by: seen_by() },
        Note::DecisionEnded { reason: Some("the acceptance has run out on 2027-01-31".into()), seen_by: seen_by() },
        Note::Duplicate {
            of: IssueId { number: 3, url: "https://github.com/acme/shop/issues/3".into(), handle: String::new() },
        },
    ];
    let said: Vec<String> = notes.iter().map(|note| comment(note, &run, &limits(Markup::GitHub))).collect();
    insta::assert_snapshot!(said.join("\n---\n"));
    assert_eq!(comment(&notes[4], &RunRef::default(), &limits(Markup::GitHub)), "**This is a false positive**.");
    assert!(comment(&notes[0], &run, &limits(Markup::Html)).starts_with("<p><strong>Fixed</strong>"));
}

#[test]
fn comments_quote_labels_as_labels() {
    for (reason, shown) in [
        ("label `false-positive`", ": label `false-positive`."),
        ("`Status` is `Won't <fix>`", ": `Status` is `Won't <fix>`."),
        ("a lone ` and @team", ": a lone &#96; and"),
    ] {
        let note = Note::Decided { status: Status::FalsePositive, reason: Some(reason.to_owned()) };
        let text = comment(&note, &RunRef::default(), &limits(Markup::GitHub));
        assert!(text.contains(shown) && !text.contains("@team"), "{text}");
    }
}
