//! Folding: what is left of a text when white space, numbers, ids and tags are taken for chance.

/// White space folded to single spaces.
#[must_use]
pub fn fold_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Numbers and quoted values folded, for messages that carry counts and names.
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
