//! What a user made with a key that they chose, so that a repeat of the request makes nothing.

use chinwag_protocol::{Timestamp, UserId};

use super::sql::values;
use super::{Change, StoreError, View};

/// What a key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MadeOnce {
    /// A digest of the request.
    pub request: Vec<u8>,
    /// What it made.
    pub id: i64,
}

impl View {
    /// What the user made with this key, if they did.
    pub(crate) fn made_once(&self, user_id: UserId, key: &str) -> Result<Option<MadeOnce>, StoreError> {
        self.sql.one(
            "SELECT request, made_id FROM made_once WHERE user_id = ?1 AND key = ?2",
            values![user_id, key],
            |row| Ok(MadeOnce { request: row.get(0)?, id: row.get(1)? }),
        )
    }
}

impl Change {
    /// Notes what the user made with this key, which has made nothing yet.
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
