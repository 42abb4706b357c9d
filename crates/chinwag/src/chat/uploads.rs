//! Uploads: begin, add bytes, finish. Sockets and REST each bring the bytes in their own way.
//!
//! The client's claims about a file are not trusted: size and hash are computed, the type is read from the
//! bytes, and only the harmless part of the name is kept. The row is committed last, after the bytes.
//!
//! Chunks of a socket go to one task per upload, so no message waits for a disk or a picture. The bytes are
//! staged under their hash and size, by which a client also finds an upload again. At the end the hash is
//! checked, and a picture is decoded and re-encoded. Then the name of the blob is committed as *loose*; the
//! bytes are put into the store; one transaction removes the loose name and adds the row. Deletion goes the
//! other way. So whenever a crash happens, each blob is named by a row or is loose, and the sweep after the
//! start removes the loose ones. Messages hold their attachments in the event itself: history and replays
//! look up no files.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chinwag_protocol::rest::UploadedFile;
use chinwag_protocol::{ErrorCode, FileId, NewUpload, UserId};

use super::Chat;
use super::file_names::{harmless, with_extension};
use super::files::{thumbnail_name, unavailable};
use super::once::Once;
use crate::auth::Actor;
use crate::blobs::{self, BlobError, Kind, Picture, PictureError, Staged};
use crate::error::Refusal;
use crate::limits::RateLimiter;
use crate::store::{NewFile, random_token};

/// An upload in progress. Dropping it keeps what has arrived, so that it can resume.
pub(crate) struct Upload {
    owner_id: UserId,
    name: String,
    staged: Staged,
    /// The announced size and hash; a form announces nothing.
    announced: Option<(u64, String)>,
    max_bytes: u64,
    /// The key of a form, if it has one.
    key: Option<String>,
}

/// A file that is ready to be stored.
struct Ready {
    /// The form that was re-encoded here, if any; otherwise the file is stored as it arrived.
    remade: Option<Arc<File>>,
    size: u64,
    sha256: String,
    name: String,
    mime: String,
    picture: Option<Picture>,
}

impl Chat {
    /// Begins an upload, or resumes it where it stopped: the same user, hash and size.
    ///
    /// # Errors
    /// `RateLimited`, `Invalid`, `TooLarge`, `Forbidden` if the user has no space left.
    pub(crate) async fn begin_upload(&self, actor: &Actor, new: NewUpload) -> Result<Upload, Refusal> {
        let is_hash = new.sha256.len() == 64 && new.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hash {
            return Err(Refusal::invalid(
                "sha256",
                ErrorCode::InvalidFrame,
                "sha256 must have 64 hexadecimal digits",
            ));
        }
        let sha256 = new.sha256.to_lowercase();
        // Both are validated, so they can be part of a path.
        let staged_name = format!("{sha256}-{}", new.size);
        // A client that lost its connection resumes, even after the last new upload of the minute.
        let limits = &self.inner.limits;
        let is_known = self.blobs().staging.has(actor.user_id, &staged_name).await;
        limit(if is_known { &limits.resumed_uploads } else { &limits.uploads }, actor)?;
        self.check_size(actor, new.size).await?;
        let mut upload = self.stage(actor, &new.name, Some(staged_name)).await?;
        upload.announced = Some((new.size, sha256));
        Ok(upload)
    }

    /// Begins an upload whose size and hash become known when it is finished.
    ///
    /// # Errors
    /// As [`Chat::begin_upload`].
    pub(crate) async fn begin_form_upload(
        &self,
        actor: &Actor,
        name: &str,
        key: Option<String>,
    ) -> Result<Upload, Refusal> {
        limit(&self.inner.limits.uploads, actor)?;
        self.check_size(actor, 1).await?;
        Ok(Upload { key, ..self.stage(actor, name, None).await? })
    }

    async fn check_size(&self, actor: &Actor, size: u64) -> Result<(), Refusal> {
        let (owner_id, limits) = (actor.user_id, &self.config().limits);
        if size == 0 {
            return Err(empty());
        }
        if size > limits.upload_bytes {
            return Err(too_large(limits.upload_bytes));
        }
        let stored = self.store().read(move |view| Ok::<_, Refusal>(view.stored_bytes(owner_id)?)).await?;
        check_quota(stored, size, limits.stored_bytes_per_user)
    }

    async fn stage(&self, actor: &Actor, name: &str, staged_name: Option<String>) -> Result<Upload, Refusal> {
        let staged = self.blobs().staging.begin(actor.user_id, staged_name).await.map_err(unavailable)?;
        Ok(Upload {
            owner_id: actor.user_id,
            name: harmless(name),
            staged,
            announced: None,
            max_bytes: self.config().limits.upload_bytes,
            key: None,
        })
    }

    /// Stores what has arrived as a file of the caller. On return, it is on disk.
    ///
    /// # Errors
    /// `UploadMismatch` if the bytes are not the announced ones, `TooLarge` for a picture of too many pixels,
    /// `Forbidden` if the user has no space left. The bytes are then dropped; only after `Unavailable` can an
    /// announced upload continue.
    pub(crate) async fn finish_upload(&self, upload: Upload) -> Result<UploadedFile, Refusal> {
        let kept = self.keep(&upload).await;
        match &kept {
            Err(refusal) if refusal.answer().code.is_retryable() && upload.announced.is_some() => {}
            _ => upload.discard().await,
        }
        let file = kept?;
        self.inner.metrics.note_upload(file.attachment.size);
        Ok(file)
    }

    async fn keep(&self, upload: &Upload) -> Result<UploadedFile, Refusal> {
        let (size, sha256) = (upload.staged.offset, upload.staged.sha256());
        if size == 0 {
            return Err(empty());
        }
        if let Some((announced_size, announced_hash)) = &upload.announced
            && (*announced_size != size || *announced_hash != sha256)
        {
            return Err(Refusal::UploadMismatch("the bytes are not the announced ones".to_owned()));
        }
        let once = upload
            .key
            .clone()
            .map(|key| Once::new(upload.owner_id, key, "file", &(&upload.name, size, &sha256)));
        if let Some(earlier) = self.uploaded_before(once.clone()).await? {
            return Ok(earlier);
        }
        let ready = self.prepare(upload, sha256).await?;
        let blob = random_token();
        let (owner_id, expected, ready_size) = (upload.owner_id, blob.clone(), ready.size);
        let quota = self.config().limits.stored_bytes_per_user;
        let folder = self.inner.membership.folder().to_owned();
        self.store()
            .write(move |change| {
                check_quota(change.stored_bytes(owner_id)?, ready_size, quota)?;
                Ok::<_, Refusal>(change.expect_blob(&expected, &folder)?)
            })
            .await?;
        let stored = match self.put(&blob, upload, &ready).await {
            Ok(()) => self.insert(owner_id, blob.clone(), ready, once).await,
            Err(error) => Err(unavailable(error)),
        };
        if stored.is_err() {
            // If this fails too, the next start finds the bytes.
            drop(self.store().write(move |change| Ok::<_, Refusal>(change.doom_blob(&blob)?)).await);
            self.inner.files_gone.notify_one();
        }
        stored
    }

    /// Identifies the file, and produces the form to store. What begins like a picture but can't be decoded
    /// is stored as an ordinary file: a browser may be able to show it, but is not asked to.
    async fn prepare(&self, upload: &Upload, sha256: String) -> Result<Ready, Refusal> {
        let (file, size, name) = (Arc::clone(&upload.staged.file), upload.staged.offset, upload.name.clone());
        let kind = {
            let file = Arc::clone(&file);
            blobs::blocking(move || blobs::identify(&file)).await.map_err(unavailable)?
        };
        let kind = match kind {
            Kind::Picture(format) => match self.remake(upload, file, format).await? {
                Some(ready) => return Ok(ready),
                None => Kind::UNKNOWN,
            },
            other => other,
        };
        Ok(Ready { remade: None, size, sha256, name, mime: kind.mime().to_owned(), picture: None })
    }

    /// Re-encodes a picture. `None` if it can't be decoded.
    async fn remake(
        &self,
        upload: &Upload,
        file: Arc<File>,
        format: image::ImageFormat,
    ) -> Result<Option<Ready>, Refusal> {
        let mut target = upload.staged.sibling().map_err(unavailable)?;
        let max_pixels = self.config().limits.image_pixels;
        let remade = self.blobs().with_picture(move || {
            // A decoder that panics has met input that it was not made for.
            let remake = || Picture::remake(&file, format, &mut target, max_pixels);
            let picture = catch_unwind(AssertUnwindSafe(remake)).unwrap_or(Err(PictureError::Broken))?;
            let size = target.metadata()?.len();
            let sha256 = blobs::sha256(&target, size)?;
            Ok::<_, PictureError>((picture, target, size, sha256))
        });
        let (picture, target, size, sha256) = match remade.await.map_err(unavailable)? {
            Ok(remade) => remade,
            Err(PictureError::Broken) => return Ok(None),
            Err(error @ PictureError::TooLarge) => return Err(Refusal::TooLarge(error.to_string())),
            Err(PictureError::Io(error)) => return Err(unavailable(error)),
        };
        let (name, mime) = (with_extension(&upload.name, picture.extension), picture.mime.to_owned());
        Ok(Some(Ready { remade: Some(Arc::new(target)), size, sha256, name, mime, picture: Some(picture) }))
    }

    async fn put(&self, blob: &str, upload: &Upload, ready: &Ready) -> Result<(), BlobError> {
        match &ready.remade {
            Some(file) => self.blobs().put(blob, file, ready.size).await?,
            None => self.blobs().put_staged(blob, &upload.staged).await?,
        }
        for (size, thumbnail) in ready.picture.iter().flat_map(|picture| &picture.thumbnails) {
            self.blobs().put_bytes(&thumbnail_name(blob, *size), thumbnail.clone()).await?;
        }
        Ok(())
    }

    /// The file that an earlier form with the same key created.
    async fn uploaded_before(&self, once: Option<Once>) -> Result<Option<UploadedFile>, Refusal> {
        let Some(once) = once else { return Ok(None) };
        self.store()
            .read(move |view| {
                let Some(id) = once.earlier(view)? else { return Ok(None) };
                let gone = || Refusal::NotFound("The file that this key created is gone".to_owned());
                let stored = view.file(FileId(id))?.ok_or_else(gone)?;
                Ok(Some(UploadedFile { attachment: stored.attachment, sha256: stored.sha256 }))
            })
            .await
    }

    async fn insert(
        &self,
        owner_id: UserId,
        blob: String,
        ready: Ready,
        once: Option<Once>,
    ) -> Result<UploadedFile, Refusal> {
        let quota = self.config().limits.stored_bytes_per_user;
        let new = NewFile {
            owner_id,
            name: ready.name,
            mime: ready.mime,
            size: ready.size,
            sha256: ready.sha256,
            pixels: ready.picture.map(|picture| (picture.width, picture.height)),
            blob,
        };
        self.store()
            .write(move |change| {
                // Checked again where it counts, because simultaneous uploads share the space.
                check_quota(change.stored_bytes(owner_id)?, new.size, quota)?;
                let stored = change.insert_file(new)?.ok_or(Refusal::Unavailable)?;
                if let Some(once) = once {
                    once.note(change, stored.attachment.id.0)?;
                }
                Ok(UploadedFile { attachment: stored.attachment, sha256: stored.sha256 })
            })
            .await
    }
}

impl Upload {
    /// The offset at which to continue.
    pub(crate) fn offset(&self) -> u64 {
        self.staged.offset
    }

    /// Whether all announced bytes have arrived.
    pub(crate) fn is_complete(&self) -> bool {
        self.announced.as_ref().is_none_or(|(size, _)| *size == self.staged.offset)
    }

    /// Adds bytes that begin at `offset`.
    ///
    /// # Errors
    /// `UploadMismatch` if they do not continue at the current offset, or exceed the announced size.
    pub(crate) async fn add_at(&mut self, offset: u64, bytes: Bytes) -> Result<(), Refusal> {
        if offset != self.offset() {
            let message = format!("the upload is at {}", self.offset());
            return Err(Refusal::UploadMismatch(message));
        }
        self.add(bytes).await
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// `UploadMismatch` if they exceed the announced size, `TooLarge` if they exceed the limit.
    pub(crate) async fn add(&mut self, bytes: Bytes) -> Result<(), Refusal> {
        let end = self.offset().saturating_add(bytes.len() as u64);
        if self.announced.as_ref().is_some_and(|(size, _)| end > *size) {
            return Err(Refusal::UploadMismatch("more bytes than announced".to_owned()));
        }
        if end > self.max_bytes {
            return Err(too_large(self.max_bytes));
        }
        self.staged.append(bytes).await.map_err(unavailable)
    }

    /// Drops what has arrived.
    pub(crate) async fn discard(self) {
        self.staged.discard().await;
    }
}

fn limit(limiter: &RateLimiter<UserId>, actor: &Actor) -> Result<(), Refusal> {
    limiter.take(&actor.user_id, Instant::now()).map_err(Refusal::RateLimited)
}

fn check_quota(stored: u64, size: u64, quota: u64) -> Result<(), Refusal> {
    if stored.saturating_add(size) > quota {
        return Err(Refusal::Forbidden("Your files use all of your space: delete messages with files"));
    }
    Ok(())
}

fn empty() -> Refusal {
    Refusal::invalid("file", ErrorCode::InvalidContent, "the file is empty")
}

fn too_large(max_bytes: u64) -> Refusal {
    Refusal::TooLarge(format!("a file may have at most {} MiB", max_bytes / 1024 / 1024))
}
