//! How far everybody has received and read, and what is unread. State, not events: only the latest
//! value matters.

use chinwag_protocol::limits::SMALL_CONVERSATION;
use chinwag_protocol::rest::Receipt;
use chinwag_protocol::{ConversationId, Seq, UserId};
use rusqlite::OptionalExtension as _;

use super::users::{Status, status};
use super::{Change, Notice, StoreError, View};

/// Counting stops here: nobody needs to know more exactly, and a count must not scan a whole log.
const MAX_UNREAD: i64 = 10_000;

/// What a user has not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unread {
    pub messages: u64,
    pub mentions: u64,
}

/// A participant, as the others hear of them.
pub(crate) struct Companion {
    pub receipt: Receipt,
    pub status: Status,
    /// Whether they are the other one, or oneself, in a direct conversation.
    pub is_direct: bool,
}

impl View {
    /// How far everybody in a conversation is, and their status.
    pub(crate) fn companions(&self, conversation_id: ConversationId) -> Result<Vec<Companion>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT presence, presence_text, last_seen, users.id, delivered_seq, read_seq, kind = 'direct' \
             FROM participants JOIN users ON users.id = participants.user_id \
             JOIN conversations ON conversations.id = conversation_id \
             WHERE conversation_id = ?1 ORDER BY users.id",
        )?;
        let companions = statement
            .query_map([conversation_id.0], |row| {
                let (user_id, delivered_seq) = (UserId(row.get(3)?), Seq(row.get(4)?));
                let receipt = Receipt { conversation_id, user_id, delivered_seq, read_seq: Seq(row.get(5)?) };
                Ok(Companion { receipt, status: status(row)?, is_direct: row.get(6)? })
            })?
            .collect::<Result<_, _>>()?;
        Ok(companions)
    }

    /// One participant's receipt.
    pub(crate) fn receipt(
        &self,
        conversation_id: ConversationId,
        user_id: UserId,
    ) -> Result<Option<Receipt>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT delivered_seq, read_seq FROM participants WHERE conversation_id = ?1 AND user_id = ?2",
        )?;
        let receipt = statement
            .query_row((conversation_id.0, user_id.0), |row| {
                let (delivered_seq, read_seq) = (Seq(row.get(0)?), Seq(row.get(1)?));
                Ok(Receipt { conversation_id, user_id, delivered_seq, read_seq })
            })
            .optional()?;
        Ok(receipt)
    }

    /// Messages of others after the user's read position, and those that name the user.
    pub(crate) fn unread(&self, receipt: &Receipt) -> Result<Unread, StoreError> {
        let (conversation_id, user_id) = (receipt.conversation_id.0, receipt.user_id.0);
        let mut statement = self.connection.prepare_cached(
            "SELECT COUNT(*) FROM (SELECT 1 FROM events WHERE conversation_id = ?1 AND seq > ?2 \
             AND kind = 'message' AND deleted_at IS NULL AND actor_id != ?3 LIMIT ?4)",
        )?;
        let parameters = (conversation_id, receipt.read_seq.0, user_id, MAX_UNREAD);
        let messages: i64 = statement.query_row(parameters, |row| row.get(0))?;
        let mut statement = self.connection.prepare_cached(
            "SELECT COUNT(*) FROM (SELECT 1 FROM mentions WHERE user_id = ?1 AND conversation_id = ?2 \
             AND seq > ?3 LIMIT ?4)",
        )?;
        let parameters = (user_id, conversation_id, receipt.read_seq.0, MAX_UNREAD);
        let mentions: i64 = statement.query_row(parameters, |row| row.get(0))?;
        Ok(Unread {
            messages: u64::try_from(messages).unwrap_or_default(),
            mentions: u64::try_from(mentions).unwrap_or_default(),
        })
    }
}

impl Change {
    /// Moves a participant's marks forward, never back. `None` if nothing moved.
    pub(crate) fn advance_receipt(
        &mut self,
        conversation_id: ConversationId,
        user_id: UserId,
        delivered: Seq,
        read: Seq,
    ) -> Result<Option<Receipt>, StoreError> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE participants SET delivered_seq = max(delivered_seq, ?3), read_seq = max(read_seq, ?4) \
                 WHERE conversation_id = ?1 AND user_id = ?2 AND (delivered_seq < ?3 OR read_seq < ?4)",
            )?
            .execute((conversation_id.0, user_id.0, delivered.0, read.0))?;
        if changed == 0 {
            return Ok(None);
        }
        let receipt = self.tell_receipt(conversation_id, user_id)?;
        if read > Seq::ZERO {
            self.tell(Notice::Read(conversation_id, user_id));
        }
        Ok(receipt)
    }

    /// Tells the others of a small conversation how far somebody is, if they have begun.
    pub(super) fn tell_receipt(
        &mut self,
        conversation_id: ConversationId,
        user_id: UserId,
    ) -> Result<Option<Receipt>, StoreError> {
        let receipt = self.receipt(conversation_id, user_id)?;
        if let Some(receipt) = receipt
            && receipt.delivered_seq > Seq::ZERO
            && self.participant_count(conversation_id)? <= SMALL_CONVERSATION
        {
            self.tell(Notice::Receipt(receipt));
        }
        Ok(receipt)
    }
}
