//! Full-text search: a trigram index, which finds parts of words and scripts without spaces.
//!
//! Sending does not wait for the index: jobs of the writer update it before a search.
//!
//! A job indexes 500 messages. An edit or deletion of an indexed message changes the index in its own
//! transaction, so nobody finds a deleted text. Participation is a condition of the query.

use std::ops::ControlFlow;

use chinwag_protocol::{ConversationId, MessageId, Timestamp, UserId};

use super::sql::{Value, values};
use super::{Change, StoreError, View};
use crate::unicode::{fold, search_key};

/// Messages that one job indexes, in a few milliseconds.
const INDEX_STEP: usize = 500;

/// The most messages that one page of a search for one or two characters reads.
const MAX_SCANNED: usize = 20_000;

/// The text of a message in its latest writing.
pub(super) const LATEST_TEXT: &str = "coalesce((SELECT edit.content FROM events AS edit \
     WHERE edit.message_id = events.id AND edit.version = events.version AND edit.kind = 'message_edited'), \
     events.content)";

/// What to search for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    /// Terms that must all be in the text, in the form of [`search_key`].
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
    /// Where the next page begins, if there may be one. This page may be empty anyway.
    pub next: Option<MessageId>,
}

impl View {
    /// The matching messages, newest first, in conversations that `user_id` takes part in.
    pub(crate) fn search(&self, user_id: UserId, query: &Query) -> Result<Found, StoreError> {
        // Trigrams can't find terms of less than three characters, so those are searched row by row.
        let (long, short): (Vec<&String>, Vec<&String>) =
            query.terms.iter().partition(|term| term.chars().count() >= 3);
        let (matching, terms) = match &long[..] {
            [] => ("TRUE".to_owned(), Vec::new()),
            long => (self.sql.spelling().matching)(long, 7),
        };
        // The latest text, for terms that the index can't find.
        let text = if short.is_empty() { "''" } else { LATEST_TEXT };
        let statement = format!(
            "SELECT events.id, {text} FROM events \
             JOIN participants ON participants.conversation_id = events.conversation_id \
                              AND participants.user_id = ?1 \
             JOIN users ON users.id = events.actor_id \
             WHERE {matching} AND events.kind = 'message' AND events.deleted_at IS NULL \
               AND (?2 IS NULL OR events.conversation_id = ?2) \
               AND (?3 IS NULL OR users.username_key = ?3) \
               AND (?4 IS NULL OR events.ts < ?4) AND (?5 IS NULL OR events.ts >= ?5) \
               AND (?6 IS NULL OR events.id < ?6) \
             ORDER BY events.id DESC"
        );
        let sender = query.from.as_deref().map(fold);
        let mut values: Vec<Value<'_>> = values![
            user_id,
            query.conversation_id,
            sender.as_deref(),
            query.before,
            query.after,
            query.before_id,
        ]
        .to_vec();
        values.extend(terms.iter().map(Value::from));
        let mut found = Found::default();
        let mut scanned = 0;
        let mut is_whole = true;
        self.sql.scan(&statement, &values, |row| {
            if found.ids.len() == query.limit || scanned == MAX_SCANNED {
                is_whole = false;
                return Ok(ControlFlow::Break(()));
            }
            scanned += 1;
            let id = row.get(0)?;
            found.next = Some(id);
            if short.is_empty() || has_all(row.text(1)?, &short) {
                found.ids.push(id);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(if is_whole { Found { next: None, ..found } } else { found })
    }

    fn indexed_through(&self) -> Result<i64, StoreError> {
        let value: Option<String> =
            self.sql.one("SELECT value FROM meta WHERE key = 'indexed_through'", &[], |row| row.get(0))?;
        Ok(value.and_then(|value| value.parse().ok()).unwrap_or_default())
    }

    /// Whether messages wait to be indexed.
    pub(crate) fn is_index_behind(&self) -> Result<bool, StoreError> {
        let through = self.indexed_through()?;
        self.sql
            .single("SELECT EXISTS (SELECT 1 FROM events WHERE id > ?1)", values![through], |row| row.get(0))
    }
}

fn has_all(content: &str, terms: &[&String]) -> bool {
    let text = search_key(content);
    terms.iter().all(|term| text.contains(*term))
}

impl Change {
    /// Indexes the next messages. False when all are indexed.
    pub(crate) fn index_step(&mut self) -> Result<bool, StoreError> {
        let through = self.indexed_through()?;
        let rows: Vec<(MessageId, bool)> = self.sql.all(
            "SELECT id, kind = 'message' FROM events WHERE id > ?1 ORDER BY id LIMIT ?2",
            values![through, INDEX_STEP],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let Some((last, _)) = rows.last() else { return Ok(false) };
        let last = last.0;
        let ids: Vec<MessageId> =
            rows.iter().filter(|(_, is_message)| *is_message).map(|(id, _)| *id).collect();
        for message in self.messages_by_id(&ids)?.iter().filter(|message| !message.deleted) {
            self.insert_text(message.id, &message.content)?;
        }
        self.sql.change(
            "INSERT INTO meta (key, value) VALUES ('indexed_through', ?1) \
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            values![&last.to_string()],
        )?;
        Ok(rows.len() == INDEX_STEP)
    }

    /// Puts a message's new text into the index, or removes the old one. A message that is not indexed yet
    /// will be.
    pub(super) fn reindex(&mut self, id: MessageId, content: Option<&str>) -> Result<(), StoreError> {
        if id.0 > self.indexed_through()? {
            return Ok(());
        }
        self.sql.change(self.sql.spelling().delete_text, values![id])?;
        match content {
            Some(content) => self.insert_text(id, content),
            None => Ok(()),
        }
    }

    fn insert_text(&mut self, id: MessageId, content: &str) -> Result<(), StoreError> {
        self.sql.change(self.sql.spelling().insert_text, values![id, &search_key(content)])?;
        Ok(())
    }
}
