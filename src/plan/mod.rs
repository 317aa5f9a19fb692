//! Plan: which changes would bring the tracker in step. Pure: the same scans, issues and day give the same plan.
//!
//! What one run says about its slice of the world is never taken for the truth about an issue: each scope's last word stands
//! in the stamp, a run writes only the words of the scopes that it read, and what an issue should be is a function of all.
//! `matching`, `carry` and `dependencies` find out which member a finding is, `duplicates` joins what is one, `words` writes what
//! scopes say, `placement` gives members their issues, `compose` makes changes of that, `edit` decides what is written.

mod accounts;
mod align;
mod authority;
mod carry;
mod changes;
mod closer;
mod compose;
mod content;
mod dependencies;
mod describe;
mod duplicates;
mod edit;
mod guard;
mod matching;
mod people;
mod placement;
mod planner;
mod policy;
mod reasons;
mod scan_facts;
mod scans;
mod settings;
mod sources;
mod words;
mod world;

pub use changes::{Account, Action, Change, Fate, FieldChange, Plan, Presence, Refusal, Withheld, Write};
pub use planner::Planner;
pub use policy::{Decision, MemberView, Policy, Reported, Route, Subject};
pub use scan_facts::ScanFacts;
pub use settings::{Settings, source_label};

use std::collections::BTreeSet;

use crate::issue::Issue;
use world::World;

impl Planner<'_> {
    /// Makes the plan from all issues that were listed.
    #[must_use]
    pub fn plan(&self, issues: &[Issue]) -> Plan {
        let mut world = World::new(self, issues);
        // What came later has seen all that there is to settle.
        if world.scans.is_empty() && !self.scans.is_empty() {
            return Plan { notes: world.notes, ..Plan::default() };
        }
        world.merge_copies();
        world.match_all();
        world.merge_twins();
        world.speak();
        world.expire();
        world.settle();
        let mut plan = Plan::default();
        world.compose(&mut plan);
        world.note_unread();
        plan.accounts = world.accounts(&plan);
        plan.withheld.append(&mut world.withheld);
        plan.notes.append(&mut world.notes);
        plan.refusal = guard::check(&plan, &world);
        plan.withheld.sort_by(|a, b| (&a.issue, a.key, &a.reason).cmp(&(&b.issue, b.key, &b.reason)));
        plan
    }

    /// Plans the change of one issue anew, as it is now, where somebody changed it in the meantime.
    #[must_use]
    pub fn replan(&self, issues: &[Issue], now: &Issue) -> Option<Change> {
        let current = |issue: &Issue| if issue.id.number == now.id.number { now.clone() } else { issue.clone() };
        let mut issues: Vec<Issue> = issues.iter().map(current).collect();
        if !issues.iter().any(|issue| issue.id.number == now.id.number) {
            issues.push(now.clone());
        }
        let of_issue = |change: &Change| change.issue().is_some_and(|id| id.number == now.id.number);
        self.plan(&issues).changes.into_iter().find(of_issue)
    }

    /// This run's findings that have an open issue among these, or one that people closed for good: scan and finding.
    #[must_use]
    pub fn at_home(&self, issues: &[Issue]) -> BTreeSet<(usize, usize)> {
        let mut world = World::new(self, issues);
        world.merge_copies();
        world.match_all();
        world.at_home()
    }
}
