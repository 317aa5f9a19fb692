//! The program against the fake: exit codes, what it says where something fails, and that it never tells a token.

use crate::fake::{DEVELOPER, Fake, Kind, ME, REPORTER, Tier};
use crate::program::{Ran, Workplace};

fn workplace(fake: &Fake, mapping: &str, token: &str) -> Workplace {
    let file = format!(
        "instances:
  - {{ label: lab, type: gitlab, location: {}, token: \"${{TOKEN}}\" }}
mappings:
  - {{ {mapping} }}
",
        fake.location
    );
    Workplace::new(&file).with("TOKEN", token)
}

const SHOP: &str = "project: acme/backend/shop";

#[tokio::test]
async fn done_is_0_and_a_tripped_gate_1() {
    let fake = Fake::start(Tier::Free).await;
    let place = workplace(&fake, SHOP, "glpat-good");
    place.run("check").await.expect(0, &[]);
    place.run("plan --fail-on high trivy.json").await.expect(1, &[]);
    assert!(fake.issues().is_empty());
    place.run("apply -vv trivy.json").await.expect(0, &["POST", "/api/v4/projects/42/issues"]);
    assert_eq!(fake.issues().len(), 3);
    place.run("apply trivy.json").await.expect(0, &["Nothing to do"]);
    assert!(fake.objections().is_empty(), "{:?}", fake.objections());
}

#[tokio::test]
async fn what_cannot_work_is_2_and_says_what_to_do() {
    let fake = Fake::start(Tier::Free).await;
    let run = async |mapping: &str, token: &str, command: &str| workplace(&fake, mapping, token).run(command).await;
    for token in ["glpat-wrong", "glpat-old"] {
        run(SHOP, token, "apply trivy.json").await.expect(2, &["does not accept the token", "not expired"]);
    }
    run("project: acme/shoe", "glpat-good", "apply trivy.json").await.expect(2, &["`acme/shoe`", "check the name"]);
    run(SHOP, "glpat-stranger", "apply trivy.json").await.expect(2, &["or the token may not see it"]);
    run(SHOP, "glpat-read", "check").await.expect(2, &["but not `api`"]);
    let weight = format!("{SHOP}, fields: [{{ field: weight, value: \"3\" }}]");
    run(&weight, "glpat-good", "plan trivy.json").await.expect(2, &["it needs GitLab Premium"]);
    assert!(fake.issues().is_empty());
    fake.world().project().issues_enabled = false;
    run(SHOP, "glpat-good", "apply trivy.json").await.expect(2, &["issues are disabled"]);
}

#[tokio::test]
async fn what_would_be_told_to_everybody_is_3_and_confidential_otherwise() {
    let fake = Fake::start(Tier::Free).await;
    fake.world().project().visibility = "public";
    let open = workplace(&fake, &format!("{SHOP}, confidential: never"), "glpat-good");
    open.run("apply bandit.json").await.expect(3, &["public: minimal"]);
    assert!(fake.issues().is_empty());
    workplace(&fake, SHOP, "glpat-good").run("apply bandit.json").await.expect(0, &[]);
    assert!(fake.issues().iter().all(|issue| issue.confidential));
}

#[tokio::test]
async fn what_is_confidential_is_in_no_public_log() {
    let fake = Fake::start(Tier::Free).await;
    fake.world().project().visibility = "public";
    let place = |visibility: &str| {
        let ci = [
            ("GITLAB_CI", "true"),
            ("CI_PIPELINE_SOURCE", "push"),
            ("CI_COMMIT_BRANCH", "main"),
            ("CI_DEFAULT_BRANCH", "main"),
            ("CI_PROJECT_VISIBILITY", visibility),
        ];
        ci.into_iter().fold(workplace(&fake, SHOP, "glpat-good"), |place, (name, value)| place.with(name, value))
    };
    let public = place("public");
    let mut told = String::new();
    for command in [
        "plan bandit.json trivy.json -vv --out p.json --out p.md --out gl-code-quality-report.json",
        "apply bandit.json --full-out full.json --out p.txt -vv",
        "apply bandit.json --format json",
        "apply trivy.json",
        "findings bandit.json --format code-quality",
    ] {
        let ran = public.run(command).await;
        ran.expect(0, &[]);
        told += &(ran.out + &ran.err);
    }
    for name in ["p.json", "p.md", "p.txt"] {
        told += &public.file(name);
    }
    assert_eq!(public.file("gl-code-quality-report.json").trim(), "[]");
    assert!(told.contains("B602") && !told.contains("src/a.py") && !told.contains("shell=True"), "{told}");
    assert!(std::path::Path::new(&public.path("full.json")).is_file());
    assert!(public.file("full.json").contains("src/a.py"));
    assert!(fake.issues().iter().all(|issue| issue.confidential));
    let private = place("private");
    private.run("plan bandit.json").await.expect(0, &["Nothing to do"]);
    private.run("findings bandit.json").await.expect(0, &["src/a.py"]);
}

#[tokio::test]
async fn what_was_done_in_part_is_4_and_the_next_run_does_the_rest() {
    let fake = Fake::start(Tier::Free).await;
    let place = workplace(&fake, SHOP, "glpat-good");
    place.run("apply trivy.json").await;
    let before = fake.world().clone();
    fake.take_requests();
    place.run("apply next.json").await.expect(0, &[]);
    let last = fake.take_requests().iter().rposition(|request| request.writes()).unwrap();
    *fake.world() = before;
    fake.fail(last, Kind::Unauthorized);
    place.run("apply next.json").await.expect(4, &["does not accept the token"]);
    place.run("apply next.json").await.expect(0, &[]);
    place.run("apply next.json").await.expect(0, &["Nothing to do"]);
    let issues = fake.issues();
    assert_eq!((issues.len(), issues.iter().filter(|issue| issue.open).count()), (4, 3));
}

#[tokio::test]
async fn a_merge_request_without_the_token_is_blind_and_other_runs_fail() {
    let fake = Fake::start(Tier::Free).await;
    let place = |mapping_file: &str| {
        let ci = [
            ("GITLAB_CI", "true"),
            ("CI_SERVER_URL", fake.location.as_str()),
            ("CI_PROJECT_PATH", "acme/backend/shop"),
            ("CI_DEFAULT_BRANCH", "main"),
            ("CI_JOB_TOKEN", "glcbt-job"),
        ];
        ci.into_iter().fold(Workplace::new(mapping_file), |place, (name, value)| place.with(name, value))
    };
    let merge = |place: Workplace| {
        let same = ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "CI_MERGE_REQUEST_PROJECT_ID");
        place.with("CI_MERGE_REQUEST_IID", "5").with(same.0, "1").with(same.1, "1")
    };
    let unknown = "which of them are new is not known";
    let shop = "mappings: [{ project: acme/backend/shop }]";
    merge(place(shop)).run("apply trivy.json --fail-on low").await.expect(0, &[unknown, "protected", "job token"]);
    place(shop)
        .with("CI_PIPELINE_SOURCE", "push")
        .with("CI_COMMIT_BRANCH", "main")
        .run("apply trivy.json")
        .await
        .expect(2, &[]);
    // A token that may not see the project is as good as none; a mapping that cannot work is an error everywhere.
    let seen = |token: &str| merge(place(shop)).with("FINDSYNC_TOKEN", token);
    seen("glpat-stranger").run("plan trivy.json").await.expect(0, &[unknown, "may not see it"]);
    seen("glpat-wrong").run("plan trivy.json").await.expect(0, &[unknown, "does not accept the token"]);
    seen("glpat-good")
        .run("plan trivy.json --fail-on low")
        .await
        .expect(1, &["to open", "failed by `--fail-on low`", "new"]);
    let weight = "mappings: [{ project: acme/backend/shop, fields: [{ field: weight, value: '3' }] }]";
    let wrong = merge(place(weight)).with("FINDSYNC_TOKEN", "glpat-good");
    wrong.run("plan trivy.json").await.expect(2, &["it needs GitLab Premium"]);
    assert!(fake.issues().is_empty());
}

#[tokio::test]
async fn an_issue_that_the_vulnerability_report_links_is_told() {
    let fake = Fake::start(Tier::Ultimate).await;
    let linked = "https://gitlab.example.com/acme/backend/shop/-/issues/900";
    let entry = |file: &str| ("CVE-2021-44906".to_owned(), file.to_owned(), linked.to_owned());
    fake.world().vulnerabilities = vec![entry("package-lock.json"), entry("elsewhere/package-lock.json")];
    let place = |features: &str| {
        let ci = [
            ("GITLAB_CI", "true"),
            ("CI_COMMIT_BRANCH", "main"),
            ("CI_DEFAULT_BRANCH", "main"),
            ("CI_PROJECT_VISIBILITY", "private"),
        ];
        let place =
            workplace(&fake, SHOP, "glpat-good").with("GITLAB_FEATURES", features).with("CI_PIPELINE_SOURCE", "push");
        ci.into_iter().fold(place, |place, (name, value)| place.with(name, value))
    };
    let told = |ran: &Ran| ran.out.matches(linked).count();
    let ultimate = place("epics,security_dashboard");
    for (role, times) in [(REPORTER, 0), (DEVELOPER, 1)] {
        fake.world().project().members.insert(ME, role);
        let plan = ultimate.run("plan --format json trivy.json").await;
        assert_eq!((plan.code, told(&plan)), (0, times), "{plan:#?}");
    }
    fake.take_requests();
    ultimate.run("plan trivy.json").await;
    let asked = fake.take_requests().iter().position(|request| request.path == "/graphql").unwrap();
    fake.fail(asked, Kind::Unauthorized);
    ultimate
        .run("plan trivy.json")
        .await
        .expect(0, &["which issues the vulnerability report links already is not known"]);
    fake.take_requests();
    let free = place("epics").run("plan --format json trivy.json").await;
    assert_eq!((free.code, told(&free)), (0, 0));
    assert!(fake.take_requests().iter().all(|request| request.path != "/graphql"));
    assert_eq!(ultimate.run("apply trivy.json").await.code, 0);
    fake.take_requests();
    assert_eq!(told(&ultimate.run("apply trivy.json").await), 0);
    assert!(
        fake.take_requests().iter().all(|request| request.path != "/graphql"),
        "nothing is opened, nothing is asked"
    );
    assert!(fake.objections().is_empty(), "{:?}", fake.objections());
}
