//! The laws of DESIGN §4, over random worlds: a thousand of them each.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod folder;
mod memory;
mod world;

use chrono::{Days, NaiveDate};
use findsync::finding::{Key, Status};
use findsync::issue::{Issue, Note, State};
use findsync::plan::{Action, Change};
use proptest::prelude::*;

use folder::Folder;
use memory::{Memory, Person};
use world::{FINDINGS, Step, key, picture, run, steps};

fn day(steps: &[Step]) -> NaiveDate {
    let days = steps.iter().map(|step| step.days).sum();
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Days::new(days)
}

/// Lets a history happen, up to the people's part of its last step.
fn live(memory: &Memory, history: &[Step], reversed: bool) {
    let last = history.len() - 1;
    for (at, step) in history.iter().enumerate() {
        step.people.iter().for_each(|person| memory.act(person));
        if at < last {
            run(memory, step, day(&history[..=at]), reversed);
        }
    }
}

fn carries(issue: &Issue, finding: usize) -> bool {
    let keys: Vec<Key> = vec![key(finding, 0), key(finding, 1)];
    issue
        .stamp
        .as_ref()
        .is_some_and(|stamp| stamp.duplicate_of.is_none() && stamp.keys().any(|key| keys.contains(&key)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, max_shrink_iters: 300, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn a_second_plan_is_empty(history in steps()) {
        let memory = Memory::default();
        live(&memory, &history, false);
        let last = history.last().unwrap();
        run(&memory, last, day(&history), false);
        let second = run(&memory, last, day(&history), false);
        prop_assert!(second.changes.is_empty(), "{:#?}", second.changes);
    }

    #[test]
    fn one_open_issue_a_key(history in steps()) {
        let memory = Memory::default();
        live(&memory, &history, false);
        run(&memory, history.last().unwrap(), day(&history), false);
        let issues = memory.snapshot();
        for finding in 0..FINDINGS {
            let open = issues.iter().filter(|issue| issue.state == State::Open && carries(issue, finding)).count();
            prop_assert!(open <= 1 || !history.last().unwrap().reports(finding), "finding {finding} has {open} open issues");
        }
    }

    #[test]
    fn of_twins_the_lowest_number_stays(history in steps()) {
        let memory = Memory::default();
        live(&memory, &history, false);
        let plan = run(&memory, history.last().unwrap(), day(&history), false);
        for change in plan.changes.iter().filter(|change| change.action == Action::Merge) {
            let Some(Note::Duplicate { of }) = &change.note else { panic!("{change:#?}") };
            prop_assert!(of.number < change.issue().unwrap().number, "{change:#?}");
        }
    }

    #[test]
    fn what_is_wanted_is_open_unless_people_decided(history in steps()) {
        let memory = Memory::default();
        live(&memory, &history, false);
        let last = history.last().unwrap();
        run(&memory, last, day(&history), false);
        let issues = memory.snapshot();
        for finding in (0..FINDINGS).filter(|finding| last.reports(*finding) && last.decided[*finding].is_none()) {
            let theirs: Vec<_> = issues.iter().filter(|issue| carries(issue, finding)).collect();
            let open = theirs.iter().any(|issue| issue.state == State::Open);
            let decided = theirs.iter().any(|issue| {
                issue.decision.is_some() || issue.closed_as == Some(findsync::issue::CloseReason::NotPlanned)
            });
            prop_assert!(open || decided, "finding {finding} is reported, undecided and not open: {theirs:#?}");
        }
    }

    #[test]
    fn nothing_is_closed_that_was_not_proved_gone(history in steps()) {
        let memory = Memory::default();
        live(&memory, &history, false);
        let last = history.last().unwrap();
        let before = memory.snapshot();
        let plan = run(&memory, last, day(&history), false);
        // A duplicate is closed for the issue that stays, whatever was read.
        let gone = |change: &&Change| change.action != Action::Merge && change.status == Status::Closed;
        for change in plan.changes.iter().filter(gone).filter(|change| change.issue().is_some()) {
            let number = change.issue().unwrap().number;
            let issue = before.iter().find(|issue| issue.id.number == number).unwrap();
            let stamp = issue.stamp.as_ref().unwrap();
            for finding in (0..FINDINGS).filter(|finding| carries(issue, *finding)) {
                prop_assert!(!last.reports(finding), "#{number} closed, but finding {finding} is reported");
            }
            for member in &stamp.members {
                let finding = (0..FINDINGS).find(|at| (0..2).any(|alias| member.keys.contains(&key(*at, alias)))).unwrap();
                for at in &member.seen_by {
                    let known = &stamp.scopes[*at as usize];
                    let examined = last.examined(&known.scope, finding);
                    let long_ago = known.day + Days::new(30) <= day(&history) && !member.gone_from.is_empty();
                    prop_assert!(examined || long_ago, "#{number} closed, but {} has not looked there", known.scope);
                }
            }
        }
    }

    #[test]
    fn order_does_not_matter(history in steps()) {
        let (one, other) = (Memory::default(), Memory::default());
        live(&one, &history, false);
        *other.issues.lock().unwrap() = one.snapshot();
        run(&one, history.last().unwrap(), day(&history), false);
        run(&other, history.last().unwrap(), day(&history), true);
        prop_assert_eq!(picture(&one), picture(&other));
    }

    #[test]
    fn a_crash_after_any_write_ends_in_the_same_world(history in steps(), any_write in any::<prop::sample::Index>()) {
        let (start, whole) = (Memory::default(), Memory::default());
        live(&start, &history, false);
        let (last, today) = (history.last().unwrap(), day(&history));
        *whole.issues.lock().unwrap() = start.snapshot();
        run(&whole, last, today, false);
        let wanted = picture(&whole);
        let writes = *whole.writes.lock().unwrap();
        prop_assume!(writes > 0);
        let after = any_write.index(writes);
        let crashed = Memory::default();
        *crashed.issues.lock().unwrap() = start.snapshot();
        *crashed.fuse.lock().unwrap() = Some(after);
        run(&crashed, last, today, false);
        *crashed.fuse.lock().unwrap() = None;
        run(&crashed, last, today, false);
        prop_assert_eq!(&picture(&crashed), &wanted, "after {} of {} writes", after, writes);
    }

    #[test]
    fn a_crash_on_the_local_tracker_ends_in_the_same_folder(history in steps(), any_write in any::<prop::sample::Index>()) {
        let (last, today) = (history.last().unwrap(), day(&history));
        let start = Folder::new(today);
        for (at, step) in history.iter().enumerate() {
            for person in &step.people {
                match person {
                    Person::CloseDone(at) => start.edit(*at, State::Closed, false),
                    Person::CloseNotPlanned(at) => start.edit(*at, State::Closed, true),
                    Person::Reopen(at) => start.edit(*at, State::Open, false),
                    _ => {}
                }
            }
            if at + 1 < history.len() {
                run(&start, step, day(&history[..=at]), false);
            }
        }
        let whole = Folder::new(today);
        whole.copy_from(&start);
        run(&whole, last, today, false);
        let second = run(&whole, last, today, false);
        prop_assert!(second.changes.is_empty(), "{:#?}", second.changes);
        let writes = whole.writes.load(std::sync::atomic::Ordering::Relaxed);
        prop_assume!(writes > 0);
        let after = any_write.index(writes);
        let crashed = Folder::new(today);
        crashed.copy_from(&start);
        crashed.crash_after(after);
        run(&crashed, last, today, false);
        crashed.crash_after(usize::MAX);
        run(&crashed, last, today, false);
        prop_assert_eq!(crashed.files(), whole.files(), "after {} of {} writes", after, writes);
    }

    #[test]
    fn peoples_words_survive(history in steps()) {
        let memory = Memory::default();
        live(&memory, &history, false);
        let words = |issues: &[Issue]| -> usize {
            issues.iter().map(|issue| issue.body.matches("I am on it.").count() + issue.body.matches("Note: look").count()).sum()
        };
        let before = words(&memory.snapshot());
        run(&memory, history.last().unwrap(), day(&history), false);
        prop_assert_eq!(before, words(&memory.snapshot()));
    }
}
