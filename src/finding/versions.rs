//! Versions and ranges of versions: `1.2`, `vers:semver/>=1.0|<2.0`. <https://github.com/package-url/vers-spec>

use std::cmp::Ordering;

use percent_encoding::percent_decode_str;

/// The versions that a statement is about; none listed: all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Exact(String),
    Range(Range),
}

impl Versions {
    /// One version, or all where there is none.
    #[must_use]
    pub fn exact(version: Option<&str>) -> Self {
        Self(version.map(|version| Entry::Exact(version.to_owned())).into_iter().collect())
    }

    /// Adds one version.
    pub fn add_exact(&mut self, version: &str) {
        self.0.push(Entry::Exact(version.to_owned()));
    }

    /// Adds a range; one that cannot be read holds no version for certain.
    pub fn add_range(&mut self, range: &str) {
        self.0.push(Entry::Range(Range::parse(range)));
    }

    /// Whether none is listed, so that all are meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a version is one of them; `None` where that cannot be told.
    #[must_use]
    pub fn contain(&self, version: Option<&str>) -> Option<bool> {
        if self.0.is_empty() {
            return Some(true);
        }
        let version = version?;
        let each = self.0.iter().map(|entry| match entry {
            Entry::Exact(exact) => Some(is_same(exact, version)),
            Entry::Range(range) => range.contains(version),
        });
        // One that holds it is enough, whatever cannot be told of the others.
        each.max_by_key(|holds| match holds {
            Some(true) => 2,
            None => 1,
            Some(false) => 0,
        })
        .flatten()
    }
}

/// Go and others write `v1.2` for 1.2.
fn is_same(a: &str, b: &str) -> bool {
    bare(a) == bare(b)
}

fn bare(version: &str) -> &str {
    version.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(version)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A vers range: its constraints, and whether versions compare as semantic ones do.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Range {
    is_semver: bool,
    /// `None` where it cannot be read.
    constraints: Option<Vec<(Comparator, String)>>,
}

/// Schemes whose versions compare as semantic ones.
const SEMVER: &[&str] = &["semver", "npm", "cargo", "golang", "hex", "pub", "swift"];

impl Range {
    fn parse(text: &str) -> Self {
        let (scheme, constraints) =
            text.trim().strip_prefix("vers:").and_then(|rest| rest.split_once('/')).unwrap_or(("generic", text.trim()));
        let constraints = constraints.split('|').map(str::trim).filter(|text| !text.is_empty());
        Self { is_semver: SEMVER.contains(&scheme), constraints: constraints.map(constraint).collect() }
    }

    /// The algorithm of the specification; what cannot be compared is unknown.
    fn contains(&self, version: &str) -> Option<bool> {
        let constraints = self.constraints.as_ref().filter(|all| !all.is_empty())?;
        if let [(Comparator::Equal, any)] = &constraints[..]
            && any == "*"
        {
            return Some(true);
        }
        let mut bounds: Vec<(Comparator, &str)> = Vec::new();
        for (comparator, bound) in constraints {
            match comparator {
                Comparator::Equal if is_same(bound, version) => return Some(true),
                Comparator::NotEqual if is_same(bound, version) => return Some(false),
                Comparator::LessOrEqual | Comparator::GreaterOrEqual if is_same(bound, version) => return Some(true),
                Comparator::Equal | Comparator::NotEqual => {}
                _ => bounds.push((*comparator, bound)),
            }
        }
        if bounds.is_empty() {
            return Some(constraints.iter().all(|(comparator, _)| *comparator == Comparator::NotEqual));
        }
        self.sort(&mut bounds)?;
        let is_upper = |comparator: Comparator| matches!(comparator, Comparator::Less | Comparator::LessOrEqual);
        let mut lower = None;
        for (index, (comparator, bound)) in bounds.iter().enumerate() {
            let order = self.compare(version, bound)?;
            if is_upper(*comparator) {
                let is_within = match lower.take() {
                    Some(is_above) => is_above,
                    None => index == 0,
                };
                if is_within && (order.is_lt() || *comparator == Comparator::LessOrEqual && order.is_eq()) {
                    return Some(true);
                }
            } else {
                lower = Some(order.is_gt() || *comparator == Comparator::GreaterOrEqual && order.is_eq());
            }
        }
        Some(lower == Some(true))
    }

    /// Bounds in the order of their versions: the specification wants them so, documents often have them otherwise.
    fn sort(&self, bounds: &mut [(Comparator, &str)]) -> Option<()> {
        let mut comparable = true;
        bounds.sort_by(|(_, a), (_, b)| {
            let order = self.compare(a, b);
            comparable &= order.is_some();
            order.unwrap_or(Ordering::Equal)
        });
        comparable.then_some(())
    }

    /// `None` where schemes differ on it: a number against letters, or one version that goes on where the other ends.
    fn compare(&self, a: &str, b: &str) -> Option<Ordering> {
        let build = |version: &str| bare(version).split('+').next().unwrap_or_default().to_owned();
        let (a, b) = if self.is_semver { (build(a), build(b)) } else { (bare(a).to_owned(), bare(b).to_owned()) };
        let ((a, a_pre), (b, b_pre)) = (self.split(&a), self.split(&b));
        match (compare_numbers(a, b)?, a_pre, b_pre) {
            (Ordering::Equal, None, None) => Some(Ordering::Equal),
            // A pre-release is lower than its release; two of them differ in words.
            (Ordering::Equal, Some(_), None) => Some(Ordering::Less),
            (Ordering::Equal, None, Some(_)) => Some(Ordering::Greater),
            (Ordering::Equal, Some(a), Some(b)) => compare_numbers(a, b),
            (order, _, _) => Some(order),
        }
    }

    fn split<'v>(&self, version: &'v str) -> (&'v str, Option<&'v str>) {
        match version.split_once('-').filter(|_| self.is_semver) {
            Some((release, pre)) => (release, Some(pre)),
            None => (version, None),
        }
    }
}

/// Numbers between dots; `None` where the first difference is not one of numbers.
fn compare_numbers(a: &str, b: &str) -> Option<Ordering> {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let (left, right) = match (a.next(), b.next()) {
            (None, None) => return Some(Ordering::Equal),
            (left, right) => (left.unwrap_or("0"), right.unwrap_or("0")),
        };
        if left == right {
            continue;
        }
        match (left.parse::<u64>(), right.parse::<u64>()) {
            (Ok(left), Ok(right)) if left == right => {}
            (Ok(left), Ok(right)) => return Some(left.cmp(&right)),
            _ => return None,
        }
    }
}

fn constraint(text: &str) -> Option<(Comparator, String)> {
    const COMPARATORS: &[(&str, Comparator)] = &[
        (">=", Comparator::GreaterOrEqual),
        ("<=", Comparator::LessOrEqual),
        ("!=", Comparator::NotEqual),
        (">", Comparator::Greater),
        ("<", Comparator::Less),
        ("=", Comparator::Equal),
    ];
    let found = COMPARATORS.iter().find_map(|(sign, comparator)| Some((*comparator, text.strip_prefix(sign)?)));
    let (comparator, version) = found.unwrap_or((Comparator::Equal, text));
    let version = percent_decode_str(version.trim()).decode_utf8_lossy().into_owned();
    (!version.is_empty()).then_some((comparator, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(range: &str) -> Versions {
        let mut versions = Versions::default();
        versions.add_range(range);
        versions
    }

    fn holds(range: &str, version: &str) -> Option<bool> {
        versions(range).contain(Some(version))
    }

    #[test]
    fn ranges_hold_what_lies_between_their_bounds() {
        for (range, inside, outside) in [
            ("vers:generic/>=2.9|<=4.1", vec!["2.9", "2.10", "3", "4.1", "4.1.0"], vec!["2.8", "4.1.1", "4.2", "10"]),
            ("vers:semver/<7.0.0|>=1.5.0", vec!["1.5.0", "v6.9.9", "7.0.0-rc.1"], vec!["1.4.9", "7.0.0", "1.5.0-rc.1"]),
            ("vers:semver/<1.5.0|>=7.0.0", vec!["1.0.0", "7.0.0", "8.1.0"], vec!["1.5.0", "6.0.0"]),
            ("vers:npm/1.2.3|>=2.0.0|<3.0.0|!=2.5.0", vec!["1.2.3", "2.0.0"], vec!["1.2.4", "2.5.0", "3.0.0"]),
            ("vers:npm/!=1.0.0", vec!["1.0.1"], vec!["1.0.0"]),
            ("vers:npm/>1.0.0", vec!["1.0.1"], vec!["1.0.0", "0.9.0"]),
            ("vers:golang/*", vec!["v1.0.0", "odd"], vec![]),
            (">=1.0|<2.0", vec!["1.5"], vec!["2.0"]),
        ] {
            for version in inside {
                assert_eq!(holds(range, version), Some(true), "{range} {version}");
            }
            for version in outside {
                assert_eq!(holds(range, version), Some(false), "{range} {version}");
            }
        }
    }

    #[test]
    fn what_cannot_be_compared_is_unknown() {
        for (range, version) in [
            ("vers:deb/<1.2-3", "1.2-4"),
            ("vers:generic/>=1.0|<2.0", "1.x"),
            ("vers:generic/>=a|<b", "1"),
            ("vers:generic/", "1"),
            ("vers:generic/>=", "1"),
        ] {
            assert_eq!(holds(range, version), None, "{range} {version}");
        }
        assert_eq!(versions("vers:npm/<2.0.0").contain(None), None, "no version is known");
    }

    #[test]
    fn one_version_is_that_one_only() {
        let exact = Versions::exact(Some("2.0.0"));
        assert_eq!(exact.contain(Some("v2.0.0")), Some(true));
        assert_eq!((exact.contain(Some("2.0.1")), exact.contain(None)), (Some(false), None));
        assert_eq!(Versions::exact(None).contain(None), Some(true), "no version named: all");
    }
}
