//! Which of a vulnerability's ratings counts: documents often carry one of each vendor and method.

use super::model::{Rating, Vulnerability};
use crate::finding::{Cvss, Severity};

/// The severity, and the CVSS ratings with the one that counts first.
///
/// Ratings of the source that the vulnerability itself names go first, then CVSS 3 and 4, then CVSS 2, then the rest.
/// A known vulnerability that nobody has rated is Medium: it is not merely worth knowing.
pub(super) fn rate(vulnerability: &Vulnerability<'_>) -> (Severity, Vec<Cvss>) {
    let source = vulnerability.source.name.get();
    let mut ratings: Vec<&Rating<'_>> = vulnerability.ratings.iter().map(|rating| &**rating).collect();
    ratings.sort_by_key(|rating| {
        let is_own = source.is_some() && rating.source.name.get() == source;
        (!is_own, method(rating))
    });
    // `unknown` of one source must not hide what another one knows.
    let unrated = if ratings.is_empty() { Severity::Medium } else { Severity::Info };
    let severity = ratings.iter().find_map(|rating| severity(rating)).unwrap_or(unrated);
    let cvss = ratings
        .iter()
        .filter(|rating| method(rating) < OTHER)
        .map(|rating| cvss(rating))
        .filter(|cvss| cvss.vector.is_some() || cvss.score.is_some())
        .collect();
    (severity, cvss)
}

const OTHER: u8 = 2;

fn method(rating: &Rating<'_>) -> u8 {
    let vector = rating.vector.get().unwrap_or_default();
    match rating.method.get() {
        Some("CVSSv3" | "CVSSv31" | "CVSSv4") => 0,
        Some("CVSSv2") => 1,
        None if vector.starts_with("CVSS:") => 0,
        _ => OTHER,
    }
}

fn severity(rating: &Rating<'_>) -> Option<Severity> {
    let by_word = rating.severity.get().filter(|word| *word != "unknown").and_then(Severity::from_word);
    let by_score = || Severity::from_ratings(&[cvss(rating)]).filter(|_| method(rating) < OTHER);
    by_word.or_else(by_score)
}

fn cvss(rating: &Rating<'_>) -> Cvss {
    Cvss { vector: rating.vector.owned(), score: rating.score.get() }
}
