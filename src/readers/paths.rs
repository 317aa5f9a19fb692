//! Paths as scanners write them → relative to the repository's root, with forward slashes.

use std::path::Path;

use percent_encoding::percent_decode_str;

use super::source::Sources;

/// Folders in which CI systems and containers check out, dropped only where the rest is in the workspace.
const CHECKOUTS: &[&str] = &[
    "/github/workspace/",
    "/builds/",
    "/home/runner/work/",
    "/home/vsts/work/",
    "/workspace/",
    "/src/",
    "/app/",
    "/code/",
    "/project/",
    "/repo/",
    "/scan/",
    "/zap/wrk/",
];

/// Makes paths relative to the repository's root.
pub(super) struct Paths<'a> {
    workspace: String,
    root: Option<&'a str>,
    sources: &'a Sources,
}

impl<'a> Paths<'a> {
    /// Paths of a report. `root` is the folder of the workspace that its relative paths start from.
    pub(super) fn new(workspace: &Path, root: Option<&'a str>, sources: &'a Sources) -> Self {
        let absolute = workspace.canonicalize().unwrap_or_else(|_| workspace.to_owned());
        let workspace = format!("{}/", absolute.to_string_lossy().trim_end_matches('/'));
        Self {
            workspace,
            root: root.map(|root| root.trim_matches('/')).filter(|root| !root.is_empty() && *root != "."),
            sources,
        }
    }

    /// The path in the repository; one outside of it stays absolute.
    pub(super) fn normalise(&self, written: &str) -> String {
        let uri = written.strip_prefix("file://").map(|rest| rest.strip_prefix("localhost").unwrap_or(rest));
        let decoded = uri.map(|rest| percent_decode_str(rest).decode_utf8_lossy().into_owned());
        let path = decoded.as_deref().unwrap_or(written);
        let path = path.strip_prefix("file:").unwrap_or(path).replace('\\', "/");
        let path = squeeze(&path);
        if let Some(inside) = path.strip_prefix(&self.workspace) {
            return inside.to_owned();
        }
        if path.starts_with('/') || path.as_bytes().get(1) == Some(&b':') {
            return self.checkout(&path).unwrap_or(path);
        }
        match self.root {
            Some(root) if !path.starts_with(&format!("{root}/")) => squeeze(&format!("{root}/{path}")),
            _ => path,
        }
    }

    /// The longest end of an absolute path that is there in the workspace, behind a folder where CI systems check out.
    fn checkout(&self, path: &str) -> Option<String> {
        let here = |candidate: &str| {
            let rooted = self.root.map(|root| format!("{root}/{candidate}"));
            rooted.into_iter().chain([candidate.to_owned()]).find(|path| self.sources.exists(path))
        };
        // Only the whole rest counts (`/src/a` may be `src/a`), but behind a known folder, which may hold group and project.
        if let Some(found) = here(path.trim_start_matches('/')) {
            return Some(found);
        }
        let folder = CHECKOUTS.iter().find(|folder| path.starts_with(**folder))?;
        let mut candidate = &path[folder.len()..];
        for _ in 0..=4 {
            if let Some(found) = here(candidate) {
                return Some(found);
            }
            candidate = candidate.split_once('/')?.1;
        }
        None
    }
}

/// Drops `.`, resolves `..` where it has something to undo, and doubled slashes.
fn squeeze(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let absolute = if path.starts_with('/') { "/" } else { "" };
    format!("{absolute}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn one_file_has_one_path() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("src")).unwrap();
        std::fs::write(dir.path().join("src/a b.rs"), "").unwrap();
        let sources = Sources::new(dir.path());
        let paths = Paths::new(dir.path(), None, &sources);
        let inside = format!("file://{}/src/a%20b.rs", dir.path().canonicalize().unwrap().display());
        for written in [
            "src/a b.rs",
            "./src/a b.rs",
            "src\\a b.rs",
            "src/x/../a b.rs",
            "/src/src/a b.rs",
            "/src/a b.rs",
            "file:///src/a%20b.rs",
            "/builds/group/project/src/a b.rs",
            "/github/workspace/src/a b.rs",
            &inside,
        ] {
            assert_eq!(paths.normalise(written), "src/a b.rs", "{written}");
        }
        assert_eq!(paths.normalise("/usr/lib/x.so"), "/usr/lib/x.so");
        let rooted = Paths::new(dir.path(), Some("./web/".trim_start_matches("./")), &sources);
        assert_eq!(rooted.normalise("package.json"), "web/package.json");
        assert_eq!(rooted.normalise("web/package.json"), "web/package.json");
    }
}
