//! Credentials in addresses, wherever in a text they stand: logins, parameters, sessions in paths, addresses in addresses.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::names::{is_private_parameter, is_session};

/// How often a parameter's value is decoded to look for an address in it.
const LAYERS: usize = 3;
/// How far behind `://` the end of a login is looked for where nothing ends the host before, and a session in a path, in
/// bytes.
const MAX_LOGIN: usize = 2048;
const MAX_SESSION: usize = 256;
/// Brackets and dots behind an address that are no part of it.
const MAX_CLOSING: usize = 16;
/// How many times a text's own length of values in it is decoded to look for addresses, and the least of that in bytes:
/// values may lie in values without end.
const WORK: usize = 16;
const LEAST_WORK: usize = 1 << 16;

pub(super) fn find(text: &str, found: &mut Vec<Range<usize>>) {
    logins(text, found);
    let mut work = text.len().saturating_mul(WORK).max(LEAST_WORK);
    parameters(text, &mut work, found);
    sessions(text, found);
}

fn logins(text: &str, found: &mut Vec<Range<usize>>) {
    let mut end = 0;
    for (at, _) in text.match_indices("://") {
        found.extend(login(text, at + 3, &mut end));
    }
}

/// The first end at or behind a place. Places only grow, so that one end serves all that lie before it.
fn next_end(bytes: &[u8], start: usize, end: &mut usize, is_end: impl Fn(u8) -> bool) -> usize {
    if *end < start || start == 0 {
        *end = bytes[start..].iter().position(|byte| is_end(*byte)).map_or(bytes.len(), |length| start + length);
    }
    *end
}

const fn ends_address(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'|' | b'\\')
}

/// User and password before the host. A user alone is none, unless it might be a token.
fn login(text: &str, start: usize, end: &mut usize) -> Option<Range<usize>> {
    let address = &text[start..next_end(text.as_bytes(), start, end, ends_address)];
    let authority = address.split(['/', '?', '#']).next().unwrap_or_default();
    let end = match authority.rfind('@') {
        Some(at) => at,
        // A password that was not encoded may hold what ends an authority.
        None => {
            let (_, port) = authority.split_once(':')?;
            let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            address.bytes().take(MAX_LOGIN).position(|byte| byte == b'@').filter(|_| !is_port)?
        }
    };
    let login = &address[..end];
    let is_credential = login.contains(':') || login.len() >= 12 && login.contains(|c: char| c.is_ascii_digit());
    is_credential.then(|| start..start + end)
}

/// Values of parameters: after `?`, `&`, `;` or `#`, and the name says that they are private, or they hold an address that
/// has such.
fn parameters(text: &str, work: &mut usize, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut end = 0;
    for at in memchr::memchr_iter(b'=', bytes) {
        let is_in_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_.%$[]~+".contains(byte);
        let length = bytes[..at].iter().rev().take(96).take_while(is_in_name).count();
        let name = &text[at - length..at];
        let Some(before) = (at - length).checked_sub(1).map(|before| bytes[before]) else { continue };
        if name.is_empty() || !matches!(before, b'?' | b'&' | b';' | b'#' | b'/') {
            continue;
        }
        let is_end = |byte| ends_address(byte) || matches!(byte, b'&' | b';' | b'#');
        let mut value = at + 1..next_end(bytes, at + 1, &mut end, is_end);
        if before == b';' {
            // A parameter of a path ends where the query begins.
            let length = bytes[value.clone()].iter().position(|byte| matches!(byte, b'?' | b'/'));
            value.end = length.map_or(value.end, |length| value.start + length);
        }
        // What ends a sentence, or the brackets that an address stands in, is no part of it.
        let closing = bytes[value.clone()].iter().rev().take(MAX_CLOSING);
        value.end -= closing.take_while(|byte| matches!(byte, b',' | b')' | b']' | b'}' | b'.')).count();
        if !value.is_empty() && (is_private_parameter(name) || holds_credentials(&text[value.clone()], work)) {
            found.push(value);
        }
    }
}

/// Whether a value is an address in an address that has credentials of its own. Where too much is to be looked at to say, it is
/// taken for one.
fn holds_credentials(value: &str, work: &mut usize) -> bool {
    let mut value = value.to_owned();
    for _ in 0..LAYERS {
        let Some(left) = work.checked_sub(value.len()) else { return true };
        *work = left;
        let decoded = percent_decode_str(&value).decode_utf8_lossy().into_owned();
        let mut inner = Vec::new();
        logins(&decoded, &mut inner);
        if decoded != value {
            parameters(&decoded, work, &mut inner);
        }
        sessions(&decoded, &mut inner);
        if !inner.is_empty() {
            return true;
        }
        if decoded == value {
            return false;
        }
        value = decoded;
    }
    false
}

/// Sessions in paths: `/(S(lit3py55t21z5v55vlm25s55))/`.
fn sessions(text: &str, found: &mut Vec<Range<usize>>) {
    let start = "/(";
    for at in memchr::memmem::find_iter(text.as_bytes(), start) {
        let inside = &text[at + start.len()..];
        if !["S(", "A(", "F("].iter().any(|kind| inside.starts_with(kind)) {
            continue;
        }
        let near = &inside.as_bytes()[..inside.len().min(MAX_SESSION)];
        let is_last = near.len() == inside.len() && inside.ends_with(')');
        let end = near.windows(2).position(|two| two == b")/").or_else(|| is_last.then(|| inside.len() - 1));
        if let Some(end) = end
            && !inside[..end].contains(char::is_whitespace)
        {
            found.push(at + start.len() + 2..at + start.len() + end.saturating_sub(1).max(2));
        }
    }
}

/// An address without the sessions in its path, which make of one page many.
#[must_use]
pub fn without_session(url: &str) -> String {
    let (path, rest) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
    if !path.contains(';') && !path.contains("/(") {
        return url.to_owned();
    }
    let segments = path.split('/').filter(|segment| {
        let is_session = segment.strip_prefix('(').and_then(|inner| inner.strip_suffix("))"));
        !is_session.is_some_and(|inner| matches!(inner.get(..2), Some("S(" | "A(" | "F(")))
    });
    let segments = segments.map(|segment| {
        let mut parts = segment.split(';');
        let first = parts.next().unwrap_or_default().to_owned();
        let is_kept = |part: &&str| !part.split_once('=').is_some_and(|(name, _)| is_session(name));
        parts.filter(is_kept).fold(first, |segment, part| format!("{segment};{part}"))
    });
    segments.collect::<Vec<_>>().join("/") + rest
}
