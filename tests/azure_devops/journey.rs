//! The adapter under plan and apply: histories on each process, every fault at every request, and the race.

use chrono::NaiveDate;
use findsync::apply::{Applied, Context, Outcome, apply};
use findsync::config::Mapping;
use findsync::finding::{Finding, Key, Kind as FindingKind, Scan, Scope, Severity, Status, digest};
use findsync::issue::{CloseReason, Draft, DraftField, Issue, Member, Note, On, Place, State, StatusTarget, Update};
use findsync::plan::{Action, Coverage, Plan, Planner, Settings, needs_closed};
use findsync::trackers::azure_devops::AzureDevOps;
use findsync::trackers::{Error, Read as _, Which};
use serde_json::json;

use crate::fake::{Fake, Item, Kind, Process};
use crate::kit::{assert_no_objections, connect, mapping_for, states};

/// What a scanner says of one finding, and what people decided about it outside of the tracker.
#[derive(Debug, Clone, Copy)]
struct Seen(usize, Severity, Status);

const ACTIVE: Status = Status::Active;

fn key(finding: usize) -> Key {
    Key { version: 1, kind: Some(FindingKind::Code), digest: digest([("n", finding.to_string().as_str())]) }
}

fn draft(mapping: &Mapping, Seen(finding, severity, status): Seen) -> Draft {
    let title = format!("finding {finding} ({severity})");
    Draft {
        key: key(finding),
        members: vec![Member {
            keys: vec![key(finding)],
            scopes: vec![Scope { scanner: "Semgrep".into(), target: "shop".into() }],
            place: Place::default(),
        }],
        excluded: Vec::new(),
        status,
        reason: None,
        expired: false,
        severity,
        kinds: vec![FindingKind::Code],
        content: digest([("title", title.as_str())]),
        body: format!("<p><b>{title}</b> isn&#39;t good:</p>\n<ul>\n<li>&lt;script&gt; &amp; more</li>\n</ul>"),
        title,
        labels: vec!["security".into()],
        fields: vec![DraftField {
            name: mapping.severity.field.clone(),
            value: mapping.severity.value(severity).to_owned(),
            on: On::Update,
            update: Update::IfUnedited,
        }],
        update_title: Update::IfUnedited,
        update_body: Update::IfUnedited,
        held: None,
        confidential: false,
        seen_by: "Semgrep".into(),
    }
}

fn settings(adapter: &AzureDevOps, mapping: &Mapping) -> Settings {
    let target = |status: Status| {
        let value = mapping.status.value(status);
        let closed_as = (!value.open).then_some(CloseReason::Completed);
        let state = if value.open { State::Open } else { State::Closed };
        StatusTarget { field: mapping.status.field.clone(), value: value.value.clone(), state, closed_as }
    };
    Settings {
        today: NaiveDate::from_ymd_opt(2026, 11, 24).unwrap(),
        tracker: adapter.limits(),
        statuses: Status::ALL.map(target),
        update_status: Update::IfUnedited,
        closing_fields: Vec::new(),
        max_open: 1000,
        max_close_percent: 100,
        scope_ttl: 30,
        new_on_return: false,
        keep_manual_close: false,
        record_decisions: false,
        publishing_unasked: false,
    }
}

async fn list(adapter: &AzureDevOps, drafts: &[Draft]) -> Result<Vec<Issue>, Error> {
    let mut issues = adapter.issues(Which::Open).await?;
    if needs_closed(drafts, &issues) {
        issues.extend(adapter.issues(Which::Closed).await?);
    }
    Ok(issues)
}

/// One run: read, plan, apply.
async fn run(fake: &Fake, mapping: &Mapping, seen: &[Seen]) -> Result<(Plan, Applied), Error> {
    let adapter = connect(fake, mapping);
    let drafts: Vec<Draft> = seen.iter().map(|seen| draft(mapping, *seen)).collect();
    let issues = list(&adapter, &drafts).await?;
    Ok(run_on(&adapter, mapping, &drafts, &issues).await)
}

async fn run_on(adapter: &AzureDevOps, mapping: &Mapping, drafts: &[Draft], issues: &[Issue]) -> (Plan, Applied) {
    let findings = drafts.iter().map(|draft| Finding { keys: vec![draft.key], ..Finding::default() }).collect();
    let scan = Scan { scanner: "Semgrep".into(), target: "shop".into(), complete: true, findings, ..Scan::default() };
    let coverage = Coverage::of(&[scan]);
    let settings = settings(adapter, mapping);
    let planner = Planner { drafts, coverage: &coverage, settings: &settings };
    let newest = issues.iter().map(|issue| issue.id.number).max().unwrap_or(0);
    let plan = planner.plan(issues);
    let say = |note: &Note| format!("<p>{}</p>", format!("{note:?}").replace('<', "&lt;"));
    let context = Context { planner, tracker: adapter, say: &say, newest };
    let applied = apply(&context, &plan, &mut |_, _| {}).await;
    (plan, applied)
}

/// A run that goes well, after which a second one finds nothing to do.
async fn settle(fake: &Fake, mapping: &Mapping, seen: &[Seen], expected: &[(Action, usize)]) {
    let (plan, applied) = run(fake, mapping, seen).await.unwrap();
    for (action, count) in expected {
        assert_eq!(plan.count(*action), *count, "{action:?}: {:#?}", plan.changes);
    }
    assert_eq!(plan.changes.len(), expected.iter().map(|(_, count)| count).sum::<usize>(), "{:#?}", plan.changes);
    assert!(!applied.is_partial(), "{:#?}", applied.outcomes);
    fake.take_requests();
    let (second, _) = run(fake, mapping, seen).await.unwrap();
    assert!(second.changes.is_empty(), "{:#?}", second.changes);
    assert!(fake.take_requests().iter().all(|request| !request.writes()));
    assert_no_objections(fake);
}

fn titled(fake: &Fake, finding: usize) -> Item {
    let start = format!("finding {finding} ");
    fake.items().into_iter().find(|item| item.text("System.Title").starts_with(&start)).unwrap()
}

#[tokio::test]
async fn a_history_ends_as_it_should_on_every_process() {
    use Severity::{Critical, High, Low};
    for process in Process::ALL {
        let fake = Fake::start(process).await;
        let mapping = mapping_for(process);
        let (open, closed) = states(process);
        let all = [Seen(1, High, ACTIVE), Seen(2, Low, ACTIVE), Seen(3, Low, ACTIVE)];
        settle(&fake, &mapping, &[], &[]).await;
        settle(&fake, &mapping, &all, &[(Action::Open, 3)]).await;

        // A person writes around our text in the web editor, and moves the item along its board.
        let field = if process == Process::Basic { "System.Description" } else { "Microsoft.VSTS.TCM.ReproSteps" };
        let one = titled(&fake, 1).id;
        fake.world().person_types(one, field, |html| format!("<div>Ask Jane</div>{html}<p>Fixed in build 7</p>"));
        settle(&fake, &mapping, &all, &[]).await;

        let worse = [Seen(1, Critical, ACTIVE), Seen(2, Low, ACTIVE), Seen(3, Low, ACTIVE)];
        settle(&fake, &mapping, &worse, &[(Action::Update, 1)]).await;
        let item = fake.item(one);
        assert_eq!(item.text("Microsoft.VSTS.Common.Priority"), "1");
        let html = item.text(field);
        assert!(html.contains("Ask Jane") && html.contains("Fixed in build 7") && html.contains("Critical"), "{html}");

        settle(&fake, &mapping, &[worse[0], worse[2]], &[(Action::Close, 1)]).await;
        assert_eq!(titled(&fake, 2).text("System.State"), closed);
        assert_eq!(titled(&fake, 2).comments.len(), 1);
        settle(&fake, &mapping, &worse, &[(Action::Reopen, 1)]).await;
        assert_eq!(titled(&fake, 2).text("System.State"), open);

        let accepted = [worse[0], worse[1], Seen(3, Low, Status::RiskAccepted)];
        settle(&fake, &mapping, &accepted, &[(Action::Close, 1)]).await;
        settle(&fake, &mapping, &worse, &[(Action::Reopen, 1)]).await;

        // Closed by a person as done: not done. Closed for a reason: theirs to say.
        fake.world().person_sets(one, &[("System.State", json!(closed)), ("System.Reason", json!("Fixed"))]);
        settle(&fake, &mapping, &worse, &[(Action::Reopen, 1)]).await;
        fake.world().person_sets(one, &[("System.State", json!(closed)), ("System.Reason", json!("As Designed"))]);
        settle(&fake, &mapping, &worse, &[]).await;
        assert_eq!(fake.item(one).text("System.State"), closed);

        // Without its tag an item is found again; without its item a finding gets a new one.
        let two = titled(&fake, 2).id;
        fake.world().person_sets(two, &[("System.Tags", json!(null))]);
        run(&fake, &mapping, &worse).await.unwrap();
        settle(&fake, &mapping, &worse, &[]).await;
        fake.world().items.get_mut(&two).unwrap().deleted = true;
        settle(&fake, &mapping, &worse, &[(Action::Open, 1)]).await;
        assert_eq!(fake.items().len(), 3);
    }
}

#[tokio::test]
async fn of_two_racing_runs_one_closes_its_twins() {
    for process in Process::ALL {
        let fake = Fake::start(process).await;
        let mapping = mapping_for(process);
        let seen = [Seen(1, Severity::High, ACTIVE), Seen(2, Severity::Low, ACTIVE)];
        let drafts: Vec<Draft> = seen.iter().map(|seen| draft(&mapping, *seen)).collect();
        let (a, b) = (connect(&fake, &mapping), connect(&fake, &mapping));
        let (seen_by_a, seen_by_b) = (list(&a, &drafts).await.unwrap(), list(&b, &drafts).await.unwrap());
        run_on(&a, &mapping, &drafts, &seen_by_a).await;
        let (_, applied) = run_on(&b, &mapping, &drafts, &seen_by_b).await;
        assert_eq!(applied.twins.len(), 2, "{:?}", applied.twins);
        assert!(applied.twins.iter().all(|(_, outcome)| matches!(outcome, Outcome::Done(_))), "{:?}", applied.twins);
        let open = fake.items().into_iter().filter(|item| item.text("System.State") == states(process).0).count();
        assert_eq!(open, 2, "{process:?}");
        let twin = fake.items().remove(3);
        assert!(twin.relations.iter().any(|r| r["rel"] == "System.LinkTypes.Duplicate-Reverse"), "{twin:?}");
        settle(&fake, &mapping, &seen, &[]).await;
    }
}

/// What people see of the items, whatever their numbers and revisions.
fn picture(fake: &Fake) -> Vec<String> {
    let mut lines: Vec<String> = fake
        .items()
        .iter()
        .map(|item| {
            let said: Vec<&str> = item.comments.iter().map(|(_, text)| text.as_str()).collect();
            let text = |field: &str| item.text(field);
            let texts = [
                text("System.Title"),
                text("System.State"),
                text("System.Tags"),
                text("Microsoft.VSTS.Common.Priority"),
            ];
            format!("{texts:?} {} {said:?}", text("System.Description") + &text("Microsoft.VSTS.TCM.ReproSteps"))
        })
        .collect();
    lines.sort();
    lines
}

/// A project with one item to update, one to close, and one to reopen; and what is seen then.
async fn prepared(process: Process) -> (Fake, Mapping, Vec<Seen>) {
    let fake = Fake::start(process).await;
    let mapping = mapping_for(process);
    let before = [Seen(1, Severity::Low, ACTIVE), Seen(2, Severity::Low, ACTIVE), Seen(3, Severity::Low, ACTIVE)];
    run(&fake, &mapping, &before).await.unwrap();
    run(&fake, &mapping, &before[..2]).await.unwrap();
    fake.take_requests();
    let after = vec![
        Seen(1, Severity::High, ACTIVE),
        Seen(3, Severity::Low, ACTIVE),
        Seen(4, Severity::High, ACTIVE),
        Seen(5, Severity::High, ACTIVE),
    ];
    (fake, mapping, after)
}

#[tokio::test]
async fn any_fault_at_any_request_then_a_second_run_ends_in_the_same_world() {
    let mut tried = 0;
    for process in [Process::Basic, Process::Scrum] {
        let (whole, mapping, seen) = prepared(process).await;
        run(&whole, &mapping, &seen).await.unwrap();
        let requests = whole.take_requests().len();
        let wanted = picture(&whole);
        for nth in 0..requests {
            for kind in Kind::ALL {
                let (fake, mapping, seen) = prepared(process).await;
                fake.fail(nth, kind);
                // It may go well all the same, fail in part, or not even begin.
                let _ = run(&fake, &mapping, &seen).await;
                fake.calm();
                let (_, applied) = run(&fake, &mapping, &seen).await.unwrap();
                assert!(!applied.is_partial(), "{process:?}, {kind:?} at {nth}: {:?}", applied.outcomes);
                assert_eq!(picture(&fake), wanted, "{process:?}, {kind:?} at {nth}");
                let (third, _) = run(&fake, &mapping, &seen).await.unwrap();
                assert!(third.changes.is_empty(), "{process:?}, {kind:?} at {nth}: {:#?}", third.changes);
                tried += 1;
            }
        }
    }
    println!("fault matrix: {tried} histories");
}
