//! How far everybody has received and read, and what is unread. This is state, not events: only the latest
//! value matters.

use chinwag_protocol::limits::SMALL_CONVERSATION;
use chinwag_protocol::rest::Receipt;
use chinwag_protocol::{ConversationId, Seq, UserId};

use super::spelling::list;
use super::sql::values;
use super::users::{Status, status};
use super::{Change, Notice, StoreError, View};

/// Counting stops here: nobody needs a more exact number, and a count must not scan a whole log.
pub(super) const MAX_UNREAD: i64 = 10_000;

/// What a user has not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unread {
    pub messages: u64,
    pub mentions: u64,
}

/// A participant, as the others see them.
pub(crate) struct ParticipantState {
    pub receipt: Receipt,
    pub status: Status,
    /// Whether they take part in a direct conversation, as the peer or the user.
    pub is_direct: bool,
}

impl ParticipantState {
    /// The conversation that they take part in.
    pub(crate) fn conversation_id(&self) -> ConversationId {
        self.receipt.conversation_id
    }
}

impl View {
    /// For those of these conversations that are small: how far everybody is, and their status, by
    /// conversation.
    pub(crate) fn participant_states(
        &self,
        ids: &[ConversationId],
    ) -> Result<Vec<ParticipantState>, StoreError> {
        let listed = self.sql.spelling().listed;
        self.sql.all(
            &format!(
                "SELECT presence, presence_text, last_seen, users.id, delivered_seq, read_seq, kind = 'direct', \
                     conversation_id \
                 FROM participants JOIN users ON users.id = participants.user_id \
                 JOIN conversations ON conversations.id = conversation_id \
                 WHERE conversation_id IN (SELECT conversation_id FROM participants \
                     WHERE conversation_id IN {listed} GROUP BY conversation_id HAVING COUNT(*) <= ?2) \
                 ORDER BY conversation_id, users.id"
            ),
            values![&list(ids.iter().map(|id| id.0)), SMALL_CONVERSATION],
            |row| {
                let receipt = Receipt {
                    conversation_id: row.get(7)?,
                    user_id: row.get(3)?,
                    delivered_seq: row.get(4)?,
                    read_seq: row.get(5)?,
                };
                Ok(ParticipantState { receipt, status: status(row)?, is_direct: row.get(6)? })
            },
        )
    }

    /// One participant's receipt.
    pub(crate) fn receipt(
        &self,
        conversation_id: ConversationId,
        user_id: UserId,
    ) -> Result<Option<Receipt>, StoreError> {
        self.sql.one(
            "SELECT delivered_seq, read_seq FROM participants WHERE conversation_id = ?1 AND user_id = ?2",
            values![conversation_id, user_id],
            |row| {
                let (delivered_seq, read_seq) = (row.get(0)?, row.get(1)?);
                Ok(Receipt { conversation_id, user_id, delivered_seq, read_seq })
            },
        )
    }

    /// Messages of others after what the user has read, and those that name the user.
    pub(crate) fn unread(&self, receipt: &Receipt) -> Result<Unread, StoreError> {
        let Receipt { conversation_id, user_id, read_seq, .. } = *receipt;
        let messages = self.sql.single(
            "SELECT COUNT(*) FROM (SELECT 1 FROM events WHERE conversation_id = ?1 AND seq > ?2 \
             AND kind = 'message' AND deleted_at IS NULL AND actor_id != ?3 LIMIT ?4) AS unread",
            values![conversation_id, read_seq, user_id, MAX_UNREAD],
            |row| row.get(0),
        )?;
        let mentions = self.sql.single(
            "SELECT COUNT(*) FROM (SELECT 1 FROM mentions WHERE user_id = ?1 AND conversation_id = ?2 \
             AND seq > ?3 LIMIT ?4) AS named",
            values![user_id, conversation_id, read_seq, MAX_UNREAD],
            |row| row.get(0),
        )?;
        Ok(Unread { messages, mentions })
    }
}

impl Change {
    /// Moves a participant's positions forward, never back. `None` if nothing moved.
    pub(crate) fn advance_receipt(
        &mut self,
        conversation_id: ConversationId,
        user_id: UserId,
        delivered: Seq,
        read: Seq,
    ) -> Result<Option<Receipt>, StoreError> {
        let changed = self.sql.change(
            "UPDATE participants SET \
                 delivered_seq = CASE WHEN delivered_seq < ?3 THEN ?3 ELSE delivered_seq END, \
                 read_seq = CASE WHEN read_seq < ?4 THEN ?4 ELSE read_seq END \
                 WHERE conversation_id = ?1 AND user_id = ?2 AND (delivered_seq < ?3 OR read_seq < ?4)",
            values![conversation_id, user_id, delivered, read],
        )?;
        if changed == 0 {
            return Ok(None);
        }
        let receipt = self.tell_receipt(conversation_id, user_id)?;
        if read > Seq::ZERO {
            self.tell(Notice::Read(conversation_id, user_id));
        }
        Ok(receipt)
    }

    /// Tells the others of a small conversation how far a user is, if they have begun.
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
