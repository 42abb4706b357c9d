//! What a private server needs for one run: a folder, and a secret that signs tokens.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::{ClientError, system};

/// A folder for one run, on a disk: in memory every sync would be free.
///
/// # Errors
/// If it can't be created.
pub fn temporary_folder(prefix: &str, parent: Option<&Path>) -> Result<TempDir, ClientError> {
    let disk = Path::new("/var/tmp");
    let parent = parent
        .map_or_else(|| if disk.is_dir() { disk.to_owned() } else { std::env::temp_dir() }, Path::to_owned);
    tempfile::Builder::new().prefix(prefix).tempdir_in(parent).map_err(system("can't make a folder"))
}

/// A secret for one run, written to a file in that folder. Server and tokens live no longer than the run.
///
/// # Errors
/// If it can't be written.
pub fn make_secret(folder: &Path) -> Result<(PathBuf, String), ClientError> {
    let secret = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
    let file = folder.join("secret");
    fs::write(&file, &secret).map_err(system("can't write the secret"))?;
    Ok((file, secret))
}

/// The secret of a running server, without the line end that editors and `echo` add, as the server reads it.
///
/// # Errors
/// If it can't be read.
pub fn read_secret(file: &Path) -> Result<Vec<u8>, ClientError> {
    let mut secret = fs::read(file).map_err(system("can't read the secret"))?;
    if secret.last() == Some(&b'\n') {
        secret.pop();
        if secret.last() == Some(&b'\r') {
            secret.pop();
        }
    }
    Ok(secret)
}
