//! Whether what a run works on is vouched for. What is not known to be is not.

/// Whether somebody who may write to the repository vouches for what a run works on: its mapping file, reports and code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trust {
    /// Its event runs on what such people pushed; outside of a CI, people know what they run.
    #[default]
    Trusted,
    /// It may hold what a stranger wrote, so it only plans.
    Untrusted {
        /// Why, for people.
        why: String,
    },
}

impl Trust {
    pub(super) fn untrusted(why: String) -> Self {
        Self::Untrusted { why }
    }

    /// That of runs for pull and merge requests.
    pub(super) fn request() -> Self {
        Self::untrusted("what a pull or merge request holds is not merged yet".to_owned())
    }
}
