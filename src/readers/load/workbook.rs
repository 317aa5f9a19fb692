//! A workbook (XLSX) → its sheets as tables, for scanners that write nothing else.

use std::collections::HashMap;

use serde_json::Value;

use super::archive::Archive;
use super::{document, input};
use crate::readers::ReadError;

/// The file in a zip that makes it a workbook.
pub(crate) const INDEX: &str = "xl/workbook.xml";
/// Columns of a table, at most.
const MAX_COLUMNS: usize = 1000;

/// Each sheet that holds something, as CSV, by its name.
pub(crate) fn tables(archive: &mut Archive<'_>) -> Result<Vec<(String, String)>, ReadError> {
    let index = part(archive, INDEX)?;
    let links = part(archive, "xl/_rels/workbook.xml.rels")?;
    let links: HashMap<&str, &str> = items(&links["Relationships"]["Relationship"])
        .filter_map(|link| Some((link["@Id"].as_str()?, link["@Target"].as_str()?)))
        .collect();
    let shared = match archive.names.iter().any(|name| name == "xl/sharedStrings.xml") {
        true => part(archive, "xl/sharedStrings.xml")?,
        false => Value::Null,
    };
    let shared: Vec<String> = items(&shared["sst"]["si"]).map(text).collect();
    let mut tables = Vec::new();
    // A text may stand in many cells, and a row is as wide as the first: what comes of a file is limited as the file is.
    let mut room = archive.room();
    for sheet in items(&index["workbook"]["sheets"]["sheet"]) {
        let name = sheet["@name"].as_str().unwrap_or("sheet");
        let target = sheet["@r:id"].as_str().and_then(|id| links.get(id));
        let target =
            target.ok_or_else(|| ReadError::malformed(archive.path, format!("the sheet `{name}` is missing")))?;
        let target = target.trim_start_matches('/');
        let file = if target.starts_with("xl/") { target.to_owned() } else { format!("xl/{target}") };
        let rows = part(archive, &file)?;
        let csv = table(&rows["worksheet"]["sheetData"]["row"], &shared, &mut room)
            .map_err(|detail| ReadError::malformed(archive.path, format!("the sheet `{name}`: {detail}")))?;
        if !csv.trim().is_empty() {
            tables.push((name.to_owned(), csv));
        }
    }
    if tables.is_empty() {
        return Err(ReadError::malformed(archive.path, "there is nothing in this workbook"));
    }
    Ok(tables)
}

fn part(archive: &mut Archive<'_>, name: &str) -> Result<Value, ReadError> {
    let shown = format!("{}/{name}", archive.path);
    let bytes = archive.text(name)?;
    document::xml(&shown, input::utf8(&bytes, &shown)?, false)
}

/// What may be there once, or several times.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    let one = std::slice::from_ref(value);
    value.as_array().map_or(if value.is_null() { &[] } else { one }, Vec::as_slice).iter()
}

/// Rows as CSV, as wide as the first one.
fn table(rows: &Value, shared: &[String], room: &mut u64) -> Result<String, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut width = 0;
    let mut take = |bytes: usize| {
        *room = room.checked_sub(bytes as u64).ok_or("it is too large")?;
        Ok::<_, String>(())
    };
    for row in items(rows) {
        let mut values: Vec<String> = vec![String::new(); width];
        for (at, cell) in items(&row["c"]).enumerate() {
            let column = cell["@r"].as_str().map_or(Some(at), column).filter(|column| *column < MAX_COLUMNS);
            let column = column.ok_or("a cell is beyond what tables have")?;
            let value = value(cell, shared).ok_or("a cell's text is missing")?;
            take(value.len())?;
            if column < values.len() {
                values[column] = value;
            } else if width == 0 {
                values.resize(column + 1, String::new());
                values[column] = value;
            } else if !value.is_empty() {
                return Err("a row is wider than the header".to_owned());
            }
        }
        if values.iter().all(String::is_empty) {
            continue;
        }
        width = values.len();
        take(width)?;
        writer.write_record(&values).map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// The number of a cell's column: `C7` is in the third.
fn column(reference: &str) -> Option<usize> {
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic);
    let number =
        letters.take(4).fold(0, |number, letter| number * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    number.checked_sub(1)
}

fn value(cell: &Value, shared: &[String]) -> Option<String> {
    let written = text(&cell["v"]);
    match cell["@t"].as_str() {
        Some("s") => shared.get(written.parse::<usize>().ok()?).cloned(),
        Some("inlineStr") => Some(text(&cell["is"])),
        Some("b") => Some(if written == "1" { "true" } else { "false" }.to_owned()),
        _ => Some(written),
    }
}

/// The text of a string: whole, or of pieces that look differently.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(members) => {
            let own = members.get("#text").and_then(Value::as_str).unwrap_or_default();
            let inner = ["t", "r"].into_iter().filter_map(|name| members.get(name)).flat_map(items).map(text);
            std::iter::once(own.to_owned()).chain(inner).collect()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sheets_become_tables() {
        let shared = ["Name".to_owned(), "Severity".to_owned(), "a, b".to_owned()];
        let rows = json!([
            {"c": [{"@r": "A1", "@t": "s", "v": "0"}, {"@r": "B1", "@t": "s", "v": "1"}, {"@r": "D1", "@t": "inlineStr", "is": {"t": "Score"}}]},
            {"c": [{"@r": "A2", "@t": "s", "v": "2"}, {"@r": "D2", "v": "7.5"}]},
            {"@r": "3"},
            {"c": {"@r": "C4", "@t": "b", "v": "1"}},
        ]);
        assert_eq!(table(&rows, &shared, &mut 1000).as_deref(), Ok("Name,Severity,,Score\n\"a, b\",,,7.5\n,,true,\n"));
        let lost = json!({"c": {"@r": "A1", "@t": "s", "v": "9"}});
        assert!(table(&lost, &shared, &mut 1000).is_err(), "a text that is not there is no empty one");
        let wide = json!([{"c": {"@r": "A1", "v": "x"}}, {"c": {"@r": "XFD1", "v": "y"}}]);
        assert!(table(&wide, &shared, &mut 1000).is_err());
        assert!(table(&rows, &shared, &mut 20).is_err(), "texts that are there often are copied");
        assert_eq!((column("A1"), column("Z3"), column("AB12"), column("7")), (Some(0), Some(25), Some(27), None));
    }
}
