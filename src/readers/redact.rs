//! Takes a found secret out of every text of its finding. Only its hash stays.

use percent_encoding::percent_decode_str;
use sha2::{Digest as _, Sha256};

use crate::finding::{Finding, Location, login};

/// Parts of a secret from this length on are taken out too.
const PART: usize = 8;
const MASK: &str = "[secret]";

/// Whether a report shows no value but a mask (`REDACTED`, `****`).
pub(super) fn is_masked(value: &str) -> bool {
    let upper = value.to_ascii_uppercase();
    upper.contains("REDACTED")
        || upper.contains("MASKED")
        || value.contains("***")
        || value.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.'))
}

/// The SHA-256 of a secret, in hex; of several that belong together, of all of them.
pub(super) fn hash<'s>(values: impl IntoIterator<Item = &'s str>) -> String {
    let mut hasher = Sha256::new();
    values.into_iter().for_each(|value| hasher.update(value.as_bytes()));
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a secret scanner's source lines are nothing but the secret.
pub(super) fn is_bare(shown: &str) -> bool {
    !shown.is_empty() && !shown.contains(char::is_whitespace) && !is_masked(shown)
}

/// Takes out of a secret scanner's finding what its source lines show: all that might be a secret, which is a word of some
/// length with a digit in it, or one that is quoted or assigned.
pub(super) fn lines(finding: &mut Finding, shown: &str) {
    let shown = shown.trim();
    for word in shown.split(|c: char| c.is_whitespace() || "\"'`=,;(){}[]<>".contains(c)) {
        let before = &shown[..word.as_ptr().addr() - shown.as_ptr().addr()];
        let is_value = before.trim_end().ends_with(['"', '\'', '`', '=', ':']);
        if word.len() >= PART && (is_value || word.contains(|c: char| c.is_ascii_digit())) {
            value(finding, word);
        }
    }
    if is_bare(shown) {
        value(finding, shown);
    }
}

/// Names of query parameters whose values are nobody's business.
const PRIVATE: &[&str] = &[
    "token",
    "secret",
    "password",
    "passwd",
    "pwd",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "access-key",
    "private_key",
    "session",
    "credential",
    "signature",
    "jwt",
];
/// The same, where they are the whole name.
const PRIVATE_WORDS: &[&str] = &["key", "sid", "sig", "auth", "authorization", "pass"];

/// Takes credentials out of a finding's addresses, and out of its other texts what they were.
pub(super) fn addresses(finding: &mut Finding) {
    let urls = std::iter::once(&finding.location).chain(&finding.locations).filter_map(|at| at.url.clone());
    for url in urls.filter(|url| url.contains(['@', '?'])).collect::<Vec<_>>() {
        if let Some(login) = login(&url) {
            let written = format!("{login}@");
            texts(finding, &mut |text| {
                if text.contains(&written) {
                    *text = text.replace(&written, "");
                }
            });
            let password = login.split_once(':').map_or(login, |(_, password)| password);
            if password.len() >= PART {
                value(finding, password);
            }
        }
        let query = url.split('#').next().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
        for (name, secret) in query.split(['&', ';']).filter_map(|pair| pair.split_once('=')) {
            let name = name.to_ascii_lowercase();
            if PRIVATE.iter().any(|part| name.contains(part)) || PRIVATE_WORDS.contains(&name.as_str()) {
                value(finding, secret);
                value(finding, &percent_decode_str(secret).decode_utf8_lossy());
            }
        }
    }
}

/// Takes a value out of every text of a finding.
pub(super) fn value(finding: &mut Finding, secret: &str) {
    // A mask is no value, and what is shorter than a word would tear holes into every text.
    if secret.len() < 4 || is_masked(secret) && secret.len() <= PART {
        return;
    }
    let places = (finding.location.clone(), finding.locations.clone());
    let held =
        |place: &Location| place.path.as_deref().is_some_and(|path| secret.len() >= PART && path.contains(secret));
    let in_a_path = held(&places.0) || places.1.iter().any(held);
    let secret = Secret::new(secret, finding.rule.as_deref().unwrap_or_default());
    texts(finding, &mut |text| {
        if let Some(clean) = secret.taken_out_of(text) {
            *text = clean;
        }
    });
    // A path that shares a part with the secret is still the finding's place.
    if !in_a_path {
        for (at, was) in std::iter::once(&mut finding.location)
            .chain(&mut finding.locations)
            .zip(std::iter::once(places.0).chain(places.1))
        {
            at.path = was.path;
        }
    }
}

/// Drops what may show a secret that the report does not name: source lines, messages.
pub(super) fn secret_kind(finding: &mut Finding) {
    let snippet = finding.evidence.snippet.take();
    let Some(snippet) = snippet else { return };
    // Identity needs the lines' digest only; the lines themselves hold the secret.
    if finding.evidence.secret_hash.is_none() {
        let folded: Vec<_> = snippet.lines.split_whitespace().collect();
        let digest = crate::finding::digest([("lines", folded.join(" ").as_str())]);
        finding.evidence.snippet = Some(crate::finding::Snippet { lines: digest.to_string(), ..Default::default() });
    }
}

struct Secret<'s> {
    whole: &'s str,
    /// Its parts of eight bytes; short secrets have none.
    parts: std::collections::HashSet<&'s [u8]>,
}

impl<'s> Secret<'s> {
    /// What the secret shares with the rule's name (`password`) says nothing of it.
    fn new(whole: &'s str, rule: &str) -> Self {
        let rule = if rule.contains(whole) { "" } else { rule }.as_bytes();
        let in_rule = |part: &&[u8]| rule.windows(PART).any(|word| word.eq_ignore_ascii_case(part));
        Self { whole, parts: whole.as_bytes().windows(PART).filter(|part| !in_rule(part)).collect() }
    }

    /// The text without the secret and any part of it; `None` where it holds none.
    fn taken_out_of(&self, text: &str) -> Option<String> {
        let mut hit = vec![false; text.len()];
        if self.whole.len() < PART {
            text.match_indices(self.whole).for_each(|(at, found)| hit[at..at + found.len()].fill(true));
        }
        for (at, window) in text.as_bytes().windows(PART).enumerate() {
            if self.parts.contains(window) {
                hit[at..at + PART].fill(true);
            }
        }
        if !hit.contains(&true) {
            return None;
        }
        let mut clean = String::with_capacity(text.len());
        let mut inside = false;
        for (at, character) in text.char_indices() {
            let now = hit[at..at + character.len_utf8()].contains(&true);
            match (now, inside) {
                (true, false) => clean.push_str(MASK),
                (false, _) => clean.push(character),
                (true, true) => {}
            }
            inside = now;
        }
        Some(clean)
    }
}

/// Every text of a finding that people or machines may come to read.
pub(super) fn texts(finding: &mut Finding, f: &mut impl FnMut(&mut String)) {
    f(&mut finding.title);
    for text in [&mut finding.rule, &mut finding.description, &mut finding.justification, &mut finding.first_seen] {
        text.iter_mut().for_each(&mut *f);
    }
    for list in [&mut finding.identifiers, &mut finding.references, &mut finding.tags] {
        list.iter_mut().for_each(&mut *f);
    }
    for at in std::iter::once(&mut finding.location).chain(&mut finding.locations) {
        for text in [&mut at.path, &mut at.url, &mut at.method, &mut at.parameter, &mut at.resource, &mut at.image] {
            text.iter_mut().for_each(&mut *f);
        }
    }
    if let Some(component) = &mut finding.component {
        f(&mut component.name);
        component.purl.iter_mut().chain(&mut component.version).for_each(&mut *f);
    }
    if let Some(fix) = &mut finding.fix {
        fix.version.iter_mut().chain(&mut fix.text).for_each(&mut *f);
    }
    finding.cvss.iter_mut().filter_map(|cvss| cvss.vector.as_mut()).for_each(&mut *f);
    let evidence = &mut finding.evidence;
    evidence.message.iter_mut().for_each(&mut *f);
    evidence.fingerprints.iter_mut().for_each(|fingerprint| f(&mut fingerprint.value));
    if let Some(snippet) = &mut evidence.snippet {
        f(&mut snippet.lines);
        snippet.before.iter_mut().chain(&mut snippet.after).chain(&mut snippet.heading).for_each(f);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Fix;

    #[test]
    fn takes_out_the_whole_and_its_parts() {
        let secret = "AKIAIOSFODNN7EXAMPLE";
        let mut finding = Finding {
            title: format!("key {secret}!"),
            description: Some("ends with N7EXAMPLE, é".to_owned()),
            references: vec![format!("https://x/?k={secret}")],
            fix: Some(Fix { text: Some("AKIAIOSFx".to_owned()), version: None }),
            ..Finding::default()
        };
        value(&mut finding, secret);
        assert_eq!(finding.title, "key [secret]!");
        assert_eq!(finding.description.as_deref(), Some("ends with [secret], é"));
        assert_eq!(finding.references, ["https://x/?k=[secret]"]);
        assert_eq!(finding.fix.and_then(|fix| fix.text).as_deref(), Some("[secret]x"));
    }

    #[test]
    fn the_rule_keeps_its_name() {
        let mut finding = Finding {
            rule: Some("password".to_owned()),
            title: "Password password123".to_owned(),
            ..Finding::default()
        };
        value(&mut finding, "password123");
        assert_eq!((finding.rule.as_deref(), finding.title.as_str()), (Some("password"), "Password p[secret]"));
        let mut finding = Finding { rule: Some("is-password123".to_owned()), ..Finding::default() };
        value(&mut finding, "password123");
        assert_eq!(finding.rule.as_deref(), Some("is-[secret]"));
    }

    #[test]
    fn takes_out_what_lines_show() {
        for (shown, title) in [
            ("password = \"correcthorsebattery\"", "Found [secret]"),
            ("PASSWORD: correcthorsebattery # mine", "Found [secret]"),
            ("correcthorsebattery", "Found [secret]"),
            ("use correcthorsebattery here", "Found correcthorsebattery"),
        ] {
            let mut finding = Finding { title: "Found correcthorsebattery".to_owned(), ..Finding::default() };
            lines(&mut finding, shown);
            assert_eq!(finding.title, title, "{shown}");
        }
    }

    #[test]
    fn addresses_keep_no_credentials() {
        let url = "https://admin:hunter2pass@a.example/x?access_token=s3cr3t%2Ftoken&q=%3Cscript%3E&key=abcd#top";
        let mut finding = Finding { title: format!("Open in {url}, s3cr3t/token"), ..Finding::default() };
        finding.location.url = Some(url.to_owned());
        addresses(&mut finding);
        let clean = "https://a.example/x?access_token=[secret]&q=%3Cscript%3E&key=[secret]#top";
        assert_eq!(finding.location.url.as_deref(), Some(clean));
        assert_eq!(finding.title, format!("Open in {clean}, [secret]"));
    }

    #[test]
    fn takes_out_short_ones() {
        let mut finding = Finding { title: "password hunter2".to_owned(), ..Finding::default() };
        value(&mut finding, "hunter2");
        assert_eq!(finding.title, "password [secret]");
    }
}
