//! `findsync plan` and `findsync apply`.

use std::fs::File;

use chrono::NaiveDate;

use super::checklist::ending_soon;
use super::disclosure::Disclosure;
use super::output::{self, mask};
use super::review::still_fits;
use super::view::view;
use super::{Console, inputs};
use crate::apply::Applied;
use crate::ci::{Ci, PullRequest};
use crate::cli::{ApplyArgs, Global, PlanArgs, SyncArgs};
use crate::config::{Config, Credential, Instance, TrackerKind};
use crate::error::{DONE, Error, GATE, PARTLY, REFUSED};
use crate::finding::{self, Scan};
use crate::plan::{Action, Change, Presence};
use crate::reports::{GateView, PlanView, Progress, unexamined};
use crate::sync::{self, Input, Planned};
use crate::template::RunRef;
use crate::trackers::{self, Linked, Track};
use crate::triage::Statement;

/// Everything that a run starts from.
pub(super) struct Run {
    ci: Ci,
    pub(super) config: Config,
    pub(super) scans: Vec<Scan>,
    vex: Vec<Statement>,
    pub(super) trackers: Vec<Box<dyn Track>>,
    today: NaiveDate,
    notes: Vec<String>,
    /// The CI's own server, where it can be asked for its runs.
    ci_instance: Option<Instance>,
    /// A finished run that is newer than this one.
    newest_finished: Option<finding::Run>,
}

pub(super) async fn plan(args: &PlanArgs, global: &Global, console: &mut Console<'_>) -> Result<u8, Error> {
    let mut run = Run::new(&args.sync, global)?;
    let Some(planned) = run.planned().await? else { return run.tell_blind(&args.sync, console) };
    mask(&run.ci, &run.trackers, console).await?;
    let disclosure = run.disclosure(&args.sync, &planned, global).await;
    run.note_linked(&planned, &disclosure).await;
    let notes = run.take_notes(&planned);
    let mut view = view(&run.config, &run.trackers, &planned, &[], &run.scans);
    view.notes = notes;
    (view.exit_code, view.gate) = run.end(&args.sync, &planned, &[]);
    let told = run.told(&disclosure, &view, &planned);
    run.tell(&args.sync, output::open(&args.sync)?, ([&told, &view], &disclosure), console)
}

pub(super) async fn apply(args: &ApplyArgs, global: &Global, console: &mut Console<'_>) -> Result<u8, Error> {
    let mut run = Run::new(&args.sync, global)?;
    let Some(planned) = run.planned().await? else { return run.tell_blind(&args.sync, console) };
    mask(&run.ci, &run.trackers, console).await?;
    let disclosure = run.disclosure(&args.sync, &planned, global).await;
    if let Some(path) = &args.plan {
        let now = view(&run.config, &run.trackers, &planned, &[], &run.scans);
        let is_told = run.told(&disclosure, &now, &planned).mappings == now.mappings;
        still_fits(path, &now, is_told)?;
    }
    run.note_linked(&planned, &disclosure).await;
    let refused = planned.iter().any(|planned| planned.plan.refusal.is_some());
    let files = output::open(&args.sync)?;
    let mut applied = Vec::new();
    match run.ci.may_write(&run.config.branches) {
        Err(why) => run.notes.push(format!("only planned: {why}")),
        Ok(()) if refused => {}
        Ok(()) => {
            let input = run.input();
            for (index, (planned, tracker)) in planned.iter().zip(&run.trackers).enumerate() {
                let total = planned.plan.changes.len() as u64;
                let mut progress = match (console.quiet || total == 0, console.lively) {
                    (true, _) => Progress::Off,
                    (false, true) => Progress::bar(total),
                    (false, false) => Progress::lines(total, console.err),
                };
                let mut tell = |done: usize, change: &Change| {
                    let is_told = disclosure.tells(index, &run.config, planned, change);
                    progress.tell(done as u64, if is_told { &change.title } else { "…" });
                };
                let done = sync::apply(&input, planned, tracker.as_ref(), &mut tell).await;
                progress.finish();
                applied.push(done?);
            }
        }
    }
    let notes = run.take_notes(&planned);
    let mut view = view(&run.config, &run.trackers, &planned, &applied, &run.scans);
    view.notes = notes;
    (view.exit_code, view.gate) = run.end(&args.sync, &planned, &applied);
    let told = run.told(&disclosure, &view, &planned);
    let printed = run.tell(&args.sync, files, ([&told, &view], &disclosure), console);
    let is_changed = applied.iter().any(Applied::is_anything);
    if is_changed { printed.map_err(|error| Error::Untold(Box::new(error))) } else { printed }
}

impl Run {
    pub(super) fn new(args: &SyncArgs, global: &Global) -> Result<Self, Error> {
        let ci = Ci::here();
        let mut config = inputs::config(global, &ci, args.to.as_deref(), true)?;
        let today = args.today.unwrap_or_else(|| chrono::Local::now().date_naive());
        let scans = inputs::scans(&args.reports, &config, &ci, global)?;
        inputs::settle_shared(&mut config, &scans, &ci)?;
        let trackers = inputs::trackers(&config, today)?;
        let vex = inputs::vex(&config, &ci, global)?;
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
        notes.extend(ending_soon(&config.decisions, today));
        // A folder of issues is nobody's board.
        let is_remote = config.instances.iter().any(|instance| instance.kind != TrackerKind::Local);
        let asks = is_remote && ci.is_trusted();
        let ci_instance = config.ci_instance(&ci, &|name| global.variable(name)).filter(|_| asks);
        Ok(Self { ci, config, scans, vex, trackers, today, notes, ci_instance, newest_finished: None })
    }

    /// What may be told where this run is read.
    pub(super) async fn disclosure(&self, args: &SyncArgs, planned: &[Planned], global: &Global) -> Disclosure {
        let own = async {
            let config = Config::from_ci(&self.ci, &|name| global.variable(name));
            let (instance, mapping) = (config.instances.first()?, config.mappings.first()?);
            let tracker = trackers::connect(instance, mapping, self.today).ok()?;
            tracker
                .visibility()
                .await
                .inspect_err(|error| tracing::debug!(%error, "who can read this run is not told"))
                .ok()
        };
        let lists_findings = output::wants_findings(args);
        Disclosure::find((&self.ci, &self.config), lists_findings, planned, &self.trackers, own).await
    }

    /// What people should know, of this run and of its plans, each once.
    pub(super) fn take_notes(&mut self, planned: &[Planned]) -> Vec<String> {
        let mut notes = std::mem::take(&mut self.notes);
        for note in planned.iter().flat_map(|planned| &planned.plan.notes) {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
        notes
    }

    fn input(&self) -> Input<'_> {
        Input {
            scans: &self.scans,
            config: &self.config,
            vex: &self.vex,
            links: self.ci.code.clone(),
            run: RunRef { commit: self.ci.commit.clone(), url: self.ci.run_url.clone() },
            workspace: self.ci.workspace.clone(),
            newest_finished: self.newest_finished.clone(),
            today: self.today,
        }
    }

    /// Notes what would be opened and has an issue that people linked to it in the service's own vulnerability report. It
    /// is opened all the same: nobody else would close it. Costs a request, so it is asked only where there is a report.
    async fn note_linked(&mut self, planned: &[Planned], disclosure: &Disclosure) {
        if !self.ci.vulnerability_report {
            return;
        }
        for (index, (planned, tracker)) in planned.iter().zip(&self.trackers).enumerate() {
            let opens = planned.plan.changes.iter().filter(|change| change.action == Action::Open);
            let opens = opens.filter(|change| disclosure.tells(index, &self.config, planned, change));
            let opens: Vec<&Change> = opens.collect();
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
            for change in opens {
                let place = change.place.as_ref().map(|(path, _)| path);
                let findings = change.reports.iter().map(|(scan, finding)| &self.scans[*scan].findings[*finding]);
                let ids: Vec<&String> =
                    findings.flat_map(|finding| finding.identifiers.iter().chain(&finding.rule)).collect();
                let is_linked = |linked: &&Linked| {
                    linked.names.iter().any(|name| ids.iter().any(|id| id.eq_ignore_ascii_case(name)))
                        && (linked.file.is_none() || linked.file.as_ref() == place)
                };
                self.notes.extend(linked.iter().filter(is_linked).map(|linked| {
                    format!("{}: the vulnerability report already links it to {}", change.title, linked.issue)
                }));
            }
        }
    }

    /// Plans. In pull requests a tracker that cannot be seen is no failure: then there is no plan, and a note says why.
    pub(super) async fn planned(&mut self) -> Result<Option<Vec<Planned>>, Error> {
        let request = self.ci.pull_request.clone();
        let request = request.as_ref();
        let why = match self.lacks_token(request) {
            Some(why) => why,
            None => match self.plan_in_order().await {
                Err(sync::Error::Tracker { mapping, source }) if request.is_some() && source.is_denial() => {
                    format!("this run may not read the issues of mapping `{mapping}` ({source})")
                }
                planned => return Ok(Some(planned?)),
            },
        };
        let found: usize = self.scans.iter().map(|scan| scan.findings.len()).sum();
        self.notes.push(format!(
            "{found} findings were read, but not compared with the tracker: {why}, so which of them are new is not known"
        ));
        Ok(None)
    }

    /// Plans; where there is something to do, asks the CI whether a newer run has finished, and then plans anew as late.
    async fn plan_in_order(&mut self) -> Result<Vec<Planned>, sync::Error> {
        let planned = sync::plan(&self.input(), &self.trackers).await?;
        if planned.iter().all(Planned::is_empty) {
            return Ok(planned);
        }
        let Some(instance) = &self.ci_instance else { return Ok(planned) };
        match trackers::newer_run(instance, &self.ci).await {
            Ok(None) => Ok(planned),
            Ok(newer) => {
                self.newest_finished = newer;
                sync::plan(&self.input(), &self.trackers).await
            }
            Err(error) => {
                tracing::debug!(%error, "the CI does not say whether a newer run has finished");
                Ok(planned)
            }
        }
    }

    /// Why there is no token that could read the issues, where there is none: pull requests of strangers get no secrets,
    /// and others no protected ones.
    fn lacks_token(&self, request: Option<&PullRequest>) -> Option<String> {
        if request.is_none() && self.ci.is_trusted() {
            return None;
        }
        let lacking = self.config.mappings.iter().find_map(|mapping| {
            let instance = &self.config.instances[mapping.instance];
            match (instance.kind, &instance.credential) {
                (TrackerKind::Local, _) => None,
                (_, Credential::None) => Some("this run has no token"),
                (_, Credential::JobToken(_)) => Some("this run has only GitLab's job token, which may not read issues"),
                _ => None,
            }
        })?;
        let Some(request) = request else {
            return Some(format!("{lacking} for this tracker (nobody vouches for what it works on)"));
        };
        let cause = if request.from_fork {
            "those from forks get no secrets"
        } else {
            "a protected variable is not there: `FINDSYNC_READ_TOKEN` is for a token that only reads"
        };
        Some(format!("{lacking} (it is for a pull or merge request: {cause})"))
    }

    /// Tells what can be told without a tracker.
    fn tell_blind(&mut self, args: &SyncArgs, console: &mut Console<'_>) -> Result<u8, Error> {
        let view = PlanView { notes: std::mem::take(&mut self.notes), exit_code: DONE, ..PlanView::default() };
        let disclosure = Disclosure::unasked(&self.ci, &self.config);
        self.tell(args, output::open(args)?, ([&view, &view], &disclosure), console)
    }

    /// What of a result may be told where it is shown.
    fn told(&self, disclosure: &Disclosure, view: &PlanView, planned: &[Planned]) -> PlanView {
        let mut told = view.clone();
        let kept = disclosure.apply(&mut told, &self.config, planned, &self.scans);
        if kept > 0 {
            told.notes.push(format!(
                "{kept} of the lines below tell only rules, as everybody may be able to read this; `--full-out FILE` writes \
                 all of it to a file, which must be kept private"
            ));
        }
        told
    }

    /// The exit code, and the gate where it is what makes the run fail.
    fn end(&self, args: &SyncArgs, planned: &[Planned], applied: &[Applied]) -> (u8, Option<GateView>) {
        if applied.iter().any(Applied::is_partial) {
            return (PARTLY, None);
        }
        if planned.iter().any(|planned| planned.plan.refusal.is_some()) {
            return (REFUSED, None);
        }
        let in_request = self.ci.pull_request.is_some();
        let counting = planned.iter().flat_map(|planned| &planned.plan.accounts).filter(|one| match one.presence {
            Presence::New => true,
            Presence::Known => !in_request,
            Presence::Decided => false,
        });
        let gate = args.fail_on.and_then(|least| GateView::of(least, in_request, counting.map(|one| one.severity)));
        (if gate.is_some() { GATE } else { DONE }, gate)
    }

    fn tell(
        &self,
        args: &SyncArgs,
        files: Vec<File>,
        (views, disclosure): ([&PlanView; 2], &Disclosure),
        console: &mut Console<'_>,
    ) -> Result<u8, Error> {
        let mut scans = if output::wants_findings(args) { self.scans.clone() } else { Vec::new() };
        let kept = disclosure.disclose(&mut scans, &self.config, &self.ci);
        if kept > 0 {
            tracing::warn!(
                "{kept} findings are not in the file of findings, as not everybody who sees it may know of them"
            );
        }
        output::tell(&self.ci, args, files, (views, &scans), console)?;
        let [_, full] = views;
        Ok(full.exit_code)
    }
}
