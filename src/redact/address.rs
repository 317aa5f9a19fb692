//! Credentials in addresses, wherever in a text they stand: logins, parameters, sessions in paths, addresses in addresses.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::names::{is_private_parameter, is_session};

/// How often a parameter's value is decoded to look for an address in it.
const LAYERS: usize = 3;

pub(super) fn find(text: &str, found: &mut Vec<Range<usize>>) {
    for (at, _) in text.match_indices("://") {
        found.extend(login(text, at + 3));
    }
    parameters(text, found);
    sessions(text, found);
}

const fn ends_address(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'|' | b'\\')
}

/// User and password before the host. A user alone is none, unless it might be a token.
fn login(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = &text.as_bytes()[start..];
    let length = bytes.iter().take_while(|byte| !ends_address(**byte)).count();
    let address = &text[start..start + length];
    let authority = address.split(['/', '?', '#']).next().unwrap_or_default();
    let end = match authority.rfind('@') {
        Some(at) => at,
        // A password that was not encoded may hold what ends an authority.
        None => {
            let (_, port) = authority.split_once(':')?;
            let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            address.find('@').filter(|_| !is_port)?
        }
    };
    let login = &address[..end];
    let is_credential = login.contains(':') || login.len() >= 12 && login.contains(|c: char| c.is_ascii_digit());
    is_credential.then(|| start..start + end)
}

/// Values of parameters: after `?`, `&`, `;` or `#`, and the name says that they are private, or they hold an address that
/// has such.
fn parameters(text: &str, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'=', bytes) {
        let is_in_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_.%$[]~+".contains(byte);
        let length = bytes[..at].iter().rev().take(96).take_while(is_in_name).count();
        let name = &text[at - length..at];
        let Some(before) = (at - length).checked_sub(1).map(|before| bytes[before]) else { continue };
        if name.is_empty() || !matches!(before, b'?' | b'&' | b';' | b'#' | b'/') {
            continue;
        }
        let value =
            bytes[at + 1..].iter().take_while(|byte| !ends_address(**byte) && !matches!(byte, b'&' | b';' | b'#'));
        // A parameter of a path ends where the query begins.
        let value = value.take_while(|byte| before != b';' || !matches!(byte, b'?' | b'/')).count();
        // What ends a sentence, or the brackets that an address stands in, is no part of it.
        let value = text[at + 1..at + 1 + value].trim_end_matches([',', ')', ']', '}', '.']).len();
        let range = at + 1..at + 1 + value;
        if value > 0 && (is_private_parameter(name) || holds_credentials(&text[range.clone()])) {
            found.push(range);
        }
    }
}

/// Whether a value is an address in an address that has credentials of its own.
fn holds_credentials(value: &str) -> bool {
    let mut value = value.to_owned();
    for _ in 0..LAYERS {
        let decoded = percent_decode_str(&value).decode_utf8_lossy().into_owned();
        let mut inner = Vec::new();
        for (at, _) in decoded.match_indices("://") {
            inner.extend(login(&decoded, at + 3));
        }
        if decoded != value {
            parameters(&decoded, &mut inner);
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
    for (at, start) in text.match_indices("/(") {
        let inside = &text[at + start.len()..];
        if let Some(end) = inside.find(")/").or_else(|| inside.ends_with(')').then(|| inside.len() - 1))
            && (inside.starts_with("S(") || inside.starts_with("A(") || inside.starts_with("F("))
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
