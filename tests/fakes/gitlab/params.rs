//! Parameters of a request: from the query, and from a body that is a form or JSON, as GitLab takes both.

use serde_json::Value;

#[derive(Debug, Clone, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
    /// The whole body, where it is JSON.
    pub json: Value,
}

impl Params {
    pub fn read(query: &str, content_type: &str, body: &[u8]) -> Self {
        let mut params = Self::default();
        params.pairs.extend(pairs(query));
        if content_type.starts_with("application/x-www-form-urlencoded") {
            params.pairs.extend(pairs(&String::from_utf8_lossy(body)));
        } else if content_type.starts_with("application/json") {
            params.json = serde_json::from_slice(body).unwrap_or_default();
            for (name, value) in params.json.as_object().into_iter().flatten() {
                match value {
                    Value::Array(values) => {
                        params.pairs.extend(values.iter().map(|value| (format!("{name}[]"), plain(value))));
                    }
                    value => params.pairs.push((name.clone(), plain(value))),
                }
            }
        }
        params
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().map(|(name, _)| name.as_str())
    }

    /// The pairs again, but for some, as a query.
    pub fn query_without(&self, left_out: &[&str]) -> String {
        let kept = self.pairs.iter().filter(|(name, _)| !left_out.contains(&name.as_str()));
        kept.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
    };
    text.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

pub fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
