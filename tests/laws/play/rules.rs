//! Changes of the mapping file, and of what VEX documents say.

use findsync::config::{Decision, DecisionMatch, GroupBy};
use findsync::finding::{Severity, Status};
use findsync::triage::Statement;

use super::{Game, Rule, date};

impl Game {
    pub(super) fn rule(&mut self, rule: Rule) {
        let setup = &mut self.setup;
        let decision = |matches: DecisionMatch, until| Decision {
            matches,
            status: Status::RiskAccepted,
            reason: None,
            until,
            source: ".findsync.yml:1".into(),
        };
        let id = |id: String| DecisionMatch { id: Some(id), ..DecisionMatch::default() };
        let decisions = &mut setup.config.decisions;
        match rule {
            Rule::GroupBy(by) => {
                setup.group =
                    [None, Some(GroupBy::Component), Some(GroupBy::Rule), Some(GroupBy::File)][by as usize % 4];
            }
            Rule::AcceptCve(number) => decisions.push(decision(id(format!("CVE-2026-{number}")), None)),
            Rule::AcceptCveUntil(number, days) => {
                decisions.push(decision(id(format!("CVE-2026-{number}")), Some(date(self.day + u64::from(days)))));
            }
            Rule::AcceptAlias => decisions.push(decision(id("GHSA-XXXX".into()), None)),
            Rule::AcceptCheck => {
                decisions.push(decision(DecisionMatch { rule: Some("eval".into()), ..DecisionMatch::default() }, None));
            }
            Rule::AcceptScanner(scanner) => {
                let matches = DecisionMatch { scanner: Some(format!("{scanner:?}")), ..DecisionMatch::default() };
                decisions.push(decision(matches, None));
            }
            Rule::AcceptKey => {
                let issues = self.board.snapshot();
                let members = issues.iter().filter_map(|issue| issue.stamp.as_ref()).flat_map(|stamp| &stamp.members);
                let key = members.flat_map(|member| member.words.iter().map(move |word| (member, word))).next();
                let key = key.map(|(member, word)| findsync::finding::Key {
                    version: 1,
                    kind: Some(member.kind),
                    digest: word.facts.key(),
                });
                if let Some(key) = key {
                    let matches = DecisionMatch { key: Some(key.to_string()), ..DecisionMatch::default() };
                    decisions.push(decision(matches, None));
                }
            }
            Rule::Fixed(number) => setup.vex.push(Statement {
                ids: vec![format!("CVE-2026-{number}")],
                products: None,
                status: Status::Closed,
                justification: None,
                source: "vex.json".into(),
                made: None,
            }),
            Rule::Unfixed => setup.vex.clear(),
            Rule::NothingDecided => decisions.clear(),
            Rule::MinSeverity(on) => setup.config.routes[0].when.min_severity = on.then_some(Severity::High),
            Rule::MaxOpen(max) => setup.max_open = (max > 0).then_some(max as usize),
            Rule::Keep(keep) if keep != setup.keep_manual_close => {
                setup.keep_manual_close = keep;
                let unread = std::mem::take(&mut self.book.unread);
                let done = std::mem::take(&mut self.book.done);
                self.book.doubtful.extend(unread.into_iter().map(|(_, truth)| truth).chain(done));
            }
            Rule::Keep(_) => {}
            Rule::NewOnReturn(new) => setup.new_on_return = new,
            Rule::Record(record) => setup.record_decisions = record,
        }
    }
}
