//! Which reader a document is for: one look at it, and the list of all readers.

pub(crate) mod outline;
pub(crate) mod probe;
pub(crate) mod registry;
