//! How a SARIF result is mended: what it proposes (§3.55), else what its rule's help says.

use serde::Deserialize;

use super::message;
use super::model::{Message, ResultObject, Rule};
use crate::finding::Fix;
use crate::readers::standards::lenient::{List, Object, Text};

/// Longer texts are left to the link: they are written once for each finding.
const MAX_FIX: usize = 1500;
/// Headings in a rule's help under which it says what to do.
const FIX_HEADINGS: &[&str] =
    &["remediation", "recommendation", "recommendations", "how to fix", "fix", "solution", "mitigation", "resolution"];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ProposedFix<'a> {
    #[serde(borrow)]
    description: Object<Message<'a>>,
    #[serde(borrow, rename = "artifactChanges")]
    changes: List<Object<Change<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Change<'a> {
    #[serde(borrow)]
    replacements: List<Object<Replacement<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Replacement<'a> {
    #[serde(borrow, rename = "insertedContent")]
    inserted: Object<Content<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    text: Text<'a>,
}

/// What the result proposes, else what the rule's help says under a heading of its own: the rest of the help explains, or
/// repeats the first result.
pub(super) fn fix(rule: Option<&Rule<'_>>, result: &ResultObject<'_>, version: Option<String>) -> Option<Fix> {
    let proposed: Vec<String> = result.fixes.iter().filter_map(|fix| proposal(fix, result)).collect();
    let help = || {
        let help = &rule?.help;
        let texts = help.markdown.get().into_iter().chain(help.text.get());
        texts.filter_map(fix_section).find(|section| section.len() <= MAX_FIX)
    };
    let text = Some(proposed.join("\n")).filter(|text| !text.is_empty()).or_else(|| help().map(str::to_owned));
    (version.is_some() || text.is_some()).then_some(Fix { version, text })
}

/// What a proposed fix does: its description, unless that is only the result's message, and the text that it inserts.
fn proposal(fix: &ProposedFix<'_>, result: &ResultObject<'_>) -> Option<String> {
    let message = message::words(&result.message);
    let description = message::words(&fix.description).filter(|words| Some(*words) != message).map(str::to_owned);
    let inserted = fix.changes.iter().flat_map(|change| change.replacements.iter());
    let inserted: Vec<&str> = inserted.filter_map(|replacement| replacement.inserted.text.raw()).collect();
    let inserted = inserted.join("\n");
    let is_blank = inserted.trim().is_empty();
    let code = Some(inserted).filter(|code| !is_blank && code.len() <= MAX_FIX);
    let parts: Vec<String> = description.into_iter().chain(code.map(|code| format!("Replace by:\n{code}"))).collect();
    // A fix that only deletes has no text of its own.
    let is_deletion = parts.is_empty() && is_blank && fix.changes.iter().any(|change| !change.replacements.is_empty());
    if is_deletion { Some("Remove it.".to_owned()) } else { Some(parts.join("\n\n")).filter(|text| !text.is_empty()) }
}

/// What stands under a heading that promises a fix, up to the next heading.
fn fix_section(help: &str) -> Option<&str> {
    let is_heading =
        |line: &str| line.starts_with('#') || line.starts_with("**") && line.trim_end_matches(':').ends_with("**");
    let mut offset = 0;
    let mut start = None;
    for line in help.split_inclusive('\n') {
        let trimmed = line.trim();
        if is_heading(trimmed) {
            if let Some(start) = start {
                return Some(help[start..offset].trim()).filter(|section| !section.is_empty());
            }
            let words = trimmed.trim_matches(|c: char| matches!(c, '#' | '*' | ':' | ' ')).to_ascii_lowercase();
            start = FIX_HEADINGS.contains(&words.as_str()).then_some(offset + line.len());
        }
        offset += line.len();
    }
    Some(help[start?..].trim()).filter(|section| !section.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fix_is_what_help_says_under_its_heading() {
        assert_eq!(fix_section("# Rule\nBad.\n## Recommendation\nDo this.\n\n## References\n- a"), Some("Do this."));
        assert_eq!(fix_section("Bad.\n**How to fix:**\nDo that."), Some("Do that."));
        assert_eq!(fix_section("Vulnerability CVE-1\nSeverity: HIGH"), None);
    }
}
