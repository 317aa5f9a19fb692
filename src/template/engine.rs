//! The template engine: minijinja, with escaping that no template can switch off.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior};

use crate::finding::digest;
use crate::issue::escape;

/// Filters of minijinja that would mark text as safe, or that speak another markup.
const UNSAFE_FILTERS: [&str; 4] = ["safe", "escape", "e", "tojson"];

/// Ways to show an untrusted text, beside the one that is used where none is named: in a sentence.
const FILTERS: [(&str, Escape); 4] =
    [("code", escape::code), ("block", escape::block), ("code_block", escape::code_block), ("link", escape::link)];

type Escape = fn(&str) -> String;

/// Functions that templates may call.
pub(super) const FUNCTIONS: [&str; 3] = ["range", "dict", "namespace"];

/// An environment for bodies: whatever is put out was escaped for Markdown.
pub(super) fn markdown() -> Environment<'static> {
    let mut engine = engine();
    engine.set_formatter(|out: &mut Output, _: &mut State, value: &Value| {
        // What is safe is a block's output: literal text, and sealed pieces.
        write(out, value, |text| if value.is_safe() { text.to_owned() } else { seal(&escape::inline(text)) })
    });
    for (name, escape) in FILTERS {
        engine.add_filter(name, move |value: Value| {
            if value.is_safe() { value } else { shown(text(&value).map_or_else(String::new, |text| escape(&text))) }
        });
    }
    engine
}

/// An environment for titles and fields: text without control characters, for `escape::title` to do the rest.
pub(super) fn plain() -> Environment<'static> {
    let mut engine = engine();
    engine.set_formatter(|out: &mut Output, _: &mut State, value: &Value| write(out, value, escape::clean));
    for (name, _) in FILTERS {
        engine.add_filter(name, |value: Value| value);
    }
    engine
}

/// What stands around an escaped piece until the whole text is there, so that no filter can change what is in it.
const SEAL: [char; 2] = ['\u{f0000}', '\u{f0001}'];
/// In between stand private characters, one for each byte: what is left of a broken piece is known, and taken out.
const BYTES: u32 = 0xf0100;

/// An escaped piece as a value: whatever a template does with it, it comes out whole or not at all.
pub(super) fn shown(escaped: impl AsRef<str>) -> Value {
    Value::from_safe_string(seal(escaped.as_ref()))
}

fn seal(escaped: &str) -> String {
    if escaped.is_empty() {
        return String::new();
    }
    let mark = mark(escaped);
    let bytes = mark.bytes().chain(escaped.bytes());
    let hidden = bytes.filter_map(|byte| char::from_u32(BYTES + u32::from(byte)));
    [SEAL[0]].into_iter().chain(hidden).chain([SEAL[1]]).collect()
}

/// By which a piece is known to be the one that was sealed.
fn mark(escaped: &str) -> String {
    digest([("piece", escaped)]).to_string()
}

/// A text with its sealed pieces opened. What was broken is left out.
pub(super) fn opened(text: &str) -> String {
    let mut parts = text.split(SEAL[0]);
    let mut open = unsealed(parts.next().unwrap_or_default());
    // Where the last piece ends.
    let mut end = None;
    for part in parts {
        let (sealed, after) = part.split_once(SEAL[1]).unwrap_or((part, ""));
        if let Some(piece) = unseal(sealed) {
            if let Some(at) = escape::seam(&open, end, &piece) {
                open.insert(at, escape::ZWSP);
            }
            open.push_str(&piece);
            end = Some(open.len());
        }
        open.push_str(&unsealed(after));
    }
    open
}

/// The byte that a private character stands for.
fn byte(private: char) -> Option<u8> {
    u32::from(private).checked_sub(BYTES).and_then(|byte| u8::try_from(byte).ok())
}

/// A text without our private characters.
fn unsealed(text: &str) -> String {
    text.chars().filter(|c| !SEAL.contains(c) && byte(*c).is_none()).collect()
}

fn unseal(sealed: &str) -> Option<String> {
    let text = String::from_utf8(sealed.chars().map(byte).collect::<Option<_>>()?).ok()?;
    let (known, piece) = text.split_at_checked(mark("").len())?;
    (mark(piece) == known).then(|| piece.to_owned())
}

/// What a template may do, in the engine's instructions.
const FUEL: u64 = 500_000;

fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_fuel(Some(FUEL));
    for name in UNSAFE_FILTERS {
        engine.remove_filter(name);
    }
    engine.remove_global("debug");
    engine.set_auto_escape_callback(|_| AutoEscape::Custom("findsync".into()));
    // What a finding lacks is absent at every depth; names that exist nowhere are found when the template is checked.
    engine.set_undefined_behavior(UndefinedBehavior::Chainable);
    // Only unusual delimiters could fail.
    engine.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().unwrap_or_default());
    engine
}

/// Writes what there is to write of a value: nothing for what is absent.
fn write(out: &mut Output, value: &Value, escape: impl Fn(&str) -> String) -> Result<(), Error> {
    Ok(text(value).map_or(Ok(()), |text| out.write_str(&escape(&text)))?)
}

fn text(value: &Value) -> Option<String> {
    let absent = value.is_undefined() || value.is_none();
    let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    (!absent).then(|| if value.is_safe() { text() } else { unsealed(&text()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_filter_opens_what_was_escaped() {
        let hostile = "`@team` <b> #1";
        let engine = markdown();
        let told = |source: &str| {
            let values = minijinja::context! { title => hostile, shown => shown(escape::code(hostile)) };
            engine.render_str(source, values).map(|text| opened(&text)).unwrap_or_default()
        };
        assert_eq!(told("{{ title }}"), escape::inline(hostile));
        assert_eq!(told("{{ shown }}"), escape::code(hostile));
        assert_eq!(told("{% set x %}**{{ title }}**{% endset %}{{ x }}"), format!("**{}**", escape::inline(hostile)));
        for source in [
            "{{ shown | replace('`', '') }}",
            "{{ shown | trim('`') }}",
            "{{ shown[1:] }}",
            "{{ shown[:-1] }}",
            "{{ shown | list | join }}",
            "{{ shown | split('`') | join }}",
            "{{ '%s' | format(shown) }}",
            "{{ shown ~ title }}",
            "{{ shown | replace('60', '') }}",
            "{{ (title | code) | replace('`', '') }}",
            "{% filter replace('`', '') %}{{ title }}{% endfilter %}",
            "{{ title | safe }}",
        ] {
            let text = told(source);
            let allowed = [escape::code(hostile), escape::inline(hostile)];
            let rest = allowed.iter().fold(text.clone(), |rest, piece| rest.replace(piece, ""));
            assert!(!rest.contains(['@', '<', '#']), "{source}: {text}");
        }
    }

    #[test]
    fn templates_end() {
        let endless = "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}";
        assert!(markdown().render_str(endless, ()).is_err());
    }
}
