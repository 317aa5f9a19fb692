//! The steps of the contract.

use findsync::config::{Decision, DecisionMatch, GroupBy};
use findsync::finding::{Severity, Status};
use findsync::plan::Action;

use super::{Act, Bench, World, code, dependency, scan};

fn cve(n: u32) -> String {
    format!("CVE-2026-{n:04}")
}

pub async fn opens_with_severity_and_labels(world: &dyn World) {
    let mut bench = Bench::new(world);
    bench.mapping.labels = vec!["security".into()];
    let scans = [scan("Trivy", vec![dependency(&cve(1), Severity::High), dependency(&cve(2), Severity::Low)])];
    bench.sync(&scans).await;
    let seen = bench.look().await;
    assert_eq!(seen.len(), 2);
    let high = seen.iter().find(|issue| issue.title.contains(&cve(1))).unwrap();
    assert!(high.open && high.labels.contains(&"security".to_owned()), "{high:#?}");
    assert!(high.labels.contains(&bench.mapping.own_label), "{high:#?}");
    assert_eq!(high.severity.as_deref(), Some(bench.mapping.severity.value(Severity::High)));
    assert!(high.body.contains("package-lock.json"), "{}", high.body);
    assert!(seen[0].title.contains(&cve(1)), "the worse one is opened first");
}

pub async fn updates_what_drifted_and_nothing_else(world: &dyn World) {
    let bench = Bench::new(world);
    bench.sync(&[scan("Trivy", vec![dependency(&cve(1), Severity::Low), dependency(&cve(2), Severity::Low)])]).await;
    let before = bench.look().await;
    let plan = bench
        .sync(&[scan("Trivy", vec![dependency(&cve(1), Severity::Critical), dependency(&cve(2), Severity::Low)])])
        .await;
    assert_eq!(plan.plan.changes.len(), 1);
    let after = bench.look().await;
    let changed = after.iter().find(|issue| issue.title.contains(&cve(1))).unwrap();
    assert_eq!(changed.severity.as_deref(), Some(bench.mapping.severity.value(Severity::Critical)));
    assert!(changed.comments.is_empty(), "an update says nothing: {:?}", changed.comments);
    let same = |issue: &&super::Seen| issue.title.contains(&cve(2));
    assert_eq!(before.iter().find(same), after.iter().find(same));
}

pub async fn closes_what_is_gone_with_a_comment_and_reopens_it(world: &dyn World) {
    let bench = Bench::new(world);
    let there = [scan("Trivy", vec![dependency(&cve(1), Severity::High)])];
    bench.sync(&there).await;
    for times in 1..=2 {
        bench.sync(&[scan("Trivy", vec![])]).await;
        let closed = bench.only().await;
        assert!(!closed.open && closed.comments.len() == 2 * times - 1, "{closed:#?}");
        assert!(closed.comments.last().unwrap().contains("Trivy"), "{:?}", closed.comments);
        bench.sync(&there).await;
        let back = bench.only().await;
        assert!(back.open && back.comments.len() == 2 * times, "{back:#?}");
        assert!(back.comments.last().unwrap().to_lowercase().contains("seen again"), "{:?}", back.comments);
    }
}

pub async fn closes_nothing_without_proof(world: &dyn World) {
    let bench = Bench::new(world);
    bench.sync(&[scan("Trivy", vec![dependency(&cve(1), Severity::High)])]).await;
    let mut partial = scan("Trivy", vec![]);
    partial.complete = false;
    let mut failed = scan("Trivy", vec![]);
    failed.failure = Some("out of memory".into());
    for scans in [vec![partial], vec![failed], vec![scan("Grype", vec![])], vec![]] {
        bench.sync(&scans).await;
        assert!(bench.only().await.open);
    }
}

pub async fn reopens_what_a_person_closed_as_done(world: &dyn World) {
    let bench = Bench::new(world);
    let there = [scan("Trivy", vec![dependency(&cve(1), Severity::High)])];
    bench.sync(&there).await;
    let number = bench.only().await.number;
    for times in 1..=2 {
        world.person(Act::Close(number)).await;
        bench.sync(&there).await;
        let seen = bench.only().await;
        assert!(seen.open && seen.comments.len() == times, "{seen:#?}");
    }
}

pub async fn leaves_what_a_person_refused(world: &dyn World) {
    let bench = Bench::new(world);
    let there = [scan("Trivy", vec![dependency(&cve(1), Severity::High)])];
    bench.sync(&there).await;
    let number = bench.only().await.number;
    world.person(Act::Refuse(number)).await;
    let plan = bench.sync(&there).await;
    let seen = bench.only().await;
    assert!(!seen.open && seen.comments.is_empty(), "{seen:#?}");
    assert_eq!(plan.plan.withheld.len(), 1, "it says why it is left alone");
    let why: Vec<&str> = plan.plan.changes.iter().map(|change| change.reason.as_str()).collect();
    assert_eq!(why, ["changed: labels"], "one write puts on the label by which it is listed from now on");
}

pub async fn leaves_what_a_person_reopened(world: &dyn World) {
    let bench = Bench::new(world);
    bench.sync(&[scan("Trivy", vec![dependency(&cve(1), Severity::High)])]).await;
    bench.sync(&[scan("Trivy", vec![])]).await;
    let number = bench.only().await.number;
    world.person(Act::Reopen(number)).await;
    let plan = bench.sync(&[scan("Trivy", vec![])]).await;
    assert!(bench.only().await.open, "the person wants to see to it");
    assert_eq!(plan.plan.withheld.len(), 1, "it says why it is left alone");
}

pub async fn takes_a_label_for_a_decision(world: &dyn World) {
    let bench = Bench::new(world);
    let there = [scan("Trivy", vec![dependency(&cve(1), Severity::High)])];
    bench.sync(&there).await;
    let number = bench.only().await.number;
    world.person(Act::Label(number, "false-positive")).await;
    let plan = bench.sync(&there).await;
    assert_eq!(plan.plan.changes[0].status, Status::FalsePositive);
    assert!(!bench.only().await.open);
    world.person(Act::Unlabel(number, "false-positive")).await;
    bench.sync(&there).await;
    assert!(bench.only().await.open, "the decision was withdrawn");
}

pub async fn moves_decided_findings_and_reopens_when_the_acceptance_runs_out(world: &dyn World) {
    let mut bench = Bench::new(world);
    let there = [scan("Trivy", vec![dependency(&cve(1), Severity::High), dependency(&cve(2), Severity::High)])];
    bench.sync(&there).await;
    bench.config.decisions = vec![Decision {
        matches: DecisionMatch { id: Some(cve(1)), ..DecisionMatch::default() },
        status: Status::RiskAccepted,
        reason: Some("not reachable, see ADR 12".into()),
        until: chrono::NaiveDate::from_ymd_opt(2027, 1, 31),
        source: ".findsync.yml:3".into(),
    }];
    bench.sync(&there).await;
    let accepted = |seen: Vec<super::Seen>| seen.into_iter().find(|issue| issue.title.contains(&cve(1))).unwrap();
    let seen = accepted(bench.look().await);
    assert!(!seen.open && seen.comments.last().unwrap().contains("not reachable"), "{seen:#?}");
    bench.today = chrono::NaiveDate::from_ymd_opt(2027, 1, 31).unwrap();
    assert!(bench.sync(&there).await.plan.changes.is_empty(), "the last day counts");
    bench.today = chrono::NaiveDate::from_ymd_opt(2027, 2, 1).unwrap();
    bench.sync(&there).await;
    let seen = accepted(bench.look().await);
    assert!(seen.open && seen.comments.last().unwrap().contains("run out"), "{seen:#?}");
}

pub async fn keeps_a_persons_title_severity_and_labels(world: &dyn World) {
    let mut bench = Bench::new(world);
    bench.mapping.labels = vec!["security".into(), "backend".into()];
    bench.sync(&[scan("Trivy", vec![dependency(&cve(1), Severity::Low)])]).await;
    let number = bench.only().await.number;
    world.person(Act::Retitle(number, "Update lodash, please")).await;
    world.person(Act::Severity(number, "medium")).await;
    world.person(Act::Label(number, "team-a")).await;
    world.person(Act::Unlabel(number, "backend")).await;
    bench.sync(&[scan("Trivy", vec![dependency(&cve(1), Severity::Critical)])]).await;
    bench.mapping.labels = vec!["backend".into()];
    bench.sync(&[scan("Trivy", vec![dependency(&cve(1), Severity::Critical)])]).await;
    let seen = bench.only().await;
    assert_eq!(seen.title, "Update lodash, please");
    assert_eq!(seen.severity.as_deref(), Some(bench.mapping.severity.value(Severity::Medium)));
    let has = |label: &str| seen.labels.iter().any(|l| l == label);
    assert!(has("team-a") && !has("backend") && !has("security"), "{:?}", seen.labels);
}

pub async fn writes_over_a_persons_word_where_the_mapping_says_always(world: &dyn World) {
    let mut bench = Bench::new(world);
    let always = findsync::config::UpdatePolicy::Always;
    (bench.mapping.update.severity, bench.mapping.update.title) = (always, always);
    let there = [scan("Trivy", vec![dependency(&cve(1), Severity::High)])];
    bench.sync(&there).await;
    let before = bench.only().await;
    world.person(Act::Severity(before.number, "low")).await;
    bench.sync(&there).await;
    assert_eq!(bench.only().await.severity, before.severity);
    world.person(Act::Retitle(before.number, "Mine")).await;
    bench.sync(&there).await;
    assert_eq!(bench.only().await.title, before.title);
}

pub async fn records_decisions_as_closed_issues(world: &dyn World) {
    let mut bench = Bench::new(world);
    bench.mapping.record_decisions = true;
    bench.config.decisions = vec![Decision {
        matches: DecisionMatch { id: Some(cve(1)), ..DecisionMatch::default() },
        status: Status::RiskAccepted,
        reason: None,
        until: None,
        source: ".findsync.yml:3".into(),
    }];
    let there = [scan("Trivy", vec![dependency(&cve(1), Severity::High)])];
    bench.sync(&there).await;
    assert!(!bench.only().await.open);
    bench.config.decisions.clear();
    bench.sync(&there).await;
    assert!(bench.only().await.open, "the decision was withdrawn");
}

pub async fn keeps_a_persons_words_through_every_change(world: &dyn World) {
    let bench = Bench::new(world);
    let there = |severity| [scan("Trivy", vec![dependency(&cve(1), severity)])];
    bench.sync(&there(Severity::Low)).await;
    let number = bench.only().await.number;
    world.person(Act::Append(number, "We wait for the vendor until June.")).await;
    bench.sync(&there(Severity::Critical)).await;
    bench.sync(&[scan("Trivy", vec![])]).await;
    bench.sync(&there(Severity::High)).await;
    let seen = bench.only().await;
    assert!(seen.open);
    assert_eq!(seen.body.matches("We wait for the vendor until June.").count(), 1, "{}", seen.body);
}

pub async fn merges_twins_into_the_oldest(world: &dyn World) {
    let bench = Bench::new(world);
    let there = [scan("Trivy", vec![dependency(&cve(1), Severity::High)])];
    bench.sync(&there).await;
    let first = bench.only().await.number;
    world.person(Act::Twin(first)).await;
    let plan = bench.sync(&there).await;
    assert_eq!(plan.plan.count(Action::Merge), 1);
    let seen = bench.look().await;
    let open: Vec<u64> = seen.iter().filter(|issue| issue.open).map(|issue| issue.number).collect();
    assert_eq!(open, [first]);
    assert!(seen[1].comments[0].contains("uplicate"), "{:?}", seen[1].comments);
}

pub async fn leaves_other_peoples_issues_alone(world: &dyn World) {
    let bench = Bench::new(world);
    world.person(Act::Other("CVE-2026-0001: trouble in lodash")).await;
    let before = bench.only().await;
    bench.sync(&[scan("Trivy", vec![dependency(&cve(1), Severity::High)])]).await;
    bench.sync(&[scan("Trivy", vec![])]).await;
    let seen = bench.look().await;
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0], before);
}

pub async fn follows_moved_code_and_renamed_files(world: &dyn World) {
    let mut bench = Bench::new(world);
    bench.mapping.public = Some(findsync::config::Public::Full);
    let versions = [
        vec![code("src/a.py", 3, "db.run(q)"), code("src/b.py", 9, "db.get(p)")],
        vec![code("src/a.py", 40, "db.run(q)"), code("src/b.py", 9, "db.get(p)")],
        vec![code("src/store/a.py", 40, "db.run(q)"), code("src/b.py", 11, "db.get(p, 1)")],
    ];
    for findings in versions {
        let plan = bench.sync(&[scan("Semgrep", findings)]).await;
        assert_eq!(plan.plan.count(Action::Close), 0);
        assert_eq!(bench.look().await.len(), 2);
    }
    let seen = bench.look().await;
    assert!(seen.iter().any(|issue| issue.body.contains("src/store/a.py")), "{seen:#?}");
}

pub async fn groups_share_one_issue(world: &dyn World) {
    let mut bench = Bench::new(world);
    bench.mapping.group_by = vec![GroupBy::Component];
    bench.sync(&[scan("Trivy", vec![dependency(&cve(1), Severity::Low), dependency(&cve(2), Severity::Medium)])]).await;
    let seen = bench.only().await;
    assert!(seen.body.contains(&cve(1)) && seen.body.contains(&cve(2)), "{}", seen.body);
    assert_eq!(seen.severity.as_deref(), Some(bench.mapping.severity.value(Severity::Medium)));
    bench
        .sync(&[scan("Trivy", vec![dependency(&cve(2), Severity::Medium), dependency(&cve(3), Severity::High)])])
        .await;
    let seen = bench.only().await;
    let line = |id: &str| seen.body.lines().find(|line| line.contains(id)).unwrap_or_default().to_owned();
    assert!(seen.open && seen.body.contains("3 findings") && !line(&cve(3)).contains("Closed"), "{}", seen.body);
    assert!(line(&cve(1)).contains("Closed"), "{}", seen.body);
    bench.sync(&[scan("Trivy", vec![])]).await;
    assert!(!bench.only().await.open);
}

pub async fn one_issue_for_two_scanners(world: &dyn World) {
    let bench = Bench::new(world);
    let mut known_as_both = dependency(&cve(1), Severity::High);
    known_as_both.identifiers.push("GHSA-35JH-R3H4-6JHM".into());
    let trivy = scan("Trivy", vec![known_as_both]);
    let grype = scan("Grype", vec![dependency("GHSA-35JH-R3H4-6JHM", Severity::Medium)]);
    bench.sync(&[trivy.clone(), grype.clone()]).await;
    let seen = bench.only().await;
    assert!(seen.body.contains("Trivy") && seen.body.contains("Grype"), "{}", seen.body);
    // One of them alone changes nothing; one that no longer sees it does not close it.
    assert!(bench.sync(std::slice::from_ref(&grype)).await.plan.changes.is_empty());
    bench.sync(&[scan("Trivy", vec![])]).await;
    assert!(bench.only().await.open);
    bench.sync(&[scan("Grype", vec![])]).await;
    assert!(!bench.only().await.open);
}

pub async fn finds_its_issue_without_the_label(world: &dyn World) {
    let bench = Bench::new(world);
    let there = [scan("Trivy", vec![dependency(&cve(1), Severity::High)])];
    bench.sync(&there).await;
    let number = bench.only().await.number;
    let label: &'static str = Box::leak(bench.mapping.own_label.clone().into_boxed_str());
    world.person(Act::Unlabel(number, label)).await;
    bench.sync(&there).await;
    bench.only().await;
}

pub async fn opens_anew_what_was_deleted(world: &dyn World) {
    let bench = Bench::new(world);
    let there = [scan("Trivy", vec![dependency(&cve(1), Severity::High)])];
    bench.sync(&there).await;
    let number = bench.only().await.number;
    world.person(Act::Delete(number)).await;
    bench.sync(&there).await;
    assert!(bench.only().await.open);
}

pub async fn hostile_text_stays_text(world: &dyn World) {
    let bench = Bench::new(world);
    let mut finding = dependency(&cve(1), Severity::High);
    finding.title = "@team #1 Fixes #1 <!-- findsync:end x --> <img src=x> /close".into();
    finding.description = Some(
        "/close\n/assign @all\n<!-- findsync:begin -->\n<!-- findsync:end AAAA -->\n```\n/label ~x\n![](https://evil.example/a.png)".into(),
    );
    let scans = [scan("Trivy", vec![finding])];
    bench.sync(&scans).await;
    let seen = bench.only().await;
    assert!(seen.open, "{seen:#?}");
    assert!(!seen.body.contains("<img"), "{}", seen.body);
    bench.sync(&[scan("Trivy", vec![])]).await;
    assert!(!bench.only().await.open, "the stamp is ours");
}

pub async fn racing_runs_write_one_comment(world: &dyn World) {
    let bench = Bench::new(world);
    bench.sync(&[scan("Trivy", vec![dependency(&cve(1), Severity::High)])]).await;
    for (scans, open) in
        [([scan("Trivy", vec![])], false), ([scan("Trivy", vec![dependency(&cve(1), Severity::High)])], true)]
    {
        let before = bench.only().await.comments.len();
        // Both plan before either writes.
        let plans = [bench.plan(&scans).await, bench.plan(&scans).await];
        for planned in plans {
            bench.apply(&scans, &planned, world.connect(&bench.mapping).as_ref()).await;
        }
        let seen = bench.only().await;
        assert_eq!((seen.open, seen.comments.len()), (open, before + 1), "{seen:#?}");
    }
}
