//! A body's parts: what people wrote before and after, our section between two markers, and the stamp in the second.

use super::{Limits, Markup, Stamp, StampError};

const BEGIN: &str = "<!-- findsync:begin -->";
const END: &str = "<!-- findsync:end ";
const CLOSE: &str = " -->";
const CUT: &str = "\n\n… (cut to fit)";

/// A body taken apart. Joining the parts gives the body again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// What people wrote before our section, as it is.
    pub before: String,
    /// Our section without its markers; `None` where somebody took the first marker away.
    pub section: Option<String>,
    /// The stamp's text; `None` where there is none, or where the tracker keeps it elsewhere.
    pub stamp: Option<String>,
    /// What people wrote after our section, as it is.
    pub after: String,
}

impl Body {
    /// Takes a body apart. Without a stamp, everything is people's.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let people = |text: &str| Self { before: text.to_owned(), ..Self::default() };
        let begin = text.find(BEGIN);
        let Some(end) = text[begin.unwrap_or(0)..].find(END).map(|at| at + begin.unwrap_or(0)) else {
            return people(text);
        };
        let stamp_at = end + END.len();
        let Some(length) = text[stamp_at..].find(CLOSE) else { return people(text) };
        Self {
            before: text[..begin.unwrap_or(end)].to_owned(),
            section: begin.map(|at| text[at + BEGIN.len()..end].trim_matches(['\r', '\n']).to_owned()),
            stamp: Some(text[stamp_at..stamp_at + length].trim().to_owned()).filter(|stamp| !stamp.is_empty()),
            after: text[stamp_at + length + CLOSE.len()..].to_owned(),
        }
    }

    /// The stamp in a text, and where there is one that cannot be read, why.
    #[must_use]
    pub fn read_stamp(text: &str) -> (Option<Stamp>, Option<StampError>) {
        match Self::parse(text).stamp.map(|stamp| Stamp::decode(&stamp)) {
            Some(Ok(stamp)) => (Some(stamp), None),
            Some(Err(error)) => (None, Some(error)),
            None => (None, text.contains(END.trim_end()).then(|| StampError::Damaged("it was cut off".to_owned()))),
        }
    }

    /// Puts the body together, with our section cut where people's words leave it no room. People's words and the
    /// stamp are never cut.
    #[must_use]
    pub fn compose(&self, limits: &Limits) -> String {
        let frame = |section: &str| {
            let mut text = self.before.clone();
            if self.section.is_some() {
                text.push_str(BEGIN);
                text.push('\n');
                text.push_str(section);
                text.push('\n');
            }
            // Where the stamp is kept elsewhere, the second marker is empty.
            if self.section.is_some() || self.stamp.is_some() {
                text.push_str(END);
                text.push_str(self.stamp.as_deref().unwrap_or_default());
                text.push_str(CLOSE);
            }
            text.push_str(&self.after);
            text
        };
        let section = self.section.as_deref().unwrap_or_default();
        let room = limits.body.saturating_sub(frame("").chars().count());
        frame(&cut(section, room, CUT))
    }
}

/// Cuts Markdown to `max` characters at a line's end, closes a code block that the cut fell into, and says so with
/// `note`; where not even the note fits, nothing is left.
#[must_use]
pub fn cut(markdown: &str, max: usize, note: &str) -> String {
    if markdown.chars().count() <= max {
        return markdown.to_owned();
    }
    let Some(room) = max.checked_sub(note.chars().count() + 4) else { return String::new() };
    let end = markdown.char_indices().nth(room).map_or(markdown.len(), |(at, _)| at);
    let kept = markdown[..end].rsplit_once('\n').map_or("", |(kept, _)| kept).trim_end();
    // All fences that `escape` writes are of three backticks; an odd number of them leaves a block open.
    let open = kept.lines().filter(|line| line.starts_with("```")).count() % 2 == 1;
    format!("{kept}{}{note}", if open { "\n```" } else { "" })
}

/// What begins the end of our section that tells which scope says what.
pub const ATTRIBUTION: &str = "Seen by";

/// Splits our section into its main part and the end that tells which scope says what.
#[must_use]
pub fn split_attribution(markup: Markup, section: &str) -> Option<(&str, &str)> {
    let at = if markup == Markup::Html {
        let heading =
            ["strong", "b"].iter().filter_map(|tag| section.rfind(&format!("<{tag}>{ATTRIBUTION}</{tag}>"))).max()?;
        ["<p", "<div"].iter().filter_map(|tag| section[..heading].rfind(tag)).max().unwrap_or(heading)
    } else {
        section.rfind(&format!("**{ATTRIBUTION}**"))?
    };
    Some((section[..at].trim_end(), &section[at..]))
}

/// What a text says, without what editors and services change by themselves: white space, and for HTML tags and
/// entities, with all white space, as an editor moves it into and out of tags. Two texts with the same words are the
/// same text for us.
#[must_use]
pub fn words(markup: Markup, text: &str) -> String {
    if markup == Markup::Html {
        return plain_text(text).split_whitespace().collect();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text of HTML without its tags.
pub(crate) fn plain_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = if rest.starts_with('<') { rest.find('>') } else { rest.find(';').filter(|end| *end < 10) };
        match (end, end.and_then(|end| entity(&rest[1..end]))) {
            (Some(end), _) if rest.starts_with('<') => rest = &rest[end + 1..],
            (Some(end), Some(c)) => {
                text.push(c);
                rest = &rest[end + 1..];
            }
            _ => {
                text.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    text
}

/// The character that an entity stands for: those that editors write by themselves.
pub(crate) fn entity(name: &str) -> Option<char> {
    Some(match name {
        "nbsp" => ' ',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "amp" => '&',
        _ => {
            let code = name.strip_prefix('#')?;
            let code = match code.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => code.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMY: Limits = Limits {
        title: 255,
        body: 1_000,
        comment: 1_000,
        stamp: 500,
        stamp_in_body: true,
        conditional_writes: false,
        confidential: false,
        markup: Markup::CommonMark,
        concurrency: 1,
    };

    #[test]
    fn keeps_what_people_wrote_around_the_section() {
        let text = "Look at this\n<!-- findsync:begin -->\nours\n<!-- findsync:end abc -->\r\n\r\nI am on it.";
        let body = Body::parse(text);
        assert_eq!((body.section.as_deref(), body.stamp.as_deref()), (Some("ours"), Some("abc")));
        assert_eq!(body.compose(&ROOMY), text);
    }

    #[test]
    fn a_stamp_that_was_cut_is_told_from_none() {
        for cut in ["<!-- findsync:begin -->\nours\n<!-- findsync:end abc", "ours\n<!-- findsync:end -->"] {
            assert!(matches!(Body::read_stamp(cut), (None, Some(_))), "{cut}");
        }
        assert_eq!(Body::read_stamp("<!-- findsync:begin -->\nours"), (None, None));
    }

    #[test]
    fn a_text_without_markers_is_peoples() {
        let body = Body::parse("just words <!-- findsync:begin -->");
        assert_eq!((body.section, body.stamp), (None, None));
    }

    #[test]
    fn a_lost_first_marker_makes_the_text_peoples_and_keeps_the_stamp() {
        let body = Body::parse("mine now\n<!-- findsync:end abc -->");
        assert_eq!(body.before, "mine now\n");
        assert_eq!(body.section, None);
        assert_eq!(body.stamp.as_deref(), Some("abc"));
    }

    #[test]
    fn keeps_its_section_where_the_stamp_is_elsewhere() {
        let body = Body { before: "a".into(), section: Some("ours".into()), stamp: None, after: "b".into() };
        assert_eq!(Body::parse(&body.compose(&ROOMY)), body);
    }

    #[test]
    fn cuts_only_its_own_section() {
        let body = Body {
            before: "p".repeat(500),
            section: Some("line\n".repeat(300)),
            stamp: Some("s".repeat(100)),
            after: "q".repeat(100),
        };
        let text = body.compose(&ROOMY);
        assert!(text.chars().count() <= ROOMY.body);
        assert!(text.starts_with(&body.before) && text.ends_with(&body.after) && text.contains("cut to fit"));
    }

    #[test]
    fn words_do_not_change_when_an_editor_reformats() {
        assert_eq!(
            words(Markup::Html, "<p>a &lt;b&gt;</p><p>c</p>"),
            words(Markup::Html, "<div>a &lt;b&gt;<br>\nc</div>")
        );
        assert_eq!(
            words(Markup::Html, "<b>it's:</b> 1 &amp;lt; 2"),
            words(Markup::Html, "<b>it&#39;s:&nbsp;</b>1 &#38;lt&#x3b; 2")
        );
        assert_ne!(words(Markup::Html, "a &amp;lt; b"), words(Markup::Html, "a &lt; b"));
        assert_eq!(words(Markup::GitHub, "a\r\nb  c\n"), "a b c");
    }
}
