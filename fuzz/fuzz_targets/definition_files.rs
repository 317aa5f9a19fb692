#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| findsync_fuzz::written_definition(text));
