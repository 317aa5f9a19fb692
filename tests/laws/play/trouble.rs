//! Late runs, racing runs, crashes.

use std::collections::BTreeSet;

use findsync::finding::Run;

use super::shape::{same, shapes};
use super::{Game, Manner, Reports, Short};
use crate::board::Board;
use crate::world::{Place, Scanner};

impl Game {
    pub(super) fn late(&mut self, at: u8) -> Result<(), String> {
        let Some(old) = self.past.get(at as usize % self.past.len().max(1)).cloned() else { return Ok(()) };
        let newest = self.past.iter().map(|reports| &reports.run).filter(|run| run.line == old.run.line).max().cloned();
        if newest.as_ref().is_none_or(|newest| newest.number == old.run.number) {
            self.told.pop();
            return Ok(());
        }
        let (plan, _) = self.play(&self.board, &old, newest, Manner::default());
        if !plan.changes.is_empty() || plan.notes.is_empty() {
            self.tell(&plan);
            return Err("a late run changes something, or does not say that it is late".into());
        }
        Ok(())
    }

    /// Two runs list the same issues, and both write; the next runs mend that.
    pub(super) fn race(&mut self, place: Place, one: Scanner, other: Scanner) -> Result<(), String> {
        let (first, second) =
            (self.reports(place, &[(one, 0)], Short::Whole), self.reports(place, &[(other, 0)], Short::Whole));
        let stale = self.board.copy();
        let (plan, _) = self.play(&self.board, &first, None, Manner::default());
        self.tell(&plan);
        // The second run opens what it planned before the first wrote; what it edits, it reads again.
        let known: BTreeSet<u64> = stale.snapshot().iter().map(|issue| issue.id.number).collect();
        self.play(&stale, &second, None, Manner::default());
        for issue in stale.snapshot().into_iter().filter(|issue| !known.contains(&issue.id.number)) {
            self.told.push(format!("      racing: opens {}", issue.title));
            self.board.adopt(issue);
        }
        self.note(&first);
        self.note(&second);
        for reports in [first, second.clone(), second] {
            self.number += 1;
            let run = Run { number: self.number, ..reports.run.clone() };
            let reports = Reports { run, ..reports };
            let (plan, _) = self.play(&self.board, &reports, None, Manner::default());
            self.tell(&plan);
        }
        let jobs = [(one, 0), (other, 0)];
        let reports = self.reports(place, &jobs, Short::Whole);
        self.run(reports)
    }

    pub(super) fn crash(&mut self, place: Place, jobs: &[(Scanner, u8)], after: u8) -> Result<(), String> {
        let reports = self.reports(place, jobs, Short::Whole);
        let whole = self.board.copy();
        let (plan, _) = self.play(&whole, &reports, None, Manner::default());
        let writes = whole.take_writes();
        if after as usize >= writes || self.is_bounded(&plan) {
            self.told.pop();
            return Ok(());
        }
        self.board.crash_after(Some(after as usize));
        self.play(&self.board, &reports, None, Manner::default());
        self.board.crash_after(None);
        self.run(reports)?;
        let certain = |board: &Board| shapes(board, |truth| !self.book.loose.contains(truth));
        let law = format!("a crash after {after} of {writes} writes, then a run, ends in another world");
        same(&law, &certain(&whole), &certain(&self.board))
    }
}
