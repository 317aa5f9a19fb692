//! Versions: which of two is the newer, and which of several fixed ones is the next above what is installed.

use std::cmp::Ordering;

/// Words that stand for what comes before the version itself, in their order.
const BEFORE: &[&str] =
    &["dev", "snapshot", "nightly", "a", "alpha", "b", "beta", "m", "milestone", "c", "cr", "rc", "pre", "preview"];

/// A part of a version, as it compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Number(&'a str),
    Word(&'a str),
    /// Debian's and RPM's `~`: before anything, also before the end.
    Tilde,
}

fn parts(version: &str) -> Vec<Part<'_>> {
    let version = version.trim().trim_start_matches(['v', 'V', '=']);
    let mut parts = Vec::new();
    // What follows a `+` is no part of a semantic version, but of a Debian one.
    let mut rest = version;
    while let Some(first) = rest.chars().next() {
        let same: fn(&char) -> bool = if first.is_ascii_digit() {
            char::is_ascii_digit
        } else if first.is_alphabetic() {
            |c| c.is_alphabetic()
        } else {
            parts.extend((first == '~').then_some(Part::Tilde));
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let end = rest.find(|c| !same(&c)).unwrap_or(rest.len());
        let part = &rest[..end];
        parts.push(if first.is_ascii_digit() { Part::Number(part.trim_start_matches('0')) } else { Part::Word(part) });
        rest = &rest[end..];
    }
    parts
}

/// How a part compares with the end of the other version: a missing number is zero, a pre-release comes before.
fn with_end(part: Part<'_>) -> Ordering {
    match part {
        Part::Tilde => Ordering::Less,
        Part::Word(word) if before(word).is_some() => Ordering::Less,
        Part::Word(word) if matches!(word.to_ascii_lowercase().as_str(), "final" | "ga" | "release") => Ordering::Equal,
        Part::Number("") => Ordering::Equal,
        Part::Word(_) | Part::Number(_) => Ordering::Greater,
    }
}

fn before(word: &str) -> Option<usize> {
    BEFORE.iter().position(|known| known.eq_ignore_ascii_case(word))
}

fn compare_parts(a: Part<'_>, b: Part<'_>) -> Ordering {
    match (a, b) {
        (Part::Number(a), Part::Number(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        (Part::Word(a), Part::Word(b)) => match (before(a), before(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()),
        },
        (Part::Tilde, Part::Tilde) => Ordering::Equal,
        (Part::Tilde, _) | (Part::Word(_), Part::Number(_)) => Ordering::Less,
        (_, Part::Tilde) | (Part::Number(_), Part::Word(_)) => Ordering::Greater,
    }
}

/// The order that ecosystems have in common: numbers by value, pre-releases before the release, an epoch (`1:`) first.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let epoch = |version: &str| {
        let epoch = version.split_once(':').and_then(|(epoch, _)| epoch.parse::<u32>().ok());
        epoch.unwrap_or(0)
    };
    let body = |version: &'_ str| version.split_once(':').map_or(0, |(epoch, _)| epoch.len() + 1);
    let by_epoch = epoch(a).cmp(&epoch(b));
    let (a, b) = (parts(&a[body(a)..]), parts(&b[body(b)..]));
    let mut result = by_epoch;
    for at in 0..a.len().max(b.len()) {
        result = result.then_with(|| match (a.get(at), b.get(at)) {
            (Some(a), Some(b)) => compare_parts(*a, *b),
            (Some(a), None) => with_end(*a),
            (None, Some(b)) => with_end(*b).reverse(),
            (None, None) => Ordering::Equal,
        });
    }
    result
}

/// The versions in what a report writes as fixed: one, a list, or conditions (`>=1.2.3 <2 || >=2.1`).
pub(crate) fn listed(written: &str) -> Vec<&str> {
    let words = written.split([',', ';', '|', ' ', '\n']).map(str::trim);
    let versions = words.filter(|word| !word.starts_with('<') && !word.starts_with("!="));
    let versions =
        versions.map(|word| word.trim_start_matches(['>', '=', '^', '~', '(', '[']).trim_end_matches([')', ']']));
    versions.filter(|word| word.contains(|c: char| c.is_ascii_digit())).collect()
}

/// The least fixed version above the installed one; what is older is no fix. Without an installed version, the least.
pub(crate) fn fix_for<'v>(installed: Option<&str>, fixed: &[&'v str]) -> Option<&'v str> {
    let above = fixed.iter().filter(|fixed| installed.is_none_or(|installed| is_above(fixed, installed)));
    above.min_by(|a, b| compare(a, b)).copied()
}

/// Whether a fixed version is above the installed one. Databases often leave out the epoch that package managers write.
fn is_above(fixed: &str, installed: &str) -> bool {
    match installed.split_once(':') {
        Some((epoch, version)) if !fixed.contains(':') && epoch.bytes().all(|byte| byte.is_ascii_digit()) => {
            compare(fixed, version).is_gt()
        }
        _ => compare(fixed, installed).is_gt(),
    }
}

/// The versions to which a sentence says to update a package: `Upgrade to version 4.17.21 or above.`, `Upgrade lodash to
/// 3.10.2, 4.17.21`. None where the sentence is about another package.
pub(crate) fn advised<'t>(text: &'t str, package: &str) -> Vec<&'t str> {
    let mut words = text.split_whitespace().skip_while(|word| !is_update(word)).skip(1);
    let mut object = Vec::new();
    for word in words.by_ref() {
        if word.eq_ignore_ascii_case("to") {
            break;
        }
        object.push(word);
    }
    let last = |name: &str| name.rsplit(['/', ':']).next().unwrap_or_default().to_ascii_lowercase();
    let is_package = |word: &&str| {
        let word = word.trim_matches(|c: char| matches!(c, '`' | '\'' | '"' | '*')).to_ascii_lowercase();
        matches!(word.as_str(), "it" | "package" | "dependency") || last(&word) == last(package)
    };
    if !object.is_empty() && !object.iter().any(is_package) {
        return Vec::new();
    }
    let mut versions = Vec::new();
    for word in words {
        let version = word
            .trim_end_matches([',', ';', '.', ')'])
            .trim_start_matches(['(', '`', '>', '=', 'v'])
            .trim_end_matches('`');
        let is_version = version.starts_with(|c: char| c.is_ascii_digit());
        match word.trim_end_matches([',', ';']).to_ascii_lowercase().as_str() {
            _ if is_version => versions.push(version),
            "version" | "versions" | "or" | "and" | "at" | "least" | "a" | "=" | ">=" => {}
            _ => break,
        }
        if word.ends_with('.') {
            break;
        }
    }
    versions
}

fn is_update(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| !c.is_ascii_alphabetic()).to_ascii_lowercase();
    matches!(word.as_str(), "upgrade" | "update" | "upgrading" | "updating" | "bump")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_the_order_of_their_ecosystems() {
        for (older, newer) in [
            ("1.2.3", "1.2.10"),
            ("1.9", "1.10"),
            ("1.0.0-rc.1", "1.0.0"),
            ("4.0a1", "4.0"),
            ("2.0.0-alpha", "2.0.0-beta"),
            ("1.0", "1.0.post1"),
            ("1.1.1k", "1.1.1w"),
            ("3.1.0-r0", "3.1.4-r0"),
            ("2.36-9", "2.36-9+deb12u3"),
            ("2.0~beta1", "2.0"),
            ("3.0", "1:1.0"),
            ("v1.23.1", "1.23.8"),
            ("5.3.0.RELEASE", "5.3.1.RELEASE"),
            ("0.0.0-20200101000000-abc", "0.0.1"),
            ("9.0.007", "9.0.8"),
        ] {
            assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(compare(newer, older), Ordering::Greater, "{newer} {older}");
        }
        for (a, b) in [("v1.0", "1.0.0"), ("1.0", "1.0.Final"), ("=1.2", "1.2")] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn advice_names_the_fixed_versions_of_its_package() {
        for (text, package, wanted) in [
            ("Upgrade to version 4.17.21 or above.", "lodash", vec!["4.17.21"]),
            ("Upgrade to versions 1.2.3, 2.0.1 or above.", "lodash", vec!["1.2.3", "2.0.1"]),
            ("Upgrade libssl1.1 to 1.1.1d-r0", "libssl1.1", vec!["1.1.1d-r0"]),
            ("Bad. Please update `core` to v2.9.5. Use 7 zip.", "acme:core", vec!["2.9.5"]),
            (
                "Upgrade a:core to version 2.6.7.5, 2.8.11.1, 2.9.5 or higher.",
                "b:core",
                vec!["2.6.7.5", "2.8.11.1", "2.9.5"],
            ),
            ("Upgrade express to 4.18.0", "qs", vec![]),
            ("Upgrade to lodash@4.17.21", "lodash", vec![]),
            ("Upgrade to the latest version, since 2 years", "lodash", vec![]),
            ("Do not use it", "lodash", vec![]),
        ] {
            assert_eq!(advised(text, package), wanted, "{text}");
        }
    }

    #[test]
    fn the_fix_is_the_next_one_above() {
        for (installed, fixed, wanted) in [
            (Some("1:1.0.2k-24"), "1.0.2k-25", Some("1.0.2k-25")),
            (Some("1:1.0.2k-24"), "1.0.2k-23", None),
            (Some("4.2.1"), "3.2.20, 4.1.10, 4.2.3", Some("4.2.3")),
            (Some("5.7.1"), "7.5.2, 6.3.1, 5.7.2", Some("5.7.2")),
            (Some("v1.24.1"), "1.23.8, 1.24.2", Some("1.24.2")),
            (Some("3.0.1"), "1.1.1w", None),
            (None, "2.0 || 1.5", Some("1.5")),
            (Some("4.17.20"), ">=4.17.21", Some("4.17.21")),
            (Some("1.0"), "<2.0", None),
        ] {
            assert_eq!(fix_for(installed, &listed(fixed)), wanted, "{installed:?} {fixed}");
        }
    }
}
