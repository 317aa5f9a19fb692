//! Any bytes, read by one reader, which the environment names: `FINDSYNC_READER=trivy cargo +nightly fuzz run each_reader`.
//! Without it the first byte chooses, so that one run covers all readers.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| match std::env::var("FINDSYNC_READER") {
    Ok(name) => vec![name],
    Err(_) => {
        let all = findsync::readers::list(Path::new("/nonexistent")).expect("the built-in definitions are right");
        all.into_iter().map(|info| info.name).collect()
    }
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let name = &NAMES[usize::from(*first) % NAMES.len()];
    let _either = findsync::readers::read_bytes("fuzz", rest.to_vec(), Some(name));
});
