//! Where the result of plan and apply goes: standard output, files, and the places where the CI shows it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Console;
use crate::ci::{Ci, System};
use crate::cli::{Format, SyncArgs};
use crate::disk;
use crate::error::Error;
use crate::finding::Scan;
use crate::reports::{self, Detail, Paint, PlanView};
use crate::trackers::Track;

/// Opens the files that the result goes to, before anything is changed; what stands in them stays until it is there.
pub(super) fn open(args: &SyncArgs) -> Result<Vec<File>, Error> {
    let open = |path: &PathBuf| {
        disk::open_to_write(path).map_err(|source| Error::File { what: "write", path: path.clone(), source })
    };
    args.out.iter().chain(&args.full_out).map(open).collect()
}

/// Prints the result, saves it in the files of [`open`], and tells the CI in its own ways: what may be told; the last file
/// takes all of it, where it was asked for.
pub(super) fn tell(
    ci: &Ci,
    args: &SyncArgs,
    files: Vec<File>,
    ([view, full], scans): ([&PlanView; 2], &[Scan]),
    console: &mut Console<'_>,
) -> Result<(), Error> {
    let paint = Paint { colour: console.colour };
    let detail = match (console.quiet, console.verbose) {
        (true, _) => Detail::Sums,
        (false, true) => Detail::Findings,
        (false, false) => Detail::Changes,
    };
    if ci.system == Some(System::GitLabCi) && args.format == Format::Text && !console.quiet {
        // Every line is there to unfold; what failed, what was refused and the sums stand below it.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        reports::gitlab_section(console.out, "findsync", "findsync: each change and its reason", now, &mut |out| {
            print(args.format, out, view, paint, detail)
        })?;
        print(args.format, console.out, view, paint, Detail::Sums)?;
    } else {
        print(args.format, console.out, view, paint, detail)?;
    }
    let is_plan = |path: &&PathBuf| format_of(path) == Some(Format::Json) && !is_code_quality(path);
    let plan = args.out.iter().find(is_plan);
    // Later steps run outside of our container: only from the workspace's root is the path theirs too.
    let root = ci.workspace.as_deref().unwrap_or(Path::new(""));
    let plan = plan.map(|path| path.strip_prefix(root).unwrap_or(path));
    let values = reports::outputs(view, plan.and_then(Path::to_str));
    let views = std::iter::repeat_n(view, args.out.len()).chain([full]);
    for ((path, file), view) in args.out.iter().chain(&args.full_out).zip(files).zip(views) {
        write(path, overwritten(file), |out| match format_of(path) {
            _ if is_code_quality(path) => reports::code_quality(out, &reports::findings_view(scans)),
            Some(format) => print(format, out, view, Paint::default(), Detail::Changes),
            None => reports::dotenv(out, &values),
        })?;
    }
    if let Some(path) = &ci.output_file {
        write(path, appended(path), |out| reports::github_outputs(out, &values))?;
    }
    if let Some(path) = &ci.summary_file {
        write(path, appended(path), |out| reports::plan_markdown(out, view))?;
    }
    match ci.system {
        Some(System::GitHubActions) => reports::github_annotations(console.err, view)?,
        Some(System::AzurePipelines) => {
            reports::azure_annotations(console.err, view)?;
            reports::azure_outputs(console.err, &values)?;
            for path in args.out.iter().filter(|path| format_of(path) == Some(Format::Markdown)) {
                reports::azure_summary(console.err, &std::path::absolute(path)?)?;
            }
        }
        Some(System::GitLabCi) | None => {}
    }
    Ok(())
}

/// Has the CI keep those tokens out of its log that are none of its secrets, as we got them ourselves. Beside the result,
/// which may go into a file.
pub(super) async fn mask(ci: &Ci, trackers: &[Box<dyn Track>], console: &mut Console<'_>) -> Result<(), Error> {
    for tracker in trackers {
        let Some(token) = tracker.own_token().await else { continue };
        match ci.system {
            Some(System::GitHubActions) => reports::github_mask(console.err, token.expose())?,
            Some(System::AzurePipelines) => reports::azure_mask(console.err, token.expose())?,
            Some(System::GitLabCi) | None => {}
        }
    }
    Ok(())
}

/// Tells later steps of a run that did not come to its end.
pub(super) fn tell_failure(ci: &Ci, error: &Error) -> Result<(), Error> {
    let Some(path) = &ci.output_file else { return Ok(()) };
    let view = PlanView { exit_code: error.exit_code(), ..PlanView::default() };
    let values = reports::outputs(&view, None);
    let values: Vec<_> = values.into_iter().filter(|(name, _)| name.starts_with("exit-")).collect();
    write(path, appended(path), |out| reports::github_outputs(out, &values))
}

/// Whether a run's findings themselves are asked for.
pub(super) fn wants_findings(args: &SyncArgs) -> bool {
    args.out.iter().any(|path| is_code_quality(path))
}

/// Whether a file's name asks for the run's findings in GitLab's code quality format, which merge requests show.
fn is_code_quality(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("gl-code-quality-report") && name.ends_with(".json")
}

/// The format that a file's name asks for; `None` is the counts alone, as a dotenv file.
fn format_of(path: &Path) -> Option<Format> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("md") => Some(Format::Markdown),
        Some("txt") => Some(Format::Text),
        Some("env") => None,
        _ => Some(Format::Json),
    }
}

fn print(format: Format, out: &mut dyn Write, view: &PlanView, paint: Paint, detail: Detail) -> io::Result<()> {
    match format {
        Format::Text => reports::plan_text(out, view, paint, detail),
        Format::Json => reports::json(out, view),
        Format::Markdown => reports::plan_markdown(out, view),
    }
}

/// The file without what stood in it; pipes and devices have no length.
fn overwritten(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    Ok(file)
}

fn appended(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

fn write(
    path: &Path,
    file: io::Result<File>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let written = file.and_then(|file| {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        out.flush()
    });
    written.map_err(|source| Error::File { what: "write", path: path.to_owned(), source })
}
