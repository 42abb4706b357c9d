//! Conversations as one of their participants sees them, in one statement or a few, however many there are:
//! the list, what an entering socket needs, and what it has missed.

use std::collections::HashMap;
use std::ops::ControlFlow;

use chinwag_protocol::rest::{ConversationState, Message, PublicUser};
use chinwag_protocol::{ConversationId, Cursor, Event, MessageId, Seq, Stamp, Timestamp, UserId};

use super::conversations::{KIND, ROLE};
use super::log::{COLUMNS, Chunk, CursorState, HEAD, NEWEST, event};
use super::push::NOTIFICATIONS;
use super::receipts::MAX_UNREAD;
use super::spelling::{list, rows};
use super::sql::{DatabaseError, Row, values};
use super::words::word;
use super::{StoreError, View};

/// What a user needs to enter a conversation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entrance {
    pub head: Cursor,
    /// The state of their cursor.
    pub cursor: Option<CursorState>,
    /// The position before they joined.
    pub joined_after: Seq,
    pub participants: usize,
}

/// A part of a log: after `after`, up to and including `through`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub conversation_id: ConversationId,
    pub after: Seq,
    pub through: Seq,
}

/// What was read from several stretches.
#[derive(Debug, Default)]
pub(crate) struct Missed {
    pub events: HashMap<ConversationId, Vec<Event>>,
    /// Whether it is everything; otherwise it is the first stretches, of which the last may be incomplete.
    pub is_whole: bool,
}

/// A conversation's state, with its newest message.
fn state(row: &Row<'_>) -> Result<(ConversationState, Option<MessageId>), DatabaseError> {
    let peer = match row.get(15)? {
        Some(id) => {
            Some(PublicUser { id, username: row.get(16)?, first_name: row.get(17)?, last_name: row.get(18)? })
        }
        None => None,
    };
    let state = ConversationState {
        id: row.get(0)?,
        kind: word(row, 1, KIND)?,
        title: row.get(2)?,
        topic: row.get(3)?,
        archived: row.get(4)?,
        created_at: row.get::<Timestamp>(5)?.created_at(),
        head: Cursor { seq: row.get(6)?, stamp: row.get(7)? },
        role: word(row, 9, ROLE)?,
        read_seq: row.get(10)?,
        notifications: word(row, 11, NOTIFICATIONS)?,
        participants: row.get(12)?,
        unread: row.get(13)?,
        mentions: row.get(14)?,
        last_message: None,
        peer,
    };
    Ok((state, row.get(8)?))
}

/// The statement that reads [`entrance`]s of `own` participants, whose cursors stand at `seq`.
fn entrances_of(own: &str, seq: &str) -> String {
    format!(
        "SELECT conversations.id, {HEAD}, own.joined_seq, \
             (SELECT COUNT(*) FROM participants WHERE conversation_id = conversations.id), \
             (SELECT stamp FROM events WHERE events.conversation_id = conversations.id AND events.seq = {seq}), \
             EXISTS (SELECT 1 FROM events WHERE events.conversation_id = conversations.id AND events.seq = 1) \
         FROM {own} JOIN conversations ON conversations.id = own.conversation_id {NEWEST}"
    )
}

fn entrance(row: &Row<'_>, cursor: Option<Cursor>) -> Result<(ConversationId, Entrance), DatabaseError> {
    let head = Cursor { seq: row.get(1)?, stamp: row.get(2)? };
    let (found, is_begun): (Option<Stamp>, bool) = (row.get(5)?, row.get(6)?);
    let cursor = cursor.map(|cursor| judge(cursor, head, found, is_begun));
    let entrance = Entrance { head, cursor, joined_after: row.get(3)?, participants: row.get(4)? };
    Ok((row.get(0)?, entrance))
}

impl View {
    /// These conversations as `user_id` sees them, by id. Those that the user is not in are skipped.
    pub(crate) fn conversation_states(
        &self,
        user_id: UserId,
        ids: &[ConversationId],
    ) -> Result<Vec<ConversationState>, StoreError> {
        let listed = self.sql.spelling().listed;
        let states = self.sql.all(
            &format!(
                "SELECT conversations.id, conversations.kind, title, topic, archived_at IS NOT NULL, \
                     conversations.created_at, \
                     {HEAD}, \
                     (SELECT id FROM events WHERE events.conversation_id = conversations.id \
                          AND events.kind = 'message' ORDER BY events.seq DESC LIMIT 1), \
                     own.role, own.read_seq, own.notifications, \
                     (SELECT COUNT(*) FROM participants WHERE conversation_id = conversations.id), \
                     (SELECT COUNT(*) FROM (SELECT 1 FROM events \
                         WHERE events.conversation_id = conversations.id AND events.seq > own.read_seq \
                           AND events.kind = 'message' AND events.deleted_at IS NULL \
                           AND events.actor_id != own.user_id LIMIT ?3) AS unread), \
                     (SELECT COUNT(*) FROM (SELECT 1 FROM mentions \
                         WHERE mentions.user_id = own.user_id AND mentions.conversation_id = conversations.id \
                           AND mentions.seq > own.read_seq LIMIT ?3) AS named), \
                     peer.id, peer.username, peer.first_name, peer.last_name \
                 FROM participants AS own \
                 JOIN conversations ON conversations.id = own.conversation_id {NEWEST} \
                 LEFT JOIN participants AS other ON conversations.kind = 'direct' \
                     AND other.conversation_id = own.conversation_id AND other.user_id != own.user_id \
                 LEFT JOIN users AS peer ON peer.id = other.user_id \
                 WHERE own.user_id = ?2 AND own.conversation_id IN {listed} ORDER BY own.conversation_id"
            ),
            values![&list(ids.iter().map(|id| id.0)), user_id, MAX_UNREAD],
            state,
        )?;
        let newest: Vec<MessageId> = states.iter().filter_map(|(_, newest)| *newest).collect();
        let newest = self.messages_by_id(&newest)?.into_iter();
        let mut newest: HashMap<ConversationId, Message> =
            newest.map(|message| (message.conversation_id, message)).collect();
        let states = states.into_iter().map(|(mut state, _)| {
            state.last_message = newest.remove(&state.id);
            state
        });
        Ok(states.collect())
    }

    /// What `user_id`, who has these cursors, needs to enter conversations. Those that the user is not in are
    /// skipped.
    pub(crate) fn entrances(
        &self,
        user_id: UserId,
        cursors: &[(ConversationId, Option<Cursor>)],
    ) -> Result<HashMap<ConversationId, Entrance>, StoreError> {
        let wanted = match cursors {
            // A room's socket is in one conversation. A list would cost it as much as all the rest.
            [(id, cursor)] => {
                let text = entrances_of("participants AS own", "?3");
                let text = format!("{text} WHERE own.conversation_id = ?1 AND own.user_id = ?2");
                let seq = cursor.map(|cursor| cursor.seq);
                let read = |row: &Row<'_>| entrance(row, *cursor);
                return Ok(self.sql.one(&text, values![*id, user_id, seq], read)?.into_iter().collect());
            }
            cursors => rows(cursors.iter().map(|(id, cursor)| (id.0, cursor.map(|cursor| cursor.seq.0)))),
        };
        let cursors: HashMap<ConversationId, Option<Cursor>> = cursors.iter().copied().collect();
        let text = entrances_of(self.sql.spelling().cursors, "wanted.seq");
        let entrances = self.sql.all(&text, values![&wanted, user_id], |row| {
            entrance(row, cursors.get(&row.get(0)?).copied().flatten())
        })?;
        Ok(entrances.into_iter().collect())
    }

    /// Whether a client's cursor belongs to this log.
    pub(crate) fn cursor_state(
        &self,
        conversation_id: ConversationId,
        cursor: Cursor,
    ) -> Result<CursorState, StoreError> {
        let state = self.sql.one(
            &format!(
                "SELECT {HEAD}, \
                     (SELECT stamp FROM events WHERE events.conversation_id = ?1 AND events.seq = ?2), \
                     EXISTS (SELECT 1 FROM events WHERE events.conversation_id = ?1 AND events.seq = 1) \
                 FROM conversations {NEWEST} WHERE conversations.id = ?1"
            ),
            values![conversation_id, cursor.seq],
            |row| {
                let head = Cursor { seq: row.get(0)?, stamp: row.get(1)? };
                Ok(judge(cursor, head, row.get(2)?, row.get(3)?))
            },
        )?;
        Ok(state.unwrap_or(CursorState::Diverged))
    }

    /// The events in these stretches, oldest first in each, up to `chunk` in all.
    pub(crate) fn missed(&self, stretches: &[Stretch], chunk: Chunk) -> Result<Missed, StoreError> {
        let mut missed = Missed { is_whole: true, ..Missed::default() };
        match stretches {
            [] => return Ok(missed),
            [Stretch { conversation_id, after, through }] => {
                let events = self.events(*conversation_id, *after, *through, chunk)?;
                missed.is_whole = events.last().is_none_or(|last| last.entry().seq == *through);
                missed.events.insert(*conversation_id, events);
                return Ok(missed);
            }
            _ => {}
        }
        let wanted =
            rows(stretches.iter().map(|part| (part.conversation_id.0, part.after.0, part.through.0)));
        let (mut count, mut content_bytes) = (0, 0);
        let stretches_with_events = self.sql.spelling().missed;
        let text = format!("SELECT {COLUMNS} FROM {stretches_with_events}");
        self.sql.scan(&text, values![&wanted], |row| {
            if count == chunk.events || content_bytes >= chunk.content_bytes {
                missed.is_whole = false;
                return Ok(ControlFlow::Break(()));
            }
            let event = event(row)?;
            count += 1;
            content_bytes += row.text(7)?.len();
            missed.events.entry(event.entry().conversation_id).or_default().push(event);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(missed)
    }

    /// Those of these conversations that `user_id` takes part in, by id.
    pub(crate) fn taken_part_in(
        &self,
        user_id: UserId,
        ids: &[ConversationId],
    ) -> Result<Vec<ConversationId>, StoreError> {
        let listed = self.sql.spelling().listed;
        self.sql.all(
            &format!(
                "SELECT conversation_id FROM participants WHERE user_id = ?2 AND conversation_id IN {listed} \
                 ORDER BY conversation_id"
            ),
            values![&list(ids.iter().map(|id| id.0)), user_id],
            |row| row.get(0),
        )
    }
}

/// How a cursor relates to a log that ends at `head`, has `found` at the cursor's position, and still has its
/// first event or not.
fn judge(cursor: Cursor, head: Cursor, found: Option<Stamp>, is_begun: bool) -> CursorState {
    // The newest event may be gone, but its stamp is still known.
    let found = if cursor.seq == head.seq { head.stamp } else { found };
    match (cursor.stamp, found) {
        (Some(stamp), Some(found)) if stamp != found => CursorState::Diverged,
        (_, Some(_)) => CursorState::Known,
        // Nothing is there. A log has no holes, so it ends earlier, or it no longer goes back that far.
        (stamp, None) => {
            let is_gone = cursor.seq < head.seq && !is_begun;
            match stamp {
                _ if is_gone => CursorState::Expired,
                Some(_) => CursorState::Diverged,
                None => CursorState::Known,
            }
        }
    }
}
