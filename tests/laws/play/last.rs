//! The laws that cost more: order, crash, short list, split.

use std::collections::BTreeSet;

use findsync::finding::Run;
use findsync::issue::{Actor, Issue, Verdict};

use super::shape::{same, shape, shapes, shapes_of};
use super::{Game, Manner, Reports, Short};
use crate::board::Board;
use crate::world::{Scanner, ScopeName, all_truths, is_vague, manifest_of};

impl Game {
    /// The laws that cost more, for one more run: order, crash, short list, split.
    pub(crate) fn last_run(&mut self, at: u8, jobs: &[(Scanner, u8)], seed: u64) -> Result<(), String> {
        let place = self.place(at);
        let reports = self.reports(place, jobs, Short::Whole);
        let list = |lists_all| Manner { lists_all, plans_only: true, ..Manner::default() };
        let (short, _) = self.play(&self.board, &reports, None, list(false));
        let (long, _) = self.play(&self.board, &reports, None, list(true));
        // What people closed is listed from the first run on that sees it.
        let is_new = |issue: &Issue| {
            let listed = issue.own_labels.iter().any(|label| label == crate::board::DECIDED);
            matches!(issue.closed_by, Some(Actor::Person | Actor::Bot)) && !listed
        };
        let any_new = self.board.snapshot().iter().any(is_new) || !self.withheld(&short, &reports).is_empty();
        if short.changes.is_empty() != long.changes.is_empty() && !any_new {
            self.tell(&long);
            return Err("a plan that is empty on what is always listed is not empty on all".into());
        }
        let [whole, other] = [self.board.copy(), self.board.copy()];
        let (plan, _) = self.play(&whole, &reports, None, Manner::default());
        let writes = whole.take_writes();
        self.play(&other, &reports, None, Manner { reversed: true, ..Manner::default() });
        self.told
            .push(format!("  then a run of {:?}", reports.scans.iter().map(|(name, ..)| name).collect::<Vec<_>>()));
        self.tell(&plan);
        same("the order of findings, scans and issues matters", &shape(&whole), &shape(&other))?;
        for after in 0..if self.is_bounded(&plan) { 0 } else { writes.min(8) } {
            let after = if writes > 8 { (after * writes + (seed as usize % writes)) / 8 % writes } else { after };
            let crashed = self.board.copy();
            crashed.crash_after(Some(after));
            self.play(&crashed, &reports, None, Manner::default());
            crashed.crash_after(None);
            // A column that was written without the stamp looks like a person's. And an alias may stand for several.
            let is_half_written = |issue: &Issue| {
                let written = issue.stamp.as_ref().map(|stamp| stamp.status);
                issue.decisions.iter().any(|by| by.by_field && written.is_some_and(|status| status != by.status))
            };
            let doubtful = any_new || crashed.snapshot().iter().any(is_half_written);
            let vague: BTreeSet<String> = crashed
                .snapshot()
                .iter()
                .flat_map(|issue| all_truths(issue, |_| true))
                .filter(|truth| doubtful && is_vague(truth))
                .filter_map(|truth| manifest_of(&truth))
                .collect();
            let (mended, _) = self.play(&crashed, &reports, None, Manner::default());
            let law = format!("a crash after {after} of {writes} writes, then a run, ends in another world");
            // Without the lines around, what was matched already decides about the rest.
            let is_certain = |truth: &str| {
                !self.book.loose.contains(truth) && manifest_of(truth).is_none_or(|at| !vague.contains(&at))
            };
            let certain = |board: &Board| shapes(board, is_certain);
            if let Err(why) = same(&law, &certain(&whole), &certain(&crashed)) {
                self.told.push("    after the crash:".into());
                self.tell(&mended);
                return Err(why);
            }
        }
        // Which group a finding is in follows the scope that counts most, which may not be read here.
        let grouped = self.setup.group.is_some()
            || self
                .board
                .snapshot()
                .iter()
                .any(|issue| issue.stamp.as_ref().is_some_and(|stamp| stamp.group.is_some()));
        let unread = self.book.words.iter().any(|(name, words)| {
            !words.is_empty() && name.0.0 == place.0 && reports.scans.iter().all(|(read, ..)| read != name)
        });
        if self.setup.max_open.is_none() && reports.scans.len() > 1 && !any_new && !(grouped && unread) {
            self.split(&reports, seed)?;
        }
        self.run(reports)
    }

    /// All reports in one run, and each alone in a random order: the same world once nothing changes, but for words by an
    /// alias alone (which issue holds these depends on what was learnt when) and for lines that were edited before a new
    /// scope saw them.
    pub(super) fn split(&mut self, reports: &Reports, seed: u64) -> Result<(), String> {
        let mut order: Vec<usize> = (0..reports.scans.len()).collect();
        let mut seed = seed;
        for at in (1..order.len()).rev() {
            order.swap(at, seed as usize % (at + 1));
            seed = seed.rotate_right(7);
        }
        let cut = 1 + seed as usize % (order.len() - 1);
        let parts = [order[..cut].to_vec(), order[cut..].to_vec()];
        let one = self.settled(reports, &[order.clone()])?;
        let other = self.settled(reports, &parts)?;
        let names: Vec<Vec<ScopeName>> =
            parts.iter().map(|part| part.iter().map(|at| reports.scans[*at].0).collect()).collect();
        // Who does not count it tells of it only where there is an issue already.
        let strong = |board: &Board| {
            shapes_of(board, |truth| !is_vague(truth) && !self.book.loose.contains(truth), Verdict::is_active)
        };
        same(&format!("runs of {names:?} end in another world than one"), &strong(&one), &strong(&other))
    }

    pub(super) fn settled(&mut self, reports: &Reports, parts: &[Vec<usize>]) -> Result<Board, String> {
        let board = self.board.copy();
        let before = self.told.len();
        for round in 0..6 {
            let mut changed = false;
            for part in parts {
                let run = Run { number: reports.run.number + round, ..reports.run.clone() };
                let part = Reports { run, ..reports.only(part) };
                let (plan, _) = self.play(&board, &part, None, Manner::default());
                changed |= !plan.changes.is_empty();
                self.told.push(format!("    round {round}"));
                self.tell(&plan);
            }
            if !changed {
                self.told.truncate(before);
                return Ok(board);
            }
        }
        Err(format!("runs of {parts:?} do not come to rest"))
    }
}
