//! Planning and applying over issues in memory: the table of what happens to an issue, row by row, and the rules of matching,
//! guarding and writing that only show where something goes wrong.
#![expect(
    clippy::unwrap_used,
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "a failed unwrap fails the test; the board, the desk and the builders are shared with other tests"
)]

mod accounts;
mod answers;
mod authority;
#[path = "../laws/board.rs"]
mod board;
mod carry;
#[path = "../contract/mod.rs"]
mod contract;
mod dependencies;
#[path = "../laws/desk.rs"]
mod desk;
mod fields;
mod groups;
mod guard;
mod kit;
mod matching;
mod names;
mod news;
mod places;
mod script;
mod table;
mod words;
mod writes;
