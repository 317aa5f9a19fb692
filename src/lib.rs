//! findsync keeps a team's issue tracker in step with its security scanners.

pub mod apply;
pub mod ci;
pub mod config;
pub mod finding;
pub mod init;
pub mod issue;
pub mod plan;
pub mod readers;
pub mod reports;
pub mod template;
pub mod trackers;
pub mod triage;
