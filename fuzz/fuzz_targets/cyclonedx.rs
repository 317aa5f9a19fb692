#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| findsync_fuzz::read("cyclonedx", bytes));
