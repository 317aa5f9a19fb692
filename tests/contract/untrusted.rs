//! Steps of the contract about what reports may not do.

use findsync::apply::Outcome;
use findsync::config::{FieldRule, Public};
use findsync::finding::{Finding, Kind, Location, Severity};

use super::{Bench, World, dependency, scan};

fn of_component(name: &str, n: u32) -> Finding {
    let mut finding = dependency(&format!("CVE-2026-{n:04}"), Severity::High);
    let component = finding.component.as_mut().unwrap();
    (component.name, component.purl) = (name.into(), None);
    finding
}

pub async fn a_report_decides_nothing_about_itself(world: &dyn World) {
    let Some(field) = world.labels_field() else { return };
    let mut bench = Bench::new(world);
    for decision in ["Team: false-positive", "Team::false-positive"] {
        bench.mapping.decision_labels.false_positive.push(decision.into());
    }
    bench.mapping.fields = vec![FieldRule {
        field: field.into(),
        value: "{{ component.name }}".into(),
        on: Default::default(),
        update: Default::default(),
    }];
    let names = ["x,false-positive", "x; wontfix", "false-positive", "findsync", "a&b?", "fine"];
    let findings = names.iter().zip(1..).map(|(name, n)| of_component(name, n)).collect();
    let scans = [scan("Trivy", findings)];
    bench.sync(&scans).await;
    let seen = bench.look().await;
    assert_eq!(seen.len(), names.len());
    for issue in &seen {
        assert!(issue.open, "{issue:#?}");
        for label in &issue.labels {
            assert!(bench.mapping.decision_labels.decision(label).is_none(), "{issue:#?}");
        }
        assert_eq!(issue.labels.iter().filter(|label| *label == "findsync").count(), 1, "{issue:#?}");
    }
}

pub async fn an_odd_value_of_one_issue_stops_no_other(world: &dyn World) {
    let mut bench = Bench::new(world);
    bench.mapping.fields = vec![FieldRule {
        field: "milestone".into(),
        value: "{{ component.name if component.name == 'odd' }}".into(),
        on: Default::default(),
        update: Default::default(),
    }];
    let scans = [scan("Trivy", vec![of_component("odd", 1), of_component("fine", 2), of_component("good", 3)])];
    let (_, applied) = bench.apply_with(&scans, world.connect(&bench.mapping)).await.unwrap();
    let done = applied.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done(_))).count();
    assert!(done >= 2, "{applied:?}");
}

pub async fn a_secrets_address_is_told_nowhere(world: &dyn World) {
    let mut bench = Bench::new(world);
    bench.mapping.public = Some(Public::Full);
    let secret = Finding {
        kind: Kind::Secret,
        title: "Token in an address".into(),
        rule: Some("token".into()),
        severity: Severity::High,
        location: Location {
            url: Some("https://me:hunter2@shop.example/hunter2?token=hunter2".into()),
            ..Location::default()
        },
        ..Finding::default()
    };
    let there = [scan("Proxy", vec![secret])];
    for scans in [&there[..], &[scan("Proxy", vec![])], &there] {
        let planned = bench.sync(scans).await;
        let seen = format!("{:?}", bench.look().await);
        assert!(!seen.contains("hunter2"), "{seen}");
        assert!(planned.plan.changes.iter().all(|change| !change.reason.contains("hunter2")), "{:?}", planned.plan);
    }
}
