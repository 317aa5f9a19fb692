//! `check` and `fix`: everything that would fail later, in one list, and nothing is written.

use findsync::config::{Credential, Secret};
use findsync::trackers::gitlab::GitLab;
use findsync::trackers::{Error, Problem, Read, Track, Which};

use crate::fake::{CustomField, Fake, Tier};
use crate::support::*;

fn has(problems: &[Problem], text: &str) -> bool {
    problems.iter().any(|problem| problem.what.contains(text) && !problem.hint.is_empty())
}

#[tokio::test]
async fn the_defaults_are_fine_on_every_tier() {
    for tier in [Tier::Free, Tier::Premium, Tier::Ultimate] {
        let fake = Fake::start(tier).await;
        let problems = tracker(&fake).check().await.unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        assert!(fake.take_requests().iter().all(|request| !request.writes()));
        assert!(fake.objections().is_empty(), "{:?}", fake.objections());
    }
}

#[tokio::test]
async fn says_what_is_wrong_with_a_token() {
    let fake = Fake::start(Tier::Free).await;
    let with = async |credential| {
        let mut instance = instance(&fake.location, "");
        instance.credential = credential;
        GitLab::new(&instance, &mapping()).unwrap().check().await.unwrap()
    };
    let token = |value: &str| Credential::Token(Secret::new(value.to_owned()));
    assert!(has(&with(token("glpat-wrong")).await, "does not accept the token"));
    assert!(has(&with(token("glpat-old")).await, "expired"));
    assert!(has(&with(token("glpat-read")).await, "not `api`"));
    assert!(has(&with(token("glpat-guest")).await, "Guest role"));
    assert!(has(&with(token("glpat-stranger")).await, "cannot find the project"));
    assert!(has(&with(Credential::None).await, "no token"));
    let job = with(Credential::JobToken(Secret::new("glcbt-job".to_owned()))).await;
    assert!(has(&job, "CI job token does not reach issues"), "{job:?}");
    assert!(fake.issues().is_empty());
}

#[tokio::test]
async fn says_what_is_wrong_with_a_project() {
    let fake = Fake::start(Tier::Free).await;
    fake.world().project().archived = true;
    fake.world().project().issues_enabled = false;
    let problems = tracker(&fake).check().await.unwrap();
    assert!(has(&problems, "archived") && has(&problems, "issues are disabled"), "{problems:?}");
    let error = tracker(&fake).issues(Which::Open).await.unwrap_err();
    assert!(matches!(error, Error::Setup(_)), "a closed door is no empty list: {error}");
}

#[tokio::test]
async fn says_what_the_tier_lacks() {
    let mut mapping = mapping();
    mapping.severity.field = "weight".to_owned();
    mapping.fields = vec![rule("health_status", "at risk"), rule("epic", "&7"), rule("milestone", "Hardening")];
    let fake = Fake::start(Tier::Free).await;
    let tracker = tracker_with(&fake, &mapping);
    let problems = tracker.check().await.unwrap();
    for name in ["`weight`", "`health_status`", "`epic`"] {
        assert!(has(&problems, name), "{name}: {problems:?}");
    }
    assert!(!has(&problems, "milestone"));
    assert!(matches!(tracker.issues(Which::Open).await, Err(Error::Setup(_))));
    let fake = Fake::start(Tier::Ultimate).await;
    let problems = tracker_with(&fake, &mapping).check().await.unwrap();
    assert!(problems.is_empty(), "{problems:?}");
}

#[tokio::test]
async fn says_which_values_are_not_there() {
    let fake = Fake::start(Tier::Premium).await;
    let options = vec![(11, "P4".to_owned())];
    fake.world().custom_fields = vec![CustomField { id: 1, name: "Risk".into(), kind: "SINGLE_SELECT", options }];
    let mut mapping = mapping();
    mapping.severity.field = "Risk".to_owned();
    mapping.severity.values = ["P1", "P4", "P4", "P4", "P4"].map(str::to_owned);
    mapping.status.values[0].value = "Doing".to_owned();
    mapping.status.values[2].value = "In progress".to_owned();
    mapping.fields = vec![rule("assignees", "nobody"), rule("milestone", "Never"), rule("labels", "what?")];
    let problems = tracker_with(&fake, &mapping).check().await.unwrap();
    let said: Vec<_> = problems.iter().map(|problem| problem.what.as_str()).collect();
    for text in ["`Risk` has no value `P1`", "`Status` has no value `Doing`", "no user `nobody`", "`Never`", "`what?`"]
    {
        assert!(has(&problems, text), "{text}: {said:?}");
    }
    assert!(has(&problems, "`In progress` is open in GitLab"), "{said:?}");
}

#[tokio::test]
async fn fix_makes_the_labels() {
    let fake = Fake::start(Tier::Free).await;
    let made = tracker(&fake).fix().await.unwrap();
    assert_eq!(made.len(), 8, "{made:?}");
    assert!(made.contains(&"made the label `Priority::5`".to_owned()));
    assert!(tracker(&fake).fix().await.unwrap().is_empty());
}
