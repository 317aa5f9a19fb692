//! What the targets have in common.

use findsync::readers::read_bytes;

/// Reads any bytes by one reader: `Ok` or `Err`, never a panic.
pub fn read(reader: &str, bytes: &[u8]) {
    let _either = read_bytes("fuzz", bytes.to_vec(), Some(reader));
}
