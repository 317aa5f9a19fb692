//! findsync's own labels: the one by which issues are listed, and those beside it, in each service's spelling.

use std::borrow::Cow;

use crate::config::Mapping;
use crate::finding::digest;
use crate::issue::{Issue, Stamp, value_digest};

/// What a service takes for a label.
#[derive(Debug, Clone, Copy)]
pub(super) struct LabelRules {
    /// Longest name, in characters.
    pub(super) longest: usize,
    /// Characters that a name cannot have.
    pub(super) forbidden: &'static [char],
    /// Whether upper and lower case are the same to it.
    pub(super) folds_case: bool,
}

impl LabelRules {
    pub(super) fn is_same(&self, one: &str, other: &str) -> bool {
        if self.folds_case { one.to_lowercase() == other.to_lowercase() } else { one == other }
    }

    /// A name that the service takes. What does not fit is cut, with a digest so that two names never become one.
    fn fit<'l>(&self, label: &'l str) -> Cow<'l, str> {
        let is_bad = |c: char| self.forbidden.contains(&c) || c.is_control();
        if label.chars().count() <= self.longest && !label.contains(is_bad) {
            return Cow::Borrowed(label);
        }
        let digest: String =
            digest([("label", label)]).short().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let room = self.longest.saturating_sub(digest.len() + 1);
        let kept: String = label.chars().map(|c| if is_bad(c) { '-' } else { c }).take(room).collect();
        Cow::Owned(format!("{kept}~{digest}"))
    }
}

/// The labels that a mapping gives findsync.
#[derive(Debug, Clone)]
pub(super) struct OwnLabels {
    rules: LabelRules,
    own: String,
    decided: String,
    source: Option<String>,
}

/// An issue's labels, told apart.
#[derive(Debug, Default)]
pub(super) struct SplitLabels {
    /// Whether findsync's label is among them.
    pub(super) labelled: bool,
    /// [`Issue::own_labels`].
    pub(super) own: Vec<String>,
    /// All others, as the service spells them.
    pub(super) rest: Vec<String>,
}

impl OwnLabels {
    pub(super) fn new(mapping: &Mapping, rules: LabelRules) -> Self {
        Self {
            rules,
            own: mapping.own_label.clone(),
            decided: mapping.decided_label(),
            source: mapping.source_label.clone(),
        }
    }

    /// Whether it is the label by which issues are listed.
    pub(super) fn is_own(&self, label: &str) -> bool {
        self.rules.is_same(label, &self.own)
    }

    /// Whether it is one of findsync's, whichever.
    pub(super) fn is_ours(&self, label: &str) -> bool {
        self.is_own(label) || self.beside(label).is_some()
    }

    /// One of those beside the own label, as the mapping spells it.
    fn beside(&self, label: &str) -> Option<String> {
        let known = [Some(&self.decided), self.source.as_ref()];
        let known = known.into_iter().flatten().find(|known| self.rules.is_same(label, &self.rules.fit(known)));
        if let Some(known) = known {
            return Some(known.clone());
        }
        let (head, tail) = label.split_at_checked(self.own.len())?;
        (self.is_own(head) && tail.starts_with(':')).then(|| label.to_owned())
    }

    /// Tells an issue's labels apart.
    pub(super) fn split(&self, labels: impl IntoIterator<Item = String>) -> SplitLabels {
        let mut split = SplitLabels::default();
        for label in labels {
            if self.is_own(&label) {
                split.labelled = true;
            } else if let Some(own) = self.beside(&label) {
                split.own.push(own);
            } else {
                split.rest.push(label);
            }
        }
        split
    }

    /// A label of an edit as the service spells it: only findsync's own are changed to fit.
    pub(super) fn spelled(&self, label: &str) -> String {
        if self.is_ours(label) { self.rules.fit(label).into_owned() } else { label.to_owned() }
    }

    /// Labels of an edit as the service spells them.
    pub(super) fn all_spelled<'l>(&self, labels: impl IntoIterator<Item = &'l String>) -> Vec<String> {
        labels.into_iter().map(|label| self.spelled(label)).collect()
    }

    /// The own label and others to put on, as the service spells them.
    pub(super) fn put_on(&self, beside: &[String]) -> Vec<String> {
        std::iter::once(self.own.clone()).chain(self.all_spelled(beside)).collect()
    }

    /// The label of the source, as the service spells it.
    pub(super) fn source(&self) -> Option<String> {
        self.source.as_ref().map(|source| self.rules.fit(source).into_owned())
    }

    /// The label of issues that a decision keeps closed, as the service spells it.
    pub(super) fn decided(&self) -> String {
        self.rules.fit(&self.decided).into_owned()
    }

    /// Those that every run may need.
    pub(super) fn needed(&self) -> Vec<String> {
        [Some(self.own.clone()), Some(self.decided()), self.source()].into_iter().flatten().collect()
    }

    /// Whether a decision keeps an issue closed by its label.
    pub(super) fn is_decided(&self, issue: &Issue) -> bool {
        issue.own_labels.contains(&self.decided)
    }

    /// Whether an issue has the source's label, where there is one.
    pub(super) fn has_source(&self, issue: &Issue) -> bool {
        self.source.as_ref().is_none_or(|source| issue.own_labels.contains(source))
    }

    /// Whether an issue has every label by which it is listed.
    pub(super) fn is_listed(&self, issue: &Issue) -> bool {
        issue.labelled && self.has_source(issue)
    }
}

/// The mark of the label by which issues are listed.
pub(super) const OWN_LABEL: &str = "own_label";

/// Labels that findsync wrote when the mapping was another: its own label by an earlier name with those beside it, and
/// values of fields that are no labels any more. Those that a person has changed since stay.
pub(super) fn left_behind<'l>(
    stamp: Option<&Stamp>,
    own: &OwnLabels,
    labels: &'l [String],
    value_of: impl for<'a> Fn(&str, &'a str) -> Option<&'a str>,
    is_label_now: impl Fn(&str) -> bool,
) -> Vec<&'l String> {
    let Some(stamp) = stamp else { return Vec::new() };
    let former = stamp.fields.get(OWN_LABEL).filter(|digest| **digest != value_digest(&own.own));
    let former_own = labels.iter().find(|label| former == Some(&value_digest(label)));
    let was_own = |label: &str| {
        former_own.is_some_and(|own| {
            label
                .strip_prefix(own.as_str())
                .is_some_and(|rest| matches!(rest, "" | "-decided") || rest.starts_with(':'))
        })
    };
    let was_field = |label: &str| {
        let written = stamp.fields.iter().filter(|(field, _)| !is_label_now(field));
        written.into_iter().any(|(field, digest)| {
            value_of(field, label).is_some_and(|value| !value.is_empty() && value_digest(value) == *digest)
        })
    };
    labels.iter().filter(|label| was_own(label) || was_field(label)).collect()
}

/// The fields that must be written anew because the mapping keeps them at another place than the stamp's: a value that
/// is there already is somebody's.
pub(super) fn moved_fields<'f>(
    stamp: &Stamp,
    marks: &[(&'static str, String)],
    mapped: impl Iterator<Item = &'f String>,
    has: impl Fn(&str) -> bool,
) -> Vec<String> {
    let differs = |(name, value): &(&str, String)| {
        *name != OWN_LABEL && stamp.fields.get(*name).is_some_and(|digest| *digest != value_digest(value))
    };
    if !marks.iter().any(differs) {
        return Vec::new();
    }
    mapped.filter(|name| stamp.fields.contains_key(*name) && !has(name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Project, TrackerKind};

    const SHORT: LabelRules = LabelRules { longest: 24, forbidden: &[','], folds_case: true };

    fn own(source: &str) -> OwnLabels {
        let mapping = Mapping::seed("shop".to_owned(), 0, TrackerKind::GitHub, Project::default());
        OwnLabels::new(&Mapping { source_label: Some(source.to_owned()), ..mapping }, SHORT)
    }

    #[test]
    fn tells_its_own_labels_from_others_in_any_case() {
        let labels = ["Findsync", "findsync-DECIDED", "findsync:acme/shop", "findsync:other", "findsyncer", "bug"];
        let split = own("findsync:acme/shop").split(labels.map(str::to_owned));
        assert!(split.labelled);
        assert_eq!(split.own, ["findsync-decided", "findsync:acme/shop", "findsync:other"]);
        assert_eq!(split.rest, ["findsyncer", "bug"]);
    }

    #[test]
    fn a_label_that_does_not_fit_is_another_for_each_name_and_is_known_again() {
        let long = ["findsync:acme/a-very-long-name/one", "findsync:acme/a-very-long-name/two"];
        let [one, two] = long.map(|label| own(label).spelled(label));
        assert_ne!(one, two);
        assert_eq!((one.chars().count(), one.starts_with("findsync:acme/")), (24, true));
        assert_eq!(own(long[0]).split([one.to_uppercase()]).own, [long[0]]);
        assert!(!own("findsync:a,b").spelled("findsync:a,b").contains(','));
        // People's labels are not ours to cut.
        assert_eq!(own(long[0]).spelled("a,b"), "a,b");
    }
}
