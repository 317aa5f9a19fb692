//! Azure DevOps Boards: Services and Server, REST API 7.1 and what older servers know of it.
//!
//! <https://learn.microsoft.com/rest/api/azure/devops/wit/>. Issues are work items; the stamp is in hyperlinks, as the
//! web editor cleans descriptions; every write names the revision that it is based on.

mod check;
mod client;
pub(crate) mod description;
mod fields;
mod links;
pub(crate) mod list;
pub(super) mod runs;
pub(crate) mod wire;
pub(crate) mod work_item_types;
mod write;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use self::client::{Client, Scope};
use self::fields::{Place, Type};
use super::http::HttpConfig;
use super::labels::{LabelRules, OWN_LABEL, OwnLabels};
use super::{Error, Found, Problem, Read, Track, Visibility, Which};
use crate::config::{Instance, Mapping};
use crate::issue::{Edit, Issue, IssueId, Limits, Markup, New};
use list::Known;
use wire::{FieldDefinition, List, StateColor, WorkItemType};
use work_item_types::{Types, WorkType};

/// What a work item holds.
const LIMITS: Limits = Limits {
    title: 255,
    // The service takes about a million; this leaves room for its own formatting.
    body: 500_000,
    comment: 100_000,
    stamp: links::LONGEST,
    stamp_in_body: false,
    conditional_writes: true,
    confidential: false,
    markup: Markup::Html,
    concurrency: 4,
};

/// What it takes for a tag.
const TAGS: LabelRules = LabelRules { longest: 400, forbidden: &[';', ','], folds_case: true };

/// One project of an Azure DevOps organization or Server collection.
#[derive(Debug)]
pub struct AzureDevOps {
    client: Client,
    mapping: Mapping,
    own_labels: OwnLabels,
    types: OnceCell<Types>,
    field_types: OnceCell<HashMap<String, Type>>,
    /// Whether the token may write any item, asked where it may not write one.
    may_write: OnceCell<bool>,
    memory: Mutex<Memory>,
}

/// What was read in this run and is needed again for writing.
#[derive(Debug, Default)]
struct Memory {
    /// Items as they were last read.
    known: HashMap<u64, Known>,
    /// Items that our own account created.
    mine: BTreeSet<u64>,
}

impl AzureDevOps {
    /// Connects an instance's project; nothing is asked yet.
    ///
    /// # Errors
    /// [`Error::Settings`] where the location, the credential or the CA file cannot be used.
    pub fn new(instance: &Instance, mapping: &Mapping) -> Result<Self, Error> {
        Self::with_http(instance, mapping, |_| {})
    }

    /// The same, with other settings for HTTP.
    ///
    /// # Errors
    /// As [`AzureDevOps::new`].
    pub fn with_http(
        instance: &Instance,
        mapping: &Mapping,
        tune: impl FnOnce(&mut HttpConfig),
    ) -> Result<Self, Error> {
        Ok(Self {
            client: Client::new(instance, &mapping.project.name, tune)?,
            mapping: mapping.clone(),
            own_labels: OwnLabels::new(mapping, TAGS),
            types: OnceCell::new(),
            field_types: OnceCell::new(),
            may_write: OnceCell::new(),
            memory: Mutex::default(),
        })
    }

    /// The project's work item types, with all that the mapping names in them.
    async fn types(&self) -> Result<&Types, Error> {
        self.types.get_or_try_init(|| self.load_types()).await
    }

    async fn load_types(&self) -> Result<Types, Error> {
        let what = format!("list the work item types of project `{}`", self.client.project());
        let listed: List<WorkItemType> = self.client.get(&what, Scope::Project, &["wit", "workitemtypes"], &[]).await?;
        let mut all = Vec::new();
        for mut listed in listed.0.into_iter().filter(|listed| !listed.is_disabled) {
            if listed.states.is_empty() && self.is_needed(&listed.name) {
                let path = ["wit", "workitemtypes", &listed.name, "states"];
                let states: List<StateColor> = self.client.get("list states", Scope::Project, &path, &[]).await?;
                listed.states = states.0;
            }
            all.push(WorkType::from(listed));
        }
        let named = self.mapping.project.work_item_type.as_deref();
        let types = Types::choose(all, named, &self.mapping.status, self.status_is_state())
            .map_err(|problem| Error::Setup(vec![problem]))?;
        let mut problems = types.problems();
        problems.extend(fields::lacking(&self.mapping, types.chosen()));
        if problems.is_empty() { Ok(types) } else { Err(Error::Setup(problems)) }
    }

    /// Whether a type's states must be known where the list of types does not tell them.
    fn is_needed(&self, name: &str) -> bool {
        match &self.mapping.project.work_item_type {
            Some(named) => named.eq_ignore_ascii_case(name),
            None => work_item_types::PREFERRED.iter().any(|preferred| preferred.eq_ignore_ascii_case(name)),
        }
    }

    /// Whether the mapping's status field is the work item's state.
    fn status_is_state(&self) -> bool {
        let name = &self.mapping.status.field;
        let bare = name.strip_prefix("/fields/").unwrap_or(name);
        [fields::STATE, "State"].iter().any(|state| bare.eq_ignore_ascii_case(state))
    }

    /// A field's type, as the server defines it.
    async fn field_type(&self, reference: &str) -> Result<Type, Error> {
        let load = async || {
            let all: List<FieldDefinition> =
                self.client.get("list fields", Scope::Project, &["wit", "fields"], &[]).await?;
            let of = |field: &FieldDefinition| (field.reference_name.to_lowercase(), Type::of(field));
            Ok::<_, Error>(all.0.iter().map(of).collect::<HashMap<_, _>>())
        };
        let types = self.field_types.get_or_try_init(load).await?;
        Ok(types.get(&reference.to_lowercase()).copied().unwrap_or(Type::Text))
    }

    /// Asks for the types of fields where what a template writes to them could not be read back without.
    async fn know_types(&self, work_type: &WorkType) -> Result<(), Error> {
        for rule in self.mapping.fields.iter().filter(|rule| rule.literal().is_none()) {
            if let Place::Field(reference) = Place::of(&rule.field, work_type)
                && Type::well_known(&reference).is_none()
            {
                self.field_type(&reference).await?;
            }
        }
        Ok(())
    }

    /// A field's type, as far as it is known without asking.
    fn known_type(&self, place: &Place) -> Option<Type> {
        let Place::Field(reference) = place else { return None };
        Type::well_known(reference).or_else(|| self.field_types.get()?.get(&reference.to_lowercase()).copied())
    }

    fn remember<T>(&self, change: impl FnOnce(&mut Memory) -> T) -> T {
        // Every entry is whole, so a panic elsewhere leaves it right.
        change(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_mine(&self, id: u64) -> bool {
        self.remember(|memory| memory.mine.contains(&id))
    }
}

#[async_trait]
impl Read for AzureDevOps {
    fn name(&self) -> &'static str {
        "azure_devops"
    }

    fn project(&self) -> &str {
        self.client.project()
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    fn lag(&self) -> Duration {
        self.client.lag()
    }

    fn marks(&self) -> Vec<(&'static str, String)> {
        vec![(OWN_LABEL, self.mapping.own_label.clone())]
    }

    async fn check(&self) -> Result<Vec<Problem>, Error> {
        self.find_problems().await
    }

    async fn meanings(&self) -> Result<Vec<String>, Error> {
        let types = self.types().await?;
        let name = &types.chosen().name;
        let other = types.by_other_names().into_iter();
        let states =
            other.map(|(mapped, here)| format!("the state `{mapped}` is `{here}` of `{name}`, of the same category"));
        Ok(std::iter::once(format!("new work items are of type `{name}`")).chain(states).collect())
    }

    async fn visibility(&self) -> Result<Visibility, Error> {
        Ok(match self.project_details().await?.visibility.to_ascii_lowercase().as_str() {
            "public" => Visibility::Public,
            "organization" | "systemprivate" => Visibility::Internal,
            _ => Visibility::Private,
        })
    }

    async fn issues(&self, which: Which) -> Result<Vec<Issue>, Error> {
        self.list(which).await
    }

    async fn issue(&self, id: &IssueId) -> Result<Found, Error> {
        self.find(id.number).await
    }
}

#[async_trait]
impl Track for AzureDevOps {
    async fn open(&self, new: &New) -> Result<IssueId, Error> {
        self.create(new).await
    }

    async fn edit(&self, issue: &Issue, edit: &Edit) -> Result<(), Error> {
        self.change(issue, edit).await
    }

    async fn fix(&self) -> Result<Vec<String>, Error> {
        // Types, states and fields belong to the process, which administrators change; tags make themselves.
        Ok(Vec::new())
    }
}
