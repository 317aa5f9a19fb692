//! All readers: the standards in Rust, the built-in scanner definitions, and those of the workspace.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::OnceLock;

use flate2::read::DeflateDecoder;
use serde::Serialize;
use serde_json::Value;

use crate::disk;
use crate::finding::Kind;
use crate::readers::definitions::definition::Definition;
use crate::readers::guide::{self, Guide};
use crate::readers::{Input, Probe, ReadError, Reader, STANDARDS};

/// The built-in definitions, as `build.rs` packs them.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/definitions"));

/// Where a workspace keeps its own definitions.
const FOLDER: &str = ".findsync/scanners";

/// Where a reader comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Rust code, for a standard.
    Standard,
    /// A scanner definition that is built in.
    BuiltIn,
    /// A scanner definition of the workspace, at this path.
    Workspace(String),
}

/// A reader, as `findsync scanners` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReaderInfo {
    /// Name on the command line.
    pub name: String,
    /// Other names by which it may be chosen.
    pub aliases: Vec<String>,
    /// Name for people.
    pub title: String,
    /// The kind that its findings mostly have.
    pub kind: Kind,
    /// Where to read about it.
    pub homepage: String,
    /// Where it comes from.
    pub source: Origin,
}

/// The built-in definitions, parsed once and only when a report is read.
fn built_in() -> Result<&'static [Definition], ReadError> {
    static PARSED: OnceLock<Vec<Definition>> = OnceLock::new();
    if let Some(parsed) = PARSED.get() {
        return Ok(parsed);
    }
    let parse = |(file, yaml): (String, String)| Definition::parse(&file, &yaml);
    let parsed = unpack(PACKED)?.into_iter().map(parse).collect::<Result<_, _>>()?;
    Ok(PARSED.get_or_init(|| parsed))
}

/// The files that `build.rs` has packed, with their names.
pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<(String, String)>, ReadError> {
    let mut text = String::new();
    let io = |source| ReadError::Io { path: "scanners".to_owned(), source };
    DeflateDecoder::new(packed).read_to_string(&mut text).map_err(io)?;
    let mut parts = text.split_terminator('\0').map(str::to_owned);
    Ok(std::iter::from_fn(|| parts.next().zip(parts.next())).collect())
}

/// All readers that there are for a workspace.
pub(crate) struct Registry {
    own: Vec<(String, Definition)>,
}

impl Registry {
    /// Parses and checks the workspace's own definitions.
    pub(crate) fn new(workspace: &Path) -> Result<Self, ReadError> {
        let folder = workspace.join(FOLDER);
        let mut own: Vec<(String, Definition)> = Vec::new();
        if !folder.is_dir() {
            return Ok(Self { own });
        }
        let io = |source| ReadError::Io { path: FOLDER.to_owned(), source };
        let mut files = fs::read_dir(&folder).map_err(io)?.collect::<Result<Vec<_>, _>>().map_err(io)?;
        files.sort_by_key(fs::DirEntry::file_name);
        for file in files {
            let name = file.file_name().to_string_lossy().into_owned();
            if !name.ends_with(".yml") && !name.ends_with(".yaml") {
                continue;
            }
            let path = format!("{FOLDER}/{name}");
            let real = disk::inside(workspace, &file.path());
            let real = real.map_err(|source| ReadError::Io { path: path.clone(), source })?;
            let definition = definition_file(&real, &path)?;
            if let Some((other, _)) = own.iter().find(|(_, other)| other.name == definition.name) {
                let detail = format!("the name `{}` is taken by `{other}`", definition.name);
                return Err(ReadError::Definition { definition: path, detail });
            }
            own.push((path, definition));
        }
        Ok(Self { own })
    }

    /// Definitions; one of the workspace takes the place of a built-in one of its name.
    fn definitions(&self) -> Result<impl Iterator<Item = &Definition>, ReadError> {
        let overridden = |name: &str| self.own.iter().any(|(_, own)| own.name == name);
        let built_in = built_in()?.iter().filter(move |definition| !overridden(&definition.name));
        Ok(self.own.iter().map(|(_, definition)| definition).chain(built_in))
    }

    fn all(&self) -> Result<Vec<&dyn Reader>, ReadError> {
        let overridden = |name: &str| self.own.iter().any(|(_, own)| own.name == name);
        let standards = STANDARDS.iter().copied().filter(|reader| !overridden(reader.name()));
        Ok(standards.chain(self.definitions()?.map(|definition| definition as &dyn Reader)).collect())
    }

    /// Definitions that take archives as a whole: all, or the one of a name.
    pub(crate) fn for_archives(&self, reader: Option<&str>) -> Result<Vec<&Definition>, ReadError> {
        let is_wanted = |definition: &&Definition| match reader {
            Some(name) => definition.name == name || definition.aliases.iter().any(|alias| alias == name),
            None => true,
        };
        Ok(self.definitions()?.filter(is_wanted).collect())
    }

    /// The reader of a name, or of an alias.
    pub(crate) fn named(&self, name: &str) -> Result<&dyn Reader, ReadError> {
        let all = self.all()?;
        let by_name = all.iter().find(|reader| reader.name() == name);
        if let Some(reader) = by_name.or_else(|| all.iter().find(|reader| reader.aliases().contains(&name))) {
            return Ok(*reader);
        }
        let folded = guide::folded(name);
        if let Some(reader) = all.iter().find(|reader| reader.name() == folded || reader.aliases().contains(&&*folded))
        {
            return Ok(*reader);
        }
        if let Some((standard, _)) = guide::standard_of(name)? {
            return self.named(&standard.name);
        }
        let names = all.iter().flat_map(|reader| std::iter::once(reader.name()).chain(reader.aliases()));
        let scored = names.map(|known| (strsim::jaro_winkler(&folded, known), known));
        let similar = scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
        let similar = similar.map(|(_, known)| known.to_owned());
        Err(ReadError::UnknownReader { name: name.to_owned(), similar })
    }

    /// The reader of a name for a document. Scanners write standards too: what is one is read as one, whatever scanner
    /// is named.
    pub(crate) fn named_for(&self, name: &str, probe: &Probe) -> Result<&dyn Reader, ReadError> {
        let reader = self.named(name)?;
        if reader.recognises(probe) {
            return Ok(reader);
        }
        Ok(STANDARDS.iter().copied().find(|standard| standard.recognises(probe)).unwrap_or(reader))
    }

    /// The one reader that recognises a document.
    pub(crate) fn recognise(&self, input: Input<'_>) -> Result<&dyn Reader, ReadError> {
        let found: Vec<_> = self.all()?.into_iter().filter(|reader| reader.recognises(input.probe)).collect();
        match found[..] {
            [reader] => Ok(reader),
            [] => match self.named_by_path(input)? {
                Some(reader) => Ok(reader),
                None => Err(ReadError::Unrecognised {
                    path: input.path.to_owned(),
                    looks: input.probe.looks(),
                    nearest: self.nearest(input.probe)?,
                }),
            },
            _ => self.break_tie(input, &found),
        }
    }

    /// The reader that a clean report's path names (`gitleaks-report.json`, `gitleaks/report.json`), where the report itself
    /// says no more than `[]`. The file's name goes before its folder's, a longer name before a shorter one.
    fn named_by_path(&self, input: Input<'_>) -> Result<Option<&dyn Reader>, ReadError> {
        if !input.probe.get("").and_then(Value::as_array).is_some_and(Vec::is_empty) {
            return Ok(None);
        }
        let all = self.all()?;
        for part in input.path.rsplit(['/', '\\']).take(2) {
            let words: Vec<_> = part.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase).collect();
            let names = |name: &str| {
                let name = name.replace('_', "");
                let bears = |start: usize| (start..words.len()).any(|end| words[start..=end].concat() == name);
                (0..words.len()).any(bears).then_some(name.len())
            };
            let length = |reader: &dyn Reader| {
                let names_of_it = std::iter::once(reader.name()).chain(reader.aliases());
                names_of_it.filter_map(names).max().filter(|_| reader.read(input).is_ok())
            };
            let mut named: Vec<_> = all.iter().filter_map(|reader| Some((length(*reader)?, *reader))).collect();
            named.sort_by_key(|(length, _)| *length);
            match named[..] {
                [] => {}
                [.., (second, _), (first, _)] if second == first => return Ok(None),
                [.., (_, reader)] => return Ok(Some(reader)),
            }
        }
        Ok(None)
    }

    /// Among several, the one whose definition confirms that it is its own.
    fn break_tie<'s>(&'s self, input: Input<'_>, found: &[&'s dyn Reader]) -> Result<&'s dyn Reader, ReadError> {
        let mut sure = Vec::new();
        for definition in self.definitions()? {
            if found.iter().any(|reader| reader.name() == definition.name) && definition.confirms(input)? {
                sure.push(definition as &dyn Reader);
            }
        }
        match sure[..] {
            [reader] => Ok(reader),
            _ => Err(ReadError::Ambiguous {
                path: input.path.to_owned(),
                readers: found.iter().map(|reader| reader.name().to_owned()).collect(),
            }),
        }
    }

    fn nearest(&self, probe: &Probe) -> Result<Vec<String>, ReadError> {
        let mut scored: Vec<_> = self
            .definitions()?
            .map(|definition| (definition.nearness(probe), definition.name.clone()))
            .filter(|(score, _)| *score >= 50)
            .collect();
        scored.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        Ok(scored.into_iter().take(3).map(|(_, name)| name).collect())
    }

    /// How reports are written, and what is read of them.
    pub(crate) fn guides(&self) -> Result<Vec<Guide>, ReadError> {
        let standards = guide::standards()?;
        let infos = self.list()?;
        let mut guides = Vec::new();
        for reader in infos {
            if let Some(definition) = self.definitions()?.find(|definition| definition.name == reader.name) {
                guides.push(definition.guide(reader, standards));
            } else if let Some(standard) = standards.iter().find(|standard| standard.name == reader.name) {
                guides.push(Guide::of_standard(reader, standard, None));
            }
        }
        Ok(guides)
    }

    /// The guide of a reader, or of a tool that writes a standard.
    pub(crate) fn guide(&self, name: &str) -> Result<Guide, ReadError> {
        let reader = self.named(name)?.name().to_owned();
        let guide = self.guides()?.into_iter().find(|guide| guide.reader.name == reader);
        let guide = guide.ok_or_else(|| ReadError::UnknownReader { name: name.to_owned(), similar: None })?;
        match guide::standard_of(name)? {
            Some((standard, tool)) if standard.name == reader && guide::folded(name) != reader => {
                Ok(Guide::of_standard(guide.reader, standard, Some(&tool)))
            }
            _ => Ok(guide),
        }
    }

    pub(crate) fn list(&self) -> Result<Vec<ReaderInfo>, ReadError> {
        let origin = |name: &str| match self.own.iter().find(|(_, own)| own.name == name) {
            Some((path, _)) => Origin::Workspace(path.clone()),
            None if STANDARDS.iter().any(|standard| standard.name() == name) => Origin::Standard,
            None => Origin::BuiltIn,
        };
        let info = |reader: &dyn Reader| ReaderInfo {
            name: reader.name().to_owned(),
            aliases: reader.aliases().into_iter().map(str::to_owned).collect(),
            title: reader.title().to_owned(),
            kind: reader.kind(),
            homepage: reader.homepage().to_owned(),
            source: origin(reader.name()),
        };
        let mut list: Vec<_> = self.all()?.into_iter().map(info).collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(list)
    }
}

/// Parses and checks a definition in a file.
pub(crate) fn definition_file(file: &Path, shown: &str) -> Result<Definition, ReadError> {
    let yaml =
        disk::read_text(file, disk::MAX_WRITTEN).map_err(|source| ReadError::Io { path: shown.to_owned(), source })?;
    Definition::written(shown, &yaml)
}
