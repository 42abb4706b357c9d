//! The bytes of files: staged on this machine while they arrive, then put into the store, a folder or any S3
//! server, under a random name.
//!
//! `put` returns when the bytes are durable: in a folder, the file is synced and renamed, and then the folder
//! is synced. This module does not know whose a file is; the row that names a file is committed after its
//! bytes.

mod animations;
mod archives;
mod media;
mod moving;
mod pictures;
mod place;
mod sniff;
mod staging;

use std::fs::File;
use std::io::{self, BufReader, Seek as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt as _};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Semaphore;

pub(crate) use moving::{copy_files, has_file};
pub(crate) use pictures::{Picture, PictureError};
pub(crate) use sniff::{Kind, identify, is_shown_inline, sniff};
pub(crate) use staging::{Staged, Staging, sha256, sha256_of};

use crate::config::Storage;
use crate::seeded_bugs::{self, Bug};

/// The store's folder in the data folder, or in the shared one.
const FOLDER: &str = "files";
/// The folder of files that are arriving.
const STAGING: &str = "uploads";
/// How many bytes are read and passed on at once.
const BLOCK_BYTES: usize = 256 * 1024;
/// The size of a part of a large object; S3 accepts no smaller part.
const S3_PART_BYTES: usize = 5 * 1024 * 1024;
/// How many files are put into the store at the same time: each holds a part in memory.
const MAX_WRITING: usize = 4;

/// Why bytes could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BlobError {
    #[error(transparent)]
    Store(#[from] object_store::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl BlobError {
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Store(object_store::Error::NotFound { .. }))
    }
}

/// Bytes that are being read.
pub(crate) type Reading = BoxStream<'static, Result<Bytes, BlobError>>;

pub(crate) struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// The folder of the local store.
    folder: Option<PathBuf>,
    place: Option<String>,
    part_bytes: usize,
    writing: Semaphore,
    /// A picture in memory is the largest thing that this server holds, so only one at a time.
    decoding: Arc<Semaphore>,
    pub staging: Staging,
}

impl Blobs {
    /// Opens the store. Blocks.
    pub(crate) fn open(data_dir: &Path, storage: &Storage) -> Result<Self, BlobError> {
        let staging = Staging::open(data_dir.join(STAGING))?;
        let (store, folder, part_bytes): (Arc<dyn ObjectStore>, _, _) = match storage {
            Storage::Folder | Storage::Shared(_) => {
                let within = if let Storage::Shared(folder) = storage { folder } else { data_dir };
                let folder = within.join(FOLDER);
                staging::make_private_folder(&folder)?;
                if matches!(storage, Storage::Folder) {
                    place::drop_unfinished(&folder)?;
                }
                let store = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true);
                (Arc::new(store), Some(folder), BLOCK_BYTES)
            }
            Storage::S3(s3) => {
                // Keys that the configuration does not name come from the environment, as for AWS' own tools.
                let mut builder = AmazonS3Builder::from_env()
                    .with_bucket_name(&s3.bucket)
                    .with_virtual_hosted_style_request(!s3.path_style);
                if let Some(endpoint) = &s3.endpoint {
                    builder =
                        builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
                }
                if let Some(region) = &s3.region {
                    builder = builder.with_region(region);
                }
                if let Some((access_key, secret_key)) = &s3.keys {
                    builder = builder
                        .with_access_key_id(access_key)
                        .with_secret_access_key(String::from_utf8_lossy(secret_key.as_bytes()));
                }
                (Arc::new(builder.build()?), None, S3_PART_BYTES)
            }
        };
        let place = match storage {
            Storage::Folder => None,
            Storage::Shared(folder) => Some(format!("folder {}", place::id(folder)?)),
            Storage::S3(s3) => Some(format!("bucket {}", s3.bucket)),
        };
        Ok(Self {
            store,
            folder,
            place,
            part_bytes,
            writing: Semaphore::new(MAX_WRITING),
            decoding: Arc::new(Semaphore::new(1)),
            staging,
        })
    }

    /// Where the files are, for other servers to compare; `None` if others do not find them.
    pub(crate) fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// Puts a file's bytes into the store. They are durable when this returns.
    pub(crate) async fn put(&self, key: &str, file: &Arc<File>, size: u64) -> Result<(), BlobError> {
        let _permit = self.writing.acquire().await;
        let mut writer = BufWriter::with_capacity(Arc::clone(&self.store), Key::from(key), self.part_bytes)
            .with_max_concurrency(1);
        let mut blocks = read(Arc::clone(file), 0..size);
        while let Some(block) = blocks.next().await {
            let put = match block {
                Ok(block) => writer.put(block).await.map_err(BlobError::from),
                Err(error) => Err(error),
            };
            if let Err(error) = put {
                // Its leftovers can be found by its name, which is recorded as unfinished.
                drop(writer.abort().await);
                return Err(error);
            }
        }
        Ok(writer.shutdown().await?)
    }

    /// Like [`Blobs::put`], for a file as it arrived: a folder takes it over without another copy.
    pub(crate) async fn put_staged(&self, key: &str, staged: &Staged) -> Result<(), BlobError> {
        if let Some(folder) = self.folder.clone() {
            let _permit = self.writing.acquire().await;
            let (file, from, to) = (Arc::clone(&staged.file), staged.path.clone(), folder.join(key));
            let is_linked = blocking(move || {
                if !seeded_bugs::is(Bug::UnsyncedUpload) {
                    file.sync_all()?;
                }
                match std::fs::hard_link(from, to) {
                    Ok(()) => sync_folder(&folder).map(|()| true),
                    Err(error) if has_no_links(error.kind()) => Ok(false),
                    Err(error) => Err(error),
                }
            });
            if is_linked.await? {
                return Ok(());
            }
        }
        self.put(key, &staged.file, staged.offset).await
    }

    /// Like [`Blobs::put`], for something small that is already in memory.
    pub(crate) async fn put_bytes(&self, key: &str, bytes: Bytes) -> Result<(), BlobError> {
        self.store.put(&Key::from(key), bytes.into()).await?;
        Ok(())
    }

    /// Reads a part of a file, piece by piece, at the reader's pace.
    pub(crate) async fn read(&self, key: &str, range: Range<u64>) -> Result<Reading, BlobError> {
        if range.is_empty() {
            return Ok(stream::empty().boxed());
        }
        let options = GetOptions::new().with_range(Some(GetRange::Bounded(range)));
        let found = self.store.get_opts(&Key::from(key), options).await?;
        Ok(match found.payload {
            GetResultPayload::File(file, _) => read(Arc::new(file), found.range),
            GetResultPayload::Stream(stream) => stream.map_err(BlobError::from).boxed(),
        })
    }

    /// All of a small file.
    pub(crate) async fn bytes(&self, key: &str) -> Result<Bytes, BlobError> {
        Ok(self.store.get(&Key::from(key)).await?.bytes().await?)
    }

    /// Removes a file, if it is there, or what was written of it.
    pub(crate) async fn remove(&self, key: &str) -> Result<(), BlobError> {
        if let (Some(folder), Some(_)) = (self.folder.clone(), &self.place) {
            let key = key.to_owned();
            blocking(move || place::drop_unfinished_of(&folder, &key)).await?;
        }
        match self.store.delete(&Key::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes removals durable: a power cut must not bring back files that no row names.
    pub(crate) async fn sync_removals(&self) -> Result<(), BlobError> {
        let Some(folder) = self.folder.clone() else { return Ok(()) };
        Ok(blocking(move || sync_folder(&folder)).await?)
    }

    /// Processes a picture outside the async threads, one at a time.
    pub(crate) async fn with_picture<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, BlobError> {
        let permit = Arc::clone(&self.decoding).acquire_owned().await;
        Ok(blocking(move || {
            let _permit = permit;
            Ok(work())
        })
        .await?)
    }
}

/// Whether linking failed because it is impossible here: two file systems, one without links, or a file with
/// the most links already.
fn has_no_links(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{CrossesDevices, PermissionDenied, TooManyLinks, Unsupported};
    matches!(kind, CrossesDevices | PermissionDenied | TooManyLinks | Unsupported)
}

/// A file from its beginning.
fn rewound(mut file: &File) -> io::Result<BufReader<&File>> {
    file.rewind()?;
    Ok(BufReader::new(file))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Runs blocking work on files outside the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// The bytes of an open file, block by block.
fn read(file: Arc<File>, range: Range<u64>) -> Reading {
    let blocks = stream::try_unfold((file, range), async |(file, range)| {
        if range.is_empty() {
            return Ok(None);
        }
        let wanted = usize::try_from(range.end - range.start).unwrap_or(BLOCK_BYTES).min(BLOCK_BYTES);
        let (file, block) = blocking(move || {
            let mut block = vec![0; wanted];
            file.read_exact_at(&mut block, range.start)?;
            Ok((file, block))
        })
        .await?;
        let start = range.start + block.len() as u64;
        Ok::<_, BlobError>(Some((Bytes::from(block), (file, start..range.end))))
    });
    blocks.boxed()
}
