//! The one contract, without a Project (labels) and with one (fields), and with a Project whose workflows interfere.

mod labels {
    use crate::world::without_project;

    crate::contract_suite!(without_project);
}

mod fields {
    use crate::world::with_project;

    crate::contract_suite!(with_project);
}

mod workflows {
    use crate::fake;
    use crate::world::Hub;

    async fn fresh() -> Hub {
        let mut world = fake::World::with_project();
        let project = world.project.as_mut().unwrap();
        (project.on_add, project.on_close) = (Some("Todo"), Some("Todo"));
        Hub::start(world).await
    }

    crate::contract_suite!(fresh);
}
