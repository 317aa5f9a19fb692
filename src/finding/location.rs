//! Where a finding is: a file and lines, a URL, or a resource.

use serde::Serialize;

use super::Kind;

/// One place. All parts are optional; what a scanner does not say stays absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Location {
    /// Path with forward slashes, relative to the repository's root where that is known.
    pub path: Option<String>,
    /// First line, from 1.
    pub start_line: Option<u32>,
    /// Last line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
    /// The address, for dynamic findings.
    pub url: Option<String>,
    /// HTTP method, for dynamic findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The parameter, header or cookie that is vulnerable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// Address of the resource (`aws_s3_bucket.logs`, `Deployment/default/web`), or the function's name in code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The container image with its tag or digest, where the place is inside one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

impl Location {
    /// Whether nothing at all is known of the place.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The place in a few words that may be told everywhere: what a request carried may be a secret, and where the
    /// finding is one, any part of its address may hold it.
    #[must_use]
    pub fn short(&self, kind: Kind) -> Option<String> {
        let url = self.url.as_deref().filter(|_| kind != Kind::Secret).map(bare_url);
        let other = [&self.resource, &self.image];
        self.path.clone().or(url).or_else(|| other.into_iter().flatten().next().cloned())
    }
}

/// An address without credentials, query and fragment.
#[must_use]
pub fn bare_url(url: &str) -> String {
    without_login(url.split(['?', '#']).next().unwrap_or_default())
}

/// An address without credentials.
#[must_use]
pub fn without_login(url: &str) -> String {
    match (url.split_once("://"), login(url)) {
        (Some((scheme, rest)), Some(login)) => format!("{scheme}://{}", &rest[login.len() + 1..]),
        _ => url.to_owned(),
    }
}

/// User and password in an address.
#[must_use]
pub fn login(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', '?', '#']).next()?.rsplit_once('@').map(|(login, _)| login)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_place_tells_no_secret() {
        let url = |kind, url: &str| Location { url: Some(url.to_owned()), ..Location::default() }.short(kind);
        let full = "https://me:pw@shop.example/a@b/c?token=x#y";
        assert_eq!(url(Kind::Dynamic, full).as_deref(), Some("https://shop.example/a@b/c"));
        assert_eq!(url(Kind::Dynamic, "shop.example?x").as_deref(), Some("shop.example"));
        assert_eq!(url(Kind::Secret, full), None);
    }

    #[test]
    fn credentials_stand_before_the_host() {
        assert_eq!(without_login("https://oauth2:glpat-x@gitlab.example/a/b"), "https://gitlab.example/a/b");
        assert_eq!(without_login("https://a.example/@user"), "https://a.example/@user");
    }
}
