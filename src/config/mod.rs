//! The mapping file `.findsync.yml`: as written (`raw`) → checked (`validate`) → as trusted (`model`).
//!
//! What stands in a [`Config`] has been checked: names resolve, values parse, tokens come from the environment.

mod context;
mod defaults;
mod error;
mod files;
mod from_ci;
mod instance;
mod load;
mod model;
pub(crate) mod raw;
pub(crate) mod validate;
mod values;

pub use context::{BadTemplate, Given, TemplatePart};
pub use error::{Error, Problem, ProblemKind, Problems};
pub use files::{FilesError, files, literal};
pub use instance::{Credential, Instance, Secret, TrackerKind};
pub(crate) use model::DUE_DATE;
pub use model::{
    Confidential, Config, Decision, DecisionLabels, DecisionMatch, FieldOn, FieldRule, Filter, GroupBy, Mapping,
    OnManualClose, OnReturn, Project, Public, ReportSource, Route, RunLimits, UpdatePolicy, UpdateRules, environment,
};
pub use raw::json_schema::schema;
pub use values::{SeverityMap, StatusMap, StatusValue};
