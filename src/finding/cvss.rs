//! CVSS: what a vector is worth where a report gives no score, and what ratings say of severity.

use cvss::Cvss as Vector;

use super::{Cvss, Severity};

impl Cvss {
    /// The score that the report gives, else the one of the vector.
    #[must_use]
    pub fn base_score(&self) -> Option<f64> {
        self.score.or_else(|| base_score(self.vector.as_deref()?))
    }
}

impl Severity {
    /// What the ratings say, the one that counts first.
    #[must_use]
    pub fn from_ratings(ratings: &[Cvss]) -> Option<Self> {
        ratings.iter().find_map(Cvss::base_score).map(Self::from_cvss)
    }
}

/// The base score of a vector of CVSS 2, 3.0, 3.1 or 4.0; nothing where it is none, or misses a metric that it must have.
///
/// Also where it is written in parentheses, and without its version where the metrics tell it.
#[must_use]
pub fn base_score(vector: &str) -> Option<f64> {
    let vector = vector.trim().trim_start_matches('(').trim_end_matches([')', '/']);
    let vector = ["CVSS2#", "CVSS:2.0/"].iter().find_map(|prefix| vector.strip_prefix(prefix)).unwrap_or(vector);
    let is_bare_3 = !vector.starts_with("CVSS:") && vector.contains("/PR:") && vector.contains("/S:");
    let parsed: Vector = if is_bare_3 { format!("CVSS:3.1/{vector}").parse() } else { vector.parse() }.ok()?;
    if let Vector::CvssV30(metrics) | Vector::CvssV31(metrics) = &parsed {
        // The crate takes what is missing for "none".
        metrics.av?;
        metrics.ac?;
        metrics.pr?;
        metrics.ui?;
        metrics.s?;
        metrics.c?;
        metrics.i?;
        metrics.a?;
    }
    Some(parsed.score())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_worth_what_the_calculators_of_first_say() {
        for (vector, score) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N/E:P", 6.1),
            ("AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N", 5.5),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
            ("(AV:N/AC:L/Au:N/C:P/I:P/A:P)", 7.5),
            ("CVSS2#AV:N/AC:M/Au:N/C:N/I:P/A:N", 4.3),
        ] {
            assert_eq!(base_score(vector), Some(score), "{vector}");
        }
        for none in ["", "medium", "CVSS:3.1/AV:N", "CVSS:9.9/AV:N/AC:L", "AV:N/AC:L", "((("] {
            assert_eq!(base_score(none), None, "{none}");
        }
    }
}
