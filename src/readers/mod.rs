//! IN: readers. Standards are read by Rust code, products by scanner definitions (`scanners/*.yml`).
//!
//! Exactly one reader must recognise a document. Nothing read must never look like nothing found: an unknown shape is
//! an error that names the file and the place.

mod cyclonedx;
mod error;
mod generic;
mod gitlab;
mod ids;
mod input;
mod leaf;
mod probe;
mod purl;
mod sarif;

use std::path::{Path, PathBuf};

pub use error::ReadError;
pub use input::MAX_BYTES;
pub use probe::{Format, Probe};

use crate::config::ReportSource;
use crate::finding::{Kind, Scan, assign_keys};

/// The readers in Rust, for the standards.
const STANDARDS: &[&dyn Reader] = &[&sarif::Sarif, &gitlab::GitLab, &cyclonedx::CycloneDx, &generic::Generic];

/// A report's text, ready to be read: decompressed, UTF-8, without byte order mark.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The report's path as given, for messages and as the last resort for a target.
    pub path: &'a str,
    /// The text.
    pub text: &'a str,
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
}

impl ReadOptions {
    /// Reads reports of a workspace, each by the reader that recognises it.
    #[must_use]
    pub fn new(workspace: impl Into<PathBuf>) -> Self {
        Self { workspace: workspace.into(), reader: None, max_bytes: MAX_BYTES }
    }
}

/// Reads reports, and gives every finding its keys.
///
/// # Errors
/// On the first report that is not there, that no reader (or more than one) recognises, or that cannot be read.
pub fn read_reports(sources: &[ReportSource], options: &ReadOptions) -> Result<Vec<Scan>, ReadError> {
    let mut scans = Vec::new();
    for source in sources {
        for path in input::expand(&options.workspace, &source.path)? {
            scans.extend(read_report(&path, source, options)?);
        }
    }
    Ok(scans)
}

fn read_report(path: &str, source: &ReportSource, options: &ReadOptions) -> Result<Vec<Scan>, ReadError> {
    let text = input::load(&options.workspace, path, options.max_bytes)?;
    let probe = Probe::new(path, &text)?;
    let reader = match source.reader.as_deref().or(options.reader.as_deref()) {
        Some(name) => named(name)?,
        None => recognise(path, &probe, &options.workspace)?,
    };
    let mut scans = reader.read(Input { path, text: &text, probe: &probe })?;
    for scan in &mut scans {
        scan.report = path.to_owned();
        assign_keys(scan);
    }
    Ok(scans)
}

fn named(name: &str) -> Result<&'static dyn Reader, ReadError> {
    STANDARDS
        .iter()
        .find(|reader| reader.name() == name || reader.aliases().contains(&name))
        .copied()
        .ok_or_else(|| ReadError::UnknownReader { name: name.to_owned(), similar: None })
}

fn recognise(path: &str, probe: &Probe, _workspace: &Path) -> Result<&'static dyn Reader, ReadError> {
    let found: Vec<_> = STANDARDS.iter().filter(|reader| reader.recognises(probe)).collect();
    match found[..] {
        [reader] => Ok(*reader),
        [] => Err(ReadError::Unrecognised { path: path.to_owned(), looks: String::new(), nearest: Vec::new() }),
        _ => Err(ReadError::Ambiguous {
            path: path.to_owned(),
            readers: found.iter().map(|reader| reader.name().to_owned()).collect(),
        }),
    }
}
