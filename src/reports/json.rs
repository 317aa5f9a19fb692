//! What machines read: JSON, and the schemas that describe it.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};

use super::{FindingsView, PlanView};
use crate::issue::escape;

/// Writes a view as JSON, safe also where it lands in a CI's log or on a terminal.
///
/// # Errors
/// Where writing fails.
pub fn json(out: &mut dyn Write, view: &impl Serialize) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    view.serialize(&mut Serializer::with_formatter(&mut out, Plain(PrettyFormatter::new())))?;
    writeln!(out)?;
    out.flush()
}

/// Pretty JSON in which hidden characters are escaped, and of two number signs the second: they begin a command of
/// Azure Pipelines.
struct Plain(PrettyFormatter<'static>);

impl Plain {
    fn is_unsafe(before: char, c: char) -> bool {
        if c == '#' { before == '#' } else { escape::is_hidden(c) }
    }
}

/// Hands layout on to the pretty formatter.
macro_rules! as_pretty {
    ($($method:ident($($name:ident: $type:ty),*)),* $(,)?) => {
        $(fn $method<W: ?Sized + Write>(&mut self, writer: &mut W $(, $name: $type)*) -> io::Result<()> {
            self.0.$method(writer $(, $name)*)
        })*
    };
}

impl Formatter for Plain {
    as_pretty!(
        begin_array(),
        end_array(),
        begin_array_value(first: bool),
        end_array_value(),
        begin_object(),
        end_object(),
        begin_object_key(first: bool),
        begin_object_value(),
        end_object_value(),
        write_char_escape(escape: CharEscape),
    );

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // Most text is harmless, and seen to be so by its bytes.
        if fragment.is_ascii() && memchr::memchr2(b'#', 0x7f, fragment.as_bytes()).is_none() {
            return writer.write_all(fragment.as_bytes());
        }
        let (mut written, mut before) = (0, ' ');
        for (at, c) in fragment.char_indices() {
            if Self::is_unsafe(before, c) {
                writer.write_all(&fragment.as_bytes()[written..at])?;
                written = at + c.len_utf8();
                c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(writer, "\\u{unit:04x}"))?;
            }
            before = c;
        }
        writer.write_all(&fragment.as_bytes()[written..])
    }
}

/// The JSON schema of `findings --format json`.
#[must_use]
pub fn findings_schema() -> serde_json::Value {
    schema::<FindingsView<'_>>()
}

/// The JSON schema of `plan --format json` and `apply --format json`.
#[must_use]
pub fn plan_schema() -> serde_json::Value {
    schema::<PlanView>()
}

/// The schema of what is written, where absent keys are absent.
fn schema<T: schemars::JsonSchema>() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>().to_value()
}
