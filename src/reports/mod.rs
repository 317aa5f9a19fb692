//! TELL: everything that people and machines read of a run. Writers take a view and a place to write to; nothing else
//! in findsync prints.

mod findings;
mod shim;
mod view;

pub use shim::*;

pub use findings::{
    ComponentView, CvssView, FindingView, FindingsView, FixView, LocationView, ScanView, findings_view,
};
pub use view::{
    Action, ChangeView, Counts, FieldChange, GuardView, HeldView, IssueRef, MappingView, Outcome, OutcomeView,
    PlanView, Refusal, VERSION,
};
