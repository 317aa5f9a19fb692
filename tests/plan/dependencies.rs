//! Which dependency is which, and which issues are one: short scripts (see `script.rs`), and what is left of them.

use crate::kit::{Bench, told};
use crate::script::{play, show};

/// Each row: a script, what its last run does, the issues afterwards.
fn check(rows: &str) {
    let mut wrong = Vec::new();
    for row in rows.lines().filter(|row| !row.is_empty() && !row.starts_with('#')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [script, done, issues] = cells[..] else { panic!("three cells: {row}") };
        let mut bench = Bench::default();
        let plan = play(&mut bench, script);
        let (told, left) = (told(&plan), show(&bench.issues()));
        if (told.as_str(), left.as_str()) != (done, issues) {
            wrong.push(format!("{script}\n  want {done} | {issues}\n  got  {told} | {left}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_alias_ties_two_findings_as_long_as_a_scope_names_both() {
    check(
        "
# A second scanner that knows only the alias means the same finding, until nobody names both any more.
T C1+GA; G GA | update: who sees it has changed | 1 open C1 [G GA, T C1+GA]
T GA & G C1+GA; T GA | - | 1 open C1 [G C1+GA, T GA]
T C1+GA; T GA | close: gone from Trivy on shop; open: new: a scanner | 1 closed C1 [T- C1+GA], 2 open GA [T GA]
# A finding that was opened under the alias stays what it is when its CVE gets known.
T GA; T C1+GA | update: changed: title, body | 1 open GA [T C1+GA]
T GA; G C1+GA | update: changed: title, body | 1 open GA [G C1+GA, T GA]
T GA; T C1+GA; G GA; T C1; G GA | update: changed: title, body; note: Trivy on shop: not read in this run, so its open issue stays as it is | 1 open GA [G GA, T- C1+GA], 2 open C1 [T C1]
G C1; T GA & G; G C1+GA | update: changed: title, body | 1 closed C1 [G- C1], 2 open GA [G C1+GA, T GA]
# Who learnt a CVE keeps it when the alias is no longer named, also where another CVE was learnt from others.
T GA; T C1+GA; T C1 & G C2 | update: what it is known by has changed; open: new: a scanner | 1 open GA [T C1], 2 open C2 [G C2]
T GA; G C2+GA; T; G C2 | update: changed: body | 1 open GA [G C2, T- GA]
# Two that are named for one CVE and one alias are one, and the alias alone says nothing new.
T C1+GA; G GA; G GA C1 | update: changed: body | 1 open C1 [G C1, T C1+GA]
# An alias of two CVEs stands for each that is still there.
T C1+GA; T C2+GA; G GA | update: who sees it has changed | 1 closed C1 [T- C1+GA], 2 open C2 [G GA, T C2+GA]
T GA; G C1+GA C2+GA; T GA | update: who sees it has changed | 1 open GA [G C2+GA, T GA], 2 open C1 [G C1+GA, T GA]
# Who names a CVE alone, while others in this run name the alias alone, means another finding.
T GA & G GA; T C1+GA & G C1; T C1 & G GA | update: changed: title, body; open: new: a scanner | 1 open GA [G GA, T- C1+GA], 2 open C1 [G- C1, T C1]
# The alias is another finding where it is in another manifest, of another repository, or no longer there.
T C1+GA@b; G C1@b; G GA | update: who sees it has changed; open: new: a scanner; held close: gone from Grype on shop, waiting for Trivy on shop (not read in this run); note: Trivy on shop: not read in this run, so its open issue stays as it is | 1 open C1 [G- C1@b, T C1+GA@b], 2 open GA [G GA]
T GB C1+GA & G=h/lib GA | open: new: a scanner; open: new: a scanner; open: new: a scanner | 1 open GA [G GA], 2 open GB [T GB], 3 open C1 [T C1+GA]
",
    );
}

#[test]
fn what_people_decided_about_one_name_is_not_said_of_what_is_learnt_later() {
    check(
        "
T GA; 1 NotPlanned; G C1; T C1+GA & G C1 | update: who sees it has changed; update: changed: body | 1 closed GA! [T- GA], 2 open C1 [G C1, T C1+GA]
T C1; 1 NotPlanned; T C1+GA; G GA; T GA | update: who sees it has changed; open: new: a scanner | 1 closed C1! [G GA, T- C1+GA], 2 open GA [T GA]
",
    );
}

#[test]
fn a_manifest_that_moved_takes_its_vulnerabilities_along() {
    check(
        "
T C1; T C1@b | update: what it is known by has changed | 1 open C1 [T C1@b]
T GA; T C1+GA@b | update: changed: title, body | 1 open GA [T C1+GA@b]
T C2; T C2@b C2@b | update: what it is known by has changed | 1 open C2 [T C2@b]
T C1@b; T C1 C1 | update: what it is known by has changed | 1 open C1 [T C1]
T C2@c GA@b; T C2+GA | update: what it is known by has changed; close: gone from Trivy on shop | 1 open C2 [T C2+GA], 2 closed GA [T- GA@b]
# Where the package is reported elsewhere under one of the ids, nothing says which one moved.
T C2; T C2+GA@c C1+GA | close: gone from Trivy on shop; open: new: a scanner; open: new: a scanner | 1 closed C2 [T- C2], 2 open C2 [T C2+GA@c], 3 open C1 [T C1+GA]
# One that is still there was not moved.
files a b; T C1; T C1@b | close: gone from Trivy on shop; open: new: a scanner | 1 closed C1 [T- C1], 2 open C1 [T C1@b]
# Another scanner's was moved where the checkout says so.
files b; T C1; G C1@b | update: changed: body | 1 open C1 [G C1@b, T C1]
# An alias alone moves only what was born with it: nothing says any longer which CVE it is.
T C1+GA; T GA@b | close: gone from Trivy on shop; open: new: a scanner | 1 closed C1 [T- C1+GA], 2 open GA [T GA@b]
T C1+GA; T GA; T GA@b | update: what it is known by has changed | 1 closed C1 [T- C1+GA], 2 open GA [T GA@b]
T GA+PA; T PA@b | close: gone from Trivy on shop; open: new: a scanner | 1 closed GA [T- GA+PA], 2 open PA [T PA@b]
T C1+GA C2+GA; T GA@b | close: gone from Trivy on shop; close: gone from Trivy on shop; open: new: a scanner | 1 closed C2 [T- C2+GA], 2 closed C1 [T- C1+GA], 3 open GA [T GA@b]
# What comes back elsewhere after it was gone is new.
T C1@c; T; T & G C1+GB | open: new: a scanner | 1 closed C1 [T- C1@c], 2 open C1 [G C1+GB]
",
    );
}

#[test]
fn of_two_issues_of_one_finding_the_one_that_people_decided_about_stays_then_an_open_one_then_the_newest() {
    check(
        "
T C1; race T C1; T C1 | update: what it is known by has changed; merge: duplicate of #1 | 1 open C1 [T C1], 2 closed: see 1
T C1; T; twin 1; T C1 | reopen: seen again: a scanner; update: #2 has its findings now | 1 closed: see 2, 2 open C1 [T C1]
T C1; 1 NotPlanned; race T C1; T C1 | update: changed: title, labels, body; merge: duplicate of #1; held reopen: Risk Accepted: closed as not planned | 1 closed C1! [T C1], 2 closed: see 1
T C1; 1 Duplicate; race T C1; T C1 | update: #2 has its findings now | 1 closed: see 2, 2 open C1 [T C1]
# Of an alias and a CVE the CVE's stays.
T GA; race G C1+GA; T GA & G C1+GA | update: changed: body; merge: duplicate of #2 | 1 closed: see 2, 2 open C1 [G C1+GA, T GA]
T GA; race G C1; G C1+GA | update: changed: body; merge: duplicate of #2 | 1 closed: see 2, 2 open C1 [G C1+GA, T GA]
T C1; G GA; T C1+GA | update: changed: body; merge: duplicate of #1 | 1 open C1 [G GA, T C1+GA], 2 closed: see 1
T C1; G GA; T C1+GA; G GA | - | 1 open C1 [G GA, T C1+GA], 2 closed: see 1
# Equal lines of code are told apart by where they are.
T x@a:3 x@a:9; twin 1; T x@a:3 x@a:9 | merge: duplicate of #1 | 1 open code [T @a.py], 2 open code [T @a.py], 3 closed: see 1
# What stays may go to an issue of its own in the same run.
group; T C1 C2; ungroup; race T C1; T C1 C2 | open: new: a scanner; update: changed: title, body; merge: duplicate of #1 | 1 open C1 [T C1], 2 closed: see 1, 3 open C2 [T C2]
",
    );
}
