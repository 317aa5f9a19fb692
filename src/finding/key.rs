//! Key: a finding's identity over time and across scanners, as a versioned digest.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::Kind;

/// The first 96 bits of a SHA-256 over named, length-prefixed parts.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 12]);

impl Digest {
    /// A prefix of 64 bits, for places where room is scarce.
    #[must_use]
    pub fn short(&self) -> [u8; 8] {
        let mut short = [0; 8];
        short.copy_from_slice(&self.0[..8]);
        short
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(|digit| char::from_digit(digit.into(), 16)).try_for_each(|digit| f.write_char(digit))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hashes named parts so that no two lists of parts collide by concatenation.
#[must_use]
pub fn digest<'a>(parts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Digest {
    let mut hasher = Sha256::new();
    for (name, value) in parts {
        for text in [name, value] {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
    }
    let mut short = [0; 12];
    short.copy_from_slice(&hasher.finalize()[..12]);
    Digest(short)
}

/// One name of a finding: scheme version, kind and digest, written `v1:dependency:0f3a…`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The identity scheme's version.
    pub version: u8,
    /// The kind of finding; `None` is a finding group's key.
    pub kind: Option<Kind>,
    /// The digest of the parts.
    pub digest: Digest,
}

impl Key {
    /// Reads a key, perhaps with the name of one of several findings that share it: `v1:code:…~1f2e3d4c5b6a`.
    #[must_use]
    pub fn parse_member(text: &str) -> Option<(Self, Option<u64>)> {
        let (key, uid) = text.split_once('~').map_or((text, None), |(key, uid)| (key, Some(uid)));
        let uid = uid.map(|uid| u64::from_str_radix(uid, 16)).transpose().ok()?;
        Some((key.parse().ok()?, uid))
    }

    /// The key with the name of one of several findings that share it.
    #[must_use]
    pub fn of_member(&self, uid: u64) -> String {
        format!("{self}~{uid:012x}")
    }
}

/// Text that is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a finding's key")]
pub struct ParseKeyError(pub String);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}:{}:{}", self.version, self.kind.map_or("group", Kind::name), self.digest)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Key {
    type Err = ParseKeyError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseKeyError(s.to_owned());
        let mut parts = s.splitn(3, ':');
        let version = parts.next().and_then(|v| v.strip_prefix('v')).and_then(|v| v.parse().ok()).ok_or_else(wrong)?;
        let kind = match parts.next().ok_or_else(wrong)? {
            "group" => None,
            kind => Some(kind.parse().map_err(|_| wrong())?),
        };
        let hex = parts.next().filter(|hex| hex.len() == 24 && hex.is_ascii()).ok_or_else(wrong)?;
        let mut bytes = [0; 12];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self { version, kind, digest: Digest(bytes) })
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_one_another() {
        assert_ne!(digest([("a", "bc")]), digest([("ab", "c")]));
        assert_ne!(digest([("a", "b"), ("c", "d")]), digest([("a", "b\0c"), ("", "d")]));
    }

    #[test]
    fn reads_back_what_it_writes() {
        let key = Key { version: 1, kind: Some(Kind::Dependency), digest: digest([("id", "CVE-2021-1")]) };
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!(Key::parse_member(&key.of_member(0x1f2e)), Some((key, Some(0x1f2e))));
        assert_eq!(Key::parse_member(&key.to_string()), Some((key, None)));
        assert_eq!(Key::parse_member(&format!("{key}~")), None);
        assert!("v1:dependency:é00000000000000000000000".parse::<Key>().is_err());
    }
}
