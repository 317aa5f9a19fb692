//! What people do to a repository between two scans. Marks of 100 and above are weaknesses that were not there before.

use super::tree::{Id, Line, Package, Tree};

/// Findings that a person has closed as "not planned", among them one of three equal lines, and one of two manifests.
pub(crate) const DECIDED: &[Id] = &[3, 7, 9, 12];

pub(crate) fn repository() -> Tree {
    let mut tree = Tree { wording: "is used here", ..Tree::default() };
    tree.file(
        "app/views.py",
        r#"
import os

def show(request):
    name = request.args["name"]
    query = "select * from users where name = '" + name + "'"  #!1:sql
    return db.execute(query)

def edit(request):
    data = request.data
    eval(data)  #!2:eval
    return ok()

def drop(request):
    data = request.form
    eval(data)  #!3:eval
    log("dropped")

def run(command):
    data = command.text
    eval(data)  #!4:eval
    subprocess.call(command.text, shell=True)  #!5:shell
"#,
    );
    tree.file(
        "app/util.py",
        r#"
def load(path):
    with open(path) as file:
        return yaml.load(file)  #!6:yaml

def digest(text):
    return hashlib.md5(text)  #!7:md5
"#,
    );
    tree.file(
        "config/settings.py",
        r#"
DEBUG = True
AWS_KEY = "AKIAQ3EGRIUJ6FZN2XWB"  #!8:aws-key
BACKUP_KEY = "AKIAX5TLPQZM7HDK4VYC"  #!9:aws-key
"#,
    );
    let package =
        |id, ids: &[&'static str], name, manifest| Package { id, ids: ids.to_vec(), name, version: "1.0.0", manifest };
    tree.packages = vec![
        package(10, &["CVE-2026-1001", "GHSA-aaaa-bbbb-cccc"], "lodash", "web/package-lock.json"),
        package(11, &["GHSA-dddd-eeee-ffff"], "minimist", "web/package-lock.json"),
        package(12, &["CVE-2026-1001", "GHSA-aaaa-bbbb-cccc"], "lodash", "api/package-lock.json"),
    ];
    tree
}

/// One edit: its name in the table, and what it does.
pub(crate) type Edit = (&'static str, fn(&mut Tree));

pub(crate) const EDITS: &[Edit] = &[
    ("nothing", |_| {}),
    ("lines inserted above", insert_above),
    ("reformatted: indentation, quotes, empty lines", reformat),
    ("a file renamed", |tree| rename(tree, "app/views.py", "app/pages.py")),
    ("a folder renamed", rename_folder),
    ("a file renamed and lines inserted", |tree| {
        insert_above(tree);
        rename(tree, "app/views.py", "app/pages.py");
    }),
    ("a function moved within its file", |tree| {
        let function = tree.take("app/views.py", "show");
        tree.lines("app/views.py").extend(function);
    }),
    ("a function moved to another file", |tree| {
        let function = tree.take("app/views.py", "show");
        tree.lines("app/util.py").extend(function);
    }),
    ("functions with equal lines swapped", |tree| {
        let function = tree.take("app/views.py", "edit");
        tree.lines("app/views.py").extend(function);
    }),
    ("functions renamed", |tree| {
        for name in ["show", "edit", "drop", "run", "load"] {
            let (old, new) = (format!("def {name}("), format!("def {name}_all("));
            tree.files.values_mut().flatten().for_each(|line| line.text = line.text.replace(&old, &new));
        }
    }),
    ("the lines around edited", edit_around),
    ("the lines themselves edited a little", |tree| {
        tree.edit(1, |line| line.replace("name + ", "user_name + "));
        tree.edit(5, |line| line.replace("shell=True", "shell=True, check=True"));
        tree.edit(6, |line| line.replace("yaml.load(file)", "yaml.load(file, Loader)"));
    }),
    ("a decided line edited a little", |tree| tree.edit(7, |line| line.replace("(text)", "(text.encode())"))),
    ("a file renamed, the lines themselves edited a little", |tree| {
        tree.edit(1, |line| line.replace("name + ", "user_name + "));
        tree.edit(5, |line| line.replace("shell=True", "shell=True, check=True"));
        rename(tree, "app/views.py", "app/pages.py");
    }),
    ("a file copied", |tree| tree.copy("app/views.py", "app/copy.py")),
    ("a file with a decided line copied", |tree| tree.copy("app/util.py", "app/copy.py")),
    ("an equal line added above", |tree| {
        tree.lines("app/views.py")
            .splice(2..2, ["def first(data):", "    eval(data)  #!100:eval", ""].map(Line::parse));
    }),
    ("an equal line added between", |tree| {
        let at = tree.lines("app/views.py").iter().position(|line| line.text.starts_with("def drop")).unwrap();
        let added = ["def middle(data):", "    eval(data)  #!100:eval", ""].map(Line::parse);
        tree.lines("app/views.py").splice(at..at, added);
    }),
    ("the first of equal lines fixed", |tree| tree.fix(2, "    json.loads(data)")),
    ("the decided one of equal lines fixed", |tree| tree.fix(3, "    json.loads(data)")),
    ("the last of equal lines fixed, lines inserted", |tree| {
        tree.fix(4, "    json.loads(data)");
        insert_above(tree);
    }),
    ("one fixed, another made elsewhere", |tree| {
        tree.fix(6, "        return yaml.safe_load(file)");
        tree.lines("app/views.py")
            .extend(["", "def read(stream):", "    return yaml.load(stream)  #!100:yaml"].map(Line::parse));
    }),
    ("a decided one fixed, another made elsewhere", |tree| {
        tree.fix(7, "    return hashlib.sha256(text)");
        tree.lines("app/views.py")
            .extend(["", "def sign(text):", "    return hashlib.md5(text)  #!100:md5"].map(Line::parse));
    }),
    ("a secret changed in place", |tree| change_secret(tree, 8)),
    ("a decided secret changed in place", |tree| change_secret(tree, 9)),
    ("the secrets' file renamed", |tree| rename(tree, "config/settings.py", "config/production.py")),
    ("a dependency moved to another manifest", |tree| tree.packages[1].manifest = "shop/package-lock.json"),
    ("a decided dependency moved to another manifest", |tree| tree.packages[2].manifest = "server/package-lock.json"),
    ("dependencies updated, still vulnerable", |tree| {
        tree.packages.iter_mut().for_each(|package| package.version = "1.0.1")
    }),
    ("an alias learnt", |tree| tree.packages[1].ids = vec!["CVE-2026-1002", "GHSA-dddd-eeee-ffff"]),
    ("an alias unlearnt", |tree| tree.packages[0].ids = vec!["GHSA-aaaa-bbbb-cccc"]),
    ("a decided alias unlearnt", |tree| tree.packages[2].ids = vec!["GHSA-aaaa-bbbb-cccc"]),
    ("the reports in another order", |tree| tree.is_reversed = true),
    ("messages reworded", |tree| tree.wording = "should not be used"),
    ("a folder renamed, lines inserted and edited", |tree| {
        insert_above(tree);
        edit_around(tree);
        rename_folder(tree);
    }),
];

fn reformat(tree: &mut Tree) {
    for lines in tree.files.values_mut() {
        lines.iter_mut().for_each(|line| line.text = line.text.replace("    ", "\t").replace('"', "'"));
        let heads: Vec<usize> = (0..lines.len()).filter(|index| lines[*index].text.starts_with("def ")).collect();
        heads.into_iter().rev().for_each(|head| lines.insert(head, Line::parse("")));
    }
}

fn insert_above(tree: &mut Tree) {
    for (_, lines) in tree.files.iter_mut().filter(|(path, _)| path.ends_with(".py")) {
        lines.splice(0..0, ["# Copyright Acme", "import sys", ""].map(Line::parse));
    }
}

fn edit_around(tree: &mut Tree) {
    for lines in tree.files.values_mut() {
        for index in 0..lines.len() {
            let is_near = lines.get(index + 1).is_some_and(|next| next.mark.is_some());
            let is_free = lines[index].mark.is_none() && !lines[index].text.starts_with("def ");
            if is_near && is_free && !lines[index].text.is_empty() {
                lines[index].text.push_str("  # checked");
            }
        }
    }
}

fn rename(tree: &mut Tree, from: &str, to: &str) {
    let lines = tree.files.remove(from).unwrap();
    tree.files.insert(to.to_owned(), lines);
}

fn rename_folder(tree: &mut Tree) {
    rename(tree, "app/views.py", "src/core/views.py");
    rename(tree, "app/util.py", "src/core/util.py");
}

/// Another secret is another finding: the one before was given up, and the new one must be looked at.
fn change_secret(tree: &mut Tree, id: Id) {
    tree.edit(id, |line| line.replace("AKIA", "AKIB"));
    let mut all = tree.files.values_mut().flatten();
    let mark = all.find_map(|line| line.mark.as_mut().filter(|(mark, _)| *mark == id)).unwrap();
    mark.0 = 100;
}
