//! The Azure DevOps adapter and its fake: each on its own, then together through plan and apply.
#![expect(clippy::unwrap_used, reason = "a test stops where something is missing")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tests say what they skip and what they measure")]

mod examples;
#[path = "../fakes/azure_devops/mod.rs"]
mod fake;
mod faults;
mod journey;
mod kit;
mod verbs;
