//! Untrusted text on one line: in a title, in a sentence, in a code span; and lines in a code block.

use super::{MAX_BLOCK, MAX_CODE, MAX_INLINE, ZWSP, break_comments, clean, clean_line, shorten};

/// Text for an issue's title, which no service reads as Markdown; GitLab looks for references there all the same.
#[must_use]
pub fn title(text: &str, max: usize) -> String {
    let mut text = clean_line(text, max);
    loop {
        let escaped = each_word(&text, title_word);
        let excess = escaped.chars().count().saturating_sub(max);
        if excess == 0 {
            return escaped;
        }
        // Cut before escaping: what is cut afterwards may end in a reference that was none before.
        text = shorten(&text, text.chars().count().saturating_sub(excess));
    }
}

fn title_word(word: &str, out: &mut String) {
    let chars: Vec<char> = word.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        out.push(c);
        // Without code spans at hand, addresses are broken, not quoted.
        let address = c == ':' && chars[i + 1..].starts_with(&['/', '/']);
        let comment = c == '!' && i > 0 && chars[i - 1] == '<';
        if address || comment || ends_reference(&chars, i) {
            out.push(ZWSP);
        }
    }
}

/// Text in a sentence, a list item, a heading or a table cell.
#[must_use]
pub fn inline(text: &str) -> String {
    let mut first = true;
    each_word(&clean_line(text, MAX_INLINE), |word, out| {
        if word.contains("://") {
            out.push_str(&code(word));
        } else {
            escape_word(word, std::mem::take(&mut first), out);
        }
        first = false;
    })
}

/// Text in a code span. Empty text gives an empty text.
#[must_use]
pub fn code(text: &str) -> String {
    // A fence of one backtick and none inside: so spans can stand side by side and never open into one another.
    let text = break_comments(&clean_line(text, MAX_CODE).replace('`', "ˋ"));
    // A pipe ends a table's cell even inside of code, so it stands between two spans.
    let spans: Vec<String> =
        text.split('|').map(|part| if part.is_empty() { String::new() } else { format!("`{part}`") }).collect();
    spans.join("\\|")
}

/// Text in a fenced code block. It starts and ends at a line's start.
#[must_use]
pub fn code_block(text: &str) -> String {
    let text = break_comments(&clean(&shorten(text, MAX_BLOCK)).replace("```", "ˋˋˋ"));
    format!("```\n{}\n```\n", text.trim_matches('\n'))
}

/// Applies a function to each word of a line, and keeps the spaces.
fn each_word(line: &str, mut escape: impl FnMut(&str, &mut String)) -> String {
    let mut out = String::with_capacity(line.len() + line.len() / 4);
    for (i, word) in line.split(' ').enumerate() {
        if i > 0 {
            out.push(' ');
        }
        escape(word, &mut out);
    }
    out
}

/// Escapes one word for Markdown. `first`: it may come to stand at a line's start, where more characters mean something.
fn escape_word(word: &str, first: bool, out: &mut String) {
    let chars: Vec<char> = word.chars().collect();
    let leads_list = first && {
        let digits = chars.iter().take_while(|c| c.is_ascii_digit()).count();
        digits > 0 && digits == chars.len() - 1
    };
    for (i, &c) in chars.iter().enumerate() {
        let between_letters =
            i > 0 && chars[i - 1].is_alphanumeric() && chars.get(i + 1).is_some_and(|c| c.is_alphanumeric());
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Not with a backslash: within a code span that a template's author writes, an entity closes nothing.
            '`' => out.push_str("&#96;"),
            '_' if between_letters => out.push('_'),
            '\\' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' | '^' => out.extend(['\\', c]),
            // A list, a rule, an underline of a heading; and a quick action of GitLab.
            '-' | '+' | '=' | ':' | '/' if first && i == 0 => out.extend(['\\', c]),
            '.' | ')' if leads_list && i == chars.len() - 1 => out.extend(['\\', c]),
            c => out.push(c),
        }
        if ends_reference(&chars, i) {
            out.push(ZWSP);
        }
    }
}

/// Whether something must come after a character so that it does not make a reference, a mention or an autolink with
/// what follows it. Where a word ends, what follows it is not known: another value may.
fn ends_reference(chars: &[char], i: usize) -> bool {
    let next = chars.get(i + 1);
    match chars[i] {
        // @user, #1, owner/repo#1, AB#1; full-width and small forms, as some services fold them.
        '@' | '#' | '＠' | '﹫' | '＃' | '﹟' => true,
        // GitLab: !1 &1 ~label %milestone $1 ^alert *iteration:
        '!' | '&' | '~' | '%' | '$' | '^' | '*' => next.is_some(),
        // GitLab: [vulnerability:1], [[wiki]]
        '[' => next.is_none_or(|c| c.is_alphabetic() || *c == '['),
        // GH-1
        '-' => i >= 2 && chars[i - 1].eq_ignore_ascii_case(&'h') && chars[i - 2].eq_ignore_ascii_case(&'g'),
        // www.example.org: the dot must not follow the third letter.
        'w' | 'W' => next == Some(&'.') && i >= 2 && chars[i - 2..i].iter().all(|c| c.eq_ignore_ascii_case(&'w')),
        // :tada:
        ':' => {
            let rest = chars.get(i + 1..).unwrap_or_default();
            let length = rest.iter().take_while(|c| c.is_ascii_alphanumeric() || "_+-".contains(**c)).count();
            length > 0 && rest.get(length) == Some(&':')
        }
        c if c.is_ascii_hexdigit() => ends_commit(chars, i),
        _ => false,
    }
}

/// Where an escaped text must be kept apart from what stands before it in a template, so that the two do not make what
/// neither is; `None` where they may touch. `piece`: where the escaped text before it ends, if there is one; what follows
/// that is the template's.
#[must_use]
pub fn seam(before: &str, piece: Option<usize>, escaped: &str) -> Option<usize> {
    let is_apart = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || c == ZWSP);
    if is_apart(before.chars().next_back()) || is_apart(escaped.chars().next()) {
        return None;
    }
    let (value, literal) = before.split_at(piece.unwrap_or_default());
    let here = Some(before.len());
    let ends = |word: &str| {
        value.get(value.len().saturating_sub(word.len())..).is_some_and(|end| end.eq_ignore_ascii_case(word))
    };
    let mut last = literal.chars();
    match (piece, last.next_back()) {
        (Some(_), None) => here,
        (Some(_), Some('-')) if literal.len() == 1 => here.filter(|_| ends("gh")),
        // The dot must not follow the third letter.
        (Some(end), Some('.')) if literal.len() == 1 => Some(end).filter(|_| ends("www")),
        (Some(_), Some(':')) if literal.len() == 1 => here.filter(|_| escaped.starts_with(['/', '\\'])),
        // A mark that the template puts before a value; in an address it is no reference.
        (_, Some(mark)) if "@#!&~%$^[".contains(mark) => {
            let begins = last.next_back().is_none_or(|c| c.is_whitespace() || "([{\\".contains(c));
            here.filter(|_| begins)
        }
        _ => None,
    }
}

/// Whether a piece of a commit's id (7 to 64 hexadecimal digits) has to end here: after each sixth digit.
fn ends_commit(chars: &[char], i: usize) -> bool {
    let start = chars[..i].iter().rposition(|c| !c.is_alphanumeric()).map_or(0, |at| at + 1);
    let run = chars[start..].iter().take_while(|c| c.is_alphanumeric());
    (i - start) % 6 == 5 && i + 1 < chars.len() && chars[i + 1].is_alphanumeric() && {
        let (length, hex) = run.fold((0, true), |(n, hex), c| (n + 1, hex && c.is_ascii_hexdigit()));
        hex && (7..=64).contains(&length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_as_they_are() {
        for text in [
            "SQL injection in login_form, line 12.",
            "lodash 4.17.20: CVE-2021-23337 (High)",
            "a - b + c = d",
            "C# code, 100% sure? Yes! x/y",
        ] {
            assert_eq!(inline(text).replace("\\", "").replace(ZWSP, ""), text);
        }
        assert_eq!(inline("SQL injection in login_form, line 12."), "SQL injection in login_form, line 12.");
    }

    #[test]
    fn references_end_early() {
        assert_eq!(inline("@team"), "@\u{200b}team");
        assert_eq!(inline("Fixes #1"), "Fixes \\#\u{200b}1");
        assert_eq!(inline("gh-12"), "gh-\u{200b}12");
        assert_eq!(inline("!1 &1 ~bug %v1 $1"), "\\!\u{200b}1 &amp;\u{200b}1 \\~\u{200b}bug %\u{200b}v1 \\$\u{200b}1");
        assert_eq!(inline("[vulnerability:1]"), "\\[\u{200b}vulnerability:1\\]");
        assert_eq!(inline("deadbeefcafe"), "deadbe\u{200b}efcafe");
        assert_eq!(inline("www.evil.example"), "www\u{200b}.evil.example");
        assert_eq!(
            title("@all see https://x.y/z #1 <!-- x", 80),
            "@\u{200b}all see https:\u{200b}//x.y/z #\u{200b}1 <!\u{200b}-- x"
        );
    }

    #[test]
    fn values_side_by_side_make_no_reference() {
        let seam = |value: &str, literal: &str, escaped: &str| {
            let piece = (!value.is_empty()).then_some(value.len());
            super::seam(&format!("{value}{literal}"), piece, escaped)
        };
        for (value, literal, escaped) in [
            ("see \\!", "", "7"),
            ("deadb", "", "eefcafe"),
            ("x ", "@", "team"),
            ("x", "@", "team"),
            ("", "by @", "team"),
            ("", "@", "team"),
            ("gh", "-", "1"),
            ("WWW", ".", "evil.example"),
            ("http", ":", "\\//evil.example"),
            ("x", " #", "1"),
        ] {
            assert!(seam(value, literal, escaped).is_some(), "{value} {literal} {escaped}");
        }
        for (value, literal, escaped) in [
            ("a", " ", "b"),
            ("a", "", " b"),
            ("", "", "b"),
            ("", "https://rules.example/#", "r1"),
            ("src/a.py", ":", "7"),
            ("a", "-", "b"),
            ("a", ": ", "b"),
        ] {
            assert!(seam(value, literal, escaped).is_none(), "{value} {literal} {escaped}");
        }
    }

    #[test]
    fn a_cut_makes_no_reference() {
        for max in 1..60 {
            let cut = title("acme/shop@deadbeefhttps #@!~ see deadbeefg #12", max);
            assert!(cut.chars().count() <= max);
            assert!(!cut.contains("deadbee") || cut.contains("deadbeefh"), "{cut}");
        }
    }

    #[test]
    fn line_starts_mean_nothing() {
        assert_eq!(inline("/close"), "\\/close");
        assert_eq!(inline("- [x] done\n# Title"), "\\- \\[\u{200b}x\\] done \\#\u{200b} Title");
        assert_eq!(inline("1. one"), "1\\. one");
        assert_eq!(inline("1.2.3"), "1.2.3");
    }

    #[test]
    fn code_spans_cannot_be_left() {
        assert_eq!(code("a`b``c"), "`aˋbˋˋc`");
        assert_eq!(code("a|b"), "`a`\\|`b`");
        assert_eq!(code("a\nb"), "`a b`");
        assert_eq!(code(" \u{200b} "), "");
        assert_eq!(code_block("x\n```\n/close\n<!-- y -->"), "```\nx\nˋˋˋ\n/close\n<!\u{200b}-- y --\u{200b}>\n```\n");
    }
}
