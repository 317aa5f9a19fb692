//! Scanner definitions: `FINDSYNC_READER` names one; without it the first two bytes choose, so that one run covers all.
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
    let Some((first, rest)) = bytes.split_first_chunk::<2>() else { return };
    findsync_fuzz::read(&NAMES[usize::from(u16::from_le_bytes(*first)) % NAMES.len()], rest);
});
