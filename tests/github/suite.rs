//! The one contract, without a Project (labels) and with one (fields), and with a Project whose workflows interfere.

mod labels {
    use crate::world::without_project;

    crate::contract_suite!(without_project);
}

mod fields {
    use crate::world::with_project;

    crate::contract_suite!(with_project);
}

mod issue_fields {
    use crate::fake;
    use crate::fake::issue_fields::IssueField;
    use crate::world::Hub;

    async fn fresh() -> Hub {
        let priority = IssueField::new(7, "Priority", "single_select", &["P0", "P1", "P2", "P3", "P4"]);
        Hub::start(fake::World::default().and_issue_fields(vec![priority])).await
    }

    crate::contract_suite!(fresh);
}

mod workflows {
    use findsync::finding::Severity;

    use crate::contract::{Bench, dependency, scan};
    use crate::fake;
    use crate::world::Hub;

    async fn fresh() -> Hub {
        let mut world = fake::World::with_project();
        let project = world.project.as_mut().unwrap();
        (project.on_add, project.on_close) = (Some("Todo"), Some("Done"));
        Hub::start(world).await
    }

    crate::contract_suite!(fresh);

    #[tokio::test]
    async fn the_mapped_status_stands_after_a_workflow_had_its_way() {
        let hub = fresh().await;
        let mut bench = Bench::new(&hub);
        bench.mapping.status.values[1].value = "Todo".to_owned();
        bench.sync(&[scan("Trivy", vec![dependency("CVE-2026-0001", Severity::High)])]).await;
        assert_eq!(hub.fake.world().field(1, "Status").as_deref(), Some("In Progress"));
        bench.sync(&[scan("Trivy", vec![])]).await;
        assert_eq!(hub.fake.world().field(1, "Status").as_deref(), Some("Todo"));
    }
}
