//! Turns `dist/`, the built web application, and `static/`, the page of the sockets, into one table of
//! files for `lib.rs`: with their entity tags, and with a Brotli copy where that is worth it.
//!
//! `dist/` is committed, so that a build needs neither Node nor a network. Its source is in `web/`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

/// A copy has to be smaller by a tenth; else it is not worth a second set of bytes in the binary.
const WORTH_IT: (usize, usize) = (9, 10);

fn main() -> Result<()> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut table = String::from("&[\n");
    for (folder, served_under) in [("dist", ""), ("static", "/static")] {
        println!("cargo::rerun-if-changed={folder}");
        let folder = root.join(folder);
        for file in files_in(&folder)? {
            let name = file.strip_prefix(&folder)?.to_str().context("a file name is not UTF-8")?;
            table.push_str(&row(&format!("{served_under}/{name}"), &file, &out)?);
        }
    }
    table.push(']');
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

/// All files below a folder, in an order that does not depend on the machine.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() { files.extend(files_in(&path)?) } else { files.push(path) }
    }
    Ok(files)
}

fn row(path: &str, file: &Path, out: &Path) -> Result<String> {
    let bytes = fs::read(file)?;
    let content_type = content_type(path)?;
    let tag: String = Sha256::digest(&bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mut brotli = String::from("None");
    if !content_type.starts_with("image/png") {
        let copy = compressed(&bytes)?;
        if copy.len() * WORTH_IT.1 < bytes.len() * WORTH_IT.0 {
            let place = out.join(format!("{tag}.br"));
            fs::write(&place, copy)?;
            brotli =
                format!("Some(Brotli {{ bytes: include_bytes!({place:?}), etag: \"\\\"{tag}-br\\\"\" }})");
        }
    }
    let mut row = String::new();
    writeln!(
        row,
        "Asset {{ path: {path:?}, content_type: {content_type:?}, bytes: include_bytes!({file:?}), \
         etag: \"\\\"{tag}\\\"\", brotli: {brotli} }},"
    )?;
    Ok(row)
}

fn compressed(mut bytes: &[u8]) -> Result<Vec<u8>> {
    let mut copy = Vec::new();
    brotli::BrotliCompress(&mut bytes, &mut copy, &brotli::enc::BrotliEncoderParams::default())?;
    Ok(copy)
}

fn content_type(path: &str) -> Result<&'static str> {
    let (_, ending) = path.rsplit_once('.').unwrap_or_default();
    Ok(match ending {
        "bin" => "application/octet-stream",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "webmanifest" => "application/manifest+json",
        _ => bail!("{path}: add the content type of such files to build.rs"),
    })
}
