//! Faults at the requests of each verb, and lists longer than one query.

use findsync::finding::Status;
use findsync::issue::{Comment, Edit, FieldEdit, State};
use findsync::trackers::{Error, Found, Read as _, Track as _, Which};

use crate::fake::{Fake, Kind, Process};
use crate::kit::{self, connect, impatient, mapping_for, new_issue, open_issues, stamp, states};

/// Whether the fault leaves reading unharmed, as it is safe to ask again.
fn is_passing(kind: Kind) -> bool {
    !matches!(kind, Kind::Unauthorized | Kind::SignIn | Kind::Redirect | Kind::Garbage | Kind::ProxyPage)
}

#[tokio::test]
async fn reading_survives_what_passes_and_says_what_does_not() {
    for kind in Kind::ALL {
        for nth in 0..3 {
            let fake = Fake::start(Process::Basic).await;
            let mapping = mapping_for(Process::Basic);
            impatient(&fake, &mapping)
                .open(&new_issue(&impatient(&fake, &mapping), &mapping, 1, Status::Active))
                .await
                .unwrap();
            fake.fail(nth, kind);
            let read = impatient(&fake, &mapping).issues(Which::Open).await;
            match read {
                Ok(issues) => assert!(is_passing(kind) && issues.len() == 1, "{kind:?} at {nth}"),
                Err(error) => {
                    // A page in the place of an answer is a proxy's, whatever its status is.
                    let right = match kind {
                        Kind::ProxyPage => error.to_string().contains("a proxy or firewall answered with a page"),
                        _ => matches!(error, Error::Unauthorized { .. }),
                    };
                    assert!(!is_passing(kind) && right, "{kind:?} at {nth}: {error}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_unclear_write_is_never_repeated_and_never_called_done() {
    for kind in Kind::ALL {
        let fake = Fake::start(Process::Agile).await;
        let mapping = mapping_for(Process::Agile);
        let adapter = impatient(&fake, &mapping);
        adapter.issues(Which::Open).await.unwrap();
        fake.take_requests();
        fake.fail(0, kind);
        let opened = adapter.open(&new_issue(&adapter, &mapping, 1, Status::Active)).await;
        let there = fake.items().len();
        let posts = fake.take_requests().len();
        match kind {
            Kind::TooMany | Kind::Later => assert!(opened.is_ok() && there == 1 && posts == 2, "{opened:?}"),
            Kind::BadGatewayAfter | Kind::Hang | Kind::Cut => {
                assert!(
                    matches!(opened, Err(Error::Unclear { .. })) && there == 1 && posts == 1,
                    "{kind:?}: {opened:?}"
                );
            }
            Kind::ServerError | Kind::Unavailable => {
                assert!(
                    matches!(opened, Err(Error::Unclear { .. })) && there == 0 && posts == 1,
                    "{kind:?}: {opened:?}"
                );
            }
            Kind::Unauthorized | Kind::SignIn | Kind::Redirect | Kind::Garbage => {
                assert!(matches!(opened, Err(Error::Unauthorized { .. })) && there == 0, "{kind:?}: {opened:?}");
            }
            Kind::Precondition | Kind::Conflict | Kind::ProxyPage => {
                assert!(opened.is_err() && there == 0, "{kind:?}: {opened:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_item_whose_second_step_failed_says_so_in_its_stamp() {
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::TooMany) {
        let fake = Fake::start(Process::Agile).await;
        let mapping = mapping_for(Process::Agile);
        let adapter = impatient(&fake, &mapping);
        adapter.issues(Which::Open).await.unwrap();
        fake.fail(1, kind);
        let opened = adapter.open(&new_issue(&adapter, &mapping, 1, Status::RiskAccepted)).await;
        assert!(matches!(opened, Err(Error::Partly { .. })), "{kind:?}: {opened:?}");
        let id = fake.items()[0].id;
        let open = adapter.issues(Which::NewerThan(0)).await.unwrap();
        let done = fake.item(id).text("System.State") == "Closed";
        let pending = &open[0].stamp.as_ref().unwrap().pending;
        assert_eq!(pending.is_empty(), done, "{kind:?}");
        assert!(done || *pending == [kit::STATE]);
    }
}

#[tokio::test]
async fn an_edit_whose_answer_was_lost_can_be_tried_again_without_doing_it_twice() {
    let kinds = [Kind::BadGatewayAfter, Kind::Hang, Kind::Cut, Kind::ServerError];
    // Closing takes two steps here: either may go wrong.
    for (kind, nth) in kinds.into_iter().flat_map(|kind| [(kind, 0), (kind, 1)]) {
        let fake = Fake::start(Process::Scrum).await;
        let mapping = mapping_for(Process::Scrum);
        let adapter = impatient(&fake, &mapping);
        let id = adapter.open(&new_issue(&adapter, &mapping, 1, Status::Active)).await.unwrap();
        let edit = Edit {
            stamp: Some(stamp(1, State::Closed)),
            state: Some(State::Closed),
            fields: vec![FieldEdit { name: kit::STATE.into(), value: Some(states(Process::Scrum).1.into()) }],
            comment: Some(Comment { marker: "close-1".into(), text: "gone".into() }),
            ..Edit::default()
        };
        let issue = open_issues(&adapter).await.remove(0);
        fake.fail(nth, kind);
        let edited = adapter.edit(&issue, &edit).await;
        assert!(matches!(edited, Err(Error::Unclear { .. })), "{kind:?} at {nth}: {edited:?}");
        let Found::Here(now) = adapter.issue(&id).await.unwrap() else { panic!("gone") };
        if now.stamp != edit.stamp {
            adapter.edit(&now, &edit).await.unwrap();
        }
        assert_eq!(fake.item(id.number).text("System.State"), "Done");
        assert_eq!(fake.item(id.number).comments.len(), 1, "{kind:?} at {nth}");
    }
}

#[tokio::test]
async fn more_items_than_a_query_returns_are_read_in_windows() {
    for top_helps in [true, false] {
        let fake = Fake::start(Process::Basic).await;
        let mapping = mapping_for(Process::Basic);
        let adapter = connect(&fake, &mapping);
        adapter.open(&new_issue(&adapter, &mapping, 1, Status::Active)).await.unwrap();
        fake.world().items.values_mut().for_each(|item| {
            // Small, so that the test is about windows.
            item.fields.remove("System.Description");
            item.relations.clear();
        });
        fake.fill(20_010, |_, _| {});
        fake.world().top_helps = top_helps;
        let issues = connect(&fake, &mapping).issues(Which::Open).await.unwrap();
        assert_eq!(issues.len(), 20_011, "{top_helps}");
        assert!(issues.windows(2).all(|pair| pair[0].id.number < pair[1].id.number));
    }
}
