//! Files that are still arriving: in their own folder on this machine, one for each user.
//!
//! An upload that can be resumed is identified by its hash and size. A resumed upload works on a copy, so a
//! hanging connection that still holds the old one changes nothing. Nothing here is synced: what a power cut
//! damages has another hash.
//!
//! The work is spread over the time in which the bytes arrive, so that the end of a large file does not delay
//! messages: bytes are hashed as they come, and the disk is told early to begin writing them.

use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use chinwag_protocol::UserId;
use rustix::fs::Advice;

use super::blocking;

/// After how many bytes the disk is told to begin writing.
const WRITEBACK_BYTES: u64 = 1024 * 1024;
/// Unfinished uploads that are kept for one user; the oldest are removed first.
const MAX_UNFINISHED: usize = 16;

pub(crate) struct Staging {
    folder: PathBuf,
}

/// A file that is arriving. Its bytes stay when this is dropped, so that the upload can be resumed.
pub(crate) struct Staged {
    pub(super) path: PathBuf,
    pub file: Arc<File>,
    /// Bytes that have arrived.
    pub offset: u64,
    /// The hash of these bytes.
    hash: Context,
}

impl Staging {
    pub(super) fn open(folder: PathBuf) -> io::Result<Self> {
        make_private_folder(&folder)?;
        Ok(Self { folder })
    }

    /// Begins a file. With a name, it continues where an earlier upload of that name and user stopped.
    pub(crate) async fn begin(&self, user_id: UserId, name: Option<String>) -> io::Result<Staged> {
        let folder = self.folder.join(user_id.to_string());
        blocking(move || {
            make_private_folder(&folder)?;
            let mut unfinished = list(&folder)?;
            let prefix = name.unwrap_or_default();
            let is_meant = |path: &Path| !prefix.is_empty() && is_named(path, &prefix);
            let earlier = unfinished.iter().rposition(|(_, path)| is_meant(path));
            let earlier = earlier.map(|index| unfinished.remove(index).1);
            let surplus = unfinished.len().saturating_sub(MAX_UNFINISHED - 1);
            for (_, path) in unfinished.drain(..surplus) {
                remove(&path)?;
            }
            let path = folder.join(format!("{prefix}.{:032x}", rand::random::<u128>()));
            if let Some(earlier) = earlier {
                std::fs::copy(&earlier, &path)?;
                remove(&earlier)?;
            }
            let file = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)?;
            let offset = file.metadata()?.len();
            let hash = hash_of(&file, offset)?;
            Ok(Staged { path, file: Arc::new(file), offset, hash })
        })
        .await
    }

    /// Whether an unfinished upload of this name exists.
    pub(crate) async fn has(&self, user_id: UserId, name: &str) -> bool {
        let (folder, name) = (self.folder.join(user_id.to_string()), name.to_owned());
        let found = blocking(move || Ok(list(&folder)?.iter().any(|(_, path)| is_named(path, &name)))).await;
        found.unwrap_or_default()
    }

    /// Removes files that nobody has written to for this long; returns how many.
    pub(crate) async fn sweep(&self, after: Duration) -> io::Result<u64> {
        let folder = self.folder.clone();
        blocking(move || {
            let oldest = SystemTime::now().checked_sub(after).unwrap_or(SystemTime::UNIX_EPOCH);
            let mut removed = 0;
            for user in std::fs::read_dir(folder)? {
                for (written, path) in list(&user?.path())? {
                    if written < oldest {
                        remove(&path)?;
                        removed += 1;
                    }
                }
            }
            Ok(removed)
        })
        .await
    }
}

impl Staged {
    /// Adds bytes at the end.
    pub(crate) async fn append(&mut self, bytes: Bytes) -> io::Result<()> {
        let (file, mut hash, begin) = (Arc::clone(&self.file), self.hash.clone(), self.offset);
        let end = begin + bytes.len() as u64;
        self.hash = blocking(move || {
            file.write_all_at(&bytes, begin)?;
            hash.update(&bytes);
            begin_writeback(&file, begin, end);
            Ok(hash)
        })
        .await?;
        self.offset = end;
        Ok(())
    }

    /// The SHA-256 of the bytes that have arrived, in hexadecimal digits.
    pub(crate) fn sha256(&self) -> String {
        hexadecimal(self.hash.clone())
    }

    /// An unnamed file on the same disk, for another form of this one.
    pub(crate) fn sibling(&self) -> io::Result<File> {
        let path = self.path.with_extension(format!("{:032x}", rand::random::<u128>()));
        let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        std::fs::remove_file(path)?;
        Ok(file)
    }

    /// Deletes the file.
    pub(crate) async fn discard(self) {
        // What can't be removed now is swept later.
        drop(blocking(move || remove(&self.path)).await);
    }
}

/// The SHA-256 of a file, in hexadecimal digits. Blocks.
pub(crate) fn sha256(file: &File, size: u64) -> io::Result<String> {
    Ok(hexadecimal(hash_of(file, size)?))
}

/// The SHA-256 of bytes in memory, in hexadecimal digits.
pub(crate) fn sha256_of(bytes: &[u8]) -> String {
    let mut hash = Context::new(&SHA256);
    hash.update(bytes);
    hexadecimal(hash)
}

fn hash_of(file: &File, size: u64) -> io::Result<Context> {
    let mut hash = Context::new(&SHA256);
    let mut block = vec![0; 64 * 1024];
    let mut offset = 0;
    while offset < size {
        let read = file.read_at(&mut block, offset)?;
        let bytes = block.get(..read).filter(|bytes| !bytes.is_empty());
        hash.update(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        offset += read as u64;
    }
    Ok(hash)
}

fn hexadecimal(hash: Context) -> String {
    hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Tells the disk to begin writing every full part between these positions, without waiting. The final sync
/// then has little left to do, and the log's own syncs do not queue behind a whole file.
fn begin_writeback(file: &File, begin: u64, end: u64) {
    let (from, to) = (begin / WRITEBACK_BYTES * WRITEBACK_BYTES, end / WRITEBACK_BYTES * WRITEBACK_BYTES);
    if let Some(length) = NonZeroU64::new(to - from) {
        // Only a hint: without it, everything is written at the end.
        let _ = rustix::fs::fadvise(file, from, Some(length), Advice::DontNeed);
    }
}

/// The unfinished files of a user, least recently written first.
fn list(folder: &Path) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        // It may have been finished meanwhile.
        if let Ok(metadata) = entry.metadata() {
            files.push((metadata.modified()?, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

fn is_named(path: &Path, name: &str) -> bool {
    path.file_stem().is_some_and(|stem| stem == name)
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(super) fn make_private_folder(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
