//! Words that only a machine can have made, by the alternation of letters, cases and digits in them and their entropy.
//! Digests in hex are none: commits, images and files are named by them.

use std::ops::Range;

/// Shorter words say too little.
const LEAST: usize = 20;

pub(super) fn find(text: &str, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < bytes.len() {
        // What certificates hold is public.
        if bytes[start..].starts_with(b"-----BEGIN CERT") {
            start += memchr::memmem::find(&bytes[start..], b"-----END").map_or(bytes.len() - start, |at| at + 1);
            continue;
        }
        let length = bytes[start..].iter().take_while(|byte| is_part(**byte)).count();
        let joining = bytes[start..start + length].iter().rev().take_while(|byte| matches!(byte, b'-' | b'_' | b'/'));
        let end = start + length - joining.count();
        if end - start >= LEAST {
            let padding = bytes[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
            // Base64 has few of what paths are full of.
            let slashes = memchr::memchr_iter(b'/', &bytes[start..end]).count();
            if slashes * 20 <= end - start && is_random(&text[start..end]) {
                found.push(start..end + padding);
            } else {
                pieces(text, start, end, found);
            }
        }
        start += length.max(1);
    }
}

const fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-' | b'~')
}

/// Long words between separators: a path may hold one.
fn pieces(text: &str, start: usize, end: usize, found: &mut Vec<Range<usize>>) {
    for separators in [&['/'][..], &['/', '-', '_', '~', '+']] {
        let mut at = start;
        for piece in text[start..end].split(separators) {
            if piece.len() >= LEAST && is_random(piece) {
                found.push(at..at + piece.len());
            }
            at += piece.len() + 1;
        }
    }
}

fn is_random(word: &str) -> bool {
    // Digests and UUIDs are names.
    let pieces = word.split(['/', '-', '_', '~', '+']);
    let letters: Vec<u8> = pieces.filter(|piece| !is_hex(piece)).flat_map(str::bytes).collect();
    let separators = word.bytes().filter(|byte| !byte.is_ascii_alphanumeric()).count();
    if letters.len() < LEAST - 2 || separators * 6 > word.len() {
        return false;
    }
    let count = |test: fn(&u8) -> bool| letters.iter().filter(|byte| test(byte)).count();
    let (digits, upper, lower) =
        (count(u8::is_ascii_digit), count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    #[expect(clippy::cast_precision_loss, reason = "words are short")]
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    let vowels = share(count(|byte| b"aeiouAEIOU".contains(byte)), (upper + lower).max(1));
    let rare = share(count(|byte| b"jkqvwxyzJKQVWXYZ".contains(byte)), (upper + lower).max(1));
    // Where words of people are joined, a capital begins each, and digits end them.
    let joins = |pair: &&[u8]| match (pair[0], pair[1]) {
        (a, b) if a.is_ascii_digit() != b.is_ascii_digit() => true,
        (a, b) => a.is_ascii_lowercase() && b.is_ascii_uppercase(),
    };
    let joins = share(letters.windows(2).filter(joins).count(), letters.len() - 1);
    let is_made = match (digits, upper, lower) {
        (0, 1.., 1..) => joins >= 0.16 && vowels <= 0.3 && rare >= 0.15,
        (1.., 1.., 1..) => joins >= 0.26 && vowels <= 0.36 || joins >= 0.16 && vowels <= 0.3 && rare >= 0.18,
        (4.., _, _) => joins >= 0.25 && upper + lower > 0 && separators == 0,
        _ => false,
    };
    is_made && entropy(&letters) >= 3.4
}

fn is_hex(piece: &str) -> bool {
    piece.len() >= 4
        && piece.bytes().all(|byte| byte.is_ascii_hexdigit())
        && piece.contains(|c: char| c.is_ascii_digit())
}

/// Bits a character.
fn entropy(word: &[u8]) -> f64 {
    let mut counts = [0_u32; 128];
    word.iter().for_each(|byte| counts[usize::from(byte & 0x7f)] += 1);
    #[expect(clippy::cast_precision_loss, reason = "words are short")]
    let length = word.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum()
}
