//! Sentences of tools with fields in them: `Package '{package}' is vulnerable to '{id}'`.

use serde::{Deserialize, Deserializer};

/// Longer is no field.
const MAX_FIELD: usize = 300;

/// A sentence with fields.
#[derive(Debug, Clone)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Field(String),
}

/// What the fields of a sentence hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fields<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Fields<'t> {
    /// A field that says something.
    pub(super) fn get(&self, name: &str) -> Option<&'t str> {
        self.0.iter().find(|(field, value)| *field == name && !value.is_empty()).map(|(_, value)| *value)
    }
}

impl Template {
    fn parse(written: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = written;
        while let Some((text, (field, after))) =
            rest.split_once('{').and_then(|(text, after)| Some((text, after.split_once('}')?)))
        {
            pieces.push(Piece::Text(text.to_owned()));
            pieces.push(Piece::Field(field.to_owned()));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Self(pieces)
    }

    /// The fields, where a text has such a sentence. A field is what stands before the next words, on one line; the end
    /// of the text is as good as a line's.
    pub(super) fn find<'t>(&'t self, text: &'t str) -> Option<Fields<'t>> {
        let Some(Piece::Text(first)) = self.0.first() else { return None };
        if first.is_empty() {
            return self.fields(text);
        }
        text.match_indices(first.as_str()).find_map(|(at, _)| self.fields(&text[at..]))
    }

    fn fields<'t>(&'t self, text: &'t str) -> Option<Fields<'t>> {
        let mut fields = Vec::new();
        let (mut rest, mut open) = (text, None);
        for piece in &self.0 {
            match (piece, open) {
                (Piece::Field(name), _) => open = Some(name.as_str()),
                (Piece::Text(wanted), None) => rest = rest.strip_prefix(wanted.as_str())?,
                (Piece::Text(wanted), Some(name)) => {
                    let line = rest.find('\n').unwrap_or(rest.len());
                    let end = match wanted.as_str() {
                        "" | "\n" => line,
                        wanted => rest.find(wanted).filter(|at| *at <= line)?,
                    };
                    fields.push((name, rest[..end].trim()));
                    if end > MAX_FIELD {
                        return None;
                    }
                    rest = &rest[end..];
                    rest = rest.strip_prefix(wanted.as_str()).unwrap_or(rest);
                    open = None;
                }
            }
        }
        Some(Fields(fields))
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|written| Self::parse(&written))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_what_stands_between() {
        for (template, text, wanted) in [
            (
                "Package '{package}' is vulnerable to '{id}'",
                "Package '@a/b@1.2.3' is vulnerable to 'CVE-2021-1234' (also known as 'GHSA-1').",
                Some(vec![("package", "@a/b@1.2.3"), ("id", "CVE-2021-1234")]),
            ),
            (
                "package: {name}, version {version} was",
                "A high vulnerability in npm package: lodash, version 4.17.20 was found at: /p.json",
                Some(vec![("name", "lodash"), ("version", "4.17.20")]),
            ),
            ("Severity: {severity}\n", "Package: a\nSeverity: LOW", Some(vec![("severity", "LOW")])),
            ("Fixed: {fixed}\nLink", "Fixed: \nLink", Some(vec![("fixed", "")])),
            ("at {path}:{line}:", "Error at line a.py:3:\n x", Some(vec![("path", "line a.py"), ("line", "3")])),
            ("{name} {version} is", "idna 0.5.0 is vulnerable", Some(vec![("name", "idna"), ("version", "0.5.0")])),
            ("at {path}:", "at home\nno: such", None),
        ] {
            let template = Template::parse(template);
            assert_eq!(template.find(text).map(|fields| fields.0), wanted, "{text}");
        }
    }
}
