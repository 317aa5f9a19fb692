//! What the fake GitLab holds, and what people do in it without the API.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

pub const GUEST: u64 = 10;
pub const PLANNER: u64 = 15;
pub const REPORTER: u64 = 20;
pub const DEVELOPER: u64 = 30;
pub const OWNER: u64 = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    Free,
    Premium,
    Ultimate,
}

#[derive(Debug, Clone)]
pub struct User {
    pub id: u64,
    pub username: String,
    pub bot: bool,
}

/// How a token must be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// `PRIVATE-TOKEN`, or as bearer.
    Access,
    /// As bearer only.
    OAuth,
    /// `JOB-TOKEN`; reaches almost nothing.
    Job,
}

#[derive(Debug, Clone)]
pub struct Token {
    pub value: String,
    pub user: u64,
    pub kind: TokenKind,
    pub scopes: Vec<&'static str>,
    pub expired: bool,
}

#[derive(Debug, Clone)]
pub struct Label {
    pub name: String,
    pub color: String,
    /// Whether it belongs to a group above the project.
    pub of_group: bool,
}

#[derive(Debug, Clone)]
pub struct CustomField {
    pub id: u64,
    pub name: String,
    pub kind: &'static str,
    pub options: Vec<(u64, String)>,
}

#[derive(Debug, Clone)]
pub struct Status {
    pub id: u64,
    pub name: String,
    pub category: &'static str,
}

#[derive(Debug, Clone)]
pub struct Project {
    pub id: u64,
    pub name: String,
    /// With all groups: `acme/backend/shop`.
    pub path: String,
    pub visibility: &'static str,
    pub archived: bool,
    pub issues_enabled: bool,
    /// Direct members: user → role.
    pub members: BTreeMap<u64, u64>,
    /// Members by a group above: user → role.
    pub inherited: BTreeMap<u64, u64>,
    pub labels: Vec<Label>,
    /// Id and title.
    pub milestones: Vec<(u64, String)>,
    pub next_iid: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    pub id: u64,
    pub author: u64,
    pub body: String,
    pub system: bool,
}

#[derive(Debug, Clone)]
pub struct Issue {
    pub id: u64,
    pub iid: u64,
    pub project: u64,
    pub title: String,
    pub description: String,
    pub open: bool,
    /// Who closed it, while it is closed.
    pub closed_by: Option<u64>,
    pub labels: Vec<String>,
    pub author: u64,
    pub assignees: Vec<u64>,
    pub milestone: Option<u64>,
    pub due_date: Option<String>,
    pub confidential: bool,
    pub issue_type: String,
    pub weight: Option<u64>,
    pub epic: Option<u64>,
    pub health: Option<String>,
    /// Index into [`World::statuses`].
    pub status: Option<usize>,
    pub custom: BTreeMap<u64, Value>,
    pub moved_to: Option<u64>,
    pub duplicate_of: Option<u64>,
    pub created_at: DateTime<Utc>,
    /// When anything of it was changed last.
    pub changed: DateTime<Utc>,
    pub notes: Vec<Note>,
}

#[derive(Debug, Clone)]
pub struct World {
    pub tier: Tier,
    /// Whether issues can be paged by keyset (18.3 and up).
    pub keyset: bool,
    /// Whether keyset paging is refused where it is not known; else it is ignored.
    pub refuses_keyset: bool,
    /// Whether new issues meet the spam check.
    pub captcha: bool,
    pub users: Vec<User>,
    pub tokens: Vec<Token>,
    pub projects: Vec<Project>,
    pub issues: Vec<Issue>,
    pub statuses: Vec<Status>,
    pub custom_fields: Vec<CustomField>,
    /// Epics of the project's group: id and iid.
    pub epics: Vec<(u64, u64)>,
    /// The vulnerability report: name, file, and the issue that it is linked to.
    pub vulnerabilities: Vec<(String, String, String)>,
    /// Quick actions that ran.
    pub actions: Vec<String>,
    pub now: DateTime<Utc>,
    next_id: u64,
}

pub const ME: u64 = 100;
pub const MAINTAINER: u64 = 101;
pub const STRANGER: u64 = 102;
pub const GUEST_USER: u64 = 103;
pub const OLD_BOT: u64 = 104;
pub const FALSE_BOT: u64 = 105;
pub const GHOST: u64 = 106;
/// The bot of a token of the group above the project's own.
pub const GROUP_BOT: u64 = 107;
/// The bot of another group.
pub const OTHER_BOT: u64 = 108;
pub const PROJECT: u64 = 42;

impl World {
    /// A private project `acme/backend/shop` in nested groups, with the bot of its access token as Reporter.
    pub fn new(tier: Tier) -> Self {
        let user = |id, username: &str, bot| User { id, username: username.to_owned(), bot };
        let access = Token {
            value: "glpat-good".into(),
            user: ME,
            kind: TokenKind::Access,
            scopes: vec!["api"],
            expired: false,
        };
        let tokens = vec![
            access.clone(),
            Token { value: "glpat-read".into(), scopes: vec!["read_api"], ..access.clone() },
            Token { value: "glpat-old".into(), expired: true, ..access.clone() },
            Token { value: "glpat-guest".into(), user: GUEST_USER, ..access.clone() },
            Token { value: "glpat-stranger".into(), user: STRANGER, ..access.clone() },
            Token { value: "oauth-good".into(), kind: TokenKind::OAuth, ..access.clone() },
            Token { value: "glcbt-job".into(), kind: TokenKind::Job, ..access },
        ];
        let status = |id, name: &str, category| Status { id, name: name.to_owned(), category };
        let premium = tier >= Tier::Premium;
        let project = Project {
            id: PROJECT,
            name: "Shop".to_owned(),
            path: "acme/backend/shop".to_owned(),
            visibility: "private",
            archived: false,
            issues_enabled: true,
            members: BTreeMap::from([(ME, REPORTER), (GUEST_USER, GUEST)]),
            inherited: BTreeMap::from([(MAINTAINER, OWNER)]),
            labels: Vec::new(),
            milestones: vec![(501, "Hardening".to_owned())],
            next_iid: 1,
        };
        Self {
            tier,
            keyset: true,
            refuses_keyset: false,
            captcha: false,
            users: vec![
                user(ME, "project_42_bot_0f3a", true),
                user(MAINTAINER, "maria", false),
                user(STRANGER, "mallory", false),
                user(GUEST_USER, "gustav", false),
                user(OLD_BOT, "project_42_bot_9c1d", true),
                user(FALSE_BOT, "project_42_bot_evil", false),
                user(GHOST, "ghost", true),
                user(GROUP_BOT, "group_70_bot_77aa", true),
                user(OTHER_BOT, "group_71_bot_77aa", true),
            ],
            tokens,
            projects: vec![project],
            issues: Vec::new(),
            statuses: if premium {
                vec![
                    status(1, "To do", "to_do"),
                    status(2, "In progress", "in_progress"),
                    status(3, "Done", "done"),
                    status(4, "Won't do", "canceled"),
                    status(5, "Duplicate", "canceled"),
                ]
            } else {
                Vec::new()
            },
            custom_fields: Vec::new(),
            epics: if premium { vec![(901, 7)] } else { Vec::new() },
            vulnerabilities: Vec::new(),
            actions: Vec::new(),
            now: "2026-11-24T08:00:00Z".parse().expect("a time"),
            next_id: 5_000,
        }
    }

    pub fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub fn tick(&mut self) -> DateTime<Utc> {
        self.now += Duration::milliseconds(137);
        self.now
    }

    pub fn project(&mut self) -> &mut Project {
        self.projects.iter_mut().find(|project| project.id == PROJECT).expect("the project")
    }

    pub fn role(&self, project: &Project, user: Option<u64>) -> Option<u64> {
        let user = user?;
        project.members.get(&user).max(project.inherited.get(&user)).copied()
    }

    pub fn issue(&mut self, iid: u64) -> &mut Issue {
        self.issues.iter_mut().find(|issue| issue.project == PROJECT && issue.iid == iid).expect("the issue")
    }

    pub fn user(&self, id: u64) -> Value {
        let user = self.users.iter().find(|user| user.id == id);
        let name = user.map_or("ghost", |user| user.username.as_str());
        json!({ "id": id, "username": name, "name": name, "state": "active", "avatar_url": null,
            "web_url": format!("https://gitlab.example.com/{name}") })
    }

    /// Adds an issue as a person (or an importer) does.
    pub fn add(&mut self, project: u64, author: u64, title: &str, description: &str) -> &mut Issue {
        let (id, created_at) = (self.id(), self.tick());
        let home = self.projects.iter_mut().find(|p| p.id == project).expect("the project");
        let iid = home.next_iid;
        home.next_iid += 1;
        self.issues.push(Issue {
            id,
            iid,
            project,
            title: title.trim().to_owned(),
            description: description.to_owned(),
            open: true,
            closed_by: None,
            labels: Vec::new(),
            author,
            assignees: Vec::new(),
            milestone: None,
            due_date: None,
            confidential: false,
            issue_type: "issue".to_owned(),
            weight: None,
            epic: None,
            health: None,
            status: (!self.statuses.is_empty()).then_some(0),
            custom: BTreeMap::new(),
            moved_to: None,
            duplicate_of: None,
            created_at,
            changed: created_at,
            notes: Vec::new(),
        });
        self.issues.last_mut().expect("just pushed")
    }

    /// A maintainer opens or closes an issue.
    pub fn set_open(&mut self, id: u64, open: bool) {
        self.set_open_by(id, open, MAINTAINER);
    }

    /// Opens or closes an issue, and its work-item status with it.
    pub fn set_open_by(&mut self, id: u64, open: bool, user: u64) {
        let changed = self.tick();
        let now_open = |status: &Status| !matches!(status.category, "done" | "canceled");
        let default = self.statuses.iter().position(|status| now_open(status) == open);
        let issue = self.issues.iter_mut().find(|issue| issue.id == id).expect("the issue");
        if issue.open != open {
            (issue.open, issue.status, issue.changed) = (open, default, changed);
            issue.closed_by = (!open).then_some(user);
        }
    }

    /// Buys another tier, or stops to: issues get the statuses that GitLab begins with, or have none any more.
    pub fn set_tier(&mut self, tier: Tier) {
        self.statuses = Self::new(tier).statuses;
        self.tier = tier;
        let now_open = |status: &Status| !matches!(status.category, "done" | "canceled");
        for issue in &mut self.issues {
            issue.status = self.statuses.iter().position(|status| now_open(status) == issue.open);
        }
    }

    /// A maintainer sets a work-item status.
    pub fn set_status(&mut self, id: u64, at: usize) {
        self.set_status_by(id, at, MAINTAINER);
    }

    /// Sets a work-item status, which opens or closes the issue.
    pub fn set_status_by(&mut self, id: u64, at: usize, user: u64) {
        let changed = self.tick();
        let open = !matches!(self.statuses[at].category, "done" | "canceled");
        let issue = self.issues.iter_mut().find(|issue| issue.id == id).expect("the issue");
        if issue.open != open {
            issue.closed_by = (!open).then_some(user);
        }
        (issue.open, issue.status, issue.changed) = (open, Some(at), changed);
    }

    /// Puts labels on an issue; scoped ones exclude one another from Premium on.
    pub fn add_labels(&mut self, id: u64, labels: &[String]) {
        let premium = self.tier >= Tier::Premium;
        let issue = self.issues.iter_mut().find(|issue| issue.id == id).expect("the issue");
        let home = self.projects.iter_mut().find(|p| p.id == issue.project).expect("the project");
        for label in labels {
            if !home.labels.iter().any(|known| known.name == *label) {
                let color = "#6699cc".to_owned();
                home.labels.push(Label { name: label.clone(), color, of_group: false });
            }
            if let Some((scope, _)) = label.rsplit_once("::").filter(|_| premium) {
                let same = |other: &String| other.rsplit_once("::").is_some_and(|(s, _)| s == scope);
                issue.labels.retain(|other| !same(other));
            }
            if !issue.labels.contains(label) {
                issue.labels.push(label.clone());
            }
        }
        issue.labels.sort();
    }

    pub fn note(&mut self, id: u64, author: u64, body: &str, system: bool) -> u64 {
        let note = self.id();
        let issue = self.issues.iter_mut().find(|issue| issue.id == id).expect("the issue");
        issue.notes.push(Note { id: note, author, body: body.to_owned(), system });
        note
    }

    /// Moves an issue to another project, as `/move` does: a copy there, the old one closed.
    pub fn move_away(&mut self, iid: u64, project: u64) {
        let old = self.issue(iid).clone();
        let copy = self.add(project, old.author, &old.title, &old.description);
        (copy.labels, copy.confidential, copy.created_at) = (old.labels, old.confidential, old.created_at);
        let new = copy.id;
        self.set_open(old.id, false);
        self.issue(iid).moved_to = Some(new);
    }
}
