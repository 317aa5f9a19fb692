//! What the targets do with any text: `Ok` or `Err`, never a panic. The mutation tests do the same.

use std::io;
use std::path::Path;

use findsync::ci::Ci;
use findsync::config::{Config, Given, TemplatePart};
use findsync::issue::{Body, Limits, Markup, Stamp, escape};
use findsync::readers::{Definition, read_bytes};
use findsync::redact;

/// Reads any bytes by one reader.
pub fn read(reader: &str, bytes: &[u8]) {
    let _either = read_bytes("fuzz", bytes.to_vec(), Some(reader));
}

/// A scanner definition, and its programs. What is nested deeper than such a text can be is for the worker's limits.
pub fn written_definition(text: &str) {
    if text.len() <= 1024 {
        let _either = Definition::parse("fuzz", text).and_then(|definition| definition.check());
    }
}

/// A template of a title and of a body.
pub fn template(text: &str) {
    for part in [TemplatePart::Title, TemplatePart::Body, TemplatePart::Field("Team")] {
        let _either = findsync::template::check(part, text);
    }
}

/// A mapping file.
pub fn mapping(text: &str) {
    let given = Given {
        env: &|name| (name == "FINDSYNC_TOKEN").then(|| "token-of-the-environment".to_owned()),
        read: &|_: &Path| Err(io::ErrorKind::NotFound.into()),
        template: &findsync::template::check,
        ci: &Ci::default(),
        tokens_needed: true,
    };
    if let Err(error) = Config::parse(text.as_bytes(), ".findsync.yml", given) {
        assert!(!error.to_string().contains("token-of-the-environment"));
    }
}

/// A stamp, and a body that may hold one.
pub fn stamp(text: &str) {
    if let Ok(stamp) = Stamp::decode(text) {
        assert!(Stamp::decode(&stamp.encode(1 << 20)).is_ok(), "what was read cannot be written");
    }
    let body = Body::parse(text);
    let _composed = body.compose(&Limits {
        title: 255,
        body: 65_536,
        comment: 65_536,
        stamp: 30_000,
        stamp_in_body: true,
        conditional_writes: false,
        confidential: false,
        markup: Markup::GitHub,
        concurrency: 1,
    });
}

/// Credentials in a text.
pub fn redaction(text: &str) {
    for care in [redact::Care::Certain, redact::Care::Likely, redact::Care::Strict] {
        let _clean = redact::text(text, care);
    }
    let _page = redact::without_session(text);
    let _error = redact::without_values(&text);
    let _error = redact::only_words_of(&["a program"], &text);
}

/// A report's text in Markdown and HTML.
pub fn escaping(text: &str) {
    assert!(escape::title(text, 255).chars().count() <= 255);
    assert!(!escape::inline(text).contains("<!--"));
    for markdown in [escape::inline(text), escape::code(text), escape::block(text), escape::code_block(text)] {
        for markup in [Markup::GitHub, Markup::GitLab, Markup::Html, Markup::CommonMark] {
            let _body = escape::finish(markup, &markdown);
        }
    }
    let _link = escape::link(text);
}
