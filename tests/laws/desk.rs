//! What planning asks of a configuration, with plain texts instead of templates.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use findsync::config::{Config, GroupBy};
use findsync::finding::{DecidedBy, Digest, Finding, Key, Scan, Severity, Status, digest};
use findsync::issue::{Draft, DraftField, GroupStamp, Issue, On, StatusTarget, Update, Verdict};
use findsync::plan::{Decision, Policy, Reported, Route, Settings, Subject};
use findsync::triage::{self, Case, Decisions, Item, Routes, Statement};

use crate::board::{ACCEPTED, LIMITS, OWN};

/// How a project is set up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    pub(crate) shared: bool,
    pub(crate) group: Option<GroupBy>,
    pub(crate) config: Config,
    pub(crate) vex: Vec<Statement>,
    pub(crate) keep_manual_close: bool,
    pub(crate) new_on_return: bool,
    pub(crate) record_decisions: bool,
    pub(crate) max_open: Option<usize>,
    /// What the mapping says of an issue's text, labels and fields, beside the usual.
    pub(crate) draft: Option<fn(&mut Draft)>,
}

/// The desk of one run.
pub(crate) struct Desk<'a> {
    scans: &'a [Scan],
    group: Option<GroupBy>,
    decisions: Decisions<'a>,
    routes: Routes<'a>,
    /// Paths in the checkout; `None` where there is none.
    checkout: Option<BTreeSet<String>>,
    draft: Option<fn(&mut Draft)>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(
        setup: &'a Setup,
        scans: &'a [Scan],
        checkout: Option<BTreeSet<String>>,
        today: NaiveDate,
    ) -> Self {
        Self {
            scans,
            group: setup.group,
            decisions: Decisions::new(&setup.config.decisions, &setup.vex, today).unwrap(),
            routes: Routes::new(&setup.config).unwrap(),
            checkout,
            draft: setup.draft,
        }
    }

    fn finding(&self, (scan, finding): (usize, usize)) -> &Finding {
        &self.scans[scan].findings[finding]
    }

    fn item(&self, reports: &[(usize, usize)]) -> Option<Item> {
        let named = |at: &(usize, usize)| (self.finding(*at), self.scans[at.0].scope());
        let key = Key { version: 1, kind: None, digest: Digest::default() };
        triage::merge(reports.iter().map(named).collect(), key)
    }
}

pub(crate) fn settings(setup: &Setup, today: NaiveDate) -> Settings {
    let target = |status: Status| StatusTarget {
        field: "Status".into(),
        value: ["In Progress", "Done", "Rejected", ACCEPTED][status as usize].into(),
        state: if status == Status::Active { findsync::issue::State::Open } else { findsync::issue::State::Closed },
        closed_as: match status {
            Status::Active => None,
            Status::Closed => Some(findsync::issue::CloseReason::Completed),
            _ => Some(findsync::issue::CloseReason::NotPlanned),
        },
    };
    Settings {
        mapping: "shop".into(),
        today,
        tracker: LIMITS,
        statuses: Status::ALL.map(target),
        update_status: Update::IfUnedited,
        max_open: setup.max_open.unwrap_or(1000),
        max_close_percent: 100,
        scope_ttl: 30,
        grouped: setup.group.is_some(),
        new_on_return: setup.new_on_return,
        keep_manual_close: setup.keep_manual_close,
        record_decisions: setup.record_decisions,
        publishing_unasked: false,
        shared: setup.shared,
        formerly: Vec::new(),
        decided_label: format!("{OWN}-decided"),
        own_label: OWN.into(),
        has_siblings: false,
        newest_finished: None,
        marks: Vec::new(),
        fields: ["Priority", "Status"].map(str::to_owned).into(),
    }
}

impl Policy for Desk<'_> {
    fn decide(&self, reported: &Reported<'_>) -> Option<Decision> {
        let finding = self.finding((reported.scan, reported.finding));
        let Reported { keys, uid, ids, name, .. } = *reported;
        let case = Case { finding, scan: &self.scans[reported.scan], keys, uid, ids, name };
        let own = (finding.status != Status::Active).then_some(Decision {
            status: finding.status,
            reason: None,
            by: DecidedBy::Report,
            source: None,
        });
        let Some(decided) = self.decisions.decide(&case) else { return own };
        if decided.status == Status::Active && own.is_some() {
            return own;
        }
        Some(Decision { status: decided.status, reason: decided.reason, by: decided.by, source: Some(decided.source) })
    }

    fn route(&self, reports: &[(usize, usize)]) -> Route {
        let Some(item) = self.item(reports) else { return Route::Elsewhere };
        match self.routes.mappings(&item, &[]).first() {
            None => Route::Elsewhere,
            Some((_, None)) => Route::Here,
            Some((_, Some(reason))) => Route::Withheld(reason.clone()),
        }
    }

    fn group(&self, reports: &[(usize, usize)]) -> Option<GroupStamp> {
        let item = self.item(reports)?;
        let owner = self.scans[reports.first()?.0].owner();
        let group = triage::group(&item, &[self.group?], owner)?;
        Some(GroupStamp { digest: group.digest, title: group.title })
    }

    fn render(&self, subject: &Subject) -> Draft {
        let is_known = subject.group.is_some() || subject.members.iter().all(|member| member.lead_is_read);
        let line = |member: &findsync::plan::MemberView| {
            let title = member.facts.as_ref().map_or("", |facts| facts.title.as_str());
            format!("{title} {} {}", member.severity, member.status)
        };
        let lines: Vec<String> = subject.members.iter().map(line).collect();
        let group = subject.group.as_ref().map(|group| format!("{}: ", group.title)).unwrap_or_default();
        let title = format!("{} {group}{}", subject.severity, lines.first().cloned().unwrap_or_default());
        let mut scopes: BTreeMap<String, Verdict> = BTreeMap::new();
        for (scope, verdict) in subject.members.iter().flat_map(|member| &member.words) {
            let known = scopes.entry(format!("{} {scope}", scope.source.name)).or_insert(*verdict);
            *known = (*known).min(*verdict);
        }
        let attribution = scopes.iter().map(|(scope, verdict)| {
            let verdict = if verdict.is_active() { "" } else { " no longer, or decided" };
            format!("{scope}{verdict}")
        });
        let body = lines.join("\n");
        let mut draft = Draft {
            content: if is_known {
                digest([("title", title.as_str()), ("body", body.as_str())])
            } else {
                Digest::default()
            },
            title: is_known.then_some(title),
            body: is_known.then_some(body),
            attribution: format!("Seen by {}", attribution.collect::<Vec<_>>().join(", ")),
            labels: vec!["security".into()],
            fields: vec![DraftField {
                name: "Priority".into(),
                value: if subject.severity >= Severity::High { "P3".into() } else { "P1".into() },
                on: On::Update,
                update: Update::IfUnedited,
            }],
            kinds: subject.members.iter().map(|member| member.kind).collect(),
            update_title: Update::IfUnedited,
            update_body: Update::IfUnedited,
            confidential: false,
            seen_by: "a scanner".into(),
        };
        if let Some(change) = self.draft {
            change(&mut draft);
        }
        draft
    }

    fn title(&self, reports: &[(usize, usize)]) -> String {
        reports.first().map_or_else(String::new, |at| self.finding(*at).title.clone())
    }

    fn seen_by(&self, _: &[(usize, usize)]) -> String {
        "a scanner".into()
    }

    fn place(&self, reports: &[(usize, usize)]) -> Option<(String, Option<u32>)> {
        let location = &self.finding(*reports.first()?).location;
        Some((location.path.clone()?, location.start_line))
    }

    fn exists(&self, path: &str) -> Option<bool> {
        self.checkout.as_ref().map(|checkout| checkout.contains(path))
    }

    fn resembles(&self, _: &[(usize, usize)], _: &Issue) -> bool {
        false
    }
}
