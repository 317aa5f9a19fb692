//! The mapping file as written. Its documentation is that of the JSON schema, so it is written for users.

pub(crate) mod enums;
pub(crate) mod json_schema;
pub(crate) mod schema_check;
pub(crate) mod spanned;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Confidential, FieldOn, GroupBy, OnManualClose, OnReturn, Public, TrackerKind, UpdatePolicy};
use crate::finding::{Kind, Severity};
use enums::{Decided, OpenOrClosed, TokenType};
use spanned::{Number, Placed, Short, Text, VARIABLE, Word};

/// The mapping file of findsync, `.findsync.yml`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "findsync mapping file")]
pub(crate) struct File {
    /// Which reports to read when none is named on the command line.
    #[serde(default)]
    pub(crate) reports: Vec<Report>,
    /// Trackers to connect to. Without any, the tracker of the CI that runs findsync.
    #[serde(default)]
    pub(crate) instances: Vec<Instance>,
    /// Issue tracker mappings: which project, and how findings translate. Without any, the repository of the CI.
    #[serde(default)]
    pub(crate) mappings: Vec<Placed<Mapping>>,
    /// Which findings go to which mapping. Without any, every finding goes to every mapping.
    #[serde(default)]
    pub(crate) routes: Vec<Placed<Route>>,
    /// Decisions that people took: false positives and accepted risks.
    #[serde(default)]
    pub(crate) decisions: Vec<Decision>,
    /// Paths or globs of VEX documents (OpenVEX, CycloneDX VEX, CSAF VEX), from the workspace.
    #[serde(default)]
    pub(crate) vex: Vec<Text>,
    /// Bounds of one run.
    pub(crate) limits: Option<Limits>,
    /// Branches (globs) from which issues are written, beside the default branch.
    #[serde(default)]
    pub(crate) branches: Vec<Text>,
}

/// One report, or several by a glob.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    /// Path or glob, from the workspace: the repository's root folder, else the mapping file's folder.
    pub(crate) path: Text,
    /// What was scanned. Default: what the report names, else its path.
    pub(crate) target: Option<Text>,
    /// The reader's name (`findsync scanners` lists them). Default: recognised.
    pub(crate) reader: Option<Text>,
    /// The report holds only a part, such as a diff scan: it opens and updates, but never closes. Default: false.
    #[schemars(extend("default" = false))]
    pub(crate) partial: Option<bool>,
    /// The folder that paths in the report start from. Default: the workspace.
    pub(crate) root: Option<Text>,
    /// Whose findings these are: `owner/name`, with the host in front where it is another than this repository's.
    /// Default: this repository's.
    pub(crate) repository: Option<Text>,
    /// What the target or the repository was called before: their issues are taken over.
    #[serde(default)]
    pub(crate) formerly: Vec<Text>,
}

/// A tracker to connect to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Instance {
    /// The name by which mappings refer to it.
    pub(crate) label: Text,
    /// Which service.
    pub(crate) r#type: Word<TrackerKind>,
    /// GitHub: `https://github.com/OWNER`. GitLab: `https://gitlab.com`. Azure DevOps: `https://dev.azure.com/ORGANIZATION`.
    /// local: a folder. Default: the server of the CI that runs findsync, if it is of this type.
    pub(crate) location: Option<Text>,
    /// The token, always as one environment variable: `${FINDSYNC_TOKEN}`. Default: FINDSYNC_TOKEN, then the CI's own
    /// token where the instance is the CI's server.
    #[schemars(extend("pattern" = VARIABLE))]
    pub(crate) token: Option<Text>,
    /// How the token is sent: `bearer` for OAuth and Entra tokens. Default: `bearer` for SYSTEM_ACCESSTOKEN, `job` for
    /// CI_JOB_TOKEN, else `token`.
    pub(crate) token_type: Option<Word<TokenType>>,
    /// A GitHub App, instead of a token.
    pub(crate) app: Option<App>,
    /// A PEM file with more certificate authorities.
    pub(crate) ca_file: Option<Text>,
    /// Address of the REST API. Default: follows from the location.
    pub(crate) api_url: Option<Text>,
    /// Address of the GraphQL API. Default: follows from the location.
    pub(crate) graphql_url: Option<Text>,
}

/// A GitHub App whose installation tokens are used.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct App {
    /// The App's id or client id.
    pub(crate) id: Text,
    /// Its private key in PEM, always as one environment variable.
    #[schemars(extend("pattern" = VARIABLE))]
    pub(crate) private_key: Text,
    /// The installation's number. Default: the one of the repository is looked up.
    pub(crate) installation: Option<Number>,
}

/// An issue tracker mapping: one project of an instance, and how findings translate.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mapping {
    /// The name by which routes refer to it. Default: the repository's or project's name.
    pub(crate) label: Option<Text>,
    /// The instance's label. Default: the only instance.
    pub(crate) instance: Option<Text>,
    /// GitHub: the repository's name. Default: the repository of the CI.
    pub(crate) repository: Option<Text>,
    /// GitHub: the number of a Project of the owner. Default: none; then severity and status become labels.
    pub(crate) project_number: Option<Number>,
    /// GitLab: the project's path or id; Azure DevOps: the project's name or id. Default: the project of the CI.
    pub(crate) project: Option<Text>,
    /// Azure DevOps: the type of work items. Default: the one that the project's process has for issues.
    pub(crate) work_item_type: Option<Text>,
    /// The field that takes the severity, and its values.
    pub(crate) severity: Option<SeverityMap>,
    /// The field that takes the status, and its values.
    pub(crate) status: Option<StatusMap>,
    /// The label (or tag) by which findsync lists its own issues. Default: findsync.
    #[schemars(extend("default" = "findsync"))]
    pub(crate) own_label: Option<Text>,
    /// Whether other repositories write to the project as well. Default: whether it is not this repository's own.
    pub(crate) shared: Option<bool>,
    /// Names that this repository had before, `owner/name`: issues of those names are taken over.
    #[serde(default)]
    pub(crate) formerly: Vec<Text>,
    /// Labels (or tags) for every issue.
    #[serde(default)]
    pub(crate) labels: Vec<Text>,
    /// What findings must share to share one issue. Default: nothing, one issue a finding.
    #[serde(default)]
    pub(crate) group_by: Vec<Word<GroupBy>>,
    /// Any other field.
    #[serde(default)]
    pub(crate) fields: Vec<Field>,
    /// Who wins where a person changed what findsync wrote: one policy for all, or one for each part.
    pub(crate) update: Option<Short<Word<UpdatePolicy>, Update>>,
    /// Days until an issue is due, by severity. On GitHub, a date field of the organization's or of a Project. Default: none.
    pub(crate) due: Option<Due>,
    /// People to assign.
    #[serde(default)]
    pub(crate) assignees: Vec<Text>,
    /// The milestone's title.
    pub(crate) milestone: Option<Text>,
    /// GitHub, GitLab: the type of issues, where there are such.
    pub(crate) issue_type: Option<Text>,
    /// Azure DevOps: the area path.
    pub(crate) area: Option<Text>,
    /// Azure DevOps: the iteration path. GitHub: the iteration's title in the Project's field `Iteration`.
    pub(crate) iteration: Option<Text>,
    /// GitLab: the epic. Azure DevOps: the parent work item.
    pub(crate) parent: Option<Text>,
    /// What to do when a finding comes back whose issue findsync closed. Default: reopen.
    #[schemars(extend("default" = "reopen"))]
    pub(crate) on_return: Option<Word<OnReturn>>,
    /// What to do when a person closed the issue of an active finding as done. Default: reopen.
    #[schemars(extend("default" = "reopen"))]
    pub(crate) on_manual_close: Option<Word<OnManualClose>>,
    /// Open closed issues for findings that are decided from the start. Default: false.
    #[schemars(extend("default" = false))]
    pub(crate) record_decisions: Option<bool>,
    /// What to write about one's own code where everybody can read. Default: nothing, the run is refused.
    pub(crate) public: Option<Word<Public>>,
    /// Whether issues are confidential, where the tracker can do that. Default: auto, where others can read the project.
    #[schemars(extend("default" = "auto"))]
    pub(crate) confidential: Option<Word<Confidential>>,
    /// Template of titles. Default: the built-in one.
    pub(crate) title: Option<Short<Text, TemplateFile>>,
    /// Template of bodies. Default: the built-in one.
    pub(crate) body: Option<Short<Text, TemplateFile>>,
    /// Labels by which people say a decision in the tracker.
    pub(crate) decision_labels: Option<DecisionLabels>,
    /// Azure DevOps: keep people from being notified. Default: false.
    #[schemars(extend("default" = false))]
    pub(crate) suppress_notifications: Option<bool>,
}

/// The severity field and its values; what is left out has the tracker's default.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeverityMap {
    /// The field's name.
    pub(crate) field: Option<Text>,
    /// The value for Info.
    pub(crate) info: Option<Text>,
    /// The value for Low.
    pub(crate) low: Option<Text>,
    /// The value for Medium.
    pub(crate) medium: Option<Text>,
    /// The value for High.
    pub(crate) high: Option<Text>,
    /// The value for Critical.
    pub(crate) critical: Option<Text>,
}

/// The status field and its values; what is left out has the tracker's default.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusMap {
    /// The field's name.
    pub(crate) field: Option<Text>,
    /// The value for Active, of an open issue.
    pub(crate) active: Option<Short<Text, StatusValue>>,
    /// The value for Closed.
    pub(crate) closed: Option<Short<Text, StatusValue>>,
    /// The value for False Positive.
    pub(crate) false_positive: Option<Short<Text, StatusValue>>,
    /// The value for Risk Accepted.
    pub(crate) risk_accepted: Option<Short<Text, StatusValue>>,
}

/// A status' value, and whether the issue is open.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusValue {
    /// The value of the field.
    pub(crate) value: Text,
    /// Whether the issue is open then. Default: active is open, the others are closed.
    pub(crate) state: Option<Word<OpenOrClosed>>,
}

/// Any other field.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    /// The field's name as the tracker has it.
    pub(crate) field: Text,
    /// Its value, which may be a template.
    pub(crate) value: Text,
    /// When it is written: on opening, on opening and whenever it drifted, or when the issue comes to a status.
    /// Default: update.
    #[schemars(extend("default" = "update"))]
    pub(crate) on: Option<Word<FieldOn>>,
    /// Who wins where a person changed it. Default: if_unedited.
    #[schemars(extend("default" = "if_unedited"))]
    pub(crate) update: Option<Word<UpdatePolicy>>,
}

/// Update policies for parts of the issue; what is left out is `if_unedited`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Update {
    /// The title.
    #[schemars(extend("default" = "if_unedited"))]
    pub(crate) title: Option<Word<UpdatePolicy>>,
    /// findsync's part of the body.
    #[schemars(extend("default" = "if_unedited"))]
    pub(crate) body: Option<Word<UpdatePolicy>>,
    /// The severity field.
    #[schemars(extend("default" = "if_unedited"))]
    pub(crate) severity: Option<Word<UpdatePolicy>>,
    /// The status field.
    #[schemars(extend("default" = "if_unedited"))]
    pub(crate) status: Option<Word<UpdatePolicy>>,
}

/// Days until an issue is due; a severity that is left out has no due date.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Due {
    /// Days for Info.
    pub(crate) info: Option<Number>,
    /// Days for Low.
    pub(crate) low: Option<Number>,
    /// Days for Medium.
    pub(crate) medium: Option<Number>,
    /// Days for High.
    pub(crate) high: Option<Number>,
    /// Days for Critical.
    pub(crate) critical: Option<Number>,
}

impl Due {
    /// The days of each severity, in their order.
    pub(crate) fn days(&self) -> [Option<&Number>; 5] {
        [&self.info, &self.low, &self.medium, &self.high, &self.critical].map(Option::as_ref)
    }
}

/// A template in a file of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateFile {
    /// Its path, from the mapping file's folder.
    pub(crate) file: Text,
}

/// Labels by which people say a decision in the tracker.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecisionLabels {
    /// Labels that mean False Positive. Default: false-positive.
    pub(crate) false_positive: Option<Vec<Text>>,
    /// Labels that mean Risk Accepted. Default: risk-accepted, wontfix.
    pub(crate) risk_accepted: Option<Vec<Text>>,
}

/// Which findings go to a mapping.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    /// The mapping's label. Default: the only mapping.
    pub(crate) mapping: Option<Text>,
    /// What findings must have; all that is given must agree. Default: all findings.
    #[serde(default)]
    pub(crate) when: When,
}

/// What a finding must have. Within a list, any will do.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct When {
    /// The least severity that opens an issue. Issues that are there are kept in step whatever it is.
    pub(crate) min_severity: Option<Word<Severity>>,
    /// Globs of paths.
    #[serde(default)]
    pub(crate) paths: Vec<Text>,
    /// Kinds of findings.
    #[serde(default)]
    pub(crate) kinds: Vec<Word<Kind>>,
    /// Globs of scanners' names.
    #[serde(default)]
    pub(crate) scanners: Vec<Text>,
    /// Globs of what was scanned.
    #[serde(default)]
    pub(crate) targets: Vec<Text>,
    /// Globs of rules and vulnerability ids.
    #[serde(default)]
    pub(crate) rules: Vec<Text>,
    /// Globs of components' names.
    #[serde(default)]
    pub(crate) components: Vec<Text>,
    /// Tags.
    #[serde(default)]
    pub(crate) tags: Vec<Text>,
    /// Open only what has (or has not) a fix.
    pub(crate) fix_available: Option<bool>,
}

/// A decision that people took.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    /// Which findings; all that is given must agree, and something must be given.
    pub(crate) r#match: Match,
    /// What was decided.
    pub(crate) status: Word<Decided>,
    /// Why.
    pub(crate) reason: Option<Text>,
    /// The last day on which it holds, `2027-01-31`. Default: for ever.
    pub(crate) until: Option<Text>,
}

/// Which findings a decision is about.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Match {
    /// A vulnerability id or any other identifier.
    pub(crate) id: Option<Text>,
    /// A finding's key, as `findsync findings --format json` prints it.
    pub(crate) key: Option<Text>,
    /// Glob of the rule.
    pub(crate) rule: Option<Text>,
    /// Glob of the component's name or package URL without version.
    pub(crate) component: Option<Text>,
    /// Glob of the path.
    pub(crate) path: Option<Text>,
    /// Glob of the scanner's name.
    pub(crate) scanner: Option<Text>,
    /// Glob of what was scanned.
    pub(crate) target: Option<Text>,
}

/// Bounds of one run.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Issues to open at once; the rest waits for the next run. Default: 100.
    #[schemars(extend("default" = 100))]
    pub(crate) max_open: Option<Number>,
    /// Percentage of the open issues that may be closed at once, from 10 issues on. Default: 50.
    #[schemars(extend("default" = 50))]
    pub(crate) max_close_percent: Option<Number>,
    /// Days after which a scope that is no longer read does not hold issues open. Default: 30.
    #[schemars(extend("default" = 30))]
    pub(crate) scope_ttl: Option<Number>,
}
