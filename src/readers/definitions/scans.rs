//! What a definition's programs yield → the scans of one report.

use std::sync::Arc;

use jaq_json::Val;

use super::artifact::artifact;
use super::definition::Definition;
use super::finding::{Found, Shaped, Wrong, items, object, text, unknown};
use crate::finding::{Artifact, Scan, image_name};
use crate::readers::ReadError;

const SCOPE_FIELDS: &[&str] = &["scanner", "target", "image", "artifact", "failure", "complete", "unexamined", "roots"];

/// The scans of one report, in the order in which they are first named.
pub(crate) struct Scans<'a> {
    definition: &'a Definition,
    path: &'a str,
    scans: Vec<Scan>,
    named: usize,
    count: usize,
}

impl<'a> Scans<'a> {
    pub(crate) fn new(definition: &'a Definition, path: &'a str, scopes: Vec<Val>) -> Result<Self, ReadError> {
        let mut it = Self { definition, path, scans: Vec::new(), named: 0, count: 0 };
        for (i, scope) in scopes.iter().enumerate() {
            let mut scan = it.blank();
            let (mut target, mut image, mut scanned) = (None, None, Artifact::default());
            object(scope, |name, value| {
                match name {
                    "scanner" => scan.scanner = text(value)?.unwrap_or(std::mem::take(&mut scan.scanner)),
                    "target" => target = text(value)?,
                    "image" => image = text(value)?,
                    "artifact" => scanned = artifact(value)?,
                    "failure" => scan.failure = text(value)?,
                    "complete" => scan.complete = !matches!(value, Val::Bool(false)),
                    "unexamined" => scan.unexamined = items(value, text)?,
                    "roots" => scan.roots = items(value, text)?,
                    _ => return unknown(SCOPE_FIELDS, name),
                }
                Ok(())
            })
            .map_err(|wrong| it.error(&format!("scope[{i}]"), wrong))?;
            // A new tag is no new target.
            scan.target = image.as_deref().map(image_name).or(target).unwrap_or_default();
            scanned.names.extend(image);
            scan.artifact = Arc::new(scanned);
            scan.complete &= scan.failure.is_none();
            match it.scans.iter_mut().find(|other| other.scope() == scan.scope()) {
                // What one part of the report says of a scope holds for all of it.
                Some(other) => {
                    other.unexamined.append(&mut scan.unexamined);
                    other.roots.append(&mut scan.roots);
                    other.complete &= scan.complete;
                    other.failure = other.failure.take().or(scan.failure);
                }
                None => it.scans.push(scan),
            }
        }
        it.named = it.scans.len();
        if it.scans.is_empty() {
            let blank = it.blank();
            it.scans.push(blank);
        }
        Ok(it)
    }

    fn blank(&self) -> Scan {
        let Definition { name, title, .. } = self.definition;
        Scan { reader: name.clone(), scanner: title.clone(), complete: true, ..Scan::default() }
    }

    fn error(&self, place: &str, wrong: Wrong) -> ReadError {
        let Wrong { place: below, detail } = wrong;
        let place = if below.is_empty() { place.to_owned() } else { format!("{place}.{below}") };
        ReadError::Shape { path: self.path.to_owned(), definition: self.definition.name.clone(), place, detail }
    }

    /// Adds what the program yields.
    pub(crate) fn add(&mut self, found: Shaped<Found>) -> Result<(), ReadError> {
        let Found { finding, target, scanner } =
            found.map_err(|wrong| self.error(&format!("findings[{}]", self.count), wrong))?;
        self.count += 1;
        let first = &self.scans[0];
        let scanner = scanner.as_deref().unwrap_or(&first.scanner);
        let target = target.as_deref().unwrap_or(&first.target);
        let at = self.scans.iter().position(|scan| scan.scanner == scanner && scan.target == target);
        if let Some(at) = at {
            self.scans[at].findings.push(finding);
        } else {
            let (scanner, target) = (scanner.to_owned(), target.to_owned());
            let (complete, failure) = (first.complete, first.failure.clone());
            let (unexamined, roots) = (first.unexamined.clone(), first.roots.clone());
            let findings = vec![finding];
            self.scans.push(Scan { scanner, target, complete, failure, unexamined, roots, findings, ..self.blank() });
        }
        Ok(())
    }

    /// The scans. The one that nobody named goes where others have taken all findings.
    pub(crate) fn finish(mut self) -> Vec<Scan> {
        if self.named == 0 && self.scans.len() > 1 && self.scans[0].findings.is_empty() {
            self.scans.remove(0);
        }
        self.scans
    }
}
