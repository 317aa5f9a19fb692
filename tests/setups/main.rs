//! The ways in which teams are set up, each as a short story: what was scanned, and what the board must show. The program
//! runs as a pipeline calls it, against a board of files.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod branches;
mod groups;
mod kit;
mod late;
mod matrix;
mod moved;
mod people;
mod reports;
mod repositories;
mod scanners;

/// Vulnerabilities of one package, of which nothing is known but their names.
const FIRST: &str = "CVE-2021-1111";
const SECOND: &str = "CVE-2022-2222";
const THIRD: &str = "CVE-2023-3333";
/// An advisory that stands for one of them, where a report says so.
const ADVISORY: &str = "GHSA-35jh-r3h4-6jhm";
