//! The contract that every tracker keeps. A tracker's tests implement [`World`] and call [`contract_suite!`] with a
//! function that makes a fresh one; each step goes the whole way, and after each a second plan is empty.

mod decisions;
mod listing;
mod steps;
mod untrusted;

pub use decisions::*;
pub use listing::*;
pub use steps::*;
pub use untrusted::*;

use async_trait::async_trait;
use chrono::NaiveDate;
use findsync::apply::{Applied, Outcome};
use findsync::config::{Config, Mapping};
use findsync::finding::{Component, Evidence, Finding, Kind, Location, Scan, Severity, Snippet, assign_keys};
use findsync::sync::{self, Input, Planned};
use findsync::template::RunRef;
use findsync::trackers::Track;

/// A tracker that can be looked at and used by people, beside findsync.
#[async_trait]
pub trait World: Send + Sync {
    /// The mapping under test; its instance is 0.
    fn mapping(&self) -> Mapping;
    /// A new connection, as a new run would make it.
    fn connect(&self, mapping: &Mapping) -> Box<dyn Track>;
    /// The field of a mapping that sets labels, where the tracker has one.
    fn labels_field(&self) -> Option<&'static str> {
        Some("labels")
    }
    /// What a person with the right to write does.
    async fn person(&self, act: Act);
    /// All issues there are, by number, as a person sees them.
    async fn look(&self) -> Vec<Seen>;
}

/// What a person does. Numbers are issues'.
#[derive(Debug, Clone)]
pub enum Act {
    /// Closes it as done.
    Close(u64),
    /// A bot that is not findsync closes it.
    CloseByBot(u64),
    /// Closes it as a duplicate of another one.
    CloseAsDuplicate(u64),
    /// Makes its stamp unreadable.
    Damage(u64),
    /// Closes it so that it says "we will not do this": as not planned, or with the label `wontfix`.
    Refuse(u64),
    /// Opens it again.
    Reopen(u64),
    /// Adds a label or tag.
    Label(u64, &'static str),
    /// Takes a label or tag away.
    Unlabel(u64, &'static str),
    /// Writes another title.
    Retitle(u64, &'static str),
    /// Adds text below everything.
    Append(u64, &'static str),
    /// Sets the severity field to another of the mapping's values.
    Severity(u64, &'static str),
    /// Makes a second issue with the same body by the account that findsync uses, as a racing run would.
    Twin(u64),
    /// Opens an issue that findsync knows nothing of, with the same title.
    Other(&'static str),
    /// Deletes it.
    Delete(u64),
}

/// An issue as a person sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub number: u64,
    pub title: String,
    /// The text that people read, markers and stamp perhaps included.
    pub body: String,
    pub open: bool,
    /// All labels or tags that are no fields.
    pub labels: Vec<String>,
    /// The value of the severity field.
    pub severity: Option<String>,
    /// Texts of the comments, the oldest first.
    pub comments: Vec<String>,
}

/// A run of findsync against a world.
pub struct Bench<'w> {
    pub world: &'w dyn World,
    pub mapping: Mapping,
    pub config: Config,
    pub today: NaiveDate,
}

impl<'w> Bench<'w> {
    pub fn new(world: &'w dyn World) -> Self {
        let mapping = world.mapping();
        Self { world, mapping, config: Config::default(), today: NaiveDate::from_ymd_opt(2026, 11, 24).unwrap() }
    }

    fn config(&self) -> Config {
        Config { mappings: vec![self.mapping.clone()], ..self.config.clone() }
    }

    /// Plans, without writing.
    pub async fn plan(&self, scans: &[Scan]) -> Planned {
        let config = self.config();
        let trackers = vec![self.world.connect(&self.mapping)];
        let mut planned = sync::plan(&self.input(scans, &config), &trackers).await.unwrap();
        planned.remove(0)
    }

    fn input<'a>(&self, scans: &'a [Scan], config: &'a Config) -> Input<'a> {
        Input {
            scans,
            config,
            vex: &[],
            links: None,
            run: RunRef::default(),
            workspace: None,
            newest_finished: None,
            today: self.today,
        }
    }

    /// Plans and applies with a tracker of one's own (one that fails, say).
    pub async fn apply_with(&self, scans: &[Scan], tracker: Box<dyn Track>) -> Result<(Planned, Applied), sync::Error> {
        let config = self.config();
        let input = self.input(scans, &config);
        let trackers = vec![tracker];
        let planned = sync::plan(&input, &trackers).await?.remove(0);
        let applied = self.apply(scans, &planned, trackers[0].as_ref()).await;
        Ok((planned, applied))
    }

    /// Applies what was planned before.
    pub async fn apply(&self, scans: &[Scan], planned: &Planned, tracker: &dyn Track) -> Applied {
        if planned.plan.refusal.is_some() {
            return Applied::default();
        }
        let config = self.config();
        sync::apply(&self.input(scans, &config), planned, tracker, &mut |_, _| ()).await.unwrap()
    }

    /// Plans, applies, expects that every change is done and that a second plan is empty.
    pub async fn sync(&self, scans: &[Scan]) -> Planned {
        let (planned, applied) = self.apply_with(scans, self.world.connect(&self.mapping)).await.unwrap();
        let failed: Vec<_> = applied.outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::Done(_))).collect();
        assert!(failed.is_empty(), "not done: {failed:?} of {:#?}", planned.plan.changes);
        let again = self.plan(scans).await;
        assert!(again.plan.changes.is_empty(), "the second plan is not empty: {:#?}", again.plan.changes);
        planned
    }

    pub async fn look(&self) -> Vec<Seen> {
        let mut seen = self.world.look().await;
        seen.sort_by_key(|issue| issue.number);
        seen
    }

    /// The only issue there is.
    pub async fn only(&self) -> Seen {
        let mut seen = self.look().await;
        assert_eq!(seen.len(), 1, "{seen:#?}");
        seen.remove(0)
    }
}

/// A scan of the target `shop`.
pub fn scan(scanner: &str, findings: Vec<Finding>) -> Scan {
    let mut scan = Scan {
        reader: "test".into(),
        scanner: scanner.into(),
        target: "shop".into(),
        report: "reports/test.json".into(),
        complete: true,
        findings,
        ..Scan::default()
    };
    assign_keys(&mut scan);
    scan
}

/// A vulnerable dependency, published so that it may be told anywhere.
pub fn dependency(id: &str, severity: Severity) -> Finding {
    Finding {
        kind: Kind::Dependency,
        title: format!("{id}: trouble in lodash"),
        severity,
        rule: Some(id.into()),
        identifiers: vec![id.into()],
        component: Some(Component {
            purl: Some("pkg:npm/lodash@4.17.20".into()),
            name: "lodash".into(),
            version: Some("4.17.20".into()),
        }),
        location: Location { path: Some("package-lock.json".into()), start_line: Some(12), ..Location::default() },
        description: Some(format!("About {id}.")),
        ..Finding::default()
    }
}

/// A weakness in the team's own code.
pub fn code(path: &str, line: u32, text: &str) -> Finding {
    Finding {
        kind: Kind::Code,
        title: "SQL injection".into(),
        severity: Severity::High,
        rule: Some("py/sql-injection".into()),
        location: Location { path: Some(path.into()), start_line: Some(line), ..Location::default() },
        evidence: Evidence {
            snippet: Some(Snippet {
                lines: text.into(),
                before: Some("def f():".into()),
                after: Some("return x".into()),
                ..Snippet::default()
            }),
            ..Evidence::default()
        },
        ..Finding::default()
    }
}

/// Runs every step of the contract against fresh worlds.
#[macro_export]
macro_rules! contract_suite {
    ($fresh:path) => {
        $crate::contract_suite!(@ $fresh:
            opens_with_severity_and_labels,
            updates_what_drifted_and_nothing_else,
            closes_what_is_gone_with_a_comment_and_reopens_it,
            closes_nothing_without_proof,
            reopens_what_a_person_closed_as_done,
            leaves_what_a_person_refused,
            leaves_what_a_person_reopened,
            takes_a_label_for_a_decision,
            moves_decided_findings_and_reopens_when_the_acceptance_runs_out,
            keeps_a_persons_title_severity_and_labels,
            writes_over_a_persons_word_where_the_mapping_says_always,
            records_decisions_as_closed_issues,
            keeps_a_persons_words_through_every_change,
            merges_twins_into_the_oldest,
            leaves_other_peoples_issues_alone,
            follows_moved_code_and_renamed_files,
            groups_share_one_issue,
            one_issue_for_two_scanners,
            finds_its_issue_without_the_label,
            lists_by_its_own_labels,
            knows_who_closed_an_issue,
            names_a_stamp_that_cannot_be_read,
            a_label_of_its_own_by_an_earlier_name_goes,
            reopens_what_a_bot_closed,
            leaves_what_a_person_closed_as_a_duplicate,
            with_keep_what_was_gone_and_comes_back_is_reported_again,
            keeps_what_lost_its_label_in_step,
            one_scanners_suppression_hides_nothing_that_another_reports,
            a_new_member_opens_a_group_again_that_people_closed,
            other_groups_close_nothing_that_is_not_fixed,
            a_stamp_that_cannot_be_read_holds_back_its_twin,
            follows_a_mapping_that_names_another_label,
            opens_anew_what_was_deleted,
            hostile_text_stays_text,
            a_report_decides_nothing_about_itself,
            an_odd_value_of_one_issue_stops_no_other,
            a_secrets_address_is_told_nowhere,
            racing_runs_write_one_comment,
        );
    };
    (@ $fresh:path: $($step:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $step() {
                let world = $fresh().await;
                $crate::contract::$step(&world).await;
            }
        )*
    };
}
