//! Packs the scanner definitions in `scanners/`, so that they are compiled in: a quarter of their size as text. And the
//! static binary's relocations, which musl unpacks at its start (`DT_RELR`): half a megabyte less.

use std::io::Write as _;
use std::path::Path;
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::DeflateEncoder;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=scanners");
    let target = |part: &str| env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    // Elsewhere linkers do not all know it.
    if target("ARCH") == "x86_64" && target("ENV") == "musl" {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let scanners = Path::new(&root).join("scanners");
    pack(&scanners, &Path::new(&out).join("definitions"))?;
    pack(&scanners.join("standards"), &Path::new(&out).join("standards"))?;
    pack(&scanners.join("sarif"), &Path::new(&out).join("sarif_tools"))
}

/// Packs the YAML files of a folder: file name and text by turns, each ended by a NUL, which neither holds.
fn pack(folder: &Path, to: &Path) -> io::Result<()> {
    let mut files = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    files.retain(|file| file.path().extension().is_some_and(|extension| extension == "yml"));
    files.sort_by_key(fs::DirEntry::file_name);
    let mut packed = DeflateEncoder::new(fs::File::create(to)?, Compression::best());
    for file in files {
        let text = fs::read_to_string(file.path())?;
        assert!(!text.contains('\0'), "{} holds a NUL", file.path().display());
        write!(packed, "{}\0{text}\0", file.file_name().to_string_lossy())?;
    }
    packed.finish()?.sync_all()
}
