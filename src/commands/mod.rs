//! What each command does: reads what it needs, calls the way in `sync`, hands the result to `reports`.

mod accounts;
mod check;
mod checklist;
mod ci_inputs;
mod console;
mod disclosure;
mod explain;
mod findings;
mod init;
mod inputs;
mod output;
mod review;
mod scanners;
mod schema;
mod sync;
mod view;
mod worker;

use crate::ci;
use crate::cli::{Cli, Command};
use crate::error::Error;

pub use ci_inputs::from_inputs;
pub use console::{Console, colour};

/// Lets programs that people write run in processes of their own. The program that calls this must hand its command line
/// to [`run`].
pub fn start_workers() {
    // Where the system does not tell it, they run here.
    if let Ok(program) = std::env::current_exe() {
        crate::worker::start_by(program);
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
        Command::Explain(args) => explain::explain(&args, &global, console).await,
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
        tracing::warn!("could not write step outputs: {silent}");
    }
    result
}
