//! States of a game, for those that explore them.

use std::collections::BTreeSet;

use findsync::finding::Run;

use super::Game;

impl Game {
    /// The same game, to be played on in another way.
    pub(crate) fn fork(&self) -> Self {
        Self {
            world: self.world.clone(),
            board: self.board.copy(),
            book: self.book.clone(),
            setup: self.setup.clone(),
            day: self.day,
            number: self.number,
            past: self.past.iter().rev().take(3).rev().cloned().collect(),
            told: Vec::new(),
            script: None,
        }
    }

    /// What tells two states of a game apart: runs count only by their order.
    pub(crate) fn fingerprint(&self) -> u128 {
        let issues = self.board.snapshot();
        let stamps = || issues.iter().filter_map(|issue| issue.stamp.as_ref());
        let words = || stamps().flat_map(|stamp| &stamp.members).flat_map(|member| &member.words);
        let mut runs: BTreeSet<&Run> = words().filter_map(|word| word.run.as_ref()).collect();
        runs.extend(stamps().flat_map(|stamp| &stamp.contested).map(|contest| &contest.run));
        runs.extend(self.past.iter().map(|reports| &reports.run));
        let rank = |run: &Run| runs.iter().position(|known| *known == run);
        let mut text = format!("{:?}|{:?}|{:?}|{}|", self.world, self.book, self.setup.group, self.day);
        text += &format!("{:?}|{:?}|", self.setup.config.decisions, self.setup.vex.len());
        for issue in &issues {
            text += &format!("#{}", issue.id.number);
            text += &format!("{:?}{:?}{:?}", issue.state, issue.closed_as, issue.closed_by);
            text += &format!("{:?}{:?}{:?}{}", issue.labels, issue.own_labels, issue.fields, issue.title);
            if let Some(stamp) = &issue.stamp {
                text +=
                    &format!("{:?}{:?}{:?}{:?}", stamp.state, stamp.status, stamp.duplicate_of, stamp.moved_by_people);
                text += &format!("{:?}", stamp.group.as_ref().map(|group| &group.title));
                for member in &stamp.members {
                    text += &format!("{}{:?}{:?}{:?}", member.uid, member.people, member.exempt, member.under);
                    text += &format!("{:?}", member.former);
                    for word in &member.words {
                        let facts = &word.facts;
                        text += &format!("{}{:?}{:?}", word.scope.source.name, word.scope.scanner, word.scope.branch);
                        text += &format!("{:?}{:?}{}", word.verdict, word.run.as_ref().map(rank), word.day);
                        text += &format!("{:?}{:?}{}{}", facts.key(), facts.ids, facts.evidence.line, facts.title);
                    }
                }
                for contest in &stamp.contested {
                    text += &format!("{:?}{:?}{}", contest.scope.scanner, rank(&contest.run), contest.day);
                }
            }
        }
        for reports in &self.past {
            text += &format!("{:?}", rank(&reports.run));
            text += &format!("{:?}", reports.scans.iter().map(|(name, short, _)| (name, short)).collect::<Vec<_>>());
            let truths = reports.scans.iter().flat_map(|(_, _, reported)| reported).map(|(_, truths)| truths);
            text += &format!("{:?}", truths.collect::<Vec<_>>());
        }
        let digest = findsync::finding::digest([("state", text.as_str())]);
        digest.0.iter().fold(0, |sum, byte| sum << 8 | u128::from(*byte))
    }
}
