//! The same weakness keeps its issue while code is edited, moved and renamed, and another one never gets it.
//!
//! Each case is a folder before and after. A line that ends in `@name` is a weakness of that name; the mark itself is not
//! written. The scanner of these tests reports path and line only, as poor scanners do: the rest is findsync's to find.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

type Files<'a> = &'a [(&'a str, &'a str)];

/// Weaknesses by path and line, with their names.
type Places = BTreeMap<(String, u32), String>;

struct World {
    folder: tempfile::TempDir,
    issues: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), issues: tempfile::tempdir().unwrap() }
    }

    /// Writes the files, scans and applies; the open issue of each weakness.
    fn run(&self, files: Files<'_>) -> BTreeMap<String, u64> {
        let places = self.check_out(files);
        for idle in [false, true] {
            let said = self.apply(&places, self.issues.path());
            assert!(!idle || said.contains("Nothing to do"), "the second run did something: {said}");
        }
        let open = open(self.issues.path());
        assert_eq!(open.len(), places.len(), "one issue a weakness");
        places.iter().map(|(place, name)| (name.clone(), self.issue_at(place, &places, &open))).collect()
    }

    /// The issue of a weakness: the one that closes where it alone is fixed.
    fn issue_at(&self, place: &(String, u32), places: &Places, open: &BTreeSet<u64>) -> u64 {
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(self.issues.path()).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
        let rest: Places =
            places.iter().filter(|(other, _)| *other != place).map(|(k, v)| (k.clone(), v.clone())).collect();
        self.apply(&rest, copy.path());
        let closed: Vec<u64> = open.difference(&self::open(copy.path())).copied().collect();
        assert_eq!(closed.len(), 1, "{place:?} is fixed, and these are closed: {closed:?}");
        closed[0]
    }

    fn apply(&self, places: &Places, issues: &Path) -> String {
        let results: Vec<_> = places
            .keys()
            .map(|(path, line)| {
                let place = json!({"artifactLocation": {"uri": path}, "region": {"startLine": line}});
                json!({"ruleId": "eval", "message": {"text": "eval"}, "locations": [{"physicalLocation": place}]})
            })
            .collect();
        let run = json!({"tool": {"driver": {"name": "Marks"}}, "results": results});
        let report = self.folder.path().join("report.sarif");
        fs::write(&report, json!({"version": "2.1.0", "runs": [run]}).to_string()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_findsync"))
            .args(["apply", "report.sarif", "--to"])
            .arg(issues)
            .current_dir(self.folder.path())
            .env_clear()
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    fn check_out(&self, files: Files<'_>) -> Places {
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
        let mut places = Places::new();
        for (path, text) in files {
            let mut written = String::new();
            for (line, number) in text.lines().zip(1..) {
                let (code, mark) = line.rsplit_once('@').unwrap_or((line, ""));
                if !mark.is_empty() {
                    places.insert(((*path).to_owned(), number), mark.to_owned());
                }
                written += code.trim_end();
                written.push('\n');
            }
            let file = self.folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, written).unwrap();
        }
        places
    }
}

/// The numbers of the open issues in a folder.
fn open(folder: &Path) -> BTreeSet<u64> {
    let number = |path: &Path| {
        let number = path.file_name()?.to_str()?.get(..4)?.parse().ok()?;
        fs::read_to_string(path).ok()?.contains("\nstate: open\n").then_some(number)
    };
    fs::read_dir(folder).unwrap().filter_map(|entry| number(&entry.unwrap().path())).collect()
}

/// Weaknesses of one name keep their issue; what has a new name has a new one.
fn follow(case: &str, versions: &[Files<'_>]) {
    let world = World::new();
    let mut before = world.run(versions[0]);
    let mut ever: BTreeSet<u64> = before.values().copied().collect();
    for files in &versions[1..] {
        let after = world.run(files);
        for (name, number) in &after {
            match before.get(name) {
                Some(was) => assert_eq!(number, was, "{case}: `{name}` lost its issue"),
                None => assert!(!ever.contains(number), "{case}: `{name}` is new and got #{number} of another one"),
            }
        }
        ever.extend(after.values());
        before = after;
    }
}

const SHOP: &str = "import db\n\ndef find(name):\n    sql = build(name)\n    return eval(sql) @find\n\n\
                    def load(path):\n    with open(path) as f:\n        return eval(f.read()) @load\n";

#[test]
fn lines_move_and_are_laid_out_anew() {
    follow("lines above", &[&[("a.py", SHOP)], &[("a.py", &format!("{}{SHOP}", "# a word\n".repeat(40)))]]);
    follow("indented", &[&[("a.py", SHOP)], &[("a.py", &SHOP.replace("    ", "\t"))]]);
    follow(
        "neighbours",
        &[
            &[("a.py", SHOP)],
            &[("a.py", &SHOP.replace("sql = build(name)", "q = 1").replace("with open(path) as f", "if f:=path"))],
        ],
    );
    follow(
        "formatted",
        &[&[("a.py", "x = 1\ny = eval( 'a',b ) @a\n")], &[("a.py", "x = 1\n\n\ny = eval(\"a\", b) @a\n")]],
    );
}

#[test]
fn lines_change_a_little() {
    follow("variable renamed", &[&[("a.py", SHOP)], &[("a.py", &SHOP.replace("sql", "statement"))]]);
    follow(
        "all at once",
        &[
            &[("a.py", SHOP)],
            &[("a.py", &format!("{}{}", "# word\n".repeat(30), SHOP.replace("eval(sql)", "eval(sql, {})")))],
        ],
    );
    follow(
        "fixed here, new there",
        &[
            &[("a.py", &format!("def a():\n    return eval(first) @a\n{}", "# word\n".repeat(30)))],
            &[("a.py", &format!("def a():\n    return 1\n{}    call(eval, other, thing) @b\n", "# word\n".repeat(30)))],
        ],
    );
}

#[test]
fn blocks_are_known_by_their_head() {
    let role = |name: &str, more: &str| format!("role {name} eval {{ @{name}\n{more}}}\n\n");
    let (few, many) = ("  a = 1\n", "  a = 2\n  tags = [x, y, z]\n  owner = me\n  since = then\n");
    let all = |more: &str| ["a", "b", "c"].map(|name| role(name, more)).concat();
    follow("all grew", &[&[("a.tf", &all(few))], &[("a.tf", &all(many))]]);
}

#[test]
fn files_are_renamed_and_code_moves() {
    follow("file renamed", &[&[("a.py", SHOP)], &[("b.py", SHOP)]]);
    let other = SHOP.replace("sql", "statement").replace("f.read()", "f.readline()").replace('@', "@b-");
    follow(
        "folder moved",
        &[&[("shop/a.py", SHOP), ("shop/b.py", &other)], &[("src/shop/a.py", SHOP), ("src/shop/b.py", &other)]],
    );
    let (load, find) = (SHOP.find("def load").unwrap(), SHOP.find("def find").unwrap());
    let moved = format!("import x\n\n{}", &SHOP[load..]);
    follow("function moved", &[&[("a.py", SHOP)], &[("a.py", &SHOP[..load]), ("io.py", &moved)]]);
    let turned = format!("{}{}\n{}", &SHOP[..find], &SHOP[load..], &SHOP[find..load]);
    follow("functions swapped", &[&[("a.py", SHOP)], &[("a.py", &turned)]]);
    follow(
        "renamed and changed",
        &[
            &[("a.py", SHOP)],
            &[("b.py", &SHOP.replace("eval(sql)", "eval(sql, {})").replace("import db", "import db\nimport os"))],
        ],
    );
}

#[test]
fn equal_findings_are_told_apart_by_place() {
    let block = |name: &str| format!("def {name}():\n    x = get()\n    eval(x) @{name}\n    done()\n\n");
    let all = |names: &[&str]| names.iter().map(|name| block(name)).collect::<String>();
    let three = all(&["a", "b", "c"]);
    for rest in [&["b", "c"][..], &["a", "c"], &["a", "b"], &["b"], &["c"]] {
        follow(&format!("only {rest:?} left"), &[&[("a.py", &three)], &[("a.py", &all(rest))]]);
    }
    follow("one came first", &[&[("a.py", &all(&["b", "c"]))], &[("a.py", &three)]]);
    follow("one came between", &[&[("a.py", &all(&["a", "c"]))], &[("a.py", &three)]]);
    follow("one came last", &[&[("a.py", &all(&["a", "b"]))], &[("a.py", &three)], &[("a.py", &all(&["b", "c"]))]]);
    follow("all renamed", &[&[("a.py", &three)], &[("b.py", &three)]]);
}
