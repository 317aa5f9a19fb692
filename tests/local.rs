//! The local tracker keeps the contract; people edit its files as they like.
#![expect(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a failed unwrap fails the test; modules are shared by test crates"
)]

mod contract;
#[path = "local/several.rs"]
mod several;

use std::fs;
use std::path::PathBuf;

use async_trait::async_trait;
use contract::{Act, Seen, World};
use findsync::config::{Config, Mapping};
use findsync::trackers::{Track, local::Local};

/// A folder, edited as a person would: with a text editor.
struct Folder(tempfile::TempDir);

async fn fresh() -> Folder {
    Folder(tempfile::tempdir().unwrap())
}

impl Folder {
    fn files(&self) -> Vec<(u64, PathBuf)> {
        let mut files: Vec<_> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter_map(|path| Some((path.file_name()?.to_str()?.get(..4)?.parse().ok()?, path)))
            .collect();
        files.sort();
        files
    }

    fn edit(&self, number: u64, change: impl Fn(&str) -> String) {
        let (_, path) = self.files().into_iter().find(|(n, _)| *n == number).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let changed = change(&text);
        assert_ne!(text, changed, "the person's edit changed nothing in {text}");
        fs::write(path, changed).unwrap();
    }
}

fn line<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(&format!("{key}: "))).map(|value| value.trim_matches('"'))
}

fn set(text: &str, key: &str, value: &str) -> String {
    let old = text.lines().find(|line| line.starts_with(&format!("{key}: "))).unwrap();
    text.replacen(old, &format!("{key}: {value}"), 1)
}

#[async_trait]
impl World for Folder {
    fn mapping(&self) -> Mapping {
        Config::local(&self.0.path().display().to_string()).mappings.remove(0)
    }

    fn connect(&self, mapping: &Mapping) -> Box<dyn Track> {
        Box::new(Local::new(self.0.path().to_owned(), mapping, chrono::NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()))
    }

    async fn person(&self, act: Act) {
        match act {
            Act::Close(n) => self.edit(n, |text| set(text, "state", "closed")),
            Act::CloseByBot(n) => self.edit(n, |text| set(text, "state", "closed\nclosed_by: bot")),
            Act::CloseAsDuplicate(n) => self.edit(n, |text| set(text, "state", "closed\nclosed_as: duplicate")),
            Act::Damage(n) => self.edit(n, |text| text.replace("<!-- findsync:end ", "<!-- findsync:end x")),
            Act::Refuse(n) => self.edit(n, |text| set(text, "state", "closed\nclosed_as: not planned")),
            Act::Reopen(n) => self.edit(n, |text| set(text, "state", "open")),
            Act::Label(n, label) => self.edit(n, |text| text.replacen("labels: [", &format!("labels: [{label}, "), 1)),
            Act::Unlabel(n, label) => self.edit(n, |text| {
                let old = text.lines().find(|line| line.starts_with("labels: ")).unwrap();
                let list =
                    old.trim_start_matches("labels: [").trim_end_matches(']').split(", ").filter(|l| *l != label);
                text.replacen(old, &format!("labels: [{}]", list.collect::<Vec<_>>().join(", ")), 1)
            }),
            Act::Retitle(n, title) => self.edit(n, |text| set(text, "title", &format!("'{title}'"))),
            Act::Append(n, words) => self.edit(n, |text| match text.split_once("<!-- findsync:comments -->") {
                Some((body, rest)) => format!("{body}{words}\n\n<!-- findsync:comments -->{rest}"),
                None => format!("{text}\n{words}\n"),
            }),
            Act::Severity(n, word) => self.edit(n, |text| {
                let mapping = self.mapping();
                set(text, &mapping.severity.field, mapping.severity.value(word.parse().unwrap()))
            }),
            Act::Twin(n) => {
                let (_, path) = self.files().into_iter().find(|(number, _)| *number == n).unwrap();
                let next = self.files().last().unwrap().0 + 1;
                fs::copy(path, self.0.path().join(format!("{next:04}-twin.md"))).unwrap();
            }
            Act::Other(title) => {
                let next = self.files().last().map_or(0, |(n, _)| *n) + 1;
                let text = format!("---\ntitle: '{title}'\nstate: open\nlabels: []\n---\n\nMine.\n");
                fs::write(self.0.path().join(format!("{next:04}-other.md")), text).unwrap();
            }
            Act::Delete(n) => {
                let (_, path) = self.files().into_iter().find(|(number, _)| *number == n).unwrap();
                fs::remove_file(path).unwrap();
            }
        }
    }

    async fn look(&self) -> Vec<Seen> {
        let severity = self.mapping().severity.field;
        let seen = |(number, path): (u64, PathBuf)| {
            let text = fs::read_to_string(path).unwrap();
            let (body, comments) = text.split_once("<!-- findsync:comments -->").unwrap_or((&text, ""));
            let labels = line(&text, "labels").unwrap_or_default().trim_matches(['[', ']']);
            Seen {
                number,
                title: line(&text, "title").unwrap().trim_matches('\'').to_owned(),
                body: body.to_owned(),
                open: line(&text, "state") == Some("open"),
                labels: labels.split(", ").filter(|l| !l.is_empty()).map(|l| l.trim_matches('"').to_owned()).collect(),
                severity: line(&text, &severity).map(str::to_owned),
                comments: comments.split("\n---\n").skip(1).map(str::to_owned).collect(),
            }
        };
        self.files().into_iter().map(seen).collect()
    }
}

contract_suite!(fresh);

#[tokio::test]
async fn a_run_that_changes_nothing_touches_no_file() {
    let world = fresh().await;
    let bench = contract::Bench::new(&world);
    let scans =
        [contract::scan("Trivy", vec![contract::dependency("CVE-2026-0001", findsync::finding::Severity::High)])];
    bench.sync(&scans).await;
    let times = |world: &Folder| -> Vec<_> {
        world.files().into_iter().map(|(_, path)| fs::metadata(path).unwrap().modified().unwrap()).collect()
    };
    let before = times(&world);
    bench.sync(&scans).await;
    assert_eq!(before, times(&world));
}

#[tokio::test]
async fn a_status_that_a_person_wrote_is_a_decision_until_they_take_it_back() {
    let world = fresh().await;
    let bench = contract::Bench::new(&world);
    let scans =
        [contract::scan("Trivy", vec![contract::dependency("CVE-2026-0001", findsync::finding::Severity::High)])];
    bench.sync(&scans).await;
    world.edit(1, |text| set(text, "status", "False Positive"));
    bench.sync(&scans).await;
    assert!(!bench.only().await.open);
    bench.sync(&scans).await;
    assert!(!bench.only().await.open, "the decision stands");
    world.edit(1, |text| set(text, "status", "Active"));
    bench.sync(&scans).await;
    assert!(bench.only().await.open);
}
