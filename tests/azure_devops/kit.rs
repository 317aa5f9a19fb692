//! What the tests of the Azure DevOps adapter share: a fake that is asked for its objections, mappings for each
//! process, and findings' stamps and texts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use findsync::config::{
    Confidential, Credential, DecisionLabels, Instance, Mapping, OnManualClose, OnReturn, Project, Secret, SeverityMap,
    StatusMap, StatusValue, TrackerKind, UpdateRules,
};
use findsync::finding::{Kind, LocationEvidence, Observation, Scope, Severity, Source, Status, digest};
use findsync::issue::{Body, CloseReason, FieldEdit, Issue, Member, New, Stamp, State, Verdict, Word};
use findsync::trackers::azure_devops::AzureDevOps;
use findsync::trackers::{Read as _, Which};

use crate::fake::{Fake, Process};

pub(crate) const STATE: &str = "/fields/System.State";
pub(crate) const PRIORITY: &str = "/fields/Microsoft.VSTS.Common.Priority";

/// An instance at the fake.
pub(crate) fn instance(fake: &Fake, credential: Credential) -> Instance {
    Instance {
        label: "acme".into(),
        kind: TrackerKind::AzureDevOps,
        location: fake.location.clone(),
        api_url: None,
        graphql_url: None,
        credential,
        ca_file: None,
    }
}

/// The good token.
pub(crate) fn token() -> Credential {
    Credential::Token(Secret::new("good-token".into()))
}

/// The mapping of the defaults, with an open and a closed state.
pub(crate) fn mapping(open: &str, closed: &str) -> Mapping {
    let value = |value: &str, open: bool| StatusValue { value: value.into(), open };
    Mapping {
        label: "shop".into(),
        instance: 0,
        project: Project { name: "Shop".into(), ..Project::default() },
        severity: SeverityMap { field: PRIORITY.into(), values: ["4", "4", "3", "2", "1"].map(str::to_owned) },
        status: StatusMap {
            field: STATE.into(),
            values: [value(open, true), value(closed, false), value(closed, false), value(closed, false)],
        },
        own_label: "findsync".into(),
        source_label: None,
        shared: None,
        formerly: vec![],
        labels: vec![],
        decision_labels: DecisionLabels::default(),
        group_by: vec![],
        fields: vec![],
        due: BTreeMap::new(),
        update: UpdateRules::default(),
        on_return: OnReturn::default(),
        on_manual_close: OnManualClose::default(),
        record_decisions: false,
        public: None,
        confidential: Confidential::default(),
        title_template: None,
        body_template: None,
    }
}

/// The mapping that fits a process' default type.
pub(crate) fn mapping_for(process: Process) -> Mapping {
    let (open, closed) = states(process);
    mapping(open, closed)
}

/// An open and a closed state of a process' default type.
pub(crate) fn states(process: Process) -> (&'static str, &'static str) {
    match process {
        Process::Basic => ("To Do", "Done"),
        Process::Agile => ("New", "Closed"),
        Process::Scrum => ("New", "Done"),
        Process::Cmmi => ("Proposed", "Closed"),
    }
}

/// The field in which people read the text, in a process' default type.
pub(crate) fn body_field(process: Process) -> &'static str {
    if process == Process::Basic { "System.Description" } else { "Microsoft.VSTS.TCM.ReproSteps" }
}

/// The adapter under test.
pub(crate) fn connect(fake: &Fake, mapping: &Mapping) -> AzureDevOps {
    with_timeout(fake, mapping, Duration::from_secs(30))
}

/// The adapter under test, where answers may not come.
pub(crate) fn impatient(fake: &Fake, mapping: &Mapping) -> AzureDevOps {
    with_timeout(fake, mapping, Duration::from_millis(1_500))
}

fn with_timeout(fake: &Fake, mapping: &Mapping, timeout: Duration) -> AzureDevOps {
    AzureDevOps::with_http(&instance(fake, token()), mapping, |http| {
        http.timeout = timeout;
        http.retry.backoff = Duration::from_millis(2);
    })
    .expect("the settings are good")
}

/// A member for the finding with a number.
pub(crate) fn member(number: u64) -> Member {
    let key = digest([("number", number.to_string().as_str())]);
    let evidence = LocationEvidence {
        rule: 1,
        path: 2,
        line: 3,
        column: 4,
        message: 5,
        lines: 6,
        subject: 7,
        before: 8,
        after: 9,
        heading: 10,
        words: u64::from_be_bytes(key.short()),
    };
    let facts = Observation {
        kind: Kind::Code,
        keys: vec![key],
        named_by_key: false,
        ids: vec![],
        severity: Severity::High,
        evidence,
        place: "src/a.py".into(),
        title: String::new(),
    };
    let word = Word {
        scope: Arc::new(Scope { scanner: "Semgrep".into(), target: "shop".into(), ..Scope::default() }),
        verdict: Verdict::Active,
        run: None,
        whole: true,
        day: "2026-11-24".parse().expect("a date"),
        facts: Arc::new(facts),
    };
    Member {
        uid: u64::from_be_bytes(key.short()) >> 16,
        owner: Source::default(),
        kind: Kind::Code,
        root: None,
        words: vec![word],
        former: vec![],
        people: None,
        exempt: vec![],
        under: vec![],
    }
}

/// A stamp for the finding with a number.
pub(crate) fn stamp(number: u8, state: State) -> Stamp {
    Stamp {
        left_closed: false,
        members: vec![member(number.into())],
        group: None,
        state,
        status: if state == State::Open { Status::Active } else { Status::Closed },
        severity: Severity::High,
        fields: BTreeMap::from([("title".into(), 1), ("body".into(), 2)]),
        content: 3,
        labels: vec![],
        cycle: 0,
        pending: vec![],
        contested: vec![],
        duplicate_of: None,
        mapping: String::new(),
        moved_by_people: false,
    }
}

/// The link that holds the stamp of another finding for each number, of a scanner that no test runs.
pub(crate) fn stamp_link(number: u64) -> serde_json::Value {
    let mut stamp = stamp(0, State::Open);
    stamp.members = vec![member(1_000 + number)];
    let text = stamp.encode(10_000).replace('+', "-").replace('/', "_");
    let url = format!("https://findsync.invalid/stamp/1-of-1?{text}");
    serde_json::json!({"rel": "Hyperlink", "url": url, "attributes": {"comment": ""}})
}

/// A body with our section in it.
pub(crate) fn body(adapter: &AzureDevOps, before: &str, section: &str, after: &str) -> String {
    Body { before: before.into(), section: Some(section.into()), stamp: None, after: after.into() }
        .compose(&adapter.limits())
}

/// A new issue as the plan asks for it.
pub(crate) fn new_issue(adapter: &AzureDevOps, mapping: &Mapping, number: u8, status: Status) -> New {
    let target = mapping.status.value(status);
    let state = if target.open { State::Open } else { State::Closed };
    let field = |name: &str, value: &str| FieldEdit { name: name.into(), value: Some(value.into()) };
    New {
        title: format!("Finding {number}: \"quoted\" & <odd>"),
        body: body(adapter, "", &format!("<p>Semgrep says <b>no</b> &amp; {number}</p>"), ""),
        stamp: Stamp { status, ..stamp(number, state) },
        state,
        closed_as: (state == State::Closed).then_some(CloseReason::Completed),
        labels: vec!["security".into()],
        own_labels: vec![],
        fields: vec![
            field(&mapping.severity.field, mapping.severity.value(Severity::High)),
            field(&mapping.status.field, &target.value),
        ],
        confidential: false,
    }
}

/// The open issues.
pub(crate) async fn open_issues(adapter: &AzureDevOps) -> Vec<Issue> {
    adapter.issues(Which::Open).await.expect("the list of open issues")
}

/// Nothing that was asked may be against the contract.
pub(crate) fn assert_no_objections(fake: &Fake) {
    assert_eq!(fake.objections(), Vec::<String>::new());
}
