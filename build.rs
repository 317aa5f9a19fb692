//! Lists the scanner definitions in `scanners/`, so that they are compiled in.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=scanners");
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let mut names = fs::read_dir(Path::new(&root).join("scanners"))?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>, _>>()?;
    names.retain(|name| name.ends_with(".yml"));
    names.sort();
    let mut code =
        "/// The built-in definitions: file name and text.\nstatic DEFINITIONS: &[(&str, &str)] = &[\n".to_owned();
    for name in names {
        let path = format!("{root}/scanners/{name}");
        writeln!(code, "    ({name:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("definitions.rs"), code)
}
