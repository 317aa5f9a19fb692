//! The jq engine under the definitions: the jaq crates, our own functions, and the terms that run natively.

pub(crate) mod builtins;
pub(crate) mod functions;
pub(crate) mod objects;
pub(crate) mod paths;
pub(crate) mod rewrite;
pub(crate) mod runtime;
