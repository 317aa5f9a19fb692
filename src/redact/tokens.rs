//! Tokens of known services by their beginnings (`tokens.tsv`), private keys, JSON web tokens, hashes of passwords, cards.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

struct Token {
    start: &'static str,
    set: u8,
    least: usize,
    /// Whether other words begin so, too.
    is_weak: bool,
}

static TOKENS: LazyLock<Vec<Token>> = LazyLock::new(|| {
    let lines = include_str!("tokens.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(token).collect()
});

static STARTS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let starts = TOKENS.iter().map(|token| token.start).chain(OTHERS);
    // All texts go through it: the quickest of its kinds, which is small for so few beginnings.
    let builder = AhoCorasick::builder().match_kind(MatchKind::Standard).kind(Some(AhoCorasickKind::DFA)).build(starts);
    builder.ok()
});

/// How JSON web tokens, private keys and hashes of passwords begin.
const OTHERS: [&str; 9] = ["eyJ", "-----BEGIN ", "-----begin ", "$2a$", "$2b$", "$2y$", "$6$", "$5$", "$argon2"];

/// How much of a token must be there where the text ends in it.
const LEAST_CUT: usize = 8;
/// How much of what follows a beginning is looked at to tell whether it is a token, in bytes.
const LOOKED_AT: usize = 512;

fn token(line: &'static str) -> Option<Token> {
    let mut parts = line.split('\t');
    let (start, set, least) = (parts.next()?, parts.next()?, parts.next()?);
    let (least, is_weak) = least.strip_suffix('!').map_or((least, false), |least| (least, true));
    Some(Token { start, set: *set.as_bytes().first()?, least: least.parse().ok()?, is_weak })
}

fn is_in(set: u8, byte: u8) -> bool {
    match set {
        b'h' => byte.is_ascii_hexdigit(),
        b'a' => byte.is_ascii_alphanumeric(),
        b'u' => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
        // Hashes of passwords.
        b'$' => is_in(b'b', byte) || matches!(byte, b'$' | b','),
        _ => byte.is_ascii_alphanumeric() || b"-_.+/=~:|%".contains(&byte),
    }
}

pub(super) fn find(text: &str, found: &mut Vec<Range<usize>>) {
    cards(text, found);
    let Some(starts) = STARTS.as_ref() else { return };
    let bytes = text.as_bytes();
    // Where a run of each set ends, and what is found so far: beginnings may lie in runs without end, each of which is
    // looked at once. Hits come in the order of their ends.
    let mut ends = [(b'h', None), (b'a', None), (b'u', None), (b'b', None), (b'$', None)];
    let (mut key_end, mut covered) = (0, 0);
    for hit in starts.find_overlapping_iter(text) {
        let (start, end) = (hit.start(), hit.end());
        let before = start.checked_sub(1).map(|at| bytes[at]);
        let rest = &bytes[end..];
        let mut run = |set| {
            let Some((_, known)) = ends.iter_mut().find(|(known, _)| *known == set) else { return 0 };
            let last = known
                .filter(|known| *known >= end)
                .unwrap_or_else(|| end + rest.iter().take_while(|byte| is_in(set, **byte)).count());
            *known = Some(last);
            last - end
        };
        let Some(token) = TOKENS.get(hit.pattern().as_usize()) else {
            match &text[start..end] {
                "-----BEGIN " | "-----begin " if start < key_end => {}
                "-----BEGIN " | "-----begin " => {
                    let key = private_key(text, start);
                    key_end = key.as_ref().map_or(key_end, |key| key.end);
                    found.extend(key);
                }
                "eyJ" => {
                    let length = run(b'b');
                    let is_jwt = length >= 20 && rest[..length.min(40)].contains(&b'.');
                    let is_alone = before.is_none_or(|byte| !byte.is_ascii_alphanumeric());
                    found.extend((is_alone && (is_jwt || length >= 40)).then_some(start..end + length));
                }
                _ => {
                    let length = run(b'$');
                    found.extend((length >= 20).then_some(start..end + length));
                }
            }
            continue;
        };
        // `before` is part of the word: then the beginning is none.
        let begins = !token.start.starts_with(|c: char| c.is_ascii_alphanumeric())
            || before.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let length = run(token.set);
        if end + length <= covered {
            continue;
        }
        let tail = &text[end..end + length.min(LOOKED_AT)];
        let tail = if token.set == b'b' { tail.trim_end_matches(['.', ':', '=', '/', '-', '_']) } else { tail };
        // Where the text ends, the token may have been cut off.
        let is_cut =
            end + length == text.len() && tail.len() >= LEAST_CUT && tail.bytes().any(|byte| byte.is_ascii_digit());
        if begins && (is_cut || tail.len() >= token.least) && (!token.is_weak || is_mixed(tail)) {
            // A token that goes on over other characters is masked to its end.
            let more = rest[length..].iter().take_while(|byte| is_in(b'u', **byte)).count();
            covered = end + length + more;
            found.push(start..covered);
        }
    }
}

/// Whether a text is of digits and both cases, or has several digits among its letters.
fn is_mixed(text: &str) -> bool {
    let count = |test: fn(&u8) -> bool| text.bytes().filter(test).count();
    let digits = count(u8::is_ascii_digit);
    digits >= 3 && digits < text.len()
        || digits >= 1 && count(u8::is_ascii_uppercase) > 0 && count(u8::is_ascii_lowercase) > 0
}

/// A private key in PEM, to its end or, where it is cut, to the text's. Some readers see texts in lower case.
fn private_key(text: &str, start: usize) -> Option<Range<usize>> {
    let head = &text[start + "-----BEGIN ".len()..];
    let (name, _) = head.split_once("-----")?;
    if name.len() > 40 || !name.to_ascii_uppercase().contains("PRIVATE KEY") {
        return None;
    }
    let body = start + "-----BEGIN ".len() + name.len() + "-----".len();
    let mut dashes = memchr::memmem::find_iter(&text.as_bytes()[body..], "-----").map(|at| body + at + "-----".len());
    let end = dashes.find(|at| text.as_bytes()[*at..].get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"END ")));
    let end = end.map_or(text.len(), |at| text[at..].find("-----").map_or(text.len(), |end| at + end + "-----".len()));
    Some(start..end)
}

/// Numbers of cards: 13 to 19 digits with their check digit, also in groups of four.
fn cards(text: &str, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let (mut end, mut count) = (at, 0_usize);
        while end < bytes.len() {
            match bytes[end] {
                b'0'..=b'9' => count += 1,
                b' ' | b'-' if count % 4 == 0 && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) => {}
                _ => break,
            }
            end += 1;
        }
        let is_part = |byte: Option<&u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        };
        let is_alone = !is_part(at.checked_sub(1).and_then(|before| bytes.get(before)))
            && !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
        if (13..=19).contains(&count) && matches!(bytes[at], b'3'..=b'6') && is_alone {
            let digits = bytes[at..end].iter().filter(|byte| byte.is_ascii_digit());
            let digits: Vec<_> = digits.map(|digit| u32::from(digit - b'0')).collect();
            if luhn(&digits) {
                found.push(at..end);
            }
        }
        at = end.max(at + 1);
    }
}

fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match at % 2 {
            0 => *digit,
            _ => digit * 2 - if *digit > 4 { 9 } else { 0 },
        })
        .sum();
    sum.is_multiple_of(10)
}
