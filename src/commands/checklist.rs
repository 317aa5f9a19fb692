//! What `check` lists of the mapping file itself, beside what its trackers lack: tokens, reports, readers, decisions,
//! routes.

use chrono::NaiveDate;

use super::inputs;
use crate::ci::Ci;
use crate::cli::{Global, ReportArgs};
use crate::config::{self, Config, Decision, ProblemKind};
use crate::error::Error;
use crate::finding::Scan;
use crate::trackers::Problem;
use crate::triage::{Decisions, Routes};

/// Days before its last day on which a decision is mentioned.
const WARN_BEFORE: i64 = 14;

/// Decisions that end soon: after that their issues are reopened.
pub(super) fn ending_soon(decisions: &[Decision], today: NaiveDate) -> impl Iterator<Item = String> {
    decisions.iter().filter_map(move |decision| {
        let until = decision.until?;
        let days = until.signed_duration_since(today).num_days();
        let left = match days {
            0 => "today".to_owned(),
            1 => "tomorrow".to_owned(),
            days => format!("in {days} days"),
        };
        let ends = format!("the decision at {} ends on {until}, {left}", decision.source);
        (0..=WARN_BEFORE).contains(&days).then_some(ends)
    })
}

/// What is wrong, and what is worth knowing although no run fails for it.
#[derive(Debug, Default)]
pub(super) struct Checklist {
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<String>,
}

impl Checklist {
    fn add(&mut self, what: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem { what: what.into(), hint: hint.into(), fixable: false });
    }

    /// The mapping file; where nothing but tokens keeps it from being loaded, those are problems as any other.
    pub(super) fn load(&mut self, global: &Global, ci: &Ci) -> Result<Config, Error> {
        let error = match inputs::config(global, ci, None, true) {
            Err(Error::Config(config::Error::Invalid(error))) => error,
            other => return other,
        };
        if error.problems.iter().any(|problem| problem.kind != ProblemKind::Variable) {
            return Err(Error::Config(config::Error::Invalid(error)));
        }
        let config = inputs::config(global, ci, None, false)?;
        for problem in error.problems {
            self.add(problem.message, problem.help);
        }
        Ok(config)
    }

    /// What the mapping file says of reports, and of the findings in them.
    pub(super) fn examine(&mut self, config: &Config, ci: &Ci, global: &Global, today: NaiveDate) -> Result<(), Error> {
        let before = self.problems.len();
        let mut scans = Vec::new();
        for report in &config.reports {
            let one = Config { reports: vec![report.clone()], ..config.clone() };
            match inputs::scans(&ReportArgs::default(), &one, ci, global) {
                Ok(read) => scans.extend(read),
                Err(error) => {
                    let hint = error.hint().unwrap_or_else(|| {
                        format!(
                            "run the scanner before findsync, or correct the entry `{}` under `reports`",
                            report.path
                        )
                    });
                    self.add(error.to_string(), hint);
                }
            }
        }
        if let Err(error) = inputs::vex(config, ci, global) {
            let hint = error.hint().unwrap_or_else(|| "correct the entry under `vex`".to_owned());
            self.add(error.to_string(), hint);
        }
        for decision in &config.decisions {
            if let Some(until) = decision.until.filter(|until| *until < today) {
                self.notes.push(format!("the decision at {} has run out on {until}", decision.source));
            }
        }
        self.notes.extend(ending_soon(&config.decisions, today));
        let all_read = self.problems.len() == before;
        if all_read && !scans.is_empty() {
            self.find_unused(config, &scans, today)?;
        }
        Ok(())
    }

    /// Decisions and routes that fit none of the findings that the reports have now.
    fn find_unused(&mut self, config: &Config, scans: &[Scan], today: NaiveDate) -> Result<(), Error> {
        let is_glob = |error: crate::triage::GlobError| Error::Sync(crate::sync::Error::from(error));
        let decisions = Decisions::new(&config.decisions, &[], today).map_err(is_glob)?;
        for decision in decisions.unused(scans) {
            self.notes
                .push(format!("the decision at {} fits no finding of the reports that are here", decision.source));
        }
        for index in Routes::new(config).map_err(is_glob)?.unused(scans) {
            let mapping = config.routes.get(index).and_then(|route| config.mappings.get(route.mapping));
            let label = mapping.map_or("", |mapping| mapping.label.as_str());
            let position = index + 1;
            self.notes.push(format!("route {position} (to `{label}`) leads no finding of the reports that are here"));
        }
        Ok(())
    }
}
