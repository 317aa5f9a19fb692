//! What sort of weakness a SARIF result is, and which package it is about: SARIF has no place for either, so this
//! goes by what common tools write.

use super::model::{ResultObject, Rule};
use super::rules::{bags, id};
use crate::finding::{Component, Kind, Location};
use crate::readers::{ids, purl};

/// Kinds by the beginning of the driver's name, in lower case.
const TOOLS: &[(Kind, &[&str])] = &[
    (
        Kind::Secret,
        &[
            "gitleaks",
            "trufflehog",
            "detect-secrets",
            "detect secrets",
            "ggshield",
            "gitguardian",
            "whispers",
            "secretlint",
            "nosey",
            "kingfisher",
            "talisman",
            "credscan",
            "betterleaks",
        ],
    ),
    (
        Kind::Infrastructure,
        &[
            "checkov",
            "tfsec",
            "kics",
            "terrascan",
            "kube-linter",
            "kubelinter",
            "kube-score",
            "kubescape",
            "kubesec",
            "hadolint",
            "dockle",
            "cfn-lint",
            "cfn-nag",
            "cfn_nag",
            "tflint",
            "regula",
            "snyk iac",
            "snyk infra",
            "ansible-lint",
            "prowler",
            "scoutsuite",
            "templateanalyzer",
            "kyverno",
            "conftest",
            "datree",
            "polaris",
        ],
    ),
    (
        Kind::Dependency,
        &[
            "grype",
            "osv-scanner",
            "dependency-check",
            "owasp dependency",
            "dependency check",
            "snyk open source",
            "snyk container",
            "pip-audit",
            "npm",
            "yarn",
            "cargo-audit",
            "cargo-deny",
            "govulncheck",
            "nancy",
            "clair",
            "docker scout",
            "anchore",
            "retire",
            "bundler-audit",
            "jfrog xray",
            "xray",
            "black duck",
            "sonatype",
        ],
    ),
    (
        Kind::Dynamic,
        &[
            "zap",
            "owasp zap",
            "zaproxy",
            "nuclei",
            "stackhawk",
            "dastardly",
            "burp",
            "nikto",
            "wapiti",
            "arachni",
            "schemathesis",
            "acunetix",
            "invicti",
            "netsparker",
            "wpscan",
            "nmap",
        ],
    ),
];

/// Kinds by a rule's name or tag, in lower case: tools that find several kinds write them there.
const WORDS: &[(&str, Kind)] = &[
    ("secret", Kind::Secret),
    ("secrets", Kind::Secret),
    ("misconfiguration", Kind::Infrastructure),
    ("infrastructure-as-code", Kind::Infrastructure),
    ("iac", Kind::Infrastructure),
    ("ospackagevulnerability", Kind::Dependency),
    ("languagespecificpackagevulnerability", Kind::Dependency),
    ("license", Kind::Other),
];

/// Beginnings of rule ids that tell the kind.
const RULES: &[(&str, Kind)] = &[("CKV_SECRET_", Kind::Secret), ("SNYK-CC-", Kind::Infrastructure)];

/// How tools write a package and its version into a message: before the name, between, after.
const SENTENCES: &[(&str, &str, &[char])] = &[
    // Grype: `A high vulnerability in npm package: lodash, version 4.17.20 was found at: …`
    (" package: ", ", version ", &[' ', '\n']),
    // Grype before 0.40: `The path a.jar reports commons at version 1.0 which would result in …`
    (" reports ", " at version ", &[' ', '\n']),
];

/// Decides the kind of a result.
pub(super) fn kind(driver: &str, rule: Option<&Rule<'_>>, result: &ResultObject<'_>, place: &Location) -> Kind {
    let rule_id = id(result).or_else(|| rule.and_then(|rule| rule.id.get())).unwrap_or_default();
    let driver = driver.to_ascii_lowercase();
    let by_tool =
        TOOLS.iter().find(|(_, names)| names.iter().any(|name| driver.starts_with(name))).map(|(kind, _)| *kind);
    let by_id = || RULES.iter().find(|(start, _)| rule_id.starts_with(start)).map(|(_, kind)| *kind);
    let by_word = || {
        let name = rule.and_then(|rule| rule.name.get());
        let mut words = name.into_iter().chain(bags(rule, result).flat_map(|bag| bag.tags.iter()));
        words.find_map(|word| WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, kind)| *kind))
    };
    let by_address = || place.url.as_ref().map(|_| Kind::Dynamic);
    let by_vulnerability = || ids::vulnerability(rule_id).map(|_| Kind::Dependency);
    by_id().or(by_tool).or_else(by_word).or_else(by_address).or_else(by_vulnerability).unwrap_or(Kind::Code)
}

/// The package that a result is about, and the version that fixes it.
pub(super) fn package(
    rule: Option<&Rule<'_>>,
    result: &ResultObject<'_>,
    place: &Location,
    message: Option<&str>,
) -> (Option<Component>, Option<String>) {
    let bag = || bags(rule, result);
    let help = rule.and_then(|rule| rule.help.text.get());
    let texts = || message.into_iter().chain(help);
    let fixed = bag()
        .find_map(|bag| bag.fixed_version.owned())
        .or_else(|| texts().find_map(|text| field(text, &["Fixed Version", "Fix Version", "Fixed in"])));

    let by_url = || bag().find_map(|bag| bag.purl.get()).or(place.resource.as_deref()).and_then(purl::component);
    let by_bag = || {
        let name = bag().find_map(|bag| bag.package.owned())?;
        Some(Component { purl: None, name, version: bag().find_map(|bag| bag.package_version.owned()) })
    };
    let by_field = || {
        texts().find_map(|text| {
            let name = field(text, &["Package", "Package Name"])?;
            Some(Component { purl: None, name, version: field(text, &["Installed Version", "Version"]) })
        })
    };
    let by_sentence = || texts().find_map(sentence);
    // Snyk: the logical location is `lodash@4.17.20`.
    let by_place = || place.resource.as_deref().and_then(name_at_version);
    let mut component = by_url().or_else(by_bag).or_else(by_field).or_else(by_sentence).or_else(by_place);
    if let Some(component) = component.as_mut().filter(|component| component.purl.is_none()) {
        let manifest = place.path.as_deref();
        component.purl =
            manifest.and_then(|path| purl::of_manifest(path, &component.name, component.version.as_deref()));
    }
    (component, fixed)
}

/// The value of a line `Name: value`.
fn field(text: &str, names: &[&str]) -> Option<String> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let wanted = names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name.trim().trim_matches('*')));
        Some(value.trim().to_owned()).filter(|value| wanted && !value.is_empty())
    })
}

fn sentence(text: &str) -> Option<Component> {
    let by_pattern = SENTENCES.iter().find_map(|(before, between, end)| {
        let (name, rest) = text.split_once(before)?.1.split_once(between)?;
        let version = rest.split(*end).next().filter(|version| !version.is_empty())?;
        Some(Component { purl: None, name: name.trim().to_owned(), version: Some(version.to_owned()) })
    });
    // OSV-Scanner: `Package 'lodash@4.17.20' is vulnerable to 'CVE-2021-23337' (also known as …).`
    by_pattern.or_else(|| name_at_version(text.split_once("ackage '")?.1.split('\'').next()?))
}

fn name_at_version(text: &str) -> Option<Component> {
    let (name, version) = text.rsplit_once('@').filter(|(name, version)| {
        !name.is_empty()
            && version.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !text.contains(char::is_whitespace)
    })?;
    Some(Component { purl: None, name: name.to_owned(), version: Some(version.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_package_in_what_tools_write() {
        for (text, name, version) in [
            ("A high vulnerability in npm package: lodash, version 4.17.20 was found at: /p.json", "lodash", "4.17.20"),
            ("The path a.jar reports commons at version 1.0  which would result in", "commons", "1.0"),
            ("Package '@a/b@1.2.3' is vulnerable to 'CVE-2021-1234' (also known as 'GHSA-1').", "@a/b", "1.2.3"),
        ] {
            let found = sentence(text).expect(text);
            assert_eq!((found.name.as_str(), found.version.as_deref()), (name, Some(version)));
        }
        assert_eq!(sentence("a user@example of nothing"), None);
    }
}
