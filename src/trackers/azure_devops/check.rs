//! Check: everything that would fail later, found out without writing: a work item is tried with `validateOnly`.

use std::collections::BTreeSet;

use super::client::Scope;
use super::fields::{self, Place};
use super::links::Changes;
use super::wire::{Operation, Project};
use super::{AzureDevOps, work_item_types};
use crate::issue::FieldEdit;
use crate::trackers::error::{found, missing_token};
use crate::trackers::{Error, Problem};

impl AzureDevOps {
    pub(super) async fn find_problems(&self) -> Result<Vec<Problem>, Error> {
        let mut problems = self.unusable_labels();
        match self.project_details().await {
            Ok(_) => {}
            Err(error @ (Error::NotFound { .. } | Error::Unauthorized { .. } | Error::Forbidden { .. })) => {
                problems.push(self.no_entry(&error));
                return Ok(problems);
            }
            Err(error) => problems.extend(found(Err(error))),
        }
        let types = match self.types().await {
            Ok(types) => types,
            Err(Error::Setup(missing)) => {
                problems.extend(missing);
                return Ok(problems);
            }
            Err(error) => {
                problems.extend(found(Err(error)));
                return Ok(problems);
            }
        };
        let work_type = types.chosen();
        tracing::info!(work_item_type = %work_type.name, "the type of new work items");
        // One try for each value of the severity field shows what the type refuses.
        let mut said = BTreeSet::new();
        for severity in &self.mapping.severity.values {
            let title = format!("findsync check ({severity})");
            for problem in found(self.try_to_create(work_type, &title, severity).await) {
                if said.insert(problem.what.clone()) {
                    problems.push(problem);
                }
            }
        }
        Ok(problems)
    }

    async fn try_to_create(
        &self,
        work_type: &work_item_types::WorkType,
        title: &str,
        severity: &str,
    ) -> Result<Vec<Problem>, Error> {
        let mut edits = vec![(self.mapping.severity.field.clone(), severity.to_owned())];
        let rules = self.mapping.fields.iter();
        edits.extend(rules.filter_map(|rule| Some((rule.field.clone(), rule.literal()?.to_owned()))));
        let edits: Vec<FieldEdit> =
            edits.into_iter().map(|(name, value)| FieldEdit { name, value: Some(value) }).collect();
        let mut links = Changes::default();
        let fields = match self.set_fields(work_type, &edits, &[], &mut links).await {
            Ok(fields) => fields,
            Err(Error::Refused { what, detail }) => {
                let hint = "correct the value in the mapping".to_owned();
                return Ok(vec![Problem { what: format!("cannot {what}: {detail}"), hint, fixable: false }]);
            }
            Err(error) => return Err(error),
        };
        let mut patch =
            vec![Operation::add("System.Title", title), Operation::add("System.Tags", self.mapping.own_label.as_str())];
        // Fields of templates get their value from the finding, so whatever they lack here is no problem.
        let later: Vec<Place> = self
            .mapping
            .fields
            .iter()
            .filter(|rule| rule.literal().is_none())
            .map(|rule| Place::of(&rule.field, work_type))
            .collect();
        patch.extend(fields);
        patch.extend(links.into_operations());
        match self.client.try_to_create(&work_type.name, &self.query(), &patch).await {
            Ok(()) => Ok(Vec::new()),
            Err(Error::Refused { detail, .. }) => Ok(detail
                .split("; ")
                .filter(|broken| !later.iter().any(|place| matches!(place, Place::Field(f) if broken.starts_with(f))))
                .map(|broken| Problem {
                    what: format!("work item type `{}` refuses a new item: {broken}", work_type.name),
                    hint:
                        "give the field a value that the type takes, under `fields:` in the mapping, or name another \
                           `work_item_type`"
                            .to_owned(),
                    fixable: false,
                })
                .collect()),
            Err(error @ (Error::Unauthorized { .. } | Error::Forbidden { .. } | Error::NotFound { .. })) => {
                let hint =
                    "a personal access token needs the scope Work Items (read, write & manage); a build service \
                            needs \"Edit work items in this node\" on the area, and \"Create tag definition\" in the \
                            project; suppressing notifications needs a right of its own"
                        .to_owned();
                Ok(vec![Problem {
                    what: format!("the token may not create work items: {error}"),
                    hint,
                    fixable: false,
                }])
            }
            Err(error) => Err(error),
        }
    }

    fn no_entry(&self, error: &Error) -> Problem {
        if self.client.is_anonymous() {
            return missing_token(
                "in a pipeline, hand `SYSTEM_ACCESSTOKEN: $(System.AccessToken)` to the step; else make a personal access \
                 token with the scope Work Items (read, write & manage), and set the variable that the mapping file names",
            );
        }
        let hint = match error {
            Error::NotFound { .. } => {
                "check `project` in the mapping, and that the token may see it: \"View project-level information\""
            }
            _ => "check that the token is set, complete and not expired, and belongs to this organization",
        };
        Problem {
            what: format!("cannot see the project `{}`: {error}", self.client.project()),
            hint: hint.to_owned(),
            fixable: false,
        }
    }

    /// Tags that would fall apart or are too long.
    pub(super) fn unusable_labels(&self) -> Vec<Problem> {
        let bad = |tag: &&String| !fields::is_tag(tag);
        let labels = std::iter::once(&self.mapping.own_label).chain(&self.mapping.labels);
        labels
            .filter(bad)
            .map(|tag| Problem {
                what: format!("`{tag}` cannot be a tag"),
                hint: "a tag has 1 to 400 characters, without comma and semicolon".to_owned(),
                fixable: false,
            })
            .collect()
    }

    pub(super) async fn project_details(&self) -> Result<Project, Error> {
        let name = self.client.project();
        self.client.get(&format!("find the project `{name}`"), Scope::Organization, &["projects", name], &[]).await
    }
}
