use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::*;
use crate::finding::{Digest, Id, LocationEvidence, Observation, Run, Scope, Severity, Source, Status, digest};
use crate::issue::State;

fn key(n: usize) -> Digest {
    digest([("n", n.to_string().as_str())])
}

fn scope(target: &str) -> Arc<Scope> {
    Arc::new(Scope {
        source: Source { name: "github.com/acme/shop".into(), id: Some("42".into()) },
        branch: if target == "b" { "release/1".into() } else { String::new() },
        scanner: "Trivy --> <!--".into(),
        target: target.into(),
    })
}

fn facts(n: usize) -> Arc<Observation> {
    let part = |text: &str| LocationEvidence::part(Some(&format!("{text}{n}")));
    Arc::new(Observation {
        kind: Kind::Code,
        keys: vec![key(n)],
        named_by_key: false,
        ids: vec![Id::of("CVE-2021-1"), Id::of("GHSA-1")],
        severity: Severity::High,
        evidence: LocationEvidence {
            rule: part("rule"),
            path: LocationEvidence::part(Some("path")),
            line: 17,
            column: 3,
            message: part("message"),
            lines: part("lines"),
            subject: 0,
            before: part("before"),
            after: part("after"),
            heading: part("heading"),
            words: u64::MAX - n as u64,
        },
        place: format!("src/module/file{}.py", n / 20),
        title: String::new(),
    })
}

fn word(target: &str, verdict: Verdict, facts: &Arc<Observation>) -> Word {
    Word {
        scope: scope(target),
        verdict,
        run: Some(Run { line: "github:github.com/acme/shop".into(), number: 1_234_567, attempt: 2 }),
        whole: verdict != Verdict::Missing,
        day: NaiveDate::from_ymd_opt(2026, 1, 2).unwrap_or_default(),
        facts: Arc::clone(facts),
    }
}

fn member(n: usize, scopes: &[&str]) -> Member {
    let seen = facts(n);
    Member {
        uid: u64::from_be_bytes(key(n).short()) >> 16,
        owner: scope("a").source.clone(),
        kind: Kind::Code,
        root: None,
        words: scopes.iter().map(|target| word(target, Verdict::Active, &seen)).collect(),
        former: Vec::new(),
        people: None,
        exempt: Vec::new(),
        under: Vec::new(),
    }
}

fn stamp(members: Vec<Member>) -> Stamp {
    Stamp {
        left_closed: false,
        mapping: "shop".into(),
        members,
        group: Some(GroupStamp { digest: key(0), title: "Findings in lodash".into() }),
        state: State::Open,
        status: Status::RiskAccepted,
        severity: Severity::High,
        moved_by_people: true,
        fields: BTreeMap::from([("title".to_owned(), 1), ("Priority".to_owned(), u64::MAX)]),
        content: 42,
        labels: vec!["security".to_owned()],
        cycle: 3,
        pending: vec!["Status".to_owned()],
        contested: Vec::new(),
        duplicate_of: Some(7),
    }
}

fn decoded(text: &str) -> Option<Stamp> {
    Stamp::decode(text).ok()
}

#[test]
fn reads_back_what_it_writes() {
    let mut full = member(1, &["a"]);
    let seen = facts(2);
    full.root = Some(Id::of("GHSA-1"));
    full.words.extend([
        word("b", Verdict::Missing, &seen),
        word("c", Verdict::Decided(Status::FalsePositive), &seen),
        word("d", Verdict::Decided(Status::RiskAccepted), &seen),
        Word { run: None, ..word("e", Verdict::Gone, &seen) },
    ]);
    full.former = vec![Former { key: key(9), around: 8 }];
    full.people = Some(PeopleDecision { how: ClosedHow::Duplicate, ids: vec![Id::of("CVE-2021-1")] });
    (full.exempt, full.under) = (vec![5], vec![6, 7]);
    let run = Run { line: "other".into(), number: 1, attempt: 1 };
    let contested = vec![Contest {
        proven: true,
        scope: scope("f"),
        run,
        day: NaiveDate::from_ymd_opt(2019, 1, 2).unwrap_or_default(),
    }];
    let stamp = Stamp { contested, ..stamp(vec![full, member(3, &["a", "b"])]) };
    let text = stamp.encode(10_000);
    assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || c == '+' || c == '/'), "{text}");
    assert_eq!(decoded(&text), Some(stamp));
}

#[test]
fn a_finding_that_three_scopes_see_takes_less_than_a_thousand_characters() {
    let one = Stamp { group: None, ..stamp(vec![member(1, &["a", "b", "c"])]) };
    let text = one.encode(usize::MAX);
    assert!(text.len() < 1_000, "{}", text.len());
}

#[test]
fn what_is_least_needed_is_given_up_first_and_words_never() {
    let mut members: Vec<Member> = (0..100).map(|n| member(n, &["a"])).collect();
    let gone = |verdict| vec![word("a", verdict, &facts(7))];
    (members[7].words, members[8].words) = (gone(Verdict::Gone), gone(Verdict::Gone));
    members[8].people = Some(PeopleDecision { how: ClosedHow::NotPlanned, ids: Vec::new() });
    members[9].former = vec![Former { key: key(1), around: 1 }];
    let group = stamp(members);
    let full = group.encode(usize::MAX);
    assert_eq!(decoded(&full).map(|stamp| stamp.members.len()), Some(100));
    let tight = decoded(&group.encode(full.len() - 1));
    assert_eq!(tight.as_ref().map(|stamp| stamp.members.len()), Some(99), "gone, and nobody decided about it");
    let least = decoded(&group.encode(0));
    let words = |stamp: &Stamp| stamp.members.iter().map(|member| member.words.len()).sum::<usize>();
    assert_eq!(least.as_ref().map(words), Some(99));
    let all_people = |stamp: &Stamp| stamp.members.iter().filter(|member| member.people.is_some()).count();
    assert_eq!(least.as_ref().map(all_people), Some(1));
    assert!(group.encode(0).len() < full.len());
    assert_eq!(least.map(|stamp| stamp.encode(0)), Some(group.encode(0)), "a shortened stamp is as short as it gets");
}

#[test]
fn damage_is_an_error_and_newer_versions_are_told_apart() {
    let text = stamp(vec![member(1, &["a"])]).encode(10_000);
    for cut in 0..text.len() {
        assert!(Stamp::decode(&text[..cut]).is_err());
    }
    assert!(Stamp::decode("-->").is_err());
    let packed = |json: &str| {
        use base64::Engine as _;
        use std::io::Write as _;
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        let deflated = encoder.write_all(json.as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default();
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(deflated)
    };
    assert_eq!(Stamp::decode(&packed(r#"{"v":2,"new":[]}"#)), Err(StampError::Newer(2)));
    assert!(matches!(Stamp::decode(&packed(r#"{"v":1}"#)), Err(StampError::Damaged(_))));
}

#[test]
fn bombs_are_bounded() {
    use base64::Engine as _;
    use std::io::Write as _;
    let valid = serde_json::json!({
        "v": 1, "r": [], "s": [], "m": [], "o": true, "t": "Active", "e": "High", "f": {}, "c": "0", "n": 0
    });
    let pack = |padding: usize| {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        let written = encoder
            .write_all(valid.to_string().as_bytes())
            .and_then(|()| encoder.write_all(&vec![b' '; padding]))
            .and_then(|()| encoder.finish());
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(written.unwrap_or_default())
    };
    assert!(Stamp::decode(&pack(10)).is_ok(), "spaces at the end are JSON");
    assert!(Stamp::decode(&pack(64 << 20)).is_err());
}
