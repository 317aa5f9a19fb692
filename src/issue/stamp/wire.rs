//! The stamp on the wire. Short names, as there is one of these in every issue.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::{ClosedHow, Contest, Former, GroupStamp, Member, PeopleDecision, Stamp, StampError, Verdict, Word};
use crate::finding::{Digest, Id, Kind, LocationEvidence, Observation, Run, Scope, Severity, Source, Status};
use crate::issue::State;

/// The version of the wire format that is written.
const VERSION: u32 = 1;
/// A stamp that inflates to more than this is not ours.
const MAX_INFLATED: u64 = 4 << 20;

#[derive(Serialize, Deserialize)]
struct Wire {
    v: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    a: String,
    /// Repositories: name and id.
    r: Vec<(String, Option<String>)>,
    /// Scopes: repository, branch, scanner, target.
    s: Vec<(u32, String, String, String)>,
    /// Lines of runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    i: Vec<String>,
    m: Vec<WireMember>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    g: Option<(String, String)>,
    o: bool,
    /// Whether others closed it and it was left so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    b: bool,
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
    /// Contested scopes: scope, run, day, whether that is certain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    x: Vec<(u32, WireRun, i64, u8)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<u64>,
}

/// Line, number, attempt.
#[derive(Serialize, Deserialize, Clone, Copy)]
struct WireRun(u32, u64, u32);

#[derive(Serialize, Deserialize)]
struct WireMember {
    u: u64,
    o: u32,
    k: char,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    n: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    f: Vec<WireFacts>,
    /// Scope, verdict, facts, day, run, and whether the scan was partial.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    w: Vec<(u32, char, u32, i64, Option<WireRun>, u8)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    x: Vec<(String, u32)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<(char, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    e: Vec<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    y: Vec<u32>,
}

/// Keys, ids, severity (plus 8 where the key names it), evidence, place, title.
#[derive(Serialize, Deserialize)]
struct WireFacts(String, String, u8, Vec<u64>, String, String);

/// The lists that members refer to.
#[derive(Default)]
struct Tables {
    sources: Vec<Source>,
    scopes: Vec<Arc<Scope>>,
    lines: Vec<String>,
}

fn index_of<T: PartialEq + Clone>(list: &mut Vec<T>, value: &T) -> u32 {
    let index = list.iter().position(|known| known == value).unwrap_or_else(|| {
        list.push(value.clone());
        list.len() - 1
    });
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl Tables {
    fn scope(&mut self, scope: &Arc<Scope>) -> u32 {
        index_of(&mut self.sources, &scope.source);
        index_of(&mut self.scopes, scope)
    }

    fn run(&mut self, run: &Run) -> WireRun {
        WireRun(index_of(&mut self.lines, &run.line), run.number, run.attempt)
    }
}

pub(super) fn encode(stamp: &Stamp) -> String {
    let mut tables = Tables::default();
    let members = stamp.members.iter().map(|member| write_member(member, &mut tables)).collect();
    let contested = stamp.contested.iter();
    let contested =
        contested.map(|c| (tables.scope(&c.scope), tables.run(&c.run), write_day(c.day), u8::from(c.proven))).collect();
    let Tables { mut sources, scopes, lines } = tables;
    let scopes: Vec<_> = scopes
        .iter()
        .map(|s| (index_of(&mut sources, &s.source), s.branch.clone(), s.scanner.clone(), s.target.clone()))
        .collect();
    let wire = Wire {
        v: VERSION,
        a: stamp.mapping.clone(),
        r: sources.into_iter().map(|source| (source.name, source.id)).collect(),
        s: scopes,
        i: lines,
        m: members,
        g: stamp.group.as_ref().map(|group| (BASE64.encode(group.digest.0), group.title.clone())),
        o: stamp.state == State::Open,
        b: stamp.left_closed,
        t: stamp.status,
        e: stamp.severity,
        w: stamp.moved_by_people,
        f: stamp.fields.iter().map(|(name, digest)| (name.clone(), format!("{digest:x}"))).collect(),
        c: format!("{:x}", stamp.content),
        l: stamp.labels.clone(),
        n: stamp.cycle,
        p: stamp.pending.clone(),
        x: contested,
        d: stamp.duplicate_of,
    };
    let json = serde_json::to_vec(&wire).unwrap_or_default();
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    // Writing to a Vec cannot fail; should it ever, the stamp reads as damaged and the issue is left alone.
    let deflated = encoder.write_all(&json).and_then(|()| encoder.finish()).unwrap_or_default();
    BASE64.encode(deflated)
}

pub(super) fn decode(text: &str) -> Result<Stamp, StampError> {
    let damaged = |why: &dyn std::fmt::Display| StampError::Damaged(why.to_string());
    let deflated = BASE64.decode(text.trim()).map_err(|_| damaged(&"it is not base64"))?;
    let mut json = Vec::new();
    flate2::read::DeflateDecoder::new(deflated.as_slice())
        .take(MAX_INFLATED + 1)
        .read_to_end(&mut json)
        .map_err(|_| damaged(&"it cannot be inflated"))?;
    if json.len() as u64 > MAX_INFLATED {
        return Err(damaged(&"it is too long"));
    }
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    let Version { v } = serde_json::from_slice(&json).map_err(|_| damaged(&"it has no version"))?;
    if v > VERSION {
        return Err(StampError::Newer(v));
    }
    let wire: Wire =
        serde_json::from_slice(&json).map_err(|_| damaged(&"it does not have the fields of its version"))?;
    read(wire).map_err(|why| damaged(&why))
}

fn write_member(member: &Member, tables: &mut Tables) -> WireMember {
    let mut facts: Vec<Arc<Observation>> = Vec::new();
    let words = member.words.iter().map(|word| {
        let run = word.run.as_ref().map(|run| tables.run(run));
        let seen = index_of(&mut facts, &word.facts);
        (tables.scope(&word.scope), write_verdict(word.verdict), seen, write_day(word.day), run, u8::from(!word.whole))
    });
    let words = words.collect();
    WireMember {
        u: member.uid,
        o: index_of(&mut tables.sources, &member.owner),
        k: write_kind(member.kind),
        n: member.root.map(|root| BASE64.encode(root.0.to_be_bytes())).unwrap_or_default(),
        f: facts.iter().map(|facts| write_facts(facts)).collect(),
        w: words,
        x: member.former.iter().map(|former| (BASE64.encode(former.key.0), former.around)).collect(),
        p: member.people.as_ref().map(|people| (write_how(people.how), write_ids(&people.ids))),
        e: member.exempt.clone(),
        y: member.under.clone(),
    }
}

fn write_facts(facts: &Observation) -> WireFacts {
    let keys: Vec<u8> = facts.keys.iter().flat_map(|key| key.0).collect();
    let LocationEvidence { rule, path, line, column, message, lines, subject, before, after, heading, words } =
        facts.evidence;
    let parts = [rule, path, line, column, message, lines, subject, before, after, heading];
    let mut evidence: Vec<u64> = parts.into_iter().map(u64::from).chain([words]).collect();
    evidence.truncate(evidence.iter().rposition(|part| *part != 0).map_or(0, |last| last + 1));
    let severity = facts.severity as u8 + if facts.named_by_key { 8 } else { 0 };
    WireFacts(BASE64.encode(keys), write_ids(&facts.ids), severity, evidence, facts.place.clone(), facts.title.clone())
}

fn write_ids(ids: &[Id]) -> String {
    BASE64.encode(ids.iter().flat_map(|id| id.0.to_be_bytes()).collect::<Vec<u8>>())
}

fn read(wire: Wire) -> Result<Stamp, &'static str> {
    let number = |hex: &String| u64::from_str_radix(hex, 16).map_err(|_| "a digest is not hex");
    let sources: Vec<Source> = wire.r.into_iter().map(|(name, id)| Source { name, id }).collect();
    let source = |index: u32| sources.get(index as usize).cloned().ok_or("a repository is missing");
    let scopes = wire
        .s
        .into_iter()
        .map(|(at, branch, scanner, target)| Ok(Arc::new(Scope { source: source(at)?, branch, scanner, target })))
        .collect::<Result<Vec<_>, &'static str>>()?;
    let scope = |index: u32| scopes.get(index as usize).cloned().ok_or("a scope is missing");
    let run = |WireRun(line, number, attempt): WireRun| {
        let line = wire.i.get(line as usize).cloned().ok_or("a line of runs is missing")?;
        Ok::<Run, &'static str>(Run { line, number, attempt })
    };
    let member = |member: WireMember| {
        let kind = read_kind(member.k).ok_or("a kind is unknown")?;
        let facts = member
            .f
            .into_iter()
            .map(|facts| read_facts(facts, kind).map(Arc::new))
            .collect::<Result<Vec<_>, &'static str>>()?;
        let words = member.w.into_iter().map(|(at, verdict, seen, day, ran, partial)| {
            Ok(Word {
                scope: scope(at)?,
                verdict: read_verdict(verdict).ok_or("a verdict is unknown")?,
                run: ran.map(run).transpose()?,
                whole: partial == 0,
                day: read_day(day).ok_or("a day is none")?,
                facts: facts.get(seen as usize).cloned().ok_or("facts are missing")?,
            })
        });
        let former = member.x.iter().map(|(key, around)| {
            Ok(Former { key: read_keys(key)?.first().copied().ok_or("a key is missing")?, around: *around })
        });
        let people = member.p.map(|(how, ids)| {
            Ok::<_, &'static str>(PeopleDecision {
                how: read_how(how).ok_or("a decision is unknown")?,
                ids: read_ids(&ids)?,
            })
        });
        Ok::<Member, &'static str>(Member {
            uid: member.u,
            owner: source(member.o)?,
            kind,
            root: read_ids(&member.n)?.first().copied(),
            words: words.collect::<Result<_, &'static str>>()?,
            former: former.collect::<Result<_, &'static str>>()?,
            people: people.transpose()?,
            exempt: member.e,
            under: member.y,
        })
    };
    let contested = wire.x.into_iter().map(|(at, ran, day, proven)| {
        Ok::<Contest, &'static str>(Contest {
            proven: proven != 0,
            scope: scope(at)?,
            run: run(ran)?,
            day: read_day(day).ok_or("a day is none")?,
        })
    });
    let group = wire.g.map(|(digest, title)| {
        Ok::<_, &'static str>(GroupStamp {
            digest: read_keys(&digest)?.first().copied().ok_or("the group has no digest")?,
            title,
        })
    });
    Ok(Stamp {
        mapping: wire.a,
        members: wire.m.into_iter().map(member).collect::<Result<_, _>>()?,
        group: group.transpose()?,
        state: if wire.o { State::Open } else { State::Closed },
        left_closed: wire.b,
        status: wire.t,
        severity: wire.e,
        moved_by_people: wire.w,
        fields: wire
            .f
            .iter()
            .map(|(name, hex)| Ok((name.clone(), number(hex)?)))
            .collect::<Result<_, &'static str>>()?,
        content: number(&wire.c)?,
        labels: wire.l,
        cycle: wire.n,
        pending: wire.p,
        contested: contested.collect::<Result<_, _>>()?,
        duplicate_of: wire.d,
    })
}

fn read_facts(
    WireFacts(keys, ids, severity, evidence, place, title): WireFacts,
    kind: Kind,
) -> Result<Observation, &'static str> {
    if evidence.len() > 11 {
        return Err("evidence is too long");
    }
    let part = |index: usize| evidence.get(index).copied().unwrap_or(0);
    let short = |index: usize| u32::try_from(part(index)).map_err(|_| "evidence is no digest");
    let keys = read_keys(&keys)?;
    if keys.is_empty() {
        return Err("a key is missing");
    }
    Ok(Observation {
        kind,
        keys,
        named_by_key: severity & 8 != 0,
        ids: read_ids(&ids)?,
        severity: Severity::ALL.get(usize::from(severity & 7)).copied().ok_or("a severity is unknown")?,
        evidence: LocationEvidence {
            rule: short(0)?,
            path: short(1)?,
            line: short(2)?,
            column: short(3)?,
            message: short(4)?,
            lines: short(5)?,
            subject: short(6)?,
            before: short(7)?,
            after: short(8)?,
            heading: short(9)?,
            words: part(10),
        },
        place,
        title,
    })
}

fn read_keys(text: &str) -> Result<Vec<Digest>, &'static str> {
    let bytes = BASE64.decode(text).map_err(|_| "a key is not base64")?;
    let (keys, []) = bytes.as_chunks::<12>() else { return Err("a key is cut off") };
    Ok(keys.iter().copied().map(Digest).collect())
}

fn read_ids(text: &str) -> Result<Vec<Id>, &'static str> {
    let bytes = BASE64.decode(text).map_err(|_| "an id is not base64")?;
    let (ids, []) = bytes.as_chunks::<8>() else { return Err("an id is cut off") };
    Ok(ids.iter().map(|id| Id(u64::from_be_bytes(*id))).collect())
}

/// Days are counted from here.
fn epoch() -> NaiveDate {
    NaiveDate::from_ymd_opt(2020, 1, 1).unwrap_or_default()
}

fn write_day(day: NaiveDate) -> i64 {
    day.signed_duration_since(epoch()).num_days()
}

fn read_day(days: i64) -> Option<NaiveDate> {
    let size = Days::new(days.unsigned_abs());
    if days < 0 { epoch().checked_sub_days(size) } else { epoch().checked_add_days(size) }
}

const KINDS: [(char, Kind); 6] = [
    ('c', Kind::Code),
    ('d', Kind::Dependency),
    ('s', Kind::Secret),
    ('i', Kind::Infrastructure),
    ('y', Kind::Dynamic),
    ('o', Kind::Other),
];
const VERDICTS: [(char, Verdict); 6] = [
    ('a', Verdict::Active),
    ('m', Verdict::Missing),
    ('f', Verdict::Decided(Status::FalsePositive)),
    ('r', Verdict::Decided(Status::RiskAccepted)),
    ('x', Verdict::Fixed),
    ('g', Verdict::Gone),
];
const HOW: [(char, ClosedHow); 3] = [('n', ClosedHow::NotPlanned), ('d', ClosedHow::Duplicate), ('k', ClosedHow::Done)];

fn letter_of<T: PartialEq + Copy>(table: &[(char, T)], value: T) -> char {
    table.iter().find(|(_, known)| *known == value).map_or('?', |(letter, _)| *letter)
}

fn value_of<T: Copy>(table: &[(char, T)], letter: char) -> Option<T> {
    table.iter().find(|(known, _)| *known == letter).map(|(_, value)| *value)
}

fn write_kind(kind: Kind) -> char {
    letter_of(&KINDS, kind)
}

fn read_kind(letter: char) -> Option<Kind> {
    value_of(&KINDS, letter)
}

fn write_verdict(verdict: Verdict) -> char {
    letter_of(&VERDICTS, verdict)
}

fn read_verdict(letter: char) -> Option<Verdict> {
    value_of(&VERDICTS, letter)
}

fn write_how(how: ClosedHow) -> char {
    letter_of(&HOW, how)
}

fn read_how(letter: char) -> Option<ClosedHow> {
    value_of(&HOW, letter)
}
