//! What machines read: JSON, and the schemas that describe it.

use std::io::{self, Write};

use serde::Serialize;

use super::{FindingsView, PlanView};
use crate::issue::escape;

/// Writes a view as JSON, safe also where it lands in a CI's log or on a terminal.
///
/// # Errors
/// Where writing fails.
pub fn json(out: &mut dyn Write, view: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(view)?;
    let mut line = String::with_capacity(256);
    for part in text.split_inclusive('\n') {
        line.clear();
        let mut before = ' ';
        for c in part.chars() {
            // Only strings hold such characters. Two number signs begin a command of Azure Pipelines.
            let hidden = c != '\n' && (c.is_control() || escape::is_hidden(c));
            if hidden || (c == '#' && before == '#') {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().for_each(|unit| line.push_str(&format!("\\u{unit:04x}")));
            } else {
                line.push(c);
            }
            before = c;
        }
        out.write_all(line.as_bytes())?;
    }
    writeln!(out)
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
