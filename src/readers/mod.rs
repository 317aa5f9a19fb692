//! IN: readers. Standards are read by Rust code, products by scanner definitions (`scanners/*.yml`).
//!
//! Exactly one reader must recognise a document. Nothing read must never look like nothing found: an unknown shape is
//! an error that names the file and the place.

use crate::finding::Scan;

/// A report's text, ready to be read: decompressed, UTF-8, without byte order mark.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The report's path as given, for messages and as the last resort for a target.
    pub path: &'a str,
    /// The text.
    pub text: &'a str,
}

/// One format that we read.
pub trait Reader: Send + Sync {
    /// Name on the command line and in JSON: `sarif`, `trivy`.
    fn name(&self) -> &str;
    /// Name for people: `SARIF 2.1.0`.
    fn title(&self) -> &str;
    /// Reads a report. Keys are not assigned yet, and paths are as written.
    ///
    /// # Errors
    /// Where the text is not what the format promises: containers are strict, leaves are lenient.
    fn read(&self, input: Input<'_>) -> Result<Vec<Scan>, ReadError>;
}

/// Why a report could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Placeholder for the first variants; the readers' owner completes this list.
    #[error("cannot read {path}: {detail}")]
    Malformed {
        /// The report.
        path: String,
        /// What is wrong, and where (JSON path, line, column).
        detail: String,
    },
}
