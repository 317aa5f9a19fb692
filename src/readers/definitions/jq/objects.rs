//! Object literals in a program → one call each, for three reasons. The engine adds up `{a: f, b: g, …}` from objects of
//! one member, which takes quadratic time in their number, and findings are objects of many members. Most members are
//! paths (`rule: .id`), which need no run of the engine. And in jq an object of which one member yields nothing is no
//! object: a finding would be lost for want of a reference. Here the member is null, however the literal is written.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::Term;
use jaq_core::path::{Opt, Part, Path};
use jaq_core::{Bind, Cv, Exn, native};
use jaq_json::{Map, Val};

use super::paths::follow;
use super::rewrite::{Engine, place, plain};

/// No program can spell it.
pub(crate) const NAME: &str = "object literal";
/// What one call takes at most; a literal that needs more is the sum of several.
const MAX_ARGUMENTS: usize = 32;

/// A member of a literal, as the parser gives it: without a value, its name is what leads to it.
pub(crate) type Written<'s> = (Term<&'s str>, Option<Term<&'s str>>);

/// The members of an object literal.
pub(crate) struct Literal(Vec<(Source, Source)>);

/// How a member's name or value is found.
enum Source {
    /// By names that lead to it (`{title, id: .a.b}`).
    Follow(Vec<Val>),
    /// It is a text.
    Text(Val),
    /// By an argument of the call.
    Argument,
}

impl Literal {
    /// Object literals whose sum is the written one, each with the arguments of its call.
    pub(crate) fn all<'s>(members: Vec<Written<'s>>) -> Vec<(Self, Vec<Term<&'s str>>)> {
        let mut all = vec![(Self(Vec::new()), Vec::new())];
        for member in members {
            let (name, value) = spelled_out(member);
            let (name, value) = (part(name), part(value));
            let arguments = [&name, &value].into_iter().filter(|(_, argument)| argument.is_some()).count();
            if all.last().is_none_or(|(_, taken): &(Self, Vec<_>)| taken.len() + arguments > MAX_ARGUMENTS) {
                all.push((Self(Vec::new()), Vec::new()));
            }
            if let Some((literal, taken)) = all.last_mut() {
                literal.0.push((name.0, value.0));
                taken.extend([name.1, value.1].into_iter().flatten());
            }
        }
        all
    }
}

/// A member with its name and its value: `{$x}` is `{x: $x}`, and `{a}` is `{a: .a}`.
fn spelled_out<'s>((name, value): Written<'s>) -> (Term<&'s str>, Term<&'s str>) {
    match (name, value) {
        (Term::Var(variable), None) => (Term::Str(None, vec![StrPart::Str(&variable[1..])]), Term::Var(variable)),
        (name, None) => {
            let path = Path(vec![(Part::Index(name.clone()), Opt::Essential)]);
            (name, Term::Path(Box::new(Term::Id), path))
        }
        (name, Some(value)) => (name, value),
    }
}

/// How a term's value is found, and the argument for it where one is needed.
fn part(term: Term<&str>) -> (Source, Option<Term<&str>>) {
    let text = |text: &str| Val::from(text.to_owned());
    match (names(&term), plain(&term)) {
        (Some(names), _) => (Source::Follow(names.into_iter().map(text).collect()), None),
        (None, Some(value)) => (Source::Text(text(value)), None),
        (None, None) => (Source::Argument, Some(term)),
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

/// The function that is called, for each number of arguments.
pub(crate) fn functions() -> impl Iterator<Item = native::Fun<Engine>> {
    (0..=MAX_ARGUMENTS).map(|members| {
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
    let sources = literal.0.iter().flat_map(|(name, value)| [name, value]);
    // Arguments come back the last first.
    let mut calls: Vec<_> =
        sources.filter(|source| matches!(source, Source::Argument)).map(|_| context.pop_fun()).collect();
    // The first value apart, as there is seldom another.
    let mut values = |source: &Source| -> Result<(Option<Val>, Vec<Val>), Exn<'a, Val>> {
        Ok(match source {
            Source::Follow(names) => (Some(follow(&input, names).map_err(Exn::from)?), Vec::new()),
            Source::Text(text) => (Some(text.clone()), Vec::new()),
            Source::Argument => {
                let Some((argument, context)) = calls.pop() else { return Ok((None, Vec::new())) };
                let mut values = argument.run::<Engine>((context, input.clone()));
                (values.next().transpose()?, values.collect::<Result<Vec<_>, _>>()?)
            }
        })
    };
    let mut objects = vec![Map::with_capacity_and_hasher(literal.0.len(), Default::default())];
    for (name, value) in &literal.0 {
        let (name, other_names) = values(name)?;
        let (value, other_values) = values(value)?;
        let Some(name) = name else { continue };
        let value = value.unwrap_or_default();
        let with = |(mut object, name, value): (Map, Val, Val)| {
            object.insert(name, value);
            object
        };
        let all_values = || std::iter::once(&value).chain(&other_values);
        let others = other_values.iter().map(|value| (&name, value));
        let others = others.chain(other_names.iter().flat_map(|name| all_values().map(move |value| (name, value))));
        let more: Vec<_> = others
            .flat_map(|(name, value)| {
                objects.iter().cloned().map(move |object| with((object, name.clone(), value.clone())))
            })
            .collect();
        objects.iter_mut().for_each(|object| drop(object.insert(name.clone(), value.clone())));
        objects.extend(more);
    }
    Ok(objects)
}
