//! Files that init proposes, and how values are written into them.

use std::path::PathBuf;

/// The name of the mapping file.
pub const MAPPING_FILE: &str = ".findsync.yml";

/// The names under which the mapping file is looked for.
pub const MAPPING_FILES: [&str; 4] = [MAPPING_FILE, ".findsync.yaml", "findsync.yml", "findsync.yaml"];

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its path, from the folder.
    pub path: PathBuf,
    /// What stands in it.
    pub content: String,
}

/// Text as a YAML scalar of the mapping file, where `${` would begin a variable.
pub(super) fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._/@-*".contains(c) || (c == ':' && text.contains("://")))
        && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(&text.to_lowercase().as_str());
    if is_plain { text.to_owned() } else { serde_json::Value::from(text.replace("${", "$${")).to_string() }
}
