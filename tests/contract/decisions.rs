//! Whose word counts: people's, bots', other scanners', and what was said before.

use findsync::config::{GroupBy, OnManualClose};
use findsync::finding::{Severity, Status};

use super::{Act, Bench, Seen, World, dependency, scan};

const ONE: &str = "CVE-2026-0001";
const TWO: &str = "CVE-2026-0002";

fn trivy(ids: &[&str]) -> findsync::finding::Scan {
    scan("Trivy", ids.iter().map(|id| dependency(id, Severity::High)).collect())
}

fn open(seen: &[Seen]) -> Vec<&Seen> {
    seen.iter().filter(|issue| issue.open).collect()
}

pub async fn reopens_what_a_bot_closed(world: &dyn World) {
    let bench = Bench::new(world);
    bench.sync(&[trivy(&[ONE])]).await;
    let number = bench.only().await.number;
    world.person(Act::CloseByBot(number)).await;
    bench.sync(&[trivy(&[ONE])]).await;
    assert!(bench.only().await.open, "only people decide");
}

pub async fn leaves_what_a_person_closed_as_a_duplicate(world: &dyn World) {
    let bench = Bench::new(world);
    bench.sync(&[trivy(&[ONE])]).await;
    let number = bench.only().await.number;
    world.person(Act::CloseAsDuplicate(number)).await;
    for _ in 0..3 {
        bench.sync(&[trivy(&[ONE])]).await;
        let seen = bench.only().await;
        assert!(!seen.open && seen.comments.is_empty(), "nothing is opened beside it: {seen:#?}");
    }
}

pub async fn with_keep_what_was_gone_and_comes_back_is_reported_again(world: &dyn World) {
    let mut bench = Bench::new(world);
    bench.mapping.on_manual_close = OnManualClose::Keep;
    bench.sync(&[trivy(&[ONE])]).await;
    let number = bench.only().await.number;
    world.person(Act::Close(number)).await;
    bench.sync(&[trivy(&[ONE])]).await;
    assert!(!bench.only().await.open, "it is kept");
    // Closed by the person who mends it: the first run that follows sees nothing of it any more.
    for still_there in [true, false] {
        if !bench.only().await.open {
            world.person(Act::Reopen(number)).await;
        }
        bench.sync(&[trivy(&[ONE])]).await;
        world.person(Act::Close(number)).await;
        if still_there {
            bench.sync(&[trivy(&[ONE])]).await;
        }
        bench.sync(&[trivy(&[])]).await;
        let gone = bench.only().await;
        bench.sync(&[trivy(&[ONE])]).await;
        let back = bench.only().await;
        assert!(!gone.open && back.open, "still there when it was closed: {still_there}; {back:#?}");
        let told = back.comments.last().unwrap().to_lowercase();
        assert!(told.contains("seen again"), "{told}");
    }
}

pub async fn keeps_what_lost_its_label_in_step(world: &dyn World) {
    let bench = Bench::new(world);
    bench.sync(&[trivy(&[ONE, TWO])]).await;
    let label: &'static str = Box::leak(bench.mapping.own_label.clone().into_boxed_str());
    for issue in bench.look().await {
        world.person(Act::Unlabel(issue.number, label)).await;
    }
    bench.sync(&[trivy(&[TWO])]).await;
    let seen = bench.look().await;
    assert_eq!(seen.len(), 2, "{seen:#?}");
    let fixed = seen.iter().find(|issue| issue.title.contains(ONE)).unwrap();
    assert!(!fixed.open && open(&seen).len() == 1, "{seen:#?}");
}

pub async fn one_scanners_suppression_hides_nothing_that_another_reports(world: &dyn World) {
    let bench = Bench::new(world);
    let mut suppressed = dependency(ONE, Severity::High);
    (suppressed.status, suppressed.justification) = (Status::FalsePositive, Some("not used".into()));
    let grype = scan("Grype", vec![suppressed]);
    bench.sync(&[trivy(&[ONE])]).await;
    for scans in [vec![grype.clone()], vec![trivy(&[ONE]), grype.clone()], vec![trivy(&[ONE])]] {
        bench.sync(&scans).await;
        assert!(bench.only().await.open, "Trivy's word is that it is active");
    }
    let body = bench.only().await.body.to_lowercase();
    assert!(body.contains("grype") && body.contains("false positive"), "it shows who says what: {body}");
    bench.sync(&[trivy(&[])]).await;
    assert!(!bench.only().await.open, "nobody's word is active any more");
    bench.sync(&[trivy(&[ONE])]).await;
    assert!(bench.only().await.open);
}

pub async fn a_new_member_opens_a_group_again_that_people_closed(world: &dyn World) {
    let mut bench = Bench::new(world);
    bench.mapping.group_by = vec![GroupBy::Component];
    bench.sync(&[trivy(&[ONE])]).await;
    let number = bench.only().await.number;
    world.person(Act::Refuse(number)).await;
    bench.sync(&[trivy(&[ONE])]).await;
    assert!(!bench.only().await.open, "the decision covers what was there");
    bench.sync(&[trivy(&[ONE, TWO])]).await;
    let seen = bench.look().await;
    let [group] = open(&seen)[..] else { panic!("one open issue for the new member: {seen:#?}") };
    let told = [group.body.as_str(), &group.comments.join("\n")].concat();
    assert!(told.contains(TWO), "it is named: {group:#?}");
    // What people decided stays decided: without the new member nothing is open.
    bench.sync(&[trivy(&[ONE])]).await;
    assert!(open(&bench.look().await).is_empty());
}

pub async fn other_groups_close_nothing_that_is_not_fixed(world: &dyn World) {
    let mut bench = Bench::new(world);
    let scans = [trivy(&[ONE, TWO])];
    for by in [vec![], vec![GroupBy::Component], vec![], vec![GroupBy::Rule], vec![GroupBy::Component]] {
        bench.mapping.group_by = by.clone();
        bench.sync(&scans).await;
        let seen = bench.look().await;
        for id in [ONE, TWO] {
            let holders = open(&seen).into_iter().filter(|issue| issue.body.contains(id));
            assert_eq!(holders.count(), 1, "{id} by {by:?}: {seen:#?}");
        }
        let groups = if by == [GroupBy::Component] { 1 } else { 2 };
        assert_eq!(open(&seen).len(), groups, "{by:?}: {seen:#?}");
    }
}

pub async fn a_stamp_that_cannot_be_read_holds_back_its_twin(world: &dyn World) {
    let bench = Bench::new(world);
    bench.sync(&[trivy(&[ONE])]).await;
    let before = bench.only().await;
    world.person(Act::Damage(before.number)).await;
    let planned = bench.sync(&[trivy(&[ONE, TWO])]).await;
    let seen = bench.look().await;
    assert_eq!(seen.len(), 2, "what resembles the damaged one is not opened, the other is: {seen:#?}");
    let held: Vec<&str> = planned.plan.withheld.iter().map(|held| held.reason.as_str()).collect();
    assert!(held.iter().any(|why| why.contains(&format!("#{}", before.number))), "{held:?}");
}

pub async fn follows_a_mapping_that_names_another_label(world: &dyn World) {
    let mut bench = Bench::new(world);
    bench.sync(&[trivy(&[ONE, TWO])]).await;
    let before = bench.look().await;
    world.person(Act::Label(before[0].number, "people")).await;
    let old = std::mem::replace(&mut bench.mapping.own_label, "guarded".into());
    bench.sync(&[trivy(&[ONE, TWO])]).await;
    let seen = bench.look().await;
    assert_eq!(seen.len(), 2, "nothing is opened beside them: {seen:#?}");
    for issue in &seen {
        let has = |label: &str| issue.labels.iter().any(|known| known == label);
        assert!(issue.open && has("guarded") && !has(&old), "{:?}", issue.labels);
    }
    assert!(seen[0].labels.iter().any(|label| label == "people"), "what people put there stays");
    bench.sync(&[trivy(&[])]).await;
    assert!(open(&bench.look().await).is_empty());
}
