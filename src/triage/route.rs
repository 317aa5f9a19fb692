//! Routing: which mappings a finding goes to. Filters hold back opening only; what has an issue keeps it.

use super::{GlobError, Item, Pattern, merge};
use crate::config::{Config, Filter, Route};
use crate::finding::{Finding, Scan, without_matrix_part};

/// The routes with their globs compiled.
#[derive(Debug)]
pub struct Routes<'a> {
    routes: Vec<Compiled<'a>>,
    mappings: usize,
}

#[derive(Debug)]
struct Compiled<'a> {
    route: &'a Route,
    paths: Vec<Pattern>,
    scanners: Vec<Pattern>,
    targets: Vec<Pattern>,
    rules: Vec<Pattern>,
    components: Vec<Pattern>,
}

impl<'a> Routes<'a> {
    /// Compiles the routes of a mapping file.
    ///
    /// # Errors
    /// Where a glob cannot be read.
    pub fn new(config: &'a Config) -> Result<Self, GlobError> {
        let routes = config.routes.iter().map(Compiled::new).collect::<Result<_, _>>()?;
        Ok(Self { routes, mappings: config.mappings.len() })
    }

    /// The mappings that an item goes to, each with the reason why it must not be opened there. `homes` are those where it
    /// has its issue already: where the routes changed, it stays there, and goes elsewhere only if it is routed to both.
    #[must_use]
    pub fn mappings(&self, item: &Item, homes: &[usize]) -> Vec<(usize, Option<String>)> {
        let routed: Vec<(usize, Option<String>)> = if self.routes.is_empty() {
            (0..self.mappings).map(|mapping| (mapping, None)).collect()
        } else {
            (0..self.mappings).filter_map(|mapping| self.to(item, mapping).map(|held| (mapping, held))).collect()
        };
        let moved_away = !homes.is_empty() && !routed.iter().any(|(mapping, _)| homes.contains(mapping));
        if moved_away { Vec::new() } else { routed }
    }

    /// The routes, by position, that lead no finding of these scans anywhere, whatever their filters hold back.
    #[must_use]
    pub fn unused(&self, scans: &[Scan]) -> Vec<usize> {
        let item = |scan: &Scan, finding: &Finding| merge(vec![(finding, scan.scope())], *finding.key()?);
        let items: Vec<Item> =
            scans.iter().flat_map(|scan| scan.findings.iter().filter_map(move |finding| item(scan, finding))).collect();
        let is_unused = |(index, route): (usize, &Compiled<'_>)| {
            (!items.is_empty() && !items.iter().any(|item| route.leads(item))).then_some(index)
        };
        self.routes.iter().enumerate().filter_map(is_unused).collect()
    }

    /// Whether a route leads to the mapping: `Some(None)` where the item may be opened there, `Some(why)` where a
    /// filter holds it back.
    fn to(&self, item: &Item, mapping: usize) -> Option<Option<String>> {
        let mut reason = None;
        for route in self.routes.iter().filter(|route| route.route.mapping == mapping && route.leads(item)) {
            match route.holds(item) {
                None => return Some(None),
                held => reason = reason.or(held),
            }
        }
        reason.map(Some)
    }
}

impl<'a> Compiled<'a> {
    fn new(route: &'a Route) -> Result<Self, GlobError> {
        let globs = |list: &[String]| list.iter().map(|glob| Pattern::new(glob)).collect::<Result<Vec<_>, _>>();
        let Filter { paths, scanners, targets, rules, components, .. } = &route.when;
        Ok(Self {
            route,
            paths: globs(paths)?,
            scanners: globs(scanners)?,
            targets: globs(targets)?,
            rules: globs(rules)?,
            components: globs(components)?,
        })
    }

    /// Whether the item belongs here.
    fn leads(&self, item: &Item) -> bool {
        let finding = &item.finding;
        let Filter { kinds, tags, .. } = &self.route.when;
        let paths = finding.locations.iter().chain([&finding.location]).filter_map(|place| place.path.as_deref());
        one_of(&self.paths, paths)
            && one_of(&self.scanners, item.scopes.iter().map(|scope| scope.scanner.as_str()))
            && one_of(
                &self.targets,
                item.scopes.iter().flat_map(|scope| [scope.target.as_str(), without_matrix_part(&scope.target)]),
            )
            && one_of(&self.rules, finding.rule.iter().chain(&finding.identifiers).map(String::as_str))
            && one_of(&self.components, finding.component.iter().map(|component| component.name.as_str()))
            && (kinds.is_empty() || kinds.contains(&finding.kind))
            && (tags.is_empty() || tags.iter().any(|tag| finding.tags.iter().any(|has| has.eq_ignore_ascii_case(tag))))
    }

    /// Why an item that belongs here is not opened.
    fn holds(&self, item: &Item) -> Option<String> {
        let Filter { min_severity, fix_available, .. } = &self.route.when;
        if let Some(least) = min_severity.filter(|least| item.finding.severity < *least) {
            return Some(format!("below the route's `min_severity: {}`", least.name().to_lowercase()));
        }
        let has_fix = item.finding.fix.as_ref().is_some_and(|fix| fix.version.is_some() || fix.text.is_some());
        fix_available
            .filter(|wanted| *wanted != has_fix)
            .map(|wanted| format!("the route asks for `fix_available: {wanted}`"))
    }
}

/// Whether one of the texts fits one of the globs, where there are any.
fn one_of<'t>(globs: &[Pattern], mut texts: impl Iterator<Item = &'t str>) -> bool {
    globs.is_empty() || texts.any(|text| globs.iter().any(|glob| glob.is_match(text)))
}
