//! Messages that applications leave in transactions of their own, in the same PostgreSQL database. Nothing here runs on
//! SQLite.

use chinwag_protocol::{ConversationId, UserId};

use super::spelling::list;
use super::sql::values;
use super::{Change, StoreError};

/// The most messages that one job takes.
const STEP: usize = 100;

/// Asks whether messages wait to be taken.
pub(super) const WAITING: &str = "SELECT EXISTS (SELECT 1 FROM outbox WHERE refused IS NULL)";

/// A message in the outbox.
#[derive(Debug)]
pub(crate) struct Left {
    pub id: i64,
    pub conversation_id: ConversationId,
    pub sender_id: UserId,
    /// `None` if there is no such user, or they are disabled.
    pub sender_name: Option<String>,
    pub content: String,
    pub key: String,
}

impl Change {
    /// The next messages that wait, in the order in which they were left. Nobody else takes them before the commit.
    pub(crate) fn outbox(&self) -> Result<Vec<Left>, StoreError> {
        self.sql.all(
            "SELECT outbox.id, conversation_id, sender_id, username, content, key FROM outbox \
             LEFT JOIN users ON users.id = sender_id AND is_active \
             WHERE refused IS NULL ORDER BY outbox.id LIMIT ?1",
            values![STEP],
            |row| {
                Ok(Left {
                    id: row.get(0)?,
                    conversation_id: row.get(1)?,
                    sender_id: row.get(2)?,
                    sender_name: row.get(3)?,
                    content: row.get(4)?,
                    key: row.get(5)?,
                })
            },
        )
    }

    /// Removes messages that are in the log now.
    pub(crate) fn clear_outbox(&mut self, taken: &[i64]) -> Result<(), StoreError> {
        let text = format!("DELETE FROM outbox WHERE id IN {}", self.sql.spelling().listed);
        self.sql.change(&text, values![&list(taken.iter().copied())])?;
        Ok(())
    }

    /// Leaves a message where it is, for whoever reads why.
    pub(crate) fn refuse_in_outbox(&mut self, id: i64, reason: &str) -> Result<(), StoreError> {
        self.sql.change("UPDATE outbox SET refused = ?2 WHERE id = ?1", values![id, reason])?;
        Ok(())
    }
}
