//! Several mappings in one file: routes that change, and labels that change where two lead to one project.

use findsync::config::{Config, Filter, Project, Route};
use findsync::finding::{Scan, Severity};
use findsync::plan::{Action, Change};
use findsync::sync::{self, Input, Planned};
use findsync::template::RunRef;
use findsync::trackers::Track;

use crate::contract::{Act, World as _, dependency, scan};
use crate::{Folder, fresh};

/// A mapping's label, where it leads, and from which scanners.
type To<'a> = (&'a str, &'a Folder, &'a str);

struct Run {
    planned: Vec<Planned>,
}

impl Run {
    fn changes(&self) -> Vec<&Change> {
        self.planned.iter().flat_map(|planned| &planned.plan.changes).collect()
    }
}

/// Plans and applies; a second plan is empty.
async fn run(to: &[To<'_>], scans: &[Scan]) -> Run {
    let mapping = |(at, (label, folder, _)): (usize, &To<'_>)| {
        let project = Project { name: folder.mapping().label, ..Project::default() };
        // One instance for each folder, so that mappings of one folder are siblings.
        let instance = to.iter().position(|(_, other, _)| other.0.path() == folder.0.path()).unwrap_or(at);
        findsync::config::Mapping { label: (*label).to_owned(), instance, project, ..folder.mapping() }
    };
    let route = |(mapping, (_, _, scanners)): (usize, &To<'_>)| Route {
        mapping,
        when: Filter { scanners: vec![(*scanners).to_owned()], ..Filter::default() },
    };
    let config = Config {
        mappings: to.iter().enumerate().map(mapping).collect(),
        routes: to.iter().enumerate().map(route).collect(),
        ..Config::default()
    };
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    let input = Input {
        scans,
        config: &config,
        vex: &[],
        links: None,
        run: RunRef::default(),
        workspace: None,
        newest_finished: None,
        today,
    };
    let connect = || -> Vec<Box<dyn Track>> {
        to.iter().zip(&config.mappings).map(|((_, folder, _), mapping)| folder.connect(mapping)).collect()
    };
    let trackers = connect();
    let planned = sync::plan(&input, &trackers).await.unwrap();
    for (planned, tracker) in planned.iter().zip(&trackers) {
        sync::apply(&input, planned, tracker.as_ref(), &mut |_, _| ()).await.unwrap();
    }
    let again = Run { planned: sync::plan(&input, &connect()).await.unwrap() };
    assert!(again.changes().is_empty(), "the second plan is not empty: {:#?}", again.changes());
    Run { planned }
}

fn found(scanner: &str, ids: &[&str]) -> Scan {
    scan(scanner, ids.iter().map(|id| dependency(id, Severity::High)).collect())
}

#[tokio::test]
async fn a_renamed_mapping_keeps_its_issues_and_takes_nobody_elses() {
    for turned in [false, true] {
        let folder = fresh().await;
        let scans = [found("Trivy", &["CVE-2026-0001", "CVE-2026-0002"]), found("Grype", &["CVE-2026-0003"])];
        run(&[("a", &folder, "Trivy"), ("b", &folder, "Grype")], &scans).await;
        let before = folder.look().await;
        assert_eq!(before.len(), 3);
        let mut to = [("c", &folder, "Trivy"), ("b", &folder, "Grype")];
        if turned {
            to.reverse();
        }
        let renamed = run(&to, &scans).await;
        let only_updates = renamed.changes().iter().all(|change| change.action == Action::Update);
        assert!(only_updates && renamed.changes().len() == 2, "the stamps say the new name: {:#?}", renamed.changes());
        let told = |seen: &crate::Seen| (seen.number, seen.title.clone(), seen.open);
        assert_eq!(
            before.iter().map(told).collect::<Vec<_>>(),
            folder.look().await.iter().map(told).collect::<Vec<_>>()
        );
        // One that is gone is closed by whoever has it, once.
        let gone = run(&to, &[found("Trivy", &["CVE-2026-0001"]), scans[1].clone()]).await;
        assert_eq!(gone.changes().len(), 1);
    }
}

#[tokio::test]
async fn a_decision_stands_where_the_route_leads_elsewhere() {
    let (old, new) = (fresh().await, fresh().await);
    let scans = [found("Trivy", &["CVE-2026-0001", "CVE-2026-0002"])];
    run(&[("a", &old, "*"), ("b", &new, "-")], &scans).await;
    let number = old.look().await[0].number;
    old.person(Act::Refuse(number)).await;
    // The other one is open, and so stays where it is.
    let moved = run(&[("a", &old, "-"), ("b", &new, "*")], &scans).await;
    let why: Vec<&str> = moved.changes().iter().map(|change| change.reason.as_str()).collect();
    assert_eq!(why, ["changed: labels"], "the label by which decided ones are listed");
    assert!(moved.planned[0].plan.withheld.iter().any(|held| held.reason.contains("not planned")), "it is told");
    assert!(new.look().await.is_empty());
    // What nobody decided is opened where the route leads.
    let more = [found("Trivy", &["CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003"])];
    run(&[("a", &old, "-"), ("b", &new, "*")], &more).await;
    assert_eq!(new.look().await.len(), 1);
}
