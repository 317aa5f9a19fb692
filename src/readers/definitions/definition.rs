//! A scanner definition: one YAML file that tells how to read one product's reports.

use std::fmt;
use std::marker::PhantomData;

use jaq_json::Val;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, IntoDeserializer as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::containers;
use super::finding::{self, Vocabulary};
use super::isolated::{Isolated, Yielded};
use super::jq::runtime::{self, Failure, Program};
use super::scans::Scans;
use super::tables::Table;
use crate::finding::{Kind, Scan, Severity, Status};
use crate::readers::detect::registry::ReaderInfo;
use crate::readers::guide::{self, Guide, Report, Standard};
use crate::readers::load::document;
use crate::readers::{Format, Input, Probe, ReadError, Reader, parallel};
use crate::redact::without_values;

/// A scanner definition, as its YAML file says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Name on the command line and in JSON.
    pub name: String,
    /// Other names by which it may be chosen.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Name for people, and the scanner's name where `scope` gives none.
    pub title: String,
    /// Where to read about the scanner; those of this repository have one.
    #[serde(default)]
    pub homepage: String,
    /// The commands that write its report.
    #[serde(default, deserialize_with = "one_or_many")]
    command: Vec<String>,
    /// The way through a user interface to its report.
    #[serde(default)]
    export: Option<String>,
    /// The report's usual name.
    #[serde(default)]
    file: Option<String>,
    /// What is known to be missing.
    #[serde(default)]
    missing: Option<String>,
    /// The comment with which the file begins.
    #[serde(skip)]
    reads: String,
    /// The kind of findings, where a finding does not say otherwise.
    pub kind: Kind,
    /// What reports are written in.
    #[serde(deserialize_with = "one_or_many")]
    input: Vec<Format>,
    /// How reports are recognised: one of these must hold. Without any they are read only by name.
    recognises: Vec<Condition>,
    /// A jq condition over the whole document, to break a tie between readers.
    #[serde(default)]
    confirms: Option<String>,
    /// jq: what was scanned, by what: objects with `scanner`, `target`, `artifact`, `failure`, `complete`, `unexamined`.
    #[serde(default)]
    scope: Option<String>,
    /// jq: the parts of the document that `findings` runs on, one by one and on all cores; without it, on the whole.
    #[serde(default)]
    parts: Option<String>,
    /// jq: the findings.
    findings: String,
    /// jq: functions that the programs share.
    #[serde(default)]
    helpers: String,
    /// What the scanner's words for severities mean.
    #[serde(default)]
    severity: Table<Severity>,
    /// What its words for states mean.
    #[serde(default)]
    status: Table<Status>,
    /// What its words for ecosystems mean, in words that we know.
    #[serde(default)]
    ecosystem: Table<String>,
    /// Containers in which findings are, by their names from the top, through arrays. In a report without findings, other
    /// containers beside and above them are an error, but for `other_paths`.
    #[serde(default)]
    finding_paths: containers::Paths,
    /// Files of the scanner's archive (a zip), as globs: they are read as one document, an object with an array of documents
    /// for each of these names.
    #[serde(default)]
    archive: std::collections::BTreeMap<String, String>,
    /// Whether a clean report is `{}`, which does not say whose it is: it is read where the reader is named.
    #[serde(default)]
    empty_is_clean: bool,
    /// Containers beside those, which hold no findings.
    #[serde(default)]
    other_paths: containers::Paths,
    /// Its text, where it is one of the workspace.
    #[serde(skip)]
    isolated: Option<Isolated>,
}

/// What the outline of a document must have. All parts must hold. For paths see [`Probe::get`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Condition {
    /// Paths at which there is something.
    has: Vec<String>,
    /// Paths at which there is nothing.
    lacks: Vec<String>,
    /// Paths and their values (or one of several).
    equals: std::collections::BTreeMap<String, Value>,
    /// Paths and how their texts begin.
    starts: std::collections::BTreeMap<String, String>,
    /// Paths at which there is an empty array or object.
    empty: Vec<String>,
}

impl Condition {
    /// The paths of its parts that do not hold.
    fn lacking(&self, probe: &Probe) -> Vec<String> {
        let one = |path: &String, condition: Self| (!condition.holds(probe)).then(|| path.clone());
        let has = self.has.iter().filter(|path| !probe.has(path)).cloned();
        let lacks = self.lacks.iter().filter(|path| probe.has(path)).cloned();
        let equals = self.equals.iter().filter_map(|(path, value)| {
            one(path, Self { equals: [(path.clone(), value.clone())].into(), ..Self::default() })
        });
        let starts = self.starts.iter().filter_map(|(path, start)| {
            one(path, Self { starts: [(path.clone(), start.clone())].into(), ..Self::default() })
        });
        let empty =
            self.empty.iter().filter_map(|path| one(path, Self { empty: vec![path.clone()], ..Self::default() }));
        has.chain(lacks).chain(equals).chain(starts).chain(empty).collect()
    }

    fn holds(&self, probe: &Probe) -> bool {
        self.has.iter().all(|path| probe.has(path)) && self.rest_holds(probe)
    }

    fn rest_holds(&self, probe: &Probe) -> bool {
        let equal = |wanted: &Value, got: &Value| match wanted {
            Value::Array(any) => any.contains(got),
            one => one == got,
        };
        let empty = |value: &Value| match value {
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            other => other.as_str() == Some(""),
        };
        self.lacks.iter().all(|path| !probe.has(path))
            && self.equals.iter().all(|(path, wanted)| probe.get(path).is_some_and(|got| equal(wanted, got)))
            && self
                .starts
                .iter()
                .all(|(path, start)| probe.text(path).is_some_and(|text| text.starts_with(start.as_str())))
            && self.empty.iter().all(|path| probe.get(path).is_some_and(empty))
    }

    /// The share of its parts that hold, in percent.
    fn nearness(&self, probe: &Probe) -> usize {
        let wanted = self.has.len() + self.equals.len();
        let held = self.has.iter().filter(|path| probe.has(path)).count()
            + self.equals.iter().filter(|(path, value)| probe.get(path) == Some(value)).count();
        (100 * held).checked_div(wanted).unwrap_or(0)
    }
}

impl Definition {
    /// Parses a definition; its programs are looked at by [`Definition::check`].
    ///
    /// # Errors
    /// Where the YAML or a program is wrong.
    pub fn parse(origin: &str, yaml: &str) -> Result<Self, ReadError> {
        let wrong = |detail: String| ReadError::Definition { definition: origin.to_owned(), detail };
        let mut definition: Self = document::parse_yaml(yaml).map_err(|error| wrong(misspelt(&error)))?;
        definition.reads = guide::first_comment(yaml);
        let name_is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if definition.name.is_empty() || !definition.name.chars().all(name_is_plain) {
            return Err(wrong("`name` must be of a-z, 0-9 and `_`".to_owned()));
        }
        Ok(definition)
    }

    /// Parses a definition that people wrote, and looks at its programs.
    ///
    /// # Errors
    /// Where the YAML or a program is wrong.
    pub fn written(origin: &str, yaml: &str) -> Result<Self, ReadError> {
        let isolated = Isolated::new(yaml);
        let definition = Self { isolated: Some(isolated.clone()), ..Self::parse(origin, yaml)? };
        match isolated.check() {
            None => definition.check()?,
            Some(Ok(())) => {}
            Some(Err(Failure::Program(detail) | Failure::Document(detail))) => return Err(definition.wrong(detail)),
        }
        Ok(definition)
    }

    /// Compiles the programs, to see whether they are right.
    ///
    /// # Errors
    /// Where a program does not compile.
    pub fn check(&self) -> Result<(), ReadError> {
        self.compile().map_err(|detail| self.wrong(detail))
    }

    pub(crate) fn compile(&self) -> Result<(), String> {
        let programs = [self.confirms.as_ref(), self.scope.as_ref(), self.parts.as_ref(), Some(&self.findings)];
        programs.into_iter().flatten().try_for_each(|program| Program::new(&self.helpers, program).map(drop))
    }

    /// How its reports are written.
    pub(crate) fn guide(&self, reader: ReaderInfo, standards: &[Standard]) -> Guide {
        let names = || std::iter::once(&self.name).chain(&self.aliases);
        let command = |standard: &Standard| {
            let command = names().find_map(|name| standard.command(name))?;
            Some((standard.name.clone(), command.to_owned()))
        };
        let report = Report {
            commands: self.command.clone(),
            export: self.export.clone(),
            file: self.file.clone(),
            missing: self.missing.clone(),
        };
        Guide {
            reader,
            formats: self.input.clone(),
            report,
            reads: self.reads.clone(),
            standards: standards.iter().filter_map(command).collect(),
            tools: Vec::new(),
        }
    }

    fn wrong(&self, detail: String) -> ReadError {
        ReadError::Definition { definition: self.name.clone(), detail }
    }

    /// How near a document comes to being one of these, in percent.
    pub(crate) fn nearness(&self, probe: &Probe) -> usize {
        self.recognises.iter().map(|condition| condition.nearness(probe)).max().unwrap_or(0)
    }

    /// The parts of the scanner's archive: name and glob.
    pub(crate) fn archive_parts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.archive.iter().map(|(part, glob)| (part.as_str(), glob.as_str()))
    }

    /// The format in which to load a document.
    fn load_as(&self, probe: &Probe) -> Option<Format> {
        let (formats, got) = (&self.input, probe.format());
        // One JSON value may be JSON lines of one line.
        let lines = formats.contains(&Format::Jsonl) && matches!(got, Format::Json | Format::Jsonl);
        if lines && (got == Format::Jsonl || !formats.contains(&Format::Json)) {
            return Some(Format::Jsonl);
        }
        // `Success: no issues` is YAML to look at.
        let is_prose = formats.contains(&Format::Text) && matches!(got, Format::Csv | Format::Yaml);
        formats.contains(&got).then_some(got).or(is_prose.then_some(Format::Text))
    }

    /// Whether a jq condition over the whole document holds, where there is one.
    pub(crate) fn confirms(&self, input: Input<'_>) -> Result<bool, ReadError> {
        let (Some(_), Some(format)) = (&self.confirms, self.load_as(input.probe)) else { return Ok(false) };
        let isolated = self.isolated.as_ref().and_then(|isolated| isolated.confirms(input, format));
        let confirmed = match isolated {
            Some(confirmed) => confirmed,
            None => self.confirm(document::load(input, format)?),
        };
        confirmed.map_err(|failure| self.failed(input, failure))
    }

    pub(crate) fn confirm(&self, document: Val) -> Result<bool, Failure> {
        let mut outputs = self.optional(self.confirms.as_deref(), &document)?;
        Ok(outputs.pop().is_some_and(|value| jaq_core::ValT::as_bool(&value)))
    }

    /// What an optional program yields.
    fn optional(&self, program: Option<&str>, document: &Val) -> Result<Vec<Val>, Failure> {
        program.map_or_else(|| Ok(Vec::new()), |program| runtime::run(&self.helpers, program, document.clone()))
    }

    pub(crate) fn scopes(&self, document: &Val) -> Result<Vec<Val>, Failure> {
        self.optional(self.scope.as_deref(), document)
    }

    /// What `findings` runs on.
    fn parts(&self, document: Val) -> Result<Vec<Val>, Failure> {
        match &self.parts {
            Some(program) => runtime::run(&self.helpers, program, document),
            None => Ok(vec![document]),
        }
    }

    fn vocabulary(&self) -> Vocabulary<'_> {
        let Self { kind, severity, status, ecosystem, .. } = self;
        Vocabulary { kind: *kind, severity, status, ecosystem }
    }

    /// What is made of each finding that the programs yield, in portions.
    pub(crate) fn each_finding<T: Send>(
        &self,
        document: Val,
        make: impl Fn(&Val) -> T + Sync,
    ) -> Result<Vec<Result<Vec<T>, Failure>>, Failure> {
        let make = &make;
        let worker = || {
            let program = Program::new(&self.helpers, &self.findings);
            move |parts: Vec<Val>| {
                let program = program.as_ref().map_err(|detail| Failure::Program(detail.clone()))?;
                let mut all = Vec::with_capacity(parts.len());
                for part in parts {
                    program.each(part, |value| {
                        all.push(make(&value));
                        Ok::<_, Failure>(())
                    })?;
                }
                Ok(all)
            }
        };
        Ok(parallel::in_portions(self.parts(document)?, worker))
    }

    /// What the programs yield, where they run apart.
    fn yielded(&self, input: Input<'_>, format: Format) -> Result<Option<Yielded>, ReadError> {
        let yielded = self.isolated.as_ref().and_then(|isolated| isolated.run(input, format));
        yielded.transpose().map_err(|failure| self.failed(input, failure))
    }

    /// The scans that the programs make of a document.
    fn scans(&self, input: Input<'_>, format: Format) -> Result<Vec<Scan>, ReadError> {
        let vocabulary = self.vocabulary();
        if let Some(Yielded { scopes, findings }) = self.yielded(input, format)? {
            let mut scans = Scans::new(self, input.path, scopes)?;
            findings.iter().try_for_each(|value| scans.add(finding::found(value, vocabulary)))?;
            return Ok(scans.finish());
        }
        let document = document::load(input, format)?;
        let failed = |failure| self.failed(input, failure);
        let mut scans = Scans::new(self, input.path, self.scopes(&document).map_err(failed)?)?;
        for portion in self.each_finding(document, |value| finding::found(value, vocabulary)).map_err(failed)? {
            portion.map_err(failed)?.into_iter().try_for_each(|found| scans.add(found))?;
        }
        Ok(scans.finish())
    }

    /// Whether a document without findings is one of the scanner's, and all of it was looked at.
    fn check_clean(&self, input: Input<'_>, format: Format) -> Result<(), ReadError> {
        let malformed = |detail: String| Err(ReadError::malformed(input.path, format!("as `{}`: {detail}", self.name)));
        // An empty list says nothing of its scanner: whoever names the reader vouches for it.
        let outline = input.probe.outline();
        let is_its_own = self.recognises.is_empty()
            || is_empty_list(outline)
            || self.empty_is_clean && outline.as_object().is_some_and(serde_json::Map::is_empty)
            || self.recognises(input.probe)
            || self.finding_paths.begin_in(outline);
        if !is_its_own {
            let looks = input.probe.looks();
            return malformed(format!("there are no findings, and nothing else that it writes: this is {looks}"));
        }
        if self.finding_paths.is_empty() || matches!(format, Format::Csv | Format::Text) {
            return Ok(());
        }
        let document = document::load(input, format)?;
        match containers::unknown(&document, &self.finding_paths, &self.other_paths) {
            Some(path) => {
                malformed(format!("there are no findings where they are expected, but `{path}`, which is not known"))
            }
            None => Ok(()),
        }
    }

    fn failed(&self, input: Input<'_>, failure: Failure) -> ReadError {
        match failure {
            Failure::Program(detail) => self.wrong(detail),
            Failure::Document(detail) => ReadError::malformed(input.path, format!("as `{}`: {detail}", self.name)),
        }
    }
}

/// A value, or a list of them.
fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Values<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Values<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a word, or a list of them")
        }

        fn visit_str<E: de::Error>(self, word: &str) -> Result<Self::Value, E> {
            Ok(vec![T::deserialize(word.into_deserializer())?])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(items))
        }
    }
    deserializer.deserialize_any(Values(PhantomData))
}

/// What is wrong with a definition's YAML. It quotes none of it, as the file may be any, but names what was probably meant.
fn misspelt(error: &serde_yaml::Error) -> String {
    let (name, names) = match error.without_snippet() {
        serde_yaml::Error::SerdeUnknownField { field, expected, .. } => (field, expected),
        serde_yaml::Error::SerdeUnknownVariant { variant, expected, .. } => (variant, expected),
        _ => return without_values(error),
    };
    let place = error.location().map_or_else(String::new, |at| format!("line {}, column {}: ", at.line(), at.column()));
    match finding::nearest(names, name) {
        Some(known) => format!("{place}there is no such word here, did you mean `{known}`?"),
        None => format!("{place}there is no such word here; there are {}", names.join(", ")),
    }
}

/// Whether there is nothing in a list, nor in the lists in it.
fn is_empty_list(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(is_empty_list))
}

impl Reader for Definition {
    fn name(&self) -> &str {
        &self.name
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn aliases(&self) -> Vec<&str> {
        self.aliases.iter().map(String::as_str).collect()
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn homepage(&self) -> &str {
        &self.homepage
    }

    fn recognises(&self, probe: &Probe) -> bool {
        self.load_as(probe).is_some() && self.recognises.iter().any(|condition| condition.holds(probe))
    }

    fn read(&self, input: Input<'_>) -> Result<Vec<Scan>, ReadError> {
        let format = self.load_as(input.probe).ok_or_else(|| {
            let wanted: Vec<_> = self.input.iter().map(|format| format!("{format:?}").to_uppercase()).collect();
            let detail = format!("`{}` reads {}, but this is {}", self.name, wanted.join(" or "), input.probe.looks());
            ReadError::malformed(input.path, detail)
        })?;
        let scans = self.scans(input, format)?;
        let is_clean = |scan: &Scan| scan.complete && scan.findings.is_empty();
        if scans.iter().all(|scan| scan.findings.is_empty()) && scans.iter().any(is_clean) {
            self.check_clean(input, format)?;
        }
        Ok(scans)
    }

    fn lacking(&self, probe: &Probe) -> Vec<String> {
        let nearest = self.recognises.iter().max_by_key(|condition| condition.nearness(probe));
        nearest.filter(|_| !self.recognises(probe)).map_or_else(Vec::new, |condition| condition.lacking(probe))
    }

    fn unrated(&self, input: Input<'_>) -> Result<Option<[usize; 2]>, ReadError> {
        let Some(format) = self.load_as(input.probe) else { return Ok(None) };
        // A scanner that rates nothing has no word for it.
        let rates = !self.severity.is_constant();
        let lacks = |value: &Val| {
            [
                usize::from(finding::is_absent(value, "title")),
                usize::from(rates && finding::is_absent(value, "severity")),
            ]
        };
        let counts = match self.yielded(input, format)? {
            Some(Yielded { findings, .. }) => findings.iter().map(lacks).collect(),
            None => {
                let failed = |failure| self.failed(input, failure);
                let portions = self.each_finding(document::load(input, format)?, lacks).map_err(failed)?;
                portions.into_iter().collect::<Result<Vec<_>, _>>().map_err(failed)?.concat()
            }
        };
        Ok(Some(counts.into_iter().fold([0, 0], |[a, b], [c, d]| [a + c, b + d])))
    }
}
