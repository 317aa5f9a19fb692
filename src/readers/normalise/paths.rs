//! Paths as scanners write them → relative to the repository's root, with forward slashes.

use std::path::Path;

use percent_encoding::percent_decode_str;

use super::checkouts;
use super::source::Sources;

/// Folders of a system, in which no repository is: a file there may be called as one of the workspace.
const SYSTEM: &[&str] = &["/usr/", "/etc/", "/proc/", "/sys/", "/dev/", "/lib/", "/lib64/", "/bin/", "/sbin/"];
/// Folders of a path that are looked for in the workspace, at most.
const MAX_DEPTH: usize = 32;

/// Makes paths relative to the repository's root.
pub(crate) struct Paths<'a> {
    workspace: String,
    root: Option<&'a str>,
    reported_roots: Vec<String>,
    /// The folder of the workspace in which the report is.
    report_folder: String,
    sources: &'a Sources,
}

impl<'a> Paths<'a> {
    /// Paths of a report. `root` is the folder of the workspace that its relative paths start from.
    pub(crate) fn new(workspace: &Path, root: Option<&'a str>, sources: &'a Sources) -> Self {
        let absolute = workspace.canonicalize().unwrap_or_else(|_| workspace.to_owned());
        let workspace = format!("{}/", absolute.to_string_lossy().trim_end_matches('/'));
        Self {
            workspace,
            root: root.map(|root| root.trim_matches('/')).filter(|root| !root.is_empty() && *root != "."),
            reported_roots: Vec::new(),
            report_folder: String::new(),
            sources,
        }
    }

    /// The same, where the report itself names the folders from which relative paths start.
    pub(crate) fn with_roots(mut self, roots: &[String]) -> Self {
        self.reported_roots = roots.iter().map(|root| plain(root)).filter(|root| !root.is_empty()).collect();
        self
    }

    /// The same for a report at a path of the workspace: scanners that run in a folder of it write paths from there.
    pub(crate) fn of_report(mut self, report: &str) -> Self {
        self.report_folder = report.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default();
        self
    }

    /// The path in the repository; one outside of it stays absolute.
    pub(crate) fn normalise(&self, written: &str) -> String {
        let path = plain(written);
        if let Some(inside) = path.strip_prefix(&self.workspace) {
            return inside.to_owned();
        }
        if is_absolute(&path) || path.starts_with("../") {
            return self.beside_report(&path).or_else(|| self.in_workspace(&path)).unwrap_or(path);
        }
        if let Some(root) = self.root
            && !path.starts_with(&format!("{root}/"))
        {
            return plain(&format!("{root}/{path}"));
        }
        self.below_a_root(&path).or_else(|| self.beside_report(&path)).unwrap_or(path)
    }

    /// A relative path that leads to nothing from the root, from the report's folder or the nearest one above it where it
    /// leads to a file.
    fn beside_report(&self, path: &str) -> Option<String> {
        if self.report_folder.is_empty() || is_absolute(path) || self.sources.exists(path) {
            return None;
        }
        let mut folder = Some(self.report_folder.as_str());
        while let Some(start) = folder {
            let whole = plain(&format!("{start}/{path}"));
            if !whole.starts_with("../") && self.sources.exists(&whole) {
                return Some(whole);
            }
            folder = start.rsplit_once('/').map(|(above, _)| above);
        }
        None
    }

    /// A relative path below one of the folders that the report names, where there is such a file.
    fn below_a_root(&self, path: &str) -> Option<String> {
        self.reported_roots.iter().find_map(|root| {
            let whole = plain(&format!("{root}/{path}"));
            let inside = whole.strip_prefix(&self.workspace).map(str::to_owned);
            let inside =
                inside.or_else(|| if is_absolute(&whole) { self.in_workspace(&whole) } else { Some(whole) })?;
            self.sources.exists(&inside).then_some(inside)
        })
    }

    /// A path of another machine's checkout as one of the repository: the longest end of it that is there in the
    /// workspace; else what is below a folder where CI systems and containers have it.
    fn in_workspace(&self, path: &str) -> Option<String> {
        let here = |candidate: &str| {
            let rooted = self.root.map(|root| format!("{root}/{candidate}"));
            rooted.into_iter().chain([candidate.to_owned()]).find(|path| self.sources.exists(path))
        };
        let is_system = SYSTEM.iter().any(|folder| path.starts_with(folder)) && !path.starts_with("/usr/src/");
        let mut candidate = path.trim_start_matches("../").trim_start_matches('/');
        for _ in 0..MAX_DEPTH {
            // A bare file name says too little of where it is.
            if is_system || !candidate.contains('/') {
                break;
            }
            if let Some(found) = here(candidate) {
                return Some(found);
            }
            candidate = candidate.split_once('/').map_or("", |(_, rest)| rest);
        }
        let mut below = checkouts::below_checkout(path).chain(checkouts::below_mount(path));
        below.find_map(here).or_else(|| checkouts::below_checkout(path).next().map(str::to_owned))
    }
}

fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || path.as_bytes().get(1) == Some(&b':')
}

/// A path with forward slashes, without a scheme, `.` and what `..` undoes.
fn plain(written: &str) -> String {
    let uri = written.strip_prefix("file://").map(|rest| rest.strip_prefix("localhost").unwrap_or(rest));
    let decoded = uri.map(|rest| percent_decode_str(rest).decode_utf8_lossy().into_owned());
    let path = decoded.as_deref().unwrap_or(written);
    let path = path.strip_prefix("file:").unwrap_or(path).replace('\\', "/");
    // `file:///C:/a`
    let path = path.strip_prefix('/').filter(|rest| rest.as_bytes().get(1) == Some(&b':')).unwrap_or(&path);
    squeeze(path)
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

    #[test]
    fn the_longest_end_that_is_there_counts() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["src/main/java/org/A.java", "web/src/a.js", "src/a.js", "lib/setup.py", "setup.py"] {
            std::fs::create_dir_all(dir.path().join(file).parent().unwrap()).unwrap();
            std::fs::write(dir.path().join(file), "").unwrap();
        }
        let sources = Sources::new(dir.path());
        let paths = Paths::new(dir.path(), None, &sources);
        for (written, wanted) in [
            ("/somewhere/else/web/src/a.js", "web/src/a.js"),
            ("C:\\work\\shop\\web\\src\\a.js", "web/src/a.js"),
            ("file:///D:/work/shop/src/a.js", "src/a.js"),
            ("../shop/src/a.js", "src/a.js"),
            ("/builds/group/sub/shop/setup.py", "shop/setup.py"),
            ("/builds/group/shop/setup.py", "setup.py"),
            ("/src/setup.py", "setup.py"),
            ("/usr/lib/python3/lib/setup.py", "/usr/lib/python3/lib/setup.py"),
            ("/opt/tool/setup.py", "/opt/tool/setup.py"),
            ("/__w/shop/shop/src/gone.js", "src/gone.js"),
            ("../../path/deploy/Dockerfile", "deploy/Dockerfile"),
        ] {
            assert_eq!(paths.normalise(written), wanted, "{written}");
        }
        let beside = Paths::new(dir.path(), None, &sources).of_report("web/build/reports/scan.json");
        for (written, wanted) in [
            ("a.js", "a.js"),
            ("src/a.js", "src/a.js"),
            ("./reports/../../src/a.js", "web/src/a.js"),
            ("../../../web/src/a.js", "web/src/a.js"),
        ] {
            assert_eq!(beside.normalise(written), wanted, "{written}");
        }
        std::fs::write(dir.path().join("web/src/only.js"), "").unwrap();
        assert_eq!(beside.normalise("src/only.js"), "web/src/only.js", "what is not there from the root");
        assert_eq!(beside.normalise("../../src/only.js"), "web/src/only.js");
        let roots = ["/builds/g/shop/src/main/java".to_owned(), "/elsewhere".to_owned()];
        let rooted = Paths::new(dir.path(), None, &sources).with_roots(&roots);
        for (written, wanted) in [
            ("org/A.java", "src/main/java/org/A.java"),
            ("org/Gone.java", "org/Gone.java"),
            ("web/src/a.js", "web/src/a.js"),
        ] {
            assert_eq!(rooted.normalise(written), wanted, "{written}");
        }
    }
}
