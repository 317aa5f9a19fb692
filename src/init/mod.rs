//! `findsync init`: a first mapping file and CI job for what lies in a folder. Never overwrites anything.

mod files;
mod job;
mod look;
mod mapping;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::ci::Ci;

pub use files::{MAPPING_FILE, MAPPING_FILES, NewFile};
pub use look::Recognise;

/// What `init` would write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Files that are not there yet.
    pub files: Vec<NewFile>,
    /// What people should know or do, one sentence each.
    pub notes: Vec<String>,
}

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`: {source}", .path.display())]
pub struct Error {
    /// Its path.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// Looks at a folder and proposes what to write into it.
#[must_use]
pub fn propose(dir: &Path, ci: &Ci, recognise: Recognise<'_>) -> Proposal {
    let mut proposal = Proposal::default();
    let reports = look::reports(dir, recognise);
    if reports.is_empty() {
        proposal.notes.push(format!("no reports lie here yet: name yours under `reports` in `{MAPPING_FILE}`"));
    }
    if ci.service.is_none() {
        proposal.notes.push("no git remote of a known tracker: issues go to a folder until you name one".to_owned());
    }
    let mut mapping = mapping::file(ci, &reports);
    if let Some(name) = MAPPING_FILES.iter().find(|name| dir.join(name).exists()) {
        mapping.path = name.into();
    }
    let mut files = vec![mapping];
    for system in look::systems(dir, ci) {
        let (file, note) = job::file(dir, system, ci);
        if !dir.join(&file.path).exists() {
            proposal.notes.extend(note);
        }
        files.push(file);
    }
    for file in files {
        if dir.join(&file.path).symlink_metadata().is_ok() {
            proposal.notes.push(format!("`{}` is there already and stays as it is", file.path.display()));
        } else {
            proposal.files.push(file);
        }
    }
    proposal
}

impl Proposal {
    /// Writes the files.
    ///
    /// # Errors
    /// At the first file that cannot be written, or that came to be there in the meantime.
    pub fn write(&self, dir: &Path) -> Result<(), Error> {
        for file in &self.files {
            let path = dir.join(&file.path);
            write_new(&path, &file.content).map_err(|source| Error { path, source })?;
        }
        Ok(())
    }
}

fn write_new(path: &Path, content: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(content.as_bytes())
}
