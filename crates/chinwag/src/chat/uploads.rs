//! Uploading: begin, add bytes, finish. The sockets and REST bring the bytes, each in its own way.
//!
//! Nothing that the client says about a file is believed: its size and hash are counted, its type is read from
//! its bytes, of its name only the harmless part is kept. The row is committed last, after the bytes.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chinwag_protocol::rest::UploadedFile;
use chinwag_protocol::{ErrorCode, NewUpload, UserId, limits};

use super::Chat;
use crate::auth::Actor;
use crate::blobs::{self, BlobError, Kind, Picture, PictureError, Staged, sniff};
use crate::error::Refusal;
use crate::limits::RateLimiter;
use crate::store::{NewFile, random_token};

/// An upload on its way. Dropping it leaves what has come, for whoever resumes it.
pub(crate) struct Upload {
    owner_id: UserId,
    name: String,
    staged: Staged,
    /// What was announced; a form announces nothing.
    announced: Option<(u64, String)>,
    max_bytes: u64,
}

/// A file that is ready to be kept.
struct Ready {
    /// The form of it that was made here; else it is kept as it arrived.
    remade: Option<Arc<File>>,
    size: u64,
    sha256: String,
    name: String,
    mime: String,
    picture: Option<Picture>,
}

impl Chat {
    /// Begins an upload, or goes on with it where it stopped: the same user, hash and size.
    ///
    /// # Errors
    /// `RateLimited`, `Invalid`, `TooLarge`, `Forbidden` if the user has no space left.
    pub(crate) async fn begin_upload(&self, actor: &Actor, new: NewUpload) -> Result<Upload, Refusal> {
        let is_hash = new.sha256.len() == 64 && new.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hash {
            return Err(invalid("sha256", ErrorCode::InvalidFrame, "sha256 needs 64 hexadecimal digits"));
        }
        let sha256 = new.sha256.to_lowercase();
        // Both are plain now: they can be a part of a path.
        let staged_name = format!("{sha256}-{}", new.size);
        // Whoever lost the connection goes on, also after the last new upload of the minute.
        let limits = &self.inner.limits;
        let is_known = self.blobs().staging.has(actor.user_id, &staged_name).await;
        limit(if is_known { &limits.resumed_uploads } else { &limits.uploads }, actor)?;
        self.check_size(actor, new.size).await?;
        let mut upload = self.stage(actor, &new.name, Some(staged_name)).await?;
        upload.announced = Some((new.size, sha256));
        Ok(upload)
    }

    /// Begins an upload whose size and hash will be known when it is finished.
    ///
    /// # Errors
    /// As [`Chat::begin_upload`].
    pub(crate) async fn begin_form_upload(&self, actor: &Actor, name: &str) -> Result<Upload, Refusal> {
        limit(&self.inner.limits.uploads, actor)?;
        self.check_size(actor, 1).await?;
        self.stage(actor, name, None).await
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
        })
    }

    /// Keeps what has come as a file of the caller. When this answers, it is on disk.
    ///
    /// # Errors
    /// `UploadMismatch` if the bytes are not the ones that were announced, `Invalid` for a picture that can't
    /// be read, `TooLarge` for one of too many pixels, `Forbidden` if the user has no space left. The bytes are
    /// dropped then; only after `Unavailable` an announced upload can go on.
    pub(crate) async fn finish_upload(&self, upload: Upload) -> Result<UploadedFile, Refusal> {
        let kept = self.keep(&upload).await;
        match &kept {
            Err(refusal) if refusal.answer().code.is_retryable() && upload.announced.is_some() => {}
            _ => upload.discard().await,
        }
        let file = kept?;
        self.hub().metrics().note_upload(file.attachment.size);
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
            return Err(Refusal::UploadMismatch("the bytes are not those that were announced".to_owned()));
        }
        let ready = self.prepare(upload, sha256).await?;
        let blob = random_token();
        let (owner_id, expected, ready_size) = (upload.owner_id, blob.clone(), ready.size);
        let quota = self.config().limits.stored_bytes_per_user;
        self.store()
            .write(move |change| {
                check_quota(change.stored_bytes(owner_id)?, ready_size, quota)?;
                Ok::<_, Refusal>(change.expect_blob(&expected)?)
            })
            .await?;
        let stored = match self.put(&blob, upload, &ready).await {
            Ok(()) => self.insert(owner_id, blob.clone(), ready).await,
            Err(error) => Err(unavailable(error)),
        };
        if stored.is_err() {
            // If this fails too, the next start finds them.
            drop(self.store().write(move |change| Ok::<_, Refusal>(change.doom_blob(&blob)?)).await);
            self.inner.files_gone.notify_one();
        }
        stored
    }

    /// Finds out what it is, and makes the form of it that is kept.
    async fn prepare(&self, upload: &Upload, sha256: String) -> Result<Ready, Refusal> {
        let (file, size) = (Arc::clone(&upload.staged.file), upload.staged.offset);
        let head = {
            let file = Arc::clone(&file);
            blobs::blocking(move || blobs::head(&file)).await.map_err(unavailable)?
        };
        let name = upload.name.clone();
        let format = match sniff(&head) {
            Kind::Picture(format) => format,
            Kind::Other(mime) => {
                return Ok(Ready { remade: None, size, sha256, name, mime: mime.to_owned(), picture: None });
            }
        };
        let mut target = upload.staged.sibling().map_err(unavailable)?;
        let max_pixels = self.config().limits.image_pixels;
        let remade = self.blobs().with_picture(move || {
            // A decoder that panics has met something that it was not made for.
            let remake = || Picture::remake(&file, format, &mut target, max_pixels);
            let picture = catch_unwind(AssertUnwindSafe(remake)).unwrap_or(Err(PictureError::Broken))?;
            let size = target.metadata()?.len();
            let sha256 = blobs::sha256(&target, size)?;
            Ok::<_, PictureError>((picture, target, size, sha256))
        });
        let (picture, target, size, sha256) = remade.await.map_err(unavailable)?.map_err(refuse_picture)?;
        let (name, mime) = (with_extension(&name, picture.extension), picture.mime.to_owned());
        Ok(Ready { remade: Some(Arc::new(target)), size, sha256, name, mime, picture: Some(picture) })
    }

    async fn put(&self, blob: &str, upload: &Upload, ready: &Ready) -> Result<(), BlobError> {
        match &ready.remade {
            Some(file) => self.blobs().put(blob, file, ready.size).await?,
            None => self.blobs().put_staged(blob, &upload.staged).await?,
        }
        for (size, thumbnail) in ready.picture.iter().flat_map(|picture| &picture.thumbnails) {
            self.blobs().put_bytes(&super::files::thumbnail_name(blob, *size), thumbnail.clone()).await?;
        }
        Ok(())
    }

    async fn insert(&self, owner_id: UserId, blob: String, ready: Ready) -> Result<UploadedFile, Refusal> {
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
                // Asked again where it counts: uploads that run at the same time share the space.
                check_quota(change.stored_bytes(owner_id)?, new.size, quota)?;
                let stored = change.insert_file(new)?.ok_or(Refusal::Unavailable)?;
                Ok(UploadedFile { attachment: stored.attachment, sha256: stored.sha256 })
            })
            .await
    }
}

impl Upload {
    /// Where to go on.
    pub(crate) fn offset(&self) -> u64 {
        self.staged.offset
    }

    /// Whether all announced bytes have come.
    pub(crate) fn is_complete(&self) -> bool {
        self.announced.as_ref().is_none_or(|(size, _)| *size == self.staged.offset)
    }

    /// Adds bytes that begin at `offset`.
    ///
    /// # Errors
    /// `UploadMismatch` if they do not go on where the upload stands, or are more than were announced.
    pub(crate) async fn add_at(&mut self, offset: u64, bytes: Bytes) -> Result<(), Refusal> {
        if offset != self.offset() {
            let message = format!("the upload stands at {}", self.offset());
            return Err(Refusal::UploadMismatch(message));
        }
        self.add(bytes).await
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// `UploadMismatch` if they are more than were announced, `TooLarge` if they are too many.
    pub(crate) async fn add(&mut self, bytes: Bytes) -> Result<(), Refusal> {
        let end = self.offset().saturating_add(bytes.len() as u64);
        if self.announced.as_ref().is_some_and(|(size, _)| end > *size) {
            return Err(Refusal::UploadMismatch("more bytes than were announced".to_owned()));
        }
        if end > self.max_bytes {
            return Err(too_large(self.max_bytes));
        }
        self.staged.append(bytes).await.map_err(unavailable)
    }

    /// Drops what has come.
    pub(crate) async fn discard(self) {
        self.staged.discard().await;
    }
}

fn limit(limiter: &RateLimiter<UserId>, actor: &Actor) -> Result<(), Refusal> {
    limiter.take(&actor.user_id, Instant::now()).map_err(Refusal::RateLimited)
}

/// Shortens a name to its last part, without what could deceive people or programs.
fn harmless(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    // Marks of direction can make `exe.jpg` of `gpj.exe`.
    let is_harmless = |character: &char| {
        !character.is_control()
            && !matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut kept = String::new();
    for character in last.chars().filter(is_harmless) {
        if kept.len() + character.len_utf8() > limits::MAX_FILE_NAME_BYTES {
            break;
        }
        kept.push(character);
    }
    let kept = kept.trim().trim_start_matches('.');
    if kept.is_empty() { "file".to_owned() } else { kept.to_owned() }
}

/// A picture that was written anew may be of another type: its name says which.
fn with_extension(name: &str, extension: &str) -> String {
    let (stem, current) = name.rsplit_once('.').unwrap_or((name, ""));
    let current = current.to_lowercase();
    if current == extension || (current == "jpeg" && extension == "jpg") {
        return name.to_owned();
    }
    let mut end = stem.len().min(limits::MAX_FILE_NAME_BYTES - extension.len() - 1);
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}.{extension}", stem.get(..end).unwrap_or_default())
}

fn check_quota(stored: u64, size: u64, quota: u64) -> Result<(), Refusal> {
    if stored.saturating_add(size) > quota {
        return Err(Refusal::Forbidden(
            "Your files use all the space that you have: delete messages with files",
        ));
    }
    Ok(())
}

fn invalid(field: &'static str, code: ErrorCode, message: &str) -> Refusal {
    Refusal::Invalid { field, kind: "value_error", code, message: message.to_owned() }
}

fn empty() -> Refusal {
    invalid("file", ErrorCode::InvalidContent, "the file is empty")
}

fn too_large(max_bytes: u64) -> Refusal {
    Refusal::TooLarge(format!("a file may have {} MiB", max_bytes / 1024 / 1024))
}

fn refuse_picture(error: PictureError) -> Refusal {
    match error {
        PictureError::TooLarge => Refusal::TooLarge(error.to_string()),
        PictureError::Broken => invalid("file", ErrorCode::InvalidContent, &error.to_string()),
        PictureError::Io(error) => unavailable(error),
    }
}

/// Says so to the operator: the client can only try again.
pub(super) fn unavailable(error: impl std::fmt::Display) -> Refusal {
    tracing::error!(%error, "can't keep or read a file");
    Refusal::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_name_only_the_harmless_part_is_kept() {
        for (name, expected) in [
            ("a.png", "a.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\me\\photo.jpg", "photo.jpg"),
            ("/", "file"),
            ("..", "file"),
            ("", "file"),
            (".htaccess", "htaccess"),
            ("a\r\nSet-Cookie: x\0.txt", "aSet-Cookie: x.txt"),
            ("\u{202e}gpj.exe", "gpj.exe"),
            ("日本語.txt", "日本語.txt"),
        ] {
            assert_eq!(harmless(name), expected, "{name:?}");
        }
        assert_eq!(harmless(&"ü".repeat(300)).len(), 254);
    }

    #[test]
    fn a_name_ends_as_the_picture_is_kept() {
        for (name, extension, expected) in [
            ("a.png", "png", "a.png"),
            ("a.JPEG", "jpg", "a.JPEG"),
            ("a.webp", "jpg", "a.jpg"),
            ("a", "png", "a.png"),
            ("a.html", "png", "a.png"),
        ] {
            assert_eq!(with_extension(name, extension), expected);
        }
        assert!(with_extension(&"ü".repeat(127), "png").len() <= limits::MAX_FILE_NAME_BYTES);
    }
}
