//! What a board looks like without what may differ.

use findsync::issue::{Issue, State, Verdict};

use crate::board::Board;
use crate::world::{all_truths, is_covered, truths};

pub(super) fn same(law: &str, one: &[String], other: &[String]) -> Result<(), String> {
    if one == other {
        return Ok(());
    }
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|line| !those.contains(line)).cloned().collect()
    };
    Err(format!("{law}:\n    {:#?}\n    instead of\n    {:#?}", only(other, one), only(one, other)))
}

/// Open issues without numbers and runs: which weaknesses keep them open, and which scope says what.
pub(crate) fn shape(board: &Board) -> Vec<String> {
    shapes(board, |_| true)
}

pub(super) fn shapes(board: &Board, counts: impl Fn(&str) -> bool + Copy) -> Vec<String> {
    shapes_of(board, counts, Verdict::is_live)
}

/// The same of some words only.
pub(super) fn shapes_of(
    board: &Board,
    counts: impl Fn(&str) -> bool + Copy,
    says: impl Fn(Verdict) -> bool + Copy,
) -> Vec<String> {
    let issues = board.snapshot();
    let mut lines = Vec::new();
    for issue in issues.iter().filter(|issue| issue.state == State::Open) {
        let Some(stamp) = &issue.stamp else { continue };
        let mut members = Vec::new();
        for member in &stamp.members {
            let words = member.words.iter().filter(|word| says(word.verdict));
            let about = |word: &findsync::issue::Word| {
                truths(&findsync::issue::Member { words: vec![word.clone()], ..member.clone() }, Verdict::is_live)
            };
            let words = words.filter(|word| about(word).iter().any(|truth| counts(truth)));
            let words: Vec<String> = words
                .map(|word| format!("{} {} {:?} {:?}", word.scope.source.name, word.scope, word.verdict, about(word)))
                .collect();
            if !words.is_empty() {
                members.push(format!("{} decided: {}", words.join(", "), is_covered(issue, member)));
            }
        }
        members.sort();
        if !members.is_empty() {
            let group = stamp.group.as_ref().map(|group| &group.title);
            lines.push(format!("{group:?} {}", members.join(" | ")));
        }
    }
    lines.sort();
    lines
}

/// What the live words of an issue say: scope, verdict, and what was seen.
pub(super) fn words_of(issue: &Issue) -> Vec<String> {
    let members = issue.stamp.iter().flat_map(|stamp| &stamp.members);
    let words = members.flat_map(|member| {
        member.words.iter().filter(|word| word.verdict.is_live()).map(|word| {
            let about =
                truths(&findsync::issue::Member { words: vec![word.clone()], ..member.clone() }, Verdict::is_live);
            let about: Vec<String> = about.into_iter().collect();
            let decided = if word.verdict.is_active() { "active" } else { "decided" };
            format!("{} {} {decided} {} {}", word.scope.source.name, word.scope, about.join("+"), word.facts.place)
        })
    });
    let mut words: Vec<String> = words.collect();
    words.sort();
    words
}

/// What is open, for people.
pub(crate) fn picture(board: &Board) -> Vec<String> {
    let each = board.snapshot();
    let line = |issue: &Issue| {
        let by = issue.closed_by.map(|by| format!(" by {by:?} as {:?}", issue.closed_as)).unwrap_or_default();
        let live = all_truths(issue, Verdict::is_live);
        let gone = all_truths(issue, |verdict| verdict == Verdict::Gone);
        let duplicate =
            issue.stamp.as_ref().and_then(|stamp| stamp.duplicate_of).map(|of| format!(" → #{of}")).unwrap_or_default();
        format!(
            "  #{} {:?}{by}{duplicate} {:?}: live {live:?} gone {gone:?}",
            issue.id.number, issue.state, issue.labels
        )
    };
    each.iter().map(line).collect()
}
