//! The fake held against the examples of the contract, so that what it teaches us is what Azure DevOps does.

use serde_json::{Value, json};

use crate::fake::{Account, Fake, Process, SERVICE, Swagger, clean, reformat};

/// Sends a request as the examples do, without any of the client's code.
async fn send(fake: &Fake, method: &str, path: &str, kind: &str, body: &Value) -> (u16, Value) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let url = format!("{}{path}", fake.location);
    let request = reqwest::Client::new().request(method, url).basic_auth("", Some("good-token"));
    let request = if body.is_null() { request } else { request.header("content-type", kind).body(body.to_string()) };
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

const PATCH: &str = "application/json-patch+json";

async fn patch(fake: &Fake, id: u64, body: &Value) -> (u16, Value) {
    send(fake, "PATCH", &format!("/Shop/_apis/wit/workitems/{id}?api-version=7.1"), PATCH, body).await
}

/// A task as the one that the examples change: in their revision, with a parent, and two more to link to.
async fn task(rev: u64) -> (Fake, u64) {
    let fake = Fake::start(Process::Scrum).await;
    let mut world = fake.world();
    world.users.push(("Jamal".to_owned(), "fabrikamfiber4@hotmail.com".to_owned()));
    world.users[1].0 = "Jamal Hartnett".to_owned();
    world.areas.push("Fabrikam-Fiber-Git\\Website".to_owned());
    for id in [297, 299, 300] {
        world.next_id = id;
        let title = format!("Item {id}");
        world.person_creates("Task", &title, "");
    }
    let parent = json!({"rel": "System.LinkTypes.Hierarchy-Reverse", "attributes": {},
        "url": "https://dev.azure.com/fabrikam/_apis/wit/workItems/297"});
    let item = world.items.get_mut(&299).unwrap();
    item.rev = rev;
    item.relations = vec![parent.clone(), json!({"rel": "Related", "url": "x"}), json!({"rel": "Other", "url": "y"})];
    drop(world);
    (fake, 299)
}

#[tokio::test]
async fn patches_of_the_contract_do_what_they_did() {
    let Some(examples) = Swagger::contract("azure-devops-examples.json") else { return };
    let mut tried = 0;
    for (name, example) in examples.as_object().unwrap() {
        let document = &example["parameters"]["body"];
        let Some(rev) = document[0]["value"].as_u64().filter(|_| document[0]["path"] == "/rev") else { continue };
        // The fake knows no attachments and no change of a link's comment, which nobody here asks for.
        if document.to_string().contains("AttachedFile") || document.to_string().contains("attributes/comment") {
            continue;
        }
        let (fake, id) = task(rev).await;
        if name.ends_with("taskId_9.json") {
            fake.world().person_sets(id, &[("System.Tags", json!("Tag0"))]);
            fake.world().items.get_mut(&id).unwrap().rev = rev;
        }
        let dry = example["parameters"]["validateOnly"] == true;
        let path =
            format!("/Shop/_apis/wit/workitems/{id}?api-version=7.1{}", if dry { "&validateOnly=true" } else { "" });
        let (status, answer) = send(&fake, "PATCH", &path, PATCH, document).await;
        assert_eq!(status, 200, "{name}: {answer}");
        let expected = &example["responses"]["200"]["body"]["fields"];
        for operation in document.as_array().unwrap() {
            let Some(field) = operation["path"].as_str().unwrap().strip_prefix("/fields/") else { continue };
            if field == "System.AssignedTo" || field == "System.History" {
                continue;
            }
            assert_eq!(
                if dry { &Value::Null } else { &answer["fields"][field] },
                if dry { &Value::Null } else { &expected[field] },
                "{name}"
            );
        }
        tried += 1;
        assert_eq!(fake.objections(), Vec::<String>::new(), "{name}");
    }
    assert!(tried >= 8, "{tried}");
}

#[tokio::test]
async fn the_query_and_the_batch_of_the_contract_are_answered() {
    let Some(examples) = Swagger::contract("azure-devops-examples.json") else { return };
    let (fake, _) = task(7).await;
    let query = &examples["wiql/GET__wit_get_id_workitems.json"]["parameters"]["body"];
    let query = query.to_string().replace("[State]", "[System.State]");
    let path = "/Shop/_apis/wit/wiql?api-version=7.1";
    let (status, found) = send(&fake, "POST", path, "application/json", &serde_json::from_str(&query).unwrap()).await;
    assert_eq!(status, 200, "{found}");
    let ids: Vec<u64> = found["workItems"].as_array().unwrap().iter().map(|w| w["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [297, 299, 300]);

    let batch =
        &examples["workItemsBatch/POST__wit_WorkItemsBatch_ids-_ids__fields-_columns_.json"]["parameters"]["body"];
    let path = "/Shop/_apis/wit/workitemsbatch?api-version=7.1";
    let (status, found) = send(&fake, "POST", path, "application/json", batch).await;
    assert_eq!((status, &found["count"]), (400, &Value::Null), "a field of the example is not in the fake: {found}");
    let batch = json!({"ids": [297, 299, 300], "fields": ["System.Id", "System.Title"]});
    let (status, found) = send(&fake, "POST", path, "application/json", &batch).await;
    assert_eq!((status, &found["value"][1]["rev"]), (200, &json!(7)));
    assert_eq!(found["value"][1]["fields"], json!({"System.Id": 299, "System.Title": "Item 299"}));
    assert_eq!(fake.objections(), Vec::<String>::new());
}

#[tokio::test]
async fn refuses_what_azure_refuses() {
    let fake = Fake::start(Process::Agile).await;
    let id = fake.world().person_creates("Bug", "One", "");
    let add = |field: &str, value: Value| json!([{"op": "add", "path": format!("/fields/{field}"), "value": value}]);
    let link = |url: &str| json!({"op": "add", "path": "/relations/-", "value": {"rel": "Hyperlink", "url": url}});
    for (document, said) in [
        (json!([]), "valid patch document"),
        (json!([{"op": "test", "path": "/rev", "value": 7}]), "VS403351"),
        (add("System.State", json!("To Do")), "System.State"),
        (add("System.Title", json!("x".repeat(256))), "System.Title"),
        (add("System.Title", json!("")), "Required"),
        (add("System.CreatedBy", json!("me")), "ReadOnly"),
        (add("Custom.Nothing", json!(1)), "TF51535"),
        (add("Microsoft.VSTS.Common.Priority", json!(5)), "InvalidListValue"),
        (add("Microsoft.VSTS.Common.Priority", json!("P1")), "InvalidType"),
        (add("System.AreaPath", json!("Shop\\Nowhere")), "TF401347"),
        (add("System.AssignedTo", json!("Nobody")), "unknown identity"),
        (add("System.Tags", json!("x".repeat(401))), "400 characters"),
        (json!([link("https://a.example/"), link("https://a.example/")]), "already exists"),
        (json!([link("a.example")]), "absolute"),
        (json!([{"op": "remove", "path": "/relations/0"}]), "no relation"),
    ] {
        let (status, answer) = patch(&fake, id, &document).await;
        assert!(status >= 400 && answer.to_string().contains(said), "{document}: {status} {answer}");
    }
    let (status, answer) = patch(
        &fake,
        id,
        &json!([{"op": "add", "path": "/fields/System.Title", "value": ""},
        {"op": "add", "path": "/fields/Microsoft.VSTS.Common.Priority", "value": 9}]),
    )
    .await;
    assert_eq!((status, answer["customProperties"]["RuleValidationErrors"].as_array().map(Vec::len)), (400, Some(2)));
    assert_eq!(fake.item(id).rev, 1, "nothing of it was done");

    let path = format!("/Shop/_apis/wit/workitems/{id}");
    assert_eq!(send(&fake, "PATCH", &path, PATCH, &add("System.Title", json!("x"))).await.0, 400, "no api-version");
    let path = format!("{path}?api-version=7.1");
    assert_eq!(send(&fake, "PATCH", &path, "application/json", &add("System.Title", json!("x"))).await.0, 415);
    let account = Account { user: SERVICE.1.to_owned(), write: true, tags: false, quiet: false };
    fake.world().accounts.insert("good-token".to_owned(), account);
    assert_eq!(patch(&fake, id, &add("System.Tags", json!("new"))).await.0, 403);
    if Swagger::load().is_some() {
        assert!(fake.objections().iter().any(|o| o.contains("lacks")), "{:?}", fake.objections());
        assert!(fake.objections().iter().any(|o| o.contains("does not take application/json")));
    }
}

#[tokio::test]
async fn refuses_queries_that_azure_refuses() {
    let fake = Fake::start(Process::Agile).await;
    let ask = async |condition: &str| {
        let query = json!({"query": format!("SELECT [System.Id] FROM WorkItems WHERE {condition}")});
        send(&fake, "POST", "/Shop/_apis/wit/wiql?api-version=7.1", "application/json", &query).await.0
    };
    for condition in [
        "[System.TeamProject] = @project AND [System.Tags] CONTAINS 'it''s' ORDER BY [System.Id]",
        "[System.State] NOT IN ('Closed', 'Removed') OR NOT [System.Id] > 5",
        "([System.AreaPath] UNDER 'Shop' AND [System.CreatedBy] = @Me)",
    ] {
        assert_eq!(ask(condition).await, 200, "{condition}");
    }
    for condition in [
        "[System.Nothing] = 'x'",
        "[System.Tags] = 'x'",
        "[System.Id] = 'x'",
        "[System.State] CONTAINS",
        "[System.Title] = 'it's'",
        "[System.Id] > 5 AND",
        "[System.State] > 'A'",
        "[System.Title] = @nobody",
    ] {
        assert_eq!(ask(condition).await, 400, "{condition}");
    }
}

#[test]
fn cleans_html_as_the_service_does() {
    let html = "<p data-x=\"1\" onclick=\"x()\">a<!-- b --><script>c</script><a href=\"https://d.example\">d</a></p>";
    assert_eq!(clean(html), "<p>a<a href=\"https://d.example\">d</a></p>");
    assert_eq!(reformat("<p>it's <em>x</em></p><p>y</p>"), "<div><div>it&#39;s <i>x</i></div>\r\n<div>y</div></div>");
}
