//! Redaction: our secrets are taken out of whatever comes back, before anybody can print it.

use std::sync::{PoisonError, RwLock};

/// Shorter ones would tear holes into innocent text.
const SHORTEST: usize = 6;

/// The secrets of one client.
#[derive(Default)]
pub(super) struct Secrets(RwLock<Vec<String>>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Secrets {
    pub(super) fn add(&self, secret: &str) {
        let mut secrets = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if secret.len() >= SHORTEST && !secrets.iter().any(|known| known == secret) {
            secrets.push(secret.to_owned());
        }
    }

    pub(super) fn scrub(&self, text: &str) -> String {
        let secrets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }

    /// The same for a body, which is copied only where it does hold a secret.
    pub(super) fn scrub_bytes(&self, body: Vec<u8>) -> Vec<u8> {
        match std::str::from_utf8(&body) {
            Ok(text) if !self.found_in(text) => body,
            _ => self.scrub(&String::from_utf8_lossy(&body)).into_bytes(),
        }
    }

    fn found_in(&self, text: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().any(|secret| text.contains(secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_secrets_out_and_leaves_the_rest() {
        let secrets = Secrets::default();
        secrets.add("ghp_123456");
        secrets.add("");
        assert_eq!(secrets.scrub("bad token ghp_123456!"), "bad token ***!");
        assert_eq!(secrets.scrub_bytes(b"fine".to_vec()), b"fine");
        assert_eq!(format!("{secrets:?}"), "***");
    }
}
