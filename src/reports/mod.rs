//! TELL: everything that people and machines read of a run. Writers take a view and a place to write to; nothing else
//! in findsync prints.

mod accounts;
mod check;
mod ci;
mod csv;
mod explain;
mod findings;
mod gate;
mod guide;
mod json;
pub(crate) mod listings;
mod log;
mod markdown;
mod pipe;
mod progress;
mod sarif;
mod text;
mod totals;
pub(crate) mod untrusted;
mod view;
pub(crate) mod wording;

pub use accounts::{AccountView, TotalsView};
pub use check::{CheckView, check, error, usage};
pub use ci::{
    azure_annotations, azure_mask, azure_outputs, azure_summary, code_quality, dotenv, github_annotations, github_mask,
    github_outputs, gitlab_section, outputs,
};
pub use csv::csv;
pub use explain::{ExplainView, ExplainedFinding, ExplainedMapping, Remembered, ScopeWord, explain};
pub use findings::{
    ComponentView, CvssView, FindingList, FindingView, FindingsView, FixView, LocationView, ScanView, findings_view,
};
pub use gate::GateView;
pub use guide::{guide, guides};
pub use json::{findings_schema, json, plan_schema};
pub use listings::{proposal, readers, trial};
pub use log::{LogFormat, panic};
pub use markdown::{findings as findings_markdown, plan as plan_markdown};
pub use pipe::UntilClosed;
pub use progress::Progress;
pub use sarif::sarif;
pub use text::{Detail, findings as findings_text, plan as plan_text};
pub use untrusted::Paint;
pub use view::{
    ChangeView, Counts, GuardView, HeldView, IssueRef, MappingView, Outcome, OutcomeView, PlanView, Refusal, VERSION,
};
pub use wording::unexamined;
