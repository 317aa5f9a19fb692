//! Findings in a line each, and which of them a later run takes for which.

use findsync::finding::{Finding, Fingerprint, Kind, Location, Scan};
use findsync::issue::State;

use crate::board::Act;
use crate::contract::code;
use crate::kit::{Bench, scan_of};

/// A finding as `path:line:column its lines before:x after:y under:z says:message`. Also `of:resource`, `about:thing`, `secret:digit` (its
/// value is known) or `secret:masked`, `print:digit` (the scanner's own fingerprint), `rule:name`. Words are joined by `_`
/// in what follows a colon; `-` as the path is none.
pub(crate) fn finding(text: &str) -> Finding {
    let mut words = text.split_whitespace();
    let mut at = words.next().unwrap().split(':');
    let path = at.next().filter(|path| *path != "-").map(str::to_owned);
    let mut number = || at.next().map(|number| number.parse().unwrap());
    let location = Location { path, start_line: number(), ..Location::default() };
    let column = number();
    let mut finding = Finding { location, ..code("", 1, "") };
    finding.evidence.column = column;
    let snippet = finding.evidence.snippet.as_mut().unwrap();
    (snippet.before, snippet.after) = (None, None);
    let mut lines = Vec::new();
    for word in words {
        let value = || word.split_once(':').map(|(_, value)| value.replace('_', " "));
        match word.split(':').next().filter(|_| word.contains(':')) {
            Some("before") => snippet.before = value(),
            Some("after") => snippet.after = value(),
            Some("under") => snippet.heading = value(),
            Some("says") => finding.evidence.message = value(),
            Some("rule") => finding.rule = value(),
            Some("of") => (finding.kind, finding.location.resource) = (Kind::Infrastructure, value()),
            Some("about") => (finding.kind, finding.location.resource) = (Kind::Other, value()),
            Some("print") => {
                let print = value().unwrap().repeat(16);
                finding.evidence.fingerprints =
                    vec![Fingerprint { name: "primaryLocationLineHash".into(), value: print }];
            }
            Some("secret") => {
                finding.kind = Kind::Secret;
                finding.evidence.secret_hash = value().filter(|value| value != "masked").map(|value| value.repeat(64));
            }
            _ => lines.push(word),
        }
    }
    snippet.lines = lines.join(" ");
    finding
}

/// A scan with one finding a line.
pub(crate) fn lines(scanner: &str, findings: &str) -> Scan {
    let all = findings.lines().map(str::trim).filter(|line| !line.is_empty());
    scan_of(scanner, &all.map(finding).collect::<Vec<_>>())
}

/// A bench with findings that have their issues; each is called by a letter, in their order: a, b, c.
pub(crate) struct Places {
    pub(crate) bench: Bench,
    names: Vec<u64>,
}

impl Places {
    pub(crate) fn of(findings: &str) -> Self {
        Self::on(Bench::default(), &[lines("Semgrep", findings)])
    }

    /// What the first of these scans has gets the letters.
    pub(crate) fn on(mut bench: Bench, scans: &[Scan]) -> Self {
        bench.run(scans);
        let names = issues_of(&bench.plan(scans), scans[0].findings.len());
        Self { bench, names: names.into_iter().map(|name| name.unwrap()).collect() }
    }

    /// People accept the risk of all.
    pub(crate) fn decided(self) -> Self {
        for name in &self.names {
            self.bench.board.act(*name, Act::NotPlanned);
        }
        self
    }

    pub(crate) fn then(&mut self, findings: &str) -> String {
        self.run(&[lines("Semgrep", findings)])
    }

    /// What each finding of the first scan is: the letter of a known one, or `new`; then what else is still open.
    pub(crate) fn run(&mut self, scans: &[Scan]) -> String {
        let plan = self.bench.run(scans);
        let letter = |number: u64| {
            let at = self.names.iter().position(|name| *name == number)?;
            u8::try_from(at).ok().map(|at| char::from(b'a' + at).to_string())
        };
        let found = issues_of(&plan, scans[0].findings.len());
        let told: Vec<String> =
            found.iter().map(|number| number.and_then(letter).unwrap_or_else(|| "new".into())).collect();
        let open = self.bench.issues().into_iter().filter(|issue| issue.state == State::Open);
        let others = open.map(|issue| issue.id.number).filter(|number| !found.contains(&Some(*number)));
        let others: Vec<String> = others.filter_map(letter).collect();
        let rest = if others.is_empty() { String::new() } else { format!("; open: {}", others.join(" ")) };
        told.join(" ") + &rest
    }
}

/// The issue that each finding of a plan's first scan had before.
fn issues_of(plan: &findsync::plan::Plan, findings: usize) -> Vec<Option<u64>> {
    let mut all = vec![None; findings];
    for account in &plan.accounts {
        for (_, finding) in account.reports.iter().filter(|(scan, _)| *scan == 0) {
            all[*finding] = account.issue.as_ref().map(|issue| issue.number);
        }
    }
    all
}

/// What the findings of a second run are, after those of a first one.
pub(crate) fn became(before: &str, after: &str) -> String {
    Places::of(before).then(after)
}

/// The same where people accepted the risk of the first ones.
pub(crate) fn became_of_decided(before: &str, after: &str) -> String {
    Places::of(before).decided().then(after)
}

/// Checks before, after and what became of it, row by row.
pub(crate) fn check(became: fn(&str, &str) -> String, rows: &[(&str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (before, after, want) in rows {
        let got = became(before, after);
        if got != *want {
            wrong.push(format!("{before}\n→ {after}\n  want {want}, got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
