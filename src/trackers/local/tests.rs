#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use super::*;
use crate::issue::Comment;

const TEXT: &str = "---\nnumber: 7\ntitle: \"a: b\"\nstate: open # mine\nlabels:\n  - findsync\n  - x\nowner: me\n---\n\nbody\n\nmore\n";

#[test]
fn touches_only_the_lines_that_change() {
    let mut file = File::parse(TEXT).unwrap();
    assert_eq!(file.text_whole(), TEXT);
    assert_eq!(
        (file.text("title").as_deref(), file.labels()),
        (Some("a: b"), vec!["findsync".to_owned(), "x".to_owned()])
    );
    file.set("owner", Some("you"));
    file.set_labels(&["x".to_owned()]);
    let expected = TEXT.replace("owner: me", "owner: you").replace("labels:\n  - findsync\n  - x", "labels: [x]");
    assert_eq!(file.text_whole(), expected);
}

#[test]
fn values_read_back_as_written() {
    let mut file = File::new(1, "x", NaiveDate::MIN);
    for nasty in [
        "yes",
        "12",
        "- a",
        "a: b",
        "\"q\"",
        "line\nline",
        "#x",
        "---",
        "{a}",
        "Ünï",
        "1.0",
        "~",
        "2026-01-01",
        "a #b",
        " x",
    ] {
        file.set("k", Some(nasty));
        let again = File::parse(&file.text_whole()).unwrap();
        assert_eq!(again.text("k").as_deref(), Some(nasty));
    }
    file.set("k", None);
    assert!(!file.text_whole().contains("k:"));
}

#[test]
fn comments_stand_below_the_body_and_keep_their_markers() {
    let mut file = File::parse(TEXT).unwrap();
    let comment = Comment { marker: "close-1".to_owned(), text: "gone".to_owned() };
    file.add_comment(NaiveDate::MIN, &comment);
    file.set_body("new body");
    let again = File::parse(&file.text_whole()).unwrap();
    assert_eq!((again.body().as_str(), again.comment_markers()), ("new body", vec!["close-1".to_owned()]));
}

#[test]
fn broken_files_are_errors() {
    for text in ["", "no front matter", "---\nnumber: 1\n", "---\n- a\n---\n", "---\na: [\n---\n"] {
        assert!(File::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn names_are_made_from_titles() {
    assert_eq!(slug("CVE-2021-1: lodash / ../../etc"), "cve-2021-1-lodash-etc");
    assert_eq!(slug("日本"), "issue");
    assert_eq!(number_of("0012-x.md"), Some(12));
    assert_eq!((number_of("12-x.md"), number_of("0012-x.txt"), number_of("README.md")), (None, None, None));
}
