//! Turns `dist/`, the built web application, and `static/`, the page of the sockets, into one table of files
//! for `lib.rs`: with entity tags, and with a Brotli copy if it is worth it. The files of Swagger UI come
//! from another crate's archive, and are packed.
//!
//! `dist/` is committed, so that a build needs neither Node nor a network. Its source is in `web/`.

use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

/// A copy must save a tenth to be worth a second set of bytes in the binary.
const WORTH_IT: (usize, usize) = (9, 10);
/// The files of Swagger UI that the API documentation loads.
const DOCUMENTATION: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

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
    fs::write(out.join("documentation.rs"), documentation(&out)?)?;
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

/// A table of the packed files of Swagger UI.
fn documentation(out: &Path) -> Result<String> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let mut table = String::from("&[\n");
    for name in DOCUMENTATION {
        // All files are below one folder, named after the version.
        let place = format!("dist/{name}");
        let found = archive
            .file_names()
            .filter_map(|path| Some(path.ok()?.into_owned()))
            .find(|path| path.split_once('/').is_some_and(|(_, path)| path == place));
        let mut bytes = Vec::new();
        archive
            .by_name(&found.with_context(|| format!("no {place} in Swagger UI"))?)?
            .read_to_end(&mut bytes)?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&bytes)?;
        let file = out.join(format!("{name}.gz"));
        fs::write(&file, gzip.finish()?)?;
        let content_type = content_type(name)?;
        writeln!(
            table,
            "Packed {{ name: {name:?}, content_type: {content_type:?}, gzip: include_bytes!({file:?}) }},"
        )?;
    }
    table.push(']');
    Ok(table)
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
