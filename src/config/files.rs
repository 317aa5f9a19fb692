//! Paths and globs of files, as the mapping file and the command line name them: one syntax, and one way to find what
//! they mean.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// Entries of folders to look at for one glob.
const MAX_ENTRIES: usize = 1_000_000;
/// Folders deeper than this are not looked into for `**`.
const MAX_DEPTH: usize = 64;

/// Why a glob cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// It is none.
    #[error("{0}")]
    Glob(globset::ErrorKind),
    /// A folder cannot be looked into.
    #[error("cannot look into `{path}`: {source}", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It leads through too much.
    #[error("more than {MAX_ENTRIES} files lie where it leads: begin it with a folder")]
    TooMany,
}

/// A glob of files: `*` and `?` stay within a folder, `**` goes through any number of them.
///
/// # Errors
/// Where it is none.
pub(crate) fn glob(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(GlobBuilder::new(pattern).literal_separator(true).build()?.compile_matcher())
}

/// A path in which nothing means anything but itself.
#[must_use]
pub fn literal(path: &str) -> String {
    globset::escape(path)
}

/// The files that a path or glob means, from a folder, as the pattern names them and sorted. A path that is there means
/// itself, whatever it holds.
///
/// # Errors
/// Where the glob is none, or leads through what cannot be read or is too much.
pub fn files(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, FilesError> {
    if folder.join(pattern).symlink_metadata().is_ok() {
        return Ok(vec![pattern.into()]);
    }
    let is_literal = |part: &&str| !part.contains(['*', '?', '[', '{', '\\']);
    let literal: Vec<&str> = pattern.split('/').take_while(is_literal).collect();
    if literal.len() == pattern.split('/').count() {
        return Ok(Vec::new());
    }
    let start = literal.iter().map(|part| part.len() + 1).sum();
    let (named, glob) = pattern.split_at(start);
    let endless = glob.contains("**");
    let mut walk = Walk {
        matcher: self::glob(glob).map_err(|error| FilesError::Glob(error.kind().clone()))?,
        depth: if endless { MAX_DEPTH } else { glob.matches('/').count() + 1 },
        follows: !endless,
        left: MAX_ENTRIES,
        found: Vec::new(),
    };
    let base = folder.join(named);
    if base.is_dir() {
        walk.folder(&base, Path::new(""), 1)?;
    }
    walk.found.sort();
    Ok(walk.found.into_iter().map(|path| Path::new(named).join(path)).collect())
}

struct Walk {
    matcher: GlobMatcher,
    depth: usize,
    /// Whether links to folders are followed: only where the depth is bounded, as they may lead round in circles.
    follows: bool,
    left: usize,
    found: Vec<PathBuf>,
}

impl Walk {
    fn folder(&mut self, base: &Path, inside: &Path, depth: usize) -> Result<(), FilesError> {
        let here = base.join(inside);
        let wrong = |source| FilesError::Folder { path: here.clone(), source };
        for entry in fs::read_dir(&here).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            self.left = self.left.checked_sub(1).ok_or(FilesError::TooMany)?;
            let path = inside.join(entry.file_name());
            let mut kind = entry.file_type().map_err(wrong)?;
            if kind.is_symlink() {
                // A link that leads nowhere is no file.
                let Ok(metadata) = fs::metadata(entry.path()) else { continue };
                if metadata.is_dir() && !self.follows {
                    continue;
                }
                kind = metadata.file_type();
            }
            if kind.is_dir() && depth < self.depth {
                self.folder(base, &path, depth + 1)?;
            } else if kind.is_file() && self.matcher.is_match(&path) {
                self.found.push(path);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &Path, pattern: &str) -> Vec<String> {
        let files = files(folder, pattern).expect(pattern);
        files.iter().map(|path| path.to_string_lossy().replace('\\', "/")).collect()
    }

    #[test]
    fn globs_mean_the_same_wherever_they_stand() {
        let dir = tempfile::tempdir().expect("a folder");
        for path in ["reports/a.json", "reports/b.json", "reports/c.sarif", "reports/x/a.json", "[1]/d.json", "e.json"]
        {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().expect("one")).and_then(|()| fs::write(path, "x")).expect("written");
        }
        let root = dir.path().to_string_lossy().into_owned();
        for (pattern, expected) in [
            ("reports/{b,a}.json", &["reports/a.json", "reports/b.json"][..]),
            ("{reports/x,reports}/a.json", &["reports/a.json", "reports/x/a.json"]),
            ("reports/*.json", &["reports/a.json", "reports/b.json"]),
            ("./reports/[!a].json", &["./reports/b.json"]),
            ("reports/[^a].json", &["reports/b.json"]),
            ("*/a.json", &["reports/a.json"]),
            ("**/a.json", &["reports/a.json", "reports/x/a.json"]),
            ("reports/**", &["reports/a.json", "reports/b.json", "reports/c.sarif", "reports/x/a.json"]),
            ("**/*.json", &["[1]/d.json", "e.json", "reports/a.json", "reports/b.json", "reports/x/a.json"]),
            ("[1]/d.json", &["[1]/d.json"]),
            ("[[]1[]]/*.json", &["[1]/d.json"]),
            ("reports", &["reports"]),
            ("*", &["e.json"]),
            ("absent/*.json", &[]),
            ("absent.json", &[]),
        ] {
            assert_eq!(found(dir.path(), pattern), expected, "{pattern}");
        }
        assert_eq!(found(Path::new("/"), &format!("{}/*.json", literal(&root))), [format!("{root}/e.json")]);
        assert_eq!(found(&dir.path().join("reports"), "../*.json"), ["../e.json"]);
        assert!(matches!(files(dir.path(), "reports/{a.json"), Err(FilesError::Glob(_))));
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_to_files_and_never_round_in_circles() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir(dir.path().join("real")).expect("made");
        fs::write(dir.path().join("real/a.json"), "x").expect("written");
        for (from, to) in [("..", "real/up"), ("real", "link"), ("real/a.json", "b.json"), ("nowhere", "dead.json")] {
            symlink(from, dir.path().join(to)).expect("linked");
        }
        assert_eq!(found(dir.path(), "**/*.json"), ["b.json", "real/a.json"]);
        assert_eq!(found(dir.path(), "*/*.json"), ["link/a.json", "real/a.json"]);
    }
}
