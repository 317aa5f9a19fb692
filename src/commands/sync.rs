//! `findsync plan` and `findsync apply`.

use std::fs::File;
use std::path::Path;

use chrono::NaiveDate;

use super::tell::{self, mask};
use super::view::view;
use super::{Console, inputs};
use crate::apply::Applied;
use crate::ci::{Ci, Service};
use crate::cli::{ApplyArgs, Global, PlanArgs, SyncArgs};
use crate::config::{Config, Credential};
use crate::error::{DONE, Error, GATE, PARTLY, REFUSED};
use crate::finding::{Scan, Status};
use crate::plan::{Action, Change};
use crate::reports::{PlanView, Progress, unexamined};
use crate::sync::{self, Input, Planned};
use crate::template::{CodeHost, CodeLinks, RunRef};
use crate::trackers::{Linked, Track};
use crate::triage::Statement;

/// Everything that a run starts from.
struct Run {
    ci: Ci,
    config: Config,
    scans: Vec<Scan>,
    vex: Vec<Statement>,
    trackers: Vec<Box<dyn Track>>,
    today: NaiveDate,
    notes: Vec<String>,
}

pub(super) async fn plan(args: &PlanArgs, global: &Global, console: &mut Console<'_>) -> Result<u8, Error> {
    let mut run = Run::new(&args.sync, global)?;
    if run.is_blind() {
        return run.tell_blind(&args.sync, console);
    }
    let planned = sync::plan(&run.input(), &run.trackers).await?;
    mask(&run.ci, &run.trackers, console).await?;
    run.note_linked(&planned).await;
    let notes = std::mem::take(&mut run.notes);
    let mut view = view(&run.config, &run.trackers, &planned, &[], notes);
    view.exit_code = run.exit_code(&args.sync, &planned, &[]);
    run.tell(&args.sync, tell::open(&args.sync)?, &view, console)
}

pub(super) async fn apply(args: &ApplyArgs, global: &Global, console: &mut Console<'_>) -> Result<u8, Error> {
    let mut run = Run::new(&args.sync, global)?;
    if run.is_blind() {
        return run.tell_blind(&args.sync, console);
    }
    let planned = sync::plan(&run.input(), &run.trackers).await?;
    mask(&run.ci, &run.trackers, console).await?;
    if let Some(path) = &args.plan {
        let now = view(&run.config, &run.trackers, &planned, &[], Vec::new());
        still_fits(path, &now)?;
    }
    run.note_linked(&planned).await;
    let refused = planned.iter().any(|planned| planned.plan.refusal.is_some());
    let files = tell::open(&args.sync)?;
    let mut applied = Vec::new();
    match run.ci.may_write(&run.config.branches) {
        Err(why) => run.notes.push(format!("only planned: {why}")),
        Ok(()) if refused => {}
        Ok(()) => {
            let input = run.input();
            for (planned, tracker) in planned.iter().zip(&run.trackers) {
                let total = planned.plan.changes.len() as u64;
                let mut progress = match (console.quiet || total == 0, console.lively) {
                    (true, _) => Progress::Off,
                    (false, true) => Progress::bar(total),
                    (false, false) => Progress::lines(total, console.err),
                };
                let mut tell = |done: usize, change: &Change| progress.tell(done as u64, &change.title);
                let done = sync::apply(&input, planned, tracker.as_ref(), &mut tell).await;
                progress.finish();
                applied.push(done);
            }
        }
    }
    let notes = std::mem::take(&mut run.notes);
    let mut view = view(&run.config, &run.trackers, &planned, &applied, notes);
    view.exit_code = run.exit_code(&args.sync, &planned, &applied);
    let told = run.tell(&args.sync, files, &view, console);
    if applied.iter().any(Applied::is_anything) { told.map_err(|error| Error::Untold(Box::new(error))) } else { told }
}

impl Run {
    fn new(args: &SyncArgs, global: &Global) -> Result<Self, Error> {
        let ci = Ci::here();
        let config = inputs::config(global, &ci, args.to.as_deref(), true)?;
        let today = args.today.unwrap_or_else(|| chrono::Local::now().date_naive());
        let trackers = inputs::trackers(&config, today)?;
        let scans = inputs::scans(&args.reports, &config, &ci)?;
        let vex = inputs::vex(&config)?;
        let mut notes = Vec::new();
        for scan in &scans {
            if let Some(why) = &scan.failure {
                notes.push(format!(
                    "{} failed, so nothing is closed on its word: {why} ({})",
                    scan.scope(),
                    scan.report
                ));
            } else if !scan.complete {
                notes.push(format!("{} is partial, so nothing is closed on its word ({})", scan.scope(), scan.report));
            } else if let Some(what) = unexamined(&scan.unexamined) {
                notes.push(format!("{} {what} ({})", scan.scope(), scan.report));
            }
        }
        Ok(Self { ci, config, scans, vex, trackers, today, notes })
    }

    fn input(&self) -> Input<'_> {
        Input {
            scans: &self.scans,
            config: &self.config,
            vex: &self.vex,
            links: self.links(),
            run: RunRef { commit: self.ci.commit.clone(), url: self.ci.run_url.clone() },
            today: self.today,
        }
    }

    /// Where the scanned code can be looked at.
    fn links(&self) -> Option<CodeLinks> {
        let code = self.ci.code.as_ref()?;
        let host = match code.service {
            Service::GitHub => CodeHost::GitHub,
            Service::GitLab => CodeHost::GitLab,
            Service::AzureDevOps => CodeHost::AzureDevOps,
        };
        Some(CodeLinks { host, repository: code.repository_url.clone(), commit: code.commit.clone() })
    }

    /// Notes what would be opened and has an issue that people linked to it in the service's own vulnerability report. It
    /// is opened all the same: nobody else would close it. Costs a request, so it is asked only where there is a report.
    async fn note_linked(&mut self, planned: &[Planned]) {
        if !self.ci.vulnerability_report {
            return;
        }
        for (planned, tracker) in planned.iter().zip(&self.trackers) {
            let opens = planned.plan.changes.iter().filter(|change| change.action == Action::Open);
            let opens: Vec<usize> = opens.filter_map(|change| change.draft).collect();
            if opens.is_empty() {
                continue;
            }
            let linked = match tracker.linked().await {
                Ok(linked) => linked,
                Err(error) => {
                    self.notes
                        .push(format!("which issues the vulnerability report links already is not known: {error}"));
                    continue;
                }
            };
            for at in opens {
                let (draft, place) = (&planned.drafts[at], planned.places[at].as_ref().map(|(path, _)| path));
                let is_of = |linked: &&Linked| {
                    linked.names.iter().any(|name| draft.title.contains(name) || draft.body.contains(name))
                        && (linked.file.is_none() || linked.file.as_ref() == place)
                };
                self.notes.extend(linked.iter().filter(is_of).map(|linked| {
                    format!("{}: the vulnerability report already links it to {}", draft.title, linked.issue)
                }));
            }
        }
    }

    /// Whether the tracker cannot be seen: pull requests of strangers get no secrets.
    fn is_blind(&self) -> bool {
        let has_token = |label: usize| {
            let instance = &self.config.instances[label];
            instance.kind == crate::config::TrackerKind::Local || instance.credential != Credential::None
        };
        self.ci.pull_request.is_some() && !self.config.mappings.iter().all(|mapping| has_token(mapping.instance))
    }

    /// Tells what can be told without a tracker.
    fn tell_blind(&mut self, args: &SyncArgs, console: &mut Console<'_>) -> Result<u8, Error> {
        let found: usize = self.scans.iter().map(|scan| scan.findings.len()).sum();
        self.notes.push(format!(
            "{found} findings were read, but not compared with the tracker: this run has no token (pull requests from \
             forks get no secrets), so which of them are new is not known"
        ));
        let mut view = PlanView { notes: std::mem::take(&mut self.notes), ..PlanView::default() };
        view.exit_code = DONE;
        self.tell(args, tell::open(args)?, &view, console)
    }

    fn exit_code(&self, args: &SyncArgs, planned: &[Planned], applied: &[Applied]) -> u8 {
        if applied.iter().any(Applied::is_partial) {
            return PARTLY;
        }
        if planned.iter().any(|planned| planned.plan.refusal.is_some()) {
            return REFUSED;
        }
        let Some(least) = args.fail_on else { return DONE };
        let trips = if self.ci.pull_request.is_some() {
            let new = |planned: &Planned| {
                let opens = planned.plan.changes.iter().filter(|change| change.action == Action::Open);
                let held = planned.plan.held.iter().filter(|held| held.issue.is_none());
                opens
                    .map(|change| (change.status, change.severity))
                    .chain(held.map(|held| (held.status, held.severity)))
                    .any(|(status, severity)| status == Status::Active && severity >= least)
            };
            planned.iter().any(new)
        } else {
            let drafts = planned.iter().flat_map(|planned| &planned.drafts);
            drafts.filter(|draft| draft.status == Status::Active).any(|draft| draft.severity >= least)
        };
        if trips { GATE } else { DONE }
    }

    fn tell(&self, args: &SyncArgs, files: Vec<File>, view: &PlanView, console: &mut Console<'_>) -> Result<u8, Error> {
        tell::tell(&self.ci, args, files, view, console)?;
        Ok(view.exit_code)
    }
}

/// Refuses a plan that is not the one that was reviewed.
fn still_fits(path: &Path, now: &PlanView) -> Result<(), Error> {
    let text =
        std::fs::read_to_string(path).map_err(|source| Error::File { what: "read", path: path.to_owned(), source })?;
    let bad = |detail: String| Error::PlanFile { path: path.to_owned(), detail };
    let reviewed: serde_json::Value = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let now = serde_json::to_value(now).map_err(|error| bad(error.to_string()))?;
    let lines = |plan: &serde_json::Value| -> Option<Vec<String>> {
        let mappings = plan.get("mappings")?.as_array()?;
        let mut lines = Vec::new();
        for mapping in mappings {
            for change in mapping.get("changes")?.as_array()? {
                let issue = change.pointer("/issue/number").map_or_else(String::new, |number| format!(" #{number}"));
                let fields = change.get("fields").map(ToString::to_string).unwrap_or_default();
                let [action, title, key] = ["action", "title", "key"]
                    .map(|name| change.get(name).and_then(|v| v.as_str()).unwrap_or_default());
                lines.push(format!("{}: {action}{issue} {title} {key} {fields}", mapping.get("label")?.as_str()?));
            }
        }
        Some(lines)
    };
    let (Some(reviewed), Some(now)) = (lines(&reviewed), lines(&now)) else {
        return Err(bad("it has no changes".to_owned()));
    };
    let missing = reviewed.iter().filter(|line| !now.contains(line)).map(|line| format!("  - {line}"));
    let added = now.iter().filter(|line| !reviewed.contains(line)).map(|line| format!("  + {line}"));
    let moved: Vec<String> = missing.chain(added).collect();
    if moved.is_empty() { Ok(()) } else { Err(Error::Moved(moved.join("\n"))) }
}
