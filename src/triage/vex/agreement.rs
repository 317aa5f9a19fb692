//! How well what a document names agrees with what was found.

/// Whether two names mean the same, as far as both say enough. In order, so that the weakest part of a name decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Agreement {
    /// They differ.
    No,
    /// The document says more than the report: it may be about another version, digest or architecture.
    Unknown,
    /// They agree.
    Yes,
}

impl Agreement {
    pub(super) fn of(agrees: bool) -> Self {
        if agrees { Self::Yes } else { Self::No }
    }

    /// Agreement with all; nothing to disagree with is agreement.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().min().unwrap_or(Self::Yes)
    }

    /// Agreement with at least one.
    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().max().unwrap_or(Self::No)
    }
}
