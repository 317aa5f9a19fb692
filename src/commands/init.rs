//! `findsync init`: a first mapping file and CI job for what lies in the current folder.

use std::path::Path;

use super::Console;
use crate::ci::Ci;
use crate::cli::InitArgs;
use crate::config::{ReportSource, literal};
use crate::error::{DONE, Error};
use crate::init::{self, propose};
use crate::readers::{ReadOptions, read_reports};
use crate::reports;

pub(super) fn init(args: &InitArgs, console: &mut Console<'_>) -> Result<u8, Error> {
    let dir = Path::new(".");
    let options = ReadOptions::new(dir);
    let recognise = |path: &Path| {
        let path = path.strip_prefix(dir).unwrap_or(path);
        let source = ReportSource { path: literal(path.to_str()?), ..ReportSource::default() };
        let scans = read_reports(&[source], &options).ok()?;
        Some(scans.first()?.reader.clone())
    };
    let proposal = propose(dir, &Ci::here(), &recognise);
    if !args.dry_run {
        let wrong = |init::Error { path, source }| Error::File { what: "write", path, source };
        proposal.write(dir).map_err(wrong)?;
    }
    reports::proposal(console.out, &proposal, args.dry_run)?;
    Ok(DONE)
}
