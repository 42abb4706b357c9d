//! Messages: appended to a conversation's log, and read back in pages in their present state.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use chinwag_protocol::rest::{Attachment, Extras, Format, Message, ReactionSummary};
use chinwag_protocol::{ConversationId, Event, EventKind, FileId, MessageId, Send, Seq, UserId};

use super::log::{COLUMNS, NewEvent, Payload, detail_in, message, taken};
use super::spelling::list;
use super::sql::{DatabaseError, Row, values};
use super::{Change, StoreError, View};
use crate::seeded_bugs::{self, Bug};

/// A message to append.
#[derive(Clone, Debug)]
pub(crate) struct MessageDraft {
    pub conversation_id: ConversationId,
    pub sender_id: UserId,
    pub sender_name: String,
    pub send: Send,
    /// The mentions in the text: for each, the names that it may mean, longest first.
    pub mentions: Vec<Vec<String>>,
}

impl MessageDraft {
    /// Whether a stored message is the same apart from its text.
    fn says_as(&self, first: &Message) -> bool {
        let files = first.extras.attachments.iter().map(|file| file.id).collect();
        // Compared as it would be read back: on disk, a number may lose its last bit.
        let text = serde_json::to_string(&self.send.extras);
        let read_back = text.and_then(|text| serde_json::from_str::<Extras<FileId>>(&text));
        read_back.is_ok_and(|extras| extras == first.extras.with_attachments(files))
    }
}

/// The outcome of a draft.
#[derive(Clone, Debug)]
pub(crate) enum Appended {
    /// It is a new event.
    New(Arc<Message>),
    /// The same draft was appended before, with this result.
    Duplicate(Arc<Message>),
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

/// A message as it was sent, and its version.
fn sent(row: &Row<'_>) -> Result<(Message, i64), DatabaseError> {
    Ok((message(row)?, row.get(10)?))
}

/// What a change of a message needs to know about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageFacts {
    pub seq: Seq,
    pub sender_id: UserId,
    pub version: i64,
    pub format: Format,
    pub is_deleted: bool,
}

impl View {
    /// What a sender's `client_id` stands for: the same draft, or another.
    pub(crate) fn earlier(&self, draft: &MessageDraft) -> Result<Option<Appended>, StoreError> {
        let Some(client_id) = &draft.send.client_id else { return Ok(None) };
        let first = self.sql.one(
            &format!(
                "SELECT {COLUMNS} FROM events JOIN users ON users.id = events.actor_id \
             WHERE events.actor_id = ?1 AND events.client_id = ?2"
            ),
            values![draft.sender_id, client_id],
            message,
        )?;
        Ok(first.map(|first| {
            // A deleted message's text is no longer known, so its key alone decides.
            let is_same = first.conversation_id == draft.conversation_id
                && (first.deleted || (first.content == draft.send.content && draft.says_as(&first)));
            if is_same { Appended::Duplicate(Arc::new(first)) } else { Appended::Mismatch }
        }))
    }

    /// One page of messages in their present state, oldest first. With `after` the page directly follows that
    /// bound; otherwise it is the newest one.
    pub(crate) fn messages(
        &self,
        conversation_id: ConversationId,
        page: Page,
    ) -> Result<Vec<Message>, StoreError> {
        let order = if page.after.is_some() { "ASC" } else { "DESC" };
        let after = page.after.unwrap_or(Seq::ZERO);
        let before = page.before.unwrap_or(Seq(i64::MAX));
        let sent = self.sql.all(
            &format!(
                "SELECT {COLUMNS} FROM events JOIN users ON users.id = events.actor_id \
                 WHERE events.conversation_id = ?1 AND events.seq > ?2 AND events.seq < ?3 \
                   AND events.kind = 'message' ORDER BY events.seq {order} LIMIT ?4"
            ),
            values![conversation_id, after, before, page.limit],
            sent,
        )?;
        let mut messages = self.as_they_stand(sent)?;
        if page.after.is_none() {
            messages.reverse();
        }
        Ok(messages)
    }

    /// These messages in their present state, oldest first. Unknown ids are skipped.
    pub(crate) fn messages_by_id(&self, ids: &[MessageId]) -> Result<Vec<Message>, StoreError> {
        let listed = self.sql.spelling().listed;
        let sent = self.sql.all(
            &format!(
                "SELECT {COLUMNS} FROM events JOIN users ON users.id = events.actor_id \
                 WHERE events.id IN {listed} AND events.kind = 'message' ORDER BY events.id"
            ),
            values![&list(ids.iter().map(|id| id.0))],
            sent,
        )?;
        self.as_they_stand(sent)
    }

    /// One message in its present state.
    pub(crate) fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        Ok(self.messages_by_id(&[id])?.pop())
    }

    /// Adds the latest texts and the reactions to messages as they were sent.
    fn as_they_stand(&self, sent: Vec<(Message, i64)>) -> Result<Vec<Message>, StoreError> {
        let is_there = |(message, _): &&(Message, i64)| !message.deleted;
        let ids = list(sent.iter().filter(is_there).map(|(message, _)| message.id.0));
        let is_edited = sent.iter().filter(is_there).any(|(_, version)| *version > 1);
        let mut written = if is_edited { self.latest_writings(&ids)? } else { HashMap::new() };
        let mut reactions =
            if sent.iter().any(|one| is_there(&one)) { self.reactions(&ids)? } else { HashMap::new() };
        let messages = sent.into_iter().map(|(mut message, version)| {
            message.version = version;
            if let Some(content) = written.remove(&message.id) {
                message.content = content;
            }
            message.reactions = reactions.remove(&message.id).unwrap_or_default();
            message
        });
        Ok(messages.collect())
    }

    /// The latest texts of the listed messages that were edited.
    fn latest_writings(&self, ids: &str) -> Result<HashMap<MessageId, String>, StoreError> {
        let listed = self.sql.spelling().listed;
        let written = self.sql.all(
            &format!(
                "SELECT edit.message_id, edit.content FROM events AS edit \
                 JOIN events AS message ON message.id = edit.message_id AND message.version = edit.version \
                 WHERE edit.message_id IN {listed} AND edit.kind = 'message_edited'"
            ),
            values![ids],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(written.into_iter().collect())
    }

    /// The reactions of the listed messages, in the order in which they came, which is also the order for
    /// clients that follow the log: an emoji keeps its place while somebody reacts with it.
    fn reactions(&self, ids: &str) -> Result<HashMap<MessageId, Vec<ReactionSummary>>, StoreError> {
        let mut reactions: HashMap<MessageId, Vec<ReactionSummary>> = HashMap::new();
        let listed = self.sql.spelling().listed;
        let text = format!(
            "SELECT message_id, emoji, user_id FROM reactions WHERE message_id IN {listed} \
             ORDER BY message_id, emoji_seq, emoji, seq, user_id"
        );
        self.sql.scan(&text, values![ids], |row| {
            let (emoji, user_id) = (row.text(1)?, row.get(2)?);
            let reactions = reactions.entry(row.get(0)?).or_default();
            match reactions.last_mut() {
                Some(last) if last.emoji == emoji => last.user_ids.push(user_id),
                _ => reactions.push(ReactionSummary { emoji: emoji.to_owned(), user_ids: vec![user_id] }),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(reactions)
    }

    /// The facts about a message of this conversation. Nested ids must belong together: a message of another
    /// conversation does not count.
    pub(crate) fn message_facts(
        &self,
        conversation_id: ConversationId,
        id: MessageId,
    ) -> Result<Option<MessageFacts>, StoreError> {
        self.sql.one(
            "SELECT seq, actor_id, version, deleted_at IS NOT NULL, detail FROM events \
             WHERE id = ?1 AND conversation_id = ?2 AND kind = 'message'",
            values![id, conversation_id],
            |row| {
                Ok(MessageFacts {
                    seq: row.get(0)?,
                    sender_id: row.get(1)?,
                    version: row.get(2)?,
                    is_deleted: row.get(3)?,
                    format: detail_in::<Extras<Attachment>>(row, 4)?.format,
                })
            },
        )
    }
}

impl View {
    /// Whether a sender has used this client id.
    pub(super) fn is_used(&self, sender_id: UserId, client_id: &str) -> Result<bool, StoreError> {
        self.sql.single(
            "SELECT EXISTS (SELECT 1 FROM events WHERE client_id = ?1 AND actor_id = ?2)",
            values![client_id, sender_id],
            |row| row.get(0),
        )
    }
}

impl Change {
    /// Appends a message to its conversation's log, unless there is an [earlier](View::earlier) one with its
    /// `client_id`. The caller has looked up the draft's files. Without files and mentions this takes one
    /// statement.
    pub(crate) fn append_message(
        &mut self,
        draft: MessageDraft,
        attachments: Vec<Attachment>,
    ) -> Result<Appended, StoreError> {
        let send = &draft.send;
        let new = NewEvent {
            conversation_id: draft.conversation_id,
            actor_id: draft.sender_id,
            kind: EventKind::Message,
            content: &send.content,
            client_id: send.client_id.as_deref().filter(|_| !seeded_bugs::is(Bug::NoIdempotency)),
            message_id: None,
            version: 1,
            detail: send.extras.with_attachments(attachments),
        };
        // The index checks this, so a new message needs no look-up before.
        let Some((id, entry)) = self.append_unless_there(&new)? else {
            return self.earlier(&draft)?.ok_or_else(|| taken().into());
        };
        self.attach(&new.detail.attachments, draft.conversation_id, id)?;
        self.insert_mentions(entry.conversation_id, entry.seq, draft.sender_id, &draft.mentions)?;
        let (extras, Send { content, client_id, .. }) = (new.detail, draft.send);
        let message = Message::new(id, entry, draft.sender_name, content, client_id, extras);
        let message = Arc::new(message);
        self.note(Event::Message(Arc::clone(&message)));
        Ok(Appended::New(message))
    }

    /// Stores an edited text.
    pub(crate) fn append_edit(
        &mut self,
        conversation_id: ConversationId,
        actor_id: UserId,
        id: MessageId,
        facts: MessageFacts,
        content: String,
        mentions: &[Vec<String>],
    ) -> Result<Event, StoreError> {
        let version = facts.version + 1;
        let new = NewEvent {
            conversation_id,
            actor_id,
            kind: EventKind::MessageEdited,
            content: &content,
            client_id: None,
            message_id: Some(id),
            version,
            detail: Payload::default(),
        };
        let (_, entry) = self.append(&new)?;
        self.sql.change("UPDATE events SET version = ?2 WHERE id = ?1", values![id, version])?;
        self.delete_mentions(conversation_id, facts.seq)?;
        self.insert_mentions(conversation_id, facts.seq, facts.sender_id, mentions)?;
        self.reindex(id, Some(&content))?;
        let event = Event::MessageEdited { entry, message_id: id, content, version };
        self.note(event.clone());
        Ok(event)
    }

    /// Deletes a message: removes its text from the log, the edits, the search index and the mentions.
    pub(crate) fn append_deletion(
        &mut self,
        conversation_id: ConversationId,
        actor_id: UserId,
        id: MessageId,
        facts: MessageFacts,
    ) -> Result<Event, StoreError> {
        let (_, entry) = self.append(&NewEvent {
            conversation_id,
            actor_id,
            kind: EventKind::MessageDeleted,
            content: "",
            client_id: None,
            message_id: Some(id),
            version: facts.version,
            detail: Payload::default(),
        })?;
        self.sql.change(
            "UPDATE events SET content = '', detail = NULL, deleted_at = ?2 WHERE id = ?1",
            values![id, entry.ts],
        )?;
        self.sql.change(
            "UPDATE events SET content = '' WHERE message_id = ?1 AND kind = 'message_edited'",
            values![id],
        )?;
        self.sql.change("DELETE FROM reactions WHERE message_id = ?1", values![id])?;
        self.sql.change(
            "DELETE FROM pins WHERE conversation_id = ?1 AND message_id = ?2",
            values![conversation_id, id],
        )?;
        self.delete_mentions(conversation_id, facts.seq)?;
        self.discard_files(id)?;
        self.reindex(id, None)?;
        let event = Event::MessageDeleted { entry, message_id: id };
        self.note(event.clone());
        Ok(event)
    }

    /// The participant with the first of these names that matches.
    fn named(&self, conversation_id: ConversationId, names: &[String]) -> Result<Option<UserId>, StoreError> {
        for name in names {
            let found = self.sql.one(
                "SELECT users.id FROM users \
             JOIN participants ON participants.user_id = users.id AND participants.conversation_id = ?2 \
             WHERE users.username_key = ?1",
                values![name, conversation_id],
                |row| row.get(0),
            )?;
            if found.is_some() {
                return Ok(found.map(UserId));
            }
        }
        Ok(None)
    }

    fn insert_mentions(
        &mut self,
        conversation_id: ConversationId,
        seq: Seq,
        sender_id: UserId,
        mentions: &[Vec<String>],
    ) -> Result<(), StoreError> {
        // A mention means only participants, and nobody mentions themselves.
        for name in mentions {
            let Some(user_id) = self.named(conversation_id, name)? else { continue };
            if user_id != sender_id {
                self.sql.change("INSERT INTO mentions (user_id, conversation_id, seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING", values![user_id, conversation_id, seq])?;
            }
        }
        Ok(())
    }

    fn delete_mentions(&mut self, conversation_id: ConversationId, seq: Seq) -> Result<(), StoreError> {
        self.sql.change("DELETE FROM mentions WHERE conversation_id = ?1 AND seq = ?2 \
                 AND user_id IN (SELECT user_id FROM participants WHERE conversation_id = ?1 \
                                 UNION ALL SELECT user_id FROM former_participants WHERE conversation_id = ?1)", values![conversation_id, seq])?;
        Ok(())
    }
}
