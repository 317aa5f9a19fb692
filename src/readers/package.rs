//! Package URLs for packages of which a report tells ecosystem, name and version.
//!
//! Specification: <https://github.com/package-url/purl-spec>.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::finding::purl::Parts;

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The package URL, where the ecosystem is one that we know; names in the words of OSV, GitHub, npm and others.
pub(super) fn purl(ecosystem: &str, name: &str, version: Option<&str>) -> Option<String> {
    let ecosystem = ecosystem.split(':').next()?.trim().to_ascii_lowercase();
    let kind = match ecosystem.as_str() {
        "npm" | "node" | "nodejs" | "javascript" | "yarn" | "pnpm" | "js" | "node-pkg" => "npm",
        "pypi" | "pip" | "python" | "poetry" | "pipenv" | "python-pkg" | "uv" => "pypi",
        "maven" | "java" | "gradle" | "jar" | "pom" | "sbt" => "maven",
        "go" | "golang" | "gomod" | "gobinary" => "golang",
        "rubygems" | "gem" | "gems" | "ruby" | "bundler" | "gemspec" => "gem",
        "crates.io" | "cargo" | "rust" => "cargo",
        "packagist" | "composer" | "php" => "composer",
        "nuget" | "dotnet" | ".net" | "dotnet-core" => "nuget",
        "hex" | "erlang" | "elixir" | "mix" => "hex",
        "pub" | "dart" => "pub",
        "swifturl" | "swift" => "swift",
        "cocoapods" => "cocoapods",
        "conan" | "conancenter" => "conan",
        "debian" | "ubuntu" => return distribution("deb", &ecosystem, name, version),
        "alpine" | "wolfi" | "chainguard" => return distribution("apk", &ecosystem, name, version),
        "redhat" | "centos" | "fedora" | "rocky" | "rocky linux" | "alma" | "almalinux" | "amazon" | "oracle"
        | "suse" => {
            return distribution("rpm", &ecosystem.replace(' ', "-"), name, version);
        }
        _ => return None,
    };
    Some(write(kind, &if kind == "maven" { name.replace(':', "/") } else { name.to_owned() }, version))
}

fn distribution(kind: &str, vendor: &str, name: &str, version: Option<&str>) -> Option<String> {
    Some(write(kind, &format!("{vendor}/{name}"), version))
}

fn write(kind: &str, name: &str, version: Option<&str>) -> String {
    let encode = |part| utf8_percent_encode(part, ENCODED).to_string();
    let name = name.trim_matches('/').split('/').map(encode).collect::<Vec<_>>().join("/");
    format!("pkg:{kind}/{name}{}", version.map_or_else(String::new, |version| format!("@{}", encode(version))))
}

/// The name in a package URL, as its ecosystem writes it.
pub(super) fn name(Parts { kind, name, .. }: &Parts) -> String {
    match kind.as_str() {
        "maven" => name.replace('/', ":"),
        "deb" | "apk" | "rpm" => name.rsplit('/').next().unwrap_or_default().to_owned(),
        _ => name.clone(),
    }
}
