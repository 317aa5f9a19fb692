//! The command line: wiring, and the last resort for errors.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;
use findsync::cli::{Cli, Command};
use findsync::error::{BAD_INPUT, Error};
use findsync::reports::UntilClosed;
use findsync::{commands, config, reports};

/// Reading makes and drops millions of small values: the systems' allocators, musl's above all, take most of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
    let no_color = config::environment("NO_COLOR").is_some_and(|value| !value.is_empty());
    let cli = match command_line() {
        Ok(cli) => cli,
        Err(error) if is_asked_for(&error) => error.exit(),
        Err(error) => {
            let paint = reports::Paint { colour: stderr.is_terminal() && !no_color };
            drop(reports::usage(&mut stderr.lock(), &error.render().to_string(), paint));
            return ExitCode::from(BAD_INPUT);
        }
    };
    let colour = |is_terminal| commands::colour(&cli.global, is_terminal, no_color);
    let (out_colour, err_colour) = (colour(stdout.is_terminal()), colour(stderr.is_terminal()));
    let paint = reports::Paint { colour: err_colour };
    std::panic::set_hook(Box::new(|info| reports::panic(&mut std::io::stderr(), info)));
    log(&cli, paint);

    commands::start_workers();

    // Buffered, as results may be long; what is left in it when an error comes is still a result.
    let mut out = std::io::BufWriter::new(UntilClosed::new(stdout.lock()));
    let mut console = commands::Console {
        out: &mut out,
        err: &mut UntilClosed::new(std::io::stderr()),
        colour: out_colour,
        quiet: cli.global.quiet,
        verbose: cli.global.verbose > 0,
        lively: stderr.is_terminal(),
    };
    let result = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(commands::run(cli, &mut console)),
        Err(error) => Err(error.into()),
    };
    let flushed = out.flush().map_err(Error::from);
    match result.and_then(|code| flushed.map(|()| code)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let code = error.exit_code();
            // Where even this cannot be printed, the exit code has to do.
            drop(reports::error(&mut stderr.lock(), &error, error.hint().as_deref(), paint));
            ExitCode::from(code)
        }
    }
}

/// The command line; a step's stands in the environment.
fn command_line() -> Result<Cli, clap::Error> {
    match Cli::try_parse()? {
        Cli { command: Command::Step, .. } => commands::from_inputs(&config::environment),
        cli => Ok(cli),
    }
}

/// Whether it is no error but help or a version, which hold nothing of the command line.
fn is_asked_for(error: &clap::Error) -> bool {
    !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// Sends the log to standard error: warnings by default, more with `-v`, each request with `-vv` and where people asked
/// the CI for more output.
fn log(cli: &Cli, paint: reports::Paint) {
    let level = match (cli.global.quiet, cli.global.verbose) {
        (true, _) => "error",
        (false, 0) if findsync::ci::Ci::here().debug => "debug",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, _) => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::new(format!("off,findsync={level}"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(paint.colour)
        .event_format(reports::LogFormat { paint })
        .init();
}
