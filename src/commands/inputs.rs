//! What commands start from: the mapping file, the reports, VEX documents, and the trackers of the mappings.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::ci::Ci;
use crate::cli::{Global, ReportArgs};
use crate::config::{Config, Given, ReportSource};
use crate::error::Error;
use crate::finding::Scan;
use crate::init::MAPPING_FILES;
use crate::readers::{ReadOptions, read_reports};
use crate::trackers::{self, Track};
use crate::triage::{Statement, read_vex};

/// The mapping file that a run uses, where there is one.
pub(super) fn config_path(global: &Global) -> Option<PathBuf> {
    global.config.clone().or_else(|| MAPPING_FILES.iter().map(PathBuf::from).find(|path| path.exists()))
}

/// The mapping file, or what the CI tells where there is none; with `to`, issues go to a folder.
pub(super) fn config(global: &Global, ci: &Ci, to: Option<&Path>, tokens_needed: bool) -> Result<Config, Error> {
    let env = |name: &str| global.variable(name);
    let config = match config_path(global) {
        None if to.is_some() => Config::default(),
        None => Config::from_ci(ci, &env),
        Some(path) => {
            let folder = path.parent().map(Path::to_owned).unwrap_or_default();
            let read = |name: &Path| std::fs::read_to_string(folder.join(name));
            let tokens_needed = tokens_needed && to.is_none() && ci.pull_request.is_none();
            Config::load(&path, Given { env: &env, read: &read, ci, tokens_needed })?
        }
    };
    Ok(match to {
        Some(folder) => config.into_local(&folder.display().to_string()),
        None => config,
    })
}

/// The current folder.
pub(super) fn here() -> PathBuf {
    std::path::absolute(".").unwrap_or_else(|_| PathBuf::from("."))
}

/// The repository's folder, and the current one as seen from there: a report's path from the repository's root tells
/// scopes apart, wherever in it findsync is called.
fn workspace(ci: &Ci) -> (PathBuf, PathBuf) {
    let here = here();
    let root = ci.workspace.as_deref().and_then(|root| Some((root, here.strip_prefix(root).ok()?)));
    match root {
        Some((root, inside)) => (root.to_owned(), inside.to_owned()),
        None => (here, PathBuf::new()),
    }
}

/// The reports of a run: those on the command line, else the mapping file's.
pub(super) fn sources(args: &ReportArgs, config: &Config) -> Result<Vec<ReportSource>, Error> {
    let named = |path: &String| {
        // What the mapping file knows of a report holds also where it is named on the command line.
        let known = config.reports.iter().find(|source| source.path == *path);
        let mut source =
            known.cloned().unwrap_or_else(|| ReportSource { path: path.clone(), ..ReportSource::default() });
        source.target = args.target.clone().or(source.target);
        source.partial |= args.partial;
        source
    };
    let sources: Vec<ReportSource> = if args.reports.is_empty() {
        config
            .reports
            .iter()
            .map(|source| ReportSource { partial: source.partial || args.partial, ..source.clone() })
            .collect()
    } else {
        args.reports.iter().map(named).collect()
    };
    if sources.is_empty() { Err(Error::NoReports) } else { Ok(sources) }
}

/// Reads the reports of a run.
pub(super) fn scans(args: &ReportArgs, config: &Config, ci: &Ci) -> Result<Vec<Scan>, Error> {
    let mut sources = sources(args, config)?;
    let (root, inside) = workspace(ci);
    if !inside.as_os_str().is_empty() {
        for source in sources.iter_mut().filter(|source| source.path != "-") {
            let folder = glob::Pattern::escape(&inside.to_string_lossy());
            source.path = Path::new(&folder).join(&source.path).to_string_lossy().into_owned();
        }
    }
    let options = ReadOptions { reader: args.reader.clone(), ..ReadOptions::new(root) };
    Ok(read_reports(&sources, &options)?)
}

/// Reads the VEX documents that the mapping file names.
pub(super) fn vex(config: &Config) -> Result<Vec<Statement>, Error> {
    let mut statements = Vec::new();
    for pattern in &config.vex {
        let paths: Vec<PathBuf> = glob::glob(pattern).into_iter().flatten().filter_map(Result::ok).collect();
        if paths.is_empty() {
            return Err(Error::NoVex(pattern.clone()));
        }
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(|source| Error::File {
                what: "read",
                path: path.clone(),
                source,
            })?;
            statements.extend(read_vex(&path.display().to_string(), &text)?);
        }
    }
    Ok(statements)
}

/// Connects to the tracker of each mapping.
pub(super) fn trackers(config: &Config, today: NaiveDate) -> Result<Vec<Box<dyn Track>>, Error> {
    if config.mappings.is_empty() {
        return Err(Error::NoMapping);
    }
    let connect = |mapping: &crate::config::Mapping| {
        trackers::connect(&config.instances[mapping.instance], mapping, today)
            .map_err(|source| Error::Tracker { mapping: mapping.label.clone(), source })
    };
    config.mappings.iter().map(connect).collect()
}
