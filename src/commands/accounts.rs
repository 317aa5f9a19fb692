//! What became of each finding of a run, over all mappings.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::finding::Scan;
use crate::issue::escape;
use crate::plan::{Account, Fate};
use crate::reports::{AccountView, TotalsView};
use crate::sync::Planned;

/// What becomes of each finding, by scan and finding, with the place of the mapping.
pub(super) fn of_findings(planned: &[Planned]) -> BTreeMap<(usize, usize), Vec<(usize, &Account)>> {
    let mut of_finding: BTreeMap<(usize, usize), Vec<(usize, &Account)>> = BTreeMap::new();
    for one in planned {
        for account in &one.plan.accounts {
            for at in &account.reports {
                of_finding.entry(*at).or_default().push((one.mapping, account));
            }
        }
    }
    of_finding
}

/// One line for each finding and mapping that takes it, in the order of the reports, and the sums over all findings.
pub(super) fn accounts(config: &Config, planned: &[Planned], scans: &[Scan]) -> (Vec<AccountView>, TotalsView) {
    let mut of_finding = of_findings(planned);
    let (mut lines, mut totals) = (Vec::new(), TotalsView::default());
    for (index, scan) in scans.iter().enumerate() {
        for (at, finding) in scan.findings.iter().enumerate() {
            let known = of_finding.remove(&(index, at)).unwrap_or_default();
            let blank = || AccountView {
                mapping: None,
                fate: None,
                issue: None,
                key: finding.key().map(ToString::to_string).unwrap_or_default(),
                title: escape::clean(&finding.title),
                severity: finding.severity,
                scanner: scan.scanner.clone(),
                report: scan.report.clone(),
                decided_by: None,
                reason: None,
                at: (index, at),
            };
            let routed: Vec<_> = known.iter().filter(|(_, account)| account.fate != Fate::NotRouted).collect();
            let views = routed.iter().map(|(mapping, account)| AccountView {
                mapping: Some(config.mappings[*mapping].label.clone()),
                fate: Some(account.fate),
                issue: account.issue.as_ref().map(Into::into),
                key: account.key.to_string(),
                severity: account.severity,
                decided_by: account.decided_by,
                reason: account.reason.clone(),
                ..blank()
            });
            let mut views: Vec<AccountView> = views.collect();
            if views.is_empty() {
                views.push(AccountView { fate: (!known.is_empty()).then_some(Fate::NotRouted), ..blank() });
            }
            // Of several mappings, and of several vulnerabilities that a finding speaks for, what does most counts.
            let counting = views.iter().min_by_key(|view| view.fate.map_or(u8::MAX, |fate| fate as u8));
            counting.into_iter().for_each(|view| totals.add(finding.severity, view));
            lines.extend(views);
        }
    }
    (lines, totals)
}
