//! Who may do what: tokens, scopes, projects, roles; and the calls beside issues.

use serde_json::{Value, json};

use super::answer::Answer;
use super::params::decode;
use super::world::{Label, PLANNER, Project, Tier, Token, TokenKind, World};
use super::{Request, graphql};

/// One call on its way through the fake.
pub struct Call<'a> {
    pub world: &'a mut World,
    pub request: &'a Request,
    /// The address of the installation.
    pub base: &'a str,
    pub objections: Vec<String>,
}

impl Call<'_> {
    pub fn answer(&mut self, carrier: Option<&str>) -> Answer {
        let token = match self.token(carrier) {
            Ok(token) => token,
            Err(answer) => return *answer,
        };
        if self.request.path == "/graphql" {
            return graphql::answer(self, token.as_ref().map(|token| token.user));
        }
        let Some(path) = self.request.path.strip_prefix("/v4/") else { return self.unexpected() };
        let parts: Vec<String> = path.split('/').map(decode).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        if let Some(token) = &token {
            let allowed = match token.kind {
                TokenKind::Job => parts == ["job"],
                _ => token.scopes.contains(&"api") || token.scopes.contains(&"read_api") && !self.request.writes(),
            };
            // A token may always ask what it is.
            if !allowed && parts != ["personal_access_tokens", "self"] {
                return match token.kind {
                    TokenKind::Job => Answer::message(401, "401 Unauthorized"),
                    _ => Answer::json(
                        403,
                        json!({ "error": "insufficient_scope", "scope": "api",
                            "error_description": "The request requires higher privileges than provided by the access token."
                        }),
                    ),
                };
            }
        }
        let me = token.as_ref().map(|token| token.user);
        match (self.request.method.as_str(), &parts[..]) {
            ("GET", ["user"]) => me.map_or_else(unauthorized, |me| {
                let mut user = self.world.user(me);
                user["bot"] = json!(self.world.users.iter().any(|user| user.id == me && user.bot));
                Answer::json(200, user)
            }),
            ("GET", ["job"]) => {
                me.map_or_else(unauthorized, |me| Answer::json(200, json!({ "id": 1, "user": self.world.user(me) })))
            }
            ("GET", ["users"]) => self.users(),
            ("GET", ["users", id]) => self.user(id),
            ("GET", ["personal_access_tokens", "self"]) => match token {
                Some(token) if token.kind == TokenKind::Access => Answer::json(
                    200,
                    json!({ "id": 3, "scopes": token.scopes, "user_id": token.user,
                        "active": true, "revoked": false, "expires_at": "2027-06-30" }),
                ),
                _ => unauthorized(),
            },
            ("GET", ["projects"]) => self.search_projects(me),
            ("GET", ["groups", _, "epics", iid]) => self.epic(iid),
            (_, ["projects", id, rest @ ..]) => self.in_project(me, id, rest),
            _ => self.unexpected(),
        }
    }

    fn token(&self, carrier: Option<&str>) -> Result<Option<Token>, Box<Answer>> {
        let Some(value) = &self.request.token else { return Ok(None) };
        let token = self.world.tokens.iter().find(|token| token.value == *value);
        let fits = |token: &Token| match token.kind {
            TokenKind::Access => matches!(carrier, Some("private-token" | "authorization")),
            TokenKind::OAuth => carrier == Some("authorization"),
            TokenKind::Job => carrier == Some("job-token"),
        };
        match token {
            Some(token) if token.expired => Err(Box::new(Answer::json(
                401,
                json!({ "error": "invalid_token",
                "error_description": "Token is expired. You can either do re-authorization or token refresh." }),
            ))),
            Some(token) if fits(token) => Ok(Some(token.clone())),
            _ => Err(Box::new(unauthorized())),
        }
    }

    /// A call that the fake does not know: nothing in the client should make it.
    pub fn unexpected(&mut self) -> Answer {
        self.objections.push(format!("unexpected request: {} {}", self.request.method, self.request.path));
        Answer::error(404, "404 Not Found")
    }

    /// Objects to parameters that GitLab would silently ignore.
    pub fn only(&mut self, known: &[&str]) {
        let strange: Vec<&str> = self.request.params.names().filter(|name| !known.contains(name)).collect();
        if !strange.is_empty() {
            let message = format!("{} {} with unknown {strange:?}", self.request.method, self.request.path);
            self.objections.push(message);
        }
    }

    fn in_project(&mut self, me: Option<u64>, id: &str, rest: &[&str]) -> Answer {
        let found = self.world.projects.iter().find(|p| id.parse() == Ok(p.id) || p.path.eq_ignore_ascii_case(id));
        let Some(project) = found.cloned() else { return Answer::not_found("Project") };
        let role = self.world.role(&project, me);
        let visible = match project.visibility {
            "private" => role.is_some(),
            "internal" => me.is_some(),
            _ => true,
        };
        if !visible {
            return Answer::not_found("Project");
        }
        let writes = self.request.writes();
        if writes && me.is_none() {
            return unauthorized();
        }
        if writes && project.archived {
            return Answer::message(403, "403 Forbidden");
        }
        match (self.request.method.as_str(), rest) {
            ("GET", []) => self.project(&project, me),
            ("GET", ["labels"]) => self.labels(&project),
            ("POST", ["labels"]) => self.make_label(&project, role),
            ("GET", ["milestones"]) => self.milestones(&project),
            ("GET", ["groups"]) => {
                self.only(&["per_page", "page"]);
                // The groups above: `acme/backend` and `acme`.
                let groups = [7, 70].map(|id| json!({ "id": id, "name": "a group" }));
                self.page(groups.to_vec())
            }
            ("GET", ["members", "all"]) => self.members(&project),
            ("GET", ["members", "all", id]) => self.member(&project, id),
            (_, ["issues", rest @ ..]) => {
                if !project.issues_enabled {
                    return Answer::message(403, "403 Forbidden");
                }
                self.issues(&project, me, role.filter(|role| *role >= PLANNER).is_some(), rest)
            }
            _ => self.unexpected(),
        }
    }

    fn project(&mut self, project: &Project, me: Option<u64>) -> Answer {
        self.only(&[]);
        Answer::json(200, self.project_json(project, me))
    }

    fn project_json(&self, project: &Project, me: Option<u64>) -> Value {
        let (group, path) = project.path.rsplit_once('/').expect("a project has a namespace");
        let access = |role: Option<&u64>| {
            role.map_or(Value::Null, |role| json!({ "access_level": role, "notification_level": 3 }))
        };
        json!({
            "id": project.id, "name": project.name, "path": path, "path_with_namespace": project.path,
            "visibility": project.visibility, "archived": project.archived,
            "issues_enabled": project.issues_enabled,
            "issues_access_level": if project.issues_enabled { "enabled" } else { "disabled" },
            "web_url": format!("{}/{}", self.base, project.path),
            "namespace": { "id": 7, "kind": "group", "full_path": group, "path": group },
            "permissions": { "project_access": access(me.and_then(|me| project.members.get(&me))), "group_access": null },
        })
    }

    fn search_projects(&mut self, me: Option<u64>) -> Answer {
        self.only(&["search", "membership", "per_page", "page", "simple", "pagination", "order_by", "sort"]);
        let search = self.request.params.get("search").unwrap_or_default().to_lowercase();
        let member = self.request.params.get("membership") == Some("true");
        let found = self.world.projects.iter().filter(|project| {
            let mine = self.world.role(project, me).is_some();
            (mine || !member && project.visibility == "public")
                && (project.name.to_lowercase().contains(&search) || project.path.to_lowercase().contains(&search))
        });
        let found: Vec<Value> = found.map(|project| self.project_json(project, me)).collect();
        self.page(found)
    }

    fn users(&mut self) -> Answer {
        self.only(&["username"]);
        let name = self.request.params.get("username").unwrap_or_default();
        let found = self.world.users.iter().filter(|user| user.username.eq_ignore_ascii_case(name));
        Answer::json(200, found.map(|user| self.world.user(user.id)).collect())
    }

    fn user(&mut self, id: &str) -> Answer {
        match self.world.users.iter().find(|user| id.parse() == Ok(user.id)) {
            Some(user) => {
                let mut json = self.world.user(user.id);
                json["bot"] = json!(user.bot);
                Answer::json(200, json)
            }
            None => Answer::not_found("User"),
        }
    }

    fn epic(&mut self, iid: &str) -> Answer {
        if self.world.tier < Tier::Premium {
            return Answer::message(403, "403 Forbidden");
        }
        match self.world.epics.iter().find(|(_, known)| iid.parse() == Ok(*known)) {
            Some((id, iid)) => Answer::json(200, json!({ "id": id, "iid": iid, "title": "Security" })),
            None => Answer::not_found("Epic"),
        }
    }

    fn labels(&mut self, project: &Project) -> Answer {
        self.only(&["per_page", "page", "search", "include_ancestor_groups", "with_counts"]);
        let label = |label: &Label| {
            json!({ "id": 1, "name": label.name, "color": label.color, "description": null,
            "is_project_label": !label.of_group })
        };
        self.page(project.labels.iter().map(label).collect())
    }

    fn make_label(&mut self, project: &Project, role: Option<u64>) -> Answer {
        self.only(&["name", "color", "description", "priority"]);
        if role.is_none_or(|role| role < PLANNER) {
            return Answer::message(403, "403 Forbidden");
        }
        let (Some(name), Some(color)) = (self.request.params.get("name"), self.request.params.get("color")) else {
            return Answer::error(400, "name is missing, color is missing");
        };
        let hex =
            |text: &str| text.len() == 7 && text.starts_with('#') && text[1..].chars().all(|c| c.is_ascii_hexdigit());
        if !hex(color) {
            return Answer::json(400, json!({ "message": { "color": ["must be a valid color code"] } }));
        }
        if name.contains([',', '?', '&']) || name.len() > 255 {
            return Answer::json(400, json!({ "message": { "title": ["is invalid"] } }));
        }
        if project.labels.iter().any(|label| label.name == name) {
            return Answer::message(409, "Label already exists");
        }
        let label = Label { name: name.to_owned(), color: color.to_owned(), of_group: false };
        let json = json!({ "id": 1, "name": label.name, "color": label.color });
        let id = project.id;
        self.world.projects.iter_mut().find(|p| p.id == id).expect("the project").labels.push(label);
        Answer::json(201, json)
    }

    fn milestones(&mut self, project: &Project) -> Answer {
        self.only(&["title", "include_ancestors", "include_parent_milestones", "per_page", "page", "state"]);
        let title = self.request.params.get("title");
        let found = project.milestones.iter().filter(|(_, known)| title.is_none_or(|title| title == known));
        Answer::json(200, found.map(|(id, title)| json!({ "id": id, "iid": 1, "title": title })).collect())
    }

    fn members(&mut self, project: &Project) -> Answer {
        self.only(&["per_page", "page", "user_ids[]", "query", "state"]);
        let asked: Vec<u64> = self.request.params.all("user_ids[]").iter().filter_map(|id| id.parse().ok()).collect();
        let all = project.members.iter().chain(&project.inherited);
        let members = all.filter(|(id, _)| asked.is_empty() || asked.contains(id));
        let members = members.map(|(id, role)| {
            let mut json = self.world.user(*id);
            json["access_level"] = json!(role);
            json
        });
        self.page(members.collect())
    }

    fn member(&mut self, project: &Project, id: &str) -> Answer {
        let role = id.parse().ok().and_then(|id| Some((id, self.world.role(project, Some(id))?)));
        match role {
            Some((id, role)) => {
                let mut json = self.world.user(id);
                json["access_level"] = json!(role);
                Answer::json(200, json)
            }
            None => Answer::not_found("Not found"),
        }
    }

    /// A page of a list by number, with the headers that tell where the others are.
    pub fn page(&mut self, all: Vec<Value>) -> Answer {
        let number = |name: &str, default: usize| {
            self.request.params.get(name).map_or(default, |value| value.parse().unwrap_or(default))
        };
        let (page, per_page) = (number("page", 1).max(1), number("per_page", 20).clamp(1, 100));
        let (total, start) = (all.len(), (page - 1) * per_page);
        if start >= 50_000 {
            return Answer::error(
                405,
                "Offset pagination has a maximum allowed offset of 50000 for requests that return objects of type Issue. \
                 Remaining records can be retrieved using keyset pagination.",
            );
        }
        let entries: Vec<Value> = all.into_iter().skip(start).take(per_page).collect();
        let next = (start + entries.len() < total).then_some(page + 1);
        let rest = self.request.params.query_without(&["page"]);
        let address = |page: usize| format!("<{}/api{}?{rest}&page={page}>", self.base, self.request.path);
        let mut links = vec![format!("{}; rel=\"first\"", address(1))];
        links.extend(next.map(|page| format!("{}; rel=\"next\"", address(page))));
        let mut answer = Answer::json(200, entries.into())
            .with("x-page", page)
            .with("x-per-page", per_page)
            .with("x-next-page", next.map_or(String::new(), |page| page.to_string()))
            .with("link", links.join(", "));
        if total <= 10_000 {
            answer = answer.with("x-total", total).with("x-total-pages", total.div_ceil(per_page));
        }
        answer
    }

    /// A page of a list by keyset, and the entry after which the next one begins.
    pub fn keyset(&mut self, entries: Vec<Value>, next: Option<u64>) -> Answer {
        let answer = Answer::json(200, entries.into());
        let Some(cursor) = next else { return answer };
        let rest = self.request.params.query_without(&["cursor"]);
        let address = format!("{}/api{}?{rest}&cursor={cursor}", self.base, self.request.path);
        answer.with("link", format!("<{address}>; rel=\"next\""))
    }
}

pub fn unauthorized() -> Answer {
    Answer::message(401, "401 Unauthorized")
}
