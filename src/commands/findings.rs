//! `findsync findings`: any scanner in, one format out. Needs no mapping file and no tracker.

use super::{Console, inputs};
use crate::ci::Ci;
use crate::cli::{FindingsArgs, FindingsFormat, Global};
use crate::error::{DONE, Error, GATE};
use crate::finding::Status;
use crate::reports::{self, Paint};

pub(super) fn findings(args: &FindingsArgs, global: &Global, console: &mut Console<'_>) -> Result<u8, Error> {
    let ci = Ci::here();
    let config = if args.reports.reports.is_empty() || inputs::config_path(global).is_some() {
        inputs::config(global, &ci, None, false)?
    } else {
        crate::config::Config::default()
    };
    let scans = inputs::scans(&args.reports, &config, &ci, global)?;
    let view = reports::findings_view(&scans);
    let out = &mut *console.out;
    match args.format {
        FindingsFormat::Text => reports::findings_text(out, &view, Paint { colour: console.colour })?,
        FindingsFormat::Json => reports::json(out, &view)?,
        FindingsFormat::Csv => reports::csv(out, &view)?,
        FindingsFormat::Sarif => reports::sarif(out, &view)?,
        FindingsFormat::Markdown => reports::findings_markdown(out, &view)?,
        FindingsFormat::CodeQuality => reports::code_quality(out, &view)?,
    }
    let trips = |least| {
        let mut active =
            scans.iter().flat_map(|scan| &scan.findings).filter(|finding| finding.status == Status::Active);
        active.any(|finding| finding.severity >= least)
    };
    let code = if args.fail_on.is_some_and(trips) { GATE } else { DONE };
    // The process ends here, and the system takes its memory back faster than we could piece by piece.
    std::mem::forget(scans);
    Ok(code)
}
