//! Tables of a definition: what a scanner's own words for severity, status and ecosystem mean.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// A scanner's words and what they mean, in any case; `-` and `_` are spaces.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table<T> {
    #[serde(default = "BTreeMap::new", deserialize_with = "folded_keys")]
    map: BTreeMap<String, T>,
    /// What is meant where the report has no word, or one that nobody knows.
    #[serde(default = "Option::default")]
    pub(crate) default: Option<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { map: BTreeMap::new(), default: None }
    }
}

impl<T> Table<T> {
    pub(crate) fn get(&self, word: &str) -> Option<&T> {
        if self.map.is_empty() { None } else { self.map.get(&folded(word)) }
    }

    /// Whether words of this scanner are numbers, which are then no scores.
    pub(crate) fn has_numbers(&self) -> bool {
        self.map.keys().any(|word| word.parse::<f64>().is_ok())
    }

    /// Whether the report has no word for it.
    pub(crate) fn is_constant(&self) -> bool {
        self.map.is_empty() && self.default.is_some()
    }
}

fn folded(word: &str) -> String {
    word.trim().to_lowercase().replace(['_', '-'], " ")
}

fn folded_keys<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let map = BTreeMap::<String, T>::deserialize(deserializer)?;
    let count = map.len();
    let folded: BTreeMap<_, _> = map.into_iter().map(|(word, meaning)| (folded(&word), meaning)).collect();
    if folded.len() < count {
        return Err(serde::de::Error::custom("two words of a table differ only in case, `-` or `_`"));
    }
    Ok(folded)
}
