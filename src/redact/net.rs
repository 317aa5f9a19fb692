//! The net: everything in a text that one of the searches takes for a credential.

use std::borrow::Cow;
use std::ops::Range;

use super::Care;
use super::mask::{is_masked, mask, outermost};
use super::{address, assigned, random, tokens};

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
