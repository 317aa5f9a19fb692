//! The closed lists of words of the mapping file, and what each means.

use super::spanned::Words;
use crate::config::{Confidential, FieldOn, GroupBy, OnManualClose, OnReturn, Public, TrackerKind, UpdatePolicy};
use crate::finding::{Kind, Severity, Status};

/// How a token is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenType {
    /// As the service's own tokens are.
    Token,
    /// `Authorization: Bearer`.
    Bearer,
    /// GitLab's `JOB-TOKEN`.
    Job,
}

/// Whether an issue is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenOrClosed {
    Open,
    Closed,
}

/// A status that people can decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decided(pub(crate) Status);

/// The words of the mapping file for statuses.
const STATUSES: [(&str, Status); 4] = [
    ("active", Status::Active),
    ("closed", Status::Closed),
    ("false_positive", Status::FalsePositive),
    ("risk_accepted", Status::RiskAccepted),
];

impl Words for Severity {
    const WHAT: &'static str = "a severity";

    fn words() -> Vec<(&'static str, Self)> {
        let names = ["info", "low", "medium", "high", "critical"];
        names.into_iter().zip(Self::ALL).collect()
    }
}

impl Words for Kind {
    const WHAT: &'static str = "a kind of finding";

    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.into_iter().map(|kind| (kind.name(), kind)).collect()
    }
}

impl Words for Decided {
    const WHAT: &'static str = "a status that people can decide";

    fn words() -> Vec<(&'static str, Self)> {
        STATUSES[2..].iter().map(|&(word, status)| (word, Self(status))).collect()
    }

    fn read(word: &str) -> Option<Self> {
        let status = word.parse().ok()?;
        matches!(status, Status::FalsePositive | Status::RiskAccepted).then_some(Self(status))
    }
}

impl Words for FieldOn {
    const WHAT: &'static str = "a time to write a field";

    fn words() -> Vec<(&'static str, Self)> {
        let mut words = vec![("create", Self::Create), ("update", Self::Update)];
        words.extend(STATUSES.map(|(word, status)| (word, Self::Status(status))));
        words
    }
}

impl Words for TrackerKind {
    const WHAT: &'static str = "a type of tracker";

    fn words() -> Vec<(&'static str, Self)> {
        vec![
            ("github", Self::GitHub),
            ("gitlab", Self::GitLab),
            ("azure_devops", Self::AzureDevOps),
            ("local", Self::Local),
        ]
    }
}

/// Writes a list of words for each type.
macro_rules! words {
    ($($type:ident: $what:literal { $($word:literal => $value:ident),+ })+) => {
        $(impl Words for $type {
            const WHAT: &'static str = $what;

            fn words() -> Vec<(&'static str, Self)> {
                vec![$(($word, Self::$value)),+]
            }
        })+
    };
}

words! {
    TokenType: "a type of token" { "token" => Token, "bearer" => Bearer, "job" => Job }
    OpenOrClosed: "a state" { "open" => Open, "closed" => Closed }
    GroupBy: "something to group by" {
        "rule" => Rule, "component" => Component, "file" => File, "severity" => Severity, "kind" => Kind,
        "scanner" => Scanner, "target" => Target, "fix" => Fix
    }
    UpdatePolicy: "an update policy" { "if_unedited" => IfUnedited, "always" => Always, "never" => Never }
    OnReturn: "something to do when a finding comes back" { "reopen" => Reopen, "new" => New }
    OnManualClose: "something to do with an issue closed by hand" { "reopen" => Reopen, "keep" => Keep }
    Public: "a way to write in public" { "full" => Full, "minimal" => Minimal }
    Confidential: "a choice of confidentiality" { "auto" => Auto, "always" => Always, "never" => Never }
}
