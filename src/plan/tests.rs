//! The decision table of docs/architecture.md, row by row.
