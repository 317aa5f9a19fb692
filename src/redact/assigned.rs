//! Values of names such as `password`, headers that carry credentials, and all that is quoted or assigned in texts that are
//! about a credential.

use std::ops::Range;

use super::Care;
use super::names::{is_name, is_private};

/// Headers whose whole value is a credential.
const HEADERS: &[&str] = &[
    "authorization",
    "proxyauthorization",
    "cookie",
    "setcookie",
    "xapikey",
    "xauthtoken",
    "xcsrftoken",
    "wwwauthenticate",
];
/// What is longer is no value of a name but a document, in bytes.
const MAX_VALUE: usize = 4096;
/// What a cookie says of itself.
const ATTRIBUTES: &[&str] =
    &["path", "expires", "domain", "samesite", "maxage", "httponly", "secure", "version", "comment", "priority"];
/// Words that name a way to log in, before the credential.
const SCHEMES: &[&str] = &["basic", "bearer", "token", "digest", "negotiate", "ntlm", "apikey"];

pub(super) fn find(text: &str, care: Care, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    // Where the last cookies end, and the last other header: each goes to the end of its line.
    let mut ends = [0, 0];
    let mut word_end = 0;
    for at in memchr::memchr2_iter(b'=', b':', bytes) {
        // `://`, `==` and `::` assign nothing.
        if bytes[at] == b':' && bytes[at + 1..].starts_with(b"//") {
            continue;
        }
        let Some(name) = name_before(text, at) else { continue };
        if let Some(header) = HEADERS.iter().find(|header| is_header(name, header)) {
            let is_cookie = header.contains("cookie");
            if at >= ends[usize::from(is_cookie)] {
                ends[usize::from(is_cookie)] = header_value(text, at + 1, is_cookie, found);
            }
        } else if is_private(name) {
            value(text, at + 1, care, &mut word_end, found);
        }
    }
    logins(text, found);
}

/// `Bearer …` and `Basic …` without a name before.
fn logins(text: &str, found: &mut Vec<Range<usize>>) {
    let starts = ["Bearer ", "Basic "]
        .into_iter()
        .flat_map(|scheme| memchr::memmem::find_iter(text.as_bytes(), scheme).map(move |at| at + scheme.len()));
    for start in starts {
        let length = text[start..].bytes().take_while(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(b)).count();
        let word = text[start..start + length].trim_end_matches('.');
        let has = |test: fn(&u8) -> bool| word.bytes().any(|byte| test(&byte));
        if word.len() >= 8
            && (has(u8::is_ascii_digit)
                || word.ends_with('=')
                || has(u8::is_ascii_lowercase) && word.bytes().skip(1).any(|b| b.is_ascii_uppercase()))
        {
            found.push(start..start + word.len());
        }
    }
}

fn is_header(name: &str, header: &str) -> bool {
    let mut letters = name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    let mut wanted = header.bytes();
    loop {
        match (letters.next(), wanted.next()) {
            (None, None) => return true,
            (a, b) if a == b => {}
            _ => return false,
        }
    }
}

/// The name that a separator follows, also a quoted one.
fn name_before(text: &str, at: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut end = at;
    let mut skip = |test: fn(u8) -> bool| {
        let start = end;
        while end > 0 && start - end < 3 && test(bytes[end - 1]) {
            end -= 1;
        }
    };
    skip(|byte| matches!(byte, b':' | b'=' | b' ' | b'\t'));
    skip(|byte| matches!(byte, b'"' | b'\'' | b'`' | b']' | b'\\' | b')'));
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'%' | b'$');
    let length = bytes[..end].iter().rev().take(64).take_while(is_part).count();
    (length > 0).then(|| &text[end - length..end])
}

/// Where a value begins behind a separator: after `=`, `>`, spaces, words such as `Bearer`; and its quote.
fn skip_to_value(text: &str, mut at: usize) -> (usize, Option<u8>) {
    let bytes = text.as_bytes();
    let mut left = 4;
    while left > 0 && bytes.get(at).is_some_and(|byte| matches!(byte, b'=' | b'>' | b' ' | b'\t' | b':')) {
        at += 1;
        left -= 1;
    }
    // Quotes of texts in texts are escaped.
    while bytes.get(at) == Some(&b'\\') && bytes.get(at + 1).is_some_and(|byte| matches!(byte, b'"' | b'\'')) {
        at += 1;
    }
    // b"…", f'…', r"…"
    if bytes.get(at).is_some_and(|byte| matches!(byte, b'b' | b'f' | b'r' | b'u' | b'@' | b'$'))
        && bytes.get(at + 1).is_some_and(|byte| matches!(byte, b'"' | b'\''))
    {
        at += 1;
    }
    match bytes.get(at) {
        Some(quote @ (b'"' | b'\'' | b'`')) => (at + 1, Some(*quote)),
        _ => (at, None),
    }
}

/// The value behind a separator, or behind the word that names a way to log in.
fn value(text: &str, at: usize, care: Care, word_end: &mut usize, found: &mut Vec<Range<usize>>) {
    let after_scheme = one_value(text, at, care, word_end, found);
    after_scheme.and_then(|at| one_value(text, at, Care::Strict, word_end, found));
}

/// Takes one word for the value; where that names a way to log in, its end. The end of the last word is kept, as names and
/// values may follow each other in one word without end.
fn one_value(text: &str, at: usize, care: Care, word_end: &mut usize, found: &mut Vec<Range<usize>>) -> Option<usize> {
    let (start, quote) = skip_to_value(text, at);
    // What is a parameter's is found as one.
    if quote.is_none() && is_parameter(text, at) {
        return None;
    }
    let rest = &text[start..];
    let length = match quote {
        Some(quote) => quoted(rest, quote),
        None => {
            let is_part = |byte: &u8| !byte.is_ascii_whitespace() && !b",;&\"'<>`|)}]".contains(byte);
            if start >= *word_end {
                *word_end = start + rest.bytes().take_while(is_part).count();
            }
            *word_end - start
        }
    };
    if length > MAX_VALUE {
        return None;
    }
    let written = &rest[..length];
    if SCHEMES.contains(&written.to_ascii_lowercase().as_str()) && quote.is_none() {
        return Some(start + length);
    }
    let written = if quote.is_none() { written.trim_end_matches(['.', ':']) } else { written };
    if is_value(written, quote.is_some(), care) {
        found.push(start..start + written.len());
    }
    None
}

/// Whether what is assigned at a place is a parameter of an address.
fn is_parameter(text: &str, at: usize) -> bool {
    let name = text[..at].trim_end_matches('=');
    let name = name.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "-_.%$[]~+".contains(c));
    name.ends_with(['?', '&', '#', ';']) && text.as_bytes().get(at).is_some_and(|byte| !byte.is_ascii_whitespace())
}

/// The length of a quoted text, to its end or the line's.
fn quoted(rest: &str, quote: u8) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'\n' => return at,
            _ if escaped => escaped = false,
            // The end of a quote inside of a text is escaped as its beginning was.
            b'\\' if rest.as_bytes().get(at + 1) != Some(&quote) => escaped = true,
            b'\\' => return at,
            _ if byte == quote => return at,
            _ => {}
        }
    }
    rest.len()
}

/// Whether a value is one: no placeholder, no name, no word of prose.
fn is_value(value: &str, is_quoted: bool, care: Care) -> bool {
    let is_placeholder = value.starts_with(['{', '<'])
        || value.starts_with("${")
        || value.starts_with("$(")
        || value.starts_with("{{")
        || value.starts_with('%') && value.ends_with('%')
        || matches!(
            value.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "none" | "undefined" | "string" | "nil"
        );
    if is_placeholder || value.len() < 3 || is_name(value) {
        return false;
    }
    let has_digit = value.contains(|c: char| c.is_ascii_digit());
    let has_symbol = value.contains(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_' | '-' | '[' | '(' | '/'));
    let is_call = value.contains(['(', '[']) && !has_digit;
    match (is_quoted, care) {
        (true, Care::Strict) => true,
        (true, _) => value.len() >= 4 && !(value.contains(' ') && !has_digit && value.len() > 40),
        (false, Care::Strict) => value.len() >= 4 && !is_call,
        (false, _) => value.len() >= 6 && (has_digit || has_symbol) && !is_call && !value.starts_with("http"),
    }
}

/// The values of a header to the end of its line, and where that is; of a cookie what it says of itself stays.
fn header_value(text: &str, start: usize, is_cookie: bool, found: &mut Vec<Range<usize>>) -> usize {
    let line = text[start..].split(['\n', '\r']).next().unwrap_or_default();
    // A header in an option of a command ends with its quote.
    let line = line.split(['"', '\'', '`']).next().unwrap_or_default();
    let mut at = start;
    for part in line.split_inclusive(|c| c == ';' && is_cookie) {
        let trimmed = part.trim_end_matches(';').trim();
        let offset = at + (part.len() - part.trim_start().len());
        at += part.len();
        if is_cookie {
            let Some((name, value)) = trimmed.split_once('=') else { continue };
            let plain: String =
                name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
            if !ATTRIBUTES.contains(&plain.as_str()) && !value.is_empty() {
                found.push(offset + name.len() + 1..offset + trimmed.len());
            }
            continue;
        }
        let mut words = trimmed.split_whitespace();
        let first = words.next().unwrap_or_default();
        let is_scheme = SCHEMES.contains(&first.to_ascii_lowercase().as_str());
        let value = if is_scheme { trimmed[first.len()..].trim_start() } else { trimmed };
        // Sentences tell of a header; credentials have no spaces, but for what digests name.
        let is_one = !value.contains(char::is_whitespace) || is_scheme && value.contains('=');
        if value.len() >= 6 && is_one {
            found.push(offset + trimmed.len() - value.len()..offset + trimmed.len());
        }
    }
    start + line.len()
}

/// In texts that are about a credential: all that is quoted, and what is assigned or has digits and stands alone.
pub(super) fn find_quoted(text: &str, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let opens = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        if matches!(byte, b'"' | b'\'' | b'`') && opens {
            let length = quoted(&text[at + 1..], byte);
            let inside = &text[at + 1..at + 1 + length];
            let is_closed = bytes.get(at + 1 + length) == Some(&byte);
            if is_closed && inside.len() >= 3 && !is_name(inside) && !is_known(inside) {
                found.push(at + 1..at + 1 + length);
            }
            at += if is_closed { length + 2 } else { 1 };
            continue;
        }
        at += 1;
    }
    let mut end = 0;
    for word in text.split(|c: char| c.is_whitespace() || "\"'`=,;(){}[]<>|".contains(c)) {
        let start = text[end..].find(word).map_or(end, |at| end + at);
        end = start + word.len();
        if word.len() < 4 {
            continue;
        }
        let before = text[..start].trim_end();
        let word = word.trim_end_matches(['.', ':', '…', '!', '?']);
        let is_assigned = before.ends_with(['=', ':']) && !before.ends_with("::") && !before.ends_with("://");
        let has_digit = word.contains(|c: char| c.is_ascii_digit());
        if word.len() >= 8
            && (is_assigned && !goes_on(word, &text[end..]) || has_digit)
            && !is_known(word)
            && !is_name(word)
        {
            found.push(start..start + word.len());
        }
        // `username: x`, `password y` and the like are short.
        if (4..8).contains(&word.len()) && is_assigned && has_digit && !is_known(word) {
            found.push(start..start + word.len());
        }
    }
}

/// Whether a word after a colon begins a sentence.
fn goes_on(word: &str, rest: &str) -> bool {
    let is_word = word.bytes().skip(1).all(|byte| byte.is_ascii_lowercase() || byte == b'-') && word.len() <= 16;
    is_word && rest.starts_with(' ') && rest.trim_start().starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Identifiers, versions, dates, numbers, addresses and paths, which are looked at elsewhere.
fn is_known(word: &str) -> bool {
    let word = word.trim_matches(|c: char| matches!(c, '(' | ')' | '[' | ']' | '*' | '#'));
    // `GET /info`
    let is_request = word.split_once(' ').is_some_and(|(method, path)| {
        method.bytes().all(|byte| byte.is_ascii_uppercase()) && path.starts_with('/') && !path.contains(' ')
    });
    let is_id = |separator: char| {
        word.split_once(separator).is_some_and(|(name, number)| {
            let number = number.trim_start_matches(|c: char| c.is_ascii_uppercase());
            name.len() <= 8
                && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b':'))
        })
    };
    let letters = word.bytes().take_while(|byte| byte.is_ascii_alphabetic() || *byte == b'-').count();
    let is_algorithm = (2..=8).contains(&letters)
        && word.len() - letters <= 4
        && word.bytes().skip(letters).all(|byte| byte.is_ascii_digit())
        && word.len() <= 10
        && word[..letters].bytes().all(|b| b.is_ascii_uppercase());
    let is_path =
        word.contains('/') && word.rsplit(['/', ':']).any(|part| part.contains('.')) && !word.contains(['=', '+', '@'])
            || word.contains("://")
            || word.starts_with('/') && word.bytes().all(|byte| byte.is_ascii_alphabetic() || b"/._-".contains(&byte));
    is_request
        || is_id('-')
        || is_id(':')
        || is_algorithm
        || is_path
        || word.bytes().all(|byte| byte.is_ascii_digit() || b".-:/%".contains(&byte))
        || word.starts_with(super::MASK)
}
