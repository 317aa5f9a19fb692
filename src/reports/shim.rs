//! Stand-ins until the writers land.
use std::io::{Result, Write};

use super::{FindingsView, PlanView, findings_view};
use crate::finding::Scan;
use crate::trackers::Problem;

#[derive(Debug)]
pub struct CheckView {
    pub label: String,
    pub tracker: String,
    pub project: String,
    pub problems: Vec<Problem>,
    pub fixed: Vec<String>,
}
pub fn write_json(out: &mut dyn Write, value: &impl serde::Serialize) -> Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}
pub fn write_plan(out: &mut dyn Write, view: &PlanView) -> Result<()> {
    write_json(out, view)
}
pub fn write_findings(out: &mut dyn Write, scans: &[Scan]) -> Result<()> {
    let view: FindingsView<'_> = findings_view(scans);
    write_json(out, &view)
}
pub fn write_check(out: &mut dyn Write, views: &[CheckView]) -> Result<()> {
    writeln!(out, "{views:#?}")
}
pub fn write_error(out: &mut dyn Write, error: &dyn std::error::Error, hint: Option<&str>) -> Result<()> {
    writeln!(out, "error: {error}")?;
    hint.map_or(Ok(()), |hint| writeln!(out, "hint: {hint}"))
}
pub fn findings_schema() -> serde_json::Value {
    schemars::schema_for!(FindingsView<'_>).to_value()
}
pub fn plan_schema() -> serde_json::Value {
    schemars::schema_for!(PlanView).to_value()
}
