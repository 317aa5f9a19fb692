//! Random worlds: what scanners say, what people decide and do, run after run.

use chrono::NaiveDate;
use findsync::finding::{Key, Kind, Scan, Scope, Severity, Status, digest};
use findsync::issue::{CloseReason, Draft, DraftField, Member, On, Place, State, StatusTarget, Update};
use findsync::plan::{Coverage, Plan, Planner, Settings, needs_closed};
use findsync::trackers::{Track, Which};
use proptest::prelude::*;

use crate::memory::{LIMITS, Memory, Person};

pub(crate) const FINDINGS: usize = 8;
pub(crate) const SCOPES: usize = 3;
pub(crate) const FILES: usize = 4;

/// What one scope says in one run.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) whole: bool,
    pub(crate) sees: [bool; FINDINGS],
    /// Files that it could not examine.
    pub(crate) unexamined: [bool; FILES],
}

/// One run, and what people did before it.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) people: Vec<Person>,
    pub(crate) scopes: [Option<Said>; SCOPES],
    pub(crate) decided: [Option<Status>; FINDINGS],
    pub(crate) severe: [bool; FINDINGS],
    pub(crate) days: u64,
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..6)
}

fn step() -> impl Strategy<Value = Step> {
    let unexamined = prop::array::uniform4(prop::bool::weighted(0.15));
    let said = (prop::bool::weighted(0.8), any::<[bool; FINDINGS]>(), unexamined)
        .prop_map(|(whole, sees, unexamined)| Said { whole, sees, unexamined });
    let scopes = prop::array::uniform3(prop::option::weighted(0.7, said));
    let status = prop_oneof![Just(Status::FalsePositive), Just(Status::RiskAccepted)];
    let decided = prop::array::uniform8(prop::option::weighted(0.15, status));
    (prop::collection::vec(person(), 0..3), scopes, decided, any::<[bool; FINDINGS]>(), 0u64..20)
        .prop_map(|(people, scopes, decided, severe, days)| Step { people, scopes, decided, severe, days })
}

fn person() -> impl Strategy<Value = Person> {
    (0usize..12).prop_flat_map(|at| {
        prop_oneof![
            Just(Person::CloseDone(at)),
            Just(Person::CloseNotPlanned(at)),
            Just(Person::Reopen(at)),
            Just(Person::Retitle(at)),
            Just(Person::Comment(at)),
            Just(Person::LabelFalsePositive(at)),
            Just(Person::Write(at)),
            Just(Person::SetPriority(at)),
            Just(Person::Twin(at)),
        ]
    })
}

pub(crate) fn key(finding: usize, alias: usize) -> Key {
    let kind = if finding.is_multiple_of(2) { Kind::Dependency } else { Kind::Code };
    Key { version: 1, kind: Some(kind), digest: digest([("n", format!("{finding}/{alias}").as_str())]) }
}

/// The file that a finding is in: one for two of them.
pub(crate) fn file(finding: usize) -> usize {
    finding / 2
}

fn path(file: usize) -> String {
    format!("src/{file}.py")
}

/// What a stamp keeps of a finding's place. Of some it keeps nothing.
fn place(finding: usize) -> Place {
    let path = Place::part((file(finding) > 0).then(|| path(file(finding))).as_deref());
    Place { path, ..Place::default() }
}

fn scope(at: usize) -> Scope {
    Scope { scanner: format!("scanner {at}"), target: "shop".into(), ..Scope::default() }
}

impl Step {
    /// Whether some scope of this run reports the finding.
    pub(crate) fn reports(&self, finding: usize) -> bool {
        self.scopes.iter().flatten().any(|said| said.sees[finding])
    }

    /// Whether a scope of this run has looked for the finding where it was.
    pub(crate) fn examined(&self, known: &Scope, finding: usize) -> bool {
        (0..SCOPES).filter(|at| scope(*at) == *known).filter_map(|at| self.scopes[at].as_ref()).any(|said| {
            let nowhere_known = file(finding) == 0 && said.unexamined.contains(&true);
            said.whole && !said.unexamined[file(finding)] && !nowhere_known
        })
    }

    /// Dependencies are known by two names: the first scope says both, the others only the second.
    fn keys(&self, finding: usize, at: usize) -> Vec<Key> {
        match (finding % 2, at) {
            (0, 0) => vec![key(finding, 0), key(finding, 1)],
            (0, _) => vec![key(finding, 1)],
            _ => vec![key(finding, 0)],
        }
    }

    pub(crate) fn coverage(&self) -> Coverage {
        let scan = |(at, said): (usize, &Option<Said>)| {
            said.as_ref().map(|said| Scan {
                scanner: scope(at).scanner,
                target: scope(at).target,
                complete: said.whole,
                unexamined: (0..FILES).filter(|file| said.unexamined[*file]).map(path).collect(),
                findings: (0..FINDINGS)
                    .filter(|finding| said.sees[*finding])
                    .map(|finding| findsync::finding::Finding { keys: self.keys(finding, at), ..Default::default() })
                    .collect(),
                ..Scan::default()
            })
        };
        Coverage::of(&self.scopes.iter().enumerate().filter_map(scan).collect::<Vec<_>>())
    }

    pub(crate) fn drafts(&self, reversed: bool) -> Vec<Draft> {
        let mut drafts: Vec<Draft> = (0..FINDINGS).filter_map(|finding| self.draft(finding)).collect();
        if reversed {
            drafts.reverse();
        }
        drafts
    }

    fn draft(&self, finding: usize) -> Option<Draft> {
        let sees: Vec<usize> =
            (0..SCOPES).filter(|at| self.scopes[*at].as_ref().is_some_and(|said| said.sees[finding])).collect();
        let mut keys: Vec<Key> = sees.iter().flat_map(|at| self.keys(finding, *at)).collect();
        keys.sort_by_key(|known| *known != key(finding, 0));
        keys.dedup();
        let severity = if self.severe[finding] { Severity::High } else { Severity::Low };
        let title = format!("finding {finding}, {severity}");
        Some(Draft {
            key: *keys.first()?,
            members: vec![Member { keys, scopes: sees.iter().map(|at| scope(*at)).collect(), place: place(finding) }],
            excluded: Vec::new(),
            status: self.decided[finding].unwrap_or(Status::Active),
            reason: None,
            expired: false,
            severity,
            kinds: vec![Kind::Other],
            content: digest([("title", title.as_str())]),
            body: format!("All about {title}."),
            title,
            labels: vec!["security".into()],
            fields: vec![DraftField {
                name: "Priority".into(),
                value: if self.severe[finding] { "P3".into() } else { "P1".into() },
                on: On::Update,
                update: Update::IfUnedited,
            }],
            update_title: Update::IfUnedited,
            update_body: Update::IfUnedited,
            held: None,
            confidential: false,
            seen_by: "a scanner".into(),
        })
    }
}

pub(crate) fn settings(today: NaiveDate) -> Settings {
    let target =
        |value: &str, state, closed_as| StatusTarget { field: "Status".into(), value: value.into(), state, closed_as };
    Settings {
        mapping: "shop".into(),
        siblings: Vec::new(),
        today,
        tracker: LIMITS,
        statuses: [
            target("In Progress", State::Open, None),
            target("Done", State::Closed, Some(CloseReason::Completed)),
            target("Done", State::Closed, Some(CloseReason::NotPlanned)),
            target("Done", State::Closed, Some(CloseReason::NotPlanned)),
        ],
        update_status: Update::IfUnedited,
        closing_fields: Vec::new(),
        max_open: 1000,
        max_close_percent: 100,
        scope_ttl: 30,
        new_on_return: false,
        keep_manual_close: false,
        record_decisions: false,
        publishing_unasked: false,
    }
}

/// Plans and applies one step; what was planned.
pub(crate) fn run(memory: &dyn Track, step: &Step, today: NaiveDate, reversed: bool) -> Plan {
    let drafts = step.drafts(reversed);
    let coverage = step.coverage();
    let settings = Settings { tracker: memory.limits(), ..settings(today) };
    let planner = Planner { drafts: &drafts, coverage: &coverage, settings: &settings };
    block_on(async {
        let mut issues = memory.issues(Which::Open).await.unwrap();
        if needs_closed(&drafts, &issues, false) {
            issues.extend(memory.issues(Which::Closed).await.unwrap());
        }
        if reversed {
            issues.reverse();
        }
        let newest = issues.iter().map(|issue| issue.id.number).max().unwrap_or(0);
        let plan = planner.plan(&issues);
        let context = findsync::apply::Context { planner, tracker: memory, say: &|note| format!("{note:?}"), newest };
        findsync::apply::apply(&context, &plan, &mut |_, _| {}).await;
        plan
    })
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// What a world looks like, without what two runs may do differently (numbers, the order of comments).
pub(crate) fn picture(memory: &Memory) -> Vec<String> {
    let mut lines: Vec<String> = memory
        .snapshot()
        .iter()
        .map(|issue| {
            let mut comments = issue.comments.clone().unwrap_or_default();
            comments.sort();
            let stamp = issue.stamp.as_ref().map(|stamp| (stamp.key, stamp.state, stamp.status, &stamp.fields));
            format!(
                "{:?}",
                (
                    &issue.title,
                    issue.state,
                    issue.closed_as,
                    &issue.labels,
                    &issue.fields,
                    &issue.body,
                    stamp,
                    comments
                )
            )
        })
        .collect();
    lines.sort();
    lines
}
