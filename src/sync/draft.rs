//! Ticket → draft: the texts that templates make of it, the mapping's fields, and the evidence by which it is known again.

use chrono::{Days, NaiveDate};

use super::update;
use crate::config::{FieldOn, Mapping};
use crate::finding::{Finding, Kind, Status, fold_code, fold_url, identifiers, image_name, purl, sketch};
use crate::issue::{Draft, DraftField, Member, On, Place};
use crate::template::{Style, TemplateError, Templates};
use crate::triage::{Item, Ticket};

/// Words from which on a block's first line tells it from others.
const WORDS_OF_A_HEAD: u32 = 3;

/// What drafts of one mapping are made with.
pub(super) struct Recipe<'a> {
    pub mapping: &'a Mapping,
    pub templates: &'a Templates,
    pub style: &'a Style,
    pub confidential: bool,
    pub today: NaiveDate,
}

impl Recipe<'_> {
    pub(super) fn draft(&self, ticket: &Ticket) -> Result<Draft, TemplateError> {
        let rendered = self.templates.render(ticket, self.style)?;
        let hides = self.style.hides(ticket);
        let mut kinds: Vec<Kind> = ticket.items.iter().map(|item| item.finding.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Ok(Draft {
            key: ticket.key,
            members: ticket.items.iter().map(|item| member(item, ticket.group.is_some())).collect(),
            excluded: ticket.excluded.clone(),
            status: ticket.status,
            // That an acceptance has run out is ours to say.
            reason: ticket.reason.clone().filter(|_| !hides || (ticket.expired && ticket.status == Status::Active)),
            expired: ticket.expired,
            severity: ticket.severity,
            kinds,
            title: rendered.title,
            body: rendered.body,
            content: rendered.content,
            labels: self.mapping.labels.clone(),
            fields: self.fields(ticket, rendered.fields),
            update_title: update(self.mapping.update.title),
            update_body: update(self.mapping.update.body),
            held: ticket.held.clone(),
            confidential: self.confidential,
            seen_by: seen_by(ticket),
        })
    }

    fn fields(&self, ticket: &Ticket, values: Vec<String>) -> Vec<DraftField> {
        let Mapping { severity, fields, due, .. } = self.mapping;
        let mut wanted = vec![DraftField {
            name: severity.field.clone(),
            value: severity.value(ticket.severity).to_owned(),
            on: On::Update,
            update: update(self.mapping.update.severity),
        }];
        if let Some(days) = due.get(&ticket.severity) {
            let day = self.today.checked_add_days(Days::new(u64::from(*days))).unwrap_or(NaiveDate::MAX);
            wanted.push(DraftField {
                name: "due_date".to_owned(),
                value: day.to_string(),
                on: On::Create,
                update: update(Default::default()),
            });
        }
        wanted.extend(fields.iter().zip(values).map(|(rule, value)| DraftField {
            name: rule.field.clone(),
            value,
            on: match rule.on {
                FieldOn::Create => On::Create,
                FieldOn::Update => On::Update,
                FieldOn::Status(status) => On::Status(status),
            },
            update: update(rule.update),
        }));
        wanted
    }
}

/// Who sees it, and where, in a few words.
fn seen_by(ticket: &Ticket) -> String {
    let mut scanners: Vec<&str> =
        ticket.items.iter().flat_map(|item| &item.scopes).map(|scope| scope.scanner.as_str()).collect();
    scanners.sort_unstable();
    scanners.dedup();
    let scanners = scanners.join(", ");
    let place = ticket.items.first().and_then(|item| {
        let place = item.finding.location.short(item.finding.kind);
        place.or_else(|| item.scopes.first().map(|scope| scope.target.clone()))
    });
    match (place, ticket.items.len()) {
        (Some(place), 1) => format!("{scanners} in {place}"),
        (Some(place), more) => format!("{scanners} in {place} and {} more places", more - 1),
        (None, _) => scanners,
    }
}

/// Where a ticket's first finding is, for annotations.
pub(super) fn place(ticket: &Ticket) -> Option<(String, Option<u32>)> {
    let location = &ticket.items.first()?.finding.location;
    Some((location.path.clone()?, location.start_line))
}

fn member(item: &Item, in_group: bool) -> Member {
    let place = evidence(&item.finding);
    // Groups are known by what they share, and a stamp has room for many only if each is short: the path tells whether a
    // scan has examined it.
    let place = if in_group { Place { path: place.path, ..Place::default() } } else { place };
    Member { keys: item.keys.clone(), scopes: item.scopes.clone(), place }
}

/// Evidence for carry-forward. A dependency's content is its component, its path the place it is declared in; a dynamic
/// finding's is what stands behind the host.
fn evidence(finding: &Finding) -> Place {
    let location = &finding.location;
    if finding.kind == Kind::Dependency {
        let id = finding.identifiers.iter().find(|id| identifiers::rank(id).is_some()).or(finding.rule.as_ref());
        let place = location.image.as_deref().map(image_name).or_else(|| location.path.clone());
        return Place {
            rule: Place::part(id.map(String::as_str)),
            path: Place::part(place.as_deref()),
            lines: Place::part(finding.component.as_ref().map(purl::without_version).as_deref()),
            ..Place::default()
        };
    }
    let rule = finding.rule.as_deref().unwrap_or(&finding.title);
    if let (Kind::Dynamic, Some(url)) = (finding.kind, &location.url) {
        let (host, path) = fold_url(url);
        let behind = match finding.locations.as_slice() {
            [] if !finding.evidence.sitewide => {
                [Some(path.as_str()), location.method.as_deref(), location.parameter.as_deref()]
            }
            _ => [None; 3],
        };
        let behind = behind.map(|part| part.unwrap_or("-")).join(" ");
        return Place {
            rule: Place::part(Some(rule)),
            path: Place::part(Some(&host)),
            lines: Place::part(Some(&behind)),
            ..Place::default()
        };
    }
    let around = |line: Option<&String>| Place::part(line.map(|line| fold_code(line)).as_deref());
    let snippet = finding.evidence.snippet.as_ref();
    let shown = snippet.map(|snippet| snippet.lines.as_str()).filter(|lines| !lines.trim().is_empty());
    // A block is known by its head, where that says something: what stands in it comes and goes.
    let head = shown.and_then(|lines| lines.trim().split_once('\n')).map(|(head, _)| head);
    let content = head
        .filter(|head| sketch(head).count_ones() >= WORDS_OF_A_HEAD)
        .or(shown)
        .map(fold_code)
        .or_else(|| location.resource.clone())
        .or_else(|| {
            let evidence = &finding.evidence;
            evidence.secret_hash.clone().or_else(|| evidence.trusted_fingerprint().map(|print| print.value.clone()))
        });
    Place {
        rule: Place::part(Some(rule)),
        path: Place::part(location.path.as_deref()),
        line: location.start_line.unwrap_or(0),
        lines: Place::part(content.as_deref()),
        before: around(snippet.and_then(|snippet| snippet.before.as_ref())),
        after: around(snippet.and_then(|snippet| snippet.after.as_ref())),
        heading: around(snippet.and_then(|snippet| snippet.heading.as_ref())),
        counted: finding.evidence.counted.map_or(0, Place::short),
        words: shown.filter(|_| finding.kind != Kind::Secret).map_or(0, sketch),
    }
}
