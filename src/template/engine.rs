//! The template engine: minijinja, with escaping that no template can switch off.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior};

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
        write(out, value, |text| if value.is_safe() { text.to_owned() } else { escape::inline(text) })
    });
    for (name, escape) in FILTERS {
        engine.add_filter(name, move |value: Value| {
            Value::from_safe_string(text(&value).map_or_else(String::new, |text| escape(&text)))
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

fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
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
    (!absent).then(|| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}
