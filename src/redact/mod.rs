//! Takes out of texts what looks like a credential, whoever wrote it: the net under all that is read and printed.
//!
//! What is known to be a secret is taken out where it is known (`readers/normalise/redact.rs`); this is for what nobody named.

mod address;
mod assigned;
mod names;
mod random;
mod tokens;
mod values;

use std::borrow::Cow;
use std::ops::Range;

pub use address::without_session;
pub use values::{only_words_of, plain_name, without_values};

/// A mask is not longer than this, in bytes.
const MAX_MASK: usize = 1024;
/// What stands where a secret stood.
pub const MASK: &str = "[secret]";

/// How much is taken for a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Care {
    /// What has a credential's form: tokens of known services, private keys, logins in addresses, values of names such as
    /// `password`.
    Certain,
    /// Also words that only a machine can have made.
    Likely,
    /// Also all that is quoted or assigned, and words with digits: for texts that are about a credential, or that repeat
    /// what a server answered.
    Strict,
}

/// A text without credentials.
#[must_use]
pub fn text(text: &str, care: Care) -> Cow<'_, str> {
    mask(text, find(text, care))
}

/// What in a text is taken for a credential.
pub fn found(text: &str, care: Care) -> impl Iterator<Item = &str> {
    find(text, care).into_iter().map(|range| &text[range]).filter(|value| !is_masked(value))
}

fn find(text: &str, care: Care) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if text.len() < 4 {
        return found;
    }
    tokens::find(text, &mut found);
    address::find(text, &mut found);
    assigned::find(text, care, &mut found);
    if care >= Care::Likely {
        random::find(text, &mut found);
    }
    if care == Care::Strict {
        assigned::find_quoted(text, &mut found);
    }
    found
}

/// The credentials in an address.
pub fn credentials(address: &str) -> impl Iterator<Item = &str> {
    let mut found = Vec::new();
    address::find(address, &mut found);
    outermost(&mut found);
    found.into_iter().map(|range| &address[range])
}

/// Changes a text where it holds credentials.
pub fn clean(text: &mut String, care: Care) {
    if let Cow::Owned(cleaned) = self::text(text, care) {
        *text = cleaned;
    }
}

/// Puts the mask where something was found. What is masked already stays as it is.
fn mask(text: &str, mut found: Vec<Range<usize>>) -> Cow<'_, str> {
    found.retain(|range| range.start < range.end && !is_masked(&text[range.clone()]));
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    outermost(&mut found);
    let mut clean = String::with_capacity(text.len());
    let mut end = 0;
    for range in found {
        if range.start >= end {
            clean.push_str(&text[end..range.start]);
            // What touches is one secret.
            if !(range.start == end && clean.ends_with(MASK)) {
                clean.push_str(MASK);
            }
        }
        end = end.max(range.end);
    }
    clean.push_str(&text[end..]);
    Cow::Owned(clean)
}

/// Sorts what was found, without what lies in another: values lie in values without end.
fn outermost(found: &mut Vec<Range<usize>>) {
    found.sort_unstable_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut end = 0;
    found.retain(|range| {
        let is_new = range.end > end;
        end = end.max(range.end);
        is_new
    });
}

/// Whether a value is no value but a mask (`REDACTED`, `****`).
#[must_use]
pub fn is_masked(value: &str) -> bool {
    if value.len() > MAX_MASK {
        return false;
    }
    let upper = value.to_ascii_uppercase();
    upper.contains("REDACTED")
        || upper.contains("MASKED")
        || value.contains("***")
        || value.starts_with(MASK.trim_end_matches(']'))
        || value.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.'))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
