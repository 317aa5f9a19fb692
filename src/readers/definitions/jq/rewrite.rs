//! Terms of a program over which the engine takes long → calls of functions that are written here: object literals
//! (`objects.rs`) and paths (`steps.rs`). A call's argument tells which one it stands for.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};
use jaq_core::{DataT, Lut, Native, data::HasLut};
use jaq_json::{Num, Val};

use super::functions;
use super::objects::{self, Literal, Written};
use super::paths::{self, Steps};

/// What the calls stand for.
#[derive(Default)]
pub(crate) struct Replaced {
    pub(crate) literals: Vec<Literal>,
    pub(crate) paths: Vec<Steps>,
}

/// A compiled program with what its calls stand for, as it is handed to the engine.
#[derive(Clone, Copy)]
pub(crate) struct Code<'a> {
    pub(crate) lut: &'a Lut<Engine>,
    pub(crate) replaced: &'a Replaced,
}

/// What programs run on.
pub(crate) struct Engine;

impl DataT for Engine {
    type V<'a> = Val;
    type Data<'a> = Code<'a>;
}

impl<'a> HasLut<'a, Engine> for Code<'a> {
    fn lut(&self) -> &'a Lut<Engine> {
        self.lut
    }
}

/// Replaces terms. `keep` gives numbers a place to stay.
pub(crate) struct Replacer<'s, 'k> {
    pub(crate) keep: &'k dyn Fn(String) -> &'s str,
    pub(crate) replaced: Replaced,
}

impl<'s> Replacer<'s, '_> {
    pub(crate) fn def(&mut self, def: Def<&'s str>) -> Def<&'s str> {
        Def { body: self.term(def.body), ..def }
    }

    pub(crate) fn term(&mut self, term: Term<&'s str>) -> Term<&'s str> {
        match term {
            Term::Obj(members) => self.object(members),
            Term::Path(from, path) => self.path(from, path),
            Term::Arr(items) => Term::Arr(items.map(|items| self.boxed(items))),
            Term::Neg(term) => Term::Neg(self.boxed(term)),
            Term::BinOp(left, operator, right) => Term::BinOp(self.boxed(left), operator, self.boxed(right)),
            Term::Label(label, term) => Term::Label(label, self.boxed(term)),
            Term::Fold(name, from, pattern, terms) => Term::Fold(name, self.boxed(from), pattern, self.terms(terms)),
            Term::TryCatch(term, catch) => Term::TryCatch(self.boxed(term), catch.map(|catch| self.boxed(catch))),
            Term::IfThenElse(cases, otherwise) => {
                let cases = cases.into_iter().map(|(condition, then)| (self.term(condition), self.term(then)));
                Term::IfThenElse(cases.collect(), otherwise.map(|otherwise| self.boxed(otherwise)))
            }
            Term::Def(definitions, term) => {
                let definitions = definitions.into_iter().map(|def| self.def(def)).collect();
                Term::Def(definitions, self.boxed(term))
            }
            Term::Call(name, arguments) => Term::Call(name, self.terms(arguments)),
            Term::Str(format, parts) => {
                let part = |part| match part {
                    // In jq `"\(null)"` is `null`, and titles would hold that word wherever a report lacks something.
                    StrPart::Term(term) if format.is_none() => {
                        let term = self.term(term);
                        let call = Term::Call(functions::TEXT, Vec::new());
                        StrPart::Term(Term::BinOp(Box::new(term), BinaryOp::Pipe(None), Box::new(call)))
                    }
                    StrPart::Term(term) => StrPart::Term(self.term(term)),
                    text => text,
                };
                Term::Str(format, parts.into_iter().map(part).collect())
            }
            leaf @ (Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_)) => leaf,
        }
    }

    fn boxed(&mut self, mut term: Box<Term<&'s str>>) -> Box<Term<&'s str>> {
        *term = self.term(std::mem::take(&mut term));
        term
    }

    fn terms(&mut self, terms: Vec<Term<&'s str>>) -> Vec<Term<&'s str>> {
        terms.into_iter().map(|term| self.term(term)).collect()
    }

    fn object(&mut self, members: Vec<Written<'s>>) -> Term<&'s str> {
        let calls = Literal::all(members).into_iter().map(|(literal, arguments)| {
            let arguments = self.terms(arguments);
            let number = self.number(self.replaced.literals.len());
            self.replaced.literals.push(literal);
            Term::Call(objects::NAME, arguments.into_iter().chain([number]).collect())
        });
        let sum = |sum, call| Term::BinOp(Box::new(sum), BinaryOp::Math(Math::Add), Box::new(call));
        calls.reduce(sum).unwrap_or(Term::Obj(Vec::new()))
    }

    fn path(&mut self, from: Box<Term<&'s str>>, path: Path<Term<&'s str>>) -> Term<&'s str> {
        let Some(parts) = Steps::all(&path) else {
            let mut part = |part| match part {
                Part::Index(index) => Part::Index(self.term(index)),
                Part::Range(from, to) => Part::Range(from.map(|term| self.term(term)), to.map(|term| self.term(term))),
            };
            let path = Path(path.0.into_iter().map(|(step, opt)| (part(step), opt)).collect());
            return Term::Path(self.boxed(from), path);
        };
        parts.into_iter().fold(self.term(*from), |from, steps| {
            let number = self.number(self.replaced.paths.len());
            self.replaced.paths.push(steps);
            let call = Term::Call(paths::NAME, vec![number]);
            if matches!(from, Term::Id) {
                call
            } else {
                Term::BinOp(Box::new(from), BinaryOp::Pipe(None), Box::new(call))
            }
        })
    }

    fn number(&self, number: usize) -> Term<&'s str> {
        Term::Num((self.keep)(number.to_string()))
    }
}

/// The text that a term is, where it is that simple.
pub(crate) fn plain<'s>(term: &Term<&'s str>) -> Option<&'s str> {
    match term {
        Term::Str(None, parts) => match parts[..] {
            [StrPart::Str(text)] => Some(text),
            [] => Some(""),
            _ => None,
        },
        _ => None,
    }
}

/// A call's last argument as the place of what it stands for.
pub(crate) fn place(argument: &Val) -> usize {
    match argument {
        Val::Num(Num::Int(number)) => usize::try_from(*number).unwrap_or(usize::MAX),
        _ => usize::MAX,
    }
}

/// The functions that are called.
pub(crate) fn functions() -> impl Iterator<Item = jaq_core::native::Filter<Native<Engine>>> {
    objects::functions().chain(std::iter::once(paths::function()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use jaq_core::data::JustLut;
    use jaq_core::load::{Arena, File, Loader};
    use jaq_core::{Compiler, Ctx, Vars};

    use super::*;
    use crate::readers::definitions::jq::runtime::{self, Failure};

    /// What the engine makes of a program by itself.
    fn by_the_engine(code: &str, input: &Val) -> Vec<Result<Val, String>> {
        let arena = Arena::default();
        let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let modules = Loader::new(defs).load(&arena, File { code, path: () }).unwrap();
        let functions = jaq_core::funs::<JustLut<Val>>().chain(jaq_std::funs()).chain(jaq_json::funs());
        let filter = Compiler::default().with_funs(functions).compile(modules).unwrap();
        let outputs = filter.id.run((Ctx::<JustLut<Val>>::new(&filter.lut, Vars::new([])), input.clone()));
        outputs.map(|output| output.map_err(|error| error.get_err().unwrap().to_string())).collect()
    }

    #[test]
    fn programs_yield_what_they_yield_in_jq() {
        let inputs = [
            "null",
            "1",
            r#""a, b""#,
            "[]",
            r#"[{"a": 1}, null, "x"]"#,
            r#"{"a": {"b": [1, {"c": null}, false]}, "d": "t"}"#,
        ];
        for code in [
            ".a",
            ".a.b",
            ".a.b[1].c",
            ".a.b[-1]",
            ".a.b[7]",
            ".[0]",
            ".a?",
            ".a.b?",
            ".[]",
            ".[]?",
            ".a[]",
            ".a.b[]",
            ".a[]?[]?",
            ".[]?.a",
            "[.[]?] | .[0]",
            ".a as $x | $x.b?",
            "{a: .d}.a?",
            ".[\"d\"]",
            ".a[.d]?",
            ".a.b[0:2]",
            "path(.a.b[0])",
            "[paths]",
            "path(.[])",
            "path(.[]?)",
            "path(.a.b[]?)",
            "path(.a.b[1].c)",
            ".a.b = 3",
            ".a.b[0] |= 5",
            ".[]? |= 1",
            ".[] |= 1",
            ".a.b[]? |= (. // 7)",
            ".a |= empty",
            "del(.a.b[0])",
            "del(.[0]?)",
            "del(.a, .d)",
            ".a? |= 1",
            ".a.b[1].c += 2",
            "(.a.b | .[0]) |= 9",
            "to_entries?",
            "map(.)?",
            "map_values(.)?",
            "null",
            "true",
            "false",
            "not",
            "empty",
            "[empty]",
            "values",
            "type",
            "[isboolean, isnumber, isstring, isarray, isobject]",
            "path(values)",
            "del(.[]? | values)",
            "values |= 1",
            ".[]? |= empty",
            "del(.. | select(isnumber))",
            "split(\", \")",
            "split(1)",
            "[.[]? | values]",
            "first(.[]?)",
            "map(values)?",
            ".. |= (values)",
            "\"\\({x: [.d?], y: 1})\"",
            "def f(g): g |= 2; f(.a.b[0])",
            "def f(g): path(g); f(.d)",
            "reduce .[]? as $x (null; . + [$x])",
            "if . then .a? else null end",
            "try .a.b.c catch .",
            "[.a.b[1], .d]",
            "{a: [.d?], b: 1, c: \"x\"}",
            "limit(1; .[]?)",
            "-(1)",
            "label $out | .[]? | ., break $out",
        ] {
            for input in inputs {
                let input = jaq_json::read::parse_single(input.as_bytes()).unwrap();
                let wanted = by_the_engine(code, &input);
                // Our errors hide values.
                let told = |text: String| text.split_whitespace().next().unwrap_or_default().to_owned();
                let got = runtime::run("", code, input.clone()).map_err(|failure| match failure {
                    Failure::Document(text) | Failure::Program(text) => told(text),
                });
                let wanted = wanted.into_iter().collect::<Result<Vec<_>, _>>().map_err(told);
                assert_eq!(got, wanted, "{input} | {code}");
            }
        }
    }

    #[test]
    fn members_that_yield_nothing_are_null_in_every_literal() {
        let many = (0..40).map(|n| format!("m{n}: .none[]?")).collect::<Vec<_>>().join(", ");
        let nulls = (0..40).map(|n| format!("\"m{n}\":null")).collect::<Vec<_>>().join(",");
        for (code, wanted) in [
            ("{}", "[{}]"),
            ("{a: empty}", r#"[{"a":null}]"#),
            ("{a: .none[]?, b: 1}", r#"[{"a":null,"b":1}]"#),
            ("{a: (1, 2), b: (3, 4)}", r#"[{"a":1,"b":3},{"a":2,"b":3},{"a":1,"b":4},{"a":2,"b":4}]"#),
            ("{a, b: .a.c, d: \"x\"}", r#"[{"a":{"c":5},"b":5,"d":"x"}]"#),
            ("{none}", r#"[{"none":null}]"#),
            ("5 as $x | {$x, y: empty}", r#"[{"x":5,"y":null}]"#),
            ("\"k\" as $x | {$x: 6, y: empty}", r#"[{"k":6,"y":null}]"#),
            ("{\"a b\": empty, \"c\": 1}", r#"[{"a b":null,"c":1}]"#),
            ("{\"a\"}", r#"[{"a":{"c":5}}]"#),
            ("{\"a\\(1)\": empty, c: 1}", r#"[{"a1":null,"c":1}]"#),
            ("{\"\\(\"a\")\", c: 1}", r#"[{"a":{"c":5},"c":1}]"#),
            ("{(\"a\", \"b\"): empty}", r#"[{"a":null},{"b":null}]"#),
            ("{(\"a\", \"b\"): (1, 2)}", r#"[{"a":1},{"a":2},{"b":1},{"b":2}]"#),
            ("{(empty): 1, c: 1}", r#"[{"c":1}]"#),
            ("{a: {b: empty}, c: [{d: empty}]}", r#"[{"a":{"b":null},"c":[{"d":null}]}]"#),
            ("{if: 1, a: (empty, empty)}", r#"[{"if":1,"a":null}]"#),
            (r#""<\(.none)>, \(.a.c), \(false)""#, r#"["<>, 5, false"]"#),
            ("{a: 1} + {b: empty}", r#"[{"a":1,"b":null}]"#),
            ("def f(x): {x: x}; f(empty)", r#"[{"x":null}]"#),
            (format!("{{{many}}}").as_str(), format!("[{{{nulls}}}]").as_str()),
        ] {
            let input = jaq_json::read::parse_single(br#"{"a": {"c": 5}}"#).unwrap();
            let got = runtime::run("", code, input).map_err(|failure| match failure {
                Failure::Document(text) | Failure::Program(text) => text,
            });
            assert_eq!(got.map(|got| Val::from_iter(got).to_string()), Ok(wanted.to_owned()), "{code}");
        }
    }
}
