//! `findsync explain`: all that is known of a finding, and what the next run would do about it.

use std::collections::BTreeSet;

use super::Console;
use super::accounts::of_findings;
use super::disclosure::Disclosure;
use super::sync::Run;
use super::view::view;
use crate::cli::{ExplainArgs, Format, Global};
use crate::error::{DONE, Error};
use crate::finding::{Digest, Finding, Id, Key, Scan};
use crate::issue::{Issue, Member, Verdict, escape};
use crate::plan::{Account, Fate};
use crate::reports::{self, ExplainView, ExplainedFinding, ExplainedMapping, Paint, Remembered, ScopeWord};
use crate::sync::Planned;

/// What a query asks for.
enum Query<'q> {
    /// An issue, by its number.
    Issue(u64),
    /// A key, perhaps with a finding's name.
    Key(Digest, Option<u64>),
    /// An identifier, a rule, a path with or without a line, or words of a title.
    Text(&'q str),
}

impl<'q> Query<'q> {
    fn new(text: &'q str) -> Self {
        let text = text.trim();
        let number = text.strip_prefix('#').or(Some(text)).and_then(|number| number.parse().ok());
        match (number, Key::parse_member(text)) {
            (Some(number), _) => Self::Issue(number),
            (None, Some((key, uid))) => Self::Key(key.digest, uid),
            (None, None) => Self::Text(text),
        }
    }

    /// Whether it asks for a finding of a report, for which there are these accounts.
    fn names(&self, finding: &Finding, accounts: &[(usize, &Account)]) -> bool {
        match self {
            Self::Issue(number) => {
                accounts.iter().any(|(_, account)| account.issue.as_ref().is_some_and(|issue| issue.number == *number))
            }
            Self::Key(digest, uid) => {
                finding.keys.iter().any(|key| key.digest == *digest)
                    && uid.is_none_or(|uid| accounts.iter().any(|(_, account)| account.uid == uid))
            }
            Self::Text(text) => {
                let mut names = finding.identifiers.iter().chain(&finding.rule);
                let places = finding.locations.iter().chain([&finding.location]);
                let mut places = places.filter_map(|place| Some((place.path.as_deref()?, place.start_line)));
                names.any(|name| name.eq_ignore_ascii_case(text))
                    || places.any(|(path, line)| is_place(text, path, line))
                    || finding.title.to_lowercase().contains(&text.to_lowercase())
            }
        }
    }

    /// Whether it asks for what an issue remembers.
    fn remembers(&self, issue: &Issue, member: &Member) -> bool {
        let mut facts = member.words.iter().map(|word| &word.facts);
        match self {
            Self::Issue(number) => issue.id.number == *number,
            Self::Key(digest, uid) => {
                facts.any(|facts| facts.keys.contains(digest)) && uid.is_none_or(|uid| member.uid == uid)
            }
            Self::Text(text) => {
                let id = Id::of(text);
                facts.any(|facts| facts.ids.contains(&id) || is_place(text, &facts.place, Some(facts.evidence.line)))
                    || issue.title.to_lowercase().contains(&text.to_lowercase())
            }
        }
    }
}

/// Whether a text is a path, or its end, with or without a line.
fn is_place(text: &str, path: &str, line: Option<u32>) -> bool {
    let is_path = |text: &str| !text.is_empty() && (path == text || path.ends_with(&format!("/{text}")));
    let with_line = text.rsplit_once(':').filter(|(_, wanted)| wanted.parse().ok() == line.filter(|line| *line > 0));
    is_path(text) || with_line.is_some_and(|(start, _)| is_path(start))
}

pub(super) async fn explain(args: &ExplainArgs, global: &Global, console: &mut Console<'_>) -> Result<u8, Error> {
    let mut run = Run::new(&args.sync(), global)?;
    let planned = run.planned().await?.unwrap_or_default();
    let disclosure = run.disclosure(&args.sync(), &planned, global).await;
    let mut answer = answer(&run, &planned, &disclosure, &Query::new(&args.query), &args.query);
    answer.notes = run.take_notes(&planned);
    match args.format {
        Format::Json => reports::json(console.out, &answer)?,
        Format::Text | Format::Markdown => {
            reports::explain(console.out, &answer, Paint { colour: console.colour })?;
        }
    }
    Ok(DONE)
}

fn answer(run: &Run, planned: &[Planned], disclosure: &Disclosure, query: &Query<'_>, asked: &str) -> ExplainView {
    let mut plan = view(&run.config, &run.trackers, planned, &[], &run.scans);
    disclosure.apply(&mut plan, &run.config, planned, &run.scans);
    let hidden: BTreeSet<_> = plan.findings.iter().filter(|one| one.key.is_empty()).map(|one| one.at).collect();
    let mut of_finding = of_findings(planned);
    let mut told = ExplainView::new(asked);
    let mut seen = BTreeSet::new();
    for (index, scan) in run.scans.iter().enumerate() {
        for (at, finding) in scan.findings.iter().enumerate() {
            let accounts = of_finding.remove(&(index, at)).unwrap_or_default();
            if !query.names(finding, &accounts) {
                continue;
            }
            seen.extend(accounts.iter().map(|(_, account)| account.uid));
            let is_hidden = hidden.contains(&(index, at));
            let mappings = accounts
                .iter()
                .filter(|(_, account)| account.fate != Fate::NotRouted && !is_hidden)
                .map(|(place, account)| mapping(run, (&planned[*place], &plan.mappings[*place]), account))
                .collect();
            told.findings.push(explained(scan, finding, is_hidden, mappings));
        }
    }
    for (one, shown) in planned.iter().zip(&plan.mappings) {
        // What is remembered may be of others' reports: who may not read the tracker is told none of it.
        let issues = one.issues().iter().filter(|_| !disclosure.is_kept(one, &run.config));
        for issue in issues {
            let members = issue.stamp.iter().filter(|_| issue.trusted).flat_map(|stamp| &stamp.members);
            for member in members.filter(|member| !seen.contains(&member.uid) && query.remembers(issue, member)) {
                let Some(word) = member.words.first() else { continue };
                let key = Key { version: 1, kind: Some(member.kind), digest: word.facts.key() };
                told.remembered.push(Remembered {
                    mapping: shown.label.clone(),
                    issue: (&issue.id).into(),
                    title: escape::clean(&issue.title),
                    state: issue.state,
                    key: key.of_member(member.uid),
                    scopes: words(member),
                });
            }
        }
    }
    told
}

fn explained(scan: &Scan, finding: &Finding, is_hidden: bool, mappings: Vec<ExplainedMapping>) -> ExplainedFinding {
    let names =
        finding.identifiers.iter().chain(finding.rule.iter().filter(|rule| !finding.identifiers.contains(rule)));
    let place = finding.location.short(finding.kind).unwrap_or_default();
    let line = finding.location.start_line.filter(|_| finding.location.path.is_some() && !place.contains(':'));
    let line = line.map_or_else(String::new, |line| format!(":{line}"));
    ExplainedFinding {
        title: if is_hidden {
            "not told where everybody can read it".to_owned()
        } else {
            escape::clean(&finding.title)
        },
        severity: finding.severity,
        place: if is_hidden { String::new() } else { format!("{place}{line}") },
        names: names.cloned().collect(),
        key: finding.key().filter(|_| !is_hidden).map(ToString::to_string).unwrap_or_default(),
        report: scan.report.clone(),
        reader: scan.reader.clone(),
        scope: scan.scope().to_string(),
        mappings,
    }
}

fn mapping(run: &Run, (planned, shown): (&Planned, &reports::MappingView), account: &Account) -> ExplainedMapping {
    let number = account.issue.as_ref().map(|issue| issue.number);
    let issue = planned.issues().iter().find(|issue| Some(issue.id.number) == number);
    let member = issue
        .and_then(|issue| issue.stamp.as_ref())
        .and_then(|stamp| stamp.members.iter().find(|member| member.uid == account.uid));
    let next = shown.changes.iter().find(|change| match (&change.issue, number) {
        (Some(issue), number) => Some(issue.number) == number,
        (None, None) => change.key == account.key.to_string(),
        (None, Some(_)) => false,
    });
    ExplainedMapping {
        mapping: run.config.mappings[planned.mapping].label.clone(),
        fate: account.fate,
        decided_by: account.decided_by,
        decided_in: account.decided_in.clone(),
        reason: account.reason.clone(),
        issue: account.issue.as_ref().map(Into::into),
        state: issue.map(|issue| issue.state),
        scopes: member.map(words).unwrap_or_default(),
        next: next.cloned(),
    }
}

fn words(member: &Member) -> Vec<ScopeWord> {
    let words = member.words.iter().map(|word| ScopeWord {
        repository: word.scope.source.name.clone(),
        scope: word.scope.to_string(),
        verdict: verdict(word.verdict),
        run: word.run.as_ref().map(|run| run.number),
        day: word.day.to_string(),
    });
    words.collect()
}

fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Active => "active".to_owned(),
        Verdict::Missing => "not reported once; closed when that happens again".to_owned(),
        Verdict::Decided(status) => format!("decided, {status}"),
        Verdict::Fixed => "fixed, by VEX or the report".to_owned(),
        Verdict::Gone => "no longer reported".to_owned(),
    }
}
