//! Issues and their comments over REST.

use serde_json::{Value, json};

use super::answer::Answer;
use super::quick;
use super::routes::Call;
use super::world::{Issue, Project, Tier};

const WRITABLE: [&str; 13] = [
    "title",
    "description",
    "labels",
    "add_labels",
    "remove_labels",
    "state_event",
    "assignee_ids[]",
    "milestone_id",
    "due_date",
    "confidential",
    "issue_type",
    "weight",
    "epic_id",
];

impl Call<'_> {
    /// `edits`: whether the role may edit every issue, label, and see what is confidential.
    pub fn issues(&mut self, project: &Project, me: Option<u64>, edits: bool, rest: &[&str]) -> Answer {
        match (self.request.method.as_str(), rest) {
            ("GET", []) => self.list(project, me, edits),
            ("POST", []) => self.create(project, me.expect("a write has a user"), edits),
            (method, [iid, rest @ ..]) => {
                let found = self.world.issues.iter().find(|i| i.project == project.id && iid.parse() == Ok(i.iid));
                let visible = found.filter(|issue| edits || !issue.confidential || me == Some(issue.author));
                let Some(issue) = visible.cloned() else { return Answer::not_found("Issue") };
                match (method, rest) {
                    ("GET", []) => Answer::json(200, self.issue_json(&issue)),
                    ("PUT", []) if edits || me == Some(issue.author) => self.change(&issue, me.unwrap_or(0), edits),
                    ("PUT", []) => Answer::message(403, "403 Forbidden"),
                    ("GET", ["notes"]) => {
                        self.only(&["per_page", "page", "sort", "order_by", "activity_filter"]);
                        let notes = issue.notes.iter().rev().map(|note| {
                            json!({ "id": note.id, "body": note.body, "author": self.world.user(note.author),
                                "system": note.system, "internal": false })
                        });
                        let notes = notes.collect();
                        self.page(notes)
                    }
                    ("POST", ["notes"]) => self.comment(&issue, me.unwrap_or(0)),
                    _ => self.unexpected(),
                }
            }
            _ => self.unexpected(),
        }
    }

    fn list(&mut self, project: &Project, me: Option<u64>, edits: bool) -> Answer {
        self.only(&[
            "labels",
            "state",
            "scope",
            "per_page",
            "page",
            "order_by",
            "sort",
            "pagination",
            "cursor",
            "author_id",
            "not[labels]",
            "created_after",
            "iids[]",
        ]);
        let get = |name: &str| self.request.params.get(name);
        let names = |value: Option<&str>| -> Vec<String> {
            value.unwrap_or_default().split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
        };
        let (with, without) = (names(get("labels")), names(get("not[labels]")));
        let state = get("state").unwrap_or("all");
        if !["all", "opened", "closed"].contains(&state)
            || get("order_by").is_some_and(|by| !["created_at", "updated_at"].contains(&by))
        {
            return Answer::error(400, "state does not have a valid value");
        }
        let author = get("author_id").map(|id| id.parse::<u64>().expect("an id"));
        let since = get("created_after").map(|time| time.parse::<chrono::DateTime<chrono::Utc>>().expect("a time"));
        let descending = get("sort") != Some("asc");
        let keyset = get("pagination") == Some("keyset");
        if keyset && self.world.refuses_keyset {
            return Answer::error(405, "Keyset pagination is not yet available for this type of request");
        }
        let keyset = self.world.keyset && keyset;
        let wanted = |issue: &&Issue| {
            issue.project == project.id
                && (edits || !issue.confidential || me == Some(issue.author))
                && (state == "all" || (state == "opened") == issue.open)
                && with.iter().all(|label| issue.labels.contains(label))
                && !without.iter().any(|label| issue.labels.contains(label))
                && author.is_none_or(|author| author == issue.author)
                && since.is_none_or(|since| issue.created_at >= since)
        };
        let mut found: Vec<&Issue> = self.world.issues.iter().filter(wanted).collect();
        match get("order_by") {
            Some("updated_at") => found.sort_by_key(|issue| (issue.changed, issue.id)),
            _ => found.sort_by_key(|issue| (issue.created_at, issue.id)),
        }
        if descending {
            found.reverse();
        }
        // Only the page is turned into JSON: a long list would take too long otherwise.
        let number = |name: &str, default: usize| get(name).and_then(|n| n.parse().ok()).unwrap_or(default);
        let (page, per_page) = (number("page", 1), number("per_page", 20).min(100));
        if keyset {
            let cursor = get("cursor").map(|cursor| cursor.parse::<usize>().expect("our own cursor"));
            let begin =
                cursor.map_or(0, |id| found.iter().position(|issue| issue.id as usize == id).map_or(0, |at| at + 1));
            let entries: Vec<Value> =
                found.iter().skip(begin).take(per_page).map(|issue| self.issue_json(issue)).collect();
            let more = found.get(begin + per_page).and(found.get(begin + per_page - 1)).map(|issue| issue.id);
            return self.keyset(entries, more);
        }
        let range = (page - 1) * per_page..page * per_page;
        let json =
            |(at, issue): (usize, &&Issue)| if range.contains(&at) { self.issue_json(issue) } else { Value::Null };
        let found = found.iter().enumerate().map(json).collect();
        self.page(found)
    }

    pub fn issue_json(&self, issue: &Issue) -> Value {
        let project = self.world.projects.iter().find(|p| p.id == issue.project).expect("the project");
        let url = format!("{}/{}/-/issues/{}", self.base, project.path, issue.iid);
        let duplicate =
            issue.duplicate_of.map(|of| format!("{}/api/v4/projects/{}/issues/{of}", self.base, project.id));
        let mut json = json!({
            "id": issue.id, "iid": issue.iid, "project_id": issue.project, "title": issue.title,
            "description": if issue.description.is_empty() { Value::Null } else { json!(issue.description) },
            "state": if issue.open { "opened" } else { "closed" },
            "labels": issue.labels, "author": self.world.user(issue.author),
            "assignees": issue.assignees.iter().map(|id| self.world.user(*id)).collect::<Vec<_>>(),
            "milestone": issue.milestone.and_then(|id| project.milestones.iter().find(|(known, _)| *known == id))
                .map(|(id, title)| json!({ "id": id, "iid": 1, "title": title })),
            "closed_by": issue.closed_by.map(|id| self.world.user(id)),
            "due_date": issue.due_date, "confidential": issue.confidential, "issue_type": issue.issue_type,
            "type": issue.issue_type.to_uppercase(), "moved_to_id": issue.moved_to,
            "created_at": issue.created_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            "user_notes_count": issue.notes.iter().filter(|note| !note.system).count(),
            "discussion_locked": null, "web_url": url, "severity": "UNKNOWN",
            "_links": { "self": format!("{}/api/v4/projects/{}/issues/{}", self.base, project.id, issue.iid),
                "closed_as_duplicate_of": duplicate },
        });
        if self.world.tier >= Tier::Premium {
            json["weight"] = json!(issue.weight);
            let epic = self.world.epics.iter().find(|(id, _)| Some(*id) == issue.epic);
            json["epic"] = json!(epic.map(|(id, iid)| json!({ "id": id, "iid": iid, "title": "Security" })));
            json["epic_iid"] = json!(epic.map(|(_, iid)| iid));
        }
        if self.world.tier >= Tier::Ultimate {
            json["health_status"] = json!(issue.health);
        }
        json
    }

    fn create(&mut self, project: &Project, me: u64, edits: bool) -> Answer {
        self.only(&WRITABLE);
        let Some(title) = self.request.params.get("title").map(str::to_owned).filter(|t| !t.trim().is_empty()) else {
            return Answer::error(400, "title is missing");
        };
        if let Some(refusal) = self.invalid(project) {
            return refusal;
        }
        if self.world.captcha {
            return Answer::json(
                409,
                json!({ "needs_captcha_response": true, "spam_log_id": 42,
                    "captcha_site_key": "key", "message": { "error":
                    "Your issue has been recognized as spam. Please, change the content or solve the reCAPTCHA to proceed." }
                }),
            );
        }
        let id = self.world.add(project.id, me, &title, "").id;
        self.apply(id, me, edits);
        let issue = self.world.issues.iter().find(|issue| issue.id == id).expect("the issue").clone();
        Answer::json(201, self.issue_json(&issue))
    }

    fn change(&mut self, issue: &Issue, me: u64, edits: bool) -> Answer {
        self.only(&WRITABLE);
        if self.request.params.names().next().is_none() {
            return Answer::error(400, "title, description are missing, at least one parameter must be provided");
        }
        let project = self.world.projects.iter().find(|p| p.id == issue.project).expect("the project").clone();
        if let Some(refusal) = self.invalid(&project) {
            return refusal;
        }
        self.apply(issue.id, me, edits);
        let issue = self.world.issues.iter().find(|known| known.id == issue.id).expect("the issue").clone();
        Answer::json(200, self.issue_json(&issue))
    }

    fn invalid(&self, project: &Project) -> Option<Answer> {
        let get = |name: &str| self.request.params.get(name);
        let wrong = |field: &str, why: &str| Some(Answer::json(400, json!({ "message": { field: [why] } })));
        let long = |name: &str, most: usize| get(name).is_some_and(|text| text.chars().count() > most);
        let number = |name: &str| get(name).filter(|id| !id.is_empty() && *id != "0").map(str::parse::<u64>);
        if long("title", 255) {
            wrong("title", "is too long (maximum is 255 characters)")
        } else if long("description", 1_048_576) {
            wrong("description", "is too long (maximum is 1048576 characters)")
        } else if get("state_event").is_some_and(|event| !["close", "reopen"].contains(&event)) {
            Some(Answer::error(400, "state_event does not have a valid value"))
        } else if get("issue_type").is_some_and(|kind| !["issue", "incident", "test_case", "task"].contains(&kind)) {
            Some(Answer::error(400, "issue_type does not have a valid value"))
        } else if get("due_date").is_some_and(|day| !day.is_empty() && day.parse::<chrono::NaiveDate>().is_err()) {
            wrong("due_date", "is invalid")
        } else if ["milestone_id", "epic_id", "weight"].iter().any(|name| number(name).is_some_and(|id| id.is_err())) {
            Some(Answer::error(400, "milestone_id is invalid"))
        } else {
            let milestone = number("milestone_id").and_then(Result::ok);
            let known = |id: u64| project.milestones.iter().any(|(known, _)| *known == id);
            milestone.filter(|id| !known(*id)).and_then(|_| wrong("milestone", "is invalid"))
        }
    }

    /// Sets what the request names. What a role or tier does not have is left out without a word.
    fn apply(&mut self, id: u64, me: u64, edits: bool) {
        let params = self.request.params.clone();
        let list = |name: &str| -> Option<Vec<String>> {
            let names = params.get(name)?.split(',').map(str::trim).filter(|name| !name.is_empty());
            Some(names.map(str::to_owned).collect())
        };
        let tier = self.world.tier;
        let changed = self.world.tick();
        let issue = self.world.issues.iter_mut().find(|issue| issue.id == id).expect("the issue");
        issue.changed = changed;
        if let Some(title) = params.get("title") {
            issue.title = title.trim().to_owned();
        }
        if let Some(confidential) = params.get("confidential") {
            issue.confidential = confidential == "true";
        }
        if edits {
            if let Some(kind) = params.get("issue_type") {
                issue.issue_type = kind.to_owned();
            }
            if let Some(day) = params.get("due_date") {
                issue.due_date = Some(day.to_owned()).filter(|day| !day.is_empty());
            }
            if let Some(milestone) = params.get("milestone_id") {
                issue.milestone = milestone.parse().ok().filter(|id| *id != 0);
            }
            let assignees = params.all("assignee_ids[]");
            if !assignees.is_empty() {
                let many = if tier >= Tier::Premium { usize::MAX } else { 1 };
                let ids = assignees.iter().filter_map(|id| id.parse().ok()).filter(|id| *id != 0);
                issue.assignees = ids.take(many).collect();
            }
            if tier >= Tier::Premium {
                if let Some(weight) = params.get("weight") {
                    issue.weight = weight.parse().ok();
                }
                if let Some(epic) = params.get("epic_id") {
                    issue.epic = epic.parse().ok();
                }
            }
            if let Some(labels) = list("labels") {
                issue.labels.clear();
                self.world.add_labels(id, &labels);
            }
            if let Some(labels) = list("remove_labels") {
                let issue = self.world.issues.iter_mut().find(|issue| issue.id == id).expect("the issue");
                issue.labels.retain(|label| !labels.contains(label));
            }
            if let Some(labels) = list("add_labels") {
                self.world.add_labels(id, &labels);
            }
        }
        if let Some(text) = params.get("description") {
            let kept = quick::run(self.world, id, me, text);
            self.world.issues.iter_mut().find(|issue| issue.id == id).expect("the issue").description = kept;
        }
        if let Some(event) = params.get("state_event") {
            self.world.set_open_by(id, event == "reopen", me);
            self.world.note(id, me, event, true);
        }
    }

    fn comment(&mut self, issue: &Issue, me: u64) -> Answer {
        self.only(&["body", "internal"]);
        let Some(body) = self.request.params.get("body").map(str::to_owned).filter(|body| !body.trim().is_empty())
        else {
            return Answer::error(400, "body is missing");
        };
        if body.chars().count() > 1_000_000 {
            return Answer::json(400, json!({ "message": { "note": ["is too long"] } }));
        }
        let kept = quick::run(self.world, issue.id, me, &body);
        if kept.trim().is_empty() {
            return Answer::json(202, json!({ "commands_changes": {}, "summary": ["Commands applied"] }));
        }
        let id = self.world.note(issue.id, me, &kept, false);
        Answer::json(201, json!({ "id": id, "body": kept, "author": self.world.user(me), "system": false }))
    }
}
