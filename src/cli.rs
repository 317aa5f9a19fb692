//! The command line: what people can ask for. What is done about it is in `commands`.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{self, Secret};
use crate::finding::Severity;

/// Keeps a team's issue tracker in step with its security scanners.
#[derive(Debug, Parser)]
#[command(name = "findsync", version, propagate_version = true, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What all commands take.
    #[command(flatten)]
    pub global: Global,
}

const EXIT_CODES: &str = "Exit codes:
  0  done
  1  done, and the gate (--fail-on) tripped
  2  usage, mapping file or a report is bad; nothing changed
  3  the plan was refused as unsafe; nothing changed
  4  partly applied: run again";

/// What all commands take.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The mapping file [default: .findsync.yml, where it is]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Work in this folder, as if findsync had been called there
    #[arg(long, short = 'C', global = true, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Tokens of a step's inputs, with the variables that they stand for; none ever stands on a command line
    #[arg(skip)]
    pub tokens: Vec<(&'static str, Secret)>,
    /// Print only the result
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more: each finding, warnings; twice, each request
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

impl Global {
    /// A variable of the environment; where it has none, the input that stands for it.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        let input = self.tokens.iter().find(|(variable, _)| *variable == name).map(|(_, token)| token.expose());
        config::environment(name)
            .filter(|value| input.is_none() || !value.is_empty())
            .or_else(|| input.map(str::to_owned))
    }
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On terminals, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read reports, compare with the tracker, print what would change; change nothing
    Plan(PlanArgs),
    /// Plan, then apply the changes
    Apply(ApplyArgs),
    /// Validate the mapping file, tokens, fields and options, without changing anything
    Check(CheckArgs),
    /// Write a first mapping file and CI job for what is found in this folder
    Init(InitArgs),
    /// Tell all that is known of a finding: its issue, who decided, why it is (not) opened, what apply would do
    Explain(ExplainArgs),
    /// Print the normalised findings: any scanner in, one format out
    Findings(FindingsArgs),
    /// List the readers, or try a scanner definition
    Scanners(ScannersArgs),
    /// Print a JSON schema
    Schema {
        /// Of what
        #[arg(value_enum, default_value_t = SchemaOf::Config)]
        of: SchemaOf,
    },
    /// Run as a step of a CI: the command line stands in the environment (`INPUT_*`, `FINDSYNC_*`)
    #[command(hide = true)]
    Step,
    /// Run programs that people wrote, for the process that started this one
    #[command(hide = true)]
    Worker {
        /// What it may use, in bytes
        memory: u64,
    },
}

/// Which reports, and how to read them.
#[derive(Debug, Clone, Default, Args)]
pub struct ReportArgs {
    /// Paths or globs of scanner reports, `-` for standard input [default: the mapping file's `reports`]
    #[arg(value_name = "REPORT")]
    pub reports: Vec<String>,
    /// The reader, where a format cannot be recognised (see `findsync scanners`)
    #[arg(long, value_name = "NAME")]
    pub reader: Option<String>,
    /// What was scanned, where reports do not name it
    #[arg(long, value_name = "TEXT")]
    pub target: Option<String>,
    /// The reports show only a part: open and update, never close
    #[arg(long)]
    pub partial: bool,
}

/// What plan and apply take.
#[derive(Debug, Clone, Args)]
pub struct SyncArgs {
    /// Which reports
    #[command(flatten)]
    pub reports: ReportArgs,
    /// Keep issues as Markdown files in this folder instead of in a tracker
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
    /// Write the result there too: as JSON, which `apply --plan` takes; as Markdown, text or counts where the name
    /// ends in `.md`, `.txt` or `.env`
    #[arg(long, value_name = "FILE")]
    pub out: Vec<PathBuf>,
    /// Write all of the result there, as `--out` does, with what a CI's public log must not show: keep the file private
    #[arg(long, value_name = "FILE")]
    pub full_out: Option<PathBuf>,
    /// Exit with 1 where an Active finding is at least this severe (in pull requests: a new one)
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<Severity>,
    /// The day that decisions and due dates count from [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub today: Option<NaiveDate>,
}

/// What plan takes.
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// What plan and apply take
    #[command(flatten)]
    pub sync: SyncArgs,
}

/// What apply takes.
#[derive(Debug, Clone, Args)]
pub struct ApplyArgs {
    /// What plan and apply take
    #[command(flatten)]
    pub sync: SyncArgs,
    /// Apply this saved plan; change nothing if the tracker has changed since
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
}

/// What check takes.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Create what is missing and can be created: labels, fields, options
    #[arg(long)]
    pub fix: bool,
}

/// What init takes.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// Print the files instead of writing them
    #[arg(long)]
    pub dry_run: bool,
}

/// What explain takes.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// An id (CVE-2021-23337), a key, an issue (#12), a path with or without a line (src/a.py:7), or words of the title
    pub query: String,
    /// Which reports
    #[command(flatten)]
    pub reports: ReportArgs,
    /// Issues are Markdown files in this folder
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
    /// The day that decisions and due dates count from [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub today: Option<NaiveDate>,
}

impl ExplainArgs {
    /// The same for a plan.
    #[must_use]
    pub fn sync(&self) -> SyncArgs {
        SyncArgs {
            reports: self.reports.clone(),
            to: self.to.clone(),
            format: self.format,
            out: Vec::new(),
            full_out: None,
            fail_on: None,
            today: self.today,
        }
    }
}

/// What findings takes.
#[derive(Debug, Clone, Args)]
pub struct FindingsArgs {
    /// Which reports
    #[command(flatten)]
    pub reports: ReportArgs,
    /// How to print them
    #[arg(long, value_enum, default_value_t = FindingsFormat::Text, value_name = "FORMAT")]
    pub format: FindingsFormat,
    /// Write all findings there, in the same format, with those that a CI's public log must not show: keep the file private
    #[arg(long, value_name = "FILE")]
    pub full_out: Option<PathBuf>,
    /// Exit with 1 where an Active finding is at least this severe
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<Severity>,
}

/// What scanners takes.
#[derive(Debug, Clone, Args)]
pub struct ScannersArgs {
    /// What to do; without it, list
    #[command(subcommand)]
    pub command: Option<ScannersCommand>,
}

/// What to do about scanners.
#[derive(Debug, Clone, Subcommand)]
pub enum ScannersCommand {
    /// List all readers
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show how a scanner's report is written, and what is read of it
    Show {
        /// A reader, or a tool that writes SARIF, CycloneDX or GitLab's reports (`codeql`, `bandit-sarif`)
        name: String,
    },
    /// Show what a definition makes of a report, and what is missing
    Test {
        /// A scanner definition file, or the name of a reader
        definition: String,
        /// A report
        report: String,
    },
}

/// How to print a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, in a terminal or a log.
    Text,
    /// For machines.
    Json,
    /// For job summaries and merge requests.
    Markdown,
}

/// How to print findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FindingsFormat {
    /// A table for people.
    #[value(alias = "table")]
    Text,
    /// For machines.
    Json,
    /// For spreadsheets.
    Csv,
    /// SARIF 2.1.0.
    Sarif,
    /// For job summaries.
    Markdown,
    /// GitLab's code quality report, for the merge request widget.
    CodeQuality,
}

/// What a schema is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The mapping file.
    Config,
    /// What `findings --format json` prints.
    Findings,
    /// What `plan --format json` and `apply --format json` print.
    Plan,
}
