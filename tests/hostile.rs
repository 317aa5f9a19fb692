//! Hostile reports: whatever stands in them, an issue shows it as text and triggers nothing.
//!
//! The rendered Markdown is looked at as a service would look at it: text outside of code and links must hold nothing
//! that becomes a mention, a reference, an autolink or a command.
#![expect(clippy::unwrap_used, reason = "a test fails where something is missing")]

use findsync::ci::{CodeLinks, Service};
use findsync::finding::{Component, Cvss, Finding, Fix, Key, Kind, Location, Scope, Severity, Status, digest};
use findsync::issue::{Body, Limits, Markup, escape};
use findsync::template::{Rendered, Sources, Style, Templates};
use findsync::triage::{Item, Ticket};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Texts that did something somewhere.
const NASTY: &[&str] = &[
    "@team",
    "@all",
    "＠team",
    "&commat;team",
    "&#64;team",
    "\\@team",
    "@\u{200d}team",
    "`@team`",
    "#1",
    "&#35;1",
    "acme/shop#1",
    "GH-1",
    "Fixes #1",
    "closes acme/shop#12",
    "Resolves https://github.com/acme/shop/issues/1",
    "!1",
    "&1",
    "~bug",
    "~\"a b\"",
    "%v1",
    "$1",
    "[vulnerability:1]",
    "[[wiki]]",
    "^alert#1",
    "*iteration:1",
    "deadbeefcafe",
    "0123456789abcdef0123456789abcdef01234567",
    "acme/shop@deadbeef",
    "https://github.com/acme/shop/pull/7",
    "www.evil.example",
    "http://evil.example/@team",
    "a@evil.example",
    "mailto:a@evil.example",
    "[click](https://evil.example)",
    "![x](https://evil.example/p.png)",
    "[a]: https://evil.example\n\n[a]",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<!-- findsync:begin -->",
    "<!-- findsync:end AAAA -->",
    "<!-- findsync:comment close-1 -->",
    "-->",
    "<details><summary>",
    "</details>",
    "/close",
    "\n/close",
    "\n/assign @me",
    "\r/close",
    "\u{2028}/close",
    "> quote",
    "# Title",
    "\n---\n",
    "| a | b |\n|---|---|",
    "a|b",
    "```\nescaped",
    "~~~",
    "`",
    "``",
    "\n    code",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}]8;;http://evil\u{7}x\u{1b}]8;;\u{7}",
    "\u{202e}gnp.exe",
    "\u{e0041}",
    "\0",
    "::set-output name=x::y",
    "::error::x",
    "##vso[task.setvariable variable=x]y",
    "##[section]x",
    ":tada:",
    "$$x$$",
    "$`x`$",
    "&lt;b&gt;",
    "\\",
    "*",
    "_",
    "1. ",
    "- [ ] ",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "text",
    " ",
    "\n",
    "é",
    "中",
];

fn limits(markup: Markup) -> Limits {
    Limits {
        title: 255,
        body: 65_536,
        comment: 65_536,
        stamp: 20_000,
        stamp_in_body: true,
        conditional_writes: false,
        confidential: false,
        markup,
        concurrency: 1,
    }
}

/// A ticket in which every text is the same.
fn ticket(text: &str, kind: Kind) -> Ticket {
    let all = || Some(text.to_owned());
    let location = Location {
        path: all(),
        start_line: Some(1),
        end_line: None,
        url: all(),
        method: all(),
        parameter: all(),
        resource: all(),
        image: None,
    };
    let finding = Finding {
        title: text.to_owned(),
        severity: Severity::High,
        kind,
        rule: all(),
        identifiers: vec![text.to_owned()],
        locations: vec![location.clone()],
        location,
        component: Some(Component { purl: all(), name: text.to_owned(), version: all() }),
        fix: Some(Fix { version: all(), text: all() }),
        cvss: vec![Cvss { vector: all(), score: Some(1.0) }],
        references: vec![text.to_owned()],
        description: all(),
        first_seen: all(),
        tags: vec![text.to_owned()],
        ..Finding::default()
    };
    let key = Key { version: 1, kind: Some(kind), digest: digest([("text", text)]) };
    let item = Item {
        elsewhere: None,
        finding,
        key,
        uid: None,
        owner: None,
        scopes: vec![Scope { scanner: text.to_owned(), target: text.to_owned(), ..Scope::default() }],
        versions: vec![text.to_owned()],
        status: Status::RiskAccepted,
        headline: None,
    };
    Ticket {
        key,
        group: None,
        attribution: item.scopes.iter().map(|scope| (scope.clone(), "")).collect(),
        items: vec![item],
        status: Status::RiskAccepted,
        reason: all(),
        severity: Severity::High,
    }
}

fn render(text: &str, kind: Kind, markup: Markup) -> Rendered {
    let links =
        CodeLinks { service: Service::GitHub, repository: "https://github.com/acme/shop".into(), commit: "0".into() };
    let style = Style { limits: limits(markup), links: Some(links), public_minimal: false };
    Templates::new(&Sources::default()).unwrap().render(&ticket(text, kind), &style).unwrap()
}

/// Why a text outside of code and links would do something, where it would.
fn triggers(text: &str) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or(' ');
    let lower = text.to_lowercase();
    if ["://", "www.", "gh-1", "mailto:x"].iter().any(|bad| lower.contains(bad)) {
        return Some(format!("an address or reference in {text:?}"));
    }
    for (i, &c) in chars.iter().enumerate() {
        let bad = match c {
            '@' | '＠' | '#' => at(i + 1).is_alphanumeric(),
            '!' | '&' | '$' | '^' => at(i + 1).is_ascii_digit(),
            '~' | '%' => at(i + 1).is_alphanumeric() || at(i + 1) == '"',
            '[' => at(i + 1) == '[' || chars[i + 1..].starts_with(&['v', 'u', 'l', 'n']),
            c if c.is_control() => !matches!(c, '\n' | '\t'),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}' => true,
            _ => false,
        };
        if bad {
            return Some(format!("{c:?} in {text:?}"));
        }
    }
    // Commits' ids have 7 to 40 digits, or 64 in repositories with SHA-256.
    text.split(|c: char| !c.is_alphanumeric())
        .find(|word| (7..=64).contains(&word.len()) && word.chars().all(|c| c.is_ascii_hexdigit()))
        .map(|word| format!("a commit {word:?}"))
}

/// Asserts that a body shows text and does nothing.
fn assert_inert(markdown: &str) {
    assert!(!markdown.contains("<!--"), "an HTML comment in {markdown:?}");
    let mut code = 0;
    let mut links = Vec::new();
    let mut run = String::new();
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_GFM;
    for event in Parser::new_ext(markdown, options | Options::ENABLE_FOOTNOTES) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code += 1,
            Event::End(TagEnd::CodeBlock) => code -= 1,
            Event::Start(Tag::Link { dest_url, .. }) => {
                let ours = dest_url.starts_with("https://github.com/acme/shop/blob/0/");
                assert!(ours || !dest_url.contains("evil") || !dest_url.contains('@'), "a link to {dest_url}");
                assert!(
                    !dest_url.contains("/issues/") && !dest_url.contains("/pull/") || ours,
                    "a reference {dest_url}"
                );
                links.push(dest_url);
            }
            Event::End(TagEnd::Link) => drop(links.pop()),
            Event::Start(Tag::Image { dest_url, .. }) => panic!("an image {dest_url} in {markdown:?}"),
            Event::Html(html) | Event::InlineHtml(html) => panic!("HTML {html:?} in {markdown:?}"),
            Event::Start(tag @ (Tag::Table(_) | Tag::Heading { .. } | Tag::BlockQuote(_) | Tag::Strikethrough)) => {
                panic!("{tag:?} in {markdown:?}")
            }
            Event::Rule | Event::TaskListMarker(_) | Event::FootnoteReference(_) => panic!("{event:?} in {markdown:?}"),
            Event::Text(text) if code == 0 && links.is_empty() => run.push_str(&text),
            _ => {
                assert_eq!(triggers(&run), None, "in {markdown}");
                run.clear();
            }
        }
    }
    assert_eq!(triggers(&run), None, "in {markdown}");
    // GitLab looks for quick actions in the source, line by line, outside of code blocks.
    let mut fenced = false;
    for line in markdown.lines() {
        fenced ^= line.starts_with("```");
        assert!(fenced || !line.trim_start().starts_with('/'), "a quick action {line:?}");
    }
    assert!(!fenced, "an open code block in {markdown:?}");
}

fn assert_safe(text: &str) {
    for kind in [Kind::Code, Kind::Dependency, Kind::Dynamic, Kind::Secret] {
        let told = render(text, kind, Markup::GitLab);
        assert_inert(&told.body);
        assert!(!told.title.contains('\n') && told.title.chars().count() <= 255);
        assert_eq!(triggers(&told.title), None, "title {:?}", told.title);
        // Our markers stay ours.
        let body = Body { section: Some(told.body.clone()), stamp: Some("ours".into()), ..Body::default() };
        assert_eq!(Body::parse(&body.compose(&limits(Markup::GitLab))), body);
    }
}

#[test]
fn nasty_texts_are_shown_and_do_nothing() {
    for text in NASTY {
        assert_safe(text);
    }
    let all = NASTY.join(" ");
    assert_safe(&all);
    assert_safe(&NASTY.join("\n"));
}

#[test]
fn html_holds_no_markup_of_a_report() {
    for text in NASTY {
        let told = render(text, Kind::Code, Markup::Html);
        let lower = told.body.to_lowercase();
        for bad in ["<script", "<img", "<!--", "<details", "onerror=alert(1)>"] {
            assert!(!lower.contains(bad), "{bad} in {}", told.body);
        }
    }
}

/// What templates may do with a value so that it comes out in pieces, changed, or otherwise than it was escaped.
const TRICKS: &[&str] = &[
    "{{ V | replace('`', '') }}",
    "{{ V | trim('`') }}",
    "{{ V | split('`') | join }}",
    "{{ V | split(' ') | join('') }}",
    "{{ V[1:] }}",
    "{{ V[:-1] }}",
    "{{ V[:1] }}{{ V[1:] }}",
    "{{ V | first }}{{ V[1:] }}",
    "{{ [V[:1], V[1:]] | join }}",
    "{{ '%s' | format(V) }}",
    "{{ V ~ title }}",
    "{{ V * 2 }}",
    "{{ V | list | join }}",
    "{% for c in V %}{{ c }}{% endfor %}",
    "{% for c in V | list %}{{ c }}{% endfor %}",
    "{% for c in V | list %}{{ c | code }}{% endfor %}",
    "{{ V | reverse }}",
    "{{ V | reverse | reverse }}",
    "{{ V | upper }}",
    "{{ V | lower | title }}",
    "{{ V | urlencode }}",
    "{{ V | indent(4) }}",
    "{{ V | lines | join('\n') }}",
    "{{ V | batch(1) | join }}",
    "{{ V | slice(3) | join }}",
    "{{ V | default('x') }}",
    "{{ V | string }}",
    "{{ V | pprint }}",
    "{{ [V] }}",
    "{{ {'a': V} }}",
    "{{ [V] | join('@') }}",
    "{% set x = V %}{{ x }}",
    "{% set x %}{{ V }}{% endset %}{{ x }}",
    "{% set x %}{{ V }}{% endset %}{{ x | replace('\\\\', '') }}",
    "{% set x %}{{ V }}{% endset %}{{ x | string | list | join }}",
    "{% filter replace('`', '') %}{{ V }}{% endfilter %}",
    "{% filter upper %}{{ V }}{% endfilter %}",
    "{% with x = V %}{{ x }}{% endwith %}",
    "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(V) }}",
    "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(V) | replace('\u{200b}', '') }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ V }}{% endcall %}",
    "{% set n = namespace(x='') %}{% for c in V %}{% set n.x = n.x ~ c %}{% endfor %}{{ n.x }}",
    "{% autoescape false %}{{ V }}{% endautoescape %}",
    "{% autoescape 'none' %}{{ V }}{% endautoescape %}",
    "{% autoescape 'html' %}{{ V }}{% endautoescape %}",
    "{% autoescape 'json' %}{{ V }}{% endautoescape %}",
    "{% if V is startingwith('@') %}{{ V[:1] }}{{ V[1:] }}{% endif %}",
    "{{ V }}@{{ V }}",
    "{{ V }}-{{ V }}",
    "{{ V }}.{{ V }}",
    "{{ V }}:{{ V }}",
    "see @{{ V }}",
    "{{ V | safe }}",
    "{{ V | escape }}",
    "{{ V | tojson }}",
    "{% include 'body' %}",
    "{% include title %}",
    "{% extends title %}",
    "{% import title as t %}{{ t }}",
];

#[test]
fn no_template_makes_a_value_do_anything() {
    let short =
        ["@", "!", "7", "gh", "GH-", "www", "http", "//evil.example", "deadbee", "&", "~", "team", "%", "$", "1"];
    let mut refused = 0;
    for trick in TRICKS {
        for value in ["title", "location.shown", "rule", "component.name"] {
            let body = trick.replace('V', value);
            let Ok(templates) = Templates::new(&Sources { body: Some(&body), ..Sources::default() }) else {
                refused += 1;
                continue;
            };
            let all = NASTY.join(" ");
            for text in NASTY.iter().copied().chain(short).chain([all.as_str()]) {
                for markup in [Markup::GitHub, Markup::GitLab, Markup::CommonMark, Markup::Html] {
                    let style = Style { limits: limits(markup), links: None, public_minimal: false };
                    let Ok(told) = templates.render(&ticket(text, Kind::Dependency), &style) else { continue };
                    let lower = told.body.to_lowercase();
                    let html = ["<script", "<img", "<!--", "<details", "<a href=\"http://evil", "<b>"];
                    match markup {
                        Markup::Html => assert!(!html.iter().any(|bad| lower.contains(bad)), "{body}: {}", told.body),
                        _ => assert_eq!(
                            std::panic::catch_unwind(|| assert_inert(&told.body)).err().map(|_| &body),
                            None,
                            "{text:?}"
                        ),
                    }
                }
            }
        }
    }
    assert!(refused < TRICKS.len(), "{refused} templates were refused");
}

#[test]
fn the_words_can_still_be_read() {
    let readable = |text: &str| text.replace(escape::ZWSP, "");
    let told = render("Fixes #1 by @team in <b>", Kind::Other, Markup::GitHub);
    assert!(readable(&told.title).starts_with("Fixes #1 by @team in <b>"), "{}", told.title);
    let html = escape::finish(Markup::Html, &told.body);
    assert!(readable(&html).contains("Fixes #1 by @team in &lt;b&gt;"), "{html}");
}

#[test]
fn a_line_of_a_megabyte_stays_within_limits() {
    for text in [
        "x".repeat(1 << 20),
        "@a `b` | ".repeat(1 << 17),
        "- ".repeat(1 << 19),
        "> ".repeat(1 << 19),
        "[".repeat(1 << 20),
    ] {
        for markup in [Markup::GitHub, Markup::GitLab, Markup::Html, Markup::CommonMark] {
            let told = render(&text, Kind::Code, markup);
            assert!(told.body.chars().count() <= 32_768, "{}", told.body.len());
            assert!(told.title.chars().count() <= 255);
        }
        let start = std::time::Instant::now();
        assert_safe(&text);
        assert!(start.elapsed().as_secs() < 20, "slow on {:?}", &text[..10]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_nasty_in_any_order_does_anything(parts in prop::collection::vec(prop::sample::select(NASTY), 1..12)) {
        assert_safe(&parts.concat());
    }

    #[test]
    fn no_soup_of_characters_does_anything(text in "[-`~!@#$%^&*()_+=\\[\\]{}|;:'\",.<>/?\\\\ \na1g ]{0,60}") {
        assert_safe(&text);
    }

    #[test]
    fn code_is_code(text in "[`|\\\\a \n<!-]{1,20}") {
        let mut shown = String::new();
        for event in Parser::new(&escape::code(&text)) {
            match event {
                Event::Code(code) => shown.push_str(&code),
                Event::Text(text) => prop_assert!(text.chars().all(|c| c == '|'), "{text:?}"),
                Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
