//! What must be there in a report without findings: a container of a name that nobody knows may hold what the program
//! has not looked at, and a report of which nothing was read must not look like one in which nothing was found.

use jaq_json::Val;

use super::finding::lossy;

/// Paths of containers by names, through arrays: `Results.Vulnerabilities`. A `*` stands for any text, where names are data.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Paths(Vec<String>);

impl Paths {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object has a member in which one of them begins.
    pub(crate) fn begin_in(&self, document: &serde_json::Value) -> bool {
        self.0.iter().filter_map(|path| path.split('.').next()).any(|name| document.get(name).is_some())
    }

    /// Whether one of them leads to a place, or goes on from there.
    fn lead_to(&self, place: &[String]) -> Option<Leads> {
        let mut found = None;
        for path in &self.0 {
            let mut names = path.split('.');
            let here = place.iter().all(|name| names.next().is_some_and(|wanted| fits(wanted, name)));
            match (here, names.next()) {
                (true, Some(_)) => return Some(Leads::Below),
                (true, None) => found = Some(Leads::Here),
                (false, _) => {}
            }
        }
        found
    }
}

fn fits(wanted: &str, name: &str) -> bool {
    match wanted.split_once('*') {
        Some((start, end)) => name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end),
        None => wanted == name,
    }
}

enum Leads {
    Here,
    Below,
}

/// A container, by its path, that is neither one in which findings are nor one that is known to hold none.
pub(crate) fn unknown(document: &Val, findings: &Paths, others: &Paths) -> Option<String> {
    search(document, &mut Vec::new(), findings, others)
}

fn search(value: &Val, place: &mut Vec<String>, findings: &Paths, others: &Paths) -> Option<String> {
    match value {
        Val::Arr(items) => items.iter().find_map(|item| search(item, place, findings, others)),
        Val::Obj(members) => members.iter().filter(|(_, value)| holds_something(value)).find_map(|(name, value)| {
            let Val::TStr(name) = name else { return None };
            place.push(lossy(name).into_owned());
            let found = match findings.lead_to(place) {
                Some(Leads::Below) => search(value, place, findings, others),
                Some(Leads::Here) => None,
                None if others.lead_to(place).is_some() => None,
                None => Some(place.join(".")),
            };
            place.pop();
            found
        }),
        _ => None,
    }
}

fn holds_something(value: &Val) -> bool {
    match value {
        Val::Arr(items) => !items.is_empty(),
        Val::Obj(members) => !members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_what_is_not_known() {
        let paths = |paths: &[&str]| Paths(paths.iter().map(|path| (*path).to_owned()).collect());
        let (findings, others) = (paths(&["results.issues", "files.*.messages"]), paths(&["meta", "results.tool"]));
        for (document, wanted) in [
            (r#"{"results": [{"issues": [{"odd": [1]}]}], "meta": {"a": [1]}}"#, None),
            (r#"{"results": [{}, {"odd": {"a": 1}, "tool": [1]}]}"#, Some("results.odd")),
            (r#"{"version": 1, "empty": [], "none": {}, "nothing": null}"#, None),
            (r#"{"version": 1, "odd": ["a"]}"#, Some("odd")),
            (r#"{"files": {"a.py": {"messages": [1]}}}"#, None),
            (r#"{"files": {"a.py": {"odd": [1]}}}"#, Some("files.a.py.odd")),
        ] {
            let document = jaq_json::read::parse_single(document.as_bytes()).unwrap();
            assert_eq!(unknown(&document, &findings, &others).as_deref(), wanted, "{document}");
        }
    }
}
