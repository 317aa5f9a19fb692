//! One issue file: YAML front matter, the body, comments. Only the lines that change are touched, so that what people
//! wrote (YAML comments, keys of their own, text) stays as it is.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::issue::Comment;

/// What stands between the body and the comments.
const COMMENTS: &str = "<!-- findsync:comments -->";
/// Front matter keys that are not fields of the mapping.
pub(super) const RESERVED: [&str; 9] =
    ["number", "title", "state", "labels", "created", "closed", "closed_as", "closed_by", "duplicate_of"];

/// An issue file taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// Lines of the front matter, without the two `---`.
    front: Vec<String>,
    /// Everything after the front matter.
    rest: String,
    /// The parsed front matter.
    values: BTreeMap<String, serde_json::Value>,
}

impl File {
    /// The file of a new issue, without body.
    pub(super) fn new(number: u64, title: &str, today: NaiveDate) -> Self {
        let mut file = Self { front: Vec::new(), rest: String::new(), values: BTreeMap::new() };
        file.front.push(format!("number: {number}"));
        file.set("title", Some(title));
        file.set("state", Some("open"));
        file.set_labels(&[]);
        file.set("created", Some(&today.to_string()));
        file
    }

    /// Takes a file apart.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.split_inclusive('\n');
        let is_fence = |line: &str| line.trim_end() == "---";
        if !lines.next().is_some_and(is_fence) {
            return Err("it does not begin with `---`".to_owned());
        }
        let mut front = Vec::new();
        let mut closed = false;
        let mut used = text.find('\n').map_or(text.len(), |at| at + 1);
        for line in lines {
            used += line.len();
            if is_fence(line) {
                closed = true;
                break;
            }
            front.push(line.trim_end_matches(['\r', '\n']).to_owned());
        }
        if !closed {
            return Err("its front matter has no second `---`".to_owned());
        }
        // The parser's error shows lines of the file, and what stands in them.
        let values = serde_yaml::from_str(&front.join("\n")).map_err(|error| {
            let place = error.location().map(|at| format!("line {}: ", at.line() + 1)).unwrap_or_default();
            format!("{place}its front matter is not valid YAML")
        })?;
        Ok(Self { front, rest: text[used..].to_owned(), values })
    }

    /// The whole file again.
    pub(super) fn text_whole(&self) -> String {
        let front: String = self.front.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        format!("---\n{front}---\n{}", self.rest)
    }

    /// A front matter value as text; `None` where it is absent or empty.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.values.get(key).and_then(plain)
    }

    /// The labels, whether written as a list or as one word.
    pub(super) fn labels(&self) -> Vec<String> {
        match self.values.get("labels") {
            Some(serde_json::Value::Array(labels)) => labels.iter().filter_map(plain).collect(),
            // As people write several in one line.
            Some(label) => {
                let text = plain(label).unwrap_or_default();
                text.split(',').map(str::trim).filter(|label| !label.is_empty()).map(str::to_owned).collect()
            }
            None => Vec::new(),
        }
    }

    /// Everything in the front matter that is a field of the mapping, or may be.
    pub(super) fn fields(&self) -> BTreeMap<String, String> {
        let fields = self.values.iter().filter(|(key, _)| !RESERVED.contains(&key.as_str()));
        fields.filter_map(|(key, value)| plain(value).map(|value| (key.clone(), value))).collect()
    }

    /// Sets a value in its line, or takes the line away.
    pub(super) fn set(&mut self, key: &str, value: Option<&str>) {
        match value {
            None => self.values.remove(key),
            Some(value) => self.values.insert(key.to_owned(), value.into()),
        };
        self.set_line(key, value.map(quoted));
    }

    /// Sets the labels.
    pub(super) fn set_labels(&mut self, labels: &[String]) {
        self.values.insert("labels".to_owned(), labels.to_vec().into());
        let list: Vec<String> = labels.iter().map(|label| quoted(label)).collect();
        self.set_line("labels", Some(format!("[{}]", list.join(", "))));
    }

    fn set_line(&mut self, key: &str, value: Option<String>) {
        let name = quoted(key);
        let is_key = |line: &str| line.strip_prefix(&name).is_some_and(|rest| rest.trim_start().starts_with(':'));
        let at = self.front.iter().position(|line| is_key(line));
        // A value may go on over indented lines, or lines of a list.
        let goes_on = |line: &String| line.starts_with([' ', '\t', '-']) || line.is_empty();
        let end = at.map(|at| at + 1 + self.front[at + 1..].iter().take_while(|line| goes_on(line)).count());
        let line = value.map(|value| format!("{name}: {value}"));
        match (at.zip(end), line) {
            (Some((at, end)), line) => drop(self.front.splice(at..end, line)),
            (None, Some(line)) => self.front.push(line),
            (None, None) => {}
        }
    }

    /// The body: everything between front matter and comments.
    pub(super) fn body(&self) -> String {
        let body = self.rest.split_once(COMMENTS).map_or(self.rest.as_str(), |(body, _)| body);
        body.trim_matches(['\r', '\n']).to_owned()
    }

    /// Puts another body in its place.
    pub(super) fn set_body(&mut self, body: &str) {
        let comments = self.rest.find(COMMENTS).map(|at| self.rest[at..].to_owned());
        let body = body.trim_matches(['\r', '\n']);
        self.rest = comments.map_or_else(|| format!("\n{body}\n"), |comments| format!("\n{body}\n\n{comments}"));
    }

    /// Adds a comment at the end.
    pub(super) fn add_comment(&mut self, today: NaiveDate, comment: &Comment) {
        let rest = self.rest.trim_end();
        let opening = if rest.contains(COMMENTS) { "" } else { "\n\n<!-- findsync:comments -->" };
        self.rest = format!(
            "{rest}{opening}\n\n---\n\n**findsync, {today}**\n{}\n\n{}\n",
            comment.hidden_marker(),
            comment.text
        );
    }

    /// Markers of the comments that findsync wrote.
    pub(super) fn comment_markers(&self) -> Vec<String> {
        let Some((_, comments)) = self.rest.split_once(COMMENTS) else { return Vec::new() };
        comments.lines().filter_map(Comment::marker_in).map(str::to_owned).collect()
    }
}

/// A scalar as text; `None` where it is null or empty.
fn plain(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
    .filter(|text| !text.is_empty())
}

/// A text as YAML: bare where that is safe, else in double quotes (JSON strings are YAML).
fn quoted(text: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || " _./-".contains(c);
    let first_is_letter = text.chars().next().is_some_and(char::is_alphabetic);
    let means_something = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    let is_date = text.len() == 10 && text.parse::<NaiveDate>().is_ok();
    let is_bare = text.chars().all(is_word) && !text.ends_with(' ') && first_is_letter && !means_something;
    if is_bare || is_date { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// The number in a file's name: digits, then a dash.
pub(super) fn number_of(name: &str) -> Option<u64> {
    let (digits, rest) = name.split_once('-')?;
    let numbered = digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) && rest.ends_with(".md");
    numbered.then(|| digits.parse().ok()).flatten()
}

/// A title as part of a file's name.
pub(super) fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
        if slug.len() >= 60 {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "issue".to_owned() } else { slug.to_owned() }
}
