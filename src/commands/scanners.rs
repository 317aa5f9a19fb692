//! `findsync scanners`: which readers there are, and what a definition makes of a report.

use super::{Console, inputs};
use crate::cli::{ScannersArgs, ScannersCommand};
use crate::error::{DONE, Error};
use crate::readers::{self, ReadOptions};
use crate::reports;

pub(super) fn scanners(args: &ScannersArgs, console: &mut Console<'_>) -> Result<u8, Error> {
    let workspace = inputs::here();
    match &args.command {
        Some(ScannersCommand::Test { definition, report }) => {
            let trial = readers::try_definition(definition, report, &ReadOptions::new(workspace))?;
            reports::trial(console.out, &trial)?;
        }
        Some(ScannersCommand::Show { name }) => reports::guide(console.out, &readers::guide(&workspace, name)?)?,
        Some(ScannersCommand::List { json: true }) => reports::json(console.out, &readers::list(&workspace)?)?,
        Some(ScannersCommand::List { json: false }) | None => {
            reports::readers(console.out, &readers::list(&workspace)?)?
        }
    }
    Ok(DONE)
}
