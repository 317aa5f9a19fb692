//! Each CI's way of saying things: annotations, outputs, secrets, sections, merge request widgets.
//!
//! The escaping rules are the services' own: GitHub's and Azure Pipelines' logging commands percent-encode what would
//! end a command or a property.

use std::io::{self, Write};
use std::path::Path;

use serde_json::json;

use super::untrusted::line;
use super::view::{ChangeView, Counts, Outcome, PlanView};
use super::{FindingsView, json};
use crate::finding::{Severity, Status, digest};
use crate::issue::escape;
use crate::plan::Action;

/// Annotations that a run writes at most; GitHub shows ten of each sort in a step.
const MAX_ANNOTATIONS: usize = 50;

/// A message for a place in the code.
struct Annotation<'a> {
    severity: Severity,
    title: String,
    text: String,
    place: Option<&'a (String, Option<u32>)>,
}

/// What is worth an annotation: refusals, failures, and findings that are new or back.
fn annotations(view: &PlanView) -> Vec<Annotation<'_>> {
    let refused = view.guard.iter().flat_map(|guard| &guard.refusals).map(|refusal| Annotation {
        severity: Severity::Critical,
        title: "findsync refused the plan".to_owned(),
        text: format!("{}; {}", refusal.reason, refusal.setting),
        place: None,
    });
    let changes = || view.mappings.iter().flat_map(|mapping| &mapping.changes);
    let failed = changes().filter(|change| change.failed()).map(|change| Annotation {
        severity: Severity::Critical,
        title: format!("findsync failed to {}", super::wording::name(change.action)),
        text: format!(
            "{}: {}",
            change.title,
            change.outcome.as_ref().and_then(|o| o.error.as_deref()).unwrap_or_default()
        ),
        place: None,
    });
    let mut new: Vec<&ChangeView> =
        changes().filter(|change| matches!(change.action, Action::Open | Action::Reopen) && !change.failed()).collect();
    new.sort_by_key(|change| std::cmp::Reverse(change.severity));
    let new = new.into_iter().map(|change| Annotation {
        severity: change.severity,
        title: format!("{} finding", change.severity),
        text: format!("{} ({})", change.title, change.reason),
        place: change.place.as_ref(),
    });
    refused.chain(failed).chain(new).take(MAX_ANNOTATIONS).collect()
}

/// Annotations for GitHub Actions: `::error file=…,line=…,title=…::…`.
///
/// # Errors
/// Where writing fails.
pub fn github_annotations(out: &mut dyn Write, view: &PlanView) -> io::Result<()> {
    let data = |text: &str| line(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    for Annotation { severity, title, text, place } in annotations(view) {
        let level = match severity {
            Severity::Critical | Severity::High => "error",
            Severity::Medium => "warning",
            Severity::Low | Severity::Info => "notice",
        };
        let file = place.map_or_else(String::new, |(path, line)| {
            let line = line.map_or_else(String::new, |line| format!(",line={line}"));
            format!("file={}{line},", property(path))
        });
        writeln!(out, "::{level} {file}title={}::{}", property(&title), data(&text))?;
    }
    Ok(())
}

/// Annotations for Azure Pipelines: `##vso[task.logissue type=error;…]…`.
///
/// # Errors
/// Where writing fails.
pub fn azure_annotations(out: &mut dyn Write, view: &PlanView) -> io::Result<()> {
    for Annotation { severity, title, text, place } in annotations(view) {
        let level = if severity >= Severity::High { "error" } else { "warning" };
        let file = place.map_or_else(String::new, |(path, line)| {
            let line = line.map_or_else(String::new, |line| format!("linenumber={line};"));
            format!("sourcepath={};{line}", azure_property(&self::line(path)))
        });
        writeln!(out, "##vso[task.logissue type={level};{file}]{}", azure_data(&line(&format!("{title}: {text}"))))?;
    }
    Ok(())
}

fn azure_data(text: &str) -> String {
    text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

fn azure_property(text: &str) -> String {
    azure_data(text).replace(';', "%3B").replace(']', "%5D")
}

/// A collapsible section of a GitLab job's log around some text. `now`: seconds since 1970.
///
/// # Errors
/// Where writing fails.
pub fn gitlab_section(
    out: &mut dyn Write,
    name: &str,
    title: &str,
    now: u64,
    write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    writeln!(out, "\u{1b}[0Ksection_start:{now}:{name}[collapsed=true]\r\u{1b}[0K{}", line(title))?;
    write(out)?;
    writeln!(out, "\u{1b}[0Ksection_end:{now}:{name}\r\u{1b}[0K")
}

/// Keeps a value out of the log: GitHub's `::add-mask::`.
///
/// # Errors
/// Where writing fails.
pub fn github_mask(out: &mut dyn Write, secret: &str) -> io::Result<()> {
    let secret = secret.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    writeln!(out, "::add-mask::{secret}")
}

/// Keeps a value out of the log: Azure Pipelines' `task.setsecret`.
///
/// # Errors
/// Where writing fails.
pub fn azure_mask(out: &mut dyn Write, secret: &str) -> io::Result<()> {
    writeln!(out, "##vso[task.setsecret]{}", azure_data(secret))
}

/// What later steps may want to know: name and value. `plan`: where the plan was written.
#[must_use]
pub fn outputs(view: &PlanView, plan: Option<&str>) -> Vec<(&'static str, String)> {
    let changes = || view.mappings.iter().flat_map(|mapping| &mapping.changes);
    let done = |action| {
        changes()
            .filter(|c| c.action == action && c.outcome.as_ref().is_none_or(|o| o.outcome == Outcome::Done))
            .count()
            .to_string()
    };
    let counts = Counts::of(view);
    let reason = match view.exit_code {
        0 => "done",
        1 => "gate",
        2 => "usage",
        3 => "refused",
        _ => "partly",
    };
    vec![
        ("opened", done(Action::Open)),
        ("updated", done(Action::Update)),
        ("closed", done(Action::Close)),
        ("reopened", done(Action::Reopen)),
        ("merged", done(Action::Merge)),
        ("held", counts.held.to_string()),
        ("unchanged", counts.unchanged.to_string()),
        ("failed", changes().filter(|change| change.failed()).count().to_string()),
        ("exit-code", view.exit_code.to_string()),
        ("exit-reason", reason.to_owned()),
        ("plan", plan.unwrap_or_default().to_owned()),
    ]
}

/// Outputs for the file that `GITHUB_OUTPUT` names. Values of several lines stand between delimiters that no value can
/// hold, as they are a digest of the value.
///
/// # Errors
/// Where writing fails.
pub fn github_outputs(out: &mut dyn Write, outputs: &[(&str, String)]) -> io::Result<()> {
    for (name, value) in outputs {
        let delimiter = format!("findsync_{}", digest([(*name, value.as_str())]));
        writeln!(out, "{name}<<{delimiter}\n{value}\n{delimiter}")?;
    }
    Ok(())
}

/// Outputs for GitLab's `artifacts: reports: dotenv`: `FINDSYNC_OPENED=1`.
///
/// # Errors
/// Where writing fails.
pub fn dotenv(out: &mut dyn Write, outputs: &[(&str, String)]) -> io::Result<()> {
    for (name, value) in outputs {
        writeln!(
            out,
            "FINDSYNC_{}={}",
            name.to_ascii_uppercase().replace('-', "_"),
            escape::clean(value).replace(['\n', '\t'], " ")
        )?;
    }
    Ok(())
}

/// Outputs for Azure Pipelines: of a step that is named `findsync`, later steps read `$(findsync.opened)`.
///
/// # Errors
/// Where writing fails.
pub fn azure_outputs(out: &mut dyn Write, outputs: &[(&str, String)]) -> io::Result<()> {
    for (name, value) in outputs {
        writeln!(
            out,
            "##vso[task.setvariable variable={};isOutput=true]{}",
            name.replace('-', "_"),
            azure_data(&line(value))
        )?;
    }
    Ok(())
}

/// Shows a Markdown file in the summary of an Azure Pipelines run.
///
/// # Errors
/// Where writing fails.
pub fn azure_summary(out: &mut dyn Write, path: &Path) -> io::Result<()> {
    writeln!(out, "##vso[task.uploadsummary]{}", azure_data(&line(&path.to_string_lossy())))
}

/// Findings in GitLab's code quality format, for the merge request widget, see
/// <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.
///
/// # Errors
/// Where writing fails.
pub fn code_quality(out: &mut dyn Write, view: &FindingsView<'_>) -> io::Result<()> {
    let findings = view.scans.iter().flat_map(|scan| scan.findings.iter().map(move |finding| (scan, finding)));
    let entries: Vec<_> = findings
        .filter(|(_, finding)| finding.status == Status::Active)
        .map(|(scan, finding)| {
            let severity = match finding.severity {
                Severity::Info => "info",
                Severity::Low => "minor",
                Severity::Medium => "major",
                Severity::High => "critical",
                Severity::Critical => "blocker",
            };
            // The widget wants a path: what has none is shown at the report that tells of it.
            let path = finding.location.path.unwrap_or(scan.report);
            let rule = finding.rule.unwrap_or(scan.scanner);
            let key = finding.key.clone().unwrap_or_else(|| digest([("title", finding.title)]).to_string());
            json!({
                "description": finding.title,
                "check_name": rule,
                "fingerprint": digest([("key", key.as_str()), ("path", path)]).to_string(),
                "severity": severity,
                "location": {"path": path, "lines": {"begin": finding.location.start_line.unwrap_or(1)}},
            })
        })
        .collect();
    json::json(out, &entries)
}
