//! Reading JSON as other programs write it: leaves are lenient (a wrong type is as good as absent), containers are
//! strict (`null` is absent, any other wrong type is an error that names the place).

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};

use crate::readers::ReadError;
use crate::redact::without_values;

/// Reads a whole document; only where that fails a second time, slower, to learn the place of the error.
pub(crate) fn parse<'a, T: Deserialize<'a>>(path: &str, text: &'a str) -> Result<T, ReadError> {
    serde_json::from_str(text).map_err(|first| match place_of_error::<T>(text) {
        Some((place, error)) => ReadError::malformed(path, format!("`{place}`: {}", without_values(&error))),
        None => ReadError::unparsed(path, &first),
    })
}

/// Reads a value of a document that is known to be JSON. `part` is its place in the document.
pub(crate) fn parse_part<'a, T: Deserialize<'a>>(
    path: &str,
    text: &'a str,
    part: impl FnOnce() -> String,
) -> Result<T, ReadError> {
    serde_json::from_str(text).map_err(|first| {
        let (place, error) = place_of_error::<T>(text).unwrap_or_else(|| (".".to_owned(), first));
        let place = if place == "." { part() } else { format!("{}.{place}", part()) };
        // Its line and column count from the part's beginning.
        let error = without_values(&error);
        let error = error.rsplit_once(" at line ").map_or(error.as_str(), |(what, _)| what);
        ReadError::malformed(path, format!("`{place}`: {error}"))
    })
}

/// Where a document is not what a type wants.
fn place_of_error<'a, T: Deserialize<'a>>(text: &'a str) -> Option<(String, serde_json::Error)> {
    let error = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_str(text)).err()?;
    error.inner().is_data().then(|| (error.path().to_string(), error.into_inner()))
}

/// Takes what is of no use: the leaf is absent.
macro_rules! ignore {
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E: Error>(self, _: $type) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        })*
    };
}

macro_rules! ignore_containers {
    () => {
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

macro_rules! ignore_arrays {
    () => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

/// A text; numbers count as what they are written like, empty texts as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(Option<Cow<'a, str>>);

impl Text<'_> {
    /// The text, where it says anything.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The same for a finding.
    pub(crate) fn owned(&self) -> Option<String> {
        self.get().map(str::to_owned)
    }

    /// The text with all its white space.
    pub(crate) fn raw(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(text))))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(number.to_string()))))
    }

    ignore!(visit_bool: bool);
    ignore_arrays!();
    ignore_containers!();
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

/// A number, also one written as a text.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Number(pub(crate) Option<f64>);

impl Number {
    /// As a line, from 1.
    pub(crate) fn line(self) -> Option<u32> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just before")]
        self.0.filter(|n| (1.0..=f64::from(u32::MAX)).contains(n)).map(|n| n as u32)
    }

    /// As an index, from 0.
    pub(crate) fn index(self) -> Option<usize> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just before")]
        self.0.filter(|n| (0.0..=f64::from(u32::MAX)).contains(n)).map(|n| n as usize)
    }
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        Ok(Number(text.trim().parse().ok().filter(|n: &f64| n.is_finite())))
    }

    #[expect(clippy::cast_precision_loss, reason = "lines, scores and indices are small")]
    fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
        Ok(Number(Some(number as f64)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
        Ok(Number(Some(number)))
    }

    ignore!(visit_bool: bool, visit_i64: i64);
    ignore_arrays!();
    ignore_containers!();
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

/// Yes or no, also written as a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) Option<bool>);

impl Flag {
    /// Whether it says yes.
    pub(crate) fn is_set(self) -> bool {
        self.0 == Some(true)
    }
}

struct FlagVisitor;

impl<'de> Visitor<'de> for FlagVisitor {
    type Value = Flag;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Flag, E> {
        Ok(Flag(Some(value)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Flag, E> {
        Ok(Flag(match text.trim().to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "1" => Some(true),
            "false" | "f" | "no" | "0" => Some(false),
            _ => None,
        }))
    }

    ignore!(visit_u64: u64, visit_i64: i64, visit_f64: f64);
    ignore_arrays!();
    ignore_containers!();
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

/// Texts where one text and a list of them mean the same (tags, CWEs).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Texts<'a>(Vec<Text<'a>>);

impl Texts<'_> {
    /// Those that say anything.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(Text::get)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Texts(vec![Text(Some(Cow::Borrowed(text)))]))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Texts(vec![Text(Some(Cow::Owned(text.to_owned())))]))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Texts(vec![Text(Some(Cow::Owned(number.to_string())))]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = seq.next_element()? {
            texts.push(text);
        }
        Ok(Texts(texts))
    }

    ignore!(visit_bool: bool, visit_i64: i64, visit_f64: f64);
    ignore_containers!();
}

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

/// A list; `null` is an empty one.
#[derive(Debug, Clone)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// An object; `null` is an empty one. Without this wrapper serde's derived structs also read arrays, by position.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object<T>(pub(crate) T);

impl<T> Deref for Object<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

struct ObjectVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Object::default())
    }

    /// Some programs write an empty object as `[]`.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        match seq.next_element::<IgnoredAny>()? {
            None => Ok(Object::default()),
            Some(_) => Err(A::Error::invalid_type(Unexpected::Seq, &self)),
        }
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct Sample<'a> {
        #[serde(borrow)]
        name: Text<'a>,
        line: Number,
        ok: Flag,
        #[serde(borrow)]
        tags: Texts<'a>,
        #[serde(borrow)]
        inner: List<Object<Sample<'a>>>,
    }

    #[test]
    fn leaves_of_a_wrong_type_are_absent() {
        for odd in ["null", "{\"a\": [1]}", "[[]]", "true", "-1"] {
            let text = format!(r#"{{"name": {odd}, "line": {odd}, "tags": {odd}, "inner": null}}"#);
            let sample: Object<Sample<'_>> = parse("r", &text).expect("leaves are lenient");
            assert_eq!((sample.line.line(), sample.inner.len()), (None, 0), "{odd}");
            assert_eq!(sample.name.get(), (odd == "-1").then_some("-1"));
            assert!(sample.tags.iter().next().is_none());
        }
    }

    #[test]
    fn leaves_are_read_as_people_write_them() {
        let sample: Object<Sample<'_>> =
            parse("r", r#"{"name": 7, "line": " 42 ", "ok": "True", "tags": "a"}"#).expect("valid");
        assert_eq!((sample.name.get(), sample.line.line(), sample.ok.is_set()), (Some("7"), Some(42), true));
        assert_eq!(sample.tags.iter().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn containers_of_a_wrong_type_are_errors_that_name_the_place() {
        for (text, place) in [
            (r#"{"inner": {}}"#, "`inner`: invalid type: map"),
            (r#"{"inner": [{}, {"inner": [[1]]}]}"#, "`inner[1].inner[0]`: invalid type: sequence, expected an object"),
            ("[1]", "`.`: invalid type: sequence, expected an object"),
            (r#"{"inner": [{}"#, "EOF while parsing a list at line 1 column 13"),
        ] {
            let error = parse::<Object<Sample<'_>>>("report.json", text).expect_err(text).to_string();
            assert!(error.contains("report.json") && error.contains(place), "{error}");
        }
    }
}
