//! What each command does: reads what it needs, calls the way in `sync`, hands the result to `reports`.

mod check;
mod checklist;
pub(crate) mod ci_inputs;
mod disclosure;
mod findings;
mod init;
mod inputs;
pub(crate) mod output;
mod review;
mod scanners;
mod schema;
mod sync;
mod view;
mod worker;

use std::io::Write;

use crate::ci;
use crate::cli::{Cli, Color, Command, Global};
use crate::error::Error;

pub use ci_inputs::from_inputs;

/// Where a command writes, and how.
pub struct Console<'a> {
    /// The result.
    pub out: &'a mut dyn Write,
    /// For what is beside the result: progress, and what the CI shows in its own ways.
    pub err: &'a mut dyn Write,
    /// Whether the result may be coloured.
    pub colour: bool,
    /// Whether to say only the result.
    pub quiet: bool,
    /// Whether standard error is a terminal, so that progress may move.
    pub lively: bool,
}

/// Lets programs that people write run in processes of their own. The program that calls this must hand its command line
/// to [`run`].
pub fn start_workers() {
    // Where the system does not tell it, they run here.
    if let Ok(program) = std::env::current_exe() {
        crate::worker::start_by(program);
    }
}

/// Whether to colour what goes to a stream.
#[must_use]
pub fn colour(global: &Global, is_terminal: bool, no_color: bool) -> bool {
    match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && !no_color,
    }
}

/// Runs a command; the exit code.
///
/// # Errors
/// Where it did not come to its end. Nothing was changed then, but for [`Error::Untold`].
pub async fn run(cli: Cli, console: &mut Console<'_>) -> Result<u8, Error> {
    let Cli { command, global } = cli;
    if let Some(path) = &global.directory {
        ci::enter(path).map_err(|source| Error::File { what: "work in", path: path.clone(), source })?;
    }
    let result = match command {
        Command::Plan(args) => sync::plan(&args, &global, console).await,
        Command::Apply(args) => sync::apply(&args, &global, console).await,
        Command::Check(args) => check::check(&args, &global, console).await,
        Command::Findings(args) => findings::findings(&args, &global, console),
        Command::Init(args) => init::init(&args, console),
        Command::Scanners(args) => scanners::scanners(&args, console),
        // Its inputs were made a command line before, and that is never a step again.
        Command::Step => Err(Error::NoReports),
        Command::Worker { memory } => worker::serve(memory, console),
        Command::Schema { of } => schema::schema(of, console),
    };
    if let Err(error) = &result
        && let Err(silent) = output::tell_failure(&ci::Ci::here(), error)
    {
        tracing::warn!("later steps are not told of the failure: {silent}");
    }
    result
}
