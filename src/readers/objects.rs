//! Object literals in a program → one call each, for two reasons. The engine adds up `{a: f, b: g, …}` from objects of one
//! member, which takes quadratic time in their number, and findings are objects of many members. And in jq an object of
//! which one member yields nothing is no object: a finding would be lost for want of a reference. Here the member is null.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{Def, Term};
use jaq_core::native;
use jaq_core::{Bind, Cv, DataT, Exn, Native};
use jaq_json::{Map, Val};

/// No program can spell it.
const NAME: &str = "object literal";
/// What stands between the members' names in the call's last argument.
const BETWEEN: char = '\0';
/// Literals of more members are left to the engine.
const MAX_MEMBERS: usize = 32;

/// A program with its object literals replaced. `keep` gives the members' names a place to stay.
pub(super) fn replaced<'s>(term: Term<&'s str>, keep: &impl Fn(String) -> &'s str) -> Term<&'s str> {
    let of = |term| replaced(term, keep);
    let boxed = |term: Box<Term<&'s str>>| Box::new(of(*term));
    match term {
        Term::Obj(members) => object(members.into_iter().map(|(name, value)| (name, value.map(of))).collect(), keep),
        Term::Arr(items) => Term::Arr(items.map(boxed)),
        Term::Neg(term) => Term::Neg(boxed(term)),
        Term::BinOp(left, operator, right) => Term::BinOp(boxed(left), operator, boxed(right)),
        Term::Label(label, term) => Term::Label(label, boxed(term)),
        Term::Fold(name, from, pattern, terms) => {
            Term::Fold(name, boxed(from), pattern, terms.into_iter().map(of).collect())
        }
        Term::TryCatch(term, catch) => Term::TryCatch(boxed(term), catch.map(boxed)),
        Term::IfThenElse(cases, otherwise) => {
            let cases = cases.into_iter().map(|(condition, then)| (of(condition), of(then)));
            Term::IfThenElse(cases.collect(), otherwise.map(boxed))
        }
        Term::Def(definitions, term) => {
            let definitions = definitions.into_iter().map(|def| Def { body: of(def.body), ..def });
            Term::Def(definitions.collect(), boxed(term))
        }
        Term::Call(name, arguments) => Term::Call(name, arguments.into_iter().map(of).collect()),
        Term::Path(from, path) => Term::Path(boxed(from), path),
        leaf @ (Term::Id | Term::Recurse | Term::Num(_) | Term::Str(..) | Term::Break(_) | Term::Var(_)) => leaf,
    }
}

fn object<'s>(
    members: Vec<(Term<&'s str>, Option<Term<&'s str>>)>,
    keep: &impl Fn(String) -> &'s str,
) -> Term<&'s str> {
    let plain = |(name, value): &(Term<&'s str>, Option<Term<&'s str>>)| match name {
        Term::Str(None, parts) if value.is_some() => match parts[..] {
            [StrPart::Str(name)] if !name.contains(BETWEEN) => Some(name),
            _ => None,
        },
        _ => None,
    };
    match members.iter().map(plain).collect::<Option<Vec<_>>>() {
        Some(names) if (2..=MAX_MEMBERS).contains(&names.len()) => {
            let names = keep(names.join(&BETWEEN.to_string()));
            let values = members.into_iter().filter_map(|(_, value)| value);
            Term::Call(NAME, values.chain([Term::Str(None, vec![StrPart::Str(names)])]).collect())
        }
        _ => Term::Obj(members),
    }
}

/// The function that is called, for each number of members.
pub(super) fn functions<D: for<'a> DataT<V<'a> = Val>>() -> impl Iterator<Item = native::Filter<Native<D>>> {
    (2..=MAX_MEMBERS).map(|members| {
        let arguments = std::iter::repeat_n(Bind::Fun(()), members).chain([Bind::Var(())]);
        native::run::<D>((NAME, arguments.collect(), |cv| match objects(cv) {
            Ok(objects) => Box::new(objects.into_iter().map(|object| Ok(Val::obj(object)))),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }))
    })
}

/// One object for each combination of what the members yield.
fn objects<'a, D: DataT<V<'a> = Val>>((mut context, input): Cv<'a, D>) -> Result<Vec<Map>, Exn<'a, Val>> {
    let Val::TStr(names) = context.pop_var() else { return Ok(Vec::new()) };
    let names: Vec<_> = names.split(|byte| *byte == BETWEEN as u8).map(|name| names.slice_ref(name)).collect();
    // Arguments come back the last first.
    let mut members: Vec<_> = names.into_iter().rev().map(|name| (name, context.pop_fun())).collect();
    members.reverse();
    let mut objects = vec![Map::with_capacity_and_hasher(members.len(), Default::default())];
    for (name, (member, context)) in members {
        let mut values = member.run::<D>((context, input.clone()));
        let first = values.next().transpose()?.unwrap_or_default();
        let others = values.collect::<Result<Vec<_>, _>>()?;
        let more: Vec<_> = others
            .into_iter()
            .flat_map(|value| objects.iter().cloned().map(move |object| (object, value.clone())).collect::<Vec<_>>())
            .map(|(mut object, value)| {
                object.insert(Val::utf8_str(name.clone()), value);
                object
            })
            .collect();
        objects.iter_mut().for_each(|object| drop(object.insert(Val::utf8_str(name.clone()), first.clone())));
        objects.extend(more);
    }
    Ok(objects)
}
