#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| findsync_fuzz::template(text));
