//! IN: readers. Standards are read by Rust code, products by scanner definitions (`scanners/*.yml`).
//!
//! Exactly one reader must recognise a document. Nothing read must never look like nothing found: an unknown shape is
//! an error that names the file and the place.

pub(crate) mod definitions;
pub(crate) mod detect;
mod error;
mod guide;
mod html;
pub(crate) mod identifiers;
pub(crate) mod load;
mod normalise;
mod package;
pub(crate) mod parallel;
mod purl;
pub(crate) mod standards;

use std::path::{Path, PathBuf};

use bytes::Bytes;

pub use definitions::definition::Definition;
pub use definitions::trial::{Trial, try_definition};
pub use detect::probe::{Format, Probe};
pub use detect::registry::{Origin, ReaderInfo};
pub use error::ReadError;
pub use guide::{Guide, Report};
pub use load::input::MAX_BYTES;

use crate::config::ReportSource;
use crate::finding::{Kind, Scan};
use detect::registry::Registry;
use normalise::source::Sources;

/// The readers in Rust, for the standards.
const STANDARDS: &[&dyn Reader] = &[
    &standards::sarif::Sarif,
    &standards::gitlab::GitLab,
    &standards::cyclonedx::CycloneDx,
    &standards::generic::Generic,
];

/// A report's text, ready to be read: decompressed, UTF-8, without byte order mark.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The report's path as given, for messages and as the last resort for a target.
    pub path: &'a str,
    /// The text.
    pub text: &'a str,
    /// The same, for readers that keep slices of it.
    pub bytes: &'a Bytes,
    /// What one look at it has shown.
    pub probe: &'a Probe,
}

/// One format that we read.
pub trait Reader: Send + Sync {
    /// Name on the command line and in JSON: `sarif`, `trivy`.
    fn name(&self) -> &str;
    /// Name for people: `SARIF 2.1.0`.
    fn title(&self) -> &str;
    /// Other names by which it may be chosen, such as DefectDojo's.
    fn aliases(&self) -> Vec<&str> {
        Vec::new()
    }
    /// The kind that its findings mostly have.
    fn kind(&self) -> Kind;
    /// Where to read about the scanner or standard.
    fn homepage(&self) -> &str;
    /// Whether a document is of this format. Cheap, from one look; must be sure.
    fn recognises(&self, probe: &Probe) -> bool;
    /// Reads a report.
    ///
    /// Fills in what the report says, as it says it: paths as written, identifiers in any case and order, no
    /// `scan.report`, no keys, `scan.target` only where the report names it. What all readers have in common
    /// (paths, identifiers, source lines, redaction, keys) is done after this.
    ///
    /// # Errors
    /// Where the text is not what the format promises: containers are strict, leaves are lenient.
    fn read(&self, input: Input<'_>) -> Result<Vec<Scan>, ReadError>;
    /// What a document lacks to be recognised, as the definition says it.
    fn lacking(&self, _probe: &Probe) -> Vec<String> {
        Vec::new()
    }
    /// How many findings a definition's program gives no title and no severity, where reading made up for it.
    ///
    /// # Errors
    /// Where the report cannot be read.
    fn unrated(&self, _input: Input<'_>) -> Result<Option<[usize; 2]>, ReadError> {
        Ok(None)
    }
}

/// How reports are read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// The repository's root: paths are relative to it, and scanner definitions in `.findsync/scanners` are used.
    pub workspace: PathBuf,
    /// The reader for all reports that do not name one themselves; else each is recognised.
    pub reader: Option<String>,
    /// What a report may measure at most after decompression, in bytes.
    pub max_bytes: u64,
    /// Where reports may lie.
    pub confined: Confined,
}

/// Where reports may lie, once links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confined {
    /// Anywhere: people named them.
    No,
    /// Anywhere, but what lies in the workspace must not lead out of it.
    Links,
    /// In the workspace.
    Whole,
}

impl ReadOptions {
    /// Reads reports of a workspace, each by the reader that recognises it.
    #[must_use]
    pub fn new(workspace: impl Into<PathBuf>) -> Self {
        Self { workspace: workspace.into(), reader: None, max_bytes: MAX_BYTES, confined: Confined::No }
    }
}

/// Reads reports, and gives every finding its keys.
///
/// # Errors
/// On the first report that is not there, that no reader (or more than one) recognises, or that cannot be read.
pub fn read_reports(sources: &[ReportSource], options: &ReadOptions) -> Result<Vec<Scan>, ReadError> {
    let registry = Registry::new(&options.workspace)?;
    let mut files = Sources::new(&options.workspace);
    let mut scans = Vec::new();
    for source in sources {
        for path in load::input::expand(&options.workspace, &source.path)? {
            let bytes = load::input::load(&options.workspace, &path, options.max_bytes, options.confined)?;
            let name = source.reader.as_deref().or(options.reader.as_deref());
            let mut read = read_file(&registry, &path, bytes, options.max_bytes, name)?;
            normalise::scans(&mut read, &path, source, &options.workspace, &mut files);
            scans.append(&mut read);
        }
    }
    normalise::redact::run(&mut scans);
    Ok(scans)
}

/// Reads one file: a report, or a zip of reports.
fn read_file(
    registry: &Registry,
    path: &str,
    bytes: Vec<u8>,
    limit: u64,
    reader: Option<&str>,
) -> Result<Vec<Scan>, ReadError> {
    if !load::archive::is_zip(&bytes) {
        return read(registry, path, load::input::text(bytes, path, limit)?, reader);
    }
    let mut scans = Vec::new();
    for document in load::archive::documents(&bytes, path, limit, &mut registry.for_archives(reader)?.into_iter())? {
        let load::archive::Document { path, text, definition } = document;
        load::archive::gather(
            &mut scans,
            match definition {
                Some(definition) => with_input(&path, &text, |input| definition.read(input))?,
                None => read(registry, &path, text, reader)?,
            },
        );
    }
    Ok(scans)
}

/// Reads one report, by the reader of a name or by the one that recognises it.
fn read(registry: &Registry, path: &str, bytes: Bytes, reader: Option<&str>) -> Result<Vec<Scan>, ReadError> {
    with_input(path, &bytes, |input| {
        let reader = match reader {
            Some(name) => registry.named_for(name, input.probe)?,
            None => registry.recognise(input)?,
        };
        tracing::debug!(report = path, reader = reader.name(), "reading");
        reader.read(input)
    })
}

/// Does something with a report's text when it has been looked at.
fn with_input<T>(path: &str, bytes: &Bytes, f: impl FnOnce(Input<'_>) -> Result<T, ReadError>) -> Result<T, ReadError> {
    let text = load::input::utf8(bytes, path)?;
    let probe = Probe::new(path, text)?;
    f(Input { path, text, bytes, probe: &probe })
}

/// Reads one report's text that is already there, without a workspace: for tests, fuzzing and benches.
///
/// # Errors
/// Where no reader (or more than one) recognises it, or it cannot be read.
pub fn read_bytes(path: &str, bytes: Vec<u8>, reader: Option<&str>) -> Result<Vec<Scan>, ReadError> {
    let nowhere = Path::new("/nonexistent");
    let mut scans = read_file(&Registry::new(nowhere)?, path, bytes, MAX_BYTES, reader)?;
    normalise::scans(&mut scans, path, &ReportSource::default(), nowhere, &mut Sources::new(nowhere));
    normalise::redact::run(&mut scans);
    Ok(scans)
}

/// What a worker answers that is asked to run a definition.
///
/// # Errors
/// As the worker's reply.
pub fn answer(parts: &[Vec<u8>]) -> crate::worker::Reply {
    definitions::isolated::answer(parts)
}

/// All readers that there are for a workspace, by name.
///
/// # Errors
/// Where one of the workspace's own definitions is wrong.
pub fn list(workspace: &Path) -> Result<Vec<ReaderInfo>, ReadError> {
    Registry::new(workspace)?.list()
}

/// How reports are written and what is read of them, for all readers of a workspace, by name.
///
/// # Errors
/// Where one of the workspace's own definitions is wrong.
pub fn guides(workspace: &Path) -> Result<Vec<Guide>, ReadError> {
    Registry::new(workspace)?.guides()
}

/// The same for one reader, or a tool that writes a standard (`codeql`, `bandit-sarif`).
///
/// # Errors
/// Where no reader has that name, or one of the workspace's own definitions is wrong.
pub fn guide(workspace: &Path, name: &str) -> Result<Guide, ReadError> {
    Registry::new(workspace)?.guide(name)
}
