//! Groups that are larger than one issue's stamp can hold, and groups that change.

use std::collections::BTreeSet;

use findsync::config::GroupBy;
use findsync::finding::{Finding, Scan, Severity};
use findsync::plan::Action;

use crate::board::Act;
use crate::contract::dependency;
use crate::kit::{Bench, cve, found, scan_of, told};

/// A board whose issues hold about ten findings each.
fn small() -> Bench {
    let mut bench = Bench { adjust: |settings| settings.tracker.stamp = 1_900, ..Bench::default() };
    bench.setup.group = Some(GroupBy::Component);
    bench
}

/// Vulnerabilities of two packages by turns.
fn many(count: u32) -> Scan {
    let finding = |number: u32| -> Finding {
        let mut finding = dependency(&cve(number), Severity::High);
        let name = ["lodash", "express"][number as usize % 2];
        let component = finding.component.as_mut().unwrap();
        (component.purl, component.name) = (Some(format!("pkg:npm/{name}@1.0.0")), name.into());
        finding
    };
    scan_of("Trivy", &(1..=count).map(finding).collect::<Vec<_>>())
}

/// The members of open issues: each must be in one.
fn members_in_open_issues(bench: &Bench) -> (usize, usize) {
    let open = bench.open();
    let issues = bench.issues().into_iter().filter(|issue| open.contains(&issue.id.number));
    let uids: Vec<u64> = issues
        .flat_map(|issue| issue.stamp.unwrap().members.into_iter().filter(|member| !member.is_gone()))
        .map(|member| member.uid)
        .collect();
    (uids.len(), uids.iter().collect::<BTreeSet<_>>().len())
}

#[test]
fn a_large_group_has_as_many_issues_as_it_needs() {
    let mut bench = small();
    bench.run(&[many(50)]);
    assert_eq!(bench.open().len(), 6, "25 findings of each package, ten an issue");
    assert_eq!(members_in_open_issues(&bench), (50, 50));
    bench.run(&[many(48)]);
    assert_eq!(members_in_open_issues(&bench), (48, 48));
    bench.run(&[many(0)]);
    assert!(bench.open().is_empty());
}

#[test]
fn regrouping_moves_members_and_closes_none() {
    let mut bench = small();
    let scan = [many(50)];
    bench.run(&scan);
    for by in [None, Some(GroupBy::Kind), Some(GroupBy::Rule), Some(GroupBy::Component)] {
        bench.setup.group = by;
        let plan = bench.run(&scan);
        assert_eq!(plan.count(Action::Close), 0, "{by:?}: {}", told(&plan));
        // Given before they are taken, so that a crash loses none.
        for (index, change) in plan.changes.iter().enumerate() {
            for uid in &change.takes {
                let given = plan.changes.iter().position(|other| other.gives.contains(uid));
                assert!(given.is_some_and(|given| given < index), "{by:?}: {}", told(&plan));
            }
        }
        assert_eq!(members_in_open_issues(&bench), (50, 50), "{by:?}");
    }
    bench.run(&[many(0)]);
    assert!(bench.open().is_empty());
}

#[test]
fn the_run_of_another_branch_regroups_nothing() {
    let mut bench = Bench::default();
    let on_a_branch = |scan: Scan| {
        let mut scan = scan;
        scan.origin.branch = "release/1".into();
        scan
    };
    bench.run(&[found("Trivy", &[1, 2])]);
    bench.setup.group = Some(GroupBy::Component);
    bench.run(&[on_a_branch(found("Trivy", &[1, 2]))]);
    assert_eq!(bench.open(), [1, 2]);
    bench.run(&[found("Trivy", &[1, 2])]);
    assert_eq!(bench.open(), [1], "the default branch's does");
    // Nor what only the branch has.
    let mut bench = Bench::default();
    bench.run(&[on_a_branch(found("Trivy", &[1, 2]))]);
    bench.setup.group = Some(GroupBy::Component);
    bench.run(&[on_a_branch(found("Trivy", &[1, 2]))]);
    assert_eq!(bench.open(), [1, 2]);
}

#[test]
fn a_member_that_was_gone_when_people_decided_reopens_its_group() {
    let mut bench = Bench::default();
    bench.setup.group = Some(GroupBy::Component);
    bench.run(&[found("Trivy", &[1, 2])]);
    bench.run(&[found("Trivy", &[1])]);
    assert!(bench.board.act(1, Act::NotPlanned));
    bench.run(&[found("Trivy", &[1])]);
    assert!(bench.open().is_empty());
    bench.run(&[found("Trivy", &[1, 2])]);
    assert_eq!(bench.open().len(), 1, "what was gone then was not decided about");
}

#[test]
fn a_member_that_goes_and_comes_back_under_the_same_label_stays_decided() {
    let mut bench = Bench::default();
    bench.setup.group = Some(GroupBy::Component);
    bench.run(&[found("Trivy", &[1, 2])]);
    assert!(bench.board.act(1, Act::Label));
    for ids in [&[1, 2][..], &[1], &[1, 2]] {
        bench.run(&[found("Trivy", ids)]);
        assert!(bench.open().is_empty(), "{ids:?}");
    }
}

#[test]
fn a_person_who_reopens_a_group_takes_back_what_was_decided_about_its_members() {
    let mut bench = Bench::default();
    bench.setup.group = Some(GroupBy::Component);
    bench.run(&[found("Trivy", &[1])]);
    assert!(bench.board.act(1, Act::NotPlanned));
    bench.run(&[found("Trivy", &[1, 2])]);
    bench.run(&[found("Trivy", &[1])]);
    assert!(bench.open().is_empty(), "the first one is still decided");
    assert!(bench.board.act(1, Act::Reopen));
    bench.run(&[found("Trivy", &[1])]);
    assert_eq!(bench.open(), [1]);
}

#[test]
fn a_group_where_people_wrote_stays_when_groups_are_joined() {
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1, 2, 3])]);
    assert!(bench.board.act(2, Act::Write));
    bench.setup.group = Some(GroupBy::Component);
    let plan = bench.run(&[found("Trivy", &[1, 2, 3])]);
    assert_eq!((bench.open(), plan.count(Action::Merge)), (vec![2], 2), "{}", told(&plan));
}

#[test]
fn what_people_decided_about_one_finding_stays_when_it_could_join_a_group() {
    let mut bench = Bench::default();
    bench.run(&[found("Trivy", &[1, 2])]);
    assert!(bench.board.act(1, Act::NotPlanned));
    bench.run(&[found("Trivy", &[1, 2])]);
    bench.setup.group = Some(GroupBy::Component);
    bench.run(&[found("Trivy", &[1, 2])]);
    assert_eq!(bench.open(), [2]);
    let decided = bench.issue(1).stamp.unwrap();
    assert_eq!((decided.members.len(), decided.duplicate_of), (1, None), "it stays where it was decided");
}
