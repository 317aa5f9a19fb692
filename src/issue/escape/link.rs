//! Links from reports: only to hosts that look sane, and never to where a link alone leaves a trace.

use url::{Host, Url};

use super::code;

/// Longest address that becomes a link, in characters.
const MAX_LINK: usize = 1_000;

/// Services that write "mentioned this issue" on the other side of a link; their advisories are harmless.
const FORGES: [&str; 4] = ["github.com", "gitlab.com", "dev.azure.com", "visualstudio.com"];

/// Parts of paths that lead to issues, changes and commits on those services' self-managed kin.
const REFERENCES: [&str; 9] =
    ["issues", "pull", "pulls", "discussions", "commit", "merge_requests", "work_items", "_workitems", "-"];

/// A link that shows its address; as code where it is not to be trusted.
#[must_use]
pub fn link(address: &str) -> String {
    sane(address).map_or_else(|| code(address), |url| format!("<{url}>"))
}

/// A link under a name. The name is untrusted; it stands alone where the address is not to be trusted.
#[must_use]
pub fn named_link(name: &str, address: &str) -> String {
    let name = super::inline(name);
    match sane(address) {
        Some(url) if !name.is_empty() => format!("[{name}]({url})"),
        _ => name,
    }
}

/// The address in a form that means nothing in Markdown, where it may become a link.
fn sane(address: &str) -> Option<String> {
    if address.chars().count() > MAX_LINK {
        return None;
    }
    let url = Url::parse(address.trim()).ok()?;
    let Some(Host::Domain(host)) = url.host() else { return None };
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.port().is_none()
        && host.contains('.')
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        // Names in other scripts can pass for a well-known one.
        && !host.split('.').any(|label| label.is_empty() || label.starts_with("xn--"));
    (plain && !leaves_a_trace(host, &url[url::Position::BeforePath..])).then(|| {
        url.as_str().chars().fold(String::new(), |mut out, c| {
            match c {
                'a'..='z'
                | 'A'..='Z'
                | '0'..='9'
                | ':'
                | '/'
                | '?'
                | '#'
                | '&'
                | '='
                | '.'
                | '-'
                | '%'
                | ','
                | ';'
                | '+' => out.push(c),
                '_' | '~' => out.push(c),
                c => {
                    let mut bytes = [0; 4];
                    out.extend(c.encode_utf8(&mut bytes).bytes().map(|b| format!("%{b:02X}")));
                }
            }
            out
        })
    })
}

/// Whether a link to this path, query and fragment may leave a trace where it leads.
fn leaves_a_trace(host: &str, rest: &str) -> bool {
    let parts: Vec<String> = rest.split(['/', '?', '#', '&', '=']).map(str::to_ascii_lowercase).collect();
    if FORGES.iter().any(|forge| host == *forge || host.ends_with(&format!(".{forge}"))) {
        let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        return !matches!(parts[..], ["advisories", _] | [_, _, "security", "advisories", _]);
    }
    parts.iter().any(|part| REFERENCES.contains(&part.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_databases_are_linked() {
        assert_eq!(
            link("https://nvd.nist.gov/vuln/detail/CVE-2021-1"),
            "<https://nvd.nist.gov/vuln/detail/CVE-2021-1>"
        );
        assert_eq!(
            link("https://github.com/advisories/GHSA-35jh-r3h4-6jhm"),
            "<https://github.com/advisories/GHSA-35jh-r3h4-6jhm>"
        );
        assert_eq!(
            named_link("CWE-79", "https://cwe.mitre.org/data/79.html"),
            "[CWE-79](https://cwe.mitre.org/data/79.html)"
        );
        assert_eq!(link("https://a.org/x)|y@z`<b>"), "<https://a.org/x%29%7Cy%40z%60%3Cb%3E>");
    }

    #[test]
    fn the_rest_is_code() {
        for address in [
            "javascript:alert(1)",
            "data:text/html,x",
            "http://localhost/x",
            "http://127.0.0.1/",
            "https://user@evil.example/",
            "https://github.com/acme/shop/issues/1",
            "https://GitHub.com/acme/shop/pull/1#issuecomment-1",
            "https://git.acme.example/a/b/-/issues/1",
            "https://git.acme.example/a/b/commit/deadbeef",
            "https://xn--80ak6aa92e.com/",
            "https://evil.example:8080/",
            "not a url",
        ] {
            assert_eq!(link(address), code(address));
        }
    }
}
