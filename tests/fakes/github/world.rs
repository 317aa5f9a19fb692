//! What the fake GitHub remembers: one repository, its issues and labels, one Project, and the accounts of its tokens.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What an account may do in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    None,
    Read,
    Triage,
    Write,
}

/// Which sort of token it is: what it cannot reach, and how refusals are worded, depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKind {
    /// With its scopes.
    Classic(&'static str),
    FineGrained {
        issues: bool,
        projects: bool,
    },
    /// GITHUB_TOKEN, or an App's installation token.
    App {
        issues: bool,
        projects: bool,
    },
}

impl TokenKind {
    pub fn writes_issues(&self) -> bool {
        match self {
            Self::Classic(scopes) => scopes.contains("repo"),
            Self::FineGrained { issues, .. } | Self::App { issues, .. } => *issues,
        }
    }

    pub fn reaches_projects(&self) -> bool {
        match self {
            Self::Classic(scopes) => scopes.split(", ").any(|scope| scope == "project"),
            Self::FineGrained { projects, .. } | Self::App { projects, .. } => *projects,
        }
    }

    pub fn refusal(&self) -> &'static str {
        match self {
            Self::Classic(_) => "Must have admin rights to Repository.",
            Self::FineGrained { .. } => "Resource not accessible by personal access token",
            Self::App { .. } => "Resource not accessible by integration",
        }
    }
}

/// A person or an App.
#[derive(Debug, Clone)]
pub struct Account {
    pub login: &'static str,
    pub bot: bool,
    pub role: Role,
    /// `OWNER`, `MEMBER`, `COLLABORATOR`, `CONTRIBUTOR`, `NONE`.
    pub association: &'static str,
    pub token: TokenKind,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    pub author: Author,
    pub body: String,
}

/// Who wrote something, as it was then.
#[derive(Debug, Clone, PartialEq)]
pub struct Author {
    pub login: String,
    pub bot: bool,
    pub association: &'static str,
}

impl From<&Account> for Author {
    fn from(account: &Account) -> Self {
        Self { login: account.login.to_owned(), bot: account.bot, association: account.association }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    pub number: u64,
    pub author: Author,
    pub title: String,
    pub body: String,
    pub open: bool,
    pub reason: Option<String>,
    /// Who closed it last.
    pub closed_by: Option<Author>,
    pub labels: Vec<String>,
    pub assignees: Vec<String>,
    pub milestone: Option<u64>,
    pub kind: Option<String>,
    /// Values of the organization's issue fields, by id.
    pub field_values: BTreeMap<u64, Value>,
    pub comments: Vec<Comment>,
    pub locked: bool,
    pub pull_request: bool,
    /// Deleted; the number is not used again.
    pub deleted: bool,
    /// The repository that it was moved to.
    pub moved: Option<&'static str>,
    /// The request from which on it is in lists.
    pub listed_from: usize,
    /// The change of the world that was its last.
    pub changed: u64,
}

impl Issue {
    pub fn node_id(&self) -> String {
        format!("I_{}", self.number)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    pub name: String,
    pub color: String,
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub id: String,
    pub name: String,
    pub kind: &'static str,
    /// Id, name, colour.
    pub options: Vec<(String, String, String)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub id: String,
    pub issue: u64,
    pub archived: bool,
    /// By field id, as `ProjectV2FieldValue`.
    pub values: BTreeMap<String, Value>,
    /// From which request on lists show it.
    pub visible_from: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    pub number: u64,
    pub closed: bool,
    pub fields: Vec<Field>,
    pub items: Vec<Item>,
    /// Status that the Project's own workflows set when an item is closed.
    pub on_close: Option<&'static str>,
    /// The same when it is added.
    pub on_add: Option<&'static str>,
}

/// Everything.
#[derive(Debug, Clone)]
pub struct World {
    pub owner: &'static str,
    pub repository: &'static str,
    /// What the repository was called before.
    pub old_name: Option<&'static str>,
    pub public: bool,
    pub archived: bool,
    pub issues_enabled: bool,
    pub issues: Vec<Issue>,
    pub labels: Vec<Label>,
    pub milestones: Vec<String>,
    /// Who can be assigned.
    pub assignable: Vec<&'static str>,
    pub project: Option<Project>,
    /// By token.
    pub accounts: BTreeMap<&'static str, Account>,
    /// Requests for which an item that was just added stays unseen in lists.
    pub project_lag: usize,
    /// Requests for which a new issue stays unseen in lists.
    pub list_lag: usize,
    /// What people without a token here may do; all others may read what is public.
    /// What the organization says to every query of the token.
    pub forbids: Option<&'static str>,
    /// Whether the Project has fields of a kind that came later.
    pub unknown_kinds: bool,
    /// Whether every issue is on a board that the token may not see, too.
    pub hidden_board: bool,
    /// Of the organization; none where a person owns the repository.
    pub issue_types: Vec<&'static str>,
    pub roles: BTreeMap<&'static str, Role>,
    /// The organization's issue fields.
    pub issue_fields: Vec<super::issue_fields::IssueField>,
    /// Whether GraphQL has them, too.
    pub graphql_has_issue_fields: bool,
    /// Whether it knows duplicates; Enterprise Server does from 3.16 on.
    pub knows_duplicates: bool,
    /// Whether lists can be filtered by an App's name: on Enterprise Cloud, that finds nothing.
    pub finds_apps: bool,
    pub requests: usize,
    /// The fake's own address, for links.
    pub base: String,
    next_id: usize,
    changes: u64,
}

pub const TOKEN: &str = "ghp_maintainer0";

impl Default for World {
    fn default() -> Self {
        let classic = TokenKind::Classic("repo, project");
        let account = |login, role, association, token| Account { login, bot: false, role, association, token };
        let accounts = [
            (TOKEN, account("findsync-user", Role::Write, "MEMBER", classic.clone())),
            ("ghp_stranger00", account("stranger", Role::Read, "NONE", TokenKind::Classic("repo"))),
            ("ghp_noproject0", account("findsync-user", Role::Write, "MEMBER", TokenKind::Classic("repo"))),
            ("ghp_outsider00", account("outsider", Role::None, "NONE", classic)),
            (
                "github_pat_readonly",
                account("reader", Role::Read, "NONE", TokenKind::FineGrained { issues: false, projects: false }),
            ),
            (
                "ghs_workflow00",
                Account {
                    login: "github-actions[bot]",
                    bot: true,
                    role: Role::Write,
                    association: "NONE",
                    token: TokenKind::App { issues: true, projects: false },
                },
            ),
            (
                "ghs_readonly00",
                Account {
                    login: "github-actions[bot]",
                    bot: true,
                    role: Role::Read,
                    association: "NONE",
                    token: TokenKind::App { issues: false, projects: false },
                },
            ),
        ];
        Self {
            owner: "acme",
            repository: "shop",
            old_name: None,
            public: false,
            archived: false,
            issues_enabled: true,
            issues: Vec::new(),
            labels: Vec::new(),
            milestones: Vec::new(),
            assignable: vec!["Octo", "hubot"],
            project: None,
            accounts: accounts.into(),
            project_lag: 0,
            list_lag: 0,
            roles: [("owner", Role::Write), ("member", Role::Write), ("collaborator", Role::Write)].into(),
            forbids: None,
            unknown_kinds: false,
            hidden_board: false,
            issue_types: vec!["Bug", "Task"],
            issue_fields: Vec::new(),
            graphql_has_issue_fields: true,
            knows_duplicates: true,
            finds_apps: true,
            requests: 0,
            base: String::new(),
            next_id: 0,
            changes: 0,
        }
    }
}

impl World {
    /// The same with Project 7: Priority P0 to P4, Status as GitHub makes it, and one field of every other kind.
    pub fn with_project() -> Self {
        let mut world = Self::default();
        let mut project =
            Project { number: 7, closed: false, fields: Vec::new(), items: Vec::new(), on_close: None, on_add: None };
        for (name, kind, options) in [
            ("Title", "TITLE", &[][..]),
            ("Status", "SINGLE_SELECT", &["Todo", "In Progress", "Done"]),
            ("Priority", "SINGLE_SELECT", &["P0", "P1", "P2", "P3", "P4"]),
            ("Team", "TEXT", &[]),
            ("Points", "NUMBER", &[]),
            ("Due", "DATE", &[]),
            ("Sprint", "ITERATION", &["Sprint 1", "Sprint 2"]),
        ] {
            let options = options.iter().map(|name| (world.id("o"), (*name).to_owned(), "GRAY".to_owned())).collect();
            project.fields.push(Field { id: world.id("F"), name: name.to_owned(), kind, options });
        }
        world.project = Some(project);
        world
    }

    /// The same in an organization with these issue fields.
    pub fn and_issue_fields(mut self, fields: Vec<super::issue_fields::IssueField>) -> Self {
        self.issue_fields = fields;
        self
    }

    pub fn id(&mut self, prefix: &str) -> String {
        self.next_id += 1;
        format!("{prefix}_{}", self.next_id)
    }

    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.repository)
    }

    /// An issue that is there, by number.
    pub fn issue(&mut self, number: u64) -> Option<&mut Issue> {
        self.changed(|issue| issue.number == number && !issue.deleted)
    }

    pub fn by_node(&mut self, node: &str) -> Option<&mut Issue> {
        self.changed(|issue| issue.node_id() == node && !issue.deleted && issue.moved.is_none())
    }

    /// An issue that somebody is about to change.
    fn changed(&mut self, is_wanted: impl Fn(&Issue) -> bool) -> Option<&mut Issue> {
        self.changes += 1;
        let issue = self.issues.iter_mut().find(|issue| is_wanted(issue))?;
        issue.changed = self.changes;
        Some(issue)
    }

    /// Adds an issue of somebody.
    pub fn add_issue(&mut self, author: Author, title: &str, body: &str, labels: &[&str]) -> u64 {
        let number = self.issues.len() as u64 + 1;
        self.issues.push(Issue {
            number,
            changed: 0,
            author,
            title: title.to_owned(),
            body: body.to_owned(),
            open: true,
            reason: None,
            closed_by: None,
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            assignees: Vec::new(),
            milestone: None,
            kind: None,
            field_values: BTreeMap::new(),
            comments: Vec::new(),
            locked: false,
            pull_request: false,
            deleted: false,
            moved: None,
            listed_from: self.requests + self.list_lag,
        });
        number
    }

    pub fn author(&self, token: &str) -> Author {
        Author::from(&self.accounts[token])
    }

    /// A person who may write, and no account of any token.
    pub fn maintainer() -> Author {
        Author { login: "maria".to_owned(), bot: false, association: "MEMBER" }
    }

    /// An App that closes what nobody touched for long.
    pub fn stale_bot() -> Author {
        Author { login: "stale[bot]".to_owned(), bot: true, association: "NONE" }
    }

    pub fn has_label(&self, name: &str) -> bool {
        self.labels.iter().any(|label| label.name.eq_ignore_ascii_case(name))
    }

    /// Closes or reopens, and lets the Project's workflow react.
    pub fn set_state(&mut self, number: u64, open: bool, reason: Option<&str>, by: &Author) {
        let Some(issue) = self.issue(number) else { return };
        let closes = issue.open && !open;
        if closes {
            issue.closed_by = Some(by.clone());
        }
        issue.reason = if open {
            if issue.open { issue.reason.clone() } else { Some("reopened".to_owned()) }
        } else {
            Some(reason.unwrap_or("completed").to_owned())
        };
        issue.open = open;
        let status = self.project.as_ref().and_then(|project| project.on_close);
        if let (true, Some(status)) = (closes, status) {
            self.set_field(number, "Status", status);
        }
    }

    /// Sets a field of an issue's item, as a person would.
    pub fn set_field(&mut self, number: u64, field: &str, value: &str) {
        let Some(project) = &mut self.project else { return };
        let field = project.fields.iter().find(|known| known.name == field).expect("the field");
        let value = match field.kind {
            "SINGLE_SELECT" => {
                let option = field.options.iter().find(|(_, name, _)| name == value).expect("the option");
                serde_json::json!({ "singleSelectOptionId": option.0 })
            }
            _ => serde_json::json!({ "text": value }),
        };
        let id = field.id.clone();
        if let Some(item) = project.items.iter_mut().find(|item| item.issue == number) {
            item.values.insert(id, value);
        }
    }

    /// Puts an issue into the Project, without values.
    pub fn add_item(&mut self, issue: u64) {
        let id = self.id("PVTI");
        if let Some(project) = &mut self.project {
            project.items.push(Item { id, issue, archived: false, values: BTreeMap::new(), visible_from: 0 });
        }
    }

    /// Puts an issue into the Project with the values that another one has there.
    pub fn copy_item(&mut self, from: u64, to: u64) {
        let id = self.id("PVTI");
        let Some(project) = &mut self.project else { return };
        let Some(item) = project.items.iter().find(|item| item.issue == from) else { return };
        let copy = Item { id, issue: to, ..item.clone() };
        project.items.push(copy);
    }

    /// A field's value of an issue's item, as people see it.
    pub fn field(&self, number: u64, field: &str) -> Option<String> {
        let project = self.project.as_ref()?;
        let field = project.fields.iter().find(|known| known.name == field)?;
        let value = project.items.iter().find(|item| item.issue == number)?.values.get(&field.id)?;
        let (_, value) = value.as_object()?.iter().next()?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some(field.options.iter().find(|(id, ..)| *id == text).map_or(text, |(_, name, _)| name.clone()))
    }

    /// What people see, without what differs between two runs that end the same: for comparing worlds.
    pub fn told(&self) -> Vec<String> {
        let items = |number| self.project.iter().flat_map(|p| &p.items).filter(|item| item.issue == number).count();
        let issue = |issue: &Issue| {
            let labels = issue.labels.iter().collect::<BTreeSet<_>>();
            let comments: Vec<_> = issue.comments.iter().map(|comment| &comment.body).collect();
            let fields = ["Status", "Priority", "Team"].map(|field| self.field(issue.number, field));
            let fields = (fields, &issue.field_values);
            let state = (issue.open, &issue.reason, items(issue.number));
            format!("{} {state:?} {labels:?} {fields:?} {comments:?}", issue.title)
        };
        let labels = self.labels.iter().map(|label| format!("{label:?}"));
        let mut all: Vec<_> = self.issues.iter().map(issue).chain(labels).collect();
        all.sort();
        all
    }
}
