//! A small repository whose weak lines are marked, so that after any edit it is known which weakness is which.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// What really is the same weakness, whatever tools think.
pub(crate) type Id = usize;

/// A line of source, perhaps with a weakness in it.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) mark: Option<(Id, String)>,
}

impl Line {
    /// `text  #!id:rule`; a line without a mark is only text.
    pub(crate) fn parse(line: &str) -> Self {
        match line.split_once("  #!") {
            Some((text, mark)) => {
                let (id, rule) = mark.split_once(':').unwrap();
                Self { text: text.to_owned(), mark: Some((id.parse().unwrap(), rule.to_owned())) }
            }
            None => Self { text: line.to_owned(), mark: None },
        }
    }
}

/// A vulnerable package.
#[derive(Clone)]
pub(crate) struct Package {
    pub(crate) id: Id,
    pub(crate) ids: Vec<&'static str>,
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) manifest: &'static str,
}

/// The repository as it is at one commit.
#[derive(Clone, Default)]
pub(crate) struct Tree {
    pub(crate) files: BTreeMap<String, Vec<Line>>,
    pub(crate) packages: Vec<Package>,
    /// What the linter says, beside the rule.
    pub(crate) wording: &'static str,
    /// Whether reports list their findings from the end.
    pub(crate) is_reversed: bool,
}

/// One finding, as a scanner would report it.
pub(crate) struct Report {
    pub(crate) id: Id,
    pub(crate) rule: String,
    pub(crate) path: String,
    pub(crate) line: usize,
    /// What the scanner itself would know it by.
    pub(crate) fingerprint: String,
}

/// Ratings: as findsync calls them, as SARIF has them, as OSV writes them.
pub(crate) const RATINGS: [(&str, &str, &str); 4] =
    [("High", "8.0", "HIGH"), ("Critical", "9.5", "CRITICAL"), ("Medium", "5.0", "MODERATE"), ("Low", "2.0", "LOW")];

/// Rules whose lines hold a secret, between double or single quotes.
const SECRET: &str = "aws-key";

impl Tree {
    pub(crate) fn file(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), text.trim_matches('\n').lines().map(Line::parse).collect());
    }

    /// The lines of a file that there must be.
    pub(crate) fn lines(&mut self, path: &str) -> &mut Vec<Line> {
        self.files.get_mut(path).unwrap()
    }

    /// Takes a function out of a file, from its head to the next one's.
    pub(crate) fn take(&mut self, path: &str, name: &str) -> Vec<Line> {
        let lines = self.lines(path);
        let start = lines.iter().position(|line| line.text.starts_with(&format!("def {name}("))).unwrap();
        let length = lines[start + 1..].iter().take_while(|line| !line.text.starts_with("def ")).count() + 1;
        lines.drain(start..start + length).collect()
    }

    /// Copies a file; its weaknesses are new ones there.
    pub(crate) fn copy(&mut self, from: &str, to: &str) {
        let mut lines = self.files[from].clone();
        lines.iter_mut().filter_map(|line| line.mark.as_mut()).for_each(|(id, _)| *id += 100);
        self.files.insert(to.to_owned(), lines);
    }

    /// Changes one weak line; `change` gets its text.
    pub(crate) fn edit(&mut self, id: Id, change: impl Fn(&str) -> String) {
        let mut all = self.files.values_mut().flatten();
        let line = all.find(|line| line.mark.as_ref().is_some_and(|(mark, _)| *mark == id)).unwrap();
        line.text = change(&line.text);
    }

    /// The weakness is gone, and its line is another.
    pub(crate) fn fix(&mut self, id: Id, text: &str) {
        self.edit(id, |_| text.to_owned());
        let line =
            self.files.values_mut().flatten().find(|line| line.mark.as_ref().is_some_and(|(mark, _)| *mark == id));
        line.unwrap().mark = None;
    }

    /// All findings in it.
    pub(crate) fn findings(&self) -> Vec<Report> {
        let mut all = Vec::new();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for (path, lines) in &self.files {
            for (index, line) in lines.iter().enumerate() {
                let Some((id, rule)) = &line.mark else { continue };
                let hash = line_hash(&lines[index..]);
                let count = times.entry(format!("{path} {rule} {hash}")).or_default();
                *count += 1;
                let fingerprint = format!("{hash}:{count}");
                all.push(Report { id: *id, rule: rule.clone(), path: path.clone(), line: index + 1, fingerprint });
            }
        }
        for Package { id, ids, name, version, manifest } in &self.packages {
            let (rule, path) = (ids[0].to_owned(), (*manifest).to_owned());
            let fingerprint = format!("{manifest} {name} {version} {rule}");
            all.push(Report { id: *id, rule: format!("{rule} {name}"), path, line: 0, fingerprint });
        }
        all
    }

    /// Writes the sources and the reports of three scanners into a folder. `severity` says how each finding is rated,
    /// an index into [`RATINGS`]; with `prints` the linter has fingerprints.
    pub(crate) fn write(&self, dir: &Path, prints: bool, severity: &dyn Fn(Id) -> usize) {
        let kept = |path: &Path| path.file_name().is_some_and(|name| name == "issues" || name == ".findsync.yml");
        for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| !kept(path)) {
            if entry.is_dir() { fs::remove_dir_all(entry).unwrap() } else { fs::remove_file(entry).unwrap() }
        }
        for (path, lines) in &self.files {
            let path = dir.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, lines.iter().map(|line| format!("{}\n", line.text)).collect::<String>()).unwrap();
        }
        let (mut lint, mut secrets) = (Vec::new(), Vec::new());
        for found in self.findings().into_iter().filter(|found| found.line > 0) {
            let text = &self.files[&found.path][found.line - 1].text;
            let column = text.len() - text.trim_start().len() + 1;
            let mut region = json!({"startLine": found.line, "startColumn": column, "endColumn": text.len() + 1});
            let is_secret = found.rule == SECRET;
            if is_secret {
                region["snippet"] = json!({"text": text.split(['"', '\'']).nth(1).unwrap()});
            }
            let rating = RATINGS[severity(found.id)].1;
            let mut result = json!({"ruleId": found.rule, "properties": {"security-severity": rating},
                "message": {"text": format!("{} {}", found.rule, self.wording)},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": found.path}, "region": region}}]});
            if prints && !is_secret {
                result["partialFingerprints"] = json!({"primaryLocationLineHash": found.fingerprint});
            }
            if is_secret { secrets.push(result) } else { lint.push(result) }
        }
        if self.is_reversed {
            lint.reverse();
            secrets.reverse();
        }
        let sarif = |name: &str, results: Vec<Value>| {
            json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": name}}, "results": results}]}).to_string()
        };
        fs::write(dir.join("lint.sarif"), sarif("Lint", lint)).unwrap();
        fs::write(dir.join("gitleaks.sarif"), sarif("gitleaks", secrets)).unwrap();
        let mut osv: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for Package { id, ids, name, version, manifest } in &self.packages {
            let word = RATINGS[severity(*id)].2;
            osv.entry(manifest).or_default().push(json!({"package": {"name": name, "version": version, "ecosystem": "npm"},
                "vulnerabilities": [{"id": ids[0], "aliases": ids[1..], "summary": "x", "database_specific": {"severity": word}}]}));
        }
        let results: Vec<Value> = osv
            .iter()
            .map(|(path, packages)| json!({"source": {"path": path, "type": "lockfile"}, "packages": packages}))
            .collect();
        fs::write(dir.join("osv.json"), json!({"results": results}).to_string()).unwrap();
    }
}

/// As CodeQL does it: the next hundred characters that are no white space.
fn line_hash(lines: &[Line]) -> String {
    let text: String =
        lines.iter().flat_map(|line| line.text.chars()).filter(|c| !c.is_whitespace()).take(100).collect();
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}")
}
