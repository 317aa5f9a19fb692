//! What commands start from: the mapping file, the reports, VEX documents, and the trackers of the mappings.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::ci::{Ci, source_of};
use crate::cli::{Global, ReportArgs};
use crate::config::{Config, Credential, Given, Instance, ReportSource, TrackerKind, files, literal};
use crate::disk;
use crate::error::Error;
use crate::finding::{Scan, Source};
use crate::init::MAPPING_FILES;
use crate::plan::source_label;
use crate::readers::{Confined, ReadOptions, read_reports};
use crate::template;
use crate::trackers::{self, Track};
use crate::triage::{Statement, read_vex};

/// What a VEX document may measure, in bytes.
const MAX_VEX: u64 = 256 << 20;

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
            let (root, _) = workspace(ci, global);
            check_inside(&path, &root, global.config.is_some() && ci.system.is_none())?;
            let read = |name: &Path| {
                let file = std::path::absolute(&folder)?.join(name);
                let beside = global.config.is_some() && !disk::is_below(&root, &file);
                let file = disk::inside(if beside { &folder } else { &root }, &file)?;
                disk::read_text(&file, disk::MAX_WRITTEN)
            };
            let tokens_needed = tokens_needed && to.is_none() && ci.pull_request.is_none();
            let given = Given { env: &env, read: &read, template: &template::check, ci, tokens_needed };
            let mut config = Config::load(&path, given)?;
            // A folder of issues lies in the workspace as reports do, wherever in it findsync is called.
            let local = config.instances.iter_mut().filter(|instance| instance.kind == TrackerKind::Local);
            local.filter(|_| root != here()).for_each(|instance| {
                instance.location = root.join(&instance.location).to_string_lossy().into_owned();
            });
            config
        }
    };
    Ok(match to {
        Some(folder) => config.into_local(&folder.display().to_string()),
        None => config,
    })
}

/// Refuses a file of the workspace that leads out of it.
fn check_inside(path: &Path, root: &Path, is_free: bool) -> Result<(), Error> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if is_free || !disk::is_below(root, &absolute) {
        return Ok(());
    }
    let wrong = |source| Error::File { what: "read", path: path.to_owned(), source };
    disk::inside(root, &absolute).map(drop).map_err(wrong)
}

/// The current folder.
pub(super) fn here() -> PathBuf {
    std::path::absolute(".").unwrap_or_else(|_| PathBuf::from("."))
}

/// The workspace, and the current folder as seen from there: a report's path in the workspace tells scopes apart,
/// wherever in it findsync is called. It is the repository's folder, else the mapping file's, as far as we are inside.
fn workspace(ci: &Ci, global: &Global) -> (PathBuf, PathBuf) {
    let here = here();
    let roots = ci.workspace.clone().into_iter().chain(mapping_folder(global));
    let found = roots.into_iter().find_map(|root| Some((here.strip_prefix(&root).ok()?.to_owned(), root)));
    found.map_or_else(|| (here.clone(), PathBuf::new()), |(inside, root)| (root, inside))
}

/// The folder that the mapping file lies in.
fn mapping_folder(global: &Global) -> Option<PathBuf> {
    std::fs::canonicalize(config_path(global)?).ok()?.parent().map(Path::to_owned)
}

/// A path or glob of the mapping file, from the workspace: where it leads to nothing from there, but does from the folder
/// that the mapping file lies in, it is meant from there.
fn from_workspace(pattern: &str, root: &Path, global: &Global) -> String {
    let leads = |pattern: &str| files(root, pattern).is_ok_and(|files| !files.is_empty());
    let is_below = |folder: &PathBuf| !folder.as_os_str().is_empty();
    let canonical = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let folder = mapping_folder(global).and_then(|folder| folder.strip_prefix(canonical).map(Path::to_owned).ok());
    let beside =
        |folder: PathBuf| Path::new(&literal(&folder.to_string_lossy())).join(pattern).to_string_lossy().into_owned();
    let beside =
        folder.filter(is_below).map(beside).filter(|beside| pattern != "-" && !leads(pattern) && leads(beside));
    beside.unwrap_or_else(|| pattern.to_owned())
}

/// The reports of a run: those on the command line, from the current folder, else the mapping file's, from the workspace.
fn sources(
    args: &ReportArgs,
    config: &Config,
    (root, inside): (&Path, &Path),
    ci: &Ci,
    global: &Global,
) -> Result<Vec<ReportSource>, Error> {
    let configured = config.reports.iter().cloned().map(|source| {
        let path = from_workspace(&source.path, root, global);
        ReportSource { path, ..source }
    });
    let configured: Vec<_> = configured.collect();
    let named = |path: &String| {
        let path = match path.as_str() {
            "-" => path.clone(),
            _ => Path::new(&literal(&inside.to_string_lossy())).join(path).to_string_lossy().into_owned(),
        };
        // What the mapping file knows of a report holds also where it is named on the command line.
        let known = configured.iter().find(|source| source.path == path).cloned();
        known.unwrap_or_else(|| ReportSource { path, ..ReportSource::default() })
    };
    let mut sources: Vec<ReportSource> =
        if args.reports.is_empty() { configured.clone() } else { args.reports.iter().map(named).collect() };
    for source in &mut sources {
        source.repository =
            source.repository.take().or_else(|| Some(ci.source.clone()).filter(|own| !own.name.is_empty()));
        source.partial |= args.partial;
        if !args.reports.is_empty() {
            source.target = args.target.clone().or(source.target.take());
        }
    }
    if sources.is_empty() { Err(Error::NoReports) } else { Ok(sources) }
}

/// Reads the reports of a run.
pub(super) fn scans(args: &ReportArgs, config: &Config, ci: &Ci, global: &Global) -> Result<Vec<Scan>, Error> {
    let (root, inside) = workspace(ci, global);
    let sources = sources(args, config, (&root, &inside), ci, global)?;
    // On a desk, what people name may lie and lead anywhere.
    let confined = match (ci.system.is_some(), args.reports.is_empty()) {
        (_, true) => Confined::Whole,
        (true, false) => Confined::Links,
        (false, false) => Confined::No,
    };
    let options = ReadOptions { reader: args.reader.clone(), confined, ..ReadOptions::new(root) };
    let mut scans = read_reports(&sources, &options)?;
    scans.iter_mut().for_each(|scan| attribute(scan, ci));
    Ok(scans)
}

/// Says which run brought a scan. Where neither the CI nor git tells the repository, the report may.
fn attribute(scan: &mut Scan, ci: &Ci) {
    scan.origin = ci.origin();
    if scan.origin.source.name.is_empty() {
        scan.origin.source = scan.repository.take().unwrap_or_default();
    }
    scan.repository = scan.repository.take().filter(|repository| repository.name != scan.origin.source.name);
    if let Some(part) = &ci.matrix {
        scan.target = in_matrix(&scan.target, part);
        let formerly: Vec<String> = scan.formerly.iter().map(|name| in_matrix(name, part)).collect();
        scan.formerly.extend(formerly);
    }
}

/// Finds out which projects other repositories write to as well, where the mapping file does not say it: those that are
/// not the repository's own. There each repository's issues bear a label of their own, by which they are listed.
///
/// # Errors
/// Where several repositories share a project and nothing tells which one this run is about: one would close another's.
pub(super) fn settle_shared(config: &mut Config, scans: &[Scan], ci: &Ci) -> Result<(), Error> {
    let owners: BTreeSet<&Source> = scans.iter().map(Scan::owner).filter(|owner| !owner.name.is_empty()).collect();
    // Issues bear the label of an old name until a run has written to them.
    let is_renamed = scans.iter().any(|scan| scan.formerly.iter().any(|name| name.contains('/')));
    for mapping in &mut config.mappings {
        let instance = &config.instances[mapping.instance];
        let reads_others = || scans.iter().any(|scan| scan.repository.is_some());
        let is_own = || is_own_project(instance, &mapping.project.name, ci);
        let shared = mapping.shared.unwrap_or_else(|| reads_others() || !is_own());
        if shared && scans.iter().any(|scan| scan.owner().name.is_empty()) {
            return Err(Error::NoRepository(mapping.label.clone()));
        }
        mapping.shared = Some(shared);
        // A run that reads reports of several repositories needs the issues of all.
        let only = owners.first().filter(|_| shared && owners.len() == 1 && !is_renamed && mapping.formerly.is_empty());
        mapping.source_label = only.map(|owner| source_label(&mapping.own_label, owner));
    }
    Ok(())
}

/// Whether a tracker's project is that of the repository which the run is about. What nobody tells is taken for it.
fn is_own_project(instance: &Instance, project: &str, ci: &Ci) -> bool {
    let own = &ci.source;
    match instance.kind {
        TrackerKind::Local => {
            let folder = std::path::absolute(&instance.location).unwrap_or_default();
            let folder = folder.canonicalize().unwrap_or(folder);
            ci.workspace.as_ref().is_none_or(|root| {
                let root = root.canonicalize().unwrap_or_else(|_| root.clone());
                own.name.is_empty() || folder.starts_with(root)
            })
        }
        TrackerKind::AzureDevOps => own.name.is_empty(),
        TrackerKind::GitHub | TrackerKind::GitLab => {
            let address = format!("{}/{project}", instance.location.trim_end_matches('/'));
            let named = source_of(&address).is_some_and(|source| source.name == own.name);
            own.name.is_empty() || named || own.id.as_deref() == Some(project)
        }
    }
}

/// What one job of a matrix scanned: another job of it is no authority for that.
fn in_matrix(target: &str, part: &str) -> String {
    format!("{target} [{part}]")
}

/// Reads the VEX documents that the mapping file names, from the workspace.
pub(super) fn vex(config: &Config, ci: &Ci, global: &Global) -> Result<Vec<Statement>, Error> {
    let (root, _) = workspace(ci, global);
    let mut statements = Vec::new();
    for pattern in &config.vex {
        let paths = files(&root, &from_workspace(pattern, &root, global))
            .map_err(|source| Error::VexFiles { pattern: pattern.clone(), source })?;
        if paths.is_empty() {
            return Err(Error::NoVex(pattern.clone()));
        }
        for path in paths {
            let text = disk::inside(&root, &path).and_then(|real| disk::read_text(&real, MAX_VEX));
            let text = text.map_err(|source| Error::File { what: "read", path: path.clone(), source })?;
            statements.extend(read_vex(&path.display().to_string(), &text)?);
        }
    }
    Ok(statements)
}

/// Refuses trackers that a run must not ask: where nobody vouches for the mapping file, all but the CI's own.
pub(super) fn check_credentials(config: &Config, ci: &Ci) -> Result<(), Error> {
    let is_withheld =
        |instance: &Instance| instance.kind != TrackerKind::Local && instance.credential == Credential::None;
    match config.instances.iter().find(|instance| is_withheld(instance)) {
        Some(instance) if !ci.is_trusted() => Err(Error::Withheld(instance.label.clone())),
        _ => Ok(()),
    }
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::finding::{Run, Source};

    const SARIF: &str = r#"{"version": "2.1.0", "runs": [
        {"tool": {"driver": {"name": "Semgrep"}}, "results": [],
         "versionControlProvenance": [{"repositoryUri": "https://token@github.com/Acme/Shop.git"}]}]}"#;

    /// What is read of a report in a CI's job, and by an entry of the mapping file.
    fn read(ci: &Ci, entry: ReportSource) -> Scan {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.sarif"), SARIF).unwrap();
        let config =
            Config { reports: vec![ReportSource { path: "a.sarif".to_owned(), ..entry }], ..Config::default() };
        let cli = Cli::try_parse_from(["findsync", "findings"]).unwrap();
        let Command::Findings(args) = cli.command else { panic!("{:?}", cli.command) };
        let entries = sources(&args.reports, &config, (dir.path(), Path::new("")), ci, &cli.global).unwrap();
        let mut scans = read_reports(&entries, &ReadOptions::new(dir.path())).unwrap();
        attribute(&mut scans[0], ci);
        scans.remove(0)
    }

    fn in_ci() -> Ci {
        let run = Run { line: "github:github.com/acme/ops".to_owned(), number: 7, attempt: 1 };
        let source = Source { id: Some("12".to_owned()), ..Source::named("github.com/acme/ops") };
        let branches = (Some("main".to_owned()), Some("main".to_owned()));
        Ci { source, run: Some(run), branch: branches.0, default_branch: branches.1, ..Ci::default() }
    }

    #[test]
    fn a_report_tells_its_repository_only_where_nobody_else_does() {
        let scan = read(&Ci::default(), ReportSource::default());
        assert_eq!((scan.origin.source, scan.repository), (Source::named("github.com/acme/shop"), None));
        let scan = read(&in_ci(), ReportSource::default());
        assert_eq!((scan.origin.source.clone(), scan.repository.clone()), (in_ci().source, None));
        assert_eq!(scan.owner().id.as_deref(), Some("12"));
        let named = |name: &str| ReportSource { repository: Some(Source::named(name)), ..ReportSource::default() };
        let scan = read(&in_ci(), named("github.com/acme/pay"));
        assert_eq!(scan.repository, Some(Source::named("github.com/acme/pay")));
        // This pipeline speaks for it, which no other one does.
        assert_eq!(scan.scope().source.name, "github.com/acme/ops > github.com/acme/pay");
        assert_eq!((scan.origin.source, scan.origin.run), (in_ci().source, in_ci().run));
        // Its own name is no other repository, so that the forge's id still counts.
        assert_eq!(read(&in_ci(), named("github.com/acme/ops")).repository, None);
    }

    #[test]
    fn a_job_of_a_matrix_has_its_part_of_it_in_its_targets() {
        let ci = Ci { matrix: Some("node=18".to_owned()), ..in_ci() };
        let named = || ReportSource {
            target: Some("shop".to_owned()),
            formerly: vec!["web".to_owned()],
            ..ReportSource::default()
        };
        assert_eq!(read(&ci, ReportSource::default()).target, "a.sarif [node=18]");
        let scan = read(&ci, named());
        assert_eq!(
            (scan.target.as_str(), scan.formerly),
            ("shop [node=18]", vec!["web".to_owned(), "web [node=18]".to_owned()])
        );
        assert_eq!(read(&in_ci(), named()).target, "shop");
    }

    #[test]
    fn only_branches_that_are_not_the_default_one_have_scopes_of_their_own() {
        let branch = |ci: Ci| ci.origin().branch;
        let on = |branch: &str| Ci { branch: Some(branch.to_owned()), ..in_ci() };
        assert_eq!((branch(on("main")).as_str(), branch(on("release/1")).as_str()), ("", "release/1"));
        assert_eq!(branch(Ci { default_branch: None, ..on("master") }), "");
        assert_eq!(branch(Ci { branch: None, ..in_ci() }), "");
        // What is not merged yet is seen as if it were, and stands in no order.
        for base in [None, Some("main"), Some("release/1")] {
            let ahead = Ci {
                base_branch: base.map(str::to_owned),
                pull_request: base.is_none().then(crate::ci::PullRequest::default),
                ..on("fix")
            };
            let expected = base.filter(|base| *base != "main").unwrap_or_default();
            assert_eq!((ahead.origin().branch.as_str(), ahead.origin().run), (expected, None), "{base:?}");
        }
    }
}
