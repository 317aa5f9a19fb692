//! What `findsync explain` prints: all that is known of a finding, and what the next run would do about it.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::accounts::{decider, fate_name};
use super::untrusted::{Paint, line};
use super::view::{ChangeView, IssueRef, VERSION};
use super::wording::{fields, name};
use crate::finding::{DecidedBy, Severity};
use crate::issue::State;
use crate::plan::Fate;

/// What is known of the findings that a query names.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ExplainView {
    /// The version of this format.
    pub version: u8,
    /// What was asked for.
    pub query: String,
    /// What people should know beside it.
    pub notes: Vec<String>,
    /// The findings of the reports that were read.
    pub findings: Vec<ExplainedFinding>,
    /// What only the tracker knows: findings that the reports do not have.
    pub remembered: Vec<Remembered>,
}

impl ExplainView {
    /// An answer without findings.
    #[must_use]
    pub fn new(query: &str) -> Self {
        let (notes, findings, remembered) = (Vec::new(), Vec::new(), Vec::new());
        Self { version: VERSION, query: query.to_owned(), notes, findings, remembered }
    }
}

/// A finding of a report.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ExplainedFinding {
    /// Its title. Untrusted.
    pub title: String,
    /// How bad it is, as the report says.
    pub severity: Severity,
    /// Where it is. Untrusted.
    pub place: String,
    /// Its identifiers and rule. Untrusted.
    pub names: Vec<String>,
    /// The key by which the mapping file can decide about it.
    pub key: String,
    /// The report that it is from.
    pub report: String,
    /// The reader that read the report.
    pub reader: String,
    /// Scanner, target and branch: the slice of the world that the report speaks for. Untrusted.
    pub scope: String,
    /// What becomes of it in each mapping that takes it.
    pub mappings: Vec<ExplainedMapping>,
}

/// What becomes of a finding in a mapping.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ExplainedMapping {
    /// The mapping's label.
    pub mapping: String,
    /// What is done about it.
    pub fate: Fate,
    /// Who decided about it; null where nobody did.
    pub decided_by: Option<DecidedBy>,
    /// Where the decision stands: file and line, or the VEX document. Untrusted.
    pub decided_in: Option<String>,
    /// Why it is withheld or decided. Untrusted.
    pub reason: Option<String>,
    /// The issue; null where there is none yet.
    pub issue: Option<IssueRef>,
    /// Whether the issue is open.
    pub state: Option<State>,
    /// What each scope said last, as the issue remembers it.
    pub scopes: Vec<ScopeWord>,
    /// What the next `apply` would do to the issue; null where nothing.
    pub next: Option<ChangeView>,
}

/// What a scope said last of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ScopeWord {
    /// The repository.
    pub repository: String,
    /// Scanner, target and branch. Untrusted.
    pub scope: String,
    /// What it said.
    pub verdict: String,
    /// The number of the run that wrote it; null outside of a CI.
    pub run: Option<u64>,
    /// The day on which it was written.
    pub day: String,
}

/// A finding that only the tracker knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Remembered {
    /// The mapping's label.
    pub mapping: String,
    /// The issue.
    pub issue: IssueRef,
    /// The issue's title. Untrusted.
    pub title: String,
    /// Whether the issue is open.
    pub state: State,
    /// The key by which the mapping file can decide about it.
    pub key: String,
    /// What each scope said last.
    pub scopes: Vec<ScopeWord>,
}

/// Writes the answer for people.
///
/// # Errors
/// Where writing fails.
pub fn explain(out: &mut dyn Write, view: &ExplainView, paint: Paint) -> io::Result<()> {
    for note in &view.notes {
        writeln!(out, "{} {}", paint.paint("33", "note:"), line(note))?;
    }
    if view.findings.is_empty() && view.remembered.is_empty() {
        writeln!(
            out,
            "Nothing is known of `{}`: neither in the reports nor in the issues that were read.",
            line(&view.query)
        )?;
        return writeln!(
            out,
            "Ask by an id (CVE-2021-23337), a key (v1:…), an issue (#12), a path (src/a.py or src/a.py:7), or words of the title."
        );
    }
    for finding in &view.findings {
        self::finding(out, finding, paint)?;
    }
    for known in &view.remembered {
        writeln!(out, "{}", paint.paint("1", &line(&known.title)))?;
        row(out, "key", &known.key)?;
        row(out, &known.mapping, "not in the reports that were read; the issue remembers it")?;
        row(out, "issue", &issue(&known.issue, Some(known.state)))?;
        known.scopes.iter().try_for_each(|word| row(out, "scope", &scope(word)))?;
    }
    Ok(())
}

fn finding(out: &mut dyn Write, finding: &ExplainedFinding, paint: Paint) -> io::Result<()> {
    writeln!(out, "{}", paint.paint("1", &line(&finding.title)))?;
    row(out, "severity", finding.severity.name())?;
    row(out, "place", &finding.place)?;
    row(out, "names", &finding.names.join(", "))?;
    row(out, "key", &finding.key)?;
    row(out, "report", &format!("{} (read as {}): {}", finding.report, finding.reader, finding.scope))?;
    // What may not be told has no key either.
    if finding.mappings.is_empty() && !finding.key.is_empty() {
        row(out, "mapping", "none: not routed to any mapping, or the tracker was not read")?;
    }
    for mapping in &finding.mappings {
        let by = mapping.decided_by.map(|by| decider(by).to_owned());
        let said = by.into_iter().chain(mapping.reason.clone()).collect::<Vec<_>>().join(": ");
        let place = mapping.decided_in.as_ref().filter(|place| !said.contains(place.as_str()));
        let place = place.map_or_else(String::new, |place| format!(" ({place})"));
        let fate = fate_name(Some(mapping.fate));
        let why = match (said.is_empty(), mapping.decided_by) {
            (true, _) => fate.to_owned(),
            (false, Some(_)) => format!("{fate} {said}{place}"),
            (false, None) => format!("{fate}: {said}{place}"),
        };
        row(out, &mapping.mapping, &why)?;
        if let Some(id) = &mapping.issue {
            row(out, "issue", &issue(id, mapping.state))?;
        }
        mapping.scopes.iter().try_for_each(|word| row(out, "scope", &scope(word)))?;
        let next = mapping.next.as_ref().map_or_else(
            || "nothing to do".to_owned(),
            |change| {
                let changed = Some(fields(change)).filter(|fields| !fields.is_empty());
                let parts = [Some(change.reason.clone()).filter(|reason| !reason.is_empty()), changed];
                format!("{}: {}", name(change.action), parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
            },
        );
        row(out, "next apply", &next)?;
    }
    Ok(())
}

fn issue(id: &IssueRef, state: Option<State>) -> String {
    let state = match state {
        Some(State::Open) => ", open",
        Some(State::Closed) => ", closed",
        None => "",
    };
    format!("#{} {}{state}", id.number, id.url)
}

fn scope(word: &ScopeWord) -> String {
    let run = word.run.map_or_else(String::new, |run| format!("run {run}, "));
    let repository = if word.repository.is_empty() { String::new() } else { format!("{}: ", word.repository) };
    format!("{repository}{}: {} ({run}{})", word.scope, word.verdict, word.day)
}

fn row(out: &mut dyn Write, name: &str, text: &str) -> io::Result<()> {
    if text.is_empty() { Ok(()) } else { writeln!(out, "  {:<12}{}", format!("{}:", line(name)), line(text)) }
}
