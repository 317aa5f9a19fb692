//! What GitHub answers with beside what its published schema has: kinds that came later, boards that a token may not
//! see, refusals with status 200.

use serde_json::{Value, json};

use super::world::World;

/// Adds to an answer what the world has of that.
pub fn alter(world: &World, mut response: Value) -> Value {
    if let Some(message) = world.forbids {
        let error = json!({ "type": "FORBIDDEN", "path": ["repository"], "message": message });
        return json!({ "data": { "repository": null, "viewer": response["data"]["viewer"] }, "errors": [error] });
    }
    if world.unknown_kinds
        && let Some(fields) = response["data"]["board"]["projectV2"]["fields"]["nodes"].as_array_mut()
    {
        fields.insert(0, json!({ "__typename": "ProjectV2MultiSelectField" }));
        fields.push(Value::Null);
    }
    if world.unknown_kinds {
        let listed = response.pointer_mut("/data/repository/issues/nodes").and_then(Value::as_array_mut);
        listed.into_iter().flatten().for_each(add_unknown);
        response.pointer_mut("/data/repository/issue").into_iter().for_each(add_unknown);
    }
    let mut hidden = Vec::new();
    if world.hidden_board
        && let Some(issues) = response["data"]["repository"]["issues"]["nodes"].as_array_mut()
    {
        for (index, issue) in issues.iter_mut().enumerate() {
            let Some(items) = issue["projectItems"]["nodes"].as_array_mut() else { continue };
            items.insert(0, Value::Null);
            hidden.push(json!({
                "type": "FORBIDDEN", "path": ["repository", "issues", "nodes", index, "projectItems", "nodes", 0],
                "message": "Resource not accessible by personal access token"
            }));
        }
    }
    if !hidden.is_empty() {
        let errors = response["errors"].as_array().cloned().unwrap_or_default();
        response["errors"] = [errors, hidden].concat().into();
    }
    response
}

/// Gives an issue a comment and a label that cannot be seen, and a reason that came later.
fn add_unknown(issue: &mut Value) {
    for nodes in ["/comments/nodes", "/labels/nodes"] {
        if let Some(nodes) = issue.pointer_mut(nodes).and_then(Value::as_array_mut) {
            nodes.push(Value::Null);
        }
    }
    if let Some(count) = issue.pointer_mut("/comments/totalCount") {
        *count = (count.as_u64().unwrap_or(0) + 1).into();
    }
    if let Some(reason) = issue.get_mut("stateReason").filter(|reason| **reason == "COMPLETED") {
        *reason = "LATER".into();
    }
}
