//! Files as far as strangers may have laid them out: read up to a limit and inside of a folder once links are followed, and
//! written through no link.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

/// What files that people write may measure at most: definitions, templates, issues, mapping files.
pub const MAX_WRITTEN: u64 = 16 << 20;

fn refused(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, what)
}

/// A file's content. Devices and pipes have no end and are no files.
///
/// # Errors
/// Where there is no such file, or it is too large.
pub fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    // Opening a pipe waits for somebody to write.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {max} bytes")));
    }
    Ok(bytes)
}

/// A file's text.
///
/// # Errors
/// Where there is no such file, or it is too large, or no text.
pub fn read_text(path: &Path, max: u64) -> io::Result<String> {
    String::from_utf8(read(path, max)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Where a path leads once links are followed, if that is inside of a folder.
///
/// # Errors
/// Where it leads out of the folder, or to nothing.
pub fn inside(folder: &Path, path: &Path) -> io::Result<PathBuf> {
    let root = fs::canonicalize(folder)?;
    let real = fs::canonicalize(folder.join(path))?;
    if real.starts_with(&root) { Ok(real) } else { Err(refused("it leads out of the workspace".to_owned())) }
}

/// A path without `.` and `..`, whatever is there.
#[must_use]
pub fn lexical(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, component| {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
        plain
    })
}

/// Whether a path lies in a folder as it is written, links not followed.
#[must_use]
pub fn is_below(folder: &Path, path: &Path) -> bool {
    lexical(&folder.join(path)).starts_with(lexical(folder))
}

/// Refuses a path in the checkout (or the current folder, where that is none) that goes through a link: writing would change
/// what the link leads to. What lies elsewhere was named by whoever calls us.
///
/// # Errors
/// Names the link.
pub fn check_no_links(path: &Path) -> io::Result<()> {
    let root = checkout()?;
    let Some(below) = below(&root, path)? else { return Ok(()) };
    let mut at = root.clone();
    for component in below.components() {
        at.push(component);
        if at.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
            let shown = at.strip_prefix(&root).unwrap_or(&at).display().to_string();
            return Err(refused(format!("`{shown}` is a link, and nothing is written through links")));
        }
    }
    Ok(())
}

/// The folder that git checked out, around the current one: no commit can hold a `.git`.
fn checkout() -> io::Result<PathBuf> {
    let here = std::path::absolute(".")?;
    let root = here.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok());
    Ok(root.map_or_else(|| here.clone(), Path::to_owned))
}

/// A path from a folder, where it lies in that.
fn below(folder: &Path, path: &Path) -> io::Result<Option<PathBuf>> {
    let whole = lexical(&std::path::absolute(path)?);
    Ok(whole.strip_prefix(folder).ok().map(Path::to_owned))
}

/// Opens a file for writing; what stands in it stays until it is truncated.
///
/// # Errors
/// Where it cannot be written, or a link would be followed.
pub fn open_to_write(path: &Path) -> io::Result<File> {
    check_no_links(path)?;
    let is_new = path.symlink_metadata().is_err();
    let mut options = OpenOptions::new();
    options.write(true).create_new(is_new).truncate(false);
    // Nobody else's file, nor a link that came in between.
    if below(&checkout()?, path)?.is_some() {
        refuse_link(&mut options);
    }
    options.open(path)
}

/// Lets opening fail where the last part of the path is a link.
#[cfg(unix)]
fn refuse_link(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
}

#[cfg(not(unix))]
fn refuse_link(_: &mut OpenOptions) {}

/// Creates a file in place of one that may be there. A link of that name is replaced and not followed.
///
/// # Errors
/// Where it cannot be created.
pub fn create_fresh(path: &Path) -> io::Result<File> {
    check_no_links(path.parent().unwrap_or(Path::new("")))?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn reading_ends_and_stays_inside() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("a"), "text").unwrap();
        symlink("/etc/hostname", at("out")).unwrap();
        symlink("a", at("in")).unwrap();
        symlink("/dev/zero", at("zero")).unwrap();
        assert_eq!(read_text(&at("a"), 4).unwrap(), "text");
        assert!(read_text(&at("a"), 3).is_err());
        assert!(read_text(&at("zero"), 4).is_err());
        assert!(read_text(dir.path(), 4).is_err());
        assert!(inside(dir.path(), Path::new("in")).is_ok());
        for path in ["out", "../a", "/etc/passwd", "zero", "none"] {
            assert!(inside(dir.path(), Path::new(path)).is_err(), "{path}");
        }
    }

    #[test]
    fn a_link_that_comes_in_between_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        fs::write(dir.path().join("target"), "theirs").unwrap();
        symlink("target", &link).unwrap();
        let mut options = OpenOptions::new();
        refuse_link(options.write(true));
        assert!(options.open(&link).is_err());
        assert!(options.open(dir.path().join("target")).is_ok());
    }

    #[test]
    fn writing_follows_no_link() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        fs::write(&target, "theirs").unwrap();
        symlink(&target, &link).unwrap();
        io::Write::write_all(&mut create_fresh(&link).unwrap(), b"ours").unwrap();
        assert_eq!(
            (fs::read_to_string(&target).unwrap(), fs::read_to_string(&link).unwrap()),
            ("theirs".into(), "ours".into())
        );
        assert_eq!(lexical(Path::new("a/./b/../c")), Path::new("a/c"));
    }
}
