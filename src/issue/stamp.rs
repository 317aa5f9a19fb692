//! The stamp: what findsync stores in an issue to know it again, compact and unforgeable in form.
//!
//! On the wire it is JSON, deflated, in base64 with the standard alphabet, which cannot hold `-->`, white space or a
//! line's start. Whether an issue's stamp counts is for the tracker to say (`Issue::trusted`).

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::State;
use crate::finding::{Digest, Key, Kind, Scope, Severity, Status, digest};

/// The version of the wire format that is written.
const VERSION: u8 = 1;
/// A stamp that inflates to more than this is not ours.
const MAX_INFLATED: u64 = 4 << 20;

/// What is stored in an issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamp {
    /// The canonical key: the finding's or the group's.
    pub key: Key,
    /// The label of the mapping that opened it: two mappings of one file may lead to the same project.
    pub mapping: String,
    /// The findings in the issue.
    pub members: Vec<MemberStamp>,
    /// The scopes that members refer to by index.
    pub scopes: Vec<ScopeStamp>,
    /// The state that was last written.
    pub state: State,
    /// The status that was last written.
    pub status: Status,
    /// Whether people moved the status field there themselves: then its value is their decision, not our echo.
    pub moved_by_people: bool,
    /// The severity that was last written.
    pub severity: Severity,
    /// Digests of what was last written, by field; `title` and `body` among them.
    pub fields: BTreeMap<String, u64>,
    /// Digest of our part of the body without what changes from run to run.
    pub content: u64,
    /// The labels that we wrote.
    pub labels: Vec<String>,
    /// How often the state was changed by us: it makes markers of comments unique.
    pub cycle: u32,
    /// Fields that were announced but not yet confirmed to be written (they live outside of the issue).
    pub pending: Vec<String>,
    /// The number of the issue that this one was closed as a duplicate of.
    pub duplicate_of: Option<u64>,
}

/// One finding in a stamp.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberStamp {
    /// All keys by which it was ever known, the canonical one first.
    pub keys: Vec<Key>,
    /// Scopes that reported it when they were last read, as indices into [`Stamp::scopes`].
    pub seen_by: Vec<u32>,
    /// Scopes that reported it once and no longer did when they were last read.
    pub gone_from: Vec<u32>,
    /// Evidence for carry-forward.
    pub place: Place,
}

/// A scope that vouched for a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeStamp {
    /// The scope.
    pub scope: Scope,
    /// The day from which its silence counts: when it was last known to be read.
    pub day: NaiveDate,
}

/// Evidence for carry-forward: digests only, so that the stamp tells strangers nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Digest of the rule; 0 where unknown.
    pub rule: u32,
    /// Digest of the path; 0 where unknown.
    pub path: u32,
    /// First line; 0 where unknown.
    pub line: u32,
    /// Digest of the reported lines, white space folded; 0 where unknown.
    pub lines: u32,
    /// Digest of the line before.
    pub before: u32,
    /// Digest of the line after.
    pub after: u32,
    /// Digest of the line that they stand under.
    pub heading: u32,
    /// Digest of what only an ordinal tells apart; 0 where the key has none.
    pub counted: u32,
    /// Sketch of the reported lines' words; 0 where unknown.
    pub words: u64,
}

impl Place {
    /// The digest of a part; 0 where there is nothing, or only white space.
    #[must_use]
    pub fn part(text: Option<&str>) -> u32 {
        text.filter(|text| !text.trim().is_empty()).map_or(0, |text| Self::short(digest([("text", text)])))
    }

    /// Whether nothing is known of it: stamps without room leave it out.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// What is kept of a digest; never 0.
    #[must_use]
    pub fn short(digest: Digest) -> u32 {
        let [a, b, c, d, ..] = digest.short();
        u32::from_be_bytes([a, b, c, d]).max(1)
    }
}

/// Text that looks like a stamp and is none.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// Not base64, not deflated, too long, or not the JSON that we write.
    #[error("the stamp is damaged: {0}")]
    Damaged(String),
    /// Written by a newer findsync.
    #[error("the stamp was written by a newer findsync (format {0})")]
    Newer(u8),
}

/// The wire format. Short names, as there is one of these in every issue.
#[derive(Serialize, Deserialize)]
struct Wire {
    v: u8,
    k: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    a: String,
    m: Vec<WireMember>,
    s: Vec<(String, String, String)>,
    o: bool,
    t: Status,
    e: Severity,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    w: bool,
    f: BTreeMap<String, String>,
    c: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    l: Vec<String>,
    n: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    p: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<u64>,
}

/// Keys, seen by, gone from, place.
#[derive(Serialize, Deserialize)]
struct WireMember(Vec<String>, Vec<u32>, Vec<u32>, Vec<u32>);

impl Stamp {
    /// All keys by which the issue is known.
    pub fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        std::iter::once(self.key).chain(self.members.iter().flat_map(|member| member.keys.iter().copied()))
    }

    /// Encodes the stamp in at most `max` characters, giving up what is least needed first: evidence, then alias
    /// keys, then the single members of a group (the group's key and its scopes always stay).
    #[must_use]
    pub fn encode(&self, max: usize) -> String {
        let mut stamp = self.clone();
        let mut text = stamp.deflate();
        if text.len() > max {
            stamp.members.iter_mut().for_each(|member| member.place = Place::default());
            text = stamp.deflate();
        }
        if text.len() > max {
            stamp.members.iter_mut().for_each(|member| member.keys.truncate(1));
            text = stamp.deflate();
        }
        if text.len() > max {
            stamp.fold_members();
            text = stamp.deflate();
        }
        text
    }

    /// Replaces the members by one that stands for all of them.
    fn fold_members(&mut self) {
        let collect = |pick: fn(&MemberStamp) -> &Vec<u32>| {
            let mut all: Vec<u32> = self.members.iter().flat_map(|member| pick(member).iter().copied()).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let seen_by = collect(|member| &member.seen_by);
        let gone_from =
            collect(|member| &member.gone_from).into_iter().filter(|scope| !seen_by.contains(scope)).collect();
        self.members = vec![MemberStamp { keys: vec![self.key], seen_by, gone_from, place: Place::default() }];
    }

    fn deflate(&self) -> String {
        let wire = Wire {
            v: VERSION,
            k: write_key(&self.key),
            a: self.mapping.clone(),
            m: self.members.iter().map(WireMember::from).collect(),
            s: self
                .scopes
                .iter()
                .map(|s| (s.scope.scanner.clone(), s.scope.target.clone(), s.day.to_string()))
                .collect(),
            o: self.state == State::Open,
            t: self.status,
            e: self.severity,
            w: self.moved_by_people,
            f: self.fields.iter().map(|(name, digest)| (name.clone(), format!("{digest:x}"))).collect(),
            c: format!("{:x}", self.content),
            l: self.labels.clone(),
            n: self.cycle,
            p: self.pending.clone(),
            d: self.duplicate_of,
        };
        let json = serde_json::to_vec(&wire).unwrap_or_default();
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        // Writing to a Vec cannot fail; should it ever, the stamp reads as damaged and the issue is left alone.
        let deflated = encoder.write_all(&json).and_then(|()| encoder.finish()).unwrap_or_default();
        BASE64.encode(deflated)
    }

    /// Reads a stamp.
    ///
    /// # Errors
    /// Where the text is not what [`Stamp::encode`] writes, or a newer version of it.
    pub fn decode(text: &str) -> Result<Self, StampError> {
        let damaged = |why: &dyn std::fmt::Display| StampError::Damaged(why.to_string());
        let deflated = BASE64.decode(text.trim()).map_err(|e| damaged(&e))?;
        let mut json = Vec::new();
        flate2::read::DeflateDecoder::new(deflated.as_slice())
            .take(MAX_INFLATED)
            .read_to_end(&mut json)
            .map_err(|e| damaged(&e))?;
        #[derive(Deserialize)]
        struct Version {
            v: u8,
        }
        let Version { v } = serde_json::from_slice(&json).map_err(|e| damaged(&e))?;
        if v > VERSION {
            return Err(StampError::Newer(v));
        }
        let wire: Wire = serde_json::from_slice(&json).map_err(|e| damaged(&e))?;
        wire.try_into().map_err(|why: &str| damaged(&why))
    }
}

impl From<&MemberStamp> for WireMember {
    fn from(member: &MemberStamp) -> Self {
        let Place { rule, path, line, lines, before, after, heading, counted, words } = member.place;
        let place = if member.place == Place::default() {
            vec![]
        } else {
            vec![rule, path, line, lines, before, after, heading, counted, (words >> 32) as u32, words as u32]
        };
        Self(member.keys.iter().map(write_key).collect(), member.seen_by.clone(), member.gone_from.clone(), place)
    }
}

impl TryFrom<Wire> for Stamp {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let number = |hex: &String| u64::from_str_radix(hex, 16).map_err(|_| "a digest is not hex");
        let scopes = wire
            .s
            .into_iter()
            .map(|(scanner, target, day)| {
                let day = day.parse().map_err(|_| "a day is not a date")?;
                Ok(ScopeStamp { scope: Scope { scanner, target, ..Scope::default() }, day })
            })
            .collect::<Result<Vec<_>, Self::Error>>()?;
        let members = wire
            .m
            .into_iter()
            .map(|WireMember(keys, seen_by, gone_from, place)| {
                if seen_by.iter().chain(&gone_from).any(|&index| index as usize >= scopes.len()) {
                    return Err("a scope is missing");
                }
                let place = match place[..] {
                    [] => Place::default(),
                    [rule, path, line, lines, before, after, heading, counted, high, low] => {
                        let words = u64::from(high) << 32 | u64::from(low);
                        Place { rule, path, line, lines, before, after, heading, counted, words }
                    }
                    _ => return Err("a place is not one"),
                };
                let keys =
                    keys.iter().map(|key| read_key(key)).collect::<Option<Vec<_>>>().ok_or("a key is not one")?;
                Ok(MemberStamp { keys, seen_by, gone_from, place })
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            key: read_key(&wire.k).ok_or("the key is not one")?,
            mapping: wire.a,
            members,
            scopes,
            state: if wire.o { State::Open } else { State::Closed },
            status: wire.t,
            severity: wire.e,
            moved_by_people: wire.w,
            fields: wire
                .f
                .iter()
                .map(|(name, hex)| Ok((name.clone(), number(hex)?)))
                .collect::<Result<_, Self::Error>>()?,
            content: number(&wire.c)?,
            labels: wire.l,
            cycle: wire.n,
            pending: wire.p,
            duplicate_of: wire.d,
        })
    }
}

const KINDS: [(char, Option<Kind>); 7] = [
    ('c', Some(Kind::Code)),
    ('d', Some(Kind::Dependency)),
    ('s', Some(Kind::Secret)),
    ('i', Some(Kind::Infrastructure)),
    ('y', Some(Kind::Dynamic)),
    ('o', Some(Kind::Other)),
    ('g', None),
];

/// A key in 24 characters: kind, version, digest.
fn write_key(key: &Key) -> String {
    let letter = KINDS.iter().find(|(_, kind)| *kind == key.kind).map_or('o', |(letter, _)| *letter);
    format!("{letter}{}{}", key.version, BASE64.encode(key.digest.0))
}

fn read_key(text: &str) -> Option<Key> {
    let mut chars = text.chars();
    let letter = chars.next()?;
    let kind = KINDS.iter().find(|(l, _)| *l == letter)?.1;
    let rest = chars.as_str();
    let split = rest.len().checked_sub(22).filter(|&at| rest.is_char_boundary(at))?;
    let (version, digest) = rest.split_at(split);
    let digest = Digest(BASE64.decode(digest).ok()?.try_into().ok()?);
    Some(Key { version: version.parse().ok()?, kind, digest })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: usize) -> Key {
        Key { version: 1, kind: Some(Kind::Code), digest: digest([("n", n.to_string().as_str())]) }
    }

    fn group(size: usize) -> Stamp {
        let member = |n: usize| MemberStamp {
            keys: vec![key(2 * n), key(2 * n + 1)],
            seen_by: vec![0],
            gone_from: vec![1],
            place: Place {
                rule: n as u32,
                path: 7,
                line: 1,
                lines: u32::MAX - n as u32,
                before: n as u32 * 77,
                after: 9,
                heading: n as u32 / 3,
                counted: 3,
                words: u64::MAX - 7,
            },
        };
        let scope = |target: &str| ScopeStamp {
            scope: Scope { scanner: "Trivy --> <!--".into(), target: target.into(), ..Scope::default() },
            day: NaiveDate::from_ymd_opt(2026, 1, 2).unwrap_or_default(),
        };
        Stamp {
            key: Key { version: 1, kind: None, digest: digest([("g", "lodash")]) },
            mapping: "shop".into(),
            members: (0..size).map(member).collect(),
            scopes: vec![scope("a\n/close"), scope("b")],
            state: State::Open,
            status: Status::RiskAccepted,
            severity: Severity::High,
            moved_by_people: true,
            fields: BTreeMap::from([("title".to_owned(), 1), ("Priority".to_owned(), u64::MAX)]),
            content: 42,
            labels: vec!["security".to_owned()],
            cycle: 3,
            pending: vec!["Status".to_owned()],
            duplicate_of: Some(7),
        }
    }

    #[test]
    fn reads_back_what_it_writes() {
        let stamp = group(3);
        let text = stamp.encode(10_000);
        assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || c == '+' || c == '/'), "{text}");
        assert_eq!(Stamp::decode(&text).ok(), Some(stamp));
    }

    #[test]
    fn a_group_of_500_fits_and_larger_ones_give_up_the_least_needed_first() {
        let full = group(500).encode(usize::MAX);
        assert!(full.len() < 45_000, "{}", full.len());
        let decode = |size: usize, max: usize| {
            let text = group(size).encode(max);
            assert!(text.len() <= max, "{} > {max}", text.len());
            Stamp::decode(&text).ok()
        };
        let bare =
            decode(500, 30_000).map(|stamp| (stamp.members.len(), stamp.members[0].keys.len(), stamp.members[0].place));
        assert_eq!(bare, Some((500, 2, Place::default())));
        assert_eq!(decode(1_000, 30_000).map(|stamp| stamp.members[7].keys.clone()), Some(vec![key(14)]));
        let folded = decode(20_000, 30_000).map(|stamp| stamp.members);
        let one =
            MemberStamp { keys: vec![group(0).key], seen_by: vec![0], gone_from: vec![1], place: Place::default() };
        assert_eq!(folded, Some(vec![one]));
    }

    #[test]
    fn damage_is_an_error_and_bombs_are_bounded() {
        let text = group(2).encode(10_000);
        for cut in 0..text.len() {
            assert!(Stamp::decode(&text[..cut]).is_err());
        }
        assert!(Stamp::decode("-->").is_err());
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        let bomb =
            encoder.write_all(&vec![b' '; 64 << 20]).and_then(|()| encoder.finish()).map(|bytes| BASE64.encode(bytes));
        assert!(Stamp::decode(&bomb.unwrap_or_default()).is_err());
    }
}
