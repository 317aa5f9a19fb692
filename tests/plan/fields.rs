//! What is written to an issue's fields, labels and text, and what people's changes of them mean.

use findsync::finding::{Scan, Severity, Status};
use findsync::issue::{Draft, DraftField, Issue, On, Update};
use findsync::plan::Plan;

use crate::board::{Act, Board};
use crate::contract::dependency;
use crate::kit::{Bench, cve, found, scan_of, told};

fn field(name: &str, value: &str, on: On, update: Update) -> DraftField {
    DraftField { name: name.into(), value: value.into(), on, update }
}

/// A bench whose mapping has fields of its own.
fn bench(draft: fn(&mut Draft)) -> Bench {
    let mut bench = Bench {
        adjust: |settings| settings.fields.extend(["Team", "Effort", "Size"].map(str::to_owned)),
        ..Bench::default()
    };
    bench.setup.draft = Some(draft);
    bench
}

/// What a person does to the first issue.
fn person(bench: &mut Bench, change: impl FnOnce(&mut Issue)) {
    let mut issue = bench.issue(1);
    change(&mut issue);
    bench.board = Board::quick();
    bench.board.adopt(issue);
}

fn set(bench: &mut Bench, name: &str, value: &str) {
    person(bench, |issue| drop(issue.fields.insert(name.into(), value.into())));
}

fn value(bench: &Bench, name: &str) -> String {
    bench.issue(1).fields.get(name).cloned().unwrap_or_else(|| "-".into())
}

fn low() -> Scan {
    scan_of("Trivy", &[dependency(&cve(1), Severity::Low)])
}

fn high() -> [Scan; 1] {
    [found("Trivy", &[1])]
}

/// The fields that the last run changed, as people see them.
fn changed(plan: &Plan) -> Vec<(&str, Option<&str>, Option<&str>)> {
    let fields = plan.changes.iter().flat_map(|change| &change.fields);
    fields.map(|field| (field.field.as_str(), field.from.as_deref(), field.to.as_deref())).collect()
}

#[test]
fn a_field_follows_the_finding_until_a_person_changes_it() {
    let mut bench = bench(|_| ());
    let plan = bench.run(&high());
    assert_eq!(changed(&plan), [("Priority", None, Some("P3")), ("Status", None, Some("In Progress"))]);
    let plan = bench.run(&[low()]);
    assert_eq!(changed(&plan), [("Priority", Some("P3"), Some("P1"))]);
    assert_eq!(
        (plan.changes[0].reason.as_str(), value(&bench, "Priority")),
        ("changed: Priority, title, body", "P1".into())
    );
    set(&mut bench, "Priority", "P2");
    assert_eq!(changed(&bench.run(&high())), [], "it is the person's now");
    assert_eq!(value(&bench, "Priority"), "P2");
    // A person who writes what findsync would have written gives it back.
    set(&mut bench, "Priority", "P3");
    assert_eq!(changed(&bench.run(&high())), []);
    bench.run(&[low()]);
    assert_eq!(value(&bench, "Priority"), "P1");
}

#[test]
fn whose_value_stays_is_the_mappings_choice() {
    for (update, kept) in [(Update::IfUnedited, "by hand"), (Update::Always, "core"), (Update::Never, "by hand")] {
        let mut bench = match update {
            Update::IfUnedited => {
                bench(|draft| draft.fields = vec![field("Team", "core", On::Update, Update::IfUnedited)])
            }
            Update::Always => bench(|draft| draft.fields = vec![field("Team", "core", On::Update, Update::Always)]),
            Update::Never => bench(|draft| draft.fields = vec![field("Team", "core", On::Update, Update::Never)]),
        };
        bench.run(&high());
        assert_eq!(value(&bench, "Team"), "core", "{update:?}");
        set(&mut bench, "Team", "by hand");
        let plan = bench.run(&high());
        assert_eq!(value(&bench, "Team"), kept, "{update:?}");
        let wanted: &[_] = if kept == "core" { &[("Team", Some("by hand"), Some("core"))] } else { &[] };
        assert_eq!(changed(&plan), wanted, "{update:?}");
        // The mapping changes its mind: what findsync wrote follows, unless it is never to be updated.
        set(&mut bench, "Team", "core");
        bench.run(&high());
        bench.setup.draft = Some(match update {
            Update::IfUnedited => |draft| draft.fields = vec![field("Team", "web", On::Update, Update::IfUnedited)],
            Update::Always => |draft| draft.fields = vec![field("Team", "web", On::Update, Update::Always)],
            Update::Never => |draft| draft.fields = vec![field("Team", "web", On::Update, Update::Never)],
        });
        bench.run(&high());
        assert_eq!(value(&bench, "Team"), if update == Update::Never { "core" } else { "web" }, "{update:?}");
    }
}

#[test]
fn a_field_that_is_new_to_the_mapping_is_filled_where_nobody_filled_it() {
    for update in [Update::IfUnedited, Update::Never] {
        for (by_hand, after) in [(None, "core"), (Some("web"), "web")] {
            let mut bench = bench(|_| ());
            bench.run(&high());
            if let Some(team) = by_hand {
                set(&mut bench, "Team", team);
            }
            bench.setup.draft = Some(match update {
                Update::Never => |draft| draft.fields.push(field("Team", "core", On::Update, Update::Never)),
                _ => |draft| draft.fields.push(field("Team", "core", On::Update, Update::IfUnedited)),
            });
            bench.run(&high());
            // What is never to be updated is not written later either, where a person filled it.
            let wanted = if update == Update::Never { by_hand.unwrap_or("-") } else { after };
            assert_eq!(value(&bench, "Team"), wanted, "{update:?}, {by_hand:?}");
        }
    }
}

#[test]
fn a_field_for_the_opening_is_written_then_and_never_again() {
    let mut bench = bench(|draft| {
        let value = if draft.fields[0].value == "P3" { "core" } else { "web" };
        draft.fields.push(field("Team", value, On::Create, Update::Always));
    });
    bench.run(&high());
    bench.run(&[low()]);
    assert_eq!((value(&bench, "Team"), value(&bench, "Priority")), ("core".into(), "P1".into()));
    person(&mut bench, |issue| drop(issue.fields.remove("Team")));
    bench.run(&high());
    assert_eq!(value(&bench, "Team"), "-");
}

#[test]
fn a_field_for_a_status_is_written_when_the_issue_comes_to_it() {
    let mut bench = bench(|draft| {
        draft.fields.push(field("Effort", "none", On::Status(Status::Closed), Update::IfUnedited));
        draft.fields.push(field("Effort", "some", On::Status(Status::Active), Update::Never));
    });
    bench.run(&high());
    assert_eq!(value(&bench, "Effort"), "some");
    set(&mut bench, "Effort", "mine");
    bench.run(&high());
    assert_eq!(value(&bench, "Effort"), "mine", "it came to that status before");
    bench.run(&[found("Trivy", &[])]);
    assert_eq!((value(&bench, "Effort"), value(&bench, "Status")), ("none".into(), "Done".into()));
    set(&mut bench, "Effort", "mine");
    bench.run(&high());
    assert_eq!(
        (value(&bench, "Effort"), value(&bench, "Status")),
        ("some".into(), "In Progress".into()),
        "whatever it was"
    );
}

#[test]
fn a_value_for_a_status_goes_before_one_for_all_and_a_later_one_before_an_earlier() {
    let mut bench = bench(|draft| {
        draft.fields.push(field("Team", "first", On::Update, Update::IfUnedited));
        draft.fields.push(field("Team", "second", On::Update, Update::IfUnedited));
        draft.fields.push(field("Effort", "active", On::Status(Status::Active), Update::IfUnedited));
        draft.fields.push(field("Effort", "all", On::Update, Update::IfUnedited));
        draft.fields.push(field("Effort", "later", On::Status(Status::Active), Update::IfUnedited));
        draft.fields.push(field("Effort", "closed", On::Status(Status::Closed), Update::IfUnedited));
        draft.fields.push(field("Size", "active", On::Status(Status::Active), Update::IfUnedited));
        draft.fields.push(field("Size", "all", On::Update, Update::IfUnedited));
    });
    let plan = bench.run(&high());
    assert_eq!((value(&bench, "Team"), value(&bench, "Effort")), ("second".into(), "later".into()));
    assert_eq!(value(&bench, "Size"), "active");
    let names: Vec<&str> = changed(&plan).iter().map(|change| change.0).collect();
    assert_eq!(names, ["Priority", "Team", "Effort", "Size", "Status"], "each once");
}

#[test]
fn a_value_of_nothing_empties_a_field_and_is_no_news() {
    let mut bench = bench(|draft| {
        let value = if draft.fields[0].value == "P3" { "core" } else { "" };
        draft.fields.push(field("Team", value, On::Update, Update::IfUnedited));
    });
    let plan = bench.run(&[low()]);
    assert!(changed(&plan).iter().all(|change| change.0 != "Team"), "{}", told(&plan));
    bench.run(&high());
    assert_eq!(value(&bench, "Team"), "core");
    let plan = bench.run(&[low()]);
    assert!(changed(&plan).contains(&("Team", Some("core"), None)), "{:?}", changed(&plan));
    assert_eq!(value(&bench, "Team"), "-");
}

#[test]
fn what_a_service_did_not_take_is_written_again_whoever_wrote_there() {
    let mut bench = bench(|draft| draft.fields.push(field("Team", "core", On::Update, Update::IfUnedited)));
    bench.run(&high());
    person(&mut bench, |issue| {
        issue.fields.insert("Team".into(), "web".into());
        issue.stamp.as_mut().unwrap().pending = vec!["Team".into()];
    });
    bench.run(&high());
    assert_eq!((value(&bench, "Team"), bench.issue(1).stamp.unwrap().pending), ("core".into(), vec![]));
}

#[test]
fn the_status_field_goes_along_with_the_state_even_where_a_person_set_it() {
    let mut bench = bench(|_| ());
    bench.run(&high());
    set(&mut bench, "Status", "Waiting");
    assert!(bench.run(&high()).changes.is_empty());
    assert_eq!(value(&bench, "Status"), "Waiting");
    bench.run(&[found("Trivy", &[])]);
    assert_eq!(value(&bench, "Status"), "Done");
    // A person closes it as done, and it is still there: it comes back with its status.
    bench.run(&high());
    assert!(bench.board.act(1, Act::Done));
    set(&mut bench, "Status", "Done");
    bench.run(&high());
    assert_eq!((bench.open(), value(&bench, "Status")), (vec![1], "In Progress".into()));
}

#[test]
fn labels_that_people_took_away_or_put_there_stay_so() {
    let labels = |bench: &Bench| bench.issue(1).labels.join(" ");
    let mut bench = bench(|draft| {
        let of = if draft.fields[0].value == "P3" { "urgent" } else { "later" };
        draft.labels = vec!["security".into(), of.into()];
    });
    bench.run(&high());
    assert_eq!(labels(&bench), "security urgent");
    let plan = bench.run(&[low()]);
    assert_eq!(labels(&bench), "security later");
    assert_eq!(plan.changes[0].reason, "changed: Priority, title, labels, body");
    // One that a person took away stays away, and one that was theirs first is never taken away.
    person(&mut bench, |issue| issue.labels = vec!["later".into(), "URGENT".into()]);
    bench.run(&high());
    assert_eq!(labels(&bench), "URGENT");
    bench.run(&[low()]);
    assert_eq!(labels(&bench), "URGENT later");
    assert_eq!(bench.issue(1).stamp.unwrap().labels, ["security", "later"], "what findsync put there");
}

#[test]
fn a_section_that_a_person_changed_is_theirs_unless_the_mapping_says_otherwise() {
    for (update, after_edit) in [(Update::IfUnedited, false), (Update::Always, true), (Update::Never, false)] {
        let mut bench = match update {
            Update::IfUnedited => bench(|_| ()),
            Update::Always => bench(|draft| (draft.update_body, draft.update_title) = (Update::Always, Update::Always)),
            Update::Never => bench(|draft| (draft.update_body, draft.update_title) = (Update::Never, Update::Never)),
        };
        bench.run(&high());
        let first = bench.issue(1);
        assert!(first.body.contains("High Active") && first.title.contains("High"), "{}", first.body);
        bench.run(&[low()]);
        let second = bench.issue(1);
        let follows = |issue: &Issue| (issue.body.contains("Low Active"), issue.title.starts_with("Low"));
        assert_eq!(
            follows(&second),
            [(true, true), (false, false)][usize::from(update == Update::Never)],
            "{update:?}"
        );
        person(&mut bench, |issue| {
            issue.body = issue.body.replace("trouble in", "nothing wrong with");
            issue.title = "Mine".into();
        });
        bench.run(&high());
        let third = bench.issue(1);
        assert_eq!(third.body.contains("trouble in"), after_edit, "{update:?}: {}", third.body);
        assert_eq!(third.title != "Mine", after_edit, "{update:?}");
        // Written back, it is findsync's again.
        person(&mut bench, |issue| (issue.body, issue.title) = (second.body.clone(), second.title.clone()));
        bench.run(&high());
        assert_eq!(
            bench.issue(1).title.starts_with("High"),
            update != Update::Never || second.title.starts_with("High")
        );
    }
}

#[test]
fn who_sees_it_is_told_in_runs_that_do_not_know_the_rest() {
    let draft_with_heading = || bench(|draft| draft.attribution = draft.attribution.replace("Seen by", "**Seen by**"));
    let mut bench = draft_with_heading();
    bench.run(&[found("Trivy", &[1]), found("Grype", &[1])]);
    let before = bench.issue(1);
    assert!(before.body.contains("**Seen by**  Grype on shop,  Trivy on shop"), "{}", before.body);
    bench.run(&[found("Grype", &[])]);
    let after = bench.issue(1);
    assert!(after.body.contains("Grype on shop no longer"), "{}", after.body);
    assert!(after.body.contains("trouble in lodash High Active"), "{}", after.body);
    // Where a person changed the text, nothing is told there.
    let mut bench = draft_with_heading();
    bench.run(&[found("Trivy", &[1]), found("Grype", &[1])]);
    person(&mut bench, |issue| issue.body = issue.body.replace("trouble", "none"));
    bench.run(&[found("Grype", &[])]);
    assert!(!bench.issue(1).body.contains("no longer"), "{}", bench.issue(1).body);
}

#[test]
fn a_field_for_a_status_does_not_follow_what_changes_within_it() {
    let mut bench = bench(|draft| {
        let value = if draft.fields[0].value == "P3" { "much" } else { "little" };
        draft.fields.push(field("Effort", value, On::Status(Status::Active), Update::IfUnedited));
    });
    bench.run(&high());
    bench.run(&[low()]);
    assert_eq!((value(&bench, "Effort"), value(&bench, "Priority")), ("much".into(), "P1".into()));
}

#[test]
fn a_section_that_is_always_ours_is_written_back_and_one_that_follows_is_not_written_twice() {
    let mut bench = bench(|draft| draft.update_body = Update::Always);
    bench.run(&high());
    assert!(bench.run(&high()).changes.is_empty());
    person(&mut bench, |issue| issue.body = issue.body.replace("trouble in", "nothing wrong with"));
    let plan = bench.run(&high());
    assert_eq!((plan.changes[0].reason.as_str(), bench.issue(1).body.contains("trouble in")), ("changed: body", true));
    // Without a person's change, `if_unedited` writes nothing, and with one leaves it as it is.
    bench.setup.draft = None;
    assert!(bench.run(&high()).changes.is_empty());
    person(&mut bench, |issue| issue.body = issue.body.replace("trouble in", "nothing wrong with"));
    assert!(bench.run(&high()).changes.is_empty());
}

#[test]
fn a_duplicate_loses_the_label_of_decided_issues_and_gets_the_status_of_closed_ones() {
    let mut bench = Bench::default();
    bench.run(&high());
    let mut twin = bench.issue(1);
    twin.own_labels.extend(["findsync-decided".to_owned(), "findsync-other".to_owned()]);
    bench.board.adopt(twin);
    bench.run(&high());
    let twin = bench.issue(2);
    assert_eq!((bench.open(), twin.fields.get("Status").map(String::as_str)), (vec![1], Some("Done")));
    assert!(!twin.own_labels.iter().any(|label| label == "findsync-decided"), "{:?}", twin.own_labels);
    assert!(twin.own_labels.iter().any(|label| label == "findsync-other"), "{:?}", twin.own_labels);
}
