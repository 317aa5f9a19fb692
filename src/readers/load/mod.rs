//! A report's bytes → text, JSON, tables: found, unpacked, decoded, bounded in size.

pub(crate) mod archive;
pub(crate) mod document;
pub(crate) mod input;
pub(crate) mod value;
pub(crate) mod workbook;
pub(crate) mod xml;
