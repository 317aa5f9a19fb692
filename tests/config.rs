//! The mapping file: what it means, what it refuses, and how it says so.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io;
use std::path::Path;

use findsync::ci::Ci;
use findsync::config::{
    Config, Credential, Error, FieldOn, Given, GroupBy, OnManualClose, OnReturn, Public, TrackerKind, UpdatePolicy,
};
use findsync::finding::{Kind, Severity, Source, Status};
use proptest::prelude::*;

fn env(name: &str) -> Option<String> {
    let value = match name {
        "FINDSYNC_TOKEN" => "tok-from-env-1234567890",
        "NAME" => "shop-from-env",
        "EMPTY" => "",
        "KEY" => "-----BEGIN KEY-----\nabc",
        _ => return None,
    };
    Some(value.to_owned())
}

fn read(path: &Path) -> io::Result<String> {
    match path.to_str() {
        Some("body.md.j2") => Ok("# {{ title }}".to_owned()),
        Some("typo.md.j2") => Ok("# {{ title }}\n{{ severty }}".to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

fn parse_in(ci: &Ci, text: &[u8]) -> Result<Config, Error> {
    Config::parse(
        text,
        ".findsync.yml",
        Given { env: &env, read: &read, template: &findsync::template::check, ci, tokens_needed: true },
    )
}

fn parse(text: &str) -> Result<Config, Error> {
    parse_in(&Ci::default(), text.as_bytes())
}

const DESIGN: &str = include_str!("fixtures/config/full.yml");

#[test]
fn reads_the_example_of_the_documentation_whole() {
    let config = parse(DESIGN).unwrap();
    assert_eq!(config.reports.len(), 3);
    assert_eq!(config.reports[0].target.as_deref(), Some("image:shop"));
    assert!(config.reports[2].partial);
    let instance = &config.instances[0];
    assert_eq!((instance.kind, instance.location.as_str()), (TrackerKind::GitHub, "https://github.com/acme"));
    assert!(matches!(&instance.credential, Credential::Token(token) if token.expose() == "tok-from-env-1234567890"));
    let mapping = &config.mappings[0];
    assert_eq!((mapping.project.name.as_str(), mapping.project.project_number), ("shop", Some(7)));
    assert_eq!(mapping.severity.value(Severity::High), "P3");
    assert_eq!(mapping.status.value(Status::Active).value, "In Progress");
    assert!(mapping.status.value(Status::Active).open && !mapping.status.value(Status::RiskAccepted).open);
    assert_eq!(mapping.group_by, [GroupBy::Component]);
    assert_eq!(mapping.fields[0].on, FieldOn::Create);
    let route = &config.routes[0];
    assert_eq!((route.mapping, route.when.min_severity), (0, Some(Severity::Medium)));
    let decision = &config.decisions[0];
    assert_eq!(decision.status, Status::RiskAccepted);
    assert_eq!(decision.until.unwrap().to_string(), "2027-01-31");
    assert_eq!(decision.source, ".findsync.yml:32");
    assert_eq!((config.limits.max_open, config.limits.max_close_percent, config.limits.scope_ttl), (100, 50, 30));
}

#[test]
fn a_mapping_that_names_only_its_project_has_the_seed_mappings_defaults() {
    let config = parse(
        "instances:
  - {label: hub, type: github, location: https://github.com/acme/}
  - {label: lab, type: gitlab}
  - {label: ado, type: azure_devops, location: https://dev.azure.com/acme}
  - {label: dir, type: local, location: issues}
mappings:
  - {instance: hub, repository: shop}
  - {instance: lab, project: acme/shop}
  - {instance: ado, project: Shop}
  - {instance: dir}
",
    )
    .unwrap();
    let told: Vec<_> = config
        .mappings
        .iter()
        .map(|m| {
            let instance = &config.instances[m.instance];
            let statuses =
                m.status.values.clone().map(|v| format!("{}/{}", v.value, if v.open { "open" } else { "closed" }));
            format!(
                "{} at {}: {} {:?}; {} {:?}; {}",
                m.label, instance.location, m.severity.field, m.severity.values, m.status.field, statuses, m.own_label
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
    assert!(config.routes.is_empty());
}

#[test]
fn takes_every_key_of_a_mapping() {
    let config = parse(
        "instances: [{label: a, type: azure_devops, location: https://acme.visualstudio.com, token: '${FINDSYNC_TOKEN}', token_type: bearer}]
mappings:
  - label: ${NAME}
    project: Shop
    work_item_type: Bug
    suppress_notifications: true
    status: {active: New, closed: {value: Resolved, state: open}}
    severity: {critical: 1, info: 007}
    own_label: sec
    decision_labels: {false_positive: [fp]}
    fields:
      - {field: Custom.Team, value: '$${x} {{ severity }}', on: risk_accepted, update: never}
    update: {title: always}
    due: {critical: 7, high: '30'}
    assignees: [ann@acme.io, bob@acme.io]
    milestone: M1
    area: Shop\\Web
    iteration: Shop\\Sprint 1
    parent: 12
    on_return: new
    on_manual_close: keep
    record_decisions: yes
    public: minimal
    confidential: never
    title: '{{ title }}'
    body: {file: body.md.j2}
",
    )
    .unwrap();
    assert!(matches!(config.instances[0].credential, Credential::Bearer(_)));
    let m = &config.mappings[0];
    assert_eq!(m.label, "shop-from-env");
    assert_eq!(m.project.work_item_type.as_deref(), Some("Bug"));
    assert!(m.project.suppress_notifications && m.record_decisions);
    assert!(m.status.value(Status::Closed).open);
    assert_eq!(m.severity.values, ["007", "4", "3", "2", "1"]);
    assert_eq!(m.decision_labels.false_positive, ["fp"]);
    assert_eq!(m.decision_labels.risk_accepted, ["risk-accepted", "wontfix"]);
    let fields: Vec<_> =
        m.fields.iter().map(|f| format!("{}={} {:?} {:?}", f.field, f.value, f.on, f.update)).collect();
    insta::assert_snapshot!(fields.join("\n"));
    assert_eq!((m.update.title, m.update.body), (UpdatePolicy::Always, UpdatePolicy::IfUnedited));
    assert_eq!(m.due.pairs(), [(Severity::High, 30), (Severity::Critical, 7)]);
    assert_eq!((m.on_return, m.on_manual_close), (OnReturn::New, OnManualClose::Keep));
    assert_eq!(m.public, Some(Public::Minimal));
    assert_eq!(m.title_template.as_deref(), Some("{{ title }}"));
    assert_eq!(m.body_template.as_deref(), Some("# {{ title }}"));
}

trait Pairs {
    fn pairs(&self) -> Vec<(Severity, u32)>;
}

impl Pairs for std::collections::BTreeMap<Severity, u32> {
    fn pairs(&self) -> Vec<(Severity, u32)> {
        self.iter().map(|(severity, days)| (*severity, *days)).collect()
    }
}

#[test]
fn a_folder_needs_no_mapping() {
    let config = parse("instances: [{label: d, type: local, location: x}]").unwrap();
    assert_eq!((config.mappings.len(), config.mappings[0].label.as_str()), (1, "local"));
}

#[test]
fn one_word_of_update_is_for_all_parts() {
    let config = parse("instances: [{label: d, type: local, location: x}]\nmappings: [{update: never}]").unwrap();
    let update = config.mappings[0].update;
    assert_eq!([update.title, update.body, update.severity, update.status], [UpdatePolicy::Never; 4]);
}

#[test]
fn a_route_takes_all_its_filters() {
    let config = parse(
        "instances: [{label: d, type: local, location: x}]
mappings: [{label: m}]
routes:
  - when: {kinds: [Secret, code], scanners: [trivy*], targets: ['image:*'], rules: [CVE-*], components: [lodash], tags: [a], fix_available: true}
",
    )
    .unwrap();
    let when = &config.routes[0].when;
    assert_eq!(when.kinds, [Kind::Secret, Kind::Code]);
    assert_eq!((when.fix_available, when.min_severity), (Some(true), None));
}

#[test]
fn an_empty_file_is_a_mapping_file() {
    for text in ["", "\n", "# nothing\n", "\u{feff}# nothing", "{}"] {
        let config = parse(text).unwrap_or_else(|e| panic!("{text:?}: {e}"));
        assert!(config.mappings.is_empty() && config.reports.is_empty(), "{text:?}");
    }
}

#[test]
fn a_token_that_is_not_set_is_no_error_where_strangers_may_run() {
    let text = "instances: [{label: a, type: github, location: https://github.com/acme, token: '${ABSENT}'}]";
    assert!(parse(text).is_err());
    let ci = Ci { pull_request: Some(findsync::ci::PullRequest::default()), ..Ci::default() };
    assert_eq!(parse_in(&ci, text.as_bytes()).unwrap().instances[0].credential, Credential::None);
}

/// Wrong files, one for each kind of problem and each way to get there.
const WRONG: &[(&str, &str)] = &[
    ("not_yaml", "reports:\n  - path: [a\nmappings: x\n"),
    ("a_tab", "reports:\n\t- path: a\n"),
    ("two_documents", "reports: []\n---\nreports: []\n"),
    ("a_list", "- reports\n"),
    ("unknown_key", "instances:\n  - label: a\n    type: github\n    loaction: https://github.com/acme\n"),
    ("unknown_key_on_top", "mapping:\n  - label: a\n"),
    ("unknown_key_in_line", "limits: { max_open: 5, maxclose: 3 }\n"),
    ("unknown_key_in_short_form", "mappings:\n  - status:\n      active: { value: New, stat: open }\n"),
    ("duplicate_key", "limits: {}\nvex: []\nlimits: {}\n"),
    (
        "all_of_the_structure",
        "limit: {}\nmappings:\n  - { label: a, severty: {}, labels: x }\n  - { update: [always], title: { path: x } }\n  - text\nbranches: { main: true }\nrouts: []\n",
    ),
    ("missing_key", "reports:\n  - target: x\n"),
    ("wrong_type", "reports: reports/*.sarif\n"),
    ("nothing_for_a_list", "mappings:\nroutes: []\n"),
    ("wrong_type_inside", "mappings:\n  - labels: security\n"),
    ("wrong_bool", "reports:\n  - path: a\n    partial: maybe\n"),
    (
        "wrong_words",
        "instances:\n  - { label: a, type: githob, location: x }\nroutes:\n  - when: { min_severity: hihg, kinds: [sast] }\ndecisions:\n  - match: { id: CVE-1 }\n    status: active\n    until: 31.1.2027\n  - match: {}\n    status: false_positive\n  - match: { key: abc }\n    status: risk-accepted\nlimits: { max_close_percent: 200, max_open: many }\n",
    ),
    (
        "dangling",
        "instances:\n  - { label: acme, type: local, location: issues }\nmappings:\n  - { label: shop, instance: acne }\nroutes:\n  - mapping: shopp\n  - mapping: other\n",
    ),
    (
        "duplicate_labels",
        "instances:\n  - { label: a, type: local, location: x }\n  - { label: a, type: local, location: y }\nmappings:\n  - { label: m, instance: a }\n  - { label: m, instance: a }\n",
    ),
    ("bad_globs", "reports: [{ path: 'a[' }]\nvex: ['{a']\nbranches: ['[z-a]']\n"),
    (
        "literal_secrets",
        "instances:\n  - label: a\n    type: github\n    location: https://github.com/acme\n    token: ghp_0123456789abcdefghij\n  - { label: b, type: github, location: 'https://github.com/b', app: { id: 1, private_key: \"-----BEGIN RSA\" } }\n  - { label: c, type: gitlab, token: 'x${FINDSYNC_TOKEN}' }\n",
    ),
    ("secret_beside_an_error", "instances:\n  - { label: a, token: ghp_0123456789abcdefghij, typ: github }\n"),
    (
        "secrets_beside_an_error",
        "instances:\n  - { label: a, token_type: token, token: ghp_a, typ: x, app: { private_key: 'ghp_, }', ib: 1 } }\n",
    ),
    ("secret_in_a_block", "instances:\n  - label: b\n    private_key: |\n      ghp_ [ x\n     bad: [\n"),
    ("secret_in_a_url", "instances:\n  - { label: a, type: gitlab, location: 'https://ghp_x@gitlab.com', urk: 1 }\n"),
    ("secret_under_a_wrong_key", "instances:\n  - label: a\n    tokn: ghp_0123456789abcdefghij\n"),
    (
        "variables",
        "vex: ['${ABSENT}', '${', '${NAME']\ninstances:\n  - { label: '${NAME}', type: '${NAME}', location: '${NAME}', token: '${ABSENT}' }\n",
    ),
    (
        "env_is_not_told",
        "instances:\n  - { label: '${NAME}', type: gitlab, location: '${NAME}' }\n  - { label: '${NAME}', type: '${FINDSYNC_TOKEN}' }\nmappings:\n  - { label: a, instance: shop-from-emv, project: x }\n",
    ),
    (
        "locations",
        "instances:\n  - { label: a, type: github, location: https://github.com }\n  - { label: b, type: gitlab, location: http://gitlab.acme.io }\n  - { label: c, type: gitlab, location: https://me:secret@gitlab.acme.io }\n  - { label: d, type: azure_devops, location: https://dev.azure.com/ }\n  - { label: e, type: github, location: acme }\n  - { label: f, type: github }\n  - { label: g, type: gitlab, location: 'https://gitlab.com/?private_token=abc' }\n",
    ),
    (
        "wrong_service",
        "instances:\n  - { label: lab, type: gitlab }\n  - { label: hub, type: github, location: https://github.com/acme }\nmappings:\n  - { label: a, instance: lab, repository: shop, work_item_type: Bug }\n  - { label: b, instance: hub, project: shop, area: x }\n  - { label: c, instance: hub, repository: other/shop }\n  - { label: d, repository: shop }\n",
    ),
    ("no_instance", "mappings:\n  - label: a\n    repository: shop\n"),
    (
        "status_and_fields",
        "instances: [{ label: d, type: local, location: x }]\nmappings:\n  - status: { active: { value: New, state: closed }, closed: { value: Done, state: ajar } }\n    assignees: [ann]\n    fields:\n      - { field: Team, value: a }\n      - { field: team, value: b }\n      - { field: Assignees, value: bob }\n    update: sometimes\n    body: { file: absent.j2 }\n",
    ),
    ("endless_time", "limits: { scope_ttl: 999999999 }\nmappings:\n  - due: { high: 36501 }\n"),
    (
        "route_without_mapping",
        "instances: [{ label: d, type: local, location: x }]\nmappings: [{ label: a }, { label: b }]\nroutes:\n  - mapping: a\n  - when: { fix_available: true }\n  - {}\n",
    ),
    (
        "templates",
        "instances: [{ label: d, type: local, location: x }]\nmappings:\n  - label: a\n    title: \"é {{ titel }}\"\n    body: |\n      # {{ title }}\n      {{ component.nam }}\n    fields:\n      - { field: Team, value: '{{ ownr }}' }\n      - { field: X, value: '{% if severity %}' }\n  - { label: b, body: { file: typo.md.j2 } }\n",
    ),
    (
        "what_github_lacks",
        "instances: [{ label: hub, type: github, location: https://github.com/acme }]\nmappings:\n  - repository: shop\n    parent: 41\n    iteration: Sprint 1\n",
    ),
    (
        "what_others_lack",
        "instances: [{ label: lab, type: gitlab }, { label: boards, type: azure_devops, location: https://dev.azure.com/acme }]\nmappings:\n  - { label: a, instance: lab, project: shop, iteration: x }\n  - { label: b, instance: boards, project: shop, issue_type: Bug }\n",
    ),
    ("control_characters", "vex: [\"a\\e[31m\\n::set-output name=x::y[\"]\n"),
];

#[test]
fn tells_what_is_wrong_where_and_what_to_do() {
    let mut told = String::new();
    for (name, text) in WRONG {
        let error = parse(text).expect_err(name).to_string();
        for secret in ["ghp_", "-----BEGIN", "tok-from-env", "shop-from-env"] {
            let leaked = error.lines().filter(|line| line.contains(secret)).collect::<Vec<_>>();
            assert!(leaked.is_empty(), "{name} prints {secret}: {leaked:?}");
        }
        told += &format!("## {name}\n{error}\n\n");
    }
    insta::assert_snapshot!("problems", told);
}

#[test]
fn names_the_file_that_is_not_there() {
    let ci = Ci::default();
    let given = Given { env: &env, read: &read, template: &findsync::template::check, ci: &ci, tokens_needed: true };
    let error = Config::load(Path::new("absent/.findsync.yml"), given).unwrap_err();
    assert!(error.to_string().starts_with("cannot read the mapping file `absent/.findsync.yml`: "), "{error}");
}

proptest! {
    #[test]
    fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse_in(&Ci::default(), &bytes).map_err(|e| e.to_string());
    }

    #[test]
    fn a_mutated_file_gives_an_answer(at in 0..DESIGN.len(), cut in 0..40_usize, with in "[ -~\u{e9}\u{1F511}\n\t]{0,6}") {
        let mut bytes = DESIGN.as_bytes().to_vec();
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, with.bytes());
        let _ = parse_in(&Ci::default(), &bytes).map_err(|e| e.to_string());
    }
}

#[test]
fn deep_and_endless_files_are_refused() {
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nvex: [*c,*c,*c,*c,*c,*c,*c,*c]\n";
    for text in ["[".repeat(100_000), "a: ".repeat(50_000), "{a: ".repeat(20_000), bomb.to_owned()] {
        assert!(parse(&text).is_err());
    }
    assert!(parse_in(&Ci::default(), &vec![b'#'; 5 << 20]).is_err());
}

#[test]
fn reports_and_mappings_name_repositories_beside_the_runs_own() {
    let ci = Ci { source: Source::named("github.com/acme/shop"), ..Ci::default() };
    let text = "reports:
  - {path: a.json, repository: Pay}
  - {path: b.json, repository: 'https://git.acme.io/x/y.git', formerly: [image:web, old/y]}
instances: [{label: a, type: local, location: issues}]
mappings: [{shared: true, formerly: [acme/old-name]}]
";
    let config = parse_in(&ci, text.as_bytes()).unwrap();
    let named = |at: usize| config.reports[at].repository.as_ref().map(|source| source.name.as_str());
    assert_eq!((named(0), named(1)), (Some("github.com/acme/pay"), Some("git.acme.io/x/y")));
    // A former name may be a target's or a repository's.
    assert_eq!(config.reports[1].formerly, ["image:web", "old/y", "github.com/old/y"]);
    assert_eq!(config.mappings[0].shared, Some(true));
    assert_eq!(config.mappings[0].formerly, ["github.com/acme/old-name"]);
    assert_eq!(parse("mappings: []").unwrap().mappings.iter().filter_map(|m| m.shared).count(), 0);

    let error = parse(text).unwrap_err().to_string();
    insta::assert_snapshot!(error);
}

#[test]
fn no_report_sets_a_label_that_means_something() {
    for (kind, project, field) in [
        ("github", "repository: shop", "labels"),
        ("gitlab", "project: a/b", "labels"),
        ("azure_devops", "project: b", "tags"),
    ] {
        let text = format!(
            "instances: [{{ label: a, type: {kind}, location: 'https://git.example.org/acme', token: '${{FINDSYNC_TOKEN}}' }}]\n\
             mappings: [{{ instance: a, {project}, severity: {{ field: Rank, critical: top }}, \
             status: {{ field: Stage, active: doing }}, fields: [{{ field: {field}, value: '{{{{ tags | first }}}}' }}, \
             {{ field: Team, value: Payments }}] }}]\n"
        );
        let config = parse(&text).unwrap_or_else(|error| panic!("{error}"));
        let mapping = &config.mappings[0];
        for label in [
            "Rank::top",
            "rank: 5",
            "top",
            "Stage::Done",
            "stage:doing",
            "doing",
            "Team::Payments",
            "findsync",
            "findsync-decided",
        ] {
            assert!(mapping.gives_meaning_to(field, label), "{kind}: {label}");
        }
        for label in ["security", "Ranking::top", "lang::rust", "xss"] {
            assert!(!mapping.gives_meaning_to(field, label), "{kind}: {label}");
        }
        // A field's own values are its own.
        assert!(!mapping.gives_meaning_to("Team", "Team::Shop"), "{kind}");
    }
}
