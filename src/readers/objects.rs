//! Object literals in a program → one call each, for three reasons. The engine adds up `{a: f, b: g, …}` from objects of
//! one member, which takes quadratic time in their number, and findings are objects of many members. Most members are
//! paths (`rule: .id`), which need no run of the engine. And in jq an object of which one member yields nothing is no
//! object: a finding would be lost for want of a reference. Here the member is null.

use jaq_core::load::parse::Term;
use jaq_core::path::{Opt, Part};
use jaq_core::{Bind, Cv, Exn, native};
use jaq_json::{Map, Val};

use super::steps::follow;
use super::terms::{Engine, place, plain};

/// No program can spell it.
pub(super) const NAME: &str = "object literal";
/// Literals of more members are left to the engine.
const MAX_MEMBERS: usize = 32;

/// The members of an object literal.
pub(super) struct Literal(Vec<(Val, Member)>);

/// How a member's value is found.
enum Member {
    /// By names that lead to it (`{title, id: .a.b}`).
    At(Vec<Val>),
    /// It is a text.
    Text(Val),
    /// By an argument of the call.
    Called,
}

impl Literal {
    /// An object literal whose members have constant names.
    pub(super) fn new(members: &[(Term<&str>, Option<Term<&str>>)]) -> Option<Self> {
        let text = |text: &str| Val::from(text.to_owned());
        let member = |(name, value): &(Term<&str>, Option<Term<&str>>)| {
            let name = text(plain(name)?);
            let how = match value {
                None => Member::At(vec![name.clone()]),
                Some(value) => match (names(value), plain(value)) {
                    (Some(names), _) => Member::At(names.into_iter().map(text).collect()),
                    (None, Some(value)) => Member::Text(text(value)),
                    (None, None) => Member::Called,
                },
            };
            Some((name, how))
        };
        let members = (2..=MAX_MEMBERS).contains(&members.len()).then_some(members)?;
        members.iter().map(member).collect::<Option<_>>().map(Self)
    }

    /// For each member, whether an argument of the call gives its value.
    pub(super) fn is_called(&self) -> impl Iterator<Item = bool> {
        self.0.iter().map(|(_, how)| matches!(how, Member::Called))
    }
}

/// The names in a path of nothing else.
fn names<'s>(term: &Term<&'s str>) -> Option<Vec<&'s str>> {
    let Term::Path(from, path) = term else { return None };
    let name = |(part, opt): &(Part<Term<&'s str>>, Opt)| match (part, opt) {
        (Part::Index(index), Opt::Essential) => plain(index),
        _ => None,
    };
    matches!(**from, Term::Id).then(|| path.0.iter().map(name).collect())?
}

/// The function that is called, for each number of members that are arguments.
pub(super) fn functions() -> impl Iterator<Item = native::Fun<Engine>> {
    (0..=MAX_MEMBERS).map(|members| {
        let arguments = std::iter::repeat_n(Bind::Fun(()), members).chain([Bind::Var(())]);
        let run = native::run::<Engine>;
        run((NAME, arguments.collect(), |cv| match objects(cv) {
            Ok(objects) => Box::new(objects.into_iter().map(|object| Ok(Val::obj(object)))),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }))
    })
}

/// One object for each combination of what the members yield.
fn objects<'a>((mut context, input): Cv<'a, Engine>) -> Result<Vec<Map>, Exn<'a, Val>> {
    let at = place(&context.pop_var());
    let literal: &'a Literal = &context.data().replaced.literals[at];
    // Arguments come back the last first.
    let mut calls: Vec<_> = literal.is_called().filter(|called| *called).map(|_| context.pop_fun()).collect();
    let mut objects = vec![Map::with_capacity_and_hasher(literal.0.len(), Default::default())];
    for (name, how) in &literal.0 {
        let (first, others) = match how {
            Member::At(names) => (follow(&input, names).map_err(Exn::from)?, Vec::new()),
            Member::Text(text) => (text.clone(), Vec::new()),
            Member::Called => {
                let Some((member, context)) = calls.pop() else { return Ok(Vec::new()) };
                let mut values = member.run::<Engine>((context, input.clone()));
                let first = values.next().transpose()?.unwrap_or_default();
                (first, values.collect::<Result<Vec<_>, _>>()?)
            }
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
