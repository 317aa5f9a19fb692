//! Functions of jq that the engine has in jq and not in Rust, of which programs are full: `null` is there a path into an
//! empty array, `isstring` two comparisons. What they yield is the same.

use jaq_core::native::{self, bome, v};
use jaq_core::{DataT, Error, Native, RunPtr, ValT as _};
use jaq_json::Val;

use super::functions::type_name;
use super::rewrite::Engine;

/// Their names and numbers of arguments, for which the engine's definitions are not needed.
pub(crate) fn signatures() -> Vec<(&'static str, usize)> {
    all::<Engine>().map(|(name, arguments, _)| (name, arguments.len())).collect()
}

pub(crate) fn all<D: for<'a> DataT<V<'a> = Val>>() -> impl Iterator<Item = native::Fun<D>> {
    let plain: [(&str, RunPtr<D>); 10] = [
        ("null", |_| bome(Ok(Val::Null))),
        ("true", |_| bome(Ok(Val::Bool(true)))),
        ("false", |_| bome(Ok(Val::Bool(false)))),
        ("not", |cv| bome(Ok(Val::Bool(!cv.1.as_bool())))),
        ("type", |cv| bome(Ok(Val::from(type_name(&cv.1).to_owned())))),
        ("isboolean", |cv| bome(Ok(Val::Bool(matches!(cv.1, Val::Bool(_)))))),
        ("isnumber", |cv| bome(Ok(Val::Bool(matches!(cv.1, Val::Num(_)))))),
        ("isstring", |cv| bome(Ok(Val::Bool(is_text(&cv.1))))),
        ("isarray", |cv| bome(Ok(Val::Bool(matches!(cv.1, Val::Arr(_)))))),
        ("isobject", |cv| bome(Ok(Val::Bool(matches!(cv.1, Val::Obj(_)))))),
    ];
    let split = native::run::<D>(("split", v(1), |mut cv| {
        let by = cv.0.pop_var();
        bome(if is_text(&cv.1) && is_text(&by) {
            cv.1 / by
        } else {
            Err(Error::str("split input and separator must be strings"))
        })
    }));
    // These two are used where a program changes what it selects.
    let empty = Native::<D>::new(|_| Box::new(std::iter::empty()))
        .with_paths(|_| Box::new(std::iter::empty()))
        .with_update(|cv, _| bome(Ok(cv.1)));
    let values = Native::<D>::new(|cv| Box::new(Some(cv.1).filter(is_there).map(Ok).into_iter()))
        .with_paths(|cv| Box::new(Some(cv.1).filter(|(value, _)| is_there(value)).map(Ok).into_iter()))
        .with_update(|cv, change| if is_there(&cv.1) { change(cv.1) } else { bome(Ok(cv.1)) });
    let plain = plain.map(|(name, run)| native::run::<D>((name, v(0), run)));
    plain.into_iter().chain([split, ("empty", v(0), empty), ("values", v(0), values)])
}

fn is_text(value: &Val) -> bool {
    matches!(value, Val::TStr(_) | Val::BStr(_))
}

fn is_there(value: &Val) -> bool {
    !matches!(value, Val::Null)
}
