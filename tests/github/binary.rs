//! The program against the fake: exit codes, what it says where something fails, and that it never tells a token.

use crate::fake::{Fake, Fault, TOKEN, World};
use crate::program::Workplace;

/// A folder with three dependencies to report, and later two of them and a new one.
fn workplace(fake: &Fake, mapping: &str, token: &str) -> Workplace {
    let file = format!(
        "instances:
  - {{ label: hub, type: github, location: {}/acme, token: \"${{TOKEN}}\" }}
mappings:
  - {{ {mapping} }}
",
        fake.url
    );
    Workplace::new(&file).with("TOKEN", token)
}

#[tokio::test]
async fn done_is_0_and_a_tripped_gate_1() {
    let fake = Fake::start(World::default()).await;
    let place = workplace(&fake, "repository: shop", TOKEN);
    place.run("plan trivy.json").await.expect(0, &["3"]);
    assert!(fake.world().issues.is_empty());
    place.run("check").await.expect(0, &[]);
    place.run("apply -vv trivy.json").await.expect(0, &["POST", "/repos/acme/shop/issues"]);
    assert_eq!(fake.world().issues.len(), 3);
    place.run("apply trivy.json").await.expect(0, &["Nothing to do"]);
    let asked = workplace(&fake, "repository: shop", TOKEN)
        .with("GITHUB_ACTIONS", "true")
        .with("GITHUB_EVENT_NAME", "push")
        .with("GITHUB_REF", "refs/heads/main")
        .with("RUNNER_DEBUG", "1");
    asked.run("plan trivy.json").await.expect(0, &["DEBUG", "/graphql"]);
    place.run("plan --fail-on high trivy.json").await.expect(1, &["failed by `--fail-on high`: 1 Critical", "active"]);
    place.run("apply --fail-on critical next.json --format json").await.expect(0, &["\"exit_code\": 0"]);
    assert_eq!(fake.world().issues.iter().filter(|issue| issue.open).count(), 3);
}

#[tokio::test]
async fn what_cannot_work_is_2_and_says_what_to_do() {
    let fake = Fake::start(World::with_project()).await;
    let run = async |mapping: &str, token: &str, command: &str| workplace(&fake, mapping, token).run(command).await;
    let shop = "repository: shop";
    run(shop, "ghp_wrong0000", "apply trivy.json").await.expect(2, &["does not accept the token", "not expired"]);
    run("repository: shoe", TOKEN, "apply trivy.json").await.expect(2, &["`acme/shoe`", "check the name"]);
    run(shop, "ghp_outsider00", "apply trivy.json").await.expect(2, &["or the token may not see it"]);
    run(shop, TOKEN, "apply missing.json").await.expect(2, &["missing.json"]);
    let strange = "repository: shop, project_number: 7, severity: { field: Urgency }";
    run(strange, TOKEN, "apply trivy.json").await.expect(2, &["no field `Urgency`", "findsync check --fix"]);
    let milestone = "repository: shop, milestone: v9";
    run(milestone, TOKEN, "apply trivy.json").await.expect(2, &["no milestone `v9`", "name another one"]);
    let lost = "repository: shop, project_number: 7, status: { active: Doing }";
    run(lost, "ghp_noproject0", "check").await.expect(2, &["scope `project`", "cannot see Project 7"]);
    assert!(fake.world().issues.is_empty() && fake.world().labels.is_empty(), "nothing was changed");
    fake.world().archived = true;
    run(shop, TOKEN, "apply trivy.json").await.expect(2, &["archived", "take it out of the mapping"]);
    fake.world().archived = false;
    fake.world().issues_enabled = false;
    run(shop, TOKEN, "apply trivy.json").await.expect(2, &["issues are disabled", "turn them on"]);
}

#[tokio::test]
async fn what_would_be_told_to_everybody_is_3() {
    let fake = Fake::start(World::default()).await;
    fake.world().public = true;
    let place = workplace(&fake, "repository: shop", TOKEN);
    place.run("apply bandit.json").await.expect(3, &["public: minimal"]);
    assert!(fake.world().issues.is_empty());
    place.run("apply trivy.json").await.expect(0, &[]);
    let asked = workplace(&fake, "repository: shop, public: minimal", TOKEN);
    asked.run("apply bandit.json").await.expect(0, &[]);
}

#[tokio::test]
async fn what_the_guard_keeps_is_told_nowhere_in_public() {
    let fake = Fake::start(World::default()).await;
    fake.world().public = true;
    let file = format!(
        "instances: [{{ label: hub, type: github, location: {}/acme, token: \"${{FINDSYNC_TOKEN}}\" }}]
mappings: [{{ repository: shop }}]
",
        fake.url
    );
    let in_ci = |private: bool| {
        let place = Workplace::new(&file).with("FINDSYNC_TOKEN", TOKEN);
        let event = format!("{{\"repository\": {{\"private\": {private}, \"default_branch\": \"main\"}}}}");
        std::fs::write(place.path("event.json"), event).unwrap();
        let [event, summary, output] = ["event.json", "summary.md", "outputs"].map(|name| place.path(name));
        place
            .with("GITHUB_ACTIONS", "true")
            .with("GITHUB_SERVER_URL", &fake.url)
            .with("GITHUB_EVENT_NAME", "push")
            .with("GITHUB_REF", "refs/heads/main")
            .with("GITHUB_EVENT_PATH", &event)
            .with("GITHUB_STEP_SUMMARY", &summary)
            .with("GITHUB_OUTPUT", &output)
    };
    let place = in_ci(false);
    let hidden = ["src/a.py", "subprocess call", "shell=True"];
    let mut told = String::new();
    for format in ["text", "json", "markdown"] {
        let ran =
            place.run(&format!("apply bandit.json -vv --format {format} --out p.json --out p.md --out p.txt")).await;
        ran.expect(3, &["B602", "public: minimal"]);
        told += &(ran.out + &ran.err);
    }
    for name in ["p.json", "p.md", "p.txt", "summary.md", "outputs"] {
        told += &place.file(name);
    }
    for format in ["text", "json", "csv", "sarif", "markdown", "code-quality"] {
        let ran = place.run(&format!("findings bandit.json -vv --format {format}")).await;
        ran.expect(0, &["1 of `B602`"]);
        told += &(ran.out + &ran.err);
    }
    for words in hidden {
        assert!(!told.contains(words), "{words} in {told}");
    }
    // Maintainers see it where they choose to, and where nobody else reads along.
    place.run("plan bandit.json --full-out full.json").await;
    assert!(place.file("full.json").contains("src/a.py"));
    place.run("findings bandit.json --format json --full-out all.json").await;
    assert!(place.file("all.json").contains("src/a.py"));
    in_ci(true).run("findings bandit.json").await.expect(0, &["src/a.py"]);
    Workplace::new(&file).with("FINDSYNC_TOKEN", TOKEN).run("plan bandit.json").await.expect(3, &["src/a.py"]);
    // A plan that does not tell everything is none to carry out.
    place.run("apply bandit.json --plan p.json").await.expect(2, &["--full-out"]);
    place.run("apply trivy.json --out p.json").await.expect(0, &["lodash"]);
}

#[tokio::test]
async fn a_private_board_is_told_in_no_public_log() {
    let fake = Fake::start(World::default()).await;
    let file = format!(
        "instances: [{{ label: hub, type: github, location: {}/acme, token: \"${{FINDSYNC_TOKEN}}\" }}]
mappings: [{{ repository: shop }}]
",
        fake.url
    );
    let in_ci = |event: &str| {
        let place = Workplace::new(&file).with("FINDSYNC_TOKEN", TOKEN);
        std::fs::write(place.path("event.json"), event).unwrap();
        let event = place.path("event.json");
        place
            .with("GITHUB_ACTIONS", "true")
            .with("GITHUB_SERVER_URL", &fake.url)
            .with("GITHUB_API_URL", &format!("{}/api/v3", fake.url))
            .with("GITHUB_REPOSITORY", "acme/shop")
            .with("GITHUB_EVENT_NAME", "push")
            .with("GITHUB_REF", "refs/heads/main")
            .with("GITHUB_EVENT_PATH", &event)
    };
    // A repository of members, and one of which only the server says that it is.
    for event in ["{\"repository\": {\"private\": true, \"default_branch\": \"main\"}}", "{}"] {
        in_ci(event).run("plan bandit.json").await.expect(0, &["src/a.py"]);
    }
    let public = in_ci("{\"repository\": {\"private\": false, \"default_branch\": \"main\"}}");
    let files = "--out p.json --out p.md --out gl-code-quality-report.json";
    let mut told = String::new();
    for command in ["plan", "apply", "apply"] {
        for report in ["bandit.json", "trivy.json"] {
            let ran = public.run(&format!("{command} {report} -vv {files}")).await;
            ran.expect(0, &[]);
            told += &(ran.out + &ran.err);
            for name in ["p.json", "p.md", "gl-code-quality-report.json"] {
                told += &public.file(name);
            }
        }
    }
    assert!(told.contains("B602") && told.contains("CVE-"), "{told}");
    for words in ["src/a.py", "subprocess call", "package-lock.json"] {
        assert!(!told.contains(words), "{words} in {told}");
    }
}

#[tokio::test]
async fn what_must_not_be_public_is_not_in_comments_either() {
    let fake = Fake::start(World::default()).await;
    fake.world().public = true;
    let minimal = "repository: shop, public: minimal";
    workplace(&fake, minimal, TOKEN).run("apply bandit.json").await.expect(0, &[]);
    let decided = format!(
        "instances: [{{ label: hub, type: github, location: {}/acme, token: \"${{TOKEN}}\" }}]
mappings: [{{ {minimal} }}]
decisions: [{{ match: {{ scanner: Bandit* }}, status: risk_accepted, reason: behind the VPN of Building 7 }}]
",
        fake.url
    );
    Workplace::new(&decided).with("TOKEN", TOKEN).run("apply bandit.json").await.expect(0, &[]);
    let world = format!("{:?}", *fake.world());
    assert!(world.contains("The risk is accepted") && !world.contains("Building 7"), "{world}");
}

#[tokio::test]
async fn a_pull_request_that_may_not_see_the_project_is_blind() {
    let fake = Fake::start(World::with_project()).await;
    // In runs that nobody vouches for, only variables of ours count, and credentials go to the CI's own server only.
    let file = format!(
        "instances: [{{ label: hub, type: github, location: {}/acme, token: \"${{FINDSYNC_TOKEN}}\" }}]
mappings: [{{ repository: shop, project_number: 7 }}]
",
        fake.url
    );
    let place = || {
        Workplace::new(&file)
            .with("FINDSYNC_TOKEN", "ghs_workflow00")
            .with("GITHUB_ACTIONS", "true")
            .with("GITHUB_SERVER_URL", &fake.url)
    };
    let request = place().with("GITHUB_EVENT_NAME", "pull_request").with("GITHUB_REF", "refs/pull/1/merge");
    request.run("apply trivy.json").await.expect(0, &["which of them are new is not known", "this run has no token"]);
    place()
        .with("GITHUB_EVENT_NAME", "push")
        .with("GITHUB_REF", "refs/heads/main")
        .run("apply trivy.json")
        .await
        .expect(2, &["cannot see Project 7"]);
    assert!(fake.world().issues.is_empty());
}

#[tokio::test]
async fn what_was_done_in_part_is_4_and_the_next_run_does_the_rest() {
    let fake = Fake::start(World::default()).await;
    let place = workplace(&fake, "repository: shop", TOKEN);
    place.run("apply trivy.json").await.expect(0, &[]);
    for fault in [Fault::Unauthorized, Fault::Refused] {
        let before = fake.world().clone();
        fake.reset_log();
        place.run("apply next.json").await.expect(0, &[]);
        let is_write = |request: &String| request.starts_with("PATCH") || request.starts_with("POST /api/v3");
        let last = fake.log().iter().rposition(is_write).unwrap();
        *fake.world() = before;
        fake.reset_log();
        fake.fail(last + 1, fault);
        place.run("apply next.json").await.expect(4, &["failed"]);
        fake.reset_log();
        place.run("apply next.json").await.expect(0, &[]);
        place.run("apply next.json").await.expect(0, &["Nothing to do"]);
        assert_eq!(fake.world().issues.iter().filter(|issue| issue.open).count(), 3);
        assert_eq!(fake.world().issues.len(), 4, "one was closed, one opened");
        place.run("apply trivy.json").await.expect(0, &[]);
    }
}

#[tokio::test]
async fn an_apps_token_is_kept_out_of_the_log_that_a_ci_writes() {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem();
    for (id, system, mask) in [
        ("4711", ("GITHUB_ACTIONS", "true"), "::add-mask::ghs_workflow00"),
        ("Iv23liFindsync", ("TF_BUILD", "True"), "##vso[task.setsecret]ghs_workflow00"),
        ("Iv23liFindsync", ("NONE", ""), ""),
    ] {
        let fake = Fake::start(World::default()).await;
        let file = format!(
            "instances:
  - {{ label: hub, type: github, location: {}/acme, app: {{ id: \"{id}\", private_key: \"${{KEY}}\" }} }}
mappings: [{{ repository: shop }}]
",
            fake.url
        );
        let place = Workplace::new(&file)
            .with("KEY", &key.replace('\n', "\\n"))
            .with(system.0, system.1)
            .with("GITHUB_REF", "refs/heads/main")
            .with("GITHUB_EVENT_NAME", "push")
            .with("BUILD_REASON", "IndividualCI")
            .with("BUILD_SOURCEBRANCH", "refs/heads/main");
        let ran = place.run("apply -vv trivy.json").await;
        assert_eq!((ran.code, fake.world().issues.len()), (0, 3), "{ran:#?}");
        let told: Vec<&str> = ran.err.lines().filter(|line| line.contains("ghs_")).collect();
        assert_eq!(told, if mask.is_empty() { vec![] } else { vec![mask] });
        assert!(!ran.out.contains("ghs_"));
        let check = place.run("check").await;
        assert_eq!(check.code, 0, "{check:#?}");
    }
}

#[tokio::test]
async fn check_lists_what_the_mapping_file_names_in_vain() {
    let fake = Fake::start(World::default()).await;
    fake.world().public = true;
    let place = |reports: &str| {
        let file = format!(
            "reports: {reports}
instances:
  - {{ label: hub, type: github, location: {}/acme, token: \"${{TOKEN}}\" }}
mappings:
  - {{ label: shop, repository: shop }}
routes:
  - {{ mapping: shop, when: {{ paths: ['nowhere/**'] }} }}
  - {{ mapping: shop }}
decisions:
  - {{ match: {{ id: CVE-2020-0001 }}, status: risk_accepted, until: 2020-01-01 }}
",
            fake.url
        );
        Workplace::new(&file)
    };
    let told = ["has run out on 2020-01-01", "fits no finding", "route 1 (to `shop`) leads no finding"];
    let good = place("[{ path: trivy.json }]").with("TOKEN", TOKEN).run("check").await;
    good.expect(0, &told);
    good.expect(0, &["everybody can read `acme/shop`", "`public: minimal`", "`Priority` is a label"]);
    assert!(!good.out.contains("route 2"), "{}", good.out);

    let bad = place("[{ path: 'missing/*.sarif' }, { path: next.json, reader: trivvy }]").run("check").await;
    bad.expect(2, &["`missing/*.sarif` matches no file", "trivvy", "`TOKEN` is not set", "there is no token"]);
    bad.expect(2, &["github.token", "has run out"]);
}
