//! Decisions: what people say in the mapping file and in VEX documents overrides what scanners say.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::vex::newest;
use super::{GlobError, Pattern, Statement, Subject};
use crate::config::{Decision, DecisionMatch};
use crate::finding::{Component, DecidedBy, Digest, Finding, Id, Key, Scan, Status, purl, without_matrix_part};

/// What is known of a finding when it is decided about.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The finding, as one scan reports it.
    pub finding: &'a Finding,
    /// That scan.
    pub scan: &'a Scan,
    /// The keys that it has or had.
    pub keys: &'a BTreeSet<Digest>,
    /// The name that it has from birth on.
    pub uid: u64,
    /// Ids that are known to be the same as its own.
    pub ids: &'a BTreeSet<Id>,
    /// The id that is decided about, where the finding may speak for several vulnerabilities.
    pub name: Option<Id>,
}

impl Case<'_> {
    /// Whether an identifier is one of the finding's, and not another vulnerability's for which it speaks as well.
    fn has_id(&self, id: &str) -> bool {
        let digest = Id::of(id);
        let mut given = self.finding.identifiers.iter().chain(&self.finding.rule);
        let is_given = given.any(|known| known.eq_ignore_ascii_case(id));
        let is_named = self.name.is_none_or(|name| name == digest || !name.is_cve());
        self.ids.contains(&digest) || is_given && (is_named || !digest.is_cve())
    }
}

/// What the mapping file and VEX documents say about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// False Positive, Risk Accepted or Closed; Active where a decision has run out.
    pub status: Status,
    /// Why. Untrusted.
    pub reason: Option<String>,
    /// Whose decision it is.
    pub by: DecidedBy,
    /// Where it stands: file and line, or the VEX document.
    pub source: String,
    /// The key by which the mapping file names it, where that names no single finding by a `~`.
    pub by_key: Option<Key>,
}

/// The decisions of a mapping file with their globs compiled, and those of VEX documents.
#[derive(Debug)]
pub struct Decisions<'a> {
    compiled: Vec<Compiled<'a>>,
    vex: &'a [Statement],
    today: NaiveDate,
}

/// A decision with its globs compiled.
#[derive(Debug)]
struct Compiled<'a> {
    decision: &'a Decision,
    key: Option<(Key, Option<u64>)>,
    rule: Option<Pattern>,
    component: Option<Pattern>,
    path: Option<Pattern>,
    scanner: Option<Pattern>,
    target: Option<Pattern>,
}

impl<'a> Decisions<'a> {
    /// Compiles decisions.
    ///
    /// # Errors
    /// Where a glob cannot be read.
    pub fn new(decisions: &'a [Decision], vex: &'a [Statement], today: NaiveDate) -> Result<Self, GlobError> {
        let compiled = decisions.iter().map(Compiled::new).collect::<Result<_, _>>()?;
        Ok(Self { compiled, vex, today })
    }

    /// What people decided about a finding. The first decision that holds wins, the mapping file before VEX.
    #[must_use]
    pub fn decide(&self, case: &Case<'_>) -> Option<Decided> {
        let mut run_out = None;
        for one in self.compiled.iter().filter(|one| one.matches(case)) {
            match one.decision.until.filter(|until| *until < self.today) {
                Some(until) => run_out = run_out.or(Some((until, one.decision))),
                None => {
                    let reason = one.decision.reason.clone().unwrap_or_else(|| one.decision.source.clone());
                    let by_key = one.key.filter(|(_, uid)| uid.is_none()).map(|(key, _)| key);
                    return Some(Decided {
                        status: one.decision.status,
                        reason: Some(reason),
                        by: DecidedBy::MappingFile,
                        source: one.decision.source.clone(),
                        by_key,
                    });
                }
            }
        }
        let statement = if self.vex.is_empty() { None } else { self.statement(case) };
        if let Some(statement) = statement.filter(|statement| statement.status != Status::Active) {
            let why = statement.justification.as_deref().unwrap_or("VEX");
            let reason = Some(format!("{why} ({})", statement.source));
            return Some(Decided {
                status: statement.status,
                reason,
                by: DecidedBy::Vex,
                source: statement.source.clone(),
                by_key: None,
            });
        }
        let (until, decision) = run_out.filter(|_| case.finding.status == Status::Active)?;
        let what = if decision.status == Status::RiskAccepted { "acceptance" } else { "decision" };
        let reason = Some(format!("the {what} has run out on {until}"));
        Some(Decided {
            status: Status::Active,
            reason,
            by: DecidedBy::MappingFile,
            source: decision.source.clone(),
            by_key: None,
        })
    }
}

impl<'a> Decisions<'a> {
    /// The decisions of the mapping file that fit no finding of these scans, as far as the scans alone can tell.
    #[must_use]
    pub fn unused(&self, scans: &[Scan]) -> Vec<&'a Decision> {
        let fits = |one: &Compiled<'_>, finding: &Finding, scan: &Scan| {
            let keys = finding.keys.iter().map(|key| key.digest).collect();
            let ids = finding.identifiers.iter().chain(&finding.rule).map(|id| Id::of(id)).collect();
            // Which of several findings a name means is for the issues to tell.
            let uid = one.key.and_then(|(_, uid)| uid).unwrap_or_default();
            one.matches(&Case { finding, scan, keys: &keys, uid, ids: &ids, name: None })
        };
        let is_used =
            |one: &Compiled<'_>| scans.iter().any(|scan| scan.findings.iter().any(|finding| fits(one, finding, scan)));
        self.compiled.iter().filter(|one| !is_used(one)).map(|one| one.decision).collect()
    }
}

impl Decisions<'_> {
    /// What VEX documents say about a finding.
    fn statement(&self, case: &Case<'_>) -> Option<&Statement> {
        let mut subject = Subject::new(case.finding, case.scan);
        let named = self.vex.iter().flat_map(|statement| &statement.ids);
        subject.ids = named.filter(|id| case.ids.contains(&Id::of(id))).cloned().collect();
        let is_named = |vex: &&Statement| vex.ids.iter().any(|id| case.has_id(id));
        newest(self.vex.iter().filter(is_named).filter(|vex| vex.applies_to(case.finding, &subject)))
    }
}

impl<'a> Compiled<'a> {
    fn new(decision: &'a Decision) -> Result<Self, GlobError> {
        let glob = |text: &Option<String>| text.as_deref().map(Pattern::new).transpose();
        let DecisionMatch { rule, component, path, scanner, target, .. } = &decision.matches;
        Ok(Self {
            decision,
            key: decision.matches.key.as_deref().and_then(Key::parse_member),
            rule: glob(rule)?,
            component: glob(component)?,
            path: glob(path)?,
            scanner: glob(scanner)?,
            target: glob(target)?,
        })
    }

    fn matches(&self, case: &Case<'_>) -> bool {
        let Case { finding, scan, keys, uid, .. } = case;
        let names = |component: &Component| [component.name.clone(), purl::without_version(component)];
        let is_id = |id: &String| case.has_id(id);
        let is_key = |(key, name): &(Key, Option<u64>)| {
            key.kind == Some(finding.kind) && keys.contains(&key.digest) && name.is_none_or(|name| name == *uid)
        };
        let places = || finding.locations.iter().chain([&finding.location]);
        let has_key = self.decision.matches.key.is_none() || self.key.as_ref().is_some_and(is_key);
        self.decision.matches.id.as_ref().is_none_or(is_id)
            && has_key
            && agrees(&self.rule, finding.rule.iter().cloned())
            && agrees(&self.component, finding.component.iter().flat_map(names))
            && agrees(&self.path, places().filter_map(|place| place.path.clone()))
            && agrees(&self.scanner, std::iter::once(scan.scanner.clone()))
            && agrees(&self.target, [scan.target.clone(), without_matrix_part(&scan.target).to_owned()].into_iter())
    }
}

/// Whether one of the texts fits the glob, where there is one.
fn agrees(glob: &Option<Pattern>, mut texts: impl Iterator<Item = String>) -> bool {
    glob.as_ref().is_none_or(|glob| texts.any(|text| glob.is_match(&text)))
}
