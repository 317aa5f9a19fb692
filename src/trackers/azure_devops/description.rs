//! Our section in a description that people edit in a browser: the editor drops comments and rewrites every tag, so
//! two lines that people can read mark where our part begins and ends.

use std::ops::Range;

use crate::issue::escape::{clean, title};
use crate::issue::{Body, Limits, entity, plain_text};

const BEGIN: &str = "Kept in step by findsync: what you write above this line stays.";
const END: &str = "Kept in step by findsync: what you write below this line stays.";
/// Elements that an editor may put around our lines.
const WRAPPERS: [&str; 12] = ["div", "p", "i", "em", "b", "strong", "span", "font", "u", "small", "blockquote", "li"];

/// Longest line of a field, in characters.
const LINE: usize = 4_000;

/// A report's text for a field of HTML: it reads the same, and triggers nothing.
pub(super) fn escaped(text: &str) -> String {
    let line = |line| title(line, LINE).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.lines().map(line).collect::<Vec<_>>().join("<br>")
}

/// What a field of HTML says.
pub(super) fn unescaped(html: &str) -> String {
    let broken = ["<br", "</p", "</div", "</li"]
        .iter()
        .fold(html.to_owned(), |html, tag| html.replace(tag, &format!("\n{tag}")));
    clean(&plain_text(&broken)).trim().to_owned()
}

/// The text for the service: visible lines instead of markers.
pub(super) fn to_service(body: &str) -> String {
    let Body { before, section, after, .. } = Body::parse(body);
    match section {
        Some(section) => {
            format!("{before}<div><i>{BEGIN}</i></div>\n{section}\n<div><i>{END}</i></div>{after}")
        }
        None => format!("{before}{after}"),
    }
}

/// The text of the service with our markers in it, so that it can be taken apart like any other tracker's. Where one of
/// the lines is gone, everything is people's.
pub(super) fn from_service(html: &str, limits: &Limits) -> String {
    let found = find(html, BEGIN).and_then(|begin| {
        let rest = begin.end;
        // The last one: our own text may quote the line, and what people write stands below it.
        let end = find_last(&html[rest..], END)?;
        Some((begin, rest + end.start..rest + end.end))
    });
    let Some((begin, end)) = found else { return html.to_owned() };
    let (begin, end) = (line(html, begin), line(html, end));
    if begin.end > end.start {
        return html.to_owned();
    }
    let body = Body {
        before: html[..begin.start].to_owned(),
        section: Some(html[begin.end..end.start].trim_matches(['\r', '\n']).to_owned()),
        stamp: None,
        after: html[end.end..].to_owned(),
    };
    body.compose(limits)
}

/// Where a phrase stands in HTML, whatever tags and white space came between its letters.
fn find(html: &str, phrase: &str) -> Option<Range<usize>> {
    let letters = letters(html);
    let wanted: Vec<char> = phrase.chars().filter(|c| !c.is_whitespace()).collect();
    let at =
        letters.windows(wanted.len()).position(|window| window.iter().map(|(c, _)| *c).eq(wanted.iter().copied()))?;
    Some(letters[at].1.start..letters[at + wanted.len() - 1].1.end)
}

fn find_last(html: &str, phrase: &str) -> Option<Range<usize>> {
    let mut found: Option<Range<usize>> = None;
    loop {
        let from = found.as_ref().map_or(0, |range| range.end);
        match find(&html[from..], phrase) {
            Some(range) => found = Some(from + range.start..from + range.end),
            None => return found,
        }
    }
}

/// The letters of HTML that people see, without white space, each with its place.
fn letters(html: &str) -> Vec<(char, Range<usize>)> {
    let mut letters = Vec::new();
    let mut at = 0;
    while let Some(c) = html[at..].chars().next() {
        let mut length = c.len_utf8();
        let mut letter = Some(c);
        if c == '<' {
            length = html[at..].find('>').map_or(html.len() - at, |end| end + 1);
            letter = None;
        } else if c == '&'
            && let Some(end) = html[at..].find(';').filter(|end| *end < 10)
        {
            length = end + 1;
            letter = entity(&html[at + 1..at + end]);
        }
        if let Some(letter) = letter.filter(|c| !c.is_whitespace()) {
            letters.push((letter, at..at + length));
        }
        at += length;
    }
    letters
}

/// A phrase with the elements that hold nothing else: as many as begin right before and end right after it, beside
/// those that begin or end in its middle.
fn line(html: &str, phrase: Range<usize>) -> Range<usize> {
    let opening: Vec<usize> =
        std::iter::successors(tag_before(html, phrase.start), |&at| tag_before(html, at)).collect();
    let closing: Vec<usize> = std::iter::successors(tag_after(html, phrase.end), |&at| tag_after(html, at)).collect();
    let (ended, begun) = unpaired(&html[phrase.clone()]);
    let pairs = opening.len().saturating_sub(ended).min(closing.len().saturating_sub(begun));
    let outermost = |tags: &[usize], count: usize| count.checked_sub(1).and_then(|last| tags.get(last).copied());
    outermost(&opening, ended + pairs).unwrap_or(phrase.start)..outermost(&closing, begun + pairs).unwrap_or(phrase.end)
}

/// How many elements that began before a piece of HTML end in it, and how many that begin in it do not end in it.
fn unpaired(html: &str) -> (usize, usize) {
    let (mut ended, mut begun) = (0, 0);
    for tag in html.split('<').skip(1) {
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        if !WRAPPERS.contains(&name.to_ascii_lowercase().as_str()) {
            continue;
        }
        match (tag.starts_with('/'), begun) {
            (false, _) => begun += 1,
            (true, 0) => ended += 1,
            (true, _) => begun -= 1,
        }
    }
    (ended, begun)
}

/// Where the opening tag starts that ends right before a place.
fn tag_before(html: &str, at: usize) -> Option<usize> {
    let text = blank_end(&html[..at]);
    let start = text.strip_suffix('>')?.rfind('<')?;
    let name: String = text[start + 1..].chars().take_while(char::is_ascii_alphanumeric).collect();
    WRAPPERS.contains(&name.to_ascii_lowercase().as_str()).then_some(start)
}

/// Where the closing tag ends that starts right after a place.
fn tag_after(html: &str, at: usize) -> Option<usize> {
    let text = blank_start(&html[at..]);
    let start = html.len() - text.len();
    let inside = text.strip_prefix("</")?;
    let end = inside.find('>')?;
    WRAPPERS.contains(&inside[..end].trim().to_ascii_lowercase().as_str()).then_some(start + 2 + end + 1)
}

fn blank_end(mut text: &str) -> &str {
    loop {
        let shorter = text.trim_end();
        let shorter = shorter.strip_suffix("&nbsp;").unwrap_or(shorter);
        if shorter.len() == text.len() {
            return text;
        }
        text = shorter;
    }
}

fn blank_start(mut text: &str) -> &str {
    loop {
        let shorter = text.trim_start();
        let shorter = ["&nbsp;", "<br>", "<br />", "<br/>"]
            .iter()
            .fold(shorter, |text, blank| text.strip_prefix(blank).unwrap_or(text));
        if shorter.len() == text.len() {
            return text;
        }
        text = shorter;
    }
}

/// A title as long as the service takes it, which counts in UTF-16.
pub(super) fn title_to_service(title: &str) -> &str {
    let mut units = 0;
    let end = title.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > super::LIMITS.title
    });
    end.map_or(title, |(at, _)| &title[..at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trackers::azure_devops::LIMITS;

    fn body() -> String {
        let section = "<p>A <b>flaw</b> &lt;here&gt;</p>";
        Body {
            before: "<p>Mine</p>".into(),
            section: Some(section.into()),
            stamp: None,
            after: "<p>And mine</p>".into(),
        }
        .compose(&LIMITS)
    }

    #[test]
    fn comes_back_as_it_was_written() {
        let text = to_service(&body());
        assert!(!text.contains("<!--"), "{text}");
        assert_eq!(from_service(&text, &LIMITS), body());
    }

    #[test]
    fn finds_its_lines_however_they_were_formatted() {
        let html = "<div><p>Mine</p><div style=\"x\"><span><b>Kept</b>&nbsp;in step by findsync&#58; what you write\r\n \
                    above this line stays.</span> </div>\n<div>A flaw</div><p>Kept in step by findsync: what you write \
                    <u>below</u> this line&nbsp;stays.</p><br>Also mine</div>";
        let parsed = Body::parse(&from_service(html, &LIMITS));
        assert_eq!(parsed.before, "<div><p>Mine</p>");
        assert_eq!(parsed.section.as_deref(), Some("<div>A flaw</div>"));
        assert_eq!(parsed.after, "<br>Also mine</div>");
    }

    #[test]
    fn words_in_the_same_element_as_a_line_are_kept() {
        let html = format!("<div><i>{BEGIN}</i> hello</div>A flaw<div><b>hi</b><i>{END}</i></div>");
        let parsed = Body::parse(&from_service(&html, &LIMITS));
        assert_eq!(parsed.section.as_deref(), Some(" hello</div>A flaw<div><b>hi</b>"));
        assert_eq!((parsed.before.as_str(), parsed.after.as_str()), ("<div>", "</div>"));
    }

    #[test]
    fn without_a_line_everything_is_peoples() {
        let html = format!("A flaw<div>{END}</div>");
        assert_eq!(from_service(&html, &LIMITS), html);
        assert_eq!(from_service("", &LIMITS), "");
    }
}
