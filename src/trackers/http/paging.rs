//! Lists that come in pages, and must end: a server that gives a page twice, or ever more of them, is at fault.

use std::collections::HashSet;
use std::fmt::Display;

use crate::trackers::Error;

/// Pages of one list that are read at most.
const MAX_PAGES: usize = 5_000;

/// The way through the pages of one list.
#[derive(Debug)]
pub struct Paging {
    service: String,
    what: String,
    seen: HashSet<String>,
}

impl Paging {
    /// Begins at the first page. `what` reads well after "failed to": `list issues`.
    #[must_use]
    pub fn new(service: impl Into<String>, what: impl Into<String>) -> Self {
        Self { service: service.into(), what: what.into(), seen: HashSet::new() }
    }

    /// Goes on to the page at a cursor.
    ///
    /// # Errors
    /// [`Error::Protocol`] where that page was there before, or the list has no end.
    pub fn go_on(&mut self, cursor: impl Display) -> Result<(), Error> {
        let detail = if self.seen.len() >= MAX_PAGES {
            format!("the list has more than {MAX_PAGES} pages")
        } else if !self.seen.insert(cursor.to_string()) {
            "the list leads back to a page that was read".to_owned()
        } else {
            return Ok(());
        };
        Err(Error::Protocol { service: self.service.clone(), what: self.what.clone(), detail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_come_once_and_end() {
        let mut paging = Paging::new("h", "list issues");
        assert!(paging.go_on("a").is_ok() && paging.go_on("b").is_ok());
        assert!(matches!(paging.go_on("a"), Err(Error::Protocol { .. })));
        let mut paging = Paging::new("h", "list issues");
        let end = (0..).find(|number| paging.go_on(number).is_err());
        assert_eq!(end, Some(MAX_PAGES));
    }
}
