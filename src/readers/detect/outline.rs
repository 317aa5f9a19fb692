//! Skims JSON: builds the outline in one pass without parsing the rest, refuses what would hurt the parsers after it
//! (depth, numbers without end), and writes the text anew where it has numbers that they do not take.

use serde_json::{Map, Value};

/// Arrays and objects inside one another, at most; `serde_json` goes as deep.
const MAX_DEPTH: usize = 128;
/// Characters of a number, at most. Keys of 32768 bits have as many digits.
const MAX_NUMBER: usize = 10_000;
/// Characters from which on a number without exponent may be larger than any float.
const LARGE_NUMBER: usize = 309;
/// How deep the outline goes; below, containers are empty.
const OUTLINE_DEPTH: usize = 12;
/// Members of an object that the outline keeps.
const OUTLINE_MEMBERS: usize = 64;
/// Bytes of a text that the outline keeps.
const OUTLINE_TEXT: usize = 256;

/// What is wrong, and at which byte.
#[derive(Debug)]
pub(crate) struct SkimError {
    pub(crate) at: usize,
    pub(crate) what: &'static str,
}

/// Goes over JSON text.
pub(crate) struct Skimmer<'a> {
    text: &'a str,
    at: usize,
    /// The text up to `taken`, with numbers beyond any float in quotes.
    rewritten: String,
    taken: usize,
}

impl<'a> Skimmer<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, rewritten: String::new(), taken: 0 }
    }

    /// After the last value: the text with numbers beyond any float as texts, where it has any.
    pub(crate) fn rewritten(mut self) -> Option<String> {
        (self.taken > 0).then(|| {
            self.rewritten.push_str(&self.text[self.taken..]);
            self.rewritten
        })
    }

    /// The outline of the next value; `None` at the end.
    pub(crate) fn next_value(&mut self) -> Result<Option<Value>, SkimError> {
        match self.peek() {
            None => Ok(None),
            Some(_) => self.value(0, true).map(Some),
        }
    }

    fn fail<T>(&self, what: &'static str) -> Result<T, SkimError> {
        Err(SkimError { at: self.at.min(self.text.len()), what })
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let space = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.at += space.unwrap_or(rest.len());
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes over one value; `keep` says whether the outline wants it.
    fn value(&mut self, depth: usize, keep: bool) -> Result<Value, SkimError> {
        let keep = keep && depth < OUTLINE_DEPTH;
        match self.peek() {
            Some(b'{' | b'[') if depth == MAX_DEPTH => self.fail("nested too deep"),
            Some(b'{') => self.object(depth, keep),
            Some(b'[') => self.array(depth, keep),
            Some(b'"') => {
                let raw = self.string()?;
                Ok(if keep { Value::String(unescape(raw)) } else { Value::Null })
            }
            Some(b'-' | b'0'..=b'9') => self.number(keep),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => self.fail("a value was expected"),
            None => self.fail("the document is cut off"),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, SkimError> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            self.fail("a value was expected")
        }
    }

    fn number(&mut self, keep: bool) -> Result<Value, SkimError> {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest
            .iter()
            .take(MAX_NUMBER + 1)
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        if length > MAX_NUMBER {
            return self.fail("a number of more than 10000 characters");
        }
        let number = &self.text[self.at..self.at + length];
        let may_be_large = length >= LARGE_NUMBER || number.contains(['e', 'E']);
        if may_be_large && number.parse().is_ok_and(f64::is_infinite) {
            self.rewritten.extend([&self.text[self.taken..self.at], "\"", number, "\""]);
            self.taken = self.at + length;
        }
        self.at += length;
        Ok(if keep { serde_json::from_str(number).unwrap_or_default() } else { Value::Null })
    }

    /// Goes over a string, which stays as it is written.
    fn string(&mut self) -> Result<&'a str, SkimError> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut at = start;
        loop {
            match memchr::memchr2(b'"', b'\\', &bytes[at..]) {
                Some(offset) if bytes[at + offset] == b'"' => {
                    self.at = at + offset + 1;
                    return Ok(&self.text[start..at + offset]);
                }
                Some(offset) if at + offset + 2 <= bytes.len() => at += offset + 2,
                _ => return self.fail("a text that does not end: the document is cut off"),
            }
        }
    }

    fn object(&mut self, depth: usize, keep: bool) -> Result<Value, SkimError> {
        let mut members = Map::new();
        self.at += 1;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.fail("a name in quotes was expected");
            }
            let name = self.string()?;
            if self.peek() != Some(b':') {
                return self.fail("`:` was expected");
            }
            self.at += 1;
            let wanted = keep && members.len() < OUTLINE_MEMBERS;
            let value = self.value(depth + 1, wanted)?;
            if wanted {
                members.insert(unescape(name), value);
            }
            if self.ends(b'}')? {
                return Ok(Value::Object(members));
            }
        }
    }

    fn array(&mut self, depth: usize, keep: bool) -> Result<Value, SkimError> {
        let mut first = Vec::new();
        self.at += 1;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(first));
        }
        loop {
            let wanted = keep && first.is_empty();
            let value = self.value(depth + 1, wanted)?;
            if wanted {
                first.push(value);
            }
            if self.ends(b']')? {
                return Ok(Value::Array(first));
            }
        }
    }

    /// After a member: whether the container ends here.
    fn ends(&mut self, end: u8) -> Result<bool, SkimError> {
        let next = self.peek();
        if next != Some(b',') && next != Some(end) {
            return self.fail(if next.is_none() { "the document is cut off" } else { "`,` or an end was expected" });
        }
        self.at += 1;
        Ok(next == Some(end))
    }
}

/// The start of a string, escapes resolved.
fn unescape(raw: &str) -> String {
    let mut end = raw.len().min(OUTLINE_TEXT);
    while !raw.is_char_boundary(end) {
        end -= 1;
    }
    let raw = &raw[..end];
    if raw.contains('\\') {
        serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_else(|_| raw.to_owned())
    } else {
        raw.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Result<Option<Value>, SkimError> {
        Skimmer::new(text).next_value()
    }

    #[test]
    fn keeps_the_first_of_each_array() {
        let got = outline(r#" {"a":[{"b":"x\n"},{"c":2}],"d":-1.5e1,"e":[],"f":null} "#).ok().flatten();
        assert_eq!(got, Some(serde_json::json!({"a": [{"b": "x\n"}], "d": -15.0, "e": [], "f": null})));
    }

    #[test]
    fn what_no_float_holds_becomes_text() {
        let rewritten = |text: &str| {
            let mut skimmer = Skimmer::new(text);
            while skimmer.next_value().ok().flatten().is_some() {}
            skimmer.rewritten()
        };
        let large = "9".repeat(1233);
        assert_eq!(
            rewritten(&format!(r#"{{"n":{large}, "e": -1e400 , "s":"1e400"}} [1e400]"#)),
            Some(format!(r#"{{"n":"{large}", "e": "-1e400" , "s":"1e400"}} ["1e400"]"#))
        );
        assert_eq!(rewritten(&format!("[{}, 1e300, 0.{large}, 1.5]", "9".repeat(308))), None);
    }

    #[test]
    fn refuses_what_is_broken_or_boundless() {
        for text in
            ["{", r#"{"a"#, r#"{"a" 1}"#, "[1 2]", "[1,", "tru", &"[".repeat(10_000), &"1".repeat(20_000), "\"\\"]
        {
            assert!(outline(text).is_err(), "{}", &text[..text.len().min(20)]);
        }
    }
}
