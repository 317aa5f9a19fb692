//! The reader that scanner definitions (`scanners/*.yml`) program: a definition's parts, and what is made of what it yields.

pub(crate) mod artifact;
pub(crate) mod containers;
pub(crate) mod definition;
pub(crate) mod facts;
pub(crate) mod finding;
pub(crate) mod isolated;
pub(crate) mod jq;
pub(crate) mod scans;
pub(crate) mod tables;
pub(crate) mod trial;
