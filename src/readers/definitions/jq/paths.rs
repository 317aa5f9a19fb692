//! Paths in a program (`.a.b`, `.a[0]?`, `.a[]`) → one call each: programs consist of them, and the engine explodes each
//! into all its combinations whenever it runs.

use std::iter::once;

use jaq_core::box_iter::{BoxIter, box_once};
use jaq_core::load::parse::Term;
use jaq_core::native::{self, bome};
use jaq_core::path::{Opt, Part, Path};
use jaq_core::{Bind, Ctx, Cv, Exn, Native, ValR, ValT as _, ValX, ValXs};
use jaq_json::Val;

use super::rewrite::{Engine, place, plain};

/// No program can spell it.
pub(crate) const NAME: &str = "steps of a path";

/// A path whose last step alone may lead to several values.
pub(crate) struct Steps {
    /// Names of members, or places of items.
    to: Vec<(Val, Opt)>,
    /// Whether it goes on to all values of where they lead.
    each: Option<Opt>,
}

impl Steps {
    /// A path in parts that end with `[]`, where all its steps are constant.
    pub(crate) fn all(path: &Path<Term<&str>>) -> Option<Vec<Self>> {
        let mut all = Vec::new();
        let mut to = Vec::new();
        for (part, opt) in &path.0 {
            match part {
                Part::Index(index) => to.push((constant(index)?, *opt)),
                Part::Range(None, None) => all.push(Self { to: std::mem::take(&mut to), each: Some(*opt) }),
                Part::Range(..) => return None,
            }
        }
        if !to.is_empty() {
            all.push(Self { to, each: None });
        }
        Some(all)
    }
}

fn constant(term: &Term<&str>) -> Option<Val> {
    match term {
        Term::Num(number) => number.parse::<isize>().ok().map(Val::from),
        Term::Neg(term) => match **term {
            Term::Num(number) => number.parse::<isize>().ok().map(|number| Val::from(-number)),
            _ => None,
        },
        text => plain(text).map(|text| Val::from(text.to_owned())),
    }
}

/// Where a step leads; nowhere, if it may fail and does.
fn step(value: Val, (to, opt): &(Val, Opt)) -> Option<ValR<Val>> {
    wanted(value.index(to), *opt)
}

fn wanted<T>(result: ValR<T, Val>, opt: Opt) -> Option<ValR<T, Val>> {
    (result.is_ok() || matches!(opt, Opt::Essential)).then_some(result)
}

/// Where names lead.
pub(crate) fn follow(value: &Val, names: &[Val]) -> ValR<Val> {
    let mut at = value;
    for (i, name) in names.iter().enumerate() {
        match at {
            // Only what is found is worth a copy.
            Val::Obj(members) => match members.get(name) {
                Some(value) => at = value,
                None => return Ok(Val::Null),
            },
            other => return names[i..].iter().try_fold(other.clone(), |value, name| value.index(name)),
        }
    }
    Ok(at.clone())
}

/// The values in an array or object, which others may hold as well.
fn values(value: Val) -> BoxIter<'static, ValR<Val>> {
    match value {
        Val::Arr(items) => Box::new((0..items.len()).map(move |at| Ok(items[at].clone()))),
        Val::Obj(members) => Box::new((0..members.len()).map(move |at| Ok(members[at].clone()))),
        other => other.values(),
    }
}

fn steps<'a>(context: &mut Ctx<'a, Engine>) -> &'a Steps {
    let at = place(&context.pop_var());
    &context.data().replaced.paths[at]
}

fn run<'a>((mut context, mut value): Cv<'a, Engine>) -> ValXs<'a, Val> {
    let steps = steps(&mut context);
    for to in &steps.to {
        match step(value, to) {
            Some(Ok(found)) => value = found,
            Some(Err(error)) => return bome(Err(error)),
            None => return Box::new(std::iter::empty()),
        }
    }
    match steps.each {
        Some(opt) => Box::new(values(value).filter_map(move |one| wanted(one, opt)).map(|one| one.map_err(Exn::from))),
        None => bome(Ok(value)),
    }
}

/// Changes what the steps lead to.
fn update<'a>(
    to: &[(Val, Opt)],
    each: Option<Opt>,
    value: Val,
    change: &dyn Fn(Val) -> ValXs<'a, Val>,
) -> ValX<'a, Val> {
    match (to, each) {
        ([(to, opt)], None) => value.map_index(to, *opt, change),
        ([(to, opt), rest @ ..], _) => value.map_index(to, *opt, |value| once(update(rest, each, value, change))),
        ([], Some(opt)) => value.map_values(opt, change),
        ([], None) => Ok(value),
    }
}

/// The function that is called. Like the paths that it stands for, it can tell the way and change what is there.
pub(crate) fn function() -> native::Fun<Engine> {
    let native = Native::<Engine>::new(run)
        .with_paths(|(mut context, (mut value, mut way))| {
            let steps = steps(&mut context);
            for to in &steps.to {
                match step(value, to) {
                    Some(Ok(found)) => (value, way) = (found, way.cons(to.0.clone())),
                    Some(Err(error)) => return box_once(Err(Exn::from(error))),
                    None => return Box::new(std::iter::empty()),
                }
            }
            let Some(opt) = steps.each else { return box_once(Ok((value, way))) };
            let all = value.key_values().filter_map(move |pair| wanted(pair, opt));
            Box::new(all.map(move |pair| match pair {
                Ok((key, value)) => Ok((value, way.clone().cons(key))),
                Err(error) => Err(Exn::from(error)),
            }))
        })
        .with_update(|(mut context, value), change| {
            let steps = steps(&mut context);
            box_once(update(&steps.to, steps.each, value, &|value| change(value)))
        });
    (NAME, [Bind::Var(())].into(), native)
}
