//! Mutated fixtures: whatever is done to a report, reading it ends soon in `Ok` or `Err`.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use findsync::readers::read_bytes;
use proptest::prelude::*;

/// Every report among the fixtures: path and bytes.
static FIXTURES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
});

/// The reader that the fixture's folder is named after, where there is one.
fn named(path: &str) -> Option<String> {
    let name = Path::new(path).parent()?.file_name()?.to_str()?.to_owned();
    let known = findsync::readers::list(Path::new("/nonexistent")).unwrap();
    known.into_iter().any(|info| info.name == name).then_some(name)
}

fn ends_soon(path: &str, bytes: Vec<u8>) {
    let start = Instant::now();
    for reader in [None, named(path)] {
        let _either = read_bytes(path, bytes.clone(), reader.as_deref());
    }
    // Debug builds on a busy machine are given more than the two seconds that a release build has.
    assert!(start.elapsed() < Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 2 }), "{path} took too long");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_encoding_reads_the_same() {
    // How a text is encoded is no matter of its scanner: some of each format are enough.
    for (path, bytes) in FIXTURES.iter().step_by(10) {
        let Ok(plain) = read_bytes(path, bytes.clone(), None) else { continue };
        let Ok(text) = String::from_utf8(bytes.clone()) else { continue };
        let bom = [b"\xef\xbb\xbf".as_slice(), bytes].concat();
        let utf16 = |to: fn(u16) -> [u8; 2]| {
            std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(to).collect::<Vec<u8>>()
        };
        for (how, changed) in [
            ("gzip", gzip(bytes)),
            ("bom", bom),
            ("utf-16 le", utf16(u16::to_le_bytes)),
            ("utf-16 be", utf16(u16::to_be_bytes)),
        ] {
            assert_eq!(read_bytes(path, changed, None).unwrap(), plain, "{path} as {how}");
        }
        let crlf = read_bytes(path, text.replace('\n', "\r\n").into_bytes(), None).unwrap();
        assert_eq!(
            crlf.iter().map(|scan| scan.findings.len()).sum::<usize>(),
            plain.iter().map(|scan| scan.findings.len()).sum::<usize>()
        );
    }
}

#[test]
fn depth_and_length_are_bounded() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("<a>", "</a>"), ("- ", "")] {
        let text = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        ends_soon("deep", text.clone().into_bytes());
        assert!(read_bytes("deep", text.into_bytes(), None).is_err());
    }
    for number in ["1".repeat(50_000_000), format!("{{\"runs\":[{}]}}", "9".repeat(50_000_000))] {
        let start = Instant::now();
        assert!(read_bytes("long", number.into_bytes(), Some("trivy")).is_err());
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cut_anywhere(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let (path, bytes) = which.get(&FIXTURES);
        ends_soon(path, bytes[..at.index(bytes.len())].to_vec());
    }

    #[test]
    fn bytes_flipped(which in any::<prop::sample::Index>(), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let (path, bytes) = which.get(&FIXTURES);
        let mut bytes = bytes.clone();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        ends_soon(path, bytes);
    }

    #[test]
    fn wrong_types(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), value in prop::sample::select(vec!["null", "[]", "{}", "7", "-1e400", "\"\"", "true", "[[[1]]]"])) {
        let (path, bytes) = which.get(&FIXTURES);
        let text = String::from_utf8_lossy(bytes).into_owned();
        let colons: Vec<_> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
        prop_assume!(!colons.is_empty());
        let start = colons[at.index(colons.len())];
        let end = text[start..].find([',', '\n', '}']).map_or(text.len(), |end| start + end);
        ends_soon(path, format!("{}{value}{}", &text[..start], &text[end..]).into_bytes());
    }
}
