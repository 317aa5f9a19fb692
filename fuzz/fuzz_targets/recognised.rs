//! Any bytes, read by the reader that recognises them: `Ok` or `Err`, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _either = findsync::readers::read_bytes("fuzz", bytes.to_vec(), None);
});
