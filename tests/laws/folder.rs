//! The same laws for apply on the local tracker: real files, and a crash after any write.

use async_trait::async_trait;
use chrono::NaiveDate;
use findsync::config::Config;
use findsync::issue::{Edit, Issue, IssueId, Limits, New, State};
use findsync::trackers::local::Local;
use findsync::trackers::{Error, Found, Problem, Read, Track, Visibility, Which};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A local tracker whose process "dies" after some writes.
pub(crate) struct Folder {
    local: Local,
    dir: tempfile::TempDir,
    left: AtomicUsize,
    pub(crate) writes: AtomicUsize,
}

impl Folder {
    pub(crate) fn new(today: NaiveDate) -> Self {
        // Memory, where there is such a place: a thousand worlds are many files.
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let mut mapping = Config::local("x").mappings.remove(0);
        mapping.status.field = "Status".into();
        let local = Local::new(dir.path().to_owned(), &mapping, today);
        Self { local, dir, left: AtomicUsize::new(usize::MAX), writes: AtomicUsize::new(0) }
    }

    pub(crate) fn crash_after(&self, writes: usize) {
        self.left.store(writes, Ordering::Relaxed);
    }

    pub(crate) fn copy_from(&self, other: &Self) {
        for (name, text) in other.files() {
            std::fs::write(self.dir.path().join(name), text).unwrap();
        }
    }

    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let entries = std::fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().path());
        let text = |path: std::path::PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            name.ends_with(".md").then(|| (name, std::fs::read_to_string(&path).unwrap()))
        };
        let mut files: Vec<_> = entries.filter_map(text).collect();
        files.sort();
        files
    }

    fn burn(&self) -> Result<(), Error> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(Error::Unauthorized { service: "local".into(), detail: "crashed".into() });
        }
        self.left.store(left - 1, Ordering::Relaxed);
        self.writes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// A person closes, refuses or reopens an issue, by editing its file.
    pub(crate) fn edit(&self, at: usize, state: State, refused: bool) {
        let files = self.files();
        let Some((name, text)) = files.get(at % files.len().max(1)) else { return };
        let is_closed = text.contains("\nstate: closed\n");
        let kept = text.lines().filter(|line| !line.starts_with("closed_as: "));
        let said = kept.map(|line| match (line, state) {
            ("state: open", State::Closed) if refused => "state: closed\nclosed_as: not_planned",
            ("state: open", State::Closed) => "state: closed",
            ("state: closed", State::Open) => "state: open",
            (line, _) => line,
        });
        if is_closed == (state == State::Open) {
            std::fs::write(self.dir.path().join(name), said.collect::<Vec<_>>().join("\n") + "\n").unwrap();
        }
    }
}

#[async_trait]
impl Read for Folder {
    fn name(&self) -> &'static str {
        "local"
    }
    fn project(&self) -> &str {
        self.local.project()
    }
    fn limits(&self) -> Limits {
        self.local.limits()
    }
    async fn check(&self) -> Result<Vec<Problem>, Error> {
        self.local.check().await
    }
    async fn visibility(&self) -> Result<Visibility, Error> {
        self.local.visibility().await
    }
    async fn issues(&self, which: Which) -> Result<Vec<Issue>, Error> {
        self.local.issues(which).await
    }
    async fn issue(&self, id: &IssueId) -> Result<Found, Error> {
        self.local.issue(id).await
    }
}

#[async_trait]
impl Track for Folder {
    async fn open(&self, new: &New) -> Result<IssueId, Error> {
        self.burn()?;
        self.local.open(new).await
    }
    async fn edit(&self, issue: &Issue, edit: &Edit) -> Result<(), Error> {
        self.burn()?;
        self.local.edit(issue, edit).await
    }
    async fn fix(&self) -> Result<Vec<String>, Error> {
        self.local.fix().await
    }
}
