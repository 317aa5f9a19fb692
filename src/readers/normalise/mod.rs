//! What all readers have in common, after reading: paths, identifiers, texts, source lines, redaction.

pub(crate) mod checkouts;
pub(crate) mod paths;
pub(crate) mod redact;
pub(crate) mod resource;
pub(crate) mod source;
pub(crate) mod version;

use std::collections::HashSet;
use std::path::Path;

use super::parallel;
use super::standards::sarif;
use crate::ci::source_of;
use crate::config::ReportSource;
use crate::finding::{Finding, Kind, Scan, assign_keys, identifiers, without_login};
use crate::redact::{Care, clean as clean_secrets};
use paths::Paths;
use source::Sources;

/// Finishes the scans of one report, and gives their findings keys.
pub(super) fn scans(scans: &mut [Scan], path: &str, source: &ReportSource, workspace: &Path, sources: &mut Sources) {
    for scan in scans {
        scan.report = path.to_owned();
        scan.complete &= !source.partial;
        scan.scanner = clean_line(&scan.scanner);
        scan.target = source.target.clone().unwrap_or_else(|| without_login(&clean_line(&scan.target)));
        let report = report_name(path, &Paths::new(workspace, None, sources));
        if scan.target.is_empty() {
            scan.target.clone_from(&report);
        }
        scan.formerly.clone_from(&source.formerly);
        // What a report says of its repository counts only where nobody else does.
        let reported = scan.repository.take().and_then(|source| source_of(&source.name));
        scan.repository = source.repository.clone().or(reported);
        {
            let paths =
                Paths::new(workspace, source.root.as_deref(), sources).with_roots(&scan.roots).of_report(&report);
            parallel::each(&mut scan.findings, |finding| tidy(finding, &paths));
            let unexamined = std::mem::take(&mut scan.unexamined);
            scan.unexamined = unexamined.iter().filter_map(|path| unexamined_path(path, &paths, sources)).collect();
            scan.unexamined.sort_unstable();
            scan.unexamined.dedup();
        }
        scan.findings.iter_mut().for_each(|finding| sources.enrich(finding));
        if sarif::lines_name_resources(&scan.scanner).unwrap_or_default() {
            scan.findings.iter_mut().for_each(name_resource);
        }
        parallel::each(&mut scan.findings, redact::finding);
        for text in [&mut scan.target, &mut scan.scanner] {
            clean_secrets(text, Care::Certain);
        }
        if let Some(text) = &mut scan.failure {
            clean_secrets(text, Care::Likely);
            *text = without_opaque_words(text);
        }
        assign_keys(scan);
    }
}

/// The resource that a finding's lines declare, where the report names none.
fn name_resource(finding: &mut Finding) {
    let at = &mut finding.location;
    if finding.kind != Kind::Infrastructure || at.resource.is_some() {
        return;
    }
    let lines = finding.evidence.snippet.as_ref().map(|snippet| snippet.lines.as_str());
    at.resource = at.path.as_deref().zip(lines).and_then(|(path, lines)| resource::declared(path, lines));
}

/// A report's path as a target: the same however it was typed, and wherever the runner has the workspace. Of one outside
/// of the workspace only the file's name is.
fn report_name(path: &str, paths: &Paths<'_>) -> String {
    let is_inside =
        |path: &String| !path.starts_with("../") && !path.starts_with('/') && path.as_bytes().get(1) != Some(&b':');
    let typed = paths.normalise(path);
    if is_inside(&typed) {
        return typed;
    }
    // A link may lead to the workspace by another way.
    let real = std::fs::canonicalize(path).map(|path| paths.normalise(&path.to_string_lossy()));
    let name = || typed.rsplit('/').next().unwrap_or_default().to_owned();
    real.ok().filter(is_inside).unwrap_or_else(name)
}

/// The shortest word of letters and digits that a message says nothing with.
const OPAQUE: usize = 24;

/// A message without words that no person reads: of why a scan failed, nobody needs a hash, and it may be a credential.
fn without_opaque_words(text: &str) -> String {
    let is_opaque = |word: &str| {
        word.len() >= OPAQUE
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && word.bytes().any(|byte| byte.is_ascii_digit())
            && word.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    words
        .map(|piece| {
            let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            if is_opaque(word) { format!("{}{}", crate::redact::MASK, &piece[word.len()..]) } else { piece.to_owned() }
        })
        .collect()
}

/// A file as findings' paths are written; a folder with a slash at its end.
fn unexamined_path(written: &str, paths: &Paths<'_>, sources: &Sources) -> Option<String> {
    let written = clean_line(written);
    let path = paths.normalise(&written);
    let is_folder = written.ends_with(['/', '\\']) || path.is_empty() || sources.is_folder(&path);
    (!written.is_empty()).then(|| {
        if is_folder { format!("{}/", if path.is_empty() { "." } else { path.trim_end_matches('/') }) } else { path }
    })
}

fn tidy(finding: &mut Finding, paths: &Paths<'_>) {
    let evidence = std::mem::take(&mut finding.evidence);
    redact::texts(finding, &mut |text| {
        // U+0080 to U+009F, the other control characters, begin with C2.
        let control = |byte: &u8| *byte < b' ' && !matches!(byte, b'\n' | b'\t') || matches!(byte, 0x7f | 0xc2);
        if text.as_bytes().iter().any(control) || text.trim().len() != text.len() {
            *text = clean(text);
        }
    });
    finding.evidence = evidence;
    if finding.title.contains(['\n', '\t']) {
        finding.title = clean_line(&finding.title);
    }
    for at in std::iter::once(&mut finding.location).chain(&mut finding.locations) {
        // What is inside an image is no file of the workspace, however it is called.
        let normalise = |path: String| if at.image.is_some() { in_image(&path) } else { paths.normalise(&path) };
        at.path = at.path.take().map(normalise).filter(|path| !path.is_empty());
        if at.end_line < at.start_line {
            at.end_line = None;
        }
    }
    finding.locations.retain(|at| !at.is_empty());
    let mut ids = Vec::with_capacity(finding.identifiers.len());
    // In upper case no token is known for one.
    finding.identifiers.iter_mut().for_each(|id| clean_secrets(id, Care::Certain));
    for id in finding.identifiers.drain(..).map(|id| identifiers::canonical(&id)) {
        // `ALPINE-CVE-…`, `DEBIAN-CVE-…`, `UBUNTU-CVE-…` are records of a CVE for a distribution.
        let cve = id.find("-CVE-").map(|at| id[at + 1..].to_owned());
        for id in [Some(id), cve].into_iter().flatten() {
            if !id.is_empty() && !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    identifiers::sort(&mut ids);
    finding.identifiers = ids;
    choose_fix(finding);
    let ratings = std::mem::take(&mut finding.cvss);
    for rating in ratings {
        if !finding.cvss.contains(&rating) {
            finding.cvss.push(rating);
        }
    }
    let mut seen = HashSet::new();
    let links = finding.references.iter();
    let mut kept = links.map(|link| !link.is_empty() && seen.insert(link.as_str())).collect::<Vec<_>>().into_iter();
    finding.references.retain(|_| kept.next() == Some(true));
}

/// Of several fixed versions the next above the installed one; all of them are told in the text. What is older than the
/// installed version is no fix of it.
fn choose_fix(finding: &mut Finding) {
    let component = finding.component.as_ref();
    let installed = component.and_then(|component| component.version.as_deref());
    let Some(fix) = &mut finding.fix else { return };
    let Some(written) = fix.version.take() else {
        // Many formats have only a sentence for it.
        let text = fix.text.as_deref().unwrap_or_default();
        let advised = component.map_or_else(Vec::new, |component| version::advised(text, &component.name));
        fix.version = version::fix_for(installed, &advised).map(str::to_owned);
        return;
    };
    let fixed = version::listed(&written);
    fix.version = version::fix_for(installed, &fixed).map(str::to_owned);
    // `<0.0.0` is npm's way to say that there is none.
    let tells = !fixed.is_empty() || written.contains(|c: char| c.is_ascii_alphabetic());
    if tells
        && (fixed.len() > 1 || fix.version.is_none())
        && fix.text.as_ref().is_none_or(|text| !text.contains(written.as_str()))
    {
        let all = if fixed.is_empty() { written } else { format!("Fixed in {}", fixed.join(", ")) };
        fix.text = Some(fix.text.take().map_or(all.clone(), |text| format!("{text}\n\n{all}")));
    }
}

/// A path in an image, which scanners write with and without the first slash.
fn in_image(path: &str) -> String {
    path.trim_start_matches("./").trim_start_matches('/').to_owned()
}

/// Without control characters and outer white space; line ends are `\n`.
fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.trim().chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

fn clean_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::finding::{Component, Fix};

    #[test]
    fn the_fix_is_of_the_installed_versions_branch() {
        let fixed = |installed: &str, written: &str| {
            let component = Component { version: Some(installed.to_owned()), ..Component::default() };
            let fix = Some(Fix { version: Some(written.to_owned()), text: None });
            let mut finding = Finding { component: Some(component), fix, ..Finding::default() };
            choose_fix(&mut finding);
            finding.fix.map(|fix| (fix.version, fix.text)).unwrap_or_default()
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(fixed("4.2.1", "3.2.20, 4.1.10, 4.2.3"), (some("4.2.3"), some("Fixed in 3.2.20, 4.1.10, 4.2.3")));
        assert_eq!(fixed("1.0", "1.1"), (some("1.1"), None));
        assert_eq!(fixed("3.0.1", "1.1.1w"), (None, some("Fixed in 1.1.1w")));
        assert_eq!(fixed("3.0.1", "won't fix"), (None, some("won't fix")));
    }

    #[test]
    fn a_distributions_record_of_a_cve_names_it() {
        let mut finding = Finding { identifiers: vec!["alpine-cve-2023-5363".to_owned()], ..Finding::default() };
        let sources = Sources::new(Path::new("/nonexistent"));
        tidy(&mut finding, &Paths::new(Path::new("/nonexistent"), None, &sources));
        assert_eq!(finding.identifiers, ["CVE-2023-5363", "ALPINE-CVE-2023-5363"]);
    }

    #[test]
    fn a_target_is_the_same_wherever_and_however_it_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let absolute = dir.path().canonicalize().unwrap().join("reports/a.json");
        let target = |path: &str, named: &str| {
            let mut all = [Scan { target: named.to_owned(), ..Scan::default() }];
            scans(&mut all, path, &ReportSource::default(), dir.path(), &mut Sources::new(dir.path()));
            all[0].target.clone()
        };
        for path in ["reports/a.json", "./reports//a.json", &absolute.to_string_lossy()] {
            assert_eq!(target(path, ""), "reports/a.json", "{path}");
        }
        for outside in ["/srv/runner-7/scans/a.json", "../scans/a.json", "C:\\scans\\a.json"] {
            assert_eq!(target(outside, ""), "a.json", "{outside}");
        }
        assert_eq!((target("-", ""), target("a.json", "shop")), ("-".to_owned(), "shop".to_owned()));
        assert_eq!(target("a.json", "https://oauth2:glpat-x@gitlab.example/a"), "https://gitlab.example/a");
    }
}
