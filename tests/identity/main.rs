//! How well findings stay themselves while people work: every edit of a list, over a repository with decided and
//! undecided findings among equal lines, with the program as it is built. The table in docs/identity.md is made here.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a failed unwrap fails the test; the table is printed")]

mod edits;
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use edits::{DECIDED, EDITS, repository};
use serde_json::Value;
use tempfile::TempDir;
use tree::{Id, RATINGS, Report, Tree};

/// Of the findings that were there before, the share that must have kept its issue or decision, in percent.
const RECALL: usize = 99;

/// How findings came through an edit.
#[derive(Default, Clone, Copy)]
struct Tally {
    /// The same finding, the same issue or decision.
    kept: usize,
    /// Another finding's issue or decision.
    wrong: usize,
    /// A new issue for what had one.
    lost: usize,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.kept += other.kept;
        self.wrong += other.wrong;
        self.lost += other.lost;
    }

    fn recall(self) -> f64 {
        percent(self.kept, self.kept + self.wrong + self.lost)
    }

    fn precision(self) -> f64 {
        percent(self.kept, self.kept + self.wrong)
    }

    fn cell(self) -> String {
        let Self { kept, wrong, lost } = self;
        let other = [(lost, "lost"), (wrong, "wrong")].into_iter().filter(|(count, _)| *count > 0);
        std::iter::once(kept.to_string())
            .chain(other.map(|(count, what)| format!("{count} {what}")))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 }
}

/// What a finding is known by after a run: its issue, where it has an open one.
type Issues = BTreeMap<Id, u64>;

/// Runs the program; what it says as JSON.
fn run(dir: &Path, verb: &str) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_findsync"));
    let output = command.args([verb, "--format", "json"]).current_dir(dir).env_clear().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mapping = "reports: [{ path: lint.sarif, target: shop }, { path: gitleaks.sarif, target: shop }, { path: osv.json, target: shop }]\n\
        instances: [{ label: here, type: local, location: issues }]\nmappings: [{ label: m, instance: here }]\n\
        limits: { max_close_percent: 100 }\n";
    fs::write(dir.path().join(".findsync.yml"), mapping).unwrap();
    dir
}

/// Digits that tell findings apart by how they are rated; of base three, as one rating is the one that they have.
const DIGITS: u32 = 3;

/// Which open issue each finding has: planned again with other ratings, what would be changed tells.
fn issues(dir: &Path, tree: &Tree, prints: bool) -> Issues {
    let found: Vec<Id> = tree.findings().iter().map(|found| found.id).collect();
    let mut codes: BTreeMap<u64, usize> = BTreeMap::new();
    for digit in 0..DIGITS {
        let place = |id: Id| found.iter().position(|other| *other == id).unwrap();
        let weight = 3_usize.pow(digit);
        tree.write(dir, prints, &|id| 1 + place(id) / weight % 3);
        for change in run(dir, "plan")["mappings"][0]["changes"].as_array().unwrap() {
            assert_eq!(change["action"], "update", "only ratings are planned to change: {change}");
            let number = change["issue"]["number"].as_u64().unwrap();
            // What people decided is remembered as it is rated now, and stays closed.
            if !is_open(dir, number) {
                continue;
            }
            let rating = RATINGS.iter().position(|(name, ..)| change["severity"] == *name).unwrap();
            *codes.entry(number).or_default() += (rating - 1) * weight;
        }
    }
    tree.write(dir, prints, &|_| 0);
    codes.into_iter().map(|(issue, code)| (found[code], issue)).collect()
}

fn is_open(dir: &Path, number: u64) -> bool {
    let start = format!("{number:04}-");
    let mut files = fs::read_dir(dir.join("issues")).unwrap().map(|entry| entry.unwrap());
    let file = files.find(|file| file.file_name().to_string_lossy().starts_with(&start)).unwrap();
    fs::read_to_string(file.path()).unwrap().contains("\nstate: open\n")
}

/// The repository with its issues, some of which a person has closed.
fn start(prints: bool) -> (TempDir, Tree, Issues) {
    let (dir, tree) = (folder(), repository());
    tree.write(dir.path(), prints, &|_| 0);
    run(dir.path(), "apply");
    let before = issues(dir.path(), &tree, prints);
    assert_eq!(before.len(), tree.findings().len(), "one issue each: {before:?}");
    for id in DECIDED {
        let start = format!("{:04}-", before[id]);
        let mut files = fs::read_dir(dir.path().join("issues")).unwrap().map(|entry| entry.unwrap());
        let path = files.find(|file| file.file_name().to_string_lossy().starts_with(&start)).unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text.replacen("state: open", "state: closed\nclosed_as: not planned", 1)).unwrap();
    }
    run(dir.path(), "apply");
    (dir, tree, before)
}

/// What becomes of the issues when the repository is edited, and scanned twice.
fn findsync(from: &Path, before: &Issues, tree: &Tree, prints: bool) -> Tally {
    let dir = folder();
    fs::create_dir(dir.path().join("issues")).unwrap();
    for entry in fs::read_dir(from.join("issues")).unwrap().map(|entry| entry.unwrap()) {
        if entry.path().is_file() {
            fs::copy(entry.path(), dir.path().join("issues").join(entry.file_name())).unwrap();
        }
    }
    tree.write(dir.path(), prints, &|_| 0);
    run(dir.path(), "apply");
    run(dir.path(), "apply");
    let after = issues(dir.path(), tree, prints);
    let mut tally = Tally::default();
    for Report { id, .. } in tree.findings() {
        let was = before.get(&id);
        match after.get(&id) {
            // Nothing is open for it: right where it was decided.
            None if DECIDED.contains(&id) => tally.kept += 1,
            None => tally.wrong += 1,
            Some(_) if DECIDED.contains(&id) => tally.lost += 1,
            now if now == was => tally.kept += 1,
            Some(issue) if before.values().any(|other| other == issue) => tally.wrong += 1,
            Some(_) => tally.lost += usize::from(was.is_some()),
        }
    }
    tally
}

/// What becomes of them where equal names are the same finding, in the order of the report.
fn by_name(before: &Tree, after: &Tree, name: &dyn Fn(&Report) -> String) -> Tally {
    let mut known: BTreeMap<String, Vec<Id>> = BTreeMap::new();
    let had: Vec<Id> = before.findings().iter().map(|found| found.id).collect();
    for found in before.findings() {
        known.entry(name(&found)).or_default().push(found.id);
    }
    let mut tally = Tally::default();
    for found in after.findings() {
        let same = known.get_mut(&name(&found)).filter(|ids| !ids.is_empty()).map(|ids| ids.remove(0));
        match same {
            Some(id) if id == found.id => tally.kept += 1,
            Some(_) => tally.wrong += 1,
            None => tally.lost += usize::from(had.contains(&found.id)),
        }
    }
    tally
}

#[test]
fn findings_stay_themselves() {
    let rows = std::thread::scope(|scope| {
        let columns = [false, true].map(|prints| {
            scope.spawn(move || {
                let (dir, tree, before) = start(prints);
                let edited = |edit: fn(&mut Tree)| {
                    let mut after = tree.clone();
                    edit(&mut after);
                    after
                };
                EDITS.iter().map(|(_, edit)| findsync(dir.path(), &before, &edited(*edit), prints)).collect::<Vec<_>>()
            })
        });
        let [bare, printed] = columns.map(|column| column.join().unwrap());
        let before = repository();
        let rows = EDITS.iter().zip(bare.into_iter().zip(printed)).map(|((name, edit), (bare, printed))| {
            let mut after = before.clone();
            edit(&mut after);
            let by_line = by_name(&before, &after, &|found| format!("{} {} {}", found.rule, found.path, found.line));
            let by_print = by_name(&before, &after, &|found| format!("{} {}", found.rule, found.fingerprint));
            (*name, [bare, printed, by_line, by_print])
        });
        rows.collect::<Vec<_>>()
    });
    let mut sums = [Tally::default(); 4];
    let mut table = String::from(
        "| edit | findsync | with fingerprints | (rule, path, line) | fingerprint alone |\n|---|---|---|---|---|\n",
    );
    for (name, tallies) in &rows {
        sums.iter_mut().zip(tallies).for_each(|(sum, tally)| sum.add(*tally));
        table += &format!("| {name} | {} |\n", tallies.map(Tally::cell).join(" | "));
    }
    let line = |name: &str, figure: fn(Tally) -> f64| {
        format!("| **{name}** | {} |\n", sums.map(|sum| format!("{:.1} %", figure(sum))).join(" | "))
    };
    table += &(line("precision", Tally::precision) + &line("recall", Tally::recall));
    println!("{table}");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/identity.md");
    let text = fs::read_to_string(&page).unwrap();
    let (head, rest) = text.split_once("<!-- table -->\n").unwrap();
    let (old, tail) = rest.split_once("<!-- end -->").unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&page, format!("{head}<!-- table -->\n{table}<!-- end -->{tail}")).unwrap();
    } else {
        assert_eq!(old, table, "docs/identity.md has another table: run this test with UPDATE_DOCS=1");
    }
    let [own, printed, _, print] = sums;
    assert_eq!(own.wrong, 0, "no finding has another one's issue or decision");
    assert!(own.kept * 100 >= RECALL * (own.kept + own.lost), "recall is below {RECALL} %");
    // A scanner's fingerprint is believed, also where it is wrong: a hash of what follows changes hands with what follows.
    assert!(printed.wrong < print.wrong && printed.lost < print.lost, "fingerprints alone do better");
}
