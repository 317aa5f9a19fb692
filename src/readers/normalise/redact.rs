//! Takes found secrets, and what looks like one, out of every text of a finding. Only a secret's hash stays.
//!
//! Readers name the values that they know (`Finding::secrets`). What is about a secret without naming it is looked at more
//! strictly, and the net of `crate::redact` is under all of it.

use std::collections::HashSet;

use aho_corasick::AhoCorasick;
use percent_encoding::percent_decode_str;
use sha2::{Digest as _, Sha256};

pub(crate) use crate::redact::is_masked;

use crate::finding::{Finding, Kind, Location, Scan, Snippet, login};
use crate::redact::{Care, MASK, clean, credentials, found, without_session};

/// Parts of a secret from this length on are taken out too.
const PART: usize = 8;

/// Weaknesses that are about a credential in code, by their numbers.
const CWES: [&str; 7] = ["CWE-798", "CWE-259", "CWE-321", "CWE-522", "CWE-547", "CWE-260", "CWE-256"];
/// Parts of the names of rules that are about one, without separators.
const RULES: [&str; 13] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "credential",
    "apikey",
    "privatekey",
    "accesskey",
    "authtoken",
    "accesstoken",
    "hardcodedtoken",
    "tokenleak",
    "connectionstring",
];

/// Words of rules about infrastructure that find the credential itself.
const LITERAL: [&str; 6] = ["hardcoded", "passwordsandsecrets", "plaintext", "leaked", "exposedsecret", "secretsin"];

/// The SHA-256 of a secret, in hex; of several that belong together, of all of them.
pub(crate) fn hash<'s>(values: impl IntoIterator<Item = &'s str>) -> String {
    let mut hasher = Sha256::new();
    values.into_iter().for_each(|value| hasher.update(value.as_bytes()));
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a secret scanner's source lines are nothing but the secret.
pub(crate) fn is_bare(shown: &str) -> bool {
    !shown.is_empty() && !shown.contains(char::is_whitespace) && !is_masked(shown)
}

/// Takes all secrets out of a finding. Of a secret itself stays what issues tell of one: kind, place and hash.
pub(crate) fn finding(finding: &mut Finding) {
    // Two secrets under one name are told apart by their lines.
    let digest = lines_digest(finding);
    addresses(finding);
    let named = std::mem::take(&mut finding.secrets);
    named.0.iter().for_each(|secret| value(finding, secret));
    let is_named = named.0.iter().any(|value| !is_masked(value));
    finding.secrets = named;
    let about = is_about_secret(finding);
    if about {
        shown(finding);
    }
    let prose = match finding.kind {
        // What advisories quote is public.
        Kind::Dependency => Care::Certain,
        _ if about && !is_named => Care::Strict,
        _ => Care::Likely,
    };
    for text in [&mut finding.description, &mut finding.justification].into_iter().flatten() {
        clean(text, prose);
    }
    clean(&mut finding.title, prose);
    finding.fix.iter_mut().filter_map(|fix| fix.text.as_mut()).for_each(|text| clean(text, prose));
    finding.evidence.message.iter_mut().for_each(|text| clean(text, prose));
    for at in places(finding) {
        for text in [&mut at.url, &mut at.parameter, &mut at.resource].into_iter().flatten() {
            clean(text, Care::Likely);
        }
    }
    names(finding, &mut |text| clean(text, Care::Certain));
    if let Some(snippet) = finding.evidence.snippet.as_mut().filter(|_| about) {
        let around = snippet.before.iter_mut().chain(&mut snippet.after).chain(&mut snippet.heading);
        around.chain([&mut snippet.lines]).for_each(|text| clean(text, Care::Strict));
    }
    if finding.kind == Kind::Secret {
        keep_place(finding);
        finding.evidence.snippet = digest.map(|lines| Snippet { lines, ..Snippet::default() });
    }
}

/// What identity needs of a secret's lines where its value is not known: their digest, and nothing of themselves.
fn lines_digest(finding: &Finding) -> Option<String> {
    let snippet = finding.evidence.snippet.as_ref().filter(|_| finding.evidence.secret_hash.is_none())?;
    let folded: Vec<_> = snippet.lines.split_whitespace().collect();
    Some(crate::finding::digest([("lines", folded.join(" ").as_str())]).to_string())
}

/// Takes out of a finding about a credential what its source lines show: all that might be one.
fn shown(finding: &mut Finding) {
    let Some(lines) = finding.evidence.snippet.as_ref().map(|snippet| snippet.lines.trim().to_owned()) else { return };
    let words = found(&lines, Care::Strict).filter(|word| word.len() >= PART);
    words.take(MAX_VALUES).for_each(|word| value(finding, word));
    if is_bare(&lines) {
        value(finding, &lines);
    }
}

/// Whether a finding is about a credential, and so may quote it.
fn is_about_secret(finding: &Finding) -> bool {
    let is_told = |text: &str| {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        let plain: String = letters.map(|c| c.to_ascii_lowercase()).collect();
        RULES.iter().any(|name| plain.contains(name)) || CWES.iter().any(|cwe| is_of(text, cwe))
    };
    // Policies name passwords and show none; advisories are public.
    let is_of_code = match finding.kind {
        Kind::Dependency => return false,
        Kind::Infrastructure => finding.rule.iter().chain([&finding.title]).any(|text| {
            let text = text.to_ascii_lowercase().replace(['-', '_', ' '], "");
            LITERAL.iter().any(|word| text.contains(word))
        }),
        _ => true,
    };
    // `/etc/passwd` is a file like others.
    let title: String = finding.title.split_whitespace().filter(|word| !word.contains('/')).collect();
    finding.kind == Kind::Secret
        || finding.identifiers.iter().any(|id| CWES.contains(&id.as_str()))
        || is_of_code && (finding.rule.iter().chain(&finding.tags).any(|text| is_told(text)) || is_told(&title))
}

/// Whether a text names a weakness: `external/cwe/cwe-798`, and not CWE-7980.
fn is_of(text: &str, cwe: &str) -> bool {
    let text = text.to_ascii_uppercase();
    text.match_indices(cwe).any(|(at, _)| !text[at + cwe.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

/// Drops what issues do not tell of a secret either: it may show the secret, whatever the report calls it.
fn keep_place(finding: &mut Finding) {
    (finding.description, finding.fix, finding.component) = (None, None, None);
    finding.tags.iter_mut().for_each(|tag| clean(tag, Care::Strict));
    for at in places(finding) {
        (at.url, at.method, at.parameter) = (None, None, None);
    }
}

fn places(finding: &mut Finding) -> impl Iterator<Item = &mut Location> {
    std::iter::once(&mut finding.location).chain(&mut finding.locations)
}

/// Names and links, of which only what has a credential's form is none.
fn names(finding: &mut Finding, f: &mut impl FnMut(&mut String)) {
    let Finding { rule, first_seen, identifiers, references, tags, component, fix, cvss, .. } = finding;
    rule.iter_mut().chain(first_seen).chain(identifiers).chain(references).chain(tags).for_each(&mut *f);
    if let Some(component) = component {
        f(&mut component.name);
        component.purl.iter_mut().chain(&mut component.version).for_each(&mut *f);
    }
    fix.iter_mut().filter_map(|fix| fix.version.as_mut()).for_each(&mut *f);
    cvss.iter_mut().filter_map(|cvss| cvss.vector.as_mut()).for_each(f);
}

/// Values of one address or snippet that are looked for in all other texts of a finding: nobody writes as many, and each is
/// masked where it stands anyway.
const MAX_VALUES: usize = 64;

/// Takes logins and sessions out of a finding's addresses, and out of its other texts what the addresses held.
fn addresses(finding: &mut Finding) {
    let urls = std::iter::once(&finding.location).chain(&finding.locations).filter_map(|at| at.url.clone());
    for url in urls.filter(|url| url.contains(['@', '?', '#', ';', '('])).collect::<Vec<_>>() {
        if let Some(login) = login(&url) {
            let written = format!("{login}@");
            replace(finding, &written, "");
            let password = login.split_once(':').map_or(login, |(_, password)| password);
            if password.len() >= PART {
                value(finding, password);
            }
        }
        // Whatever the session is, the page is the same.
        let plain = without_session(&url);
        if plain != url {
            replace(finding, &url, &plain);
        }
        for secret in credentials(&url).take(MAX_VALUES) {
            value(finding, secret);
            value(finding, &percent_decode_str(secret).decode_utf8_lossy());
        }
    }
}

fn replace(finding: &mut Finding, written: &str, by: &str) {
    texts(finding, &mut |text| {
        if text.contains(written) {
            *text = text.replace(written, by);
        }
    });
}

/// Takes a value out of every text of a finding.
fn value(finding: &mut Finding, secret: &str) {
    // A mask is no value, and what is shorter than a word would tear holes into every text.
    if secret.len() < 4 || is_masked(secret) && secret.len() <= PART {
        return;
    }
    let shown: Vec<Option<String>> = places(finding).map(|at| at.path.clone()).collect();
    let in_a_path = tells(secret) && shown.iter().flatten().any(|path| path.contains(secret));
    let secret = Secret::new(secret, finding.rule.as_deref().unwrap_or_default(), &shown);
    texts(finding, &mut |text| {
        if let Some(clean) = secret.taken_out_of(text) {
            *text = clean;
        }
    });
    // A path that shares a part with the secret is still the finding's place.
    if !in_a_path {
        for (at, was) in places(finding).zip(shown) {
            at.path = was;
        }
    }
}

struct Secret<'s> {
    whole: &'s str,
    /// Its parts of eight bytes; short secrets have none.
    parts: HashSet<&'s [u8]>,
    /// Paths, of which no part is taken for one of the secret.
    paths: Vec<&'s str>,
}

impl<'s> Secret<'s> {
    /// What the secret shares with the rule's name (`password`) says nothing of it.
    fn new(whole: &'s str, rule: &str, paths: &'s [Option<String>]) -> Self {
        let rule = if rule.contains(whole) { "" } else { rule }.as_bytes();
        let in_rule = |part: &&[u8]| rule.windows(PART).any(|word| word.eq_ignore_ascii_case(part));
        let parts = whole.as_bytes().windows(PART).filter(|part| !in_rule(part)).collect();
        let paths = paths
            .iter()
            .flatten()
            .map(String::as_str)
            .filter(|path| path.len() >= PART && !(tells(whole) && path.contains(whole)));
        Self { whole, parts, paths: paths.collect() }
    }

    /// The text without the secret and any part of it; `None` where it holds none.
    fn taken_out_of(&self, text: &str) -> Option<String> {
        let mut hit = vec![false; text.len()];
        for (at, window) in text.as_bytes().windows(PART).enumerate() {
            if self.parts.contains(window) {
                hit[at..at + PART].fill(true);
            }
        }
        drop_prose(text, &mut hit);
        let wholes: Vec<_> = text.match_indices(self.whole).map(|(at, found)| at..at + found.len()).collect();
        wholes.iter().for_each(|whole| hit[whole.clone()].fill(true));
        // The place stays, also where a word of it is the secret's; not where the secret is longer than it.
        for path in &self.paths {
            let is_in_secret = |at: usize| {
                wholes.iter().any(|whole| whole.len() > path.len() && whole.start <= at && at + path.len() <= whole.end)
            };
            let places = text.match_indices(path).filter(|(at, _)| !is_in_secret(*at));
            places.for_each(|(at, found)| hit[at..at + found.len()].fill(false));
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

/// Forgets hits in the middle of longer words of prose: `ardcode` in `Hardcoded` is no part of a secret.
fn drop_prose(text: &str, hit: &mut [bool]) {
    let bytes = text.as_bytes();
    let is_letter = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic);
    let mut start = 0;
    while let Some(at) = hit[start..].iter().position(|hit| *hit) {
        start += at;
        let end = hit[start..].iter().position(|hit| !*hit).map_or(hit.len(), |length| start + length);
        let run = &bytes[start..end];
        let is_word = run.iter().all(u8::is_ascii_alphabetic) && run.iter().any(u8::is_ascii_lowercase);
        if is_word && (is_letter(start.checked_sub(1)) || is_letter(Some(end))) {
            hit[start..end].fill(false);
        }
        start = end;
    }
}

/// Takes what one finding of a run names as its secret out of all others; what the secrets were is forgotten then.
pub(crate) fn run(scans: &mut [Scan]) {
    let all = scans.iter_mut().flat_map(|scan| &mut scan.findings);
    let named: HashSet<String> = all.flat_map(|finding| std::mem::take(&mut finding.secrets).0).collect();
    let named: Vec<String> = named.into_iter().filter(|value| tells(value)).collect();
    let Some(search) = AhoCorasick::new(&named).ok().filter(|_| !named.is_empty()) else { return };
    let masks = vec![MASK; named.len()];
    let mut replace = |text: &mut String| {
        if search.is_match(text.as_str()) {
            *text = search.replace_all(text, &masks);
        }
    };
    for scan in scans {
        scan.failure.iter_mut().for_each(&mut replace);
        scan.findings.iter_mut().for_each(|finding| {
            let evidence = std::mem::take(&mut finding.evidence);
            texts(finding, &mut replace);
            finding.evidence = evidence;
        });
    }
}

/// Whether a value is no word that other texts may hold.
fn tells(value: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_' | b'.' | b' ' | b'/');
    value.len() >= PART && !is_masked(value) && !value.bytes().all(is_word)
}

/// Every text of a finding that people or machines may come to read.
pub(crate) fn texts(finding: &mut Finding, f: &mut impl FnMut(&mut String)) {
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
        assert_eq!((finding.rule.as_deref(), finding.title.as_str()), (Some("password"), "Password [secret]"));
        let mut finding = Finding { rule: Some("is-password123".to_owned()), ..Finding::default() };
        value(&mut finding, "password123");
        assert_eq!(finding.rule.as_deref(), Some("is-[secret]"));
    }

    #[test]
    fn what_is_about_a_secret_shows_none() {
        for (shown, title) in [
            ("password = \"correcthorsebattery\"", "Found [secret]"),
            ("PASSWORD: correcthorsebattery # mine", "Found [secret]"),
            ("correcthorsebattery", "Found [secret]"),
            ("use correcthorsebattery here", "Found correcthorsebattery"),
        ] {
            let snippet = Some(Snippet { lines: shown.to_owned(), ..Snippet::default() });
            let mut finding = Finding { title: "Found correcthorsebattery".to_owned(), ..Finding::default() };
            finding.evidence.snippet = snippet;
            self::shown(&mut finding);
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
    fn the_place_stays() {
        let place = |path: &str| Location { path: Some(path.to_owned()), ..Location::default() };
        for (secret, path, title) in [
            ("settings", "conf/settings.yml", "Hardcoded \"[secret]\" in conf/settings.yml"),
            ("conf/a.yml", "conf/a.yml", "Hardcoded \"conf/a.yml\" in conf/a.yml"),
            ("s3ttings-9x", "conf/s3ttings-9x.yml", "Hardcoded \"[secret]\" in conf/[secret].yml"),
        ] {
            let title_of_it = format!("Hardcoded \"{secret}\" in {path}");
            let mut finding = Finding { title: title_of_it, location: place(path), ..Finding::default() };
            value(&mut finding, secret);
            assert_eq!(finding.title, title);
            let shown = finding.location.path.unwrap_or_default();
            assert!(title.ends_with(&shown), "{shown}");
        }
    }

    #[test]
    fn takes_out_short_ones() {
        let mut finding = Finding { title: "password hunter2".to_owned(), ..Finding::default() };
        value(&mut finding, "hunter2");
        assert_eq!(finding.title, "password [secret]");
    }
}
