//! The decision table of DESIGN §4, row by row.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use super::*;
use crate::finding::{Kind, Scan, Scope, digest};
use crate::issue::{Body, CloseReason, Markup, Member, MemberStamp, Place, ScopeStamp, Stamp, State, TrackerDecision};

fn key(name: &str) -> Key {
    Key { version: 1, kind: Some(Kind::Code), digest: digest([("name", name)]) }
}

fn scope(scanner: &str) -> Scope {
    Scope { scanner: scanner.into(), target: "shop".into(), ..Scope::default() }
}

fn day(n: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
}

fn settings() -> Settings {
    let target =
        |value: &str, state, closed_as| StatusTarget { field: "Status".into(), value: value.into(), state, closed_as };
    Settings {
        mapping: "shop".into(),
        siblings: Vec::new(),
        today: day(2),
        tracker: Limits {
            title: 100,
            body: 10_000,
            comment: 1_000,
            stamp: 5_000,
            stamp_in_body: true,
            conditional_writes: false,
            confidential: false,
            markup: Markup::CommonMark,
            concurrency: 1,
        },
        statuses: [
            target("In Progress", State::Open, None),
            target("Done", State::Closed, Some(CloseReason::Completed)),
            target("Done", State::Closed, Some(CloseReason::NotPlanned)),
            target("Done", State::Closed, Some(CloseReason::NotPlanned)),
        ],
        update_status: Update::IfUnedited,
        closing_fields: Vec::new(),
        max_open: 100,
        max_close_percent: 50,
        scope_ttl: 30,
        new_on_return: false,
        keep_manual_close: false,
        record_decisions: false,
        publishing_unasked: false,
    }
}

fn draft(name: &str) -> Draft {
    let member = Member { keys: vec![key(name)], scopes: vec![scope("A")], place: Place::default() };
    Draft {
        key: key(name),
        members: vec![member],
        excluded: Vec::new(),
        status: Status::Active,
        reason: None,
        expired: false,
        severity: Severity::High,
        kinds: vec![Kind::Code],
        title: name.into(),
        body: format!("About {name}."),
        content: digest([("body", name)]),
        labels: Vec::new(),
        fields: Vec::new(),
        update_title: Update::IfUnedited,
        update_body: Update::IfUnedited,
        held: None,
        confidential: false,
        seen_by: "A in shop".into(),
    }
}

/// Scans of these scanners, read whole, in which these findings are.
fn coverage(scanners: &[&str], present: &[&str]) -> Coverage {
    let finding = |name: &&str| crate::finding::Finding { keys: vec![key(name)], ..Default::default() };
    let scan = |scanner: &&str| Scan {
        scanner: (*scanner).into(),
        target: "shop".into(),
        complete: true,
        findings: present.iter().map(finding).collect(),
        ..Scan::default()
    };
    Coverage::of(&scanners.iter().map(scan).collect::<Vec<_>>())
}

/// The issue that was opened for a draft.
fn issue(number: u64, draft: &Draft) -> Issue {
    let plan = plan(
        std::slice::from_ref(draft),
        &coverage(&["A"], &[]),
        &Settings { record_decisions: true, ..settings() },
        &[],
    );
    let Write::New(new) = &plan.changes[0].write else { panic!("it opens") };
    Issue {
        id: IssueId { number, url: format!("https://example/{number}"), handle: String::new() },
        title: new.title.clone(),
        body: new.body.clone(),
        state: new.state,
        closed_as: new.closed_as,
        closed_by: None,
        labels: new.labels.clone(),
        own_labels: new.own_labels.clone(),
        stamp_error: None,
        fields: new.fields.iter().map(|field| (field.name.clone(), field.value.clone().unwrap())).collect(),
        stamp: Body::parse(&new.body).stamp.map(|stamp| Stamp::decode(&stamp).unwrap()),
        trusted: true,
        labelled: true,
        decision: None,
        comments: None,
        revision: None,
    }
}

fn plan(drafts: &[Draft], coverage: &Coverage, settings: &Settings, issues: &[Issue]) -> Plan {
    Planner { drafts, coverage, settings }.plan(issues)
}

/// What would be done to the issue of the finding `x`: action, and status afterwards.
fn verdict(draft: Option<&Draft>, issue: &Issue) -> Vec<(Action, Status)> {
    let drafts: Vec<Draft> = draft.into_iter().cloned().collect();
    let plan = plan(&drafts, &coverage(&["A"], &[]), &settings(), std::slice::from_ref(issue));
    plan.changes.iter().map(|change| (change.action, change.status)).collect()
}

fn closed(mut issue: Issue, by_us: Option<Status>, reason: CloseReason) -> Issue {
    issue.state = State::Closed;
    issue.closed_as = Some(reason);
    if let (Some(status), Some(stamp)) = (by_us, &mut issue.stamp) {
        (stamp.state, stamp.status) = (State::Closed, status);
    }
    issue
}

#[test]
fn active_and_missing_opens_unless_a_filter_holds_it_back() {
    let plan_of = |draft: Draft| plan(&[draft], &coverage(&["A"], &["x"]), &settings(), &[]);
    assert_eq!(plan_of(draft("x")).count(Action::Open), 1);
    let held = plan_of(Draft { held: Some("below".into()), ..draft("x") });
    assert_eq!((held.changes.len(), held.held[0].reason.as_str()), (0, "below"));
}

#[test]
fn active_and_open_updates_only_what_drifted() {
    let open = issue(1, &draft("x"));
    assert_eq!(verdict(Some(&draft("x")), &open), []);
    let renamed = Draft { title: "y".into(), ..draft("x") };
    assert_eq!(verdict(Some(&renamed), &open), [(Action::Update, Status::Active)]);
}

#[test]
fn active_and_closed_by_us_reopens_or_opens_a_new_one() {
    let shut = closed(issue(1, &draft("x")), Some(Status::Closed), CloseReason::Completed);
    assert_eq!(verdict(Some(&draft("x")), &shut), [(Action::Reopen, Status::Active)]);
    let policy = Settings { new_on_return: true, ..settings() };
    let fresh = plan(&[draft("x")], &coverage(&["A"], &["x"]), &policy, &[shut]);
    let Write::New(new) = &fresh.changes[0].write else { panic!("it opens a new one") };
    assert!(new.body.contains("https://example/1"), "{}", new.body);
}

#[test]
fn active_and_closed_by_a_person_depends_on_how() {
    let open = issue(1, &draft("x"));
    assert_eq!(
        verdict(Some(&draft("x")), &closed(open.clone(), None, CloseReason::Completed)),
        [(Action::Reopen, Status::Active)]
    );
    assert_eq!(verdict(Some(&draft("x")), &closed(open.clone(), None, CloseReason::NotPlanned)), []);
    let keep = Settings { keep_manual_close: true, ..settings() };
    let kept = plan(&[draft("x")], &coverage(&["A"], &["x"]), &keep, &[closed(open, None, CloseReason::Completed)]);
    assert_eq!((kept.changes.len(), kept.held.len()), (0, 1));
}

#[test]
fn a_decision_in_the_tracker_closes_and_stands() {
    let mut open = issue(1, &draft("x"));
    open.decision = Some(TrackerDecision { status: Status::FalsePositive, by: "column".into(), by_field: true });
    assert_eq!(verdict(Some(&draft("x")), &open), [(Action::Close, Status::FalsePositive)]);
    let mut shut = closed(open, Some(Status::FalsePositive), CloseReason::NotPlanned);
    shut.stamp.as_mut().unwrap().moved_by_people = true;
    assert_eq!(verdict(Some(&draft("x")), &shut), []);
    // Where we moved it to that column ourselves, and the mapping file no longer says so, it comes back.
    shut.stamp.as_mut().unwrap().moved_by_people = false;
    assert_eq!(verdict(Some(&draft("x")), &shut), [(Action::Reopen, Status::Active)]);
}

#[test]
fn decided_findings_are_closed_recorded_or_nothing() {
    let decided = Draft { status: Status::RiskAccepted, reason: Some("ADR 12".into()), ..draft("x") };
    assert_eq!(verdict(Some(&decided), &issue(1, &draft("x"))), [(Action::Close, Status::RiskAccepted)]);
    let nothing = plan(std::slice::from_ref(&decided), &coverage(&["A"], &["x"]), &settings(), &[]);
    assert!(nothing.changes.is_empty());
    let record = Settings { record_decisions: true, ..settings() };
    let recorded = plan(std::slice::from_ref(&decided), &coverage(&["A"], &["x"]), &record, &[]);
    assert!(matches!(&recorded.changes[0].write, Write::New(new) if new.state == State::Closed));
}

#[test]
fn an_acceptance_that_ran_out_reopens_and_says_so() {
    let shut = closed(issue(1, &draft("x")), Some(Status::RiskAccepted), CloseReason::NotPlanned);
    let expired =
        Draft { expired: true, reason: Some("the acceptance has run out on 2026-01-01".into()), ..draft("x") };
    let plan = plan(&[expired], &coverage(&["A"], &["x"]), &settings(), &[shut]);
    assert!(plan.changes[0].reason.contains("run out"), "{}", plan.changes[0].reason);
    assert!(matches!(plan.changes[0].note, Some(Note::DecisionEnded { .. })));
}

#[test]
fn gone_closes_only_where_every_scope_was_read() {
    let mut both = draft("x");
    both.members[0].scopes.push(scope("B"));
    let open = issue(1, &both);
    let with = |scanners: &[&str], day_now: NaiveDate, issue: &Issue| {
        plan(&[], &coverage(scanners, &[]), &Settings { today: day_now, ..settings() }, std::slice::from_ref(issue))
    };
    assert_eq!(with(&["A", "B"], day(2), &open).changes[0].action, Action::Close);
    let waiting = with(&["A"], day(2), &open);
    assert_eq!(waiting.changes[0].action, Action::Update, "it records which scope no longer sees it");
    assert_eq!(with(&["C"], day(2), &open).changes.len(), 0);
    // Thirty days without B, while A is read and does not see it.
    let Write::Edit(_, edit) = &waiting.changes[0].write else { panic!("an edit") };
    let later = Issue { stamp: edit.stamp.clone(), body: edit.body.clone().unwrap(), ..open };
    let january = |n| NaiveDate::from_ymd_opt(2026, 1, 2).unwrap() + chrono::Days::new(n);
    assert_eq!(with(&["A"], january(29), &later).changes.len(), 0);
    let closed = with(&["A"], january(30), &later);
    assert_eq!(closed.changes[0].action, Action::Close);
    assert!(matches!(&closed.changes[0].note, Some(Note::Fixed { expired, .. }) if *expired == [scope("B")]));
    assert_eq!(with(&["C"], january(90), &later).changes.len(), 0, "nobody who saw it was read");
}

#[test]
fn gone_and_reopened_by_a_person_is_left_alone() {
    let mut open = issue(1, &draft("x"));
    open.stamp.as_mut().unwrap().state = State::Closed;
    open.stamp.as_mut().unwrap().status = Status::Closed;
    assert_eq!(verdict(None, &open), []);
}

#[test]
fn two_open_issues_keep_the_lowest_number() {
    let twins = [issue(7, &draft("x")), issue(3, &draft("x"))];
    let plan = plan(&[draft("x")], &coverage(&["A"], &["x"]), &settings(), &twins);
    assert_eq!(plan.changes.len(), 1);
    assert_eq!(plan.changes[0].issue().unwrap().number, 7);
    assert!(matches!(&plan.changes[0].note, Some(Note::Duplicate { of }) if of.number == 3));
}

#[test]
fn of_issues_under_two_names_the_lowest_number_stays_unless_another_draft_wants_it() {
    let named = |names: &[&str]| {
        let mut draft = draft(names[0]);
        draft.members[0].keys = names.iter().map(|name| key(name)).collect();
        draft
    };
    let twins = [issue(1, &named(&["GHSA"])), issue(2, &named(&["CVE"]))];
    let both = named(&["CVE", "GHSA"]);
    let merged = plan(std::slice::from_ref(&both), &coverage(&["A"], &["CVE", "GHSA"]), &settings(), &twins);
    let merges: Vec<_> = merged.changes.iter().filter(|change| change.action == Action::Merge).collect();
    assert_eq!(merges.len(), 1);
    assert_eq!(merges[0].issue().unwrap().number, 2);
    let two = plan(&[both, named(&["GHSA"])], &coverage(&["A"], &["CVE", "GHSA"]), &settings(), &twins);
    assert_eq!((two.count(Action::Open), two.count(Action::Merge)), (0, 0), "each has its own");
}

#[test]
fn issues_without_a_stamp_that_counts_are_not_touched() {
    let mut strange = issue(1, &draft("x"));
    strange.trusted = false;
    // With our label its author may be one of us who has left: no twin without a word.
    let suspect = plan(&[draft("x")], &coverage(&["A"], &["x"]), &settings(), std::slice::from_ref(&strange));
    assert!(suspect.changes.is_empty() && suspect.held[0].reason.starts_with("#1 has"), "{suspect:#?}");
    strange.labelled = false;
    let with_stranger = plan(&[draft("x")], &coverage(&["A"], &["x"]), &settings(), std::slice::from_ref(&strange));
    assert_eq!(with_stranger.count(Action::Open), 1);
    assert_eq!(plan(&[], &coverage(&["A"], &[]), &settings(), &[strange]).changes.len(), 0);
}

#[test]
fn the_guard_refuses_mass_closing_and_names_the_setting() {
    let names: Vec<String> = (0..10).map(|n| format!("x{n}")).collect();
    let issues: Vec<Issue> = names.iter().enumerate().map(|(n, name)| issue(n as u64 + 1, &draft(name))).collect();
    let drafts: Vec<Draft> = names[..4].iter().map(|name| draft(name)).collect();
    let refused = plan(&drafts, &coverage(&["A"], &[]), &settings(), &issues).refusal.unwrap();
    assert!(refused.hint.contains("max_close_percent: 60"), "{refused:?}");
    let drafts: Vec<Draft> = names[..5].iter().map(|name| draft(name)).collect();
    assert_eq!(plan(&drafts, &coverage(&["A"], &[]), &settings(), &issues).refusal, None);
}

#[test]
fn the_guard_opens_the_worst_first_and_publishes_nothing_unasked() {
    let severe = |name: &str, severity| Draft { severity, ..draft(name) };
    let drafts = [severe("a", Severity::Low), severe("b", Severity::Critical), severe("c", Severity::High)];
    let two = plan(&drafts, &coverage(&["A"], &[]), &Settings { max_open: 2, ..settings() }, &[]);
    let opened: Vec<&str> = two.changes.iter().map(|change| change.title.as_str()).collect();
    assert_eq!((opened, two.held.len()), (vec!["b", "c"], 1));
    let public = Settings { publishing_unasked: true, ..settings() };
    assert_eq!(plan(&drafts, &coverage(&["A"], &[]), &public, &[]).refusal.unwrap().rule, "public");
    let known = [Draft { kinds: vec![Kind::Dependency], ..draft("x") }];
    assert_eq!(plan(&known, &coverage(&["A"], &[]), &public, &[]).refusal, None);
}

#[test]
fn stamps_of_unknown_scopes_do_not_panic() {
    let mut open = issue(1, &draft("x"));
    let stamp = open.stamp.as_mut().unwrap();
    stamp.scopes = vec![ScopeStamp { scope: scope("A"), day: day(1) }];
    stamp.members = vec![MemberStamp { keys: vec![], seen_by: vec![], gone_from: vec![], place: Place::default() }];
    assert_eq!(verdict(None, &open), []);
}

#[path = "carry_tests.rs"]
mod carry;
