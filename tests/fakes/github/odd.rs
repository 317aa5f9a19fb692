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
