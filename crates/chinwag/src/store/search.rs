//! Full-text search: an index of trigrams, so that parts of words and scripts without spaces are found.
//!
//! Sending does not wait for the index: it is brought up to date before a search, by jobs of the writer.
//!
//! A job indexes 500 messages. An edit or a deletion of a message that is indexed changes the index in its own
//! transaction, so nobody finds a text that was deleted. Who takes part is a condition of the query.

use chinwag_protocol::{ConversationId, MessageId, Timestamp, UserId};
use rusqlite::{OptionalExtension as _, named_params};

use super::{Change, StoreError, View};
use crate::unicode::{fold, search_key};

/// Messages that one job indexes: a few milliseconds.
const INDEX_STEP: i64 = 500;

/// Messages that one page of a search for one or two characters reads at most.
const MAX_SCANNED: usize = 20_000;

/// What to look for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    /// Each of them has to be in the text. As [`search_key`] gives them.
    pub terms: Vec<String>,
    pub conversation_id: Option<ConversationId>,
    pub from: Option<String>,
    pub before: Option<Timestamp>,
    pub after: Option<Timestamp>,
    pub before_id: Option<MessageId>,
    pub limit: usize,
}

/// One page of a search.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub ids: Vec<MessageId>,
    /// Where the next page begins, if there may be one. This one may be empty all the same.
    pub next: Option<MessageId>,
}

impl View {
    /// The messages that match, newest first, of conversations that `user_id` takes part in.
    pub(crate) fn search(&self, user_id: UserId, query: &Query) -> Result<Found, StoreError> {
        // Trigrams can't find what is shorter than three characters: that is looked for row by row.
        let (long, short): (Vec<&String>, Vec<&String>) =
            query.terms.iter().partition(|term| term.chars().count() >= 3);
        let quoted: Vec<String> =
            long.iter().map(|term| format!("\"{}\"", term.replace('"', "\"\""))).collect();
        let matching = (!quoted.is_empty()).then(|| quoted.join(" AND "));
        let index = if matching.is_some() {
            "events.id IN (SELECT rowid FROM message_text WHERE message_text MATCH :matching)"
        } else {
            ":matching IS NULL"
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT events.id FROM events \
             JOIN participants ON participants.conversation_id = events.conversation_id \
                              AND participants.user_id = :user_id \
             JOIN users ON users.id = events.actor_id \
             WHERE {index} AND events.kind = 'message' AND events.deleted_at IS NULL \
               AND (:conversation_id IS NULL OR events.conversation_id = :conversation_id) \
               AND (:sender IS NULL OR users.username_key = :sender) \
               AND (:before IS NULL OR events.ts < :before) AND (:after IS NULL OR events.ts >= :after) \
               AND (:before_id IS NULL OR events.id < :before_id) \
             ORDER BY events.id DESC"
        ))?;
        let mut rows = statement.query(named_params! {
            ":matching": matching,
            ":user_id": user_id.0,
            ":conversation_id": query.conversation_id.map(|id| id.0),
            ":sender": query.from.as_deref().map(fold),
            ":before": query.before.map(|time| time.0),
            ":after": query.after.map(|time| time.0),
            ":before_id": query.before_id.map(|id| id.0),
        })?;
        let mut found = Found::default();
        let mut scanned = 0;
        while let Some(row) = rows.next()? {
            if found.ids.len() == query.limit || scanned == MAX_SCANNED {
                return Ok(found);
            }
            scanned += 1;
            let id = MessageId(row.get(0)?);
            found.next = Some(id);
            if short.is_empty() || self.contains_all(id, &short)? {
                found.ids.push(id);
            }
        }
        Ok(Found { next: None, ..found })
    }

    fn contains_all(&self, id: MessageId, terms: &[&String]) -> Result<bool, StoreError> {
        let Some(message) = self.message(id)? else { return Ok(false) };
        let text = search_key(&message.content);
        Ok(terms.iter().all(|term| text.contains(*term)))
    }

    fn indexed_through(&self) -> Result<i64, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT value FROM meta WHERE key = 'indexed_through'")?;
        let value: Option<String> = statement.query_row([], |row| row.get(0)).optional()?;
        Ok(value.and_then(|value| value.parse().ok()).unwrap_or_default())
    }

    /// Whether messages wait to be indexed.
    pub(crate) fn is_index_behind(&self) -> Result<bool, StoreError> {
        let through = self.indexed_through()?;
        let mut statement =
            self.connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM events WHERE id > ?1)")?;
        Ok(statement.query_row([through], |row| row.get(0))?)
    }
}

impl Change {
    /// Indexes the next messages. False when all are.
    pub(crate) fn index_step(&mut self) -> Result<bool, StoreError> {
        let through = self.indexed_through()?;
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, kind = 'message' FROM events WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let rows = statement
            .query_map((through, INDEX_STEP), |row| Ok((MessageId(row.get(0)?), row.get::<_, bool>(1)?)))?;
        let rows: Vec<(MessageId, bool)> = rows.collect::<Result<_, _>>()?;
        drop(statement);
        let Some((last, _)) = rows.last() else { return Ok(false) };
        let last = last.0;
        for (id, is_message) in &rows {
            if *is_message
                && let Some(message) = self.message(*id)?
                && !message.deleted
            {
                self.insert_text(*id, &message.content)?;
            }
        }
        self.connection
            .prepare_cached(
                "INSERT INTO meta (key, value) VALUES ('indexed_through', ?1) \
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )?
            .execute([last.to_string()])?;
        Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX) == INDEX_STEP)
    }

    /// Puts a message's new text into the index, or takes it out. One that is not indexed yet will be.
    pub(super) fn reindex(&mut self, id: MessageId, content: Option<&str>) -> Result<(), StoreError> {
        if id.0 > self.indexed_through()? {
            return Ok(());
        }
        self.connection.prepare_cached("DELETE FROM message_text WHERE rowid = ?1")?.execute([id.0])?;
        match content {
            Some(content) => self.insert_text(id, content),
            None => Ok(()),
        }
    }

    fn insert_text(&mut self, id: MessageId, content: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO message_text (rowid, content) VALUES (?1, ?2)")?
            .execute((id.0, search_key(content)))?;
        Ok(())
    }
}
