//! The logs: appends events, and reads them back as they were.
//!
//! Reading shows history as it happened, with one exception: a deleted text is gone everywhere.

use std::ops::ControlFlow;
use std::sync::Arc;

use chinwag_protocol::event::{Membership, Reaction};
use chinwag_protocol::rest::{Message, Role};
use chinwag_protocol::{
    ConversationId, Cursor, Entry, Event, EventKind, MessageId, Seq, Stamp, Timestamp, UserId,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::sql::{DatabaseError, Row, Value, values};
use super::words::damaged;
use super::{Change, StoreError, View};

/// A row to append. `detail` has what an event says besides its message and text: for a message, its extras.
pub(super) struct NewEvent<'a, D = Payload> {
    pub conversation_id: ConversationId,
    pub actor_id: UserId,
    pub kind: EventKind,
    pub content: &'a str,
    pub client_id: Option<&'a str>,
    pub message_id: Option<MessageId>,
    pub version: i64,
    pub detail: D,
}

/// The fields that only some events have, other than messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Payload {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// How much of a log to read at once: up to the first bound, but at least one event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk {
    pub events: usize,
    pub content_bytes: usize,
}

/// How a client's cursor relates to a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CursorState {
    /// It names an event of this log, or its beginning.
    Known,
    /// The log has another event there, or none yet, so it is not the log that the client knew.
    Diverged,
    /// The log no longer goes back that far.
    Expired,
}

/// The columns that [`event`] and [`message`] read.
pub(super) const COLUMNS: &str = "events.id, events.conversation_id, events.seq, events.stamp, events.ts, \
     events.actor_id, users.username, events.content, events.client_id, events.message_id, events.version, \
     events.detail, events.deleted_at IS NOT NULL, events.kind";

/// The end of a log, for a row of `conversations` joined with [`NEWEST`]. Events removed from the end count.
pub(super) const HEAD: &str = "CASE WHEN newest.seq > head_seq THEN newest.seq ELSE head_seq END, \
     CASE WHEN newest.seq > head_seq THEN newest.stamp ELSE head_stamp END";

/// Joins a conversation with its newest existing event.
pub(super) const NEWEST: &str = "LEFT JOIN events AS newest ON newest.conversation_id = conversations.id \
     AND newest.seq = (SELECT max(seq) FROM events WHERE events.conversation_id = conversations.id)";

fn detail<D: DeserializeOwned + Default>(row: &Row<'_>) -> Result<D, DatabaseError> {
    detail_in(row, 11)
}

/// What a column `detail` holds.
pub(super) fn detail_in<D: DeserializeOwned + Default>(
    row: &Row<'_>,
    column: usize,
) -> Result<D, DatabaseError> {
    let text: Option<String> = row.get(column)?;
    let Some(text) = text else { return Ok(D::default()) };
    serde_json::from_str(&text).map_err(|error| DatabaseError::unreadable(column, error))
}

fn entry(row: &Row<'_>) -> Result<Entry, DatabaseError> {
    Ok(Entry {
        conversation_id: row.get(1)?,
        seq: row.get(2)?,
        stamp: row.get(3)?,
        ts: row.get(4)?,
        actor_id: row.get(5)?,
    })
}

/// A message as it was sent: its first text, version 1.
pub(super) fn message(row: &Row<'_>) -> Result<Message, DatabaseError> {
    let (id, name, content, client_id) = (row.get(0)?, row.get(6)?, row.get(7)?, row.get(8)?);
    let message = Message::new(id, entry(row)?, name, content, client_id, detail(row)?);
    // The row has no more than that, but one place decides what is left.
    Ok(if row.get(12)? { message.emptied() } else { message })
}

pub(super) fn event(row: &Row<'_>) -> Result<Event, DatabaseError> {
    // An event of a later release is passed on as far as this one understands it: an error would end the log
    // here for every reader, and a hole would look like a loss.
    let Ok(kind) = row.text(13)?.parse() else { return Ok(Event::Unknown(entry(row)?)) };
    Ok(match kind {
        EventKind::Message => Event::Message(Arc::new(message(row)?)),
        EventKind::MessageEdited => Event::MessageEdited {
            entry: entry(row)?,
            message_id: about(row)?,
            content: row.get(7)?,
            version: row.get(10)?,
        },
        EventKind::MessageDeleted => Event::MessageDeleted { entry: entry(row)?, message_id: about(row)? },
        EventKind::ReactionAdded => Event::ReactionAdded(reaction(row)?),
        EventKind::ReactionRemoved => Event::ReactionRemoved(reaction(row)?),
        EventKind::Pinned => Event::Pinned { entry: entry(row)?, message_id: about(row)? },
        EventKind::Unpinned => Event::Unpinned { entry: entry(row)?, message_id: about(row)? },
        EventKind::ParticipantAdded => Event::ParticipantAdded(membership(row)?),
        EventKind::ParticipantRemoved => Event::ParticipantRemoved(membership(row)?),
        EventKind::ParticipantUpdated => Event::ParticipantUpdated(membership(row)?),
        EventKind::ConversationUpdated => {
            let detail: Payload = detail(row)?;
            Event::ConversationUpdated {
                entry: entry(row)?,
                title: detail.title.ok_or_else(|| damaged(11, DETAIL))?,
                topic: detail.topic.ok_or_else(|| damaged(11, DETAIL))?,
                archived: detail.archived.ok_or_else(|| damaged(11, DETAIL))?,
            }
        }
    })
}

const DETAIL: &str = "events.detail";

/// The message that an event is about.
fn about(row: &Row<'_>) -> Result<MessageId, DatabaseError> {
    row.get::<Option<MessageId>>(9)?.ok_or_else(|| damaged(9, "events.message_id"))
}

fn reaction(row: &Row<'_>) -> Result<Reaction, DatabaseError> {
    let entry = entry(row)?;
    let emoji = detail::<Payload>(row)?.emoji.ok_or_else(|| damaged(11, DETAIL))?;
    Ok(Reaction { entry, message_id: about(row)?, emoji, user_id: entry.actor_id })
}

fn membership(row: &Row<'_>) -> Result<Membership, DatabaseError> {
    let detail: Payload = detail(row)?;
    Ok(Membership {
        entry: entry(row)?,
        user_id: detail.user_id.ok_or_else(|| damaged(11, DETAIL))?,
        username: detail.username.ok_or_else(|| damaged(11, DETAIL))?,
        role: detail.role.ok_or_else(|| damaged(11, DETAIL))?,
    })
}

impl View {
    /// The events after `after` up to and including `through`, oldest first, as many as `chunk` allows. An
    /// empty list means that there are none.
    pub(crate) fn events(
        &self,
        conversation_id: ConversationId,
        after: Seq,
        through: Seq,
        chunk: Chunk,
    ) -> Result<Vec<Event>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM events JOIN users ON users.id = events.actor_id \
             WHERE events.conversation_id = ?1 AND events.seq > ?2 AND events.seq <= ?3 \
             ORDER BY events.seq LIMIT ?4"
        );
        let mut events = Vec::new();
        let mut content_bytes = 0;
        self.sql.scan(&text, values![conversation_id, after, through, chunk.events], |row| {
            content_bytes += row.text(7)?.len();
            events.push(event(row)?);
            Ok(if content_bytes < chunk.content_bytes {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        Ok(events)
    }

    /// Who last removed a user from a conversation. Reads the log backwards, which is short if asked soon.
    pub(crate) fn who_removed(
        &self,
        conversation_id: ConversationId,
        user_id: UserId,
    ) -> Result<Option<UserId>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM events JOIN users ON users.id = events.actor_id \
             WHERE events.conversation_id = ?1 AND events.kind = ?2 ORDER BY events.seq DESC"
        );
        let mut found = None;
        self.sql.scan(&text, values![conversation_id, EventKind::ParticipantRemoved.as_str()], |row| {
            let removed = membership(row)?;
            if removed.user_id != user_id {
                return Ok(ControlFlow::Continue(()));
            }
            found = Some(removed.entry.actor_id);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Events of these kinds between two positions, including `through`, oldest first. Looks at every event
    /// in between.
    pub(crate) fn events_of_kinds(
        &self,
        conversation_id: ConversationId,
        after: Seq,
        through: Seq,
        kinds: &[EventKind],
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let kinds = kinds.iter().map(|kind| kind.as_str()).collect::<serde_json::Value>().to_string();
        let listed = self.sql.spelling().listed_texts;
        self.sql.all(
            &format!(
                "SELECT {COLUMNS} FROM events JOIN users ON users.id = events.actor_id \
                 WHERE events.conversation_id = ?2 AND events.seq > ?3 AND events.seq <= ?4 \
                   AND events.kind IN {listed} \
                 ORDER BY events.seq LIMIT ?5"
            ),
            values![&kinds, conversation_id, after, through, limit],
            event,
        )
    }

    /// The cursor of the newest event.
    pub(crate) fn head(&self, conversation_id: ConversationId) -> Result<Cursor, StoreError> {
        let head = self.sql.one(
            &format!("SELECT {HEAD} FROM conversations {NEWEST} WHERE conversations.id = ?1"),
            values![conversation_id],
            |row| Ok(Cursor { seq: row.get(0)?, stamp: row.get(1)? }),
        )?;
        Ok(head.unwrap_or(Cursor::START))
    }
}

impl Change {
    /// Moves the newest event of a conversation to another time, because sample data has a past.
    pub(crate) fn back_date(&mut self, id: ConversationId, ts: Timestamp) -> Result<(), StoreError> {
        let seq = self.head_seq(id)?;
        self.sql.change(
            "UPDATE events SET ts = ?3 WHERE conversation_id = ?1 AND seq = ?2",
            values![id, seq, ts],
        )?;
        self.sql.change(
            "UPDATE conversations SET created_at = ?2 WHERE id = ?1 AND created_at > ?2",
            values![id, ts],
        )?;
        Ok(())
    }

    /// Appends a row to a log. The caller builds the event from it and passes that to `note`.
    pub(super) fn append(&mut self, new: &NewEvent<'_>) -> Result<(MessageId, Entry), StoreError> {
        self.append_unless_there(new)?.ok_or_else(|| taken().into())
    }

    /// Like [`append`](Self::append); `None` if the actor has used this `client_id` before.
    pub(super) fn append_unless_there<D: Default + PartialEq + Serialize>(
        &mut self,
        new: &NewEvent<'_, D>,
    ) -> Result<Option<(MessageId, Entry)>, StoreError> {
        let before = self.head_seq(new.conversation_id)?;
        let entry = Entry {
            conversation_id: new.conversation_id,
            seq: before.next(),
            stamp: Stamp::from_bits(rand::random()),
            ts: Timestamp::now(),
            actor_id: new.actor_id,
        };
        let detail = if new.detail == D::default() { None } else { serde_json::to_string(&new.detail).ok() };
        let appended = AppendedRow { entry, new, detail: detail.as_deref() };
        let position = if self.sql.is_remote() { self.gather(&appended)? } else { self.insert(&appended)? };
        let Some(position) = position else { return Ok(None) };
        self.move_head(entry.conversation_id, before);
        self.note_newest(position, entry.stamp);
        Ok(Some((MessageId(position), entry)))
    }

    /// Inserts a row now; the index looks whether its client id is new.
    fn insert<D>(&mut self, row: &AppendedRow<'_, D>) -> Result<Option<i64>, StoreError> {
        let position = self.next_position()?;
        let appended = self.sql.change(
            "INSERT INTO events (id, conversation_id, seq, stamp, ts, actor_id, kind, content, client_id, \
                                 message_id, version, detail) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
             ON CONFLICT (client_id, actor_id) WHERE client_id IS NOT NULL DO NOTHING",
            &row.values(position),
        )?;
        Ok((appended > 0).then_some(position))
    }

    /// Leaves a row to be inserted with others, once it is known that its client id is new.
    fn gather<D>(&mut self, row: &AppendedRow<'_, D>) -> Result<Option<i64>, StoreError> {
        if let Some(client_id) = row.new.client_id
            && self.use_client_id(row.entry.actor_id, client_id)?
        {
            return Ok(None);
        }
        let position = self.next_position()?;
        self.sql.gather(&row.values(position));
        Ok(Some(position))
    }
}

/// A row on its way into a log.
struct AppendedRow<'a, D> {
    entry: Entry,
    new: &'a NewEvent<'a, D>,
    detail: Option<&'a str>,
}

impl<D> AppendedRow<'_, D> {
    /// In the order of the columns, as [`insert`](Change::insert) names them.
    fn values(&self, position: i64) -> [Value<'_>; 12] {
        let Self { entry, new, detail } = self;
        [
            position.into(),
            entry.conversation_id.into(),
            entry.seq.into(),
            (&entry.stamp).into(),
            entry.ts.into(),
            entry.actor_id.into(),
            new.kind.as_str().into(),
            new.content.into(),
            new.client_id.into(),
            new.message_id.into(),
            new.version.into(),
            (*detail).into(),
        ]
    }
}

/// Another event prevented an insertion, but can't be found.
pub(super) fn taken() -> DatabaseError {
    DatabaseError::other("an event's client id is taken, but not by any event")
}
