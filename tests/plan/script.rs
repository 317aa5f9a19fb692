//! Runs and what people do between them, in a short form, and the board that they leave.
//!
//! Steps are separated by `;`: `T C1+GA C2@b & G` is a run in which Trivy reports a finding with two ids and one in another
//! folder, and Grype none; `1 Done` is what a person does to the first issue; `race T C1` a run at the same time whose issues
//! are there, too.

use std::collections::{BTreeMap, BTreeSet};

use findsync::config::GroupBy;
use findsync::finding::{Finding, Id, Scan, Severity, Source, Status};
use findsync::issue::{Issue, Member, State, Verdict};
use findsync::plan::Plan;

use crate::board::Act;
use crate::contract::{code, dependency, scan};
use crate::kit::Bench;

/// Plays a script; the last run's plan.
pub(crate) fn play(bench: &mut Bench, script: &str) -> Plan {
    let mut last = Plan::default();
    for step in script.split(';').map(str::trim) {
        let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
        match word {
            "group" => bench.setup.group = Some(GroupBy::Component),
            "ungroup" => bench.setup.group = None,
            "days" => bench.days_pass(rest.parse().unwrap()),
            "files" => bench.checkout = Some(rest.split_whitespace().map(manifest).collect()),
            "twin" => bench.board.adopt(bench.issue(rest.parse().unwrap())),
            "race" => {
                let mut other = Bench { next: bench.next, ..Bench::default() };
                other.setup.group = bench.setup.group;
                other.run(&scans(rest));
                other.issues().into_iter().for_each(|issue| bench.board.adopt(issue));
                bench.next += 1;
            }
            number if number.starts_with(|c: char| c.is_ascii_digit()) => {
                assert!(bench.board.act(number.parse().unwrap(), act(rest)), "{step} is not possible");
            }
            _ => last = bench.run(&scans(step)),
        }
    }
    last
}

fn act(name: &str) -> Act {
    match name {
        "NotPlanned" => Act::NotPlanned,
        "Duplicate" => Act::Duplicate,
        "Done" => Act::Done,
        "Reopen" => Act::Reopen,
        "Label" => Act::Label,
        "Unlabel" => Act::Unlabel,
        "Write" => Act::Write,
        other => panic!("no such act: {other}"),
    }
}

fn manifest(folder: &str) -> String {
    if folder == "a" { "package-lock.json".to_owned() } else { format!("{folder}/package-lock.json") }
}

/// The scans of a run.
fn scans(text: &str) -> Vec<Scan> {
    text.split('&').map(|text| one_scan(text.trim())).collect()
}

fn one_scan(text: &str) -> Scan {
    let mut words = text.split_whitespace();
    let head = words.next().unwrap_or_default();
    let scanner = if head.starts_with('T') { "Trivy" } else { "Grype" };
    let mut scan = scan(scanner, words.map(finding).collect());
    match head.get(1..2) {
        None => {}
        Some("?") => scan.complete = false,
        Some("~") => scan.unexamined = vec![manifest(&head[2..])],
        Some("/") => scan.origin.branch = head[2..].to_owned(),
        Some("=") => scan.repository = Some(Source::named(&head[2..])),
        Some(other) => panic!("{other} says nothing of a scan"),
    }
    scan
}

/// `C1` is a CVE, `GA` a GHSA, `PA` a PYSEC id.
fn id(label: &str) -> String {
    match label.split_at(1) {
        ("C", number) => format!("CVE-2026-000{number}"),
        ("G", name) => format!("GHSA-{}", name.to_lowercase()),
        ("P", name) => format!("PYSEC-{name}"),
        _ => panic!("no id: {label}"),
    }
}

/// Ids, and perhaps the folder, the package and how bad it is: `C1+GA@b:express!`; `x@a:3` is a line of code in a file.
fn finding(text: &str) -> Finding {
    let worse = text.ends_with('!');
    let text = text.trim_end_matches('!');
    let wrong = text.ends_with('*');
    let (text, of) = text.trim_end_matches('*').split_once(':').unwrap_or((text.trim_end_matches('*'), ""));
    let (ids, folder) = text.split_once('@').unwrap_or((text, "a"));
    let mut finding = if ids.starts_with(char::is_lowercase) {
        code(&format!("{folder}.py"), of.parse().unwrap(), ids)
    } else {
        let ids: Vec<String> = ids.split('+').map(id).collect();
        let mut finding = dependency(&ids[0], Severity::High);
        finding.identifiers = ids;
        finding.location.path = Some(manifest(folder));
        if !of.is_empty() {
            let component = finding.component.as_mut().unwrap();
            (component.purl, component.name) = (Some(format!("pkg:npm/{of}@1.0.0")), of.to_owned());
        }
        finding
    };
    if worse {
        finding.severity = Severity::Critical;
    }
    if wrong {
        finding.status = Status::FalsePositive;
    }
    finding
}

/// The issues: `1 open C1 [T C1+GA, G- GA@b]` is one whose member was born as C1, of which Trivy says that it is there, and
/// Grype that it is gone from another folder; `*` is decided, `!` decided by people.
pub(crate) fn show(issues: &[Issue]) -> String {
    let labels: Vec<String> =
        (1..7).map(|n| format!("C{n}")).chain(["GA", "GB", "GC", "PA", "PB"].map(str::to_owned)).collect();
    let labels: BTreeMap<Id, &str> = labels.iter().map(|label| (Id::of(&id(label)), label.as_str())).collect();
    let issue = |issue: &Issue| {
        let stamp = issue.stamp.as_ref().unwrap();
        let members: BTreeSet<String> = stamp.members.iter().map(|member| show_member(member, &labels)).collect();
        let members: Vec<String> = members.into_iter().collect();
        let state = if issue.state == State::Open { "open" } else { "closed" };
        match stamp.duplicate_of {
            Some(0) => format!("{} {state}: left", issue.id.number),
            Some(number) => format!("{} {state}: see {number}", issue.id.number),
            None => format!("{} {state} {}", issue.id.number, members.join(" ")),
        }
    };
    issues.iter().map(issue).collect::<Vec<_>>().join(", ")
}

fn show_member(member: &Member, labels: &BTreeMap<Id, &str>) -> String {
    let words = member.words.iter().map(|word| {
        let verdict = match word.verdict {
            Verdict::Active => "",
            Verdict::Missing => "?",
            Verdict::Decided(_) => "*",
            Verdict::Fixed | Verdict::Gone => "-",
        };
        let mut ids: Vec<&str> = word.facts.ids.iter().map(|id| labels[id]).collect();
        ids.sort_unstable();
        let place = word.facts.place.trim_end_matches("package-lock.json").trim_end_matches('/');
        let place = if place.is_empty() { String::new() } else { format!("@{place}") };
        let branch = if word.scope.branch.is_empty() { String::new() } else { format!("/{}", word.scope.branch) };
        format!("{}{branch}{verdict} {}{place}", &word.scope.scanner[..1], ids.join("+"))
    });
    let root = member.root.map_or("code", |root| labels[&root]);
    let decided = if member.people.is_some() { "!" } else { "" };
    format!("{root}{decided} [{}]", words.collect::<Vec<_>>().join(", "))
}
