//! The stamp: what findsync stores in an issue to know it again, compact and unforgeable in form.
//!
//! For each member it keeps each scope's last word; keys, aliases, severity and status are functions of all words. On the
//! wire it is JSON, deflated, in base64 with the standard alphabet, which cannot hold `-->`, white space or a line's
//! start. Whether an issue's stamp counts is for the tracker to say (`Issue::trusted`).

mod model;
mod wire;

use std::sync::Arc;

pub use model::{ClosedHow, Contest, Former, GroupStamp, Member, PeopleDecision, Stamp, StampError, Verdict, Word};

use crate::finding::Kind;

impl Member {
    /// Whether no scope has it any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        !self.words.iter().any(|word| word.verdict.is_live())
    }
}

impl Stamp {
    /// Encodes the stamp in at most `max` characters. Where that is too little, it gives up what is least needed first:
    /// members of a group that are gone and undecided, evidence of places that no longer matter, former keys, then titles
    /// and evidence. Words and people's decisions always stay, so a stamp of very many members may be longer.
    #[must_use]
    pub fn encode(&self, max: usize) -> String {
        let mut text = wire::encode(self);
        let mut smaller = self.clone();
        for give_up in [Self::drop_gone, Self::drop_settled_evidence, Self::drop_former, Self::drop_evidence] {
            if text.len() <= max {
                break;
            }
            give_up(&mut smaller);
            text = wire::encode(&smaller);
        }
        text
    }

    /// Reads a stamp.
    ///
    /// # Errors
    /// Where the text is not what [`Stamp::encode`] writes, or a newer version of it.
    pub fn decode(text: &str) -> Result<Self, StampError> {
        wire::decode(text)
    }

    fn drop_gone(&mut self) {
        if self.members.iter().any(|member| !member.is_gone()) {
            self.members.retain(|member| !member.is_gone() || member.people.is_some() || !member.exempt.is_empty());
        }
    }

    fn drop_settled_evidence(&mut self) {
        for member in self.members.iter_mut().filter(|member| member.is_gone() || member.people.is_some()) {
            member.forget_evidence();
        }
    }

    fn drop_former(&mut self) {
        self.members.iter_mut().for_each(|member| member.former.clear());
    }

    fn drop_evidence(&mut self) {
        self.members.iter_mut().for_each(Member::forget_evidence);
    }
}

impl Member {
    /// Keeps of each place only rule, path and line.
    fn forget_evidence(&mut self) {
        for word in &mut self.words {
            let facts = Arc::make_mut(&mut word.facts);
            facts.evidence = crate::finding::LocationEvidence {
                rule: facts.evidence.rule,
                path: facts.evidence.path,
                line: facts.evidence.line,
                lines: if self.kind == Kind::Dependency { facts.evidence.lines } else { 0 },
                ..Default::default()
            };
        }
    }
}

#[cfg(test)]
mod tests;
