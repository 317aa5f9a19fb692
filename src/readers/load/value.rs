//! JSON text → the engine's values, whose texts are slices of the report: a copy of each would double the memory.
//!
//! Whoever holds a slice counts it, on all cores. One counter would go from core to core all the time, so there is one for
//! each stretch of the report.

use std::cell::RefCell;

use bytes::Bytes;
use jaq_json::{Map, Num, Val};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// What one counter counts, in bytes of the report.
const STRETCH: usize = 64 * 1024;

/// Reads one JSON value; `bytes` are the text's.
pub(crate) fn read(text: &str, bytes: &Bytes) -> Result<Val, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let handles: Vec<_> = (0..=text.len() / STRETCH).map(|_| Bytes::from_owner(bytes.clone())).collect();
    let slices = Slices { handles: &handles, start: text.as_ptr().addr(), members: &RefCell::default() };
    let value = slices.deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

/// Makes values of what borrows from the report.
#[derive(Clone, Copy)]
struct Slices<'w> {
    /// All of the report, a handle for each stretch.
    handles: &'w [Bytes],
    /// Where it begins in memory.
    start: usize,
    /// Members of the objects that have begun, so that each object is made as large as it is.
    members: &'w RefCell<Vec<(Val, Val)>>,
}

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
        let stretch = text.as_ptr().addr().saturating_sub(self.start) / STRETCH;
        match self.handles.get(stretch) {
            Some(handle) => Ok(Val::utf8_str(handle.slice_ref(text.as_bytes()))),
            None => self.visit_str(text),
        }
    }

    /// A text with escapes in it is none of the report's.
    fn visit_str<E: Error>(self, text: &str) -> Result<Val, E> {
        Ok(Val::utf8_str(text.as_bytes().to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Val, A::Error> {
        std::iter::from_fn(|| items.next_element_seed(self).transpose()).collect()
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Val, A::Error> {
        let outer = self.members.borrow().len();
        while let Some(member) = members.next_entry_seed(self, self)? {
            self.members.borrow_mut().push(member);
        }
        let mut all = self.members.borrow_mut();
        let mut map = Map::with_capacity_and_hasher(all.len() - outer, Default::default());
        map.extend(all.drain(outer..));
        Ok(Val::obj(map))
    }
}
