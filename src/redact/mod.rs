//! Takes out of texts what looks like a credential, whoever wrote it: the net under all that is read and printed.
//!
//! What is known to be a secret is taken out where it is known (`readers/normalise/redact.rs`); this is for what nobody named.

mod address;
mod assigned;
mod care;
mod mask;
mod names;
mod net;
mod random;
mod tokens;
mod values;

pub use address::without_session;
pub use care::Care;
pub use mask::{MASK, is_masked};
pub use net::{clean, credentials, found, text};
pub use values::{only_words_of, plain_name, without_values};

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
