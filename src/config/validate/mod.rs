//! From written to trusted: the leaves, and the parts of the file that need no tracker.

pub(crate) mod instances;
pub(crate) mod mappings;

use std::fmt::Display;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::context::{BadTemplate, Given, TemplatePart};
use super::error::{nearest, quote};
use super::raw::spanned::{BadVariable, Number, Place, Placed, Text, Word, Words, interpolate};
use super::{
    Config, Decision, DecisionMatch, Filter, Mapping, Problem, ProblemKind, ReportSource, Route, RunLimits, raw,
};
use crate::finding::{Key, Source};

/// Longest time that a mapping file may name, in days: a hundred years.
pub(super) const MAX_DAYS: u64 = 36_500;

/// Turns written into trusted parts, and collects what is wrong on the way.
pub(crate) struct Checker<'a> {
    source: &'a str,
    name: &'a str,
    pub(crate) given: Given<'a>,
    problems: Vec<Problem>,
    /// What was taken from the environment, so that no message repeats it.
    taken: Vec<String>,
    /// Variables that the mapping file uses as credentials.
    secrets: Vec<String>,
}

/// Variables that hold credentials of jobs.
const CREDENTIALS: [&str; 14] = [
    "FINDSYNC_TOKEN",
    "FINDSYNC_READ_TOKEN",
    "FINDSYNC_GITHUB_TOKEN",
    "GITHUB_TOKEN",
    "CI_JOB_TOKEN",
    "SYSTEM_ACCESSTOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "CI_REGISTRY_PASSWORD",
    "CI_REPOSITORY_URL",
    "CI_DEPLOY_PASSWORD",
    "CI_DEPENDENCY_PROXY_PASSWORD",
    "CI_JOB_JWT",
    "CI_JOB_JWT_V2",
];
/// The variable in which a job lists further ones for runs that nobody vouches for.
const LISTED: &str = "FINDSYNC_VARIABLES";

/// Parts of the names of variables that hold credentials.
const PRIVATE: [&str; 12] = [
    "TOKEN",
    "SECRET",
    "SECRETS",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASS",
    "KEY",
    "PEM",
    "PAT",
    "JWT",
    "CREDENTIALS",
];

/// Credentials are no shorter than this, in bytes: what is shorter may have the same value by chance.
const LEAST_TOKEN: usize = 16;

/// Whether a job gave a variable to mapping files that nobody vouches for.
pub(crate) fn is_listed(env: &dyn Fn(&str) -> Option<String>, name: &str) -> bool {
    name.starts_with("FINDSYNC_") || is_named(env, name)
}

/// The same by naming it.
fn is_named(env: &dyn Fn(&str) -> Option<String>, name: &str) -> bool {
    env(LISTED).unwrap_or_default().split([',', ' ', '\n']).any(|listed| listed.trim() == name)
}

fn is_private(name: &str) -> bool {
    name.split('_').any(|part| PRIVATE.iter().any(|word| part.eq_ignore_ascii_case(word)))
}

impl<'a> Checker<'a> {
    pub(crate) fn new(source: &'a str, name: &'a str, given: Given<'a>) -> Self {
        Self { source, name, given, problems: Vec::new(), taken: Vec::new(), secrets: Vec::new() }
    }

    pub(crate) fn finish(mut self) -> Result<(), Vec<Problem>> {
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems) }
    }

    pub(crate) fn config(&mut self, file: &raw::File) -> Config {
        let apps = file.instances.iter().filter_map(|one| one.app.as_ref().map(|app| &app.private_key));
        let used = file.instances.iter().filter_map(|one| one.token.as_ref()).chain(apps);
        self.secrets = used.filter_map(|text| text.variable().map(str::to_owned)).collect();
        let instances = self.instances(file);
        let mappings = self.mappings(file, &instances);
        self.check_former_targets(&file.reports);
        Config {
            reports: file.reports.iter().filter_map(|report| self.report(report)).collect(),
            routes: file.routes.iter().filter_map(|route| self.route(route, file, &mappings)).collect(),
            decisions: file.decisions.iter().filter_map(|decision| self.decision(decision)).collect(),
            vex: file.vex.iter().filter_map(|path| self.files(path)).collect(),
            limits: file.limits.as_ref().map(|limits| self.limits(limits)).unwrap_or_default(),
            branches: self.globs(&file.branches),
            instances,
            mappings,
        }
    }

    /// Notes a problem.
    pub(crate) fn problem(&mut self, kind: ProblemKind, place: Place, what: impl Display, help: impl Display) {
        let clean = |text: String| self.taken.iter().fold(text, |text, value| text.replace(value, "***"));
        let (what, help) = (clean(what.to_string()), clean(help.to_string()));
        self.problems.push(Problem::new(self.source, kind, place, what, help));
    }

    /// Text with its variables replaced.
    pub(crate) fn text(&mut self, text: &Text) -> Option<String> {
        let env = |name: &str| self.variable(name);
        match interpolate(&text.raw, &env) {
            Ok(value) => {
                if text.has_variable() && !value.is_empty() {
                    self.taken.push(value.clone());
                }
                Some(value)
            }
            Err(bad) => {
                self.bad_variable(text, &bad);
                None
            }
        }
    }

    /// A variable that any text may hold: none that is a credential, and where nobody vouches for the mapping file only
    /// those that are there for it.
    fn variable(&self, name: &str) -> Result<String, BadVariable> {
        if self.secrets.iter().any(|secret| secret == name) || CREDENTIALS.contains(&name) {
            return Err(BadVariable::Secret(name.to_owned()));
        }
        let env = self.given.env;
        // That of another mapping file's instance may be called `FINDSYNC_…`, too.
        let is_given = if is_private(name) { is_named(env, name) } else { is_listed(env, name) };
        if !self.given.ci.is_trusted() && !is_given {
            return Err(BadVariable::Withheld(name.to_owned()));
        }
        let value = env(name).ok_or_else(|| BadVariable::Unset(name.to_owned()))?;
        // Jobs hand credentials on under other names.
        let is_same =
            |credential: &&str| env(credential).is_some_and(|other| other.len() >= LEAST_TOKEN && other == value);
        if CREDENTIALS.iter().any(is_same) {
            return Err(BadVariable::Secret(name.to_owned()));
        }
        Ok(value)
    }

    pub(crate) fn bad_variable(&mut self, text: &Text, bad: &BadVariable) {
        let (what, help) = match bad {
            BadVariable::Secret(name) => (
                format!(
                    "the environment variable `{name}` is a credential, and stands only in `token` and `private_key`"
                ),
                "use another variable here".to_owned(),
            ),
            BadVariable::Withheld(name) => (
                format!("the environment variable `{name}` is not for this run, for whose mapping file nobody vouches"),
                format!(
                    "list it in the job (`FINDSYNC_VARIABLES: {name}`), or call it `FINDSYNC_…` if it is no credential"
                ),
            ),
            BadVariable::Unset(name) => (
                format!("the environment variable `{name}` is not set"),
                format!("set `{name}` for this job, or write `$${{` where `${{` itself is meant"),
            ),
            BadVariable::NoName => (
                "`${` without a variable's name and `}`".to_owned(),
                "write `${NAME}`, or `$${` where `${` itself is meant".to_owned(),
            ),
        };
        self.problem(ProblemKind::Variable, text.place, what, help);
    }

    /// Text that must not be empty.
    pub(crate) fn filled(&mut self, text: &Text) -> Option<String> {
        let value = self.text(text)?;
        if value.trim().is_empty() {
            self.problem(ProblemKind::WrongValue, text.place, "this is empty", "write a value, or leave the key out");
            return None;
        }
        Some(value.trim().to_owned())
    }

    pub(crate) fn optional(&mut self, text: Option<&Text>) -> Option<String> {
        text.and_then(|text| self.filled(text))
    }

    pub(crate) fn list(&mut self, texts: &[Text]) -> Vec<String> {
        texts.iter().filter_map(|text| self.filled(text)).collect()
    }

    /// One of a closed list of words.
    pub(crate) fn word<T: Words>(&mut self, word: &Word<T>) -> Option<T> {
        let value = self.filled(&word.text)?;
        let read = T::read(&value);
        if read.is_none() {
            let words: Vec<&str> = T::words().into_iter().map(|(word, _)| word).collect();
            let known = words.join(", ");
            let near = if word.text.has_variable() { None } else { nearest(&value, words) };
            let help = near
                .map_or_else(|| format!("one of: {known}"), |near| format!("did you mean `{near}`? one of: {known}"));
            self.problem(
                ProblemKind::WrongValue,
                word.text.place,
                format!("`{}` is not {}", quote(&word.text.raw), T::WHAT),
                help,
            );
        }
        read
    }

    pub(crate) fn choice<T: Words>(&mut self, word: Option<&Word<T>>) -> Option<T> {
        word.and_then(|word| self.word(word))
    }

    pub(crate) fn words<T: Words>(&mut self, words: &[Word<T>]) -> Vec<T> {
        words.iter().filter_map(|word| self.word(word)).collect()
    }

    /// A whole number within bounds.
    pub(crate) fn number<N: TryFrom<u64>>(&mut self, number: Option<&Number>, least: u64, most: u64) -> Option<N> {
        let Number(text) = number?;
        let value = self.filled(text)?;
        let read = value.parse().ok().filter(|n| (least..=most).contains(n)).and_then(|n| N::try_from(n).ok());
        if read.is_none() {
            let help = if most == u64::MAX {
                format!("a whole number from {least} on")
            } else {
                format!("a whole number from {least} to {most}")
            };
            self.problem(
                ProblemKind::WrongValue,
                text.place,
                format!("`{}` is not valid here", quote(&text.raw)),
                help,
            );
        }
        read
    }

    /// A glob of names; as [`Checker::files`] where it is one of files.
    pub(crate) fn glob(&mut self, text: &Text) -> Option<String> {
        self.checked_glob(text, |glob| globset::Glob::new(glob).map(drop))
    }

    /// A path or glob of files.
    fn files(&mut self, text: &Text) -> Option<String> {
        self.checked_glob(text, |glob| super::files::glob(glob).map(drop))
    }

    fn checked_glob(&mut self, text: &Text, check: fn(&str) -> Result<(), globset::Error>) -> Option<String> {
        let value = self.filled(text)?;
        if let Err(e) = check(&value) {
            let why = if text.has_variable() { String::new() } else { format!(": {}", e.kind()) };
            let what = format!("`{}` is not a glob{why}", quote(&text.raw));
            self.problem(
                ProblemKind::Glob,
                text.place,
                what,
                "`*`, `**`, `?`, `[a-z]`, `{a,b}` are known; `[*]` is a literal `*`",
            );
        }
        Some(value)
    }

    pub(crate) fn globs(&mut self, texts: &[Text]) -> Vec<String> {
        texts.iter().filter_map(|text| self.glob(text)).collect()
    }

    /// A template, in place or in a file of its own.
    pub(crate) fn template(&mut self, part: TemplatePart<'_>, text: &Text, file: Option<&Text>) -> Option<String> {
        let value = match file {
            Some(file) => self.file(file)?,
            None => self.text(text)?,
        };
        if let Err(BadTemplate { line, name, what, help }) = (self.given.template)(part, &value) {
            let named = || name.as_deref().and_then(|name| text.place.find(self.source, name));
            let (place, what) = match file {
                Some(file) => (file.place, format!("{what} (line {line} of `{}`)", quote(&file.raw))),
                None => (named().unwrap_or(text.place), what),
            };
            self.problem(ProblemKind::Template, place, what, help);
        }
        Some(value)
    }

    /// A file's content, by its path from the mapping file's folder.
    pub(crate) fn file(&mut self, path: &Text) -> Option<String> {
        let value = self.filled(path)?;
        match (self.given.read)(Path::new(&value)) {
            Ok(content) => Some(content),
            Err(e) => {
                let what = format!("cannot read `{}`: {}", quote(&path.raw), e.kind());
                let help = "paths start from the mapping file's folder";
                self.problem(ProblemKind::UnreadableFile, path.place, what, help);
                None
            }
        }
    }

    /// Finds what a label names among labels; says which there are where it is none.
    pub(crate) fn label(&mut self, what: &str, label: &Text, labels: &[&str]) -> Option<usize> {
        let value = self.filled(label)?;
        let found = labels.iter().position(|known| *known == value);
        if found.is_none() {
            let near = if label.has_variable() { None } else { nearest(&value, labels.iter().copied()) };
            let help = match (near, labels) {
                (Some(near), _) => format!("did you mean `{}`?", quote(near)),
                (None, []) => format!("this file has no {what}"),
                (None, _) => format!("labels of this file's {what}s: {}", quote(&labels.join(", "))),
            };
            let message = format!("no {what} has the label `{}`", quote(&label.raw));
            self.problem(ProblemKind::UnknownLabel, label.place, message, help);
        }
        found
    }

    fn report(&mut self, report: &raw::Report) -> Option<ReportSource> {
        Some(ReportSource {
            target: self.optional(report.target.as_ref()),
            reader: self.optional(report.reader.as_ref()),
            root: self.optional(report.root.as_ref()),
            partial: report.partial.unwrap_or_default(),
            repository: report.repository.as_ref().and_then(|repository| self.source(repository)),
            formerly: self.former_names(&report.formerly, report.repository.is_some()),
            path: self.files(&report.path)?,
        })
    }

    /// Refuses an old name that another report of the file has now: its issues would go back and forth.
    fn check_former_targets(&mut self, reports: &[raw::Report]) {
        let name = |report: &raw::Report| report.target.as_ref().unwrap_or(&report.path).raw.clone();
        for (index, report) in reports.iter().enumerate() {
            for former in &report.formerly {
                let taken = reports.iter().enumerate().any(|(at, other)| at != index && name(other) == former.raw);
                if taken {
                    let what = format!("`{}` is what another report of this file is called now", quote(&former.raw));
                    let help = "`formerly` names what is no longer read: take it out, or give the other report a `target` of its own";
                    self.problem(ProblemKind::WrongValue, former.place, what, help);
                }
            }
        }
    }

    /// A repository, by its address, or by its path beside the repository that the CI or git tells.
    pub(crate) fn source(&mut self, text: &Text) -> Option<Source> {
        let value = self.filled(text)?;
        let source = self.given.ci.source_named(&value);
        if source.is_none() {
            let what = format!("`{}` does not say on which host the repository is", quote(&text.raw));
            let help = "neither the CI nor git tells one: write it with its host, as `github.com/acme/shop`";
            self.problem(ProblemKind::WrongValue, text.place, what, help);
        }
        source
    }

    /// Former names of a target, or of the repository that a report names: as written, and what each means as a repository's.
    fn former_names(&mut self, texts: &[Text], of_repository: bool) -> Vec<String> {
        let names = self.list(texts);
        let paths = names.iter().filter(|name| of_repository && name.contains('/'));
        let sources: Vec<Source> = paths.filter_map(|name| self.given.ci.source_named(name)).collect();
        let mut all = names;
        for Source { name, .. } in sources {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }

    fn route(
        &mut self,
        Placed { value: route, place }: &Placed<raw::Route>,
        file: &raw::File,
        mappings: &[Mapping],
    ) -> Option<Route> {
        let labels: Vec<&str> = mappings.iter().map(|mapping| mapping.label.as_str()).collect();
        let mapping = match &route.mapping {
            Some(label) => self.label("mapping", label, &labels),
            None if file.mappings.len() < 2 => (!mappings.is_empty()).then_some(0),
            None => {
                let help = format!("write `mapping:` and one of {}", quote(&labels.join(", ")));
                self.problem(ProblemKind::MissingKey, *place, "a route does not say to which mapping it leads", help);
                None
            }
        };
        let when = &route.when;
        let when = Filter {
            min_severity: self.choice(when.min_severity.as_ref()),
            paths: self.globs(&when.paths),
            kinds: self.words(&when.kinds),
            scanners: self.globs(&when.scanners),
            targets: self.globs(&when.targets),
            rules: self.globs(&when.rules),
            components: self.globs(&when.components),
            tags: self.list(&when.tags),
            fix_available: when.fix_available,
        };
        Some(Route { mapping: mapping?, when })
    }

    fn decision(&mut self, decision: &raw::Decision) -> Option<Decision> {
        let parts = &decision.r#match;
        let given = [&parts.id, &parts.key, &parts.rule, &parts.component, &parts.path, &parts.scanner, &parts.target];
        let place = given.into_iter().flatten().map(|text| text.place).min_by_key(|place| place.line);
        let status_place = decision.status.text.place;
        if place.is_none() {
            let help = "write at least one of id, key, rule, component, path, scanner, target";
            self.problem(ProblemKind::WrongValue, status_place, "this decision would be about every finding", help);
        }
        let line = place.map_or(status_place.line, |place| place.line.min(status_place.line));
        let mut glob = |text: &Option<Text>| text.as_ref().and_then(|text| self.glob(text));
        let matches = DecisionMatch {
            rule: glob(&parts.rule),
            component: glob(&parts.component),
            path: glob(&parts.path),
            scanner: glob(&parts.scanner),
            target: glob(&parts.target),
            id: self.optional(parts.id.as_ref()),
            key: parts.key.as_ref().and_then(|key| self.key(key)),
        };
        Some(Decision {
            matches,
            reason: self.optional(decision.reason.as_ref()),
            until: decision.until.as_ref().and_then(|until| self.date(until)),
            source: format!("{}:{line}", shown_path(self.name)),
            status: self.word(&decision.status)?.0,
        })
    }

    fn key(&mut self, text: &Text) -> Option<String> {
        let value = self.filled(text)?;
        if Key::parse_member(&value).is_none() {
            let what = format!("`{}` is not a finding's key", quote(&text.raw));
            self.problem(ProblemKind::WrongValue, text.place, what, "`findsync findings --format json` prints keys");
        }
        Some(value)
    }

    fn date(&mut self, text: &Text) -> Option<NaiveDate> {
        let value = self.filled(text)?;
        let date = NaiveDate::parse_from_str(&value, "%Y-%m-%d").ok().filter(|_| value.len() == 10);
        if date.is_none() {
            let what = format!("`{}` is not a date", quote(&text.raw));
            self.problem(ProblemKind::WrongValue, text.place, what, "write year-month-day: 2027-01-31");
        }
        date
    }

    fn limits(&mut self, limits: &raw::Limits) -> RunLimits {
        let default = RunLimits::default();
        let most = u64::from(u32::MAX);
        RunLimits {
            max_open: self.number(limits.max_open.as_ref(), 0, most).unwrap_or(default.max_open),
            max_close_percent: self
                .number(limits.max_close_percent.as_ref(), 0, 100)
                .unwrap_or(default.max_close_percent),
            scope_ttl: self.number(limits.scope_ttl.as_ref(), 1, MAX_DAYS).unwrap_or(default.scope_ttl),
        }
    }
}

/// A file's path as issues may tell it: not where it lies on the machine.
fn shown_path(name: &str) -> String {
    let path = Path::new(name);
    let inside = std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).map(Path::to_owned).ok());
    let shown = inside.or_else(|| path.is_absolute().then(|| path.file_name().map(Into::into)).flatten());
    shown.map_or_else(|| name.to_owned(), |path: PathBuf| path.display().to_string())
}
