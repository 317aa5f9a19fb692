//! The oracle: what each scope really said last, and what people really decided. It knows nothing of stamps, but to look up
//! which issue is about what.

use std::collections::{BTreeMap, BTreeSet};

use findsync::issue::{Issue, State, Verdict};

use crate::board::Act;
use crate::world::{ScopeName, Truth, all_truths, is_covered, is_vague, manifest_of, truths};

/// Days after which a scope that is not read may cease to count.
const TTL: u64 = 30;

/// What a scope says of a weakness that it reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Said {
    Active,
    /// Suppressed, or decided by the mapping file or a VEX document.
    Decided,
    /// Decided perhaps: by an alias that may or may not be known.
    Perhaps,
}

/// What a scope said last of a weakness, and in which file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct LastWord {
    pub(crate) said: Said,
    pub(crate) path: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Book {
    pub(crate) words: BTreeMap<ScopeName, BTreeMap<Truth, LastWord>>,
    pub(crate) read_on: BTreeMap<ScopeName, u64>,
    /// What people decided.
    pub(crate) decided: BTreeSet<Truth>,
    /// What people closed as done where the mapping keeps that, until it is gone.
    pub(crate) done: BTreeSet<Truth>,
    /// Closed by people as done, or by a bot, and not read since: whoever reads it reopens it.
    pub(crate) unread: BTreeSet<(ScopeName, Truth)>,
    /// What may have two issues for a while, or lose its decision: lines that were edited or that another branch has elsewhere.
    pub(crate) loose: BTreeSet<Truth>,
    /// What was not opened when it was read last, and said so.
    pub(crate) withheld: BTreeSet<Truth>,
    /// About what either may be right: a decided line that was edited, an alias that stood for several.
    pub(crate) doubtful: BTreeSet<Truth>,
}

impl Book {
    /// Whether some scope's last word is that a weakness is there and active.
    fn is_active(&self, truth: &str, fresh_on: Option<u64>) -> bool {
        self.words.iter().any(|(scope, words)| {
            let fresh = fresh_on.is_none_or(|today| self.read_on.get(scope).is_some_and(|day| day + TTL > today));
            fresh && words.get(truth).is_some_and(|word| word.said != Said::Decided)
        })
    }

    fn must_be_open(&self, truth: &str, today: u64) -> bool {
        let certain = self.words.iter().any(|(scope, words)| {
            let fresh = self.read_on.get(scope).is_some_and(|day| day + TTL > today);
            let waits = self.unread.contains(&(*scope, truth.to_owned()));
            fresh && !waits && words.get(truth).is_some_and(|word| word.said == Said::Active)
        });
        certain && !self.is_decided(truth) && !self.doubtful.contains(truth)
    }

    fn is_decided(&self, truth: &str) -> bool {
        self.decided.contains(truth) || self.done.contains(truth)
    }

    fn is_loose(&self, truth: &str) -> bool {
        self.loose.contains(truth) || self.doubtful.contains(truth)
    }

    fn all(&self) -> BTreeSet<&Truth> {
        self.words.values().flat_map(BTreeMap::keys).collect()
    }

    /// A decision that people took by closing as done holds until the finding is gone.
    pub(crate) fn forget_done(&mut self) {
        let live: BTreeSet<Truth> = self.all().into_iter().cloned().collect();
        self.done.retain(|truth| live.contains(truth));
    }

    /// What an act decides.
    pub(crate) fn act(&mut self, issues: &[Issue], issue: &Issue, act: Act, keep: bool) {
        let Some(stamp) = &issue.stamp else { return };
        let single = stamp.members.len() == 1;
        let here = all_truths(issue, |verdict| verdict.is_live() || single && verdict == Verdict::Gone);
        let elsewhere = |counts: &dyn Fn(&Issue) -> bool| -> BTreeSet<Truth> {
            let others = issues.iter().filter(|other| other.id.number != issue.id.number && counts(other));
            others.flat_map(|other| all_truths(other, Verdict::is_live)).collect()
        };
        // A report that does not say which weakness it means goes with those that it may mean.
        let vague: BTreeSet<String> =
            here.iter().filter(|truth| is_vague(truth)).filter_map(|t| manifest_of(t)).collect();
        if !vague.is_empty() {
            let all: Vec<Truth> = self.all().into_iter().cloned().collect();
            self.doubtful
                .extend(all.into_iter().filter(|truth| manifest_of(truth).is_some_and(|m| vague.contains(&m))));
        }
        match act {
            Act::NotPlanned | Act::Label => self.decided.extend(here),
            // Where it is closed when it is gone, the column no longer says so.
            Act::Accept => self.done.extend(here),
            Act::Done if keep => self.done.extend(here),
            Act::Done | Act::Bot => {
                let scopes = self.words.keys().copied();
                let each = scopes.flat_map(|scope| here.iter().map(move |truth| (scope, truth.clone())));
                self.unread.extend(each);
            }
            // The other one of two stands for both.
            Act::Duplicate if !elsewhere(&|other| other.state == State::Open).is_disjoint(&here) => {
                self.doubtful.extend(here);
            }
            Act::Duplicate => self.decided.extend(here),
            Act::Reopen | Act::Unlabel => {
                let frozen = stamp.members.iter().filter(|member| member.people.is_some());
                let frozen: BTreeSet<Truth> = frozen.flat_map(|member| truths(member, |_| true)).collect();
                let back = all_truths(issue, |_| true);
                let others = elsewhere(&|other| other.state == State::Closed);
                for truth in back {
                    // An earlier closing may have been of the same.
                    let unseen = stamp.state == State::Open && !stamp.left_closed;
                    let earlier = frozen.contains(&truth) && (act != Act::Reopen || unseen);
                    if earlier || others.contains(&truth) {
                        self.doubtful.insert(truth.clone());
                    }
                    self.decided.remove(&truth);
                    self.done.remove(&truth);
                    if issue.state == State::Closed {
                        self.unread.extend(self.words.keys().map(|scope| (*scope, truth.clone())));
                    }
                }
            }
            _ => {}
        }
    }

    /// What the laws say of the issues after a run: the first that is broken.
    pub(crate) fn check(&self, issues: &[Issue], read: &BTreeSet<ScopeName>, today: u64) -> Result<(), String> {
        let mut open: BTreeMap<Truth, BTreeSet<u64>> = BTreeMap::new();
        for issue in issues.iter().filter(|issue| issue.state == State::Open) {
            for member in issue.stamp.iter().flat_map(|stamp| &stamp.members) {
                if !is_covered(issue, member) {
                    for truth in truths(member, Verdict::is_active) {
                        open.entry(truth).or_default().insert(issue.id.number);
                    }
                }
            }
        }
        for truth in self.all() {
            let may_be = |other: &&Truth| {
                (is_vague(truth) || is_vague(other))
                    && manifest_of(other).is_some_and(|m| Some(m) == manifest_of(truth))
            };
            let by_others = self.decided.iter().chain(&self.done).chain(&self.doubtful).any(|other| may_be(&other));
            if self.must_be_open(truth, today)
                && !open.contains_key(truth)
                && !self.withheld.contains(truth)
                && !by_others
            {
                return Err(format!("{truth} is active and has no open issue"));
            }
            let here = read.iter().any(|scope| self.words.get(scope).is_some_and(|words| words.contains_key(truth)));
            if self.is_decided(truth) && !self.is_loose(truth) && here && open.contains_key(truth) && !is_vague(truth) {
                return Err(format!("{truth} is decided and open in {:?}", open[truth]));
            }
        }
        let twice = open.iter().find(|(truth, issues)| issues.len() > 1 && !is_vague(truth) && !self.is_loose(truth));
        if let Some((truth, issues)) = twice {
            return Err(format!("{truth} is open in {issues:?}"));
        }
        for issue in issues {
            for member in issue.stamp.iter().flat_map(|stamp| &stamp.members) {
                let mut live = truths(member, Verdict::is_live);
                live.retain(|truth| !is_vague(truth));
                if live.len() > 1 && live.iter().all(|truth| !self.is_loose(truth)) {
                    return Err(format!("one member of #{} is {live:?}", issue.id.number));
                }
            }
        }
        self.check_gone(issues, read)
    }

    /// What every scope calls gone or decided is closed.
    fn check_gone(&self, issues: &[Issue], read: &BTreeSet<ScopeName>) -> Result<(), String> {
        for issue in issues.iter().filter(|issue| issue.state == State::Open) {
            let Some(stamp) = issue.stamp.as_ref().filter(|stamp| stamp.state == State::Open) else { continue };
            let was_read = stamp.members.iter().flat_map(|member| &member.words).any(|word| {
                read.iter().any(|scope| {
                    word.scope.scanner == format!("{:?}", scope.1)
                        && word.scope.source.name == crate::world::source_name(scope.0.0)
                        && word.scope.branch.is_empty() == (scope.0.1 == 0)
                        && (word.scope.target == ".") == (scope.2 == 0)
                })
            });
            let known = all_truths(issue, |_| true);
            let is_active = known.iter().any(|truth| {
                self.is_active(truth, None)
                    || self.doubtful.contains(truth)
                    || self.all().iter().any(|vague| is_vague(vague) && manifest_of(vague) == manifest_of(truth))
            });
            if was_read && !known.is_empty() && !is_active && known.iter().all(|truth| !is_vague(truth)) {
                return Err(format!("#{} is open, but {known:?} is gone", issue.id.number));
            }
        }
        Ok(())
    }
}
