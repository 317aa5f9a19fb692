//! The part of GitLab's GraphQL that knows work items. Documents are checked against an excerpt of the schema, written
//! after the reference at <https://docs.gitlab.com/api/graphql/reference/>; then the few that a client may send are
//! answered by hand.

use apollo_compiler::{ExecutableDocument, Schema, validation::Valid};
use serde_json::{Value, json};

use super::answer::Answer;
use super::routes::Call;
use super::world::{DEVELOPER, Issue, PLANNER, Tier};

const SCHEMA: &str = r#"
    type Query { namespace(fullPath: ID!): Namespace  project(fullPath: ID!): Project  workItem(id: WorkItemID!): WorkItem }
    type Mutation { workItemUpdate(input: WorkItemUpdateInput!): WorkItemUpdatePayload }
    scalar WorkItemID  scalar WorkItemsStatusesStatusID  scalar IssuablesCustomFieldID
    scalar IssuablesCustomFieldSelectOptionID  scalar Date
    enum IssuableState { opened closed locked all }
    enum IssueType { ISSUE INCIDENT TASK EPIC }
    enum HealthStatus { onTrack needsAttention atRisk }
    enum WorkItemWidgetType { STATUS CUSTOM_FIELDS HEALTH_STATUS WEIGHT HIERARCHY LABELS ASSIGNEES MILESTONE }
    enum CustomFieldType { SINGLE_SELECT MULTI_SELECT NUMBER TEXT DATE }
    type Namespace { workItemTypes(name: IssueType): WorkItemTypeConnection }
    type WorkItemTypeConnection { nodes: [WorkItemType] }
    type WorkItemType { id: ID! name: String! widgetDefinitions: [WorkItemWidgetDefinition!] }
    interface WorkItemWidgetDefinition { type: WorkItemWidgetType! }
    type WorkItemWidgetDefinitionGeneric implements WorkItemWidgetDefinition { type: WorkItemWidgetType! }
    type WorkItemWidgetDefinitionStatus implements WorkItemWidgetDefinition {
        type: WorkItemWidgetType! allowedStatuses: [WorkItemStatus!] }
    type WorkItemWidgetDefinitionCustomFields implements WorkItemWidgetDefinition {
        type: WorkItemWidgetType! customFieldValues: [WorkItemCustomFieldValue!] }
    type WorkItemStatus { id: WorkItemsStatusesStatusID name: String category: String }
    type CustomField { id: IssuablesCustomFieldID! name: String! fieldType: CustomFieldType! active: Boolean!
        selectOptions: [CustomFieldSelectOption!] }
    type CustomFieldSelectOption { id: IssuablesCustomFieldSelectOptionID! value: String! }
    interface WorkItemCustomFieldValue { customField: CustomField! }
    type WorkItemTextFieldValue implements WorkItemCustomFieldValue { customField: CustomField! value: String }
    type WorkItemNumberFieldValue implements WorkItemCustomFieldValue { customField: CustomField! value: Float }
    type WorkItemDateFieldValue implements WorkItemCustomFieldValue { customField: CustomField! value: Date }
    type WorkItemSelectFieldValue implements WorkItemCustomFieldValue {
        customField: CustomField! selectedOptions: [CustomFieldSelectOption!] }
    type Project { workItems(labelName: [String!], state: IssuableState, iids: [String!],
        first: Int, after: String): WorkItemConnection
        vulnerabilities(hasIssues: Boolean, state: [VulnerabilityState!], first: Int): VulnerabilityConnection }
    enum VulnerabilityState { DETECTED CONFIRMED DISMISSED RESOLVED }
    type VulnerabilityConnection { nodes: [Vulnerability] }
    type Vulnerability { identifiers: [VulnerabilityIdentifier!]! location: VulnerabilityLocation
        issueLinks: VulnerabilityIssueLinkConnection! }
    type VulnerabilityIdentifier { name: String externalType: String externalId: String }
    union VulnerabilityLocation = VulnerabilityLocationDependencyScanning | VulnerabilityLocationSast
        | VulnerabilityLocationSecretDetection | VulnerabilityLocationContainerScanning
    type VulnerabilityLocationDependencyScanning { file: String }
    type VulnerabilityLocationSast { file: String }
    type VulnerabilityLocationSecretDetection { file: String }
    type VulnerabilityLocationContainerScanning { image: String }
    type VulnerabilityIssueLinkConnection { nodes: [VulnerabilityIssueLink] }
    type VulnerabilityIssueLink { issue: Issue! }
    type Issue { webUrl: String! }
    type WorkItemConnection { nodes: [WorkItem] pageInfo: PageInfo! }
    type PageInfo { hasNextPage: Boolean! endCursor: String }
    type WorkItem { id: WorkItemID! iid: String! webUrl: String widgets: [WorkItemWidget!] }
    interface WorkItemWidget { type: WorkItemWidgetType }
    type WorkItemWidgetStatus implements WorkItemWidget { type: WorkItemWidgetType status: WorkItemStatus }
    type WorkItemWidgetHealthStatus implements WorkItemWidget { type: WorkItemWidgetType healthStatus: HealthStatus }
    type WorkItemWidgetCustomFields implements WorkItemWidget {
        type: WorkItemWidgetType customFieldValues: [WorkItemCustomFieldValue!] }
    input WorkItemUpdateInput { id: WorkItemID! statusWidget: WorkItemWidgetStatusInput
        healthStatusWidget: WorkItemWidgetHealthStatusInput
        customFieldsWidget: [WorkItemWidgetCustomFieldValueInputType!] }
    input WorkItemWidgetStatusInput { status: WorkItemsStatusesStatusID }
    input WorkItemWidgetHealthStatusInput { healthStatus: HealthStatus }
    input WorkItemWidgetCustomFieldValueInputType { customFieldId: IssuablesCustomFieldID! textValue: String
        numberValue: Float dateValue: Date selectedOptionIds: [IssuablesCustomFieldSelectOptionID!] }
    type WorkItemUpdatePayload { errors: [String!]! workItem: WorkItem }
"#;

pub fn answer(call: &mut Call<'_>, me: Option<u64>) -> Answer {
    let schema: Valid<Schema> = Schema::parse_and_validate(SCHEMA, "gitlab.graphql").expect("the excerpt is a schema");
    let body = &call.request.params.json;
    let query = body["query"].as_str().unwrap_or_default();
    if let Err(errors) = ExecutableDocument::parse_and_validate(&schema, query, "query.graphql") {
        call.objections.push(format!("GraphQL: {}", errors.errors));
        return Answer::json(200, json!({ "errors": [{ "message": errors.errors.to_string() }] }));
    }
    let variables = body["variables"].clone();
    let data = if query.contains("workItemUpdate") {
        update(call, me, &variables["input"])
    } else if query.contains("workItemTypes") {
        json!({ "namespace": { "workItemTypes": { "nodes": [{ "widgetDefinitions": widgets(call) }] } } })
    } else if query.contains("workItems(") {
        json!({ "project": { "workItems": items(call, me, &variables) } })
    } else if query.contains("vulnerabilities(") {
        json!({ "project": { "vulnerabilities": vulnerabilities(call, me) } })
    } else if query.contains("workItem(") {
        let id = variables["id"].as_str().and_then(|id| id.rsplit('/').next()).and_then(|id| id.parse::<u64>().ok());
        let found = call.world.issues.iter().find(|issue| Some(issue.id) == id);
        json!({ "workItem": found.map(|issue| json!({ "webUrl": call.issue_json(issue)["web_url"] })) })
    } else {
        call.objections.push(format!("GraphQL that the fake does not know: {query}"));
        Value::Null
    };
    Answer::json(200, json!({ "data": data }))
}

/// The vulnerability report, for those who may read it.
fn vulnerabilities(call: &mut Call<'_>, me: Option<u64>) -> Value {
    let project = call.world.project().clone();
    if call.world.tier < Tier::Ultimate || call.world.role(&project, me) < Some(DEVELOPER) {
        return Value::Null;
    }
    let node = |(name, file, url): &(String, String, String)| {
        let names = [("cve", name.as_str()), ("cwe", "CWE-94")];
        let names = names.map(|(kind, name)| json!({ "name": name, "externalType": kind }));
        json!({ "identifiers": names, "location": { "file": file },
            "issueLinks": { "nodes": [{ "issue": { "webUrl": url } }] } })
    };
    json!({ "nodes": call.world.vulnerabilities.iter().map(node).collect::<Vec<_>>() })
}

fn widgets(call: &Call<'_>) -> Value {
    let world = &*call.world;
    let mut widgets = vec![json!({ "type": "LABELS" }), json!({ "type": "ASSIGNEES" }), json!({ "type": "MILESTONE" })];
    if world.tier >= Tier::Premium {
        widgets.extend([json!({ "type": "WEIGHT" }), json!({ "type": "HIERARCHY" })]);
        let status = |status: &super::world::Status| {
            json!({ "id": format!("gid://gitlab/WorkItems::Statuses::SystemDefined::Status/{}", status.id),
                "name": status.name, "category": status.category })
        };
        widgets.push(json!({ "type": "STATUS",
            "allowedStatuses": world.statuses.iter().map(status).collect::<Vec<_>>() }));
        let fields = world.custom_fields.iter().map(|field| {
            let options = field.options.iter().map(|(id, value)| json!({ "id": option_id(*id), "value": value }));
            json!({ "customField": { "id": field_id(field.id), "name": field.name, "fieldType": field.kind,
                "selectOptions": options.collect::<Vec<_>>() } })
        });
        widgets.push(json!({ "type": "CUSTOM_FIELDS", "customFieldValues": fields.collect::<Vec<_>>() }));
    }
    if world.tier >= Tier::Ultimate {
        widgets.push(json!({ "type": "HEALTH_STATUS" }));
    }
    widgets.into()
}

fn items(call: &Call<'_>, me: Option<u64>, variables: &Value) -> Value {
    let world = &*call.world;
    let path = variables["path"].as_str().unwrap_or_default();
    let Some(project) = world.projects.iter().find(|project| project.path == path) else { return Value::Null };
    let edits = world.role(project, me).is_some_and(|role| role >= PLANNER);
    let texts = |value: &Value| -> Option<Vec<String>> {
        Some(value.as_array()?.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect())
    };
    let (labels, iids) = (texts(&variables["labels"]), texts(&variables["iids"]));
    let state = variables["state"].as_str();
    let after: u64 = variables["after"].as_str().and_then(|after| after.parse().ok()).unwrap_or(0);
    let found = world.issues.iter().filter(|issue| {
        issue.project == project.id
            && issue.id > after
            && edits
            && labels.iter().flatten().all(|label| issue.labels.contains(label))
            && iids.as_ref().is_none_or(|iids| iids.contains(&issue.iid.to_string()))
            && state.is_none_or(|state| state == "all" || (state == "opened") == issue.open)
    });
    let found: Vec<&Issue> = found.take(101).collect();
    let page = &found[..found.len().min(100)];
    json!({
        "pageInfo": { "hasNextPage": found.len() > 100, "endCursor": page.last().map(|issue| issue.id.to_string()) },
        "nodes": page.iter().map(|issue| item(call, issue)).collect::<Vec<_>>(),
    })
}

fn item(call: &Call<'_>, issue: &Issue) -> Value {
    let world = &*call.world;
    let mut widgets = vec![json!({}), json!({ "healthStatus": issue.health })];
    if let Some(status) = issue.status.and_then(|at| world.statuses.get(at)) {
        widgets.push(json!({ "status": { "name": status.name } }));
    }
    let values = world.custom_fields.iter().map(|field| {
        let mut value = json!({ "customField": { "id": field_id(field.id) } });
        let set = issue.custom.get(&field.id).cloned().unwrap_or(Value::Null);
        match field.kind {
            "NUMBER" => value["number"] = set,
            "TEXT" => value["text"] = set,
            "DATE" => value["date"] = set,
            _ => {
                let chosen = |id: &u64| set.as_array().into_iter().flatten().any(|set| set == &json!(option_id(*id)));
                let options = field.options.iter().filter(|(id, _)| chosen(id));
                value["selectedOptions"] = options.map(|(_, value)| json!({ "value": value })).collect();
            }
        }
        value
    });
    widgets.push(json!({ "customFieldValues": values.collect::<Vec<_>>() }));
    json!({ "iid": issue.iid.to_string(), "widgets": widgets })
}

fn update(call: &mut Call<'_>, me: Option<u64>, input: &Value) -> Value {
    let refused = |why: &str| json!({ "workItemUpdate": { "errors": [why] } });
    let id = input["id"].as_str().and_then(|id| id.strip_prefix("gid://gitlab/WorkItem/")?.parse::<u64>().ok());
    let Some(issue) = call.world.issues.iter().find(|issue| Some(issue.id) == id).cloned() else {
        return json!({ "workItemUpdate": null });
    };
    let project = call.world.projects.iter().find(|p| p.id == issue.project).expect("the project");
    if call.world.role(project, me).is_none_or(|role| role < PLANNER) || project.archived {
        return json!({ "workItemUpdate": null });
    }
    if let Some(status) = input["statusWidget"]["status"].as_str() {
        let at = call.world.statuses.iter().position(|known| status.ends_with(&format!("::Status/{}", known.id)));
        let Some(at) = at else { return refused("Status doesn't exist.") };
        call.world.set_status_by(issue.id, at, me.unwrap_or(0));
    }
    for value in input["customFieldsWidget"].as_array().into_iter().flatten() {
        let field = call.world.custom_fields.iter().find(|field| json!(field_id(field.id)) == value["customFieldId"]);
        let Some(field) = field.cloned() else { return refused("Custom field doesn't exist") };
        let set = match field.kind {
            "NUMBER" => &value["numberValue"],
            "TEXT" => &value["textValue"],
            "DATE" => &value["dateValue"],
            _ => &value["selectedOptionIds"],
        };
        let issue = call.world.issues.iter_mut().find(|known| known.id == issue.id).expect("the issue");
        issue.custom.insert(field.id, set.clone());
    }
    if let Some(widget) = input.get("healthStatusWidget") {
        if call.world.tier < Tier::Ultimate {
            return refused("Following widget keys are not supported by Issue type: [:health_status_widget]");
        }
        let issue = call.world.issues.iter_mut().find(|known| known.id == issue.id).expect("the issue");
        issue.health = widget["healthStatus"].as_str().map(str::to_owned);
    }
    json!({ "workItemUpdate": { "errors": [] } })
}

fn field_id(id: u64) -> String {
    format!("gid://gitlab/Issuables::CustomField/{id}")
}

fn option_id(id: u64) -> String {
    format!("gid://gitlab/Issuables::CustomFieldSelectOption/{id}")
}
