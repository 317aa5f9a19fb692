//! Untrusted text of several lines. Scanners write it in Markdown: its paragraphs, lists and code are kept, everything
//! else in it (links, images, HTML, emphasis, tables) is shown as text.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{MAX_BLOCK, clean, code, code_block, inline, shorten};

/// Deepest list whose indentation is kept.
const MAX_DEPTH: usize = 4;

/// Text in paragraphs. Ends without a line break.
#[must_use]
pub fn block(text: &str) -> String {
    let text = clean(&shorten(text, MAX_BLOCK));
    let mut writer = Writer::default();
    for event in Parser::new_ext(&text, Options::empty()) {
        writer.event(event);
    }
    writer.end_paragraph();
    writer.out.trim_end().to_owned()
}

/// A piece of a paragraph.
enum Piece {
    Text(String),
    Code(String),
}

#[derive(Default)]
struct Writer {
    out: String,
    pieces: Vec<Piece>,
    heading: bool,
    code: Option<String>,
    /// The open lists, each with the number of its next item.
    lists: Vec<Option<u64>>,
    /// The open lists that a code block has ended.
    ended: usize,
    /// What the next line starts with, where it is a list's item.
    bullet: Option<String>,
    links: Vec<String>,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code.is_some() => {
                self.code.iter_mut().for_each(|code| code.push_str(&text));
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            // Of a code span without anything in it, what stands around must not come together.
            Event::Code(text) if text.trim().is_empty() => self.text(" "),
            Event::Code(text) => self.pieces.push(Piece::Code(text.into_string())),
            Event::SoftBreak | Event::HardBreak => self.text("\n"),
            Event::Rule => self.end_paragraph(),
            // Not enabled: they arrive as text.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => self.text(&text),
            Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::BlockQuote(_) | Tag::HtmlBlock => self.end_paragraph(),
            Tag::Heading { .. } => {
                self.end_paragraph();
                self.heading = true;
            }
            Tag::CodeBlock(_) => {
                self.end_paragraph();
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                self.end_paragraph();
                self.lists.push(first);
            }
            Tag::Item => {
                self.end_paragraph();
                let bullet = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number = number.saturating_add(1);
                        format!("{}. ", (*number - 1).min(999_999))
                    }
                    _ => "- ".to_owned(),
                };
                self.bullet = Some(bullet);
            }
            Tag::Link { dest_url, .. } => self.links.push(dest_url.into_string()),
            Tag::Image { dest_url, .. } => {
                self.text("image: ");
                self.links.push(dest_url.into_string());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock | TagEnd::Item | TagEnd::BlockQuote(_) => self.end_paragraph(),
            TagEnd::Heading(_) => {
                self.end_paragraph();
                self.heading = false;
            }
            TagEnd::CodeBlock => {
                if let Some(code) = self.code.take().filter(|code| !code.trim().is_empty()) {
                    self.out.push_str(&code_block(&code));
                    self.out.push('\n');
                    self.ended = self.lists.len();
                }
            }
            TagEnd::List(_) => {
                self.end_paragraph();
                self.lists.pop();
                self.ended = self.ended.min(self.lists.len());
                self.bullet = None;
                if self.lists.is_empty() {
                    self.out.push('\n');
                }
            }
            TagEnd::Link | TagEnd::Image => {
                let address = self.links.pop().unwrap_or_default();
                if !matches!(self.pieces.last(), Some(Piece::Text(text)) if text.ends_with(&address)) {
                    self.text(" (");
                    self.pieces.push(Piece::Code(address));
                    self.text(")");
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    /// Writes the lines gathered so far, each escaped as what may stand at a line's start.
    fn end_paragraph(&mut self) {
        let mut text = String::new();
        for piece in std::mem::take(&mut self.pieces) {
            match piece {
                Piece::Code(span) => text.push_str(&code(&span)),
                Piece::Text(part) => {
                    let (lead, trail) = (part.starts_with(' '), part.ends_with(' '));
                    let lines: Vec<String> = part.split('\n').map(inline).collect();
                    text.push_str(if lead { " " } else { "" });
                    text.push_str(&lines.join("\n"));
                    text.push_str(if trail { " " } else { "" });
                }
            }
        }
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() {
            return;
        }
        let depth = self.lists.len().saturating_sub(self.ended).min(MAX_DEPTH);
        let bullet = if depth > 0 { self.bullet.take() } else { None };
        let indent = "    ".repeat(depth.saturating_sub(1));
        let rest = if depth > 0 { format!("{indent}  ") } else { String::new() };
        for (i, line) in lines.iter().enumerate() {
            let lead = match &bullet {
                Some(bullet) if i == 0 => format!("{indent}{bullet}"),
                _ => rest.clone(),
            };
            let line = if self.heading { format!("**{line}**") } else { (*line).to_owned() };
            self.out.push_str(&lead);
            self.out.push_str(&line);
            self.out.push('\n');
        }
        if depth == 0 {
            self.out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_paragraphs_lists_and_code() {
        let text =
            "### Impact\nFirst line\nsecond `x_y`.\n\n- one\n- two\n    1. deep\n\n```js\nrun('/close')\n```\n\nEnd.";
        assert_eq!(
            block(text),
            "**Impact**\n\nFirst line\nsecond `x_y`.\n\n- one\n- two\n    1. deep\n\n```\nrun('/close')\n```\n\nEnd."
        );
    }

    #[test]
    fn links_images_and_html_are_text() {
        assert_eq!(block("[click](https://evil.example/x)"), "click (`https://evil.example/x`)");
        assert_eq!(block("![pixel](http://evil.example/p.png)"), "image: pixel (`http://evil.example/p.png`)");
        assert_eq!(block("<https://a.example/b>"), "`https://a.example/b`");
        assert_eq!(
            block("<script>alert(1)</script>\n\n<!-- findsync:end x -->"),
            "&lt;script&gt;alert(1)&lt;/script&gt;\n\n&lt;\\!\u{200b}--findsync:end x --&gt;".replace("--f", "-- f")
        );
    }

    #[test]
    fn every_line_may_start_with_anything() {
        assert_eq!(block("first\n/close\n@team"), "first\n\\/close\n@\u{200b}team");
    }
}
