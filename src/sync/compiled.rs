//! What the mapping file says, compiled once for all mappings: there may be thousands of mappings, decisions and routes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::Error;
use super::input::Input;
use crate::config::Mapping;
use crate::template::{Sources, Templates};
use crate::triage::{Decisions, Routes};

/// Decisions and routes.
pub(super) struct Compiled<'a> {
    pub decisions: Decisions<'a>,
    pub routes: Routes<'a>,
}

impl<'a> Compiled<'a> {
    pub(super) fn new(input: &Input<'a>) -> Result<Self, Error> {
        Ok(Self {
            decisions: Decisions::new(&input.config.decisions, input.vex, input.today)?,
            routes: Routes::new(input.config)?,
        })
    }
}

/// The mappings' templates; mappings with the same share them.
pub(super) fn templates(mappings: &[Mapping]) -> Result<Vec<Arc<Templates>>, Error> {
    let mut known: BTreeMap<_, Arc<Templates>> = BTreeMap::new();
    let compiled = mappings.iter().map(|mapping| {
        let fields: Vec<_> = mapping.fields.iter().map(|rule| (rule.field.as_str(), rule.value.as_str())).collect();
        let sources = (mapping.title_template.as_deref(), mapping.body_template.as_deref(), fields);
        if let Some(known) = known.get(&sources) {
            return Ok(Arc::clone(known));
        }
        let compiled = Templates::new(&Sources { title: sources.0, body: sources.1, fields: &sources.2 })
            .map_err(|source| Error::Template { mapping: mapping.label.clone(), source })?;
        let compiled = Arc::new(compiled);
        known.insert(sources, Arc::clone(&compiled));
        Ok(compiled)
    });
    compiled.collect()
}
