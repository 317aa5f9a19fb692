//! The parts of SARIF 2.1.0 that we read, borrowed from the text.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fix::ProposedFix;
use crate::readers::standards::lenient::{Flag, List, Number, Object, Text, Texts};

/// Objects whose member names are data: arguments, base ids, fingerprints. In the order of their names.
pub(super) type Map<'a, T> = Object<BTreeMap<Cow<'a, str>, T>>;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Log<'a> {
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow)]
    pub(super) runs: Option<List<Object<Run<'a>>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Run<'a> {
    #[serde(borrow)]
    pub(super) tool: Object<Tool<'a>>,
    #[serde(borrow)]
    pub(super) automation_details: Object<AutomationDetails<'a>>,
    #[serde(borrow)]
    pub(super) invocations: List<Object<Invocation<'a>>>,
    #[serde(borrow)]
    pub(super) artifacts: List<Object<Artifact<'a>>>,
    #[serde(borrow)]
    pub(super) logical_locations: List<Object<LogicalLocation<'a>>>,
    #[serde(borrow)]
    pub(super) original_uri_base_ids: Map<'a, Object<ArtifactLocation<'a>>>,
    #[serde(borrow)]
    pub(super) version_control_provenance: List<Object<VersionControl<'a>>>,
    #[serde(borrow)]
    pub(super) taxonomies: List<Object<Component<'a>>>,
    #[serde(borrow)]
    pub(super) external_property_file_references: Object<ExternalFiles<'a>>,
    /// [`ResultObject`]s, read one after another: there may be very many.
    #[serde(borrow)]
    pub(super) results: Option<List<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) properties: Object<RunProperties<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RunProperties<'a> {
    /// Trivy: the image that was scanned.
    #[serde(borrow)]
    pub(super) image_name: Text<'a>,
    #[serde(borrow, rename = "imageID")]
    pub(super) image_id: Text<'a>,
    #[serde(borrow)]
    pub(super) repo_digests: Texts<'a>,
    #[serde(borrow)]
    pub(super) repo_tags: Texts<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AutomationDetails<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ExternalFiles<'a> {
    #[serde(borrow)]
    pub(super) results: List<Object<ExternalFile<'a>>>,
    #[serde(borrow)]
    pub(super) invocations: List<Object<ExternalFile<'a>>>,
    #[serde(borrow)]
    pub(super) artifacts: List<Object<ExternalFile<'a>>>,
    #[serde(borrow)]
    pub(super) extensions: List<Object<ExternalFile<'a>>>,
    #[serde(borrow)]
    pub(super) driver: Option<Object<ExternalFile<'a>>>,
}

impl<'a> ExternalFiles<'a> {
    /// The first of what we read that stands in another file, by its name.
    pub(super) fn first(&self) -> Option<(&'static str, &ExternalFile<'a>)> {
        let Self { results, invocations, artifacts, extensions, driver } = self;
        let lists =
            [("results", results), ("invocations", invocations), ("artifacts", artifacts), ("extensions", extensions)];
        let first = lists.into_iter().find_map(|(name, files)| Some((name, files.first()?)));
        first.or_else(|| Some(("driver", driver.as_ref()?))).map(|(name, file)| (name, &**file))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ExternalFile<'a> {
    #[serde(borrow)]
    pub(super) location: Object<ArtifactLocation<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct VersionControl<'a> {
    #[serde(borrow)]
    pub(super) repository_uri: Text<'a>,
    #[serde(borrow)]
    pub(super) mapped_to: Object<ArtifactLocation<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Tool<'a> {
    #[serde(borrow)]
    pub(super) driver: Object<Component<'a>>,
    #[serde(borrow)]
    pub(super) extensions: List<Object<Component<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Component<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) guid: Text<'a>,
    #[serde(borrow)]
    pub(super) rules: List<Object<Rule<'a>>>,
    #[serde(borrow)]
    pub(super) taxa: List<Object<Rule<'a>>>,
    #[serde(borrow)]
    pub(super) global_message_strings: Map<'a, Object<Message<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Rule<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) short_description: Object<Message<'a>>,
    #[serde(borrow)]
    pub(super) full_description: Object<Message<'a>>,
    #[serde(borrow)]
    pub(super) help: Object<Message<'a>>,
    #[serde(borrow)]
    pub(super) help_uri: Text<'a>,
    #[serde(borrow)]
    pub(super) message_strings: Map<'a, Object<Message<'a>>>,
    #[serde(borrow)]
    pub(super) default_configuration: Object<Configuration<'a>>,
    #[serde(borrow)]
    pub(super) relationships: List<Object<Relationship<'a>>>,
    #[serde(borrow)]
    pub(super) properties: Object<Properties<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Configuration<'a> {
    #[serde(borrow)]
    pub(super) level: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Relationship<'a> {
    #[serde(borrow)]
    pub(super) target: Object<RuleReference<'a>>,
}

/// `reportingDescriptorReference`: a rule, a taxon or a notification in a tool component.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RuleReference<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) index: Number,
    #[serde(borrow)]
    pub(super) tool_component: Object<ComponentReference<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ComponentReference<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) guid: Text<'a>,
    pub(super) index: Number,
}

/// The property bags of rules and results: what common tools put there.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Properties<'a> {
    #[serde(borrow, rename = "security-severity")]
    pub(super) security_severity: Text<'a>,
    #[serde(borrow, alias = "zizmor/severity")]
    pub(super) severity: Text<'a>,
    #[serde(borrow, rename = "problem.severity")]
    pub(super) problem_severity: Text<'a>,
    #[serde(borrow)]
    pub(super) issue_severity: Text<'a>,
    #[serde(borrow)]
    pub(super) confidence: Text<'a>,
    #[serde(borrow)]
    pub(super) issue_confidence: Text<'a>,
    #[serde(borrow)]
    pub(super) precision: Text<'a>,
    #[serde(borrow)]
    pub(super) tags: Texts<'a>,
    #[serde(borrow)]
    cwe: Texts<'a>,
    #[serde(borrow, rename = "CWE")]
    cwe_in_capitals: Texts<'a>,
    #[serde(borrow)]
    cwes: Texts<'a>,
    #[serde(borrow)]
    pub(super) purl: Text<'a>,
    #[serde(borrow)]
    pub(super) purls: Texts<'a>,
    #[serde(borrow, rename = "packageName")]
    package_name: Text<'a>,
    #[serde(borrow, rename = "package_name")]
    package_name_in_snake_case: Text<'a>,
    #[serde(borrow, rename = "pkgName")]
    pkg_name: Text<'a>,
    #[serde(borrow, rename = "packageVersion")]
    package_version: Text<'a>,
    #[serde(borrow, rename = "package_version")]
    package_version_in_snake_case: Text<'a>,
    #[serde(borrow, rename = "installedVersion")]
    installed_version: Text<'a>,
    #[serde(borrow, rename = "fixedVersion")]
    fixed_version: Text<'a>,
    #[serde(borrow, rename = "fixed_version")]
    fixed_version_in_snake_case: Text<'a>,
}

/// Bags may hold several spellings of one property.
impl<'a> Properties<'a> {
    pub(super) fn cwes(&self) -> impl Iterator<Item = &str> {
        [&self.cwe, &self.cwe_in_capitals, &self.cwes].into_iter().flat_map(Texts::iter)
    }

    pub(super) fn package(&self) -> Option<&str> {
        first(&[&self.package_name, &self.package_name_in_snake_case, &self.pkg_name])
    }

    pub(super) fn package_version(&self) -> Option<&str> {
        first(&[&self.package_version, &self.package_version_in_snake_case, &self.installed_version])
    }

    pub(super) fn fixed_version(&self) -> Option<&str> {
        first(&[&self.fixed_version, &self.fixed_version_in_snake_case])
    }
}

fn first<'t>(texts: &[&'t Text<'_>]) -> Option<&'t str> {
    texts.iter().find_map(|text| text.get())
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Invocation<'a> {
    pub(super) execution_successful: Flag,
    #[serde(borrow)]
    pub(super) exit_code_description: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_execution_notifications: List<Object<Notification<'a>>>,
    #[serde(borrow)]
    pub(super) tool_configuration_notifications: List<Object<Notification<'a>>>,
    #[serde(borrow)]
    pub(super) rule_configuration_overrides: List<Object<ConfigurationOverride<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ConfigurationOverride<'a> {
    #[serde(borrow)]
    pub(super) descriptor: Object<RuleReference<'a>>,
    #[serde(borrow)]
    pub(super) configuration: Object<Configuration<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Notification<'a> {
    #[serde(borrow)]
    pub(super) descriptor: Object<RuleReference<'a>>,
    #[serde(borrow)]
    pub(super) level: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Object<Message<'a>>,
    #[serde(borrow)]
    pub(super) locations: List<Object<Location<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Artifact<'a> {
    #[serde(borrow)]
    pub(super) location: Object<ArtifactLocation<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ResultObject<'a> {
    #[serde(borrow)]
    pub(super) rule_id: Text<'a>,
    pub(super) rule_index: Number,
    #[serde(borrow)]
    pub(super) rule: Object<RuleReference<'a>>,
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) level: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Object<Message<'a>>,
    #[serde(borrow)]
    pub(super) locations: List<Object<Location<'a>>>,
    #[serde(borrow)]
    pub(super) analysis_target: Object<ArtifactLocation<'a>>,
    #[serde(borrow)]
    pub(super) code_flows: List<Object<CodeFlow<'a>>>,
    #[serde(borrow)]
    pub(super) fingerprints: Map<'a, Text<'a>>,
    #[serde(borrow)]
    pub(super) partial_fingerprints: Map<'a, Text<'a>>,
    #[serde(borrow)]
    pub(super) suppressions: List<Object<Suppression<'a>>>,
    #[serde(borrow)]
    pub(super) baseline_state: Text<'a>,
    #[serde(borrow)]
    pub(super) taxa: List<Object<RuleReference<'a>>>,
    #[serde(borrow)]
    pub(super) fixes: List<Object<ProposedFix<'a>>>,
    #[serde(borrow)]
    pub(super) provenance: Object<Provenance<'a>>,
    #[serde(borrow)]
    pub(super) properties: Object<Properties<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Provenance<'a> {
    #[serde(borrow)]
    pub(super) first_detection_time_utc: Text<'a>,
    pub(super) invocation_index: Number,
}

/// `message` and `multiformatMessageString`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) markdown: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) arguments: Texts<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Location<'a> {
    #[serde(borrow)]
    pub(super) physical_location: Object<PhysicalLocation<'a>>,
    #[serde(borrow)]
    pub(super) logical_locations: List<Object<LogicalLocation<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PhysicalLocation<'a> {
    #[serde(borrow)]
    pub(super) artifact_location: Object<ArtifactLocation<'a>>,
    #[serde(borrow)]
    pub(super) region: Object<Region<'a>>,
    #[serde(borrow)]
    pub(super) context_region: Object<Region<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ArtifactLocation<'a> {
    #[serde(borrow)]
    pub(super) uri: Text<'a>,
    #[serde(borrow)]
    pub(super) uri_base_id: Text<'a>,
    pub(super) index: Number,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Region<'a> {
    pub(super) start_line: Number,
    pub(super) start_column: Number,
    pub(super) end_line: Number,
    #[serde(borrow)]
    pub(super) snippet: Object<ArtifactContent<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ArtifactContent<'a> {
    #[serde(borrow)]
    pub(super) text: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LogicalLocation<'a> {
    #[serde(borrow)]
    pub(super) fully_qualified_name: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    pub(super) index: Number,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CodeFlow<'a> {
    #[serde(borrow)]
    pub(super) thread_flows: List<Object<ThreadFlow<'a>>>,
}

/// Only the first place counts, so the others are not kept.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ThreadFlow<'a> {
    #[serde(borrow, deserialize_with = "first_element")]
    pub(super) locations: Option<Object<ThreadFlowLocation<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ThreadFlowLocation<'a> {
    #[serde(borrow)]
    pub(super) location: Object<Location<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Suppression<'a> {
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    /// Before 2.1.0 was final.
    #[serde(borrow)]
    pub(super) state: Text<'a>,
    #[serde(borrow)]
    pub(super) justification: Text<'a>,
}

/// The first element of a list.
fn first_element<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct First<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for First<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list")
        }

        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let first = seq.next_element()?;
            while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
            Ok(first)
        }
    }

    deserializer.deserialize_any(First(std::marker::PhantomData))
}
