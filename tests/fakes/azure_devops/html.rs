//! What the service and its web editor do to HTML: the clean-up on saving, and the re-formatting on a person's edit.

/// Elements whose content goes too.
const FORBIDDEN: [&str; 5] = ["script", "style", "iframe", "object", "form"];
/// Attributes that survive.
const ATTRIBUTES: [&str; 6] = ["href", "src", "alt", "title", "colspan", "rowspan"];

/// One token of HTML.
enum Token<'a> {
    Text(&'a str),
    Comment,
    Tag { name: String, closing: bool, attributes: Vec<(String, String)>, empty: bool },
}

fn tokens(html: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        if at > 0 {
            tokens.push(Token::Text(&rest[..at]));
        }
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            tokens.push(Token::Comment);
            continue;
        }
        let Some(end) = rest.find('>') else {
            break;
        };
        let inside = rest[1..end].trim();
        rest = &rest[end + 1..];
        let closing = inside.starts_with('/');
        let inside = inside.trim_start_matches('/');
        let empty = inside.ends_with('/');
        let inside = inside.trim_end_matches('/');
        let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        tokens.push(Token::Tag { name: name.to_lowercase(), closing, attributes: attributes_of(attributes), empty });
    }
    if !rest.is_empty() {
        tokens.push(Token::Text(rest));
    }
    tokens
}

fn attributes_of(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some((name, value)) = rest.split_once('=') {
        let value = value.trim_start();
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.split_once(char::is_whitespace).unwrap_or((value, "")),
        };
        found.push((name.trim().to_lowercase(), value.to_owned()));
        rest = after.trim_start();
    }
    found
}

/// What saving does, whoever saves: comments, scripts, and attributes that are not known to be harmless are gone.
pub(crate) fn clean(html: &str) -> String {
    write(html, |name| name.to_owned(), |text| text.to_owned())
}

/// What the web editor makes of a text when a person opens it, types and saves: other elements, other white space,
/// other entities, and a `div` around everything.
pub(crate) fn reformat(html: &str) -> String {
    let renamed = |name: &str| match name {
        "p" => "div".to_owned(),
        "em" => "i".to_owned(),
        "strong" => "b".to_owned(),
        other => other.to_owned(),
    };
    let spaced =
        |text: &str| text.replace('\n', " ").replace("  ", " &nbsp;").replace('\'', "&#39;").replace('"', "&quot;");
    format!("<div>{}</div>", write(html, renamed, spaced).replace("</div><div>", "</div>\r\n<div>"))
}

fn write(html: &str, rename: impl Fn(&str) -> String, text: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut skipping: Option<String> = None;
    for token in tokens(html) {
        match token {
            Token::Tag { name, closing, .. } if skipping.as_deref() == Some(name.as_str()) => {
                if closing {
                    skipping = None;
                }
            }
            _ if skipping.is_some() => {}
            Token::Comment => {}
            Token::Text(t) => out.push_str(&text(t)),
            Token::Tag { name, closing, .. } if FORBIDDEN.contains(&name.as_str()) => {
                if !closing {
                    skipping = Some(name);
                }
            }
            Token::Tag { name, closing: true, .. } => out.push_str(&format!("</{}>", rename(&name))),
            Token::Tag { name, attributes, empty, .. } => {
                out.push('<');
                out.push_str(&rename(&name));
                for (key, value) in attributes.iter().filter(|(key, value)| {
                    ATTRIBUTES.contains(&key.as_str()) && !value.trim_start().to_lowercase().starts_with("javascript:")
                }) {
                    out.push_str(&format!(" {key}=\"{value}\""));
                }
                out.push_str(if empty { " />" } else { ">" });
            }
        }
    }
    out
}
