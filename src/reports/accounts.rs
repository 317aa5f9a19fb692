//! What became of each finding that was read, and the sums: the proof that none of them vanished.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::view::IssueRef;
use super::wording::{by_severity, plural};
use crate::finding::{DecidedBy, Severity};
use crate::plan::Fate;

/// What becomes of one finding of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AccountView {
    /// The mapping's label; null where no mapping takes the finding.
    pub mapping: Option<String>,
    /// What is done about it; null where a newer run has reported it already, so that this one does nothing.
    pub fate: Option<Fate>,
    /// The issue; null where there is none (yet).
    pub issue: Option<IssueRef>,
    /// The finding's key.
    pub key: String,
    /// Its title, as plain text. Untrusted.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// The scanner that reports it. Untrusted.
    pub scanner: String,
    /// The report that it is from.
    pub report: String,
    /// Who decided about it; null where nobody did.
    pub decided_by: Option<DecidedBy>,
    /// Why it is withheld or decided. Untrusted.
    pub reason: Option<String>,
    /// Which it is among the run's: scan and finding.
    #[serde(skip)]
    pub at: (usize, usize),
}

/// How many findings were read, and what becomes of them. Each is counted once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TotalsView {
    /// All that were read.
    pub findings: usize,
    /// The same by severity.
    pub severities: BTreeMap<Severity, usize>,
    /// Those for which an issue is opened.
    pub opened: usize,
    /// Those whose issue is reopened.
    pub reopened: usize,
    /// Those whose issue is brought up to date.
    pub updated: usize,
    /// Those whose issue is as it should be.
    pub unchanged: usize,
    /// Those for which no issue is opened now, by the reason.
    pub withheld: BTreeMap<String, usize>,
    /// Those that somebody decided about, by who did.
    pub decided: BTreeMap<DecidedBy, usize>,
    /// Those that no route leads anywhere.
    pub not_routed: usize,
    /// Those that a newer run has reported already.
    pub late: usize,
}

impl TotalsView {
    /// Counts one finding by what becomes of it.
    pub fn add(&mut self, severity: Severity, account: &AccountView) {
        self.findings += 1;
        *self.severities.entry(severity).or_default() += 1;
        match account.fate {
            Some(Fate::Open) => self.opened += 1,
            Some(Fate::Reopen) => self.reopened += 1,
            Some(Fate::Update) => self.updated += 1,
            Some(Fate::Unchanged) => self.unchanged += 1,
            Some(Fate::Withheld) => {
                *self.withheld.entry(account.reason.clone().unwrap_or_default()).or_default() += 1;
            }
            Some(Fate::Decided) => {
                *self.decided.entry(account.decided_by.unwrap_or(DecidedBy::Report)).or_default() += 1;
            }
            Some(Fate::NotRouted) => self.not_routed += 1,
            None => self.late += 1,
        }
    }
}

impl fmt::Display for TotalsView {
    /// In one line: `17 findings (2 Critical, 15 Low): 2 new, 4 unchanged, 11 not opened (below …)`. Reasons are untrusted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |counts: Vec<String>| counts.join(", ");
        f.write_str(&plural(self.findings, "finding"))?;
        if self.findings == 0 {
            return f.write_str(" read");
        }
        write!(f, " ({}): ", by_severity(&self.severities))?;
        let sum = |counts: Vec<&usize>| counts.into_iter().sum::<usize>();
        let withheld = self.withheld.iter().map(|(why, count)| match self.withheld.len() {
            1 => why.clone(),
            _ => format!("{count} {why}"),
        });
        let decided = self.decided.iter().map(|(by, count)| format!("{count} {}", decider(*by)));
        let parts = [
            (self.opened, "new".to_owned()),
            (self.reopened, "returned".to_owned()),
            (self.updated, "updated".to_owned()),
            (self.unchanged, "unchanged".to_owned()),
            (sum(self.withheld.values().collect()), format!("not opened ({})", listed(withheld.collect()))),
            (sum(self.decided.values().collect()), format!("decided ({})", listed(decided.collect()))),
            (self.not_routed, "not routed to any mapping".to_owned()),
            (self.late, "reported by a newer run already".to_owned()),
        ];
        let parts = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        f.write_str(&listed(parts.collect()))
    }
}

/// Whose decision it is, in words.
pub(super) const fn decider(by: DecidedBy) -> &'static str {
    match by {
        DecidedBy::Tracker => "by people in the tracker",
        DecidedBy::MappingFile => "by the mapping file",
        DecidedBy::Vex => "by VEX",
        DecidedBy::Report => "by the report",
    }
}

/// What becomes of a finding, in a word or two.
pub(super) const fn fate_name(fate: Option<Fate>) -> &'static str {
    match fate {
        Some(Fate::Open) => "new",
        Some(Fate::Reopen) => "returned",
        Some(Fate::Update) => "updated",
        Some(Fate::Unchanged) => "unchanged",
        Some(Fate::Withheld) => "not opened",
        Some(Fate::Decided) => "decided",
        Some(Fate::NotRouted) => "not routed",
        None => "late",
    }
}
