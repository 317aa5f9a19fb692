//! A history as data, for a comparison with another implementation of the rules.

use findsync::config::GroupBy;
use findsync::finding::Status;
use findsync::issue::State;
use serde_json::json;

use super::shape::words_of;
use super::{Game, Reports, Short};

impl Game {
    /// Writes down a run, and what is open then.
    pub(super) fn write_run(&mut self, reports: &Reports) {
        if self.script.is_none() {
            return;
        }
        let scans: Vec<_> = reports
            .scans
            .iter()
            .map(|((place, scanner, target), short, reported)| {
                let findings: Vec<_> = reported
                    .iter()
                    .map(|(finding, truths)| {
                        let snippet = finding.evidence.snippet.as_ref();
                        json!({
                            "kind": finding.kind.name(), "rule": finding.rule, "path": finding.location.path,
                            "ids": finding.identifiers, "line": finding.location.start_line, "truths": truths,
                            "content": snippet.map(|snippet| snippet.lines.clone()),
                            "ctx": snippet.and_then(|snippet| snippet.before.clone()),
                            "suppressed": finding.status != Status::Active, "title": finding.title,
                        })
                    })
                    .collect();
                json!({
                    "source": crate::world::source_name(place.0), "branch": if place.1 == 0 { "" } else { "release" },
                    "scanner": format!("{scanner:?}"), "target": target, "whole": *short == Short::Whole, "findings": findings,
                })
            })
            .collect();
        let issues = self.board.snapshot();
        let open: Vec<_> = issues.iter().filter(|issue| issue.state == State::Open).map(words_of).collect();
        let run = json!({
            "scans": scans, "number": reports.run.number, "attempt": reports.run.attempt, "day": self.day, "open": open,
            "checkout": reports.checkout, "group": self.setup.group.map(GroupBy::name), "keep": self.setup.keep_manual_close,
            "decisions": self.setup.config.decisions.iter().map(|decision| json!({
                "id": decision.matches.id, "rule": decision.matches.rule, "scanner": decision.matches.scanner,
            })).collect::<Vec<_>>(),
        });
        self.script.iter_mut().for_each(|script| script.push(run.clone()));
    }
}
