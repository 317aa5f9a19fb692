//! The readers in Rust, one for each standard format.

pub(crate) mod cyclonedx;
pub(crate) mod generic;
pub(crate) mod gitlab;
pub(crate) mod lenient;
pub(crate) mod sarif;
