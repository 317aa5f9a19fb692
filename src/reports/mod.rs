//! TELL: everything that people and machines read of a run. Writers take a view and a place to write to; nothing else
//! in findsync prints.

mod check;
mod ci;
mod csv;
mod findings;
mod gate;
mod guide;
mod json;
mod line;
mod lists;
mod log;
mod markdown;
mod pipe;
mod progress;
mod sarif;
mod text;
mod view;
mod words;

pub use check::{CheckView, check, error, usage};
pub use ci::{
    azure_annotations, azure_mask, azure_outputs, azure_summary, code_quality, dotenv, github_annotations, github_mask,
    github_outputs, gitlab_section, outputs,
};
pub use csv::csv;
pub use findings::{
    ComponentView, CvssView, FindingList, FindingView, FindingsView, FixView, LocationView, ScanView, findings_view,
};
pub use gate::GateView;
pub use guide::{guide, guides};
pub use json::{findings_schema, json, plan_schema};
pub use line::Paint;
pub use lists::{proposal, readers, trial};
pub use log::{LogFormat, panic};
pub use markdown::{findings as findings_markdown, plan as plan_markdown};
pub use pipe::UntilClosed;
pub use progress::Progress;
pub use sarif::sarif;
pub use text::{findings as findings_text, plan as plan_text};
pub use view::{
    ChangeView, Counts, GuardView, HeldView, IssueRef, MappingView, Outcome, OutcomeView, PlanView, Refusal, VERSION,
};
pub use words::unexamined;
