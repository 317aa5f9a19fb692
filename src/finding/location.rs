//! Where a finding is: a file and lines, a URL, or a resource.

use serde::Serialize;

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
}
