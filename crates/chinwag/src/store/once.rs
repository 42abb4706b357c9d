//! What users created with keys of their choice, so that a repeated request creates nothing.

use chinwag_protocol::{Timestamp, UserId};

use super::sql::values;
use super::{Change, StoreError, View};

/// What a key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MadeOnce {
    /// A digest of the request.
    pub request: Vec<u8>,
    /// The id of what it created.
    pub id: i64,
}

impl View {
    /// What the user created with this key, if anything.
    pub(crate) fn made_once(&self, user_id: UserId, key: &str) -> Result<Option<MadeOnce>, StoreError> {
        self.sql.one(
            "SELECT request, made_id FROM made_once WHERE user_id = ?1 AND key = ?2",
            values![user_id, key],
            |row| Ok(MadeOnce { request: row.get(0)?, id: row.get(1)? }),
        )
    }
}

impl Change {
    /// Records what the user created with this key, which is unused so far.
    pub(crate) fn note_made_once(
        &mut self,
        user_id: UserId,
        key: &str,
        made: &MadeOnce,
    ) -> Result<(), StoreError> {
        self.sql.change(
            "INSERT INTO made_once (user_id, key, request, made_id, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            values![user_id, key, &made.request, made.id, Timestamp::now()],
        )?;
        Ok(())
    }
}
