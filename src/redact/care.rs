//! How much is taken for a credential.

/// How much is taken for a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Care {
    /// What has a credential's form: tokens of known services, private keys, logins in addresses, values of names such as
    /// `password`.
    Certain,
    /// Also words that only a machine can have made.
    Likely,
    /// Also all that is quoted or assigned, and words with digits: for texts that are about a credential, or that repeat
    /// what a server answered.
    Strict,
}
