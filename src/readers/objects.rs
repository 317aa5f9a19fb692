//! Object literals in a program → one call each. The engine adds up `{a: f, b: g, …}` from objects of one member, which
//! takes quadratic time in their number, and findings are objects of many members.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{Def, Term};
use jaq_core::native::{self, bome, v};
use jaq_core::{DataT, Native};
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
        native::run::<D>((NAME, v(members + 1), |mut cv| {
            let Val::TStr(names) = cv.0.pop_var() else { return bome(Ok(Val::Null)) };
            let names: Vec<_> = names.split(|byte| *byte == BETWEEN as u8).map(|name| names.slice_ref(name)).collect();
            // Arguments come back the last first.
            let mut values: Vec<_> = names.iter().map(|_| cv.0.pop_var()).collect();
            values.reverse();
            let mut object = Map::with_capacity_and_hasher(names.len(), Default::default());
            object.extend(names.into_iter().map(Val::utf8_str).zip(values));
            bome(Ok(Val::obj(object)))
        }))
    })
}
