//! The rules of a SARIF run, and what they say of a result: severity, CWEs, tags.

use std::collections::HashMap;

use super::model::{Component, ComponentReference, Properties, ResultObject, Rule, RuleReference, Run};
use super::package::Told;
use super::tools::Tool;
use crate::finding::{Cvss, Severity};
use crate::readers::identifiers;
use crate::readers::standards::lenient::Object;

/// The rules of a run, by their ids.
pub(super) struct Rules<'r, 'a> {
    run: &'r Run<'a>,
    by_id: HashMap<&'r str, &'r Rule<'a>>,
}

impl<'r, 'a> Rules<'r, 'a> {
    pub(super) fn new(run: &'r Run<'a>) -> Self {
        // The driver's rules come last, so that they win.
        let components = run.tool.extensions.iter().chain([&run.tool.driver]);
        let rules = components.flat_map(|component| component.rules.iter());
        Self { run, by_id: rules.filter_map(|rule| Some((rule.id.get()?, &**rule))).collect() }
    }

    /// The rule of a result: by id, else by index (§3.27.5–7, §3.52).
    pub(super) fn of(&self, result: &ResultObject<'_>) -> Option<&'r Rule<'a>> {
        let by_index = || {
            let index = result.rule.index.index().or_else(|| result.rule_index.index())?;
            self.component(&result.rule.tool_component).rules.get(index).map(|rule| &**rule)
        };
        let Some(mut id) = id(result) else { return by_index() };
        // Extensions may have rules with the driver's ids, so that an index that agrees is better than the id alone.
        if let Some(rule) = by_index().filter(|rule| rule.id.get() == Some(id)) {
            return Some(rule);
        }
        // Ids are hierarchical: `CA1000/1` is a case of `CA1000`.
        loop {
            if let Some(rule) = self.by_id.get(id) {
                return Some(rule);
            }
            match id.rsplit_once('/') {
                Some((parent, _)) => id = parent,
                None => return by_index(),
            }
        }
    }

    fn component(&self, reference: &ComponentReference<'_>) -> &'r Component<'a> {
        let tool = &self.run.tool;
        let by_index = reference.index.index().and_then(|index| tool.extensions.get(index));
        let by_guid =
            || reference.guid.get().and_then(|guid| find(&tool.extensions, |one| one.guid.get() == Some(guid)));
        let by_name =
            || reference.name.get().and_then(|name| find(&tool.extensions, |one| one.name.get() == Some(name)));
        by_index.or_else(by_guid).or_else(by_name).unwrap_or(&tool.driver)
    }

    /// The level that the invocation gave a rule, other than its default (§3.20.5, §3.27.10).
    fn overridden(&self, rule: Option<&Rule<'_>>, result: &ResultObject<'_>) -> Option<&'r str> {
        let id = rule.and_then(|rule| rule.id.get()).or_else(|| id(result))?;
        let invocation = match (result.provenance.invocation_index.index(), &self.run.invocations[..]) {
            (Some(at), invocations) => invocations.get(at)?,
            (None, [only]) => only,
            _ => return None,
        };
        let names = |descriptor: &RuleReference<'_>| match descriptor.id.get() {
            Some(named) => named == id,
            None => descriptor.index.index().is_some_and(|at| {
                self.component(&descriptor.tool_component).rules.get(at).and_then(|rule| rule.id.get()) == Some(id)
            }),
        };
        invocation
            .rule_configuration_overrides
            .iter()
            .find(|one| names(&one.descriptor))
            .and_then(|one| one.configuration.level.get())
    }

    /// The CWEs that a rule and a result name: by relationships and taxa, tags and properties.
    pub(super) fn cwes(&self, rule: Option<&Rule<'_>>, result: &ResultObject<'_>) -> Vec<String> {
        let mut cwes = Vec::new();
        let related = rule.into_iter().flat_map(|rule| rule.relationships.iter().map(|relation| &*relation.target));
        for taxon in result.taxa.iter().map(|taxon| &**taxon).chain(related) {
            identifiers::extend(&mut cwes, self.taxon(taxon));
        }
        for properties in bags(rule, result) {
            identifiers::extend(&mut cwes, properties.cwes().flat_map(identifiers::cwes));
            let tags = properties.tags.iter().flat_map(identifiers::find).filter(|id| id.starts_with("CWE-"));
            identifiers::extend(&mut cwes, tags);
        }
        cwes
    }

    /// How bad a result is, and the score that says so.
    ///
    /// What the result says of itself beats what its rule says of all its results: a score (`security-severity` is a CVSS
    /// score by GitHub's convention), the words of its text and properties, a level other than its rule's. Then the
    /// rule's score, and the levels: of the result, of the rule in this invocation, of the rule. A result that says
    /// nothing is a warning (§3.27.10).
    pub(super) fn severity(
        &self,
        tool: &Tool,
        told: &Told<'_>,
        rule: Option<&Rule<'_>>,
        result: &ResultObject<'_>,
    ) -> (Severity, Option<Cvss>) {
        let score =
            |bag: &Properties<'_>| bag.security_severity.get()?.parse().ok().filter(|s: &f64| (0.0..=10.0).contains(s));
        let rule_bag = rule.map(|rule| &*rule.properties);
        let (own_score, rule_score) = (score(&result.properties), rule_bag.and_then(score));
        let cvss = own_score.or(rule_score).map(|score| Cvss { vector: None, score: Some(score) });
        // An undecided result (`open`, `review`) has no level of its own: it is `none` by the standard.
        let own_level =
            result.level.get().filter(|level| *level != "none" || matches!(result.kind.get(), None | Some("fail")));
        let rule_level =
            self.overridden(rule, result).or_else(|| rule.and_then(|rule| rule.default_configuration.level.get()));
        let level = |level: &str| tool.levels.get(level).copied().or_else(|| Severity::from_word(level));
        let other_level = own_level.filter(|own| rule_level.is_some_and(|of_rule| of_rule != *own));
        let rule_id = id(result).or_else(|| rule.and_then(|rule| rule.id.get())).unwrap_or_default();
        let said = own_score
            .map(Severity::from_cvss)
            .or_else(|| told.severity())
            .or_else(|| words(&result.properties))
            .or_else(|| other_level.and_then(level))
            .or_else(|| rule_score.map(Severity::from_cvss))
            .or_else(|| tool.rule_severity(rule_id))
            .or_else(|| told.table_severity())
            .or_else(|| scored_word(rule_bag))
            .or_else(|| own_level.or(rule_level).and_then(level))
            .or_else(|| rule_bag.and_then(words));
        (said.unwrap_or(Severity::Medium), cvss)
    }

    fn taxon(&self, taxon: &RuleReference<'_>) -> Option<String> {
        let component = &taxon.tool_component;
        let taxonomy = component.index.index().and_then(|index| self.run.taxonomies.get(index)).or_else(|| {
            find(&self.run.taxonomies, |one| {
                let same = |a: Option<&str>, b: Option<&str>| a.is_some() && a == b;
                same(one.guid.get(), component.guid.get()) || same(one.name.get(), component.name.get())
            })
        });
        let by_index = || taxonomy?.taxa.get(taxon.index.index()?)?.id.get();
        let id = taxon.id.get().or_else(by_index)?;
        let name = component.name.get().or_else(|| taxonomy?.name.get());
        let is_cwe = name.is_some_and(|name| name.eq_ignore_ascii_case("cwe"));
        if is_cwe { identifiers::cwes(id).next() } else { identifiers::find(id).find(|id| id.starts_with("CWE-")) }
    }
}

/// How sure the tool is: of this result, else of the rule.
pub(super) fn confidence(rule: Option<&Rule<'_>>, result: &ResultObject<'_>) -> Option<String> {
    let words = bags(rule, result).flat_map(|bag| [&bag.confidence, &bag.issue_confidence, &bag.precision]);
    words.filter_map(|word| word.get()).next().map(str::to_lowercase)
}

/// A tool's own word for how bad it is.
fn words(bag: &Properties<'_>) -> Option<Severity> {
    let words = [&bag.severity, &bag.issue_severity, &bag.problem_severity].into_iter().filter_map(|word| word.get());
    words.filter(|word| !Severity::is_unrated(word)).find_map(Severity::from_word)
}

/// A word where a score belongs.
fn scored_word(bag: Option<&Properties<'_>>) -> Option<Severity> {
    bag?.security_severity.get().filter(|word| !Severity::is_unrated(word)).and_then(Severity::from_word)
}

fn find<'r, 'a>(
    list: &'r [Object<Component<'a>>],
    test: impl Fn(&Component<'a>) -> bool,
) -> Option<&'r Object<Component<'a>>> {
    list.iter().find(|one| test(one))
}

/// The id of a result's rule, as the result gives it.
pub(super) fn id<'r>(result: &'r ResultObject<'_>) -> Option<&'r str> {
    result.rule_id.get().or_else(|| result.rule.id.get())
}

/// The property bags, the result's first.
pub(super) fn bags<'r, 'a>(
    rule: Option<&'r Rule<'a>>,
    result: &'r ResultObject<'a>,
) -> impl Iterator<Item = &'r Properties<'a>> {
    [&*result.properties].into_iter().chain(rule.map(|rule| &*rule.properties))
}
