//! What a definition's `scope` says of the scanned artifact, beside the target.

use jaq_json::Val;

use super::finding::{Shaped, items, object, text, unknown};
use crate::finding::{Artifact, Dependencies};

/// `{names, version, digests, architecture, packages: [{id, purl, needs}]}`, all optional.
pub(crate) fn artifact(value: &Val) -> Shaped<Artifact> {
    let mut artifact = Artifact::default();
    object(value, |name, value| {
        match name {
            "names" => artifact.names = items(value, text)?,
            "version" => artifact.version = text(value)?,
            "digests" => artifact.digests = items(value, text)?,
            "architecture" => artifact.architecture = text(value)?,
            "packages" => artifact.dependencies = packages(value)?,
            _ => return unknown(&["names", "version", "digests", "architecture", "packages"], name),
        }
        Ok(())
    })?;
    Ok(artifact)
}

fn packages(value: &Val) -> Shaped<Dependencies> {
    let mut dependencies = Dependencies::default();
    items(value, |package| {
        let (mut id, mut purl, mut needs) = (None, None, Vec::new());
        object(package, |name, value| {
            match name {
                "id" => id = text(value)?,
                "purl" => purl = text(value)?,
                "needs" => needs = items(value, text)?,
                _ => return unknown(&["id", "purl", "needs"], name),
            }
            Ok(())
        })?;
        if let Some(id) = id {
            dependencies.needs.insert(id.clone(), needs);
            dependencies.purls.extend(purl.map(|purl| (id, purl)));
        }
        Ok(None::<()>)
    })?;
    Ok(dependencies)
}
