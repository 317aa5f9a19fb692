//! The first mapping file: what was found, and the next things a team may want, as comments.

use std::fmt::Write as _;

use super::files::{MAPPING_FILE, NewFile, scalar};
use super::job;
use crate::ci::Ci;
use crate::config::{Config, Instance, Mapping, TrackerKind};

pub(super) fn file(ci: &Ci, reports: &[String]) -> NewFile {
    let told = Config::from_ci(ci, &|_| None);
    // Where nothing tells a tracker, a folder shows what would be done.
    let told = if told.mappings.is_empty() { Config::local("security-issues") } else { told };
    let content = told.instances.first().zip(told.mappings.first()).map(|(i, m)| content(i, m, reports));
    NewFile { path: MAPPING_FILE.into(), content: content.unwrap_or_default() }
}

fn content(instance: &Instance, mapping: &Mapping, reports: &[String]) -> String {
    let repository = job::repository();
    let mut text = format!(
        "# Which findings become issues, and where. `findsync check` tests this file, `findsync plan` shows what would change.
# yaml-language-server: $schema=https://raw.githubusercontent.com/{repository}/main/schema/findsync.schema.json
"
    );
    if reports.is_empty() {
        text += "\n# reports:                       # what your scanners write\n#   - path: reports/*.sarif\n";
    } else {
        text += "\nreports:\n";
        for path in reports {
            let _ = writeln!(text, "  - path: {}", scalar(path));
        }
    }
    let (kind, location) = (instance.kind.name(), scalar(&instance.location));
    let _ = write!(text, "\ninstances:\n  - label: {kind}\n    type: {kind}\n    location: {location}\n");
    if instance.kind != TrackerKind::Local {
        text += "    # token: ${FINDSYNC_TOKEN}     # default: FINDSYNC_TOKEN, else the job's own token\n";
    }
    let label = scalar(mapping.label.rsplit('/').next().unwrap_or_default());
    let _ = write!(text, "\nmappings:\n  - label: {label}\n    instance: {kind}\n");
    let name = scalar(&mapping.project.name);
    let _ = match instance.kind {
        TrackerKind::GitHub => write!(
            text,
            "    repository: {name}
    # project_number: 7            # a Project whose Priority and Status are kept in step; without one, labels are used
    # public: minimal              # a public repository: write rule and place of findings in your own code
"
        ),
        TrackerKind::GitLab | TrackerKind::AzureDevOps => writeln!(text, "    project: {name}"),
        TrackerKind::Local => Ok(()),
    };
    let _ = write!(
        text,
        "    labels: [security]

routes:
  - mapping: {label}
    when: {{ min_severity: medium }} # what is less severe opens no issue

# decisions:                     # false positives and accepted risks
#   - match: {{ id: CVE-2024-1234, component: lodash }}
#     status: risk_accepted
#     reason: why, and who decided
#     until: 2027-01-31
"
    );
    text
}
