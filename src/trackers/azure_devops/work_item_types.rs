//! Work item types as the project's process has them: which one to use, its states, and the way from one to another.

use std::collections::{BTreeMap, VecDeque};

use super::wire::{FieldInstance, WorkItemType};
use crate::config::StatusMap;
use crate::finding::Status;
use crate::issue::State;
use crate::trackers::Problem;

/// Types to choose from where the mapping names none, the best first: `Bug` is what Agile, Scrum and CMMI have for
/// it, `Issue` what Basic has.
pub(super) const PREFERRED: [&str; 5] = ["Bug", "Issue", "Product Backlog Item", "User Story", "Requirement"];

/// Which column of a board a state belongs to, whatever a process calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    Proposed,
    InProgress,
    Resolved,
    Completed,
    Removed,
}

impl Category {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "proposed" => Self::Proposed,
            "inprogress" | "in progress" => Self::InProgress,
            "resolved" => Self::Resolved,
            "completed" => Self::Completed,
            "removed" => Self::Removed,
            _ => return None,
        })
    }

    /// The category that a state of this name has in the processes that Azure Boards comes with.
    fn of_state(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "to do" | "new" | "proposed" | "approved" | "open" => Self::Proposed,
            "doing" | "active" | "in progress" | "committed" => Self::InProgress,
            "resolved" => Self::Resolved,
            "done" | "closed" | "completed" | "inactive" => Self::Completed,
            "removed" => Self::Removed,
            _ => return None,
        })
    }
}

/// A work item type.
#[derive(Debug, Clone)]
pub(super) struct WorkType {
    pub(super) name: String,
    pub(super) states: Vec<(String, Category)>,
    transitions: BTreeMap<String, Vec<String>>,
    fields: Vec<FieldInstance>,
}

impl From<WorkItemType> for WorkType {
    fn from(from: WorkItemType) -> Self {
        let category = |name: &str, category: Option<String>| {
            category.and_then(|c| Category::named(&c)).or_else(|| Category::of_state(name))
        };
        let states = from.states.into_iter().map(|state| {
            let category = category(&state.name, state.category).unwrap_or(Category::InProgress);
            (state.name, category)
        });
        let targets = |to: Vec<super::wire::Transition>| to.into_iter().map(|t| t.to).collect();
        Self {
            name: from.name,
            states: states.collect(),
            transitions: from.transitions.into_iter().map(|(from, to)| (from, targets(to))).collect(),
            fields: if from.field_instances.is_empty() { from.fields } else { from.field_instances },
        }
    }
}

impl WorkType {
    /// A state's category, where the type has the state.
    fn category(&self, state: &str) -> Option<Category> {
        self.states.iter().find(|(name, _)| name.eq_ignore_ascii_case(state)).map(|(_, category)| *category)
    }

    /// The field that a name means: its reference name, or the name that people see. Where the server does not list
    /// the type's fields, a reference name is believed.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let is = |f: &&FieldInstance| f.reference_name.eq_ignore_ascii_case(name) || f.name.eq_ignore_ascii_case(name);
        self.fields.iter().find(is).map(|f| f.reference_name.as_str())
    }

    /// Whether the server told which fields the type has.
    pub(super) fn fields_are_known(&self) -> bool {
        !self.fields.is_empty()
    }

    /// The names of the fields, for people.
    pub(super) fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|f| f.reference_name.as_str())
    }

    /// The field that holds the text that people read: bugs show their repro steps instead of a description.
    pub(super) fn body_field(&self) -> &'static str {
        let repro = "Microsoft.VSTS.TCM.ReproSteps";
        let shows = if self.fields.is_empty() { self.name == "Bug" } else { self.field(repro).is_some() };
        if shows { repro } else { "System.Description" }
    }

    /// A state as the type spells it, where the type has it.
    pub(super) fn spelled<'s>(&'s self, state: &'s str) -> &'s str {
        self.states.iter().map(|(name, _)| name.as_str()).find(|name| name.eq_ignore_ascii_case(state)).unwrap_or(state)
    }

    /// Whether a new item may begin in a state; where the server does not tell, in the first one.
    pub(super) fn begins_in(&self, state: &str) -> bool {
        match self.next("") {
            [] => self.states.first().is_some_and(|(first, _)| first.eq_ignore_ascii_case(state)),
            begins => begins.iter().any(|begin| begin.eq_ignore_ascii_case(state)),
        }
    }

    fn next(&self, from: &str) -> &[String] {
        let found = self.transitions.iter().find(|(name, _)| name.eq_ignore_ascii_case(from));
        found.map_or(&[], |(_, to)| to.as_slice())
    }

    /// The states to go through from one to another, the last included; empty where it is the same. Where the
    /// process is not known to lead there, straight on: the server says what it thinks of it.
    pub(super) fn way(&self, from: &str, to: &str) -> Vec<String> {
        if from.eq_ignore_ascii_case(to) {
            return Vec::new();
        }
        let straight = || vec![to.to_owned()];
        let mut ways: VecDeque<Vec<&str>> = [vec![from]].into();
        let mut seen = vec![from.to_ascii_lowercase()];
        while let Some(way) = ways.pop_front() {
            let here = way.last().copied().unwrap_or_default();
            for next in self.next(here) {
                let mut further = way.clone();
                further.push(next);
                if next.eq_ignore_ascii_case(to) {
                    return further[1..].iter().map(|&state| state.to_owned()).collect();
                }
                // Nobody should be told on the way that the item was removed.
                let removed = self.category(next) == Some(Category::Removed);
                if !removed && !seen.contains(&next.to_ascii_lowercase()) {
                    seen.push(next.to_ascii_lowercase());
                    ways.push_back(further);
                }
            }
        }
        straight()
    }

    /// The first state of a category.
    fn first(&self, category: Category) -> Option<&str> {
        self.states.iter().find(|(_, c)| *c == category).map(|(name, _)| name.as_str())
    }

    /// The state of this type that stands for one of another type's, or of the mapping's: that of the same name, else the
    /// first of the same category, else the one that is as open or closed.
    pub(super) fn equivalent<'s>(&'s self, state: &'s str, of: &Self, open: bool) -> &'s str {
        if self.states.is_empty() || self.category(state).is_some() {
            return self.spelled(state);
        }
        let category = of.category(state).or_else(|| Category::of_state(state));
        // Both are closed, and not every type has both.
        let same = category.and_then(|category| self.first(category));
        let plain = || self.plain_state(if open { State::Open } else { State::Closed });
        same.or_else(plain).unwrap_or(state)
    }

    /// The state that means open or closed where no mapping says which.
    pub(super) fn plain_state(&self, state: State) -> Option<&str> {
        match state {
            State::Open => self.first(Category::Proposed).or_else(|| self.first(Category::InProgress)),
            State::Closed => self.first(Category::Completed),
        }
    }

    /// Whether the type has all mapped states by their names.
    fn has_all(&self, status: &StatusMap) -> bool {
        Status::ALL.into_iter().all(|wanted| self.category(&status.value(wanted).value).is_some())
    }

    /// The mapped states that mean nothing to the type, each with one that it has.
    fn lacking(&self, status: &StatusMap) -> Vec<Problem> {
        let mut problems: Vec<Problem> = Vec::new();
        for wanted in Status::ALL {
            let value = status.value(wanted);
            let same = Category::of_state(&value.value).and_then(|category| self.first(category));
            // Processes have other names for the same: what the item's type has of the category is meant.
            if self.category(&value.value).is_some() || same.is_some() {
                continue;
            }
            let state = if value.open { State::Open } else { State::Closed };
            let offer = self.plain_state(state).unwrap_or_default();
            let names: Vec<&str> = self.states.iter().map(|(name, _)| name.as_str()).collect();
            let what = format!("work item type `{}` has no state `{}`", self.name, value.value);
            let key = wanted.name().to_lowercase().replace(' ', "_");
            let hint = format!("it has {}: write `{key}: {offer}` in the mapping's `status`", quoted(&names));
            match problems.iter_mut().find(|problem| problem.what == what) {
                Some(known) => known.hint = format!("{}, `{key}: {offer}`", known.hint),
                None => problems.push(Problem { what, hint, fixable: false }),
            }
        }
        problems
    }
}

/// The types of a project, and the one that new items get.
#[derive(Debug)]
pub(super) struct Types {
    all: Vec<WorkType>,
    chosen: usize,
    status: StatusMap,
    /// Whether the status field is the state itself.
    by_state: bool,
}

impl Types {
    /// Chooses the type for new items: the mapping's, else the first preferred one that has the mapped states, else the
    /// first preferred one.
    pub(super) fn choose(
        all: Vec<WorkType>,
        named: Option<&str>,
        status: &StatusMap,
        by_state: bool,
    ) -> Result<Self, Problem> {
        let names: Vec<&str> = all.iter().map(|t| t.name.as_str()).collect();
        let at = |name: &str| all.iter().position(|t| t.name.eq_ignore_ascii_case(name));
        let has_all = |index: &usize| !by_state || all[*index].has_all(status);
        let chosen = match named {
            Some(name) => at(name),
            None => {
                let preferred: Vec<usize> = PREFERRED.iter().filter_map(|name| at(name)).collect();
                preferred.iter().copied().find(has_all).or_else(|| preferred.first().copied())
            }
        };
        let chosen = chosen.ok_or_else(|| Problem {
            what: match named {
                Some(name) => format!("the project has no work item type `{name}`"),
                None => "the project has none of the usual work item types".to_owned(),
            },
            hint: format!("it has {}: name one of them as `work_item_type` in the mapping", quoted(&names)),
            fixable: false,
        })?;
        Ok(Self { all, chosen, status: status.clone(), by_state })
    }

    /// The type of new items.
    pub(super) fn chosen(&self) -> &WorkType {
        &self.all[self.chosen]
    }

    /// The type with a name; the type of new items where it is not known.
    pub(super) fn named(&self, name: &str) -> &WorkType {
        self.all.iter().find(|t| t.name.eq_ignore_ascii_case(name)).unwrap_or_else(|| self.chosen())
    }

    /// What the chosen type lacks.
    pub(super) fn problems(&self) -> Vec<Problem> {
        if self.by_state { self.chosen().lacking(&self.status) } else { Vec::new() }
    }

    /// The category of an item's state.
    pub(super) fn category(&self, work_item_type: &str, state: &str) -> Category {
        let own = self.all.iter().find(|t| t.name.eq_ignore_ascii_case(work_item_type)).and_then(|t| t.category(state));
        own.or_else(|| Category::of_state(state)).unwrap_or(Category::InProgress)
    }

    /// Whether an item is open: what the mapping says of its state, else what the state's category says.
    pub(super) fn state(&self, work_item_type: &str, state: &str) -> State {
        if let Some(open) = self.mapped(state) {
            return if open { State::Open } else { State::Closed };
        }
        match self.category(work_item_type, state) {
            Category::Completed | Category::Removed => State::Closed,
            Category::Proposed | Category::InProgress | Category::Resolved => State::Open,
        }
    }

    /// The mapped states that the chosen type has by another name, with that name.
    pub(super) fn by_other_names(&self) -> Vec<(&str, &str)> {
        let values = Status::ALL.into_iter().filter(|_| self.by_state).map(|status| self.status.value(status));
        let mut pairs: Vec<(&str, &str)> = values
            .map(|value| (value.value.as_str(), self.here(self.chosen(), &value.value)))
            .filter(|(mapped, here)| !mapped.eq_ignore_ascii_case(here))
            .collect();
        pairs.dedup();
        pairs
    }

    /// The state of an item's type that stands for one of the mapping's: people change an item's type.
    pub(super) fn here<'s>(&'s self, work_type: &'s WorkType, state: &'s str) -> &'s str {
        let chosen = self.chosen();
        let open = || self.state(&chosen.name, state) == State::Open;
        work_type.equivalent(state, chosen, self.mapped(state).unwrap_or_else(open))
    }

    /// Whether the mapping takes a state for open, where it names it in one sense only.
    fn mapped(&self, state: &str) -> Option<bool> {
        let mut meant = Status::ALL.into_iter().filter(|_| self.by_state).map(|status| self.status.value(status));
        let mut meant = meant.by_ref().filter(|value| value.value.eq_ignore_ascii_case(state)).map(|value| value.open);
        let first = meant.next()?;
        meant.all(|open| open == first).then_some(first)
    }

    /// All states in which some item is closed, and whether every item in it is.
    pub(super) fn closed_states(&self) -> BTreeMap<&str, bool> {
        let mut states: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
        for work_type in &self.all {
            for (name, _) in &work_type.states {
                let closed = self.state(&work_type.name, name) == State::Closed;
                let (some, every) = states.entry(name).or_insert((false, true));
                *some |= closed;
                *every &= closed;
            }
        }
        states.into_iter().filter(|(_, (some, _))| *some).map(|(name, (_, every))| (name, every)).collect()
    }
}

/// Names for people: `A`, `B`.
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
