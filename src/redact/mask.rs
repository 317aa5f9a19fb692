//! The mask: what stands where a secret stood.

use std::borrow::Cow;
use std::ops::Range;

/// A mask is not longer than this, in bytes.
const MAX_MASK: usize = 1024;

/// What stands where a secret stood.
pub const MASK: &str = "[secret]";

/// Puts the mask where something was found. What is masked already stays as it is.
pub(super) fn mask(text: &str, mut found: Vec<Range<usize>>) -> Cow<'_, str> {
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
pub(super) fn outermost(found: &mut Vec<Range<usize>>) {
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
