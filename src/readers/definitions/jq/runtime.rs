//! Runs the jq programs of scanner definitions, with the jaq crates and our prelude.
//!
//! Programs see the document and nothing else: no environment, no clock, no output.

use jaq_core::load::parse::Def;
use jaq_core::load::{Arena, File, Loader, parse};
use jaq_core::{Ctx, Error, Filter, Vars};
use jaq_json::Val;

use super::rewrite::{self, Code, Engine, Replaced, Replacer};
use super::{builtins, functions};
use crate::redact;

/// The name by which a program is called.
const MAIN: &str = "main_program";

const PRELUDE: &str = include_str!("prelude.jq");

/// Why a program gave no result.
pub(crate) enum Failure {
    /// It is no program.
    Program(String),
    /// It does not fit the document, or says itself that the document is wrong.
    Document(String),
}

/// A program that is ready to run.
pub(crate) struct Program {
    filter: Filter<Engine>,
    replaced: Replaced,
    code: String,
}

impl Program {
    /// Compiles a program that may call `helpers`, or says what is wrong with them.
    pub(crate) fn new(helpers: &str, program: &str) -> Result<Self, String> {
        // Programs see the document and no files.
        let mut lines = program.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let first = lines.next().and_then(|line| line.split(|c: char| !c.is_ascii_alphabetic()).next());
        if matches!(first, Some("import" | "include" | "module")) {
            return Err("`import`, `include` and `module` are not available to scanner definitions".to_owned());
        }
        let texts = format!("{helpers}\n{program}");
        let prelude = parse(PRELUDE, |parser| parser.defs()).ok_or("the prelude does not parse")?;
        let helpers =
            parse(helpers, |parser| parser.defs()).ok_or("`helpers` are not jq functions (`def name: …;`)")?;
        let arena = Arena::default();
        let mut replacer = Replacer { keep: &|number| arena.alloc(number).as_str(), replaced: Replaced::default() };
        let jq = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let ours = builtins::signatures();
        let mut defs: Vec<Def<&str>> = jq.filter(|def| !ours.contains(&(def.name, def.args.len()))).collect();
        defs.extend(prelude.into_iter().chain(helpers).map(|def| replacer.def(def)));
        // What does not parse is left to the loader, which says why.
        let parsed = parse(program, |parser| parser.term()).map(|term| replacer.term(term));
        let code = if parsed.is_some() { MAIN } else { program };
        defs.extend(parsed.map(|body| Def { name: MAIN, args: Vec::new(), body }));
        let file = File { code, path: () };
        let modules = Loader::new(defs).load(&arena, file).map_err(|errors| {
            errors.into_iter().map(|(_, error)| load_error(program, error)).collect::<Vec<_>>().join("; ")
        })?;
        let functions = functions::all().chain(rewrite::functions());
        let filter = jaq_core::Compiler::default().with_funs(functions).compile(modules).map_err(|errors| {
            let undefined = errors.into_iter().flat_map(|(_, errors)| errors);
            undefined.map(|(name, what)| format!("undefined {} `{name}`", what.as_str())).collect::<Vec<_>>().join("; ")
        })?;
        Ok(Self { filter, replaced: replacer.replaced, code: texts })
    }

    /// Calls `f` for every output, without holding more than one of them.
    pub(crate) fn each<E: From<Failure>>(&self, input: Val, mut f: impl FnMut(Val) -> Result<(), E>) -> Result<(), E> {
        let code = Code { lut: &self.filter.lut, replaced: &self.replaced };
        let context = Ctx::<Engine>::new(code, Vars::new([]));
        for output in self.filter.id.run((context, input)) {
            f(output.map_err(|exception| match exception.get_err() {
                Ok(error) => Failure::Document(told(&error, &self.code)),
                Err(_) => Failure::Program("`break` or `halt` outside of its place".to_owned()),
            })?)?;
        }
        Ok(())
    }
}

/// All outputs of a program.
pub(crate) fn run(helpers: &str, code: &str, input: Val) -> Result<Vec<Val>, Failure> {
    let mut outputs = Vec::new();
    let program = Program::new(helpers, code).map_err(Failure::Program)?;
    program.each(input, |value| {
        outputs.push(value);
        Ok::<_, Failure>(())
    })?;
    Ok(outputs)
}

/// Words of the engine's own errors, with the names of types.
const WORDS: &str = "cannot use as calculate index with iterate over invalid path expression input null boolean number string array object \
     iterable text value keys key parse time date format regex length negative out of range bounds float integer \
     not available to scanner definitions was expected got must be strings separator split and too deep nested";

/// What is wrong with a document, in the words of the program and of the engine. All others are values of the report.
fn told(error: &Error<Val>, program: &str) -> String {
    redact::only_words_of(&[program, PRELUDE, WORDS], error)
}

fn load_error(program: &str, error: jaq_core::load::Error<&str>) -> String {
    use jaq_core::load::Error::{Io, Lex, Parse};
    let line = |rest: &str| 1 + program[..program.len().saturating_sub(rest.len())].matches('\n').count();
    match error {
        Io(errors) => {
            errors.into_iter().map(|(path, error)| format!("`{path}`: {error}")).collect::<Vec<_>>().join("; ")
        }
        Lex(errors) => errors
            .into_iter()
            .map(|(expected, rest)| format!("jq, line {}: expected {}", line(rest), expected.as_str()))
            .collect::<Vec<_>>()
            .join("; "),
        Parse(errors) => errors
            .into_iter()
            .map(|(expected, got)| {
                let at = parse_span(program, got);
                let near: String = program[at..].chars().take(24).collect();
                format!("jq, line {}: expected {} at `{near}`", line(&program[at..]), expected.as_str())
            })
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// Where a token stands in the program; its end where the parser wanted more.
fn parse_span(program: &str, token: &str) -> usize {
    let start = (token.as_ptr() as usize).wrapping_sub(program.as_ptr() as usize);
    if program.is_char_boundary(start.min(program.len())) { start.min(program.len()) } else { program.len() }
}
