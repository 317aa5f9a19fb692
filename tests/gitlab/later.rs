//! What becomes of issues when GitLab, or the project's tier, is another one than before.

use findsync::finding::Severity;

use crate::contract::{Bench, dependency, scan};
use crate::fake::{Fake, Tier};
use crate::world::{Server, with_statuses};

/// The work-item status, and the labels that stand for one, of the issue about a vulnerability.
fn status(server: &Server, id: &str) -> (Option<String>, Vec<String>) {
    let world = server.fake.world();
    let issue = world.issues.iter().find(|issue| issue.title.contains(id)).unwrap();
    let labels = issue.labels.iter().filter(|label| label.to_lowercase().starts_with("status::"));
    (issue.status.map(|at| world.statuses[at].name.clone()), labels.cloned().collect())
}

#[tokio::test]
async fn a_status_label_becomes_a_work_item_status_with_the_tier_and_a_label_again_without() {
    let server = Server::new(Fake::start(Tier::Free).await, with_statuses());
    let bench = Bench::new(&server);
    let found = |ids: &[&str]| vec![scan("Trivy", ids.iter().map(|id| dependency(id, Severity::Low)).collect())];
    let (both, one) = (found(&["CVE-2026-0001", "CVE-2026-0002"]), found(&["CVE-2026-0001"]));
    let label = |name: &str| (None::<String>, vec![format!("Status::{name}")]);
    let item = |name: &str| (Some(name.to_owned()), Vec::<String>::new());
    bench.sync(&both).await;
    bench.sync(&one).await;
    assert_eq!(status(&server, "0001"), label("In progress"));
    assert_eq!(status(&server, "0002"), label("Done"));

    server.fake.world().set_tier(Tier::Premium);
    bench.sync(&one).await;
    assert_eq!(status(&server, "0001"), item("In progress"));
    bench.sync(&both).await;
    assert_eq!(status(&server, "0002"), item("In progress"), "reopened, and the label is gone with it");
    bench.sync(&one).await;
    assert_eq!(status(&server, "0002"), item("Done"));

    server.fake.world().set_tier(Tier::Free);
    bench.sync(&one).await;
    assert_eq!(status(&server, "0001"), label("In progress"));
    bench.sync(&both).await;
    assert_eq!(status(&server, "0002"), label("In progress"));
    assert!(bench.look().await.iter().all(|issue| issue.open));
}

#[tokio::test]
async fn a_status_that_a_person_chose_as_a_label_is_theirs_when_it_becomes_a_work_item_status() {
    let server = Server::new(Fake::start(Tier::Free).await, with_statuses());
    let bench = Bench::new(&server);
    let scans = vec![scan("Trivy", vec![dependency("CVE-2026-0001", Severity::Low)])];
    bench.sync(&scans).await;
    {
        let mut world = server.fake.world();
        let id = world.issues[0].id;
        world.issues[0].labels.retain(|label| label != "Status::In progress");
        world.add_labels(id, &["Status::To do".to_owned()]);
    }
    bench.sync(&scans).await;
    assert_eq!(status(&server, "0001"), (None, vec!["Status::To do".to_owned()]));
    server.fake.world().set_tier(Tier::Premium);
    bench.sync(&scans).await;
    assert_eq!(status(&server, "0001").0.as_deref(), Some("To do"), "{:?}", status(&server, "0001"));
}
