//! findsync keeps a team's issue tracker in step with its security scanners.
//!
//! The way of the data, each stage's output being the next one's input:
//!
//! ```text
//! readers ─► Scan ─► triage ─► Ticket ─► template ─► Draft ─┐
//!                                                           ├─► plan ─► Plan ─► apply ─► Outcome ─► reports
//! trackers (read) ─► Issue ─────────────────────────────────┘                     │
//!                                                                        trackers (write)
//! ```
//!
//! [`sync`] puts the stages in a row; [`commands`] are what people call. Everything between readers and trackers is
//! synchronous and pure. The table of who may import whom is in docs/architecture.md, and a test holds it.

pub mod apply;
pub mod ci;
pub mod cli;
pub mod commands;
pub mod config;
pub mod disk;
pub mod error;
pub mod finding;
pub mod init;
pub mod issue;
pub mod plan;
pub mod readers;
pub mod redact;
pub mod reports;
pub mod sync;
pub mod template;
pub mod trackers;
pub mod triage;
pub mod worker;
