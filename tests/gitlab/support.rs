//! Mappings, stamps and issues to test with.

use std::collections::BTreeMap;
use std::sync::Arc;

use findsync::config::*;
use findsync::finding::{Id, Kind as FindingKind, LocationEvidence, Observation, Scope, Source, Status, digest};
use findsync::issue::*;
use findsync::trackers::gitlab::GitLab;
use findsync::trackers::{Read, Which};

use crate::fake::Fake;

pub fn instance(location: &str, token: &str) -> Instance {
    Instance {
        label: "git".to_owned(),
        kind: TrackerKind::GitLab,
        location: location.to_owned(),
        api_url: None,
        graphql_url: None,
        credential: Credential::Token(Secret::new(token.to_owned())),
        ca_file: None,
    }
}

/// A mapping with GitLab's defaults.
pub fn mapping() -> Mapping {
    let value = |value: &str, open| StatusValue { value: value.to_owned(), open };
    Mapping {
        label: "shop".to_owned(),
        instance: 0,
        project: Project { name: "acme/backend/shop".to_owned(), ..Project::default() },
        severity: SeverityMap { field: "Priority".to_owned(), values: ["1", "2", "3", "4", "5"].map(str::to_owned) },
        status: StatusMap {
            field: "Status".to_owned(),
            values: [value("opened", true), value("closed", false), value("closed", false), value("closed", false)],
        },
        own_label: "findsync".to_owned(),
        source_label: None,
        shared: None,
        formerly: Vec::new(),
        labels: vec!["security".to_owned()],
        decision_labels: DecisionLabels::default(),
        group_by: Vec::new(),
        fields: Vec::new(),
        due: BTreeMap::new(),
        update: UpdateRules::default(),
        on_return: OnReturn::Reopen,
        on_manual_close: OnManualClose::Reopen,
        record_decisions: false,
        public: None,
        confidential: Confidential::Auto,
        title_template: None,
        body_template: None,
    }
}

pub fn rule(field: &str, value: &str) -> FieldRule {
    FieldRule {
        field: field.to_owned(),
        value: value.to_owned(),
        on: FieldOn::Update,
        update: UpdatePolicy::IfUnedited,
    }
}

pub fn tracker(fake: &Fake) -> GitLab {
    tracker_with(fake, &mapping())
}

pub fn tracker_with(fake: &Fake, mapping: &Mapping) -> GitLab {
    GitLab::new(&instance(&fake.location, "glpat-good"), mapping).unwrap()
}

pub fn stamp(id: &str) -> Stamp {
    let key = digest([("id", id)]);
    let scope = Scope { scanner: "Trivy".to_owned(), target: "shop".to_owned(), ..Scope::default() };
    let facts = Observation {
        kind: FindingKind::Dependency,
        keys: vec![key],
        named_by_key: true,
        ids: vec![Id::of(id)],
        severity: findsync::finding::Severity::High,
        evidence: LocationEvidence::default(),
        place: String::new(),
        title: String::new(),
    };
    let word = Word {
        scope: Arc::new(scope),
        verdict: Verdict::Active,
        run: None,
        whole: true,
        day: "2026-11-24".parse().unwrap(),
        facts: Arc::new(facts),
    };
    Stamp {
        left_closed: false,
        members: vec![Member {
            uid: u64::from_be_bytes(key.short()) >> 16,
            owner: Source::default(),
            kind: FindingKind::Dependency,
            root: Some(Id::of(id)),
            words: vec![word],
            former: Vec::new(),
            people: None,
            exempt: Vec::new(),
            under: Vec::new(),
        }],
        group: None,
        state: State::Open,
        status: Status::Active,
        severity: findsync::finding::Severity::High,
        fields: BTreeMap::new(),
        content: 1,
        labels: vec!["security".to_owned()],
        cycle: 0,
        pending: Vec::new(),
        contested: Vec::new(),
        duplicate_of: None,
        mapping: String::new(),
        moved_by_people: false,
    }
}

pub fn body(stamp: &Stamp) -> String {
    let section = Some("found it".to_owned());
    Body { before: String::new(), section, stamp: Some(stamp.encode(10_000)), after: String::new() }.compose(&limits())
}

pub fn limits() -> Limits {
    GitLab::new(&instance("http://127.0.0.1:1", "t"), &mapping()).unwrap().limits()
}

pub fn field(name: &str, value: &str) -> FieldEdit {
    FieldEdit { name: name.to_owned(), value: Some(value.to_owned()) }
}

pub fn new(id: &str) -> New {
    let stamp = stamp(id);
    New {
        title: format!("{id} in lodash"),
        body: body(&stamp),
        stamp,
        state: State::Open,
        closed_as: None,
        labels: vec!["security".to_owned()],
        own_labels: vec![],
        fields: vec![field("Priority", "4"), field("Status", "opened")],
        confidential: false,
    }
}

pub async fn only(tracker: &GitLab, which: Which) -> Issue {
    let mut issues = tracker.issues(which).await.unwrap();
    assert_eq!(issues.len(), 1, "{issues:?}");
    issues.remove(0)
}
