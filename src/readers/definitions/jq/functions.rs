//! What scanner definitions may call beside jq's own functions and the prelude. What is called for every finding is
//! written here and not in jq, where it would take most of the time.

use jaq_core::box_iter::box_once;
use jaq_core::native::{self, bome, v};
use jaq_core::{Bind, DataT, Error, Native, ValXs};
use jaq_json::{Num, Val};

use super::builtins;
use crate::finding::base_score;
use crate::readers::definitions::finding::lossy;
use crate::readers::html::to_text;
use crate::readers::identifiers;
use crate::readers::normalise::checkouts;

/// What jq offers and a report has no business with.
const FORBIDDEN: [(&str, usize); 6] =
    [("input_filename", 0), ("env", 0), ("now", 0), ("halt", 1), ("debug_empty", 0), ("stderr_empty", 0)];

type Function<D> = native::Filter<Native<D>>;

/// All functions: jq's but for the forbidden, and ours.
pub(crate) fn all<D: for<'a> DataT<V<'a> = Val>>() -> impl Iterator<Item = Function<D>> {
    let allowed = jaq_core::funs::<D>()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs())
        .filter(|(name, ..)| *name != "fromjson" && !FORBIDDEN.iter().any(|(forbidden, _)| forbidden == name));
    let forbidden = FORBIDDEN.into_iter().map(|(name, arity)| {
        native::run::<D>((name, v(arity), |_| bome(Err(Error::str("not available to scanner definitions")))))
    });
    allowed.chain(forbidden).chain(builtins::all()).chain(ours())
}

/// What becomes text in a text: null is none. No program can spell its name.
pub(crate) const TEXT: &str = "part of a text";

fn ours<D: for<'a> DataT<V<'a> = Val>>() -> [Function<D>; 12] {
    [
        native::run((TEXT, v(0), |cv| {
            bome(Ok(if matches!(cv.1, Val::Null) { Val::from(String::new()) } else { cv.1 }))
        })),
        native::run(("without_checkout", v(0), |cv| {
            bome(Ok(match &cv.1 {
                Val::TStr(bytes) => Val::from(without_checkout(&lossy(bytes)).to_owned()),
                other => other.clone(),
            }))
        })),
        // As deep as a report may be, and not until the stack ends.
        native::run(("fromjson", v(0), |cv| {
            bome(match &cv.1 {
                Val::TStr(text) | Val::BStr(text) => serde_json::from_str(&lossy(text))
                    .map_err(|_| Error::str("cannot parse text as JSON, or it is nested too deep")),
                other => Err(Error::str(format_args!("cannot use {} as text", type_name(other)))),
            })
        })),
        native::run(("items", v(0), |cv| items(cv.1))),
        native::run(("cwe", v(0), |cv| texts(&cv.1, |text| identifiers::cwes(text).map(Val::from).collect()))),
        native::run(("ids", v(0), |cv| {
            texts(&cv.1, |text| identifiers::find(text).filter(|id| !id.starts_with("CWE-")).map(Val::from).collect())
        })),
        native::run(("cvss_score", v(0), |cv| {
            texts(&cv.1, |text| base_score(text).map(|score| Val::Num(Num::Float(score))).into_iter().collect())
        })),
        native::run(("present", v(0), |cv| many(says(&cv.1).then_some(cv.1)))),
        native::run(("first_present", [Bind::Fun(())].into(), |mut cv| {
            let (outputs, context) = cv.0.pop_fun();
            let mut outputs = outputs.run::<D>((context, cv.1));
            let first = outputs.find(|output| output.as_ref().map_or(true, says));
            // As what `//` makes of `false`.
            let first =
                first.unwrap_or(Ok(Val::Null)).map(|value| if value == Val::Bool(false) { Val::Null } else { value });
            box_once(first)
        })),
        native::run(("joined", v(1), |mut cv| {
            let by = cv.0.pop_var();
            bome(joined(&cv.1, &by))
        })),
        native::run(("utf16_slice", v(2), |mut cv| {
            let (to, from) = (cv.0.pop_var(), cv.0.pop_var());
            bome(utf16_slice(&cv.1, &from, &to))
        })),
        native::run(("html_text", v(0), |cv| {
            bome(Ok(match &cv.1 {
                Val::TStr(bytes) => Val::from(to_text(&lossy(bytes))),
                other => other.clone(),
            }))
        })),
    ]
}

/// A dotted name (`builds.acme.shop.rules.eval`) without the folders of a machine's checkout.
pub(crate) fn without_checkout(name: &str) -> &str {
    let path = format!("/{}", name.replace('.', "/"));
    checkouts::below_checkout(&path).next().map_or(name, |rest| &name[name.len() - rest.len()..])
}

fn many<'a>(values: impl IntoIterator<Item = Val, IntoIter: 'a>) -> ValXs<'a, Val> {
    Box::new(values.into_iter().map(Ok))
}

/// The items of an array; nothing where it is null. Anything else is an error.
fn items<'a>(list: Val) -> ValXs<'a, Val> {
    match list {
        Val::Null => many(None),
        Val::Arr(items) => many((0..items.len()).map(move |at| items[at].clone())),
        other => bome(Err(Error::str(format_args!("an array was expected, got {}", type_name(&other))))),
    }
}

/// What is made of a text or a number; nothing of anything else.
fn texts<'a>(value: &Val, f: impl FnOnce(&str) -> Vec<Val>) -> ValXs<'a, Val> {
    many(match value {
        Val::TStr(bytes) => f(&lossy(bytes)),
        Val::Num(number) => f(&number.to_string()),
        _ => Vec::new(),
    })
}

/// Whether a value says something.
fn says(value: &Val) -> bool {
    match value {
        Val::Null => false,
        Val::TStr(text) => !text.is_empty() && **text != b"N/A"[..],
        Val::Arr(items) => !items.is_empty(),
        _ => true,
    }
}

/// The items of an array that say something, joined.
fn joined(list: &Val, by: &Val) -> Result<Val, Error<Val>> {
    let (Val::Arr(items), Val::TStr(by)) = (list, by) else {
        return Err(Error::str(format_args!("an array was expected, got {}", type_name(list))));
    };
    let text = |value: &Val| match value {
        Val::TStr(bytes) => lossy(bytes).into_owned(),
        other => other.to_string(),
    };
    let texts: Vec<_> = items.iter().filter(|item| says(item)).map(text).collect();
    Ok(Val::from(texts.join(&lossy(by))))
}

/// A part of a text by places that count as JavaScript does.
fn utf16_slice(text: &Val, from: &Val, to: &Val) -> Result<Val, Error<Val>> {
    let (Val::TStr(text), Val::Num(Num::Int(from)), Val::Num(Num::Int(to))) = (text, from, to) else {
        return Err(Error::str(format_args!("cannot use {} as text", type_name(text))));
    };
    let mut at = 0;
    let is_inside = |c: &char| {
        let start = at;
        at += isize::try_from(c.len_utf16()).unwrap_or(1);
        start >= *from && start < *to
    };
    Ok(Val::from(lossy(text).chars().filter(is_inside).collect::<String>()))
}

pub(crate) fn type_name(value: &Val) -> &'static str {
    match value {
        Val::Null => "null",
        Val::Bool(_) => "boolean",
        Val::Num(_) => "number",
        Val::BStr(_) | Val::TStr(_) => "string",
        Val::Arr(_) => "array",
        Val::Obj(_) => "object",
    }
}
