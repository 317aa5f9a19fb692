//! The GitLab tracker, verb by verb, against a fake over HTTP.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails where it panics; figures are printed")]
#![expect(unreachable_pub, reason = "modules of one test crate")]

#[path = "contract/busy.rs"]
mod busy;
mod contract;
#[path = "fakes/gitlab/mod.rs"]
mod fake;
#[path = "contract/program.rs"]
mod program;
#[path = "gitlab/support.rs"]
mod support;

#[path = "gitlab/binary.rs"]
mod binary;
#[path = "gitlab/checks.rs"]
mod checks;
#[path = "gitlab/world.rs"]
mod world;

mod free {
    crate::contract_suite!(super::world::free);
}

mod premium {
    crate::contract_suite!(super::world::premium);
}

mod statuses {
    crate::contract_suite!(super::world::statuses);
}

#[path = "gitlab/connect.rs"]
mod connect;
#[path = "gitlab/faults.rs"]
mod faults;
#[path = "gitlab/later.rs"]
mod later;
#[path = "gitlab/reading.rs"]
mod reading;
#[path = "gitlab/writing.rs"]
mod writing;
