//! The command line: wiring, and the last resort for errors.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use findsync::cli::{Cli, Command};
use findsync::{commands, reports};

/// Reading makes and drops millions of small values: the systems' allocators, musl's above all, take most of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::parse() {
        Cli { command: Command::Step, .. } => {
            commands::from_inputs(&findsync::config::environment).unwrap_or_else(|error| error.exit())
        }
        cli => cli,
    };
    let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
    let no_color = findsync::config::environment("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = |is_terminal| commands::colour(&cli.global, is_terminal, no_color);
    let (out_colour, err_colour) = (colour(stdout.is_terminal()), colour(stderr.is_terminal()));
    log(&cli, err_colour);

    // Buffered, as results may be long; what is left in it when an error comes is still a result.
    let mut out = std::io::BufWriter::new(stdout.lock());
    let mut console = commands::Console {
        out: &mut out,
        err: &mut std::io::stderr(),
        colour: out_colour,
        quiet: cli.global.quiet,
        lively: stderr.is_terminal(),
    };
    let result = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(commands::run(cli, &mut console)),
        Err(error) => Err(error.into()),
    };
    let flushed = out.flush().map_err(findsync::error::Error::from);
    match result.and_then(|code| flushed.map(|()| code)) {
        Ok(code) => ExitCode::from(code),
        // Whoever closed the pipe has read enough.
        Err(findsync::error::Error::Print(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            let code = error.exit_code();
            // Where even this cannot be printed, the exit code has to do.
            let paint = reports::Paint { colour: err_colour };
            drop(reports::error(&mut stderr.lock(), &error, error.hint().as_deref(), paint));
            ExitCode::from(code)
        }
    }
}

/// Sends the log to standard error: warnings by default, more with `-v`, each request with `-vv`.
fn log(cli: &Cli, colour: bool) {
    let level = match (cli.global.quiet, cli.global.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, _) => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::new(format!("off,findsync={level}"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .without_time()
        .with_target(false)
        .init();
}
