//! What a definition says that helps to decide: EPSS, known exploitation, reachability, confidence.

use jaq_json::Val;

use super::finding::{At as _, Shaped, number, object, text, unknown};
use crate::finding::{Epss, Facts, KnownExploited};

/// The members of a finding that are facts.
pub(crate) const FIELDS: [&str; 5] = ["epss", "known_exploited", "exploit_maturity", "reachability", "confidence"];

/// Takes one of them.
pub(crate) fn set(facts: &mut Facts, name: &str, value: &Val) -> Shaped<()> {
    match name {
        "epss" => facts.epss = epss(value)?,
        "known_exploited" => facts.known_exploited = known_exploited(value)?,
        "exploit_maturity" => facts.exploit_maturity = text(value)?,
        "reachability" => facts.reachability = text(value)?,
        // Pylint's and Bandit's `UNDEFINED` is no confidence.
        "confidence" => {
            let word = text(value)?.map(|word| word.to_lowercase());
            facts.confidence = word.filter(|word| !matches!(word.as_str(), "undefined" | "unknown" | "unspecified"));
        }
        _ => return unknown(&FIELDS, name).at(|| name.to_owned()),
    }
    Ok(())
}

/// A score, or `{score, percentile}`, each from 0 to 1.
fn epss(value: &Val) -> Shaped<Option<Epss>> {
    let share = |value: &Val| Ok(number(value)?.filter(|share| (0.0..=1.0).contains(share)));
    if !matches!(value, Val::Obj(_)) {
        return Ok(share(value)?.map(|score| Epss { score, percentile: None }));
    }
    let (mut score, mut percentile) = (None, None);
    object(value, |name, value| {
        match name {
            "score" => score = share(value)?,
            "percentile" => percentile = share(value)?,
            _ => return unknown(&["score", "percentile"], name),
        }
        Ok(())
    })?;
    Ok(score.map(|score| Epss { score, percentile }))
}

/// `true`, or `{since, due, ransomware}`; `false` is as good as unknown.
fn known_exploited(value: &Val) -> Shaped<Option<KnownExploited>> {
    if let Val::Bool(known) = value {
        return Ok(known.then(KnownExploited::default));
    }
    let mut entry = KnownExploited::default();
    let is_there = object(value, |name, value| {
        match name {
            "since" => entry.since = text(value)?,
            "due" => entry.due = text(value)?,
            "ransomware" => entry.ransomware = if let Val::Bool(known) = value { Some(*known) } else { None },
            _ => return unknown(&["since", "due", "ransomware"], name),
        }
        Ok(())
    })?;
    Ok(is_there.then_some(entry))
}
