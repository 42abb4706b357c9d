//! Files: who uploaded them, which message contains them, and the name of their bytes.
//!
//! The name of bytes that nobody may read is in `loose_blobs`: before they are written, and again after their
//! row is deleted. So a crash at any moment leaves no unknown bytes, and no row without bytes.

use chinwag_protocol::rest::Attachment;
use chinwag_protocol::{ConversationId, FileId, MessageId, Timestamp, UserId};

use super::sql::values;
use super::{Change, StoreError, View};

/// A file to add.
#[derive(Clone, Debug)]
pub(crate) struct NewFile {
    pub owner_id: UserId,
    pub name: String,
    pub mime: String,
    pub size: u64,
    pub sha256: String,
    /// The size of a picture.
    pub pixels: Option<(u32, u32)>,
    pub blob: String,
}

/// A stored file.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub attachment: Attachment,
    pub owner_id: UserId,
    pub sha256: String,
    pub blob: String,
    /// The conversation of the message that contains it.
    pub conversation_id: Option<ConversationId>,
}

impl View {
    /// A file, regardless of who may see it.
    pub(crate) fn file(&self, id: FileId) -> Result<Option<StoredFile>, StoreError> {
        self.sql.one(
            "SELECT name, mime, size, width, height, owner_id, sha256, blob, conversation_id \
             FROM files WHERE id = ?1",
            values![id],
            |row| {
                let pixels = row.get::<Option<u32>>(3)?.zip(row.get(4)?);
                Ok(StoredFile {
                    attachment: Attachment::new(id, row.get(0)?, row.get(1)?, row.get(2)?, pixels),
                    owner_id: row.get(5)?,
                    sha256: row.get(6)?,
                    blob: row.get(7)?,
                    conversation_id: row.get(8)?,
                })
            },
        )
    }

    /// Bytes of all files of a user.
    pub(crate) fn stored_bytes(&self, owner_id: UserId) -> Result<u64, StoreError> {
        self.sql.single(
            "SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM files WHERE owner_id = ?1",
            values![owner_id],
            |row| row.get(0),
        )
    }

    /// Some of the bytes to be removed.
    pub(crate) fn doomed_blobs(&self, limit: u32) -> Result<Vec<String>, StoreError> {
        self.sql
            .all("SELECT blob FROM loose_blobs WHERE is_doomed LIMIT ?1", values![limit], |row| row.get(0))
    }
}

impl Change {
    /// Records that bytes are about to be written under this name, by the server of this data folder.
    pub(crate) fn expect_blob(&mut self, blob: &str, folder: &str) -> Result<(), StoreError> {
        self.sql.change(
            "INSERT INTO loose_blobs (blob, since, is_doomed, begun_by) VALUES (?1, ?2, FALSE, ?3)",
            values![blob, Timestamp::now(), folder],
        )?;
        Ok(())
    }

    /// Adds a file whose bytes are written. `None` if they were given up meanwhile.
    pub(crate) fn insert_file(&mut self, new: NewFile) -> Result<Option<StoredFile>, StoreError> {
        let expected = self
            .sql
            .change("DELETE FROM loose_blobs WHERE blob = ?1 AND NOT is_doomed", values![&new.blob])?;
        if expected == 0 {
            return Ok(None);
        }
        let id = self.sql.single(
            "INSERT INTO files (owner_id, name, mime, size, sha256, width, height, blob, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
            values![
                new.owner_id,
                &new.name,
                &new.mime,
                i64::try_from(new.size).unwrap_or(i64::MAX),
                &new.sha256,
                new.pixels.map(|(width, _)| width),
                new.pixels.map(|(_, height)| height),
                &new.blob,
                Timestamp::now(),
            ],
            |row| row.get(0),
        )?;
        Ok(Some(StoredFile {
            attachment: Attachment::new(id, new.name, new.mime, new.size, new.pixels),
            owner_id: new.owner_id,
            sha256: new.sha256,
            blob: new.blob,
            conversation_id: None,
        }))
    }

    /// Attaches files to a message.
    pub(super) fn attach(
        &mut self,
        files: &[Attachment],
        conversation_id: ConversationId,
        message_id: MessageId,
    ) -> Result<(), StoreError> {
        for file in files {
            self.sql.change(
                "UPDATE files SET conversation_id = ?2, message_id = ?3 WHERE id = ?1",
                values![file.id, conversation_id, message_id],
            )?;
        }
        Ok(())
    }

    /// Deletes the files of a message; their bytes are removed after the commit.
    pub(super) fn discard_files(&mut self, message_id: MessageId) -> Result<(), StoreError> {
        self.sql.change(
            "INSERT INTO loose_blobs (blob, since, is_doomed) \
                 SELECT blob, ?2, TRUE FROM files WHERE message_id = ?1",
            values![message_id, Timestamp::now()],
        )?;
        self.sql.change("DELETE FROM files WHERE message_id = ?1", values![message_id])?;
        Ok(())
    }

    /// Deletes files without a message that were uploaded before `before`; returns how many.
    pub(crate) fn discard_unattached(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        self.sql.change(
            "INSERT INTO loose_blobs (blob, since, is_doomed) \
                 SELECT blob, ?2, TRUE FROM files WHERE message_id IS NULL AND created_at < ?1",
            values![before, Timestamp::now()],
        )?;
        self.sql.change("DELETE FROM files WHERE message_id IS NULL AND created_at < ?1", values![before])
    }

    /// Gives up bytes that were expected before `before` and have no row yet. A writer that is still at work
    /// learns this when it adds the row.
    pub(crate) fn doom_expected(&mut self, before: Timestamp) -> Result<(), StoreError> {
        self.sql.change(
            "UPDATE loose_blobs SET is_doomed = TRUE WHERE NOT is_doomed AND since < ?1",
            values![before],
        )?;
        Ok(())
    }

    /// Gives up bytes that the server of this data folder had begun to write, and has not finished.
    pub(crate) fn doom_begun_by(&mut self, folder: &str) -> Result<(), StoreError> {
        self.sql.change(
            "UPDATE loose_blobs SET is_doomed = TRUE WHERE NOT is_doomed AND begun_by = ?1",
            values![folder],
        )?;
        Ok(())
    }

    /// Gives up these bytes.
    pub(crate) fn doom_blob(&mut self, blob: &str) -> Result<(), StoreError> {
        self.sql.change("UPDATE loose_blobs SET is_doomed = TRUE WHERE blob = ?1", values![blob])?;
        Ok(())
    }

    /// Forgets bytes that were removed.
    pub(crate) fn forget_blobs(&mut self, blobs: &[String]) -> Result<(), StoreError> {
        for blob in blobs {
            self.sql.change("DELETE FROM loose_blobs WHERE blob = ?1 AND is_doomed", values![blob])?;
        }
        Ok(())
    }
}
