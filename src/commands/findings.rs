//! `findsync findings`: any scanner in, one format out. Needs no mapping file and no tracker.

use std::io::{self, Write};

use super::disclosure::disclose;
use super::{Console, inputs};
use crate::ci::Ci;
use crate::cli::{FindingsArgs, FindingsFormat, Global};
use crate::disk;
use crate::error::{DONE, Error, GATE};
use crate::finding::{Scan, Status};
use crate::reports::{self, GateView, Paint};

pub(super) fn findings(args: &FindingsArgs, global: &Global, console: &mut Console<'_>) -> Result<u8, Error> {
    let ci = Ci::here();
    let config = if args.reports.reports.is_empty() || inputs::config_path(global).is_some() {
        inputs::config(global, &ci, None, false)?
    } else {
        crate::config::Config::default()
    };
    let mut scans = inputs::scans(&args.reports, &config, &ci, global)?;
    if let Some(path) = &args.full_out {
        let failed = |source| Error::File { what: "write", path: path.clone(), source };
        let mut file = disk::open_to_write(path).and_then(|file| file.set_len(0).map(|()| file)).map_err(failed)?;
        print(&mut file, args.format, &scans, Paint::default()).map_err(failed)?;
    }
    let gate = args.fail_on.and_then(|least| {
        let all = scans.iter().flat_map(|scan| &scan.findings);
        let active = all.filter(|finding| finding.status == Status::Active).map(|finding| finding.severity);
        GateView::of(least, false, active)
    });
    for (rule, count) in disclose(&mut scans, &config, &ci) {
        tracing::warn!("{count} of `{rule}` are not shown, as everybody may be able to read this: see `--full-out`");
    }
    print(console.out, args.format, &scans, Paint { colour: console.colour })?;
    // The output of other formats is for programs.
    if let Some(gate) = &gate {
        writeln!(console.err, "{gate}")?;
    }
    // The process ends here, and the system takes its memory back faster than we could piece by piece.
    std::mem::forget(scans);
    Ok(if gate.is_some() { GATE } else { DONE })
}

fn print(out: &mut dyn Write, format: FindingsFormat, scans: &[Scan], paint: Paint) -> io::Result<()> {
    let view = reports::findings_view(scans);
    match format {
        FindingsFormat::Text => reports::findings_text(out, &view, paint),
        FindingsFormat::Json => reports::json(out, &view),
        FindingsFormat::Csv => reports::csv(out, &view),
        FindingsFormat::Sarif => reports::sarif(out, &view),
        FindingsFormat::Markdown => reports::findings_markdown(out, &view),
        FindingsFormat::CodeQuality => reports::code_quality(out, &view),
    }
}
