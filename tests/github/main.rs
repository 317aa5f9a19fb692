//! The GitHub tracker against a strict fake: the one contract, faults, races, strangers, counts, set-up.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a failed unwrap fails the test; figures are printed; modules are shared by test crates"
)]

mod binary;
#[path = "../contract/busy.rs"]
mod busy;
#[path = "../contract/mod.rs"]
mod contract;
mod counts;
#[path = "../fakes/github/mod.rs"]
mod fake;
mod faults;
mod issue_fields;
mod later;
mod odd;
#[path = "../contract/program.rs"]
mod program;
mod setup;
mod strangers;
mod suite;
mod world;
