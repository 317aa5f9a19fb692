//! Leaves of the mapping file: text with its place in the file, words of a closed list, and short or long forms.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_yaml::{Location, Spanned};

/// A place in the file, in characters, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) len: usize,
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Self {
            line: number(location.line()).max(1),
            column: number(location.column()).max(1),
            len: number(location.span().len()),
        }
    }
}

impl Place {
    /// The first place from here on where a name stands as a whole word.
    pub(crate) fn find(self, source: &str, name: &str) -> Option<Self> {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        source.lines().enumerate().skip(self.line - 1).find_map(|(at, line)| {
            let skipped = if at + 1 == self.line { self.column - 1 } else { 0 };
            let from = line.char_indices().nth(skipped).map_or(line.len(), |(from, _)| from);
            let whole = |(found, _): &(usize, &str)| {
                let (before, after) = (&line[..from + found], &line[from + found + name.len()..]);
                !before.ends_with(is_part) && !after.starts_with(is_part)
            };
            let (found, _) = line[from..].match_indices(name).find(whole)?;
            let column = line[..from + found].chars().count() + 1;
            Some(Self { line: at + 1, column, len: name.chars().count() })
        })
    }
}

/// A part of the file with its place.
#[derive(Debug)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<T>::deserialize(deserializer)?;
        Ok(Self { value, place: Place { len: 1, ..referenced.into() } })
    }
}

impl<T: JsonSchema> JsonSchema for Placed<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// One variable of the environment and nothing else, as the schema says it.
pub(crate) const VARIABLE: &str = r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$";

/// Text as it stands in the file, before `${NAME}` is replaced.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) raw: String,
    pub(crate) place: Place,
}

impl Text {
    /// Whether some of the text comes from the environment: then what it becomes is never printed.
    pub(crate) fn has_variable(&self) -> bool {
        self.raw.replace("$${", "").contains("${")
    }

    /// The variable's name, where the text is exactly one `${NAME}`.
    pub(crate) fn variable(&self) -> Option<&str> {
        let name = self.raw.trim().strip_prefix("${")?.strip_suffix('}')?;
        is_name(name).then_some(name)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<String>::deserialize(deserializer)?;
        Ok(Self { raw: value, place: referenced.into() })
    }
}

/// Tells each scalar's type to an editor: numbers and truth values are taken as the text that they are.
impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

/// Why `${…}` could not be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BadVariable {
    /// The environment has no such variable.
    Unset(String),
    /// What stands between the braces is no name, or the brace is not closed.
    NoName,
    /// It is a credential.
    Secret(String),
    /// It is not for runs that nobody vouches for.
    Withheld(String),
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Replaces each `${NAME}` by the environment's value; `$${` stands for `${` itself.
pub(crate) fn interpolate(raw: &str, env: &dyn Fn(&str) -> Result<String, BadVariable>) -> Result<String, BadVariable> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find("${") {
        if let Some(before) = rest[..at].strip_suffix('$') {
            text.push_str(before);
            text.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        text.push_str(&rest[..at]);
        let (name, after) = rest[at + 2..].split_once('}').ok_or(BadVariable::NoName)?;
        if !is_name(name) {
            return Err(BadVariable::NoName);
        }
        text.push_str(&env(name)?);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// A closed list of words that the mapping file may hold.
pub(crate) trait Words: Copy + 'static {
    /// What the words are, with an article: `a severity`.
    const WHAT: &'static str;
    /// The words as the schema offers them, and what each means.
    fn words() -> Vec<(&'static str, Self)>;
    /// Reads a word; by default one of the list, in any case.
    fn read(word: &str) -> Option<Self> {
        Self::words().into_iter().find_map(|(name, value)| name.eq_ignore_ascii_case(word.trim()).then_some(value))
    }
}

/// One word of a closed list; what it means is read later, so that all wrong words are told at once.
pub(crate) struct Word<T> {
    pub(crate) text: Text,
    words: PhantomData<T>,
}

impl<T> From<Text> for Word<T> {
    fn from(text: Text) -> Self {
        Self { text, words: PhantomData }
    }
}

impl<T> fmt::Debug for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl<'de, T> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(Self::from)
    }
}

impl<T: Words> JsonSchema for Word<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::WHAT.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<_> = T::words().into_iter().map(|(word, _)| word).collect();
        json_schema!({
            "anyOf": [{ "enum": words }, { "type": "string", "pattern": VARIABLE }]
        })
    }
}

/// A whole number; read later, so that all wrong ones are told at once.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Number(pub(crate) Text);

impl JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": VARIABLE }] })
    }
}

/// A value that has a short form, one scalar, beside the long one.
#[derive(Debug)]
pub(crate) enum Short<S, L> {
    /// The scalar.
    Short(S),
    /// The mapping.
    Long(L),
}

impl<'de, S: From<Text>, L: Deserialize<'de>> Deserialize<'de> for Short<S, L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Either<L>>::deserialize(deserializer)?;
        Ok(match value {
            Either::Scalar(raw) => Self::Short(Text { raw, place: referenced.into() }.into()),
            Either::Mapping(long) => Self::Long(long),
        })
    }
}

impl<S: JsonSchema, L: JsonSchema> JsonSchema for Short<S, L> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}Or{}", S::schema_name(), L::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (short, long) = (generator.subschema_for::<S>(), generator.subschema_for::<L>());
        json_schema!({ "anyOf": [short, long] })
    }
}

enum Either<L> {
    Scalar(String),
    Mapping(L),
}

impl<'de, L: Deserialize<'de>> Deserialize<'de> for Either<L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherVisitor<L>(PhantomData<L>);

        impl<'de, L: Deserialize<'de>> Visitor<'de> for EitherVisitor<L> {
            type Value = Either<L>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a mapping")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Either::Scalar(text.to_owned()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Either::Scalar(number.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Either::Scalar(number.to_string()))
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
                Ok(Either::Scalar(truth.to_string()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                L::deserialize(MapAccessDeserializer::new(map)).map(Either::Mapping)
            }
        }

        deserializer.deserialize_any(EitherVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_variables_and_keeps_what_is_escaped() {
        let env =
            |name: &str| (name == "A").then(|| "${B}".to_owned()).ok_or_else(|| BadVariable::Unset(name.to_owned()));
        assert_eq!(interpolate("x-${A}-$${A} $A {{ a }} $$", &env), Ok("x-${B}-${A} $A {{ a }} $$".to_owned()));
        assert_eq!(interpolate("${B}", &env), Err(BadVariable::Unset("B".to_owned())));
        for wrong in ["${", "${}", "${A", "${A B}", "${1}", "${A:-x}"] {
            assert_eq!(interpolate(wrong, &env), Err(BadVariable::NoName), "{wrong}");
        }
    }
}
