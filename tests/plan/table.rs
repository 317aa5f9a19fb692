//! What happens to an issue: every row of the table, by what is reported now, what the issue was before, and the settings.

use findsync::config::{Decision, DecisionMatch, Filter, GroupBy, Route};
use findsync::finding::{Finding, Scan, Severity, Status};
use findsync::issue::{Issue, StampError, State};
use findsync::triage::Statement;

use crate::board::Act;
use crate::contract::dependency;
use crate::kit::{Bench, cve, found, scan_of, told};

/// reported now | the issue before | settings | what is done, held back or told | the issues afterwards
const ROWS: &str = "
active | missing | | open: new: a scanner | open
active | missing | min_severity: critical | held open: below the route's `min_severity: critical` | -
active | missing | max_open: 0 | held open: left for the next run: more than `max_open: 0` at once | -
active, but routed elsewhere | missing | | - | -
closed by its report | missing | | - | -
gone | missing | | - | -

active | open | | - | open
active | open | min_severity: critical | - | open
active, but routed elsewhere | open | | - | open
Critical now | open | | update: changed: title, body | open
gone | open | | close: gone from Trivy on shop | closed
gone | open | min_severity: critical | close: gone from Trivy on shop | closed
closed by its report | open | | close: gone from Trivy on shop | closed
gone, by a partial scan | open | | held close: not reported, but Trivy on shop (the scan is partial) | open
gone, by a failed scan | open | | held close: not reported, but Trivy on shop (the scan failed: out of memory) | open
gone, but its file was not examined | open | | held close: not reported, but Trivy on shop (`package-lock.json` was not examined) | open
another scanner only | open | | note: Trivy on shop: not read in this run, so its open issue stays as it is | open
gone, by an older run | open | | note: Trivy on shop: run 0 is older than run 1, which has reported it already, so it changes nothing | open

active | closed by findsync | | reopen: seen again: a scanner | open
active | closed by findsync | min_severity: critical | reopen: seen again: a scanner | open
active | closed by findsync | on_return: new | open: seen again: a scanner; update: its findings go to an issue of their own | closed open
active, by an older run | closed by findsync | | note: Trivy on shop: run 0 is older than run 2, which has reported it already, so it changes nothing | closed
accepted | closed by findsync | | - | closed
gone | closed by findsync | | - | closed

active | closed as done | | reopen: closed by a person, but still there: a scanner | open
active | closed as done | on_manual_close: keep | update: changed: labels; held reopen: Risk Accepted: closed by a person, and the mapping says to keep that | closed
active | kept closed, then gone | on_manual_close: keep | reopen: seen again: a scanner | open
gone | closed as done | | update: who sees it has changed | closed
active | closed as not planned | | update: changed: labels; held reopen: Risk Accepted: closed as not planned | closed
active | closed as not planned, then gone | | update: changed: title, labels, body; held reopen: Risk Accepted: closed as not planned | closed
gone | closed as not planned | | update: who sees it has changed | closed
active | closed as a duplicate | | update: changed: labels; held reopen: Risk Accepted: closed as a duplicate | closed
active | closed by a bot | | reopen: closed by a bot, but still there: a scanner | open
active | closed by a bot | on_manual_close: keep | reopen: closed by a bot, but still there: a scanner | open

active | labelled | | close: Risk Accepted: by label `risk-accepted` | closed
active | closed by its label | | held reopen: Risk Accepted: label `risk-accepted` | closed
active | closed by its label, which was taken away | | reopen: no longer Risk Accepted: a scanner | open
active | moved to a deciding column | | close: Risk Accepted: by column `Accepted` | closed

false positive by its report | missing | | - | -
false positive by its report | missing | record_decisions | open: recorded as False Positive: a scanner | closed
false positive by its report | open | | close: False Positive | closed
accepted | missing | | - | -
accepted | open | | close: Risk Accepted: ADR 12 | closed
not affected by VEX | open | | close: False Positive: code not present (shop.vex) | closed
fixed by VEX | open | | close: updated (shop.vex) | closed
active | closed as accepted | | reopen: no longer Risk Accepted: a scanner | open
accepted until yesterday | closed as accepted | | reopen: the acceptance has run out on 2026-11-23: a scanner | open
accepted until yesterday | closed as accepted | on_return: new | reopen: the acceptance has run out on 2026-11-23: a scanner | open
gone | closed as accepted | | update: changed: labels | closed

gone | opened again by a person | | held close: a person reopened the issue | open
active | opened again by a person | | update: active: a scanner | open
accepted | accepted, and opened again by a person | | update: changed: labels; held close: a person reopened the issue | open

gone | seen by two | | update: who sees it has changed; held close: gone from Trivy on shop, waiting for Grype on shop (not read in this run); note: Grype on shop: not read in this run, so its open issue stays as it is | open
gone | seen by two, gone from the other | | close: gone from Trivy on shop | closed
active | seen by two | | - | open
false positive by its report | seen by two | | update: who sees it has changed; held close: False Positive for Trivy on shop, active by Grype on shop | open
fixed by VEX | seen by two | | update: who sees it has changed; held close: Closed for Trivy on shop, active by Grype on shop; note: Grype on shop: not read in this run, so its open issue stays as it is | open

active | open twice | | merge: duplicate of #1 | open closed
active | a stranger's copy | | open: new: a scanner; note: #1 bears findsync's label and stamp, but its author may not write here: it is ignored | open open
active | an issue without a stamp | | open: new: a scanner | open open
active | a stamp of a newer version | | held open: #1: the stamp was written by a newer findsync (format 99); update findsync, as it may be about this finding | open

first and second | a group of the first | group_by | update: changed: title, body | open
second | a group of both | group_by | update: changed: body | open
gone | a group of both | group_by | close: gone from Trivy on shop | closed
first accepted, and second | a group of both | group_by | update: changed: body | open
first and second | a group that was closed as not planned | group_by | reopen: new since the decision: CVE-2026-0002: trouble in lodash | open
first and second | a group that was labelled | group_by | reopen: new since the decision: CVE-2026-0002: trouble in lodash | open
first | a group that was closed as not planned | group_by | update: changed: labels; held reopen: Risk Accepted: closed as not planned | closed
";

#[test]
fn every_row_of_the_table_holds() {
    let mut wrong = Vec::new();
    for row in ROWS.lines().filter(|row| !row.is_empty()) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [reported, before, setting, done, after] = cells[..] else { panic!("five cells: {row}") };
        let mut bench = Bench::default();
        configure(&mut bench, setting);
        prepare(&mut bench, before);
        let plan = report(&mut bench, reported);
        let (told, left) = (told(&plan), states(&bench.issues()));
        if (told.as_str(), left.as_str()) != (done, after) {
            wrong.push(format!("{reported} | {before} | {setting} |\n  want {done} | {after}\n  got  {told} | {left}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn states(issues: &[Issue]) -> String {
    let states: Vec<&str> =
        issues.iter().map(|issue| if issue.state == State::Open { "open" } else { "closed" }).collect();
    if states.is_empty() { "-".to_owned() } else { states.join(" ") }
}

fn configure(bench: &mut Bench, setting: &str) {
    let setup = &mut bench.setup;
    match setting {
        "" => {}
        "min_severity: critical" => {
            let when = Filter { min_severity: Some(Severity::Critical), ..Filter::default() };
            setup.config.routes = vec![Route { mapping: 0, when }];
        }
        "max_open: 0" => setup.max_open = Some(0),
        "on_return: new" => setup.new_on_return = true,
        "on_manual_close: keep" => setup.keep_manual_close = true,
        "record_decisions" => setup.record_decisions = true,
        "group_by" => setup.group = Some(GroupBy::Component),
        other => panic!("no such setting: {other}"),
    }
}

/// Opens what must be there, whatever the settings hold back.
fn open_with(bench: &mut Bench, scans: &[Scan]) {
    let routes = std::mem::take(&mut bench.setup.config.routes);
    bench.run(scans);
    bench.setup.config.routes = routes;
}

fn prepare(bench: &mut Bench, before: &str) {
    let (first, both, none) = (found("Trivy", &[1]), found("Trivy", &[1, 2]), found("Trivy", &[]));
    let act = |bench: &Bench, act| assert!(bench.board.act(1, act), "{act:?} is not possible");
    match before {
        "missing" => return,
        "a stranger's copy" | "an issue without a stamp" | "a stamp of a newer version" => {
            let mut other = Bench::default();
            other.run(std::slice::from_ref(&first));
            let issue = other.issue(1);
            bench.board.adopt(match before {
                "a stranger's copy" => Issue { trusted: false, ..issue },
                "an issue without a stamp" => Issue { stamp: None, ..issue },
                _ => Issue { stamp: None, stamp_error: Some(StampError::Newer(99)), ..issue },
            });
            return;
        }
        _ if before.starts_with("seen by two") => open_with(bench, &[first.clone(), found("Grype", &[1])]),
        "a group of both" => open_with(bench, std::slice::from_ref(&both)),
        _ => open_with(bench, std::slice::from_ref(&first)),
    }
    match before {
        "open" | "seen by two" | "a group of the first" | "a group of both" => {}
        "closed by findsync" => drop(bench.run(&[none])),
        "closed as done" => act(bench, Act::Done),
        "kept closed, then gone" => {
            act(bench, Act::Done);
            bench.run(&[first]);
            bench.run(&[none]);
        }
        "closed as not planned" => act(bench, Act::NotPlanned),
        "a group that was closed as not planned" => act(bench, Act::NotPlanned),
        "closed as not planned, then gone" => {
            act(bench, Act::NotPlanned);
            bench.run(&[none]);
        }
        "closed as a duplicate" => act(bench, Act::Duplicate),
        "closed by a bot" => act(bench, Act::Bot),
        "labelled" => act(bench, Act::Label),
        "closed by its label" | "a group that was labelled" => {
            act(bench, Act::Label);
            bench.run(&[first]);
        }
        "closed by its label, which was taken away" => {
            act(bench, Act::Label);
            bench.run(&[first]);
            act(bench, Act::Unlabel);
        }
        "moved to a deciding column" => act(bench, Act::Accept),
        "closed as accepted" | "accepted, and opened again by a person" => {
            bench.setup.config.decisions = vec![acceptance(None)];
            bench.run(&[first]);
            bench.setup.config.decisions.clear();
            if before != "closed as accepted" {
                act(bench, Act::Reopen);
            }
        }
        "opened again by a person" => {
            bench.run(&[none]);
            act(bench, Act::Reopen);
        }
        "seen by two, gone from the other" => drop(bench.run(&[found("Grype", &[])])),
        "open twice" => {
            let twin = bench.issue(1);
            bench.board.adopt(twin);
        }
        other => panic!("no such issue: {other}"),
    }
}

fn acceptance(until: Option<&str>) -> Decision {
    Decision {
        matches: DecisionMatch { id: Some(cve(1)), ..DecisionMatch::default() },
        status: Status::RiskAccepted,
        reason: Some("ADR 12".into()),
        until: until.map(|day| day.parse().unwrap()),
        source: ".findsync.yml:1".into(),
    }
}

fn vex(status: Status, why: &str) -> Vec<Statement> {
    vec![Statement {
        ids: vec![cve(1)],
        products: None,
        status,
        justification: Some(why.into()),
        source: "shop.vex".into(),
        made: None,
    }]
}

/// The run that the row is about.
fn report(bench: &mut Bench, reported: &str) -> findsync::plan::Plan {
    let with = |change: fn(&mut Finding)| {
        let mut finding = dependency(&cve(1), Severity::High);
        change(&mut finding);
        scan_of("Trivy", &[finding])
    };
    let gone = |change: fn(&mut Scan)| {
        let mut scan = found("Trivy", &[]);
        change(&mut scan);
        scan
    };
    let scans = [match reported {
        "active" | "first" => found("Trivy", &[1]),
        "second" => found("Trivy", &[2]),
        "first and second" => found("Trivy", &[1, 2]),
        "active, by an older run" => return bench.run_as(0, &[found("Trivy", &[1])]),
        "active, but routed elsewhere" => {
            let when = Filter { scanners: vec!["another".into()], ..Filter::default() };
            bench.setup.config.routes = vec![Route { mapping: 0, when }];
            found("Trivy", &[1])
        }
        "Critical now" => with(|finding| finding.severity = Severity::Critical),
        "closed by its report" => with(|finding| finding.status = Status::Closed),
        "false positive by its report" => with(|finding| finding.status = Status::FalsePositive),
        "accepted" | "first accepted, and second" => {
            bench.setup.config.decisions = vec![acceptance(None)];
            if reported == "accepted" { found("Trivy", &[1]) } else { found("Trivy", &[1, 2]) }
        }
        "accepted until yesterday" => {
            bench.setup.config.decisions = vec![acceptance(Some("2026-11-23"))];
            found("Trivy", &[1])
        }
        "not affected by VEX" => {
            bench.setup.vex = vex(Status::FalsePositive, "code not present");
            found("Trivy", &[1])
        }
        "fixed by VEX" => {
            bench.setup.vex = vex(Status::Closed, "updated");
            found("Trivy", &[1])
        }
        "gone" => found("Trivy", &[]),
        "gone, by an older run" => return bench.run_as(0, &[found("Trivy", &[])]),
        "gone, by a partial scan" => gone(|scan| scan.complete = false),
        "gone, by a failed scan" => gone(|scan| scan.failure = Some("out of memory".into())),
        "gone, but its file was not examined" => gone(|scan| scan.unexamined = vec!["package-lock.json".into()]),
        "another scanner only" => found("Grype", &[]),
        other => panic!("no such report: {other}"),
    }];
    bench.run(&scans)
}
