//! Stored files: who may read them, and when they end.
//!
//! A file belongs to its uploader until a message contains it; from then on it belongs to the conversation,
//! and everybody who may read that may read the file. Checked at each download, so the access ends with the
//! membership.

use std::ops::Range;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use chinwag_protocol::limits::THUMBNAIL_SIZES;
use chinwag_protocol::rest::Attachment;
use chinwag_protocol::{ErrorCode, FileId, Timestamp, limits};
use tokio::sync::Notify;

use super::access::{Action, authorize};
use super::{Chat, Inner, Membership};
use crate::auth::Actor;
use crate::blobs::{BlobError, Reading};
use crate::error::Refusal;
use crate::store::{MessageDraft, Store, StoredFile, View};

/// The time between two looks for leftovers.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// After this long, unfinished writes of bytes are given up.
const WRITING_AT_MOST: Duration = Duration::from_secs(3600);
/// How many files' bytes are removed in one step.
const SWEEP_STEP: u32 = 100;

/// The name of a thumbnail's bytes.
pub(super) fn thumbnail_name(blob: &str, size: u32) -> String {
    format!("{blob}.{size}")
}

/// Gives up what an earlier server had begun to write in this data folder. Called at the start, before anybody uploads
/// here.
pub(crate) async fn give_up_unfinished(store: &Store, membership: &Membership) -> Result<(), Refusal> {
    let folder = membership.folder().to_owned();
    store.write(move |change| Ok(change.doom_begun_by(&folder)?)).await
}

/// The files that a message names: the sender's own, and not in another message.
pub(super) fn check_attachments(view: &View, draft: &MessageDraft) -> Result<Vec<Attachment>, Refusal> {
    let refuse = |code, message: &str| Err(Refusal::invalid("attachments", code, message));
    let mut attachments: Vec<Attachment> = Vec::new();
    for id in &draft.send.extras.attachments {
        match view.file(*id)? {
            Some(file) if file.owner_id == draft.sender_id && file.conversation_id.is_none() => {
                attachments.push(file.attachment);
            }
            Some(file) if file.owner_id == draft.sender_id => {
                return refuse(ErrorCode::Conflict, "a message has this file already: upload it again");
            }
            _ => return refuse(ErrorCode::NotFound, "attachments names a file that is not yours"),
        }
    }
    Ok(attachments)
}

/// Whether a message may have this list of files.
pub(super) fn check_file_ids(ids: &[FileId]) -> Result<(), Refusal> {
    let is_repeated = ids.iter().enumerate().any(|(at, id)| ids.iter().take(at).any(|other| other == id));
    if ids.len() > limits::MAX_ATTACHMENTS || is_repeated {
        let message = "a message may have at most 10 files, each once";
        return Err(Refusal::invalid("attachments", ErrorCode::InvalidFrame, message));
    }
    Ok(())
}

impl Chat {
    /// A file that the caller may read.
    ///
    /// # Errors
    /// `NotFound` both for a missing file and for another user's, so that nobody learns which files exist.
    pub(crate) async fn file(&self, actor: &Actor, id: FileId) -> Result<StoredFile, Refusal> {
        let user_id = actor.user_id;
        self.store()
            .read(move |view| {
                let file = view.file(id)?.ok_or_else(not_found)?;
                match file.conversation_id {
                    Some(conversation_id) => {
                        let membership = view.membership(conversation_id, user_id)?;
                        authorize(membership, Action::Read).map_err(|_| not_found())?;
                    }
                    None if file.owner_id == user_id => {}
                    None => return Err(not_found()),
                }
                Ok(file)
            })
            .await
    }

    /// A part of the bytes of a file that the caller may read.
    pub(crate) async fn read_file(&self, file: &StoredFile, range: Range<u64>) -> Result<Reading, Refusal> {
        self.blobs().read(&file.blob, range).await.map_err(gone)
    }

    /// A picture in one of the fixed sizes. `None` if the picture itself is not larger.
    ///
    /// # Errors
    /// `NotFound` for other files than pictures, and for other sizes.
    pub(crate) async fn thumbnail(&self, file: &StoredFile, size: u32) -> Result<Option<Bytes>, Refusal> {
        let (Some(width), Some(height)) = (file.attachment.width, file.attachment.height) else {
            return Err(not_found());
        };
        if !THUMBNAIL_SIZES.contains(&size) {
            return Err(not_found());
        }
        if width.max(height) <= size {
            return Ok(None);
        }
        self.blobs().bytes(&thumbnail_name(&file.blob, size)).await.map(Some).map_err(gone)
    }
}

fn not_found() -> Refusal {
    Refusal::NotFound("File not found".to_owned())
}

/// A message may be deleted between reading its row and reading its bytes.
fn gone(error: BlobError) -> Refusal {
    if error.is_not_found() { not_found() } else { unavailable(error) }
}

/// Logs it for the operator, because the client can only try again.
pub(super) fn unavailable(error: impl std::fmt::Display) -> Refusal {
    tracing::error!(%error, "can't keep or read a file");
    Refusal::Unavailable
}

/// Removes leftovers, periodically and whenever a file is deleted, while the chat exists. One server looks for those of
/// all; whatever was given up, any of them may remove.
pub(super) async fn look_after_files(inner: Weak<Inner>, gone: Arc<Notify>) {
    let Some(mut lease) = inner.upgrade().map(|inner| inner.membership.lease()) else { return };
    loop {
        let (every, leads) = {
            let Some(inner) = inner.upgrade() else { return };
            let chat = Chat { inner };
            let leads = chat.inner.membership.leads();
            if let Err(error) = chat.sweep(leads).await {
                tracing::warn!(%error, "can't remove the bytes of deleted files; will try again");
            }
            (SWEEP_EVERY.min(chat.config().limits.upload_expiry / 4), leads)
        };
        tokio::select! {
            () = gone.notified() => {}
            () = tokio::time::sleep(every) => {}
            _ = lease.taken(), if !leads => {}
        }
    }
}

impl Chat {
    async fn sweep(&self, leads: bool) -> Result<(), SweepError> {
        let (expiry, is_shared) = (self.config().limits.upload_expiry, self.store().is_shared());
        let forgotten = if leads {
            let discarded = self.store().write(move |change| {
                change.doom_expected(ago(WRITING_AT_MOST))?;
                if is_shared {
                    change.forget_gone_nodes()?;
                }
                Ok::<_, Refusal>(change.discard_unattached(ago(expiry))?)
            });
            discarded.await?
        } else {
            0
        };
        let unfinished = self.blobs().staging.sweep(expiry).await?;
        self.inner.metrics.note_swept(forgotten as u64 + unfinished);
        loop {
            let doomed = self.store().read(|view| Ok::<_, Refusal>(view.doomed_blobs(SWEEP_STEP)?)).await?;
            if doomed.is_empty() {
                return Ok(());
            }
            for blob in &doomed {
                self.blobs().remove(blob).await?;
                for size in THUMBNAIL_SIZES {
                    self.blobs().remove(&thumbnail_name(blob, size)).await?;
                }
            }
            self.blobs().sync_removals().await?;
            self.store().write(move |change| Ok::<_, Refusal>(change.forget_blobs(&doomed)?)).await?;
        }
    }
}

fn ago(time: Duration) -> Timestamp {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    Timestamp(Timestamp::now().0.saturating_sub(millis))
}

#[derive(Debug, thiserror::Error)]
enum SweepError {
    #[error(transparent)]
    Store(#[from] Refusal),
    #[error(transparent)]
    Blobs(#[from] BlobError),
    #[error(transparent)]
    Staging(#[from] std::io::Error),
}
