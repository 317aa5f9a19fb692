//! What `findsync scanners` and `findsync init` say.

use std::io::{self, Write};

use super::untrusted::{line, within};
use super::wording::{place, plural, shortcoming};
use crate::init::Proposal;
use crate::readers::{Origin, ReaderInfo, Trial};

/// Longest line of a file that is shown, in characters.
const MAX_LINE: usize = 2_000;

/// What `init` proposes: the files, with `whole` also what stands in them, and what people should know.
///
/// # Errors
/// Where the output cannot be written.
pub fn proposal(out: &mut dyn Write, proposal: &Proposal, whole: bool) -> io::Result<()> {
    for file in &proposal.files {
        writeln!(out, "new file: {}", line(&file.path.to_string_lossy()))?;
        if whole {
            file.content.lines().try_for_each(|text| writeln!(out, "{}", within(text, MAX_LINE)))?;
            writeln!(out)?;
        }
    }
    proposal.notes.iter().try_for_each(|note| writeln!(out, "note: {}", line(note)))
}

/// The readers, one a line.
///
/// # Errors
/// Where the output cannot be written.
pub fn readers(out: &mut dyn Write, readers: &[ReaderInfo]) -> io::Result<()> {
    let width = readers.iter().map(|reader| reader.name.len()).max().unwrap_or(0);
    for reader in readers {
        let source = match &reader.source {
            Origin::Standard | Origin::BuiltIn => String::new(),
            Origin::Workspace(path) => format!("  (from {})", line(path)),
        };
        let (name, title) = (line(&reader.name), line(&reader.title));
        writeln!(out, "{name:width$}  {kind:14}  {title}{source}", kind = reader.kind.name())?;
    }
    Ok(())
}

/// What a definition makes of a report.
///
/// # Errors
/// Where the output cannot be written.
pub fn trial(out: &mut dyn Write, trial: &Trial) -> io::Result<()> {
    let found: usize = trial.scans.iter().map(|scan| scan.findings.len()).sum();
    let how = match (trial.recognised, trial.lacking.is_empty()) {
        (true, _) => "recognises it",
        // A definition that recognises nothing.
        (false, true) => "reads it where it is named (`reader`, `--reader`)",
        (false, false) => "does not detect it automatically",
    };
    let (findings, scans) = (plural(found, "finding"), plural(trial.scans.len(), "scan"));
    writeln!(out, "{} {how}: {findings} in {scans}", line(&trial.reader))?;
    if !trial.lacking.is_empty() {
        let lacking: Vec<_> = trial.lacking.iter().map(|path| format!("`{}`", line(path))).collect();
        writeln!(out, "not as `recognises` wants it: {}; this is {}", lacking.join(", "), line(&trial.looks))?;
    }
    for scan in &trial.scans {
        writeln!(out, "{} on {}", line(&scan.scanner), line(&scan.target))?;
        if let Some(shortcoming) = shortcoming(&scan.into()) {
            writeln!(out, "  {}", line(&shortcoming))?;
        }
        for finding in &scan.findings {
            let key = finding.key().map(ToString::to_string).unwrap_or_default();
            let rule = finding.rule.clone().unwrap_or_default();
            let about: Vec<_> = [line(&rule), line(&place(&finding.into())), key].into();
            let about: Vec<_> = about.into_iter().filter(|part| !part.is_empty()).collect();
            writeln!(out, "  {:8}  {}\n            {}", finding.severity, line(&finding.title), about.join("  "))?;
        }
    }
    if !trial.never_filled.is_empty() {
        writeln!(out, "never filled in: {}", trial.never_filled.join(", "))?;
    }
    if !trial.sometimes_lacking.is_empty() {
        let lacking = trial.sometimes_lacking.iter().map(|(field, count)| format!("{field} ({count} of {found})"));
        writeln!(out, "not always filled in: {}", lacking.collect::<Vec<_>>().join(", "))?;
    }
    if found == 0 {
        writeln!(
            out,
            "nothing is found in it: if it holds findings, look for a name that is another one in the report"
        )?;
    }
    for field in ["title", "severity"].iter().filter(|field| trial.never_filled.contains(field)) {
        writeln!(out, "warning: no finding is given a `{field}`: is its name in the report another one?")?;
    }
    Ok(())
}
