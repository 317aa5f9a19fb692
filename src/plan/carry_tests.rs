//! Carry-forward: what keeps its issue, and what must not get another one's.

use super::*;

/// A finding of rule 1 at a place.
fn placed(name: &str, path: u32, lines: u32, line: u32) -> Draft {
    let mut draft = draft(name);
    draft.members[0].place = Place { rule: 1, path, line, lines, ..Place::default() };
    draft
}

fn with(mut draft: Draft, change: impl FnOnce(&mut Place)) -> Draft {
    change(&mut draft.members[0].place);
    draft
}

/// What happens to the issues, which are numbered from 1 on: number (0 for a new one), action, and the finding's title.
fn changes(before: &[Draft], after: &[Draft]) -> Vec<(u64, Action, String)> {
    let issues: Vec<Issue> = (1..).zip(before).map(|(number, draft)| issue(number, draft)).collect();
    let names: Vec<&str> = after.iter().map(|draft| draft.title.as_str()).collect();
    let plan = plan(after, &coverage(&["A"], &names), &settings(), &issues);
    let number = |change: &Change| change.issue().map_or(0, |id| id.number);
    plan.changes.iter().map(|change| (number(change), change.action, change.title.clone())).collect()
}

fn counts(before: &[Draft], after: &[Draft]) -> (usize, usize, usize) {
    let changes = changes(before, after);
    let count = |action: Action| changes.iter().filter(|(_, one, _)| *one == action).count();
    (count(Action::Open), count(Action::Update), count(Action::Close))
}

#[test]
fn one_clear_match_is_needed() {
    let old = [placed("old", 5, 9, 10)];
    assert_eq!(counts(&old, &[placed("new", 6, 9, 10)]), (0, 1, 0), "a renamed file");
    assert_eq!(counts(&old, &[placed("new", 5, 8, 12)]), (0, 1, 0), "changed a little, near");
    assert_eq!(counts(&old, &[placed("new", 5, 8, 30)]), (1, 0, 1), "far away");
    assert_eq!(counts(&old, &[placed("new", 6, 8, 10)]), (1, 0, 1), "another finding");
    let two = [placed("n1", 6, 9, 10), placed("n2", 7, 9, 10)];
    assert_eq!(counts(&old, &two), (2, 0, 1), "ambiguity carries nothing forward");
}

#[test]
fn changed_lines_must_be_alike() {
    let words = |draft: Draft, words: u64| with(draft, |place| place.words = words);
    let old = [words(placed("old", 5, 9, 10), 0b1111)];
    assert_eq!(counts(&old, &[words(placed("new", 5, 8, 12), 0b0111)]), (0, 1, 0));
    assert_eq!(counts(&old, &[words(placed("new", 5, 8, 12), 0b1111_0000)]), (1, 0, 1));
    let under = |draft: Draft| with(draft, |place| place.heading = 4);
    let old = [under(words(placed("old", 5, 9, 10), 0b1111))];
    assert_eq!(counts(&old, &[under(words(placed("new", 5, 8, 12), 0b11_0001))]), (1, 0, 1));
    assert_eq!(counts(&old, &[under(words(placed("new", 5, 8, 12), 0b1_0011))]), (0, 1, 0));
}

#[test]
fn other_findings_tell_how_far_a_file_moved() {
    let before = [placed("a", 5, 9, 10), placed("b", 5, 7, 40)];
    let after = [placed("a", 5, 9, 110), placed("new", 5, 8, 141)];
    assert_eq!(counts(&before, &after), (0, 2, 0));
}

#[test]
fn a_renamed_file_takes_along_what_changed_in_it() {
    let before = [placed("a", 5, 9, 10), placed("b", 5, 7, 40), placed("kept", 8, 7, 40)];
    let after = [placed("a2", 6, 9, 12), placed("b2", 6, 6, 43), placed("kept", 8, 7, 40)];
    assert_eq!(counts(&before, &after), (0, 2, 0));
    // A line of code that stands elsewhere, too, tells nothing by itself.
    let before = [placed("b", 5, 7, 40), placed("kept", 8, 7, 40)];
    assert_eq!(counts(&before, &[placed("b2", 6, 7, 99), placed("kept", 8, 7, 40)]), (0, 1, 0), "the file was renamed");
    let before = [placed("a", 5, 1, 9), before[0].clone(), before[1].clone()];
    let after = [placed("a2", 9, 1, 9), placed("b2", 6, 7, 99), placed("kept", 8, 7, 40)];
    assert_eq!(counts(&before, &after), (1, 1, 1), "what was in the file went two ways");
}

/// Equal findings: their names end in the ordinal that the reader gave them.
fn equal(ordinal: usize, line: u32) -> Draft {
    with(placed(&format!("equal {ordinal}"), 5, 9, line), |place| place.counted = 3)
}

#[test]
fn equal_findings_are_paired_by_place() {
    let three = [equal(0, 10), equal(1, 50), equal(2, 90)];
    let name = |ordinal: usize| format!("equal {ordinal}");
    assert_eq!(
        changes(&three, &[equal(0, 48), equal(1, 88)]),
        [(1, Action::Close, name(0)), (2, Action::Update, name(0)), (3, Action::Update, name(1))],
        "the first is gone; its key leaves it before another issue gets it"
    );
    assert_eq!(changes(&three, &[equal(0, 10), equal(1, 50)]), [(3, Action::Close, name(2))]);
    assert_eq!(
        changes(&three[..2], &[equal(0, 4), equal(1, 14), equal(2, 54)]),
        [(1, Action::Update, name(1)), (2, Action::Update, name(2)), (0, Action::Open, name(0))],
        "one came before the others"
    );
}

#[test]
fn a_scan_that_was_not_read_whole_moves_no_keys() {
    let issues: Vec<Issue> = (1..).zip([equal(0, 10), equal(1, 50)]).map(|(n, draft)| issue(n, &draft)).collect();
    let after = [equal(0, 48)];
    let partial = crate::finding::Scan {
        scanner: "A".into(),
        target: "shop".into(),
        findings: vec![crate::finding::Finding { keys: vec![key("equal 0")], ..Default::default() }],
        ..crate::finding::Scan::default()
    };
    let plan = plan(&after, &Coverage::of(&[partial]), &settings(), &issues);
    assert_eq!((plan.count(Action::Close), plan.count(Action::Open)), (0, 0));
}

#[test]
fn the_older_of_two_twins_stays_whatever_its_line() {
    let twins = [issue(1, &equal(0, 10)), issue(2, &equal(0, 12))];
    let plan = plan(&[equal(0, 12)], &coverage(&["A"], &["equal 0"]), &settings(), &twins);
    let told: Vec<_> = plan.changes.iter().map(|change| (change.action, change.issue().unwrap().number)).collect();
    assert_eq!(told, [(Action::Merge, 2), (Action::Update, 1)]);
}

#[test]
fn an_old_decision_hides_nothing_that_has_an_issue() {
    let decided = closed(issue(2, &equal(1, 50)), None, CloseReason::NotPlanned);
    let issues = [issue(1, &equal(0, 10)), decided];
    let plan = plan(&[equal(0, 50)], &coverage(&["A"], &["equal 0"]), &settings(), &issues);
    assert_eq!((plan.count(Action::Close), plan.held.len()), (0, 0), "{:?}", plan.held);
}

#[test]
fn nothing_is_gone_from_a_file_that_was_not_examined() {
    let path = |path| Place::part(Some(path));
    let one = issue(1, &placed("one", path("src/a.py"), 9, 10));
    let other = issue(2, &placed("other", path("src/b.py"), 8, 10));
    let moved = placed("moved", path("src/c.py"), 9, 10);
    let scan = |unexamined: &[&str]| Scan {
        scanner: "A".into(),
        target: "shop".into(),
        complete: true,
        unexamined: unexamined.iter().map(ToString::to_string).collect(),
        findings: vec![crate::finding::Finding { keys: vec![key("moved")], ..Default::default() }],
        ..Scan::default()
    };
    let plan = plan(
        std::slice::from_ref(&moved),
        &Coverage::of(&[scan(&["src/a.py"])]),
        &settings(),
        &[one.clone(), other.clone()],
    );
    let changes: Vec<_> = plan.changes.iter().map(|change| (change.action, change.title.as_str())).collect();
    assert_eq!(changes, [(Action::Close, "other"), (Action::Open, "moved")], "it may still be there as well");
    let held: Vec<_> = plan.held.iter().map(|held| (held.title.as_str(), held.reason.as_str())).collect();
    assert_eq!(held, [("one", "not reported, but A on shop (`src/a.py` was not examined)")]);

    let plan = super::plan(&[moved], &Coverage::of(&[scan(&[])]), &settings(), &[one, other]);
    let changes: Vec<_> = plan.changes.iter().map(|change| (change.action, change.title.as_str())).collect();
    assert_eq!(changes, [(Action::Update, "moved"), (Action::Close, "other")]);
}
