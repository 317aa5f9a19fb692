//! When issues were read: what is written to one is based on that, and people may write in between.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// When each issue was last read by itself, by its number.
#[derive(Debug, Default)]
pub struct Readings(Mutex<HashMap<u64, Instant>>);

impl Readings {
    /// Remembers a reading that began at a moment.
    pub fn note(&self, number: u64, begun: Instant) {
        self.with(|readings| readings.insert(number, begun));
    }

    /// When an issue was read.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<Instant> {
        self.with(|readings| readings.get(&number).copied())
    }

    /// Forgets a reading: what follows is based on a write of ours.
    pub fn forget(&self, number: u64) {
        self.with(|readings| readings.remove(&number));
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashMap<u64, Instant>) -> T) -> T {
        // Every entry is whole, so a panic elsewhere leaves the map right.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
