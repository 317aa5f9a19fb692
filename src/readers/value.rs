//! JSON text → the engine's values, whose texts are slices of the report: a copy of each would double the memory.

use bytes::Bytes;
use jaq_json::{Map, Num, Val};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Reads one JSON value; `bytes` are the text's.
pub(super) fn read(text: &str, bytes: &Bytes) -> Result<Val, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Slices(bytes).deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

/// Makes values of what borrows from these bytes.
#[derive(Clone, Copy)]
struct Slices<'w>(&'w Bytes);

impl<'de> DeserializeSeed<'de> for Slices<'_> {
    type Value = Val;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Val, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Slices<'_> {
    type Value = Val;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Val, E> {
        Ok(Val::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Val, E> {
        Ok(Val::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Val, E> {
        Ok(Val::Num(Num::from_integral(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Val, E> {
        Ok(Val::Num(Num::from_integral(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Val, E> {
        Ok(Val::Num(Num::Float(value)))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Val, E> {
        Ok(Val::utf8_str(self.0.slice_ref(text.as_bytes())))
    }

    /// A text with escapes in it is none of the report's.
    fn visit_str<E: Error>(self, text: &str) -> Result<Val, E> {
        Ok(Val::utf8_str(text.as_bytes().to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Val, A::Error> {
        std::iter::from_fn(|| items.next_element_seed(self).transpose()).collect()
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Val, A::Error> {
        let mut map = Map::default();
        while let Some((name, value)) = members.next_entry_seed(self, self)? {
            map.insert(name, value);
        }
        Ok(Val::obj(map))
    }
}
