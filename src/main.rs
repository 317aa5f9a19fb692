//! The command line: wiring and the last resort for errors.

fn main() {}
