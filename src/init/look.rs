//! What lies in the folder: reports, and which CI it uses.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::ci::{Ci, Service, System};
use crate::config::literal;

/// Tells the reader of a report, by its path; `None` where it is no report.
pub type Recognise<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// Folders deeper than this are not looked into.
const MAX_DEPTH: usize = 6;
/// Entries to look at in all: `init` must be quick in any folder.
const MAX_ENTRIES: usize = 20_000;
/// Files to ask the readers about.
const MAX_CANDIDATES: usize = 500;
/// Largest report to look into, in bytes.
const MAX_SIZE: u64 = 64 << 20;
/// Reports to name; more than that are no handful of scanners.
const MAX_REPORTS: usize = 20;
const ENDINGS: [&str; 7] = ["sarif", "json", "jsonl", "xml", "csv", "cdx", "gz"];
/// Where other people's files and samples are.
const SKIPPED: [&str; 8] =
    ["node_modules", "vendor", "test", "tests", "testdata", "fixtures", "__pycache__", "site-packages"];

/// The reports of a folder, as paths or globs from it.
pub(super) fn reports(dir: &Path, recognise: Recognise<'_>) -> Vec<String> {
    // Reports of one folder, reader and ending become one glob.
    let mut groups: BTreeMap<(PathBuf, String, String), Vec<String>> = BTreeMap::new();
    for path in candidates(dir) {
        let Some(reader) = recognise(&dir.join(&path)) else { continue };
        let ending = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        groups.entry((folder, reader, ending)).or_default().push(slashed(&path));
    }
    let mut reports: Vec<String> = groups
        .into_iter()
        .flat_map(|((folder, _, ending), paths)| {
            if paths.len() > 1 && ending == "sarif" {
                return vec![slashed(&Path::new(&literal(&slashed(&folder))).join("*.sarif"))];
            }
            paths.iter().map(|path| literal(path)).collect()
        })
        .collect();
    reports.truncate(MAX_REPORTS);
    reports
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Files that may be reports, sorted, from the folder.
fn candidates(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![(PathBuf::new(), 0)];
    let mut entries = 0;
    while let Some((folder, depth)) = folders.pop() {
        let Ok(list) = fs::read_dir(dir.join(&folder)) else { continue };
        for entry in list.flatten() {
            entries += 1;
            if entries > MAX_ENTRIES || found.len() >= MAX_CANDIDATES {
                break;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = folder.join(&name);
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                let is_cache = dir.join(&path).join("CACHEDIR.TAG").exists();
                if depth < MAX_DEPTH && !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) && !is_cache {
                    folders.push((path, depth + 1));
                }
            } else if kind.is_file() && may_be_report(&path, entry.metadata().map_or(0, |meta| meta.len())) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn may_be_report(path: &Path, size: u64) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    (2..=MAX_SIZE).contains(&size) && ENDINGS.contains(&ending)
}

/// The CIs that the folder uses; without any, the one of the service where the repository is.
pub(super) fn systems(dir: &Path, ci: &Ci) -> Vec<System> {
    let used: Vec<System> = [
        (".github/workflows", System::GitHubActions),
        (".gitlab-ci.yml", System::GitLabCi),
        ("azure-pipelines.yml", System::AzurePipelines),
    ]
    .into_iter()
    .filter_map(|(path, system)| dir.join(path).exists().then_some(system))
    .collect();
    if !used.is_empty() {
        return used;
    }
    let nearest = ci.service.map(|service| match service {
        Service::GitHub => System::GitHubActions,
        Service::GitLab => System::GitLabCi,
        Service::AzureDevOps => System::AzurePipelines,
    });
    nearest.into_iter().collect()
}
