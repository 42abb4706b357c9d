//! Messages: appended to a conversation's log, read back in pages.

use chinwag_protocol::rest::Message;
use chinwag_protocol::{ConversationId, MessageId, Seq, Stamp, Timestamp, UserId};
use rusqlite::{OptionalExtension as _, Row};

use super::{Change, Event, EventBody, StoreError, View};

/// A message to be.
#[derive(Clone, Debug)]
pub(crate) struct MessageDraft {
    pub conversation_id: ConversationId,
    pub sender_id: UserId,
    pub sender_name: String,
    pub content: String,
    pub client_id: Option<String>,
}

/// What became of a draft.
#[derive(Clone, Debug)]
pub(crate) enum Appended {
    /// It is a new event.
    New(Message),
    /// The same draft was appended before; this is what became of it then.
    Duplicate(Message),
    /// Its `client_id` belongs to another message of the same sender.
    Mismatch,
}

/// Which part of a conversation's messages. Both bounds are exclusive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub before: Option<Seq>,
    pub after: Option<Seq>,
    pub limit: usize,
}

/// How much of a log to read at once: whichever bound comes first, but at least one event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk {
    pub events: usize,
    pub content_bytes: usize,
}

const COLUMNS: &str = "events.id, conversation_id, seq, stamp, ts, actor_id, username, content, client_id";

fn message(row: &Row<'_>) -> Result<Message, rusqlite::Error> {
    let stamp: String = row.get(3)?;
    let stamp = stamp.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, Box::new(error))
    })?;
    let ts = Timestamp(row.get(4)?);
    Ok(Message {
        id: MessageId(row.get(0)?),
        conversation_id: ConversationId(row.get(1)?),
        seq: Seq(row.get(2)?),
        stamp,
        ts,
        created_at: ts.created_at(),
        sender_id: UserId(row.get(5)?),
        sender_name: row.get(6)?,
        content: row.get(7)?,
        client_id: row.get(8)?,
    })
}

impl View {
    /// The message that a sender appended under this `client_id`.
    pub(crate) fn message_by_client_id(
        &self,
        sender_id: UserId,
        client_id: &str,
    ) -> Result<Option<Message>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM events JOIN users ON users.id = actor_id \
             WHERE actor_id = ?1 AND client_id = ?2"
        ))?;
        Ok(statement.query_row((sender_id.0, client_id), message).optional()?)
    }

    /// One page of messages, oldest first. With `after` it is the page right behind that bound, else the
    /// newest one.
    pub(crate) fn messages(
        &self,
        conversation_id: ConversationId,
        page: Page,
    ) -> Result<Vec<Message>, StoreError> {
        let order = if page.after.is_some() { "ASC" } else { "DESC" };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM events JOIN users ON users.id = actor_id \
             WHERE conversation_id = ?1 AND seq > ?2 AND seq < ?3 AND kind = 'message' \
             ORDER BY seq {order} LIMIT ?4"
        ))?;
        let after = page.after.unwrap_or(Seq::ZERO);
        let before = page.before.unwrap_or(Seq(i64::MAX));
        let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
        let rows = statement.query_map((conversation_id.0, after.0, before.0, limit), message)?;
        let mut messages: Vec<Message> = rows.collect::<Result<_, _>>()?;
        if page.after.is_none() {
            messages.reverse();
        }
        Ok(messages)
    }

    /// The events after `after` up to and with `through`, oldest first, as many as `chunk` allows. None
    /// means that there are none.
    pub(crate) fn events(
        &self,
        conversation_id: ConversationId,
        after: Seq,
        through: Seq,
        chunk: Chunk,
    ) -> Result<Vec<Event>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM events JOIN users ON users.id = actor_id \
             WHERE conversation_id = ?1 AND seq > ?2 AND seq <= ?3 AND kind = 'message' ORDER BY seq LIMIT ?4"
        ))?;
        let limit = i64::try_from(chunk.events).unwrap_or(i64::MAX);
        let mut rows = statement.query((conversation_id.0, after.0, through.0, limit))?;
        let mut events = Vec::new();
        let mut content_bytes = 0;
        while content_bytes < chunk.content_bytes
            && let Some(row) = rows.next()?
        {
            let message = message(row)?;
            content_bytes += message.content.len();
            events.push(Event { conversation_id, seq: message.seq, body: EventBody::Message(message) });
        }
        Ok(events)
    }
}

impl Change {
    /// Appends a message to its conversation's log, unless its `client_id` says that it is there already.
    pub(crate) fn append_message(&mut self, draft: MessageDraft) -> Result<Appended, StoreError> {
        if let Some(client_id) = &draft.client_id
            && let Some(first) = self.message_by_client_id(draft.sender_id, client_id)?
        {
            let is_same = first.conversation_id == draft.conversation_id && first.content == draft.content;
            return Ok(if is_same { Appended::Duplicate(first) } else { Appended::Mismatch });
        }
        let seq = self.next_seq(draft.conversation_id)?;
        let stamp = Stamp::from_bits(rand::random());
        let ts = Timestamp::now();
        self.connection
            .prepare_cached(
                "INSERT INTO events (conversation_id, seq, stamp, ts, actor_id, kind, content, client_id) \
                 VALUES (?1, ?2, ?3, ?4, ?5, 'message', ?6, ?7)",
            )?
            .execute((
                draft.conversation_id.0,
                seq.0,
                stamp.as_str(),
                ts.0,
                draft.sender_id.0,
                &draft.content,
                &draft.client_id,
            ))?;
        let message = Message {
            id: MessageId(self.connection.last_insert_rowid()),
            content: draft.content,
            sender_id: draft.sender_id,
            sender_name: draft.sender_name,
            conversation_id: draft.conversation_id,
            created_at: ts.created_at(),
            seq,
            stamp,
            ts,
            client_id: draft.client_id,
        };
        self.note(Event {
            conversation_id: draft.conversation_id,
            seq,
            body: EventBody::Message(message.clone()),
        });
        Ok(Appended::New(message))
    }
}
