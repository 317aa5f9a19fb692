//! Folding: what is left of a text when white space, numbers, ids and tags are taken for chance.

/// White space folded to single spaces.
#[must_use]
pub(super) fn fold_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Source lines without what formatters change: white space (but between words), the kind of quotes, a comma before a
/// closing bracket.
#[must_use]
pub fn fold_code(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if folded.ends_with(is_word) && word.starts_with(is_word) {
            folded.push(' ');
        }
        for c in word.chars() {
            if matches!(c, ')' | ']' | '}') && folded.ends_with(',') {
                folded.pop();
            }
            folded.push(if c == '"' { '\'' } else { c });
        }
    }
    folded
}

/// Words of a text that are compared at most.
const SKETCHED: usize = 20;

/// A sketch of a text's words: texts that share most words share most of its bits. 0 where there are none.
#[must_use]
pub fn sketch(text: &str) -> u64 {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let mut hashes: Vec<[u8; 8]> = words.map(|word| super::digest([("word", word)]).short()).collect();
    hashes.sort_unstable();
    hashes.dedup();
    // Of long texts always the same share, so that their sketches can be compared.
    hashes.iter().take(SKETCHED).fold(0, |bits, hash| bits | 1 << (hash[7] % 64))
}

/// Numbers and values in double quotes or backticks folded, for messages that carry counts and names. Single quotes are
/// apostrophes as well.
#[must_use]
pub(super) fn fold_numbers(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_digit() {
            while chars.next_if(char::is_ascii_digit).is_some() {}
            folded.push('0');
        } else if matches!(c, '"' | '`') && chars.clone().any(|end| end == c) {
            while chars.next_if(|&inner| inner != c).is_some() {}
            chars.next();
            folded.push_str("''");
        } else {
            folded.push(c);
        }
    }
    fold_space(&folded)
}

/// Segments of a path that are numbers, UUIDs or long hex folded to `{id}`.
#[must_use]
pub(super) fn fold_ids(path: &str) -> String {
    let is_id = |segment: &str| {
        let hex = segment.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        let digits = segment.chars().filter(char::is_ascii_digit).count();
        !segment.is_empty() && ((digits == segment.len()) || (hex && segment.len() >= 16 && digits > 0))
    };
    path.split('/').map(|segment| if is_id(segment) { "{id}" } else { segment }).collect::<Vec<_>>().join("/")
}

/// Host and path of an address, with ids folded and query, fragment and credentials dropped.
#[must_use]
pub fn fold_url(url: &str) -> (String, String) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let host = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(&host);
    // What stands behind a semicolon are parameters of a segment, such as a session's id.
    let path: Vec<_> = path.split('/').map(|segment| segment.split(';').next().unwrap_or_default()).collect();
    (host.to_owned(), fold_ids(path.join("/").trim_end_matches('/')))
}

/// A container image's name without tag, digest and the default registry; other texts stay as they are.
#[must_use]
pub fn image_name(image: &str) -> String {
    let name = image.split('@').next().unwrap_or(image);
    let last = name.rfind('/').map_or(0, |at| at + 1);
    let name = name[last..].find(':').map_or(name, |colon| &name[..last + colon]);
    let name =
        ["index.docker.io/", "docker.io/"].iter().fold(name, |name, prefix| name.strip_prefix(prefix).unwrap_or(name));
    name.strip_prefix("library/").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatters_change_nothing() {
        let black = "db.run(\n    \"select\",\n    user_id,\n)\nreturn x";
        assert_eq!(fold_code(black), fold_code("db.run( 'select', user_id ) return x"));
        assert_ne!(fold_code("return x"), fold_code("returnx"));
    }

    #[test]
    fn sketches_tell_likeness() {
        let shared = |a: &str, b: &str| (sketch(a) & sketch(b)).count_ones();
        assert_eq!(shared("eval(user_input)", "x = eval( user_input )"), 2);
        assert_eq!(shared("a b c", "d e f"), 0);
        assert!(sketch(&(0..1000).map(|n| format!("w{n} ")).collect::<String>()).count_ones() <= 20);
    }

    #[test]
    fn folds_what_changes_by_chance() {
        assert_eq!(fold_numbers("used 12 times in `a b` since 2024-01-02"), "used 0 times in '' since 0-0-0");
        assert_eq!(fold_numbers("it's 3 o'clock"), "it's 0 o'clock");
        assert_eq!(fold_ids("users/42/posts/0f8fad5b-d9cb-469f-a165-70867728950e"), "users/{id}/posts/{id}");
        assert_eq!(fold_ids("api/v2/deadbeef"), "api/v2/deadbeef");
    }

    #[test]
    fn names_images_without_tag() {
        for image in ["alpine", "alpine:3.10", "docker.io/library/alpine@sha256:aa", "index.docker.io/library/alpine:3"]
        {
            assert_eq!(image_name(image), "alpine", "{image}");
        }
        assert_eq!(image_name("localhost:5000/team/shop:1.2"), "localhost:5000/team/shop");
    }
}
