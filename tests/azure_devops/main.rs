//! The Azure DevOps adapter and its fake: each on its own, then together through plan and apply.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a failed unwrap fails the test; tests say what they skip and measure; modules are shared by test crates"
)]

#[path = "../contract/mod.rs"]
mod contract;
mod examples;
#[path = "../fakes/azure_devops/mod.rs"]
mod fake;
mod faults;
mod journey;
mod keeps_contract;
mod kit;
mod markup;
mod teams;
mod verbs;
