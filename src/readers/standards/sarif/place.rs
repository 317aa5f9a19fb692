//! Where a SARIF result is: artifacts by URI, base and index, regions, logical locations.

use percent_encoding::percent_decode_str;

use super::model::{ArtifactLocation, LogicalLocation, Notification, PhysicalLocation, ResultObject, Run};
use super::package::Told;
use super::tools::Tool;
use crate::finding::{Location, Snippet, image_name};
use crate::readers::standards::lenient::Object;

/// How many bases a path may be built on; more is a loop.
const MAX_BASES: usize = 8;

/// The main place of a result, its further places, and the source lines at the main one.
pub(super) fn places(run: &Run<'_>, result: &ResultObject<'_>) -> (Location, Vec<Location>, Option<Snippet>) {
    let flow = || {
        let flow = result.code_flows.first()?.thread_flows.first()?;
        Some(&flow.locations.as_ref()?.location)
    };
    let mut places: Vec<Location> = Vec::with_capacity(result.locations.len());
    for place in result.locations.iter().chain(flow()) {
        let place = location(run, &place.physical_location, &place.logical_locations);
        if !place.is_empty() && !places.contains(&place) {
            places.push(place);
        }
    }
    let snippet = result.locations.first().or_else(flow).and_then(|place| snippet(&place.physical_location));
    if places.is_empty() {
        let target = artifact(run, &result.analysis_target).map(at).unwrap_or_default();
        return (target, Vec::new(), snippet);
    }
    let main = places.remove(0);
    (main, places, snippet)
}

/// What is in an image is there by its path in it; what is the image as a whole has no path, and neither has what a tool
/// gives a sentence for one.
pub(super) fn put_into_image(place: &mut Location, tool: &Tool, told: &Told<'_>, image: Option<&str>) {
    if place.path.as_ref().is_some_and(|path| tool.no_paths.contains(path)) {
        *place = Location { resource: place.resource.take(), ..Location::default() };
    }
    if tool.places_are_images {
        place.image = place.path.take();
    } else if let Some(image) = told.get("image") {
        place.image = Some(image.to_owned());
        place.path = told.get("path").map(str::to_owned);
    } else if let Some(image) = image {
        // Trivy writes the image's own name, without registry and tag, as the file of the system's packages.
        let is_image = |path: &String| image_name(image).ends_with(path.as_str());
        place.path = place.path.take().filter(|path| !is_image(path));
        place.image = Some(image.to_owned());
    }
}

/// The first column of a result's main place.
pub(super) fn column(result: &ResultObject<'_>) -> Option<u32> {
    result.locations.first()?.physical_location.region.start_column.line()
}

/// The files that a notification is about.
pub(super) fn files(run: &Run<'_>, notification: &Notification<'_>) -> Vec<String> {
    let uris = notification.locations.iter().filter_map(|at| artifact(run, &at.physical_location.artifact_location));
    uris.filter_map(|uri| at(uri).path).collect()
}

fn location(run: &Run<'_>, physical: &PhysicalLocation<'_>, logical: &[Object<LogicalLocation<'_>>]) -> Location {
    let mut place = artifact(run, &physical.artifact_location).map(at).unwrap_or_default();
    place.start_line = physical.region.start_line.line().or_else(|| physical.context_region.start_line.line());
    place.end_line = physical.region.end_line.line().filter(|end| place.start_line.is_some_and(|start| start <= *end));
    place.resource = logical.iter().find_map(|logical| {
        let shared = logical.index.index().and_then(|index| run.logical_locations.get(index));
        let names =
            |logical: &LogicalLocation<'_>| logical.fully_qualified_name.owned().or_else(|| logical.name.owned());
        names(logical).or_else(|| shared.and_then(|shared| names(shared)))
    });
    place
}

/// A resolved URI as a place: addresses (`https://…`, `host://10.0.0.1`) are URLs, files are paths.
fn at(uri: String) -> Location {
    // One letter is a drive.
    let is_address = uri.split_once("://").is_some_and(|(scheme, _)| {
        scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) && !scheme.eq_ignore_ascii_case("file")
    });
    if is_address {
        Location { url: Some(uri), ..Location::default() }
    } else {
        Location { path: Some(path(&uri)), ..Location::default() }
    }
}

/// The URI of an artifact, on its relative bases.
///
/// An absolute base is the scanning machine's checkout: what counts is the path below it. Where the run says which base
/// the repository's root is, a base below that root counts from there.
fn artifact(run: &Run<'_>, place: &ArtifactLocation<'_>) -> Option<String> {
    let shared = place.index.index().and_then(|index| run.artifacts.get(index)).map(|artifact| &*artifact.location);
    let place = if place.uri.get().is_none() { shared? } else { place };
    let mut uri = place.uri.owned()?;
    let mut base = place.uri_base_id.get().or_else(|| shared?.uri_base_id.get());
    for _ in 0..MAX_BASES {
        let known = base.and_then(|base| run.original_uri_base_ids.get(base));
        let Some(known) = known.filter(|_| !is_absolute(&uri)) else { break };
        if let Some(prefix) = known.uri.get() {
            if is_absolute(prefix) {
                let below = root(run).and_then(|root| prefix.strip_prefix(root)).unwrap_or_default();
                uri = join(below, &uri);
                break;
            }
            uri = join(prefix, &uri);
        }
        base = known.uri_base_id.get();
    }
    Some(uri)
}

/// The absolute URI of the repository's root, with a slash at its end.
fn root<'a>(run: &'a Run<'_>) -> Option<&'a str> {
    let mapped = run.version_control_provenance.iter().find_map(|control| control.mapped_to.uri_base_id.get())?;
    run.original_uri_base_ids.get(mapped)?.uri.get().filter(|uri| uri.ends_with('/'))
}

fn join(base: &str, uri: &str) -> String {
    match base.trim_matches('/') {
        "" | "." => uri.to_owned(),
        base => format!("{base}/{uri}"),
    }
}

fn is_absolute(uri: &str) -> bool {
    let scheme = uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    });
    scheme || uri.starts_with('/')
}

/// A URI as a path: without `file:`, decoded. Many tools write plain paths, which stay as they are.
fn path(uri: &str) -> String {
    let uri = uri.trim();
    let local = match uri.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("file:")).map(|_| &uri[5..]) {
        // `file:///C:/a`, `file:////src/a` and `file://build-host/src/a`
        Some(rest) => match rest.strip_prefix("//") {
            Some(rest) if rest.starts_with('/') => {
                let path = rest.trim_start_matches('/');
                if path.as_bytes().get(1) == Some(&b':') { path } else { &rest[rest.len() - path.len() - 1..] }
            }
            Some(rest) => rest.find('/').map_or(rest, |slash| &rest[slash..]),
            None => rest,
        },
        None => uri,
    };
    percent_decode_str(local).decode_utf8().map_or_else(|_| local.to_owned(), |path| path.into_owned())
}

/// The source lines of a place, and their neighbours where the report shows the context.
fn snippet(place: &PhysicalLocation<'_>) -> Option<Snippet> {
    let lines = place.region.snippet.text.raw();
    let context = place.context_region.snippet.text.raw();
    let Some(context) = context else {
        return lines.map(|lines| Snippet { lines: lines.to_owned(), ..Snippet::default() });
    };
    let around: Vec<&str> = context.lines().collect();
    let first = place.context_region.start_line.line().unwrap_or(1);
    let start = place.region.start_line.line().and_then(|start| start.checked_sub(first)).unwrap_or(0) as usize;
    let end = place.region.end_line.line().and_then(|end| end.checked_sub(first)).unwrap_or(0) as usize;
    let end = end.max(start).min(around.len().saturating_sub(1));
    let spanned = || around.get(start..=end).map(|lines| lines.join("\n"));
    let neighbour = |at: Option<usize>| at.and_then(|at| around.get(at)).map(|line| (*line).to_owned());
    Some(Snippet {
        lines: lines.map(str::to_owned).or_else(spanned).unwrap_or_else(|| context.to_owned()),
        before: neighbour(start.checked_sub(1)),
        after: neighbour(Some(end + 1)),
        ..Snippet::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_no_paths() {
        for uri in ["https://shop.example/a", "host://10.0.0.1"] {
            assert_eq!(at(uri.to_owned()).url.as_deref(), Some(uri));
        }
        for (uri, expected) in [("C://code/a.c", "C://code/a.c"), ("file:///a.c", "/a.c"), ("a.c", "a.c")] {
            assert_eq!(at(uri.to_owned()).path.as_deref(), Some(expected));
        }
    }

    #[test]
    fn uris_become_paths() {
        for (uri, expected) in [
            ("src/a%20b.c", "src/a b.c"),
            ("file:///home/x/a.c", "/home/x/a.c"),
            ("file:////src/a.js", "/src/a.js"),
            ("file:///C:/code/a.c", "C:/code/a.c"),
            ("file://build.example.com/work/a.c", "/work/a.c"),
            ("FILE:a.c", "a.c"),
            ("src\\a.c", "src\\a.c"),
            ("100%.txt", "100%.txt"),
            ("é%ff", "é%ff"),
            ("file://", ""),
        ] {
            assert_eq!(path(uri), expected, "{uri}");
        }
    }
}
