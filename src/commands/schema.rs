//! `findsync schema`: what editors and machines need to know about our files.

use super::Console;
use crate::cli::SchemaOf;
use crate::error::{DONE, Error};
use crate::{config, reports};

pub(super) fn schema(of: SchemaOf, console: &mut Console<'_>) -> Result<u8, Error> {
    let schema = match of {
        SchemaOf::Config => config::schema(),
        SchemaOf::Findings => reports::findings_schema(),
        SchemaOf::Plan => reports::plan_schema(),
    };
    reports::json(console.out, &schema)?;
    Ok(DONE)
}
