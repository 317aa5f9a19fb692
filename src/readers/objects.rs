//! Object literals in a program → one call each, for three reasons. The engine adds up `{a: f, b: g, …}` from objects of
//! one member, which takes quadratic time in their number, and findings are objects of many members. Most members are
//! paths (`rule: .id`), which need no run of the engine. And in jq an object of which one member yields nothing is no
//! object: a finding would be lost for want of a reference. Here the member is null.

use bytes::Bytes;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{Def, Term};
use jaq_core::native;
use jaq_core::path::{Opt, Part};
use jaq_core::{Bind, Cv, DataT, Exn, Native, ValT as _};
use jaq_json::{Map, Val};

/// No program can spell it.
const NAME: &str = "object literal";
/// What stands between the members' heads in the call's last argument.
const BETWEEN: char = '\0';
/// What stands between the parts of a head: a member's name, and the steps of the path to its value.
const STEP: char = '\u{1}';
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
    if !(2..=MAX_MEMBERS).contains(&members.len()) {
        return Term::Obj(members);
    }
    let Some(heads) = members.iter().map(head).collect::<Option<Vec<_>>>() else { return Term::Obj(members) };
    let called = heads.iter().zip(members).filter(|(head, _)| !head.contains(STEP)).filter_map(|(_, member)| member.1);
    let called: Vec<_> = called.collect();
    let heads = keep(heads.join(&BETWEEN.to_string()));
    Term::Call(NAME, called.into_iter().chain([Term::Str(None, vec![StrPart::Str(heads)])]).collect())
}

/// A member's name, and behind it the path by which its value is found, where it is that simple (`{title, id: .a.b}`).
fn head((name, value): &(Term<&str>, Option<Term<&str>>)) -> Option<String> {
    let plain = |term: &Term<&str>| match term {
        Term::Str(None, parts) => match parts[..] {
            [StrPart::Str(text)] if !text.contains([BETWEEN, STEP]) => Some(text.to_owned()),
            _ => None,
        },
        _ => None,
    };
    let name = plain(name)?;
    let path = match value {
        None => vec![name.clone()],
        Some(Term::Path(from, path)) if matches!(**from, Term::Id) => {
            let step = |(part, opt): &(Part<Term<&str>>, Opt)| match (part, opt) {
                (Part::Index(index), Opt::Essential) => plain(index),
                _ => None,
            };
            path.0.iter().map(step).collect::<Option<_>>().unwrap_or_default()
        }
        Some(_) => Vec::new(),
    };
    Some(std::iter::once(name).chain(path).collect::<Vec<_>>().join(&STEP.to_string()))
}

/// The function that is called, for each number of members that are no paths.
pub(super) fn functions<D: for<'a> DataT<V<'a> = Val>>() -> impl Iterator<Item = native::Filter<Native<D>>> {
    (0..=MAX_MEMBERS).map(|members| {
        let arguments = std::iter::repeat_n(Bind::Fun(()), members).chain([Bind::Var(())]);
        native::run::<D>((NAME, arguments.collect(), |cv| match objects(cv) {
            Ok(objects) => Box::new(objects.into_iter().map(|object| Ok(Val::obj(object)))),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }))
    })
}

/// One object for each combination of what the members yield.
fn objects<'a, D: DataT<V<'a> = Val>>((mut context, input): Cv<'a, D>) -> Result<Vec<Map>, Exn<'a, Val>> {
    let Val::TStr(heads) = context.pop_var() else { return Ok(Vec::new()) };
    let heads: Vec<_> = heads.split(|byte| *byte == BETWEEN as u8).map(|head| heads.slice_ref(head)).collect();
    // Arguments come back the last first.
    let is_call = |head: &&Bytes| !head.contains(&(STEP as u8));
    let mut calls: Vec<_> = heads.iter().filter(is_call).map(|_| context.pop_fun()).collect();
    let mut objects = vec![Map::with_capacity_and_hasher(heads.len(), Default::default())];
    for head in &heads {
        let mut steps = head.split(|byte| *byte == STEP as u8).map(|step| Val::utf8_str(head.slice_ref(step)));
        let name = steps.next().unwrap_or_default();
        let (first, others) = if is_call(&head) {
            let Some((member, context)) = calls.pop() else { return Ok(Vec::new()) };
            let mut values = member.run::<D>((context, input.clone()));
            let first = values.next().transpose()?.unwrap_or_default();
            (first, values.collect::<Result<Vec<_>, _>>()?)
        } else {
            (steps.try_fold(input.clone(), |value, step| value.index(&step)).map_err(Exn::from)?, Vec::new())
        };
        let more: Vec<_> = others
            .into_iter()
            .flat_map(|value| objects.iter().cloned().map(move |object| (object, value.clone())).collect::<Vec<_>>())
            .map(|(mut object, value)| {
                object.insert(name.clone(), value);
                object
            })
            .collect();
        objects.iter_mut().for_each(|object| drop(object.insert(name.clone(), first.clone())));
        objects.extend(more);
    }
    Ok(objects)
}
