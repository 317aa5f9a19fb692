//! Names whose values are nobody's business.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use percent_encoding::percent_decode_str;

/// Parts of such names, without separators and in lower case.
const PARTS: &[&str] = &[
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "apikey",
    "accesskey",
    "privatekey",
    "authkey",
    "sharedkey",
    "accountkey",
    "masterkey",
    "signingkey",
    "encryptionkey",
    "subscriptionkey",
    "sessionkey",
    "licensekey",
    "session",
    "sessid",
    "credential",
    "signature",
    "jwt",
    "bearer",
    "connectsid",
    "authorization",
    "verifier",
    "otp",
    "samlresponse",
    "samlassertion",
    "assertion",
    "connectionstring",
    "userpwd",
    "userpass",
    "dbpass",
    "mypass",
];
/// The same, where they are the whole name.
const WORDS: &[&str] =
    &["pwd", "pass", "pw", "sig", "auth", "xauth", "sid", "asid", "cfid", "cftoken", "aspxauth", "aspsessionid"];
/// The same in addresses, where they have another meaning in prose.
const IN_ADDRESSES: &[&str] = &[
    "key",
    "code",
    "ticket",
    "state",
    "nonce",
    "hash",
    "hmac",
    "st",
    "s",
    "userkey",
    "accessid",
    "keypairid",
    "policy",
    "cookie",
];

/// All parts at once: each `=` and `:` of a report asks for them.
static ANY_PART: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(PARTS).ok());

fn holds_part(name: &str) -> bool {
    ANY_PART.as_ref().map_or_else(|| PARTS.iter().any(|part| name.contains(part)), |parts| parts.is_match(name))
}

/// A name in one form: decoded, in lower case, without separators.
fn plain(name: &str) -> String {
    let mut decoded = Cow::Borrowed(name);
    for _ in 0..3 {
        if !decoded.contains('%') {
            break;
        }
        decoded = Cow::Owned(percent_decode_str(&decoded).decode_utf8_lossy().into_owned());
    }
    decoded.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Ends of names that tell of a credential, not the credential.
const ABOUT: &[&str] = &[
    "tokens", "seconds", "ttl", "length", "lifetime", "type", "name", "file", "path", "url", "uri", "count", "expiry",
    "expires", "policy", "version", "enabled", "required", "rotation", "age", "location", "class", "function",
    "manager",
];

/// Whether a name is one of a credential, wherever it stands.
pub(super) fn is_private(name: &str) -> bool {
    // As short as the metrics of a CVSS vector.
    if name.len() <= 2 {
        return name.eq_ignore_ascii_case("pw");
    }
    let name = plain(name);
    holds_part(&name) && !ABOUT.iter().any(|end| name.ends_with(end)) || WORDS.contains(&name.as_str())
}

/// Whether a parameter's name in an address is one of a credential.
pub(super) fn is_private_parameter(name: &str) -> bool {
    is_private(name) || IN_ADDRESSES.contains(&plain(name).as_str())
}

/// Whether a parameter of a path tells a session.
pub(super) fn is_session(name: &str) -> bool {
    let name = plain(name);
    name.contains("session") || name.contains("sessid") || matches!(name.as_str(), "sid" | "cfid" | "cftoken")
}

/// Whether a word is nothing but such a name, and so no value.
pub(super) fn is_name(word: &str) -> bool {
    let is_plain = word.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'.' | b' '));
    is_plain
        && (is_private(word)
            || matches!(plain(word).as_str(), "key" | "apikeys" | "keys" | "tokens" | "username" | "user"))
}
