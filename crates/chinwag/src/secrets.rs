//! The server's own secrets: the key of its tokens, and that of its push messages. Files in the data folder, or rows of a
//! database that several servers share. Created at the first start.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::blobs::sync_folder;
use crate::config::{Config, Secret};
use crate::error::Refusal;
use crate::outbound::Vapid;
use crate::store::Store;

/// The server's own token secret.
pub(crate) const TOKEN_KEY: &str = "token.key";
/// The key of the browsers' push subscriptions.
pub(crate) const PUSH_KEY: &str = "push.key";
const SECRET_BYTES: usize = 32;

/// Why a secret can't be used: the file's path, or its name in the database.
#[derive(Debug)]
pub(crate) struct Unusable {
    pub(crate) path: PathBuf,
    pub(crate) reason: String,
}

/// The secret of the server's own tokens. Blocks.
pub(crate) fn token_key(store: &Store, folder: &Path) -> Result<Secret, Unusable> {
    let parse = |bytes: Vec<u8>| {
        if bytes.len() < SECRET_BYTES { Err("it is truncated".to_owned()) } else { Secret::new(bytes) }
    };
    own(store, folder, TOKEN_KEY, parse, || Ok(rand::random::<[u8; SECRET_BYTES]>().to_vec()))
}

/// The key of the server's push messages; `None` if push is off. Blocks.
pub(crate) fn push_key(store: &Store, config: &Config) -> Result<Option<Vapid>, Unusable> {
    if !config.push.is_enabled {
        return Ok(None);
    }
    let parse = |bytes: Vec<u8>| Vapid::new(&bytes, config.push.contact.clone());
    own(store, &config.data_dir, PUSH_KEY, parse, Vapid::generate).map(Some)
}

fn own<T>(
    store: &Store,
    folder: &Path,
    name: &'static str,
    parse: impl Fn(Vec<u8>) -> Result<T, String>,
    make: impl FnOnce() -> Result<Vec<u8>, String>,
) -> Result<T, Unusable> {
    let path = folder.join(name);
    let in_folder = |reason: String| Unusable { path: path.clone(), reason };
    if !store.is_shared() {
        return parse(own_file(&path, make)?).map_err(in_folder);
    }
    let in_database =
        |reason: String| Unusable { path: PathBuf::from(name), reason: format!("the database: {reason}") };
    let known = store.read_blocking(|view| Ok::<_, Refusal>(view.secret(name)?));
    let bytes = match known.map_err(|error| in_database(error.to_string()))? {
        Some(bytes) => bytes,
        None => {
            // Of the server that was alone here before: what it signed stays good.
            let bytes = match read(&path).map_err(|error| in_folder(error.to_string()))? {
                Some(bytes) => parse(bytes.clone()).map(|_| bytes),
                None => make(),
            };
            let bytes = bytes.map_err(in_folder)?;
            let kept = store.write_blocking(move |change| Ok::<_, Refusal>(change.secret_or(name, &bytes)?));
            kept.map_err(|error| in_database(error.to_string()))?
        }
    };
    parse(bytes).map_err(in_database)
}

/// The bytes of a file that only its owner may read, which is created if it is missing.
pub(crate) fn own_file(
    path: &Path,
    make: impl FnOnce() -> Result<Vec<u8>, String>,
) -> Result<Vec<u8>, Unusable> {
    let failed = |reason: String| Unusable { path: path.to_owned(), reason };
    match read(path).map_err(|error| failed(error.to_string()))? {
        Some(bytes) => Ok(bytes),
        None => make().and_then(|bytes| write_file(path, bytes)).map_err(failed),
    }
}

fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file that only its owner may read. A crash leaves none or a whole one: a truncated secret would sign
/// everybody out.
pub(crate) fn write_file(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let write = || {
        let unfinished = path.with_extension("new");
        let mut file =
            std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&unfinished, path)?;
        sync_folder(path.parent().unwrap_or(Path::new(".")))
    };
    write().map_err(|error: std::io::Error| error.to_string())?;
    Ok(bytes)
}
