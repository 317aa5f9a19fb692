//! What sort of weakness a SARIF result is, and which package it is about: SARIF has no place for either. What tools write
//! is known from `tools.rs`; what many of them have in common is here.

use super::model::{ResultObject, Rule};
use super::rules::{bags, id};
use super::template::Fields;
use super::tools::Tool;
use crate::finding::{Component, Kind, Location, Severity};
use crate::readers::{identifiers, package as ecosystems, purl};

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

/// Beginnings of rule ids that tell the kind, whoever reports them.
const RULES: &[(&str, Kind)] = &[("CKV_SECRET_", Kind::Secret), ("SNYK-CC-", Kind::Infrastructure)];

/// Decides the kind of a result.
pub(super) fn kind(tool: &Tool, rule: Option<&Rule<'_>>, result: &ResultObject<'_>, place: &Location) -> Kind {
    let rule_id = id(result).or_else(|| rule.and_then(|rule| rule.id.get())).unwrap_or_default();
    let rule_name = rule.and_then(|rule| rule.name.get());
    let by_id = || RULES.iter().find(|(start, _)| rule_id.starts_with(start)).map(|(_, kind)| *kind);
    let by_word = || {
        let mut words = rule_name.into_iter().chain(bags(rule, result).flat_map(|bag| bag.tags.iter()));
        words.find_map(|word| WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, kind)| *kind))
    };
    let by_address = || place.url.as_ref().map(|_| Kind::Dynamic);
    let is_package = || bags(rule, result).any(|bag| bag.purl.get().is_some() || bag.purls.iter().next().is_some());
    let by_vulnerability =
        || (identifiers::vulnerability(rule_id).is_some() || is_package()).then_some(Kind::Dependency);
    let known = tool.rule_kind(rule_id, rule_name).or_else(by_id).or(tool.kind);
    known.or_else(by_word).or_else(by_address).or_else(by_vulnerability).unwrap_or(Kind::Code)
}

/// What the texts and fingerprints of a result tell in its tool's own words.
#[derive(Default)]
pub(super) struct Told<'t> {
    /// What the result itself says, then what its rule says of all of them.
    fields: Vec<Fields<'t>>,
    prints: Vec<(&'t str, &'t str)>,
    row: Vec<(&'t str, &'t str)>,
}

impl<'t> Told<'t> {
    pub(super) fn new(
        tool: &'t Tool,
        rule: Option<&'t Rule<'_>>,
        result: &'t ResultObject<'_>,
        message: Option<&'t str>,
    ) -> Self {
        let help = rule.map(|rule| &rule.help);
        let texts = message.into_iter().chain(help.and_then(|help| help.text.get()));
        // The first sentence that a text has tells all of its fields.
        let fields = texts.filter_map(|text| tool.texts.iter().find_map(|template| template.find(text))).collect();
        let all = result.partial_fingerprints.iter().chain(result.fingerprints.iter());
        let prints = all.filter_map(|(name, value)| Some((tool.fingerprints.get(&**name)?.as_str(), value.get()?)));
        let markdown = help.and_then(|help| help.markdown.get()).or_else(|| help?.text.get());
        let row = if tool.kind == Some(Kind::Dependency) { markdown.map(row).unwrap_or_default() } else { Vec::new() };
        Self { fields, prints: prints.collect(), row }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'t str> {
        let print = self.prints.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
        print.or_else(|| self.fields.iter().find_map(|fields| fields.get(name)))
    }

    fn cell(&self, columns: &[&str]) -> Option<&'t str> {
        let fits = |name: &str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
        self.row.iter().find(|(name, value)| fits(name) && !value.is_empty()).map(|(_, value)| *value)
    }

    /// How bad the result is in its own words, which beat the rule's: many results share a rule.
    pub(super) fn severity(&self) -> Option<Severity> {
        let word = self.get("severity").filter(|word| !Severity::is_unrated(word));
        word.and_then(Severity::from_word)
    }

    /// The same in the rule's table.
    pub(super) fn table_severity(&self) -> Option<Severity> {
        self.cell(&["severity"]).filter(|word| !Severity::is_unrated(word)).and_then(Severity::from_word)
    }
}

/// The first row of a Markdown table, by its header's names.
fn row(markdown: &str) -> Vec<(&str, &str)> {
    let mut lines = markdown.lines().skip_while(|line| cells(line).is_none()).map_while(cells);
    let Some(header) = lines.next() else { return Vec::new() };
    let is_rule = |cells: &Vec<&str>| cells.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':' | ' ')));
    let row = lines.find(|cells| !is_rule(cells)).unwrap_or_default();
    header.into_iter().zip(row).collect()
}

/// The package that a result is about, and the versions that fix it.
pub(super) fn package(
    tool: &Tool,
    told: &Told<'_>,
    rule: Option<&Rule<'_>>,
    result: &ResultObject<'_>,
    place: &Location,
    message: Option<&str>,
) -> (Option<Component>, Option<String>) {
    let bag = || bags(rule, result);
    let help = rule.and_then(|rule| rule.help.text.get());
    let texts = || message.into_iter().chain(help);
    let named_fixed = told
        .get("fixed")
        .map(str::to_owned)
        .or_else(|| bag().find_map(|bag| bag.fixed_version().map(str::to_owned)))
        .or_else(|| texts().find_map(|text| field(text, &["Fixed Version", "Fix Version", "Fixed in"])))
        .or_else(|| told.cell(FIXED).map(str::to_owned));

    let component = |name: &str, version: Option<&str>| Component {
        purl: None,
        name: name.to_owned(),
        version: version.map(str::to_owned),
    };
    let by_text = || {
        let whole = told.get("package").and_then(name_at_version);
        whole.or_else(|| told.get("name").map(|name| component(name, told.get("version"))))
    };
    let by_bag = || {
        let name = bag().find_map(|bag| bag.package())?;
        Some(component(name, bag().find_map(|bag| bag.package_version())))
    };
    let by_field = || {
        texts().find_map(|text| {
            let name = field(text, &["Package", "Package Name"])?;
            Some(Component { purl: None, name, version: field(text, &["Installed Version", "Version"]) })
        })
    };
    let by_row = || {
        let name = told.cell(&["package", "package name", "name", "module", "component"])?;
        Some(component(name, told.cell(&["version", "installed version", "package version", "current version"])))
    };
    // Snyk: the logical location is `lodash@4.17.20`.
    let by_place = || place.resource.as_deref().and_then(name_at_version);
    let named = by_text().or_else(by_bag).or_else(by_field).or_else(by_row);
    let named = match named {
        Some(named) if named.version.is_none() => by_place().filter(|placed| placed.name == named.name).or(Some(named)),
        named => named,
    };
    let by_url = purl_of(rule, result, place, named.as_ref());
    let mut component = match (named, by_url) {
        // A rule of several packages has a URL for each; only the result's own is right.
        (Some(named), Some(url)) if url.name.eq_ignore_ascii_case(&named.name) || named.name.is_empty() => Some(url),
        (Some(named), Some(url)) if named.name.ends_with(&url.name) || url.name.ends_with(&named.name) => Some(url),
        (Some(named), _) => Some(named),
        (None, url) => url.or_else(by_place),
    };
    if let Some(component) = component.as_mut().filter(|component| component.purl.is_none()) {
        let version = component.version.as_deref();
        let by_ecosystem = tool.ecosystem.as_deref().or_else(|| told.get("ecosystem"));
        let by_ecosystem = by_ecosystem.and_then(|ecosystem| ecosystems::purl(ecosystem, &component.name, version));
        let by_file = || purl::of_manifest(place.path.as_deref()?, &component.name, version);
        component.purl = by_ecosystem.or_else(by_file);
    }
    let tables = || {
        let help = rule?.help.markdown.get().or_else(|| rule?.help.text.get())?;
        fixed_in_tables(help, &component.as_ref()?.name)
    };
    let fixed = named_fixed.or_else(tables);
    (component, fixed)
}

/// The headers of a column of fixed versions.
const FIXED: &[&str] = &["fix version", "fixed version", "fix status", "fixed in", "fix"];

/// All versions that the tables of a rule's help name as fixed for a package, whichever of them a result needs.
fn fixed_in_tables(markdown: &str, package: &str) -> Option<String> {
    let mut versions: Vec<&str> = Vec::new();
    let mut header: Option<Vec<&str>> = None;
    for line in markdown.lines() {
        let Some(cells) = cells(line) else {
            header = None;
            continue;
        };
        let Some(header) = &header else {
            header = Some(cells);
            continue;
        };
        let cell = |names: &[&str]| {
            let column = header.iter().position(|name| names.contains(&name.to_ascii_lowercase().as_str()))?;
            cells.get(column).copied()
        };
        let is_of_package = cell(&["package name", "package"]).is_none_or(|name| name.eq_ignore_ascii_case(package));
        let fixed =
            cell(FIXED).filter(|fixed| is_of_package && fixed.starts_with(|c: char| c.is_ascii_digit() || c == 'v'));
        versions.extend(fixed.filter(|fixed| !versions.contains(fixed)));
    }
    Some(versions.join(", ")).filter(|versions| !versions.is_empty())
}

/// The cells of a table's line.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?;
    Some(inner.strip_suffix('|').unwrap_or(inner).split('|').map(|cell| cell.trim().trim_matches('*')).collect())
}

/// The package URL of a result: in properties, or as the logical location; of several that of the named version.
fn purl_of(
    rule: Option<&Rule<'_>>,
    result: &ResultObject<'_>,
    place: &Location,
    named: Option<&Component>,
) -> Option<Component> {
    let urls = bags(rule, result).flat_map(|bag| bag.purl.get().into_iter().chain(bag.purls.iter()));
    let mut all = urls.chain(place.resource.as_deref()).filter_map(purl::component);
    let first = all.next()?;
    let Some(version) = named.and_then(|named| named.version.as_deref()) else { return Some(first) };
    let is_it = |component: &Component| component.version.as_deref() == Some(version);
    if is_it(&first) { Some(first) } else { all.find(is_it).or(Some(first)) }
}

/// The value of a line `Name: value`.
fn field(text: &str, names: &[&str]) -> Option<String> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let wanted = names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name.trim().trim_matches('*')));
        Some(value.trim().to_owned()).filter(|value| wanted && !value.is_empty())
    })
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
    fn a_table_tells_the_package() {
        let table =
            "**CVE**\n| Severity | Package | Version |\n| --- |:-:|---|\n| low  | libc6 | 2.36-9 |\n| x | y | z |";
        assert_eq!(row(table), [("Severity", "low"), ("Package", "libc6"), ("Version", "2.36-9")]);
        assert_eq!(row("no table | here"), []);
    }

    #[test]
    fn all_tables_tell_the_fixed_versions() {
        let help = "### Affected Packages\n\n| Source | Package Name | Package Version |\n| --- | --- | --- |\n| a | b | 0.0.1 |\n\n\
            ### Fixed Versions\n\n| Vulnerability ID | Package Name | Fixed Version |\n| --- | --- | --- |\n\
            | GHSA-1 | b | 0.0.8 |\n| GHSA-1 | b | 1.2.0 |\n| GHSA-1 | c | 7 |\n| GHSA-2 | b | --- |";
        assert_eq!(fixed_in_tables(help, "b").as_deref(), Some("0.0.8, 1.2.0"));
        assert_eq!(fixed_in_tables(help, "d"), None);
    }

    #[test]
    fn a_package_with_its_version_is_no_address() {
        assert_eq!(name_at_version("@a/b@1.2.3").map(|found| found.name).as_deref(), Some("@a/b"));
        assert_eq!((name_at_version("a user@example of"), name_at_version("@1")), (None, None));
    }
}
