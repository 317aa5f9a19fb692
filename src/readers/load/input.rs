//! A report's bytes → text: found by path or glob, decompressed, decoded, bounded in size.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;

use crate::config::{FilesError, files};
use crate::disk;
use crate::readers::{Confined, ReadError};

/// What a report may measure at most after decompression, in bytes.
pub const MAX_BYTES: u64 = 1 << 30;

/// How much larger than its compressed form a report may be.
const MAX_RATIO: u64 = 100;
/// What may be inflated in any case, in bytes.
const MIN_INFLATED: u64 = 32 << 20;

/// Resolves a path or glob below the workspace to the reports that it means, as given; `-` is standard input.
///
/// # Errors
/// Where it leads to no file, or the glob cannot be followed.
pub(crate) fn expand(workspace: &Path, pattern: &str) -> Result<Vec<String>, ReadError> {
    if pattern == "-" {
        return Ok(vec![pattern.to_owned()]);
    }
    let bad = |error: FilesError| ReadError::BadGlob { pattern: pattern.to_owned(), detail: error.to_string() };
    let found = files(workspace, pattern).map_err(bad)?;
    if found.is_empty() {
        return Err(ReadError::NoMatch { pattern: pattern.to_owned() });
    }
    Ok(found.into_iter().map(|path| path.to_string_lossy().into_owned()).collect())
}

/// Reads a report's bytes as they are.
///
/// # Errors
/// Where there is no such file, or it is too large.
pub(crate) fn load(workspace: &Path, path: &str, limit: u64, confined: Confined) -> Result<Vec<u8>, ReadError> {
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    if path == "-" {
        bounded(io::stdin().lock(), 0, path, limit)
    } else {
        let mut file = workspace.join(path);
        let is_ours = confined == Confined::Whole || disk::is_below(workspace, Path::new(path));
        if confined != Confined::No && is_ours {
            file = disk::inside(workspace, Path::new(path)).map_err(io)?;
            let is_other = |kind: std::fs::FileType| !kind.is_file() && !kind.is_dir();
            if std::fs::metadata(&file).is_ok_and(|metadata| is_other(metadata.file_type())) {
                return Err(io(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")));
            }
        }
        let file = File::open(file).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if metadata.is_dir() {
            return Err(ReadError::Directory { path: path.to_owned() });
        }
        bounded(file, metadata.len(), path, limit)
    }
}

/// What may come out of compressed bytes, at most: what shrinks more than reports do is no report.
pub(crate) fn inflated_limit(limit: u64, compressed: u64) -> u64 {
    limit.min((MAX_RATIO * compressed).max(MIN_INFLATED))
}

/// A report's text: decompressed, decoded to UTF-8, without byte order mark.
///
/// # Errors
/// Where the bytes are empty, too large or no text.
pub(crate) fn text(mut bytes: Vec<u8>, path: &str, limit: u64) -> Result<Bytes, ReadError> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let limit = inflated_limit(limit, bytes.len() as u64);
        bytes = bounded(MultiGzDecoder::new(bytes.as_slice()), 0, path, limit)?;
    }
    let text = decode(bytes, path)?;
    if text.trim_start().is_empty() {
        return Err(ReadError::Empty { path: path.to_owned() });
    }
    Ok(text.into_bytes().into())
}

/// What [`text`] gives, as the text that it is.
///
/// # Errors
/// Where the bytes are none of [`text`]'s.
pub(crate) fn utf8<'b>(bytes: &'b Bytes, path: &str) -> Result<&'b str, ReadError> {
    std::str::from_utf8(bytes).map_err(|_| ReadError::NotText { path: path.to_owned() })
}

/// All there is, as long as it is no more than the limit. The length that is expected spares it from growing.
fn bounded(reader: impl io::Read, expected: u64, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
    // One more, to see the end without growing.
    let mut bytes = Vec::with_capacity(usize::try_from(expected.min(limit)).unwrap_or(0) + 1);
    reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

/// Decodes UTF-8 and UTF-16, by byte order mark or by the look of the first characters, and what an XML declaration
/// names. A stray byte becomes U+FFFD: source lines in a report may be in any encoding.
fn decode(bytes: Vec<u8>, path: &str) -> Result<String, ReadError> {
    let encoding = match (Encoding::for_bom(&bytes), &bytes[..]) {
        (Some((encoding, _)), _) => encoding,
        (None, [0, b'{' | b'[' | b'<', ..]) => UTF_16BE,
        (None, [b'{' | b'[' | b'<', 0, ..]) => UTF_16LE,
        _ => xml_encoding(&bytes).unwrap_or(UTF_8),
    };
    let text = if encoding == UTF_8 {
        match String::from_utf8(bytes) {
            Ok(text) if text.starts_with('\u{feff}') => text['\u{feff}'.len_utf8()..].to_owned(),
            Ok(text) => text,
            Err(error) => UTF_8.decode(error.as_bytes()).0.into_owned(),
        }
    } else {
        encoding.decode(&bytes).0.into_owned()
    };
    let start = &text.as_bytes()[..text.len().min(4096)];
    if start.contains(&0) { Err(ReadError::NotText { path: path.to_owned() }) } else { Ok(text) }
}

/// The encoding that an XML declaration names.
fn xml_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let declaration = bytes.strip_prefix(b"<?xml")?;
    let end = declaration.iter().take(200).position(|byte| *byte == b'>')?;
    let declaration = std::str::from_utf8(&declaration[..end]).ok()?;
    let label = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = label.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    // The bytes are no UTF-16, or we would not have been able to read so far.
    Encoding::for_label(label[1..].split(quote).next()?.as_bytes()).filter(|e| *e != UTF_16LE && *e != UTF_16BE)
}
