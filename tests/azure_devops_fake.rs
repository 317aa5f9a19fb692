//! The fake held against the examples of the contract, so that what it teaches us is what Azure DevOps does.
#![expect(clippy::unwrap_used, reason = "a test stops where something is missing")]

#[path = "fakes/azure_devops/mod.rs"]
mod fake;

use fake::{Fake, Process};

#[tokio::test]
async fn starts() {
    let fake = Fake::start(Process::Basic).await;
    assert!(fake.items().is_empty());
    "1".parse::<u8>().unwrap();
}
