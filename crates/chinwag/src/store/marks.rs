//! Reactions and pins: events that mark a message.

use chinwag_protocol::event::Reaction;
use chinwag_protocol::{ConversationId, Event, EventKind, MessageId, Op, UserId};

use super::log::{NewEvent, Payload};
use super::sql::values;
use super::{Change, StoreError, View};

impl View {
    /// How many different emoji a message has, not counting this one.
    pub(crate) fn other_emoji(&self, id: MessageId, emoji: &str) -> Result<usize, StoreError> {
        self.sql.single(
            "SELECT COUNT(DISTINCT emoji) FROM reactions WHERE message_id = ?1 AND emoji != ?2",
            values![id, emoji],
            |row| row.get(0),
        )
    }

    /// The pinned messages of a conversation, oldest first.
    pub(crate) fn pins(&self, conversation_id: ConversationId) -> Result<Vec<MessageId>, StoreError> {
        self.sql.all(
            "SELECT message_id FROM pins WHERE conversation_id = ?1 ORDER BY message_id",
            values![conversation_id],
            |row| row.get(0),
        )
    }
}

impl Change {
    /// Adds or removes a reaction. `None` if nothing changed.
    pub(crate) fn react(
        &mut self,
        conversation_id: ConversationId,
        user_id: UserId,
        message_id: MessageId,
        emoji: &str,
        op: Op,
    ) -> Result<Option<Event>, StoreError> {
        let changed = match op {
            // An emoji that somebody already uses keeps its place.
            Op::Add => {
                let seq = self.next_seq(conversation_id)?;
                self.sql.change(
                    "INSERT INTO reactions (message_id, emoji, user_id, seq, emoji_seq) \
                         SELECT ?1, ?2, ?3, ?4, coalesce(min(emoji_seq), ?4) \
                         FROM reactions WHERE message_id = ?1 AND emoji = ?2 \
                         ON CONFLICT DO NOTHING",
                    values![message_id, emoji, user_id, seq],
                )?
            }
            Op::Remove => self.sql.change(
                "DELETE FROM reactions WHERE message_id = ?1 AND emoji = ?2 AND user_id = ?3",
                values![message_id, emoji, user_id],
            )?,
        };
        if changed == 0 {
            return Ok(None);
        }
        let kind = match op {
            Op::Add => EventKind::ReactionAdded,
            Op::Remove => EventKind::ReactionRemoved,
        };
        let detail = Payload { emoji: Some(emoji.to_owned()), ..Payload::default() };
        let (_, entry) = self.append(&about_message(conversation_id, user_id, message_id, kind, detail))?;
        let reaction = Reaction { entry, message_id, emoji: emoji.to_owned(), user_id };
        let event = match op {
            Op::Add => Event::ReactionAdded(reaction),
            Op::Remove => Event::ReactionRemoved(reaction),
        };
        self.note(event.clone());
        Ok(Some(event))
    }

    /// Pins or unpins a message. `None` if nothing changed.
    pub(crate) fn pin(
        &mut self,
        conversation_id: ConversationId,
        user_id: UserId,
        message_id: MessageId,
        op: Op,
    ) -> Result<Option<Event>, StoreError> {
        let statement = match op {
            Op::Add => {
                "INSERT INTO pins (conversation_id, message_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
            }
            Op::Remove => "DELETE FROM pins WHERE conversation_id = ?1 AND message_id = ?2",
        };
        if self.sql.change(statement, values![conversation_id, message_id])? == 0 {
            return Ok(None);
        }
        let kind = match op {
            Op::Add => EventKind::Pinned,
            Op::Remove => EventKind::Unpinned,
        };
        let (_, entry) =
            self.append(&about_message(conversation_id, user_id, message_id, kind, Payload::default()))?;
        let event = match op {
            Op::Add => Event::Pinned { entry, message_id },
            Op::Remove => Event::Unpinned { entry, message_id },
        };
        self.note(event.clone());
        Ok(Some(event))
    }
}

fn about_message(
    conversation_id: ConversationId,
    actor_id: UserId,
    message_id: MessageId,
    kind: EventKind,
    detail: Payload,
) -> NewEvent<'static> {
    NewEvent {
        conversation_id,
        actor_id,
        kind,
        content: "",
        client_id: None,
        message_id: Some(message_id),
        version: 1,
        detail,
    }
}
