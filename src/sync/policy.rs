//! The policy: what planning asks of the configuration and the templates, for one mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{Days, NaiveDate};

use super::compiled::Compiled;
use super::input::{Homes, Input};
use super::settings::{is_shared, update};
use super::snapshot::Snapshot;
use crate::config::{Confidential, DUE_DATE, FieldOn, GroupBy, Mapping, Public};
use crate::finding::{DecidedBy, Digest, Finding, Key, Kind, Scan, Severity, Source, Status};
use crate::issue::{Draft, DraftField, GroupStamp, Issue, On, Verdict};
use crate::plan::{Decision, MemberView, Policy, Reported, Route, Subject};
use crate::template::{Style, TemplateError, Templates};
use crate::trackers::{Track, Visibility};
use crate::triage::{self, Case, Decisions, Item, Routes, Ticket};

/// A bare key of the mapping file that several findings bear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AmbiguousKey {
    pub key: Key,
    pub uids: BTreeSet<u64>,
}

/// What planning asks, answered for one mapping.
pub(super) struct MappingPolicy<'a> {
    pub scans: &'a [Scan],
    /// Index of the mapping.
    pub index: usize,
    pub mapping: &'a Mapping,
    pub decisions: &'a Decisions<'a>,
    pub routes: &'a Routes<'a>,
    pub templates: Arc<Templates>,
    pub style: Style,
    pub confidential: bool,
    pub today: NaiveDate,
    /// Whether texts name the repository, as several share the project.
    pub shared: bool,
    /// The checkout, where there is one.
    pub workspace: Option<PathBuf>,
    /// The mappings in which each finding of this run has its issue already, by scan and finding.
    pub homes: Arc<Homes>,
    pub failed: Mutex<Option<TemplateError>>,
    /// Keys by which the mapping file decides, with the members that bear them.
    pub decided_keys: Mutex<BTreeMap<Key, BTreeSet<u64>>>,
}

impl<'a> MappingPolicy<'a> {
    /// The policy of a mapping, by its place in the mapping file.
    pub(super) fn new(
        input: &Input<'a>,
        compiled: &'a Compiled<'a>,
        index: usize,
        snapshot: &Snapshot,
        tracker: &dyn Track,
        (homes, templates): (&Arc<Homes>, &Arc<Templates>),
    ) -> Self {
        let mapping = &input.config.mappings[index];
        Self {
            scans: input.scans,
            index,
            mapping,
            decisions: &compiled.decisions,
            routes: &compiled.routes,
            templates: Arc::clone(templates),
            style: Style {
                limits: tracker.limits(),
                links: input.links.clone(),
                public_minimal: mapping.public == Some(Public::Minimal)
                    && snapshot.visibility == Some(Visibility::Public),
            },
            confidential: confidential(mapping, snapshot.visibility, tracker),
            today: input.today,
            shared: is_shared(mapping),
            workspace: input.workspace.clone(),
            homes: Arc::clone(homes),
            failed: Mutex::default(),
            decided_keys: Mutex::default(),
        }
    }
}

impl MappingPolicy<'_> {
    fn finding(&self, (scan, finding): (usize, usize)) -> &Finding {
        &self.scans[scan].findings[finding]
    }

    /// One item out of this run's reports of a finding.
    fn item(&self, reports: &[(usize, usize)], key: Key) -> Option<Item> {
        let named = |at: &(usize, usize)| (self.finding(*at), self.scans[at.0].scope());
        triage::merge(reports.iter().map(named).collect(), key)
    }

    fn any_key(&self, reports: &[(usize, usize)]) -> Key {
        let first = reports.first().and_then(|at| self.finding(*at).key().copied());
        first.unwrap_or(Key { version: 1, kind: None, digest: Digest::default() })
    }

    /// The line that names a finding in a list.
    pub(super) fn list_title(&self, finding: &Finding) -> String {
        if self.mapping.group_by.is_empty() { String::new() } else { self.style.title_for(finding) }
    }

    /// The error that a template ended with, where one did.
    pub(super) fn failure(&self) -> Option<TemplateError> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keys of the mapping file that several findings bear.
    pub(super) fn ambiguous(&self) -> Option<AmbiguousKey> {
        let decided = self.decided_keys.lock().unwrap_or_else(PoisonError::into_inner);
        let several = decided.iter().find(|(_, uids)| uids.len() > 1);
        several.map(|(key, uids)| AmbiguousKey { key: *key, uids: uids.clone() })
    }

    fn ticket(&self, subject: &Subject) -> Ticket {
        let items: Vec<Item> = subject.members.iter().filter_map(|member| self.member_item(member)).collect();
        let mut attribution: BTreeMap<_, Verdict> = BTreeMap::new();
        for (scope, verdict) in subject.members.iter().flat_map(|member| &member.words) {
            let known = attribution.entry((**scope).clone()).or_insert(*verdict);
            *known = (*known).min(*verdict);
        }
        Ticket {
            key: subject.key,
            group: subject.group.as_ref().map(|group| group.title.clone()),
            items,
            attribution: attribution.into_iter().map(|(scope, verdict)| (scope, verdict_words(verdict))).collect(),
            status: subject.status,
            reason: subject.reason.clone(),
            severity: subject.severity,
        }
    }

    /// A member as texts show it: by this run's reports, else by what the stamp knows.
    fn member_item(&self, member: &MemberView) -> Option<Item> {
        let owner = self.shared.then(|| member.owner.clone());
        let uid = member.has_equals.then_some(member.uid);
        let facts = member.facts.as_ref()?;
        let read = member.lead_is_read || facts.title.is_empty();
        let mut item = match self.item(&member.reports, member.key).filter(|_| read) {
            Some(item) => item,
            None => {
                let line = Some(facts.evidence.line).filter(|line| *line != 0);
                let mut finding = Finding {
                    kind: member.kind,
                    title: facts.title.clone(),
                    keys: vec![member.key],
                    ..Finding::default()
                };
                finding.location.path = Some(facts.place.clone()).filter(|place| !place.is_empty());
                finding.location.start_line = line;
                Item {
                    finding,
                    key: member.key,
                    uid,
                    owner: None,
                    elsewhere: None,
                    scopes: Vec::new(),
                    versions: Vec::new(),
                    status: member.status,
                    headline: Some(facts.title.clone()),
                }
            }
        };
        let live = member.words.iter().filter(|(_, verdict)| verdict.is_live());
        item.scopes = live.map(|(scope, _)| (**scope).clone()).collect();
        item.finding.severity = member.severity;
        (item.status, item.uid, item.owner) = (member.status, uid, owner);
        let is_here = |scan: &Scan| scan.repository.is_none() && scan.origin.source.name == member.owner.name;
        let foreign = !member.owner.name.is_empty() && !self.scans.iter().any(is_here);
        item.elsewhere = foreign.then(|| member.owner.clone());
        Some(item)
    }

    fn fields(&self, severity: Severity, values: Option<Vec<String>>) -> Vec<DraftField> {
        let Mapping { severity: map, fields, due, update: rules, .. } = self.mapping;
        let mut wanted = vec![DraftField {
            name: map.field.clone(),
            value: map.value(severity).to_owned(),
            on: On::Update,
            update: update(rules.severity),
        }];
        if let Some(days) = due.get(&severity) {
            let day = self.today.checked_add_days(Days::new(u64::from(*days))).unwrap_or(NaiveDate::MAX);
            wanted.push(DraftField {
                name: DUE_DATE.to_owned(),
                value: day.to_string(),
                on: On::Create,
                update: update(Default::default()),
            });
        }
        for (index, rule) in fields.iter().enumerate() {
            // What a template says of a finding that this run does not read is not known.
            let value = match (&values, rule.literal()) {
                (Some(values), _) => values.get(index).cloned(),
                (None, literal) => literal.map(str::to_owned),
            };
            let on = match rule.on {
                FieldOn::Create => On::Create,
                FieldOn::Update => On::Update,
                FieldOn::Status(status) => On::Status(status),
            };
            wanted.extend(value.map(|value| DraftField {
                name: rule.field.clone(),
                value,
                on,
                update: update(rule.update),
            }));
        }
        wanted
    }
}

/// What a scope says, for people.
const fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Active | Verdict::Missing => "",
        Verdict::Decided(Status::FalsePositive) => "false positive",
        Verdict::Decided(_) => "risk accepted",
        Verdict::Fixed => "fixed",
        Verdict::Gone => "no longer reports it",
    }
}

impl Policy for MappingPolicy<'_> {
    fn decide(&self, reported: &Reported<'_>) -> Option<Decision> {
        let scan = &self.scans[reported.scan];
        let finding = self.finding((reported.scan, reported.finding));
        let Reported { keys, uid, ids, name, .. } = *reported;
        let case = Case { finding, scan, keys, uid, ids, name };
        let Some(decided) = self.decisions.decide(&case) else {
            let reason = finding.justification.clone().filter(|_| !self.style.hides_finding(finding));
            return (finding.status != Status::Active).then_some(Decision {
                status: finding.status,
                reason,
                by: DecidedBy::Report,
                source: None,
            });
        };
        // A decision that has run out leaves the report's own.
        if decided.status == Status::Active && finding.status != Status::Active {
            let reason = finding.justification.clone().filter(|_| !self.style.hides_finding(finding));
            return Some(Decision { status: finding.status, reason, by: DecidedBy::Report, source: None });
        }
        if let Some(key) = decided.by_key.filter(|_| finding.kind != Kind::Dependency) {
            let mut known = self.decided_keys.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(key).or_default().insert(reported.uid);
        }
        // Why people decided may tell what must not be told; that a decision has run out is ours to say.
        let hides = decided.status != Status::Active && self.style.hides_finding(finding);
        Some(Decision {
            status: decided.status,
            reason: decided.reason.filter(|_| !hides),
            by: decided.by,
            source: Some(decided.source),
        })
    }

    fn route(&self, reports: &[(usize, usize)]) -> Route {
        let Some(item) = self.item(reports, self.any_key(reports)) else { return Route::Elsewhere };
        let mut homes: Vec<usize> = reports.iter().filter_map(|at| self.homes.get(at)).flatten().copied().collect();
        homes.sort_unstable();
        homes.dedup();
        let here = self.routes.mappings(&item, &homes).into_iter().find(|(mapping, _)| *mapping == self.index);
        match here {
            None => Route::Elsewhere,
            Some((_, None)) => Route::Here,
            Some((_, Some(reason))) => Route::Withheld(reason),
        }
    }

    fn group(&self, reports: &[(usize, usize)]) -> Option<GroupStamp> {
        let by: &[GroupBy] = &self.mapping.group_by;
        if by.is_empty() {
            return None;
        }
        let item = self.item(reports, self.any_key(reports))?;
        let owner: &Source = reports.first().map(|at| self.scans[at.0].owner())?;
        triage::group(&item, by, owner).map(|group| GroupStamp { digest: group.digest, title: group.title })
    }

    fn render(&self, subject: &Subject) -> Draft {
        let ticket = self.ticket(subject);
        // The text of a single finding is known to those who read the scan that it is from, that of a group to all.
        let known = subject.group.is_some() || subject.members.iter().all(|member| member.lead_is_read);
        let rendered = match self.templates.render(&ticket, &self.style) {
            Ok(rendered) => Some(rendered).filter(|_| !ticket.items.is_empty()),
            Err(error) => {
                self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                None
            }
        };
        let attribution = self.templates.attribution(&ticket, &self.style);
        let mut kinds: Vec<Kind> = subject.members.iter().map(|member| member.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let rendered = rendered.filter(|_| known);
        Draft {
            content: rendered.as_ref().map(|rendered| rendered.content).unwrap_or_default(),
            fields: self.fields(subject.severity, rendered.as_ref().map(|rendered| rendered.fields.clone())),
            title: rendered.as_ref().map(|rendered| rendered.title.clone()),
            body: rendered.map(|rendered| rendered.body),
            attribution,
            labels: self.mapping.labels.clone(),
            kinds,
            update_title: update(self.mapping.update.title),
            update_body: update(self.mapping.update.body),
            confidential: self.confidential,
            seen_by: self
                .seen_by(&subject.members.iter().flat_map(|member| member.reports.clone()).collect::<Vec<_>>()),
        }
    }

    fn title(&self, reports: &[(usize, usize)]) -> String {
        reports.first().map_or_else(String::new, |at| self.style.title_for(self.finding(*at)))
    }

    fn seen_by(&self, reports: &[(usize, usize)]) -> String {
        let scanners: BTreeSet<&str> = reports.iter().map(|at| self.scans[at.0].scanner.as_str()).collect();
        let scanners = scanners.into_iter().collect::<Vec<_>>().join(", ");
        let places: BTreeSet<String> = reports
            .iter()
            .map(|at| {
                let finding = self.finding(*at);
                finding.location.short(finding.kind).unwrap_or_else(|| self.scans[at.0].target.clone())
            })
            .collect();
        match (places.first(), places.len()) {
            (Some(place), 1) => format!("{scanners} in {place}"),
            (Some(place), more) => format!("{scanners} in {place} and {} more places", more - 1),
            (None, _) => scanners,
        }
    }

    fn place(&self, reports: &[(usize, usize)]) -> Option<(String, Option<u32>)> {
        let first = reports.first()?;
        // An annotation would point at a file of this repository.
        if self.scans[first.0].repository.is_some() {
            return None;
        }
        let location = &self.finding(*first).location;
        Some((location.path.clone()?, location.start_line))
    }

    fn exists(&self, path: &str) -> Option<bool> {
        let workspace = self.workspace.as_ref().filter(|_| !path.is_empty())?;
        Some(workspace.join(path).symlink_metadata().is_ok())
    }

    fn resembles(&self, reports: &[(usize, usize)], issue: &Issue) -> bool {
        reports.iter().any(|at| {
            let finding = self.finding(*at);
            let title = self.style.title_for(finding);
            let place = finding.location.short(finding.kind);
            let rule = finding.rule.iter().chain(&finding.identifiers);
            let named =
                rule.clone().any(|rule| issue.body.contains(rule.as_str()) || issue.title.contains(rule.as_str()));
            issue.title == title || named && place.is_none_or(|place| issue.body.contains(&place))
        })
    }
}

fn confidential(mapping: &Mapping, visibility: Option<Visibility>, tracker: &dyn Track) -> bool {
    let wanted = match mapping.confidential {
        Confidential::Auto => visibility.is_some_and(|visibility| visibility != Visibility::Private),
        Confidential::Always => true,
        Confidential::Never => false,
    };
    wanted && tracker.limits().confidential
}
