//! Whatever breaks, at whichever request: the next run makes it good, and the world is the one that it would have been.
//! And two runs at once.

use crate::busy::{
    End, keeps_what_people_write_between_requests, keeps_what_people_write_in_a_wait, races, survives_every_fault,
};
use crate::fake::{Kind, Tier, World};
use crate::support;
use crate::world::{Server, with_statuses};

const FAULTS: [(Kind, End); 10] = [
    (Kind::ServerError, End::Told),
    (Kind::BadGatewayAfter, End::Told),
    (Kind::Hang, End::Told),
    (Kind::Cut, End::Told),
    (Kind::Unavailable, End::Told),
    (Kind::TooMany, End::Whole),
    (Kind::Limited, End::Whole),
    (Kind::Unauthorized, End::Stopped("does not accept the token")),
    (Kind::Conflict, End::Any),
    (Kind::Garbage, End::Any),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: thirty changes; the same with six of them runs always"]
async fn every_request_of_a_long_run_may_fail_in_every_way() {
    survives_every_fault::<Server>((World::new(Tier::Free), support::mapping()), 5, &FAULTS, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_may_fail_in_every_way() {
    survives_every_fault::<Server>((World::new(Tier::Free), support::mapping()), 1, &FAULTS, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_may_fail_in_every_way_where_statuses_take_a_second_one() {
    survives_every_fault::<Server>((World::new(Tier::Premium), with_statuses()), 1, &FAULTS, 2).await;
}

#[tokio::test]
async fn whoever_writes_in_a_wait_keeps_every_word() {
    for (tier, mapping) in [(Tier::Free, support::mapping()), (Tier::Premium, with_statuses())] {
        keeps_what_people_write_in_a_wait::<Server>((World::new(tier), mapping), Kind::Later).await;
    }
}

#[tokio::test]
async fn whoever_writes_between_two_requests_keeps_every_word() {
    let overwrites = |_: &str, this: &str| this.starts_with("PUT");
    for (tier, mapping) in [(Tier::Free, support::mapping()), (Tier::Premium, with_statuses())] {
        keeps_what_people_write_between_requests::<Server>((World::new(tier), mapping), Kind::Late, overwrites).await;
    }
}

#[tokio::test]
async fn two_runs_at_once_leave_one_issue_a_finding() {
    for (tier, mapping) in [(Tier::Free, support::mapping()), (Tier::Premium, with_statuses())] {
        races::<Server>((World::new(tier), mapping), 2).await;
    }
}
