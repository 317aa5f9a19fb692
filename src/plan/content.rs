//! The members of an issue by what became of them.

/// The members of an issue by what became of them.
pub(super) struct Content {
    pub here: Vec<usize>,
    /// Members that other issues hold from now on.
    pub left: Vec<usize>,
    /// Members that keep the issue open.
    pub active: Vec<usize>,
}
