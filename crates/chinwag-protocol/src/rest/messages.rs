//! Messages, events and search results.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

use crate::command::Send;
use crate::event::{Entry, Event};
use crate::ids::{ConversationId, Cursor, FileId, MessageId, Seq, Stamp, UserId};
use crate::rest::Attachment;
use crate::time::{CreatedAt, Timestamp};

/// A message, the same in history and on sockets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Message {
    /// Unique on the server, growing with time.
    pub id: MessageId,
    /// The text.
    pub content: String,
    /// The sender's id.
    pub sender_id: UserId,
    /// The sender's username.
    pub sender_name: String,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// UTC.
    pub created_at: CreatedAt,
    /// The position in the conversation's log.
    pub seq: Seq,
    /// With `seq`, the cursor of this event.
    pub stamp: Stamp,
    /// Unix milliseconds.
    pub ts: Timestamp,
    /// The same as `sender_id`, for every event has one.
    pub actor_id: UserId,
    /// The sender's own id of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What it has besides its text.
    #[serde(flatten)]
    #[schema(inline)]
    pub extras: Extras<Attachment>,
    /// The number of times it was written: 1 if it was never edited.
    pub version: i64,
    /// True after deletion; the text is then empty.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// In history: the reactions, by emoji. A live message has none yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionSummary>,
}

impl Message {
    /// A message as it is sent: never edited, without reactions.
    #[must_use]
    pub fn new(
        id: MessageId,
        entry: Entry,
        sender_name: String,
        content: String,
        client_id: Option<String>,
        extras: Extras<Attachment>,
    ) -> Self {
        Self {
            id,
            content,
            sender_id: entry.actor_id,
            sender_name,
            conversation_id: entry.conversation_id,
            created_at: entry.ts.created_at(),
            seq: entry.seq,
            stamp: entry.stamp,
            ts: entry.ts,
            actor_id: entry.actor_id,
            client_id,
            extras,
            version: 1,
            deleted: false,
            reactions: Vec::new(),
        }
    }

    /// What remains after deletion: its place, its sender and its key, but nothing of its content.
    #[must_use]
    pub fn emptied(self) -> Self {
        Self {
            content: String::new(),
            extras: Extras::default(),
            reactions: Vec::new(),
            deleted: true,
            ..self
        }
    }
}

/// What a message has besides its text: the same in a command, on the wire and on disk. A command names files by
/// their ids; a message describes them, and this schema shows only that form.
///
/// A new field begins here. The compiler then asks for it where the two ways in are read, a REST body and a frame,
/// and the tests of the commands for its description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Extras<File> {
    /// The message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// How to interpret the text.
    #[serde(default)]
    #[schema(required)]
    pub format: Format,
    /// Data that the sender's application keeps with the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub meta: Option<serde_json::Map<String, serde_json::Value>>,
    /// Its files.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Attachment>)]
    pub attachments: Vec<File>,
}

// A derived one would require `File: Default`.
impl<File> Default for Extras<File> {
    fn default() -> Self {
        Self { reply_to: None, format: Format::default(), meta: None, attachments: Vec::new() }
    }
}

impl<File> Extras<File> {
    /// The same, with its files in another form.
    #[must_use]
    pub fn with_attachments<Other>(&self, attachments: Vec<Other>) -> Extras<Other> {
        let Self { reply_to, format, meta, attachments: _ } = self;
        Extras { reply_to: *reply_to, format: *format, meta: meta.clone(), attachments }
    }
}

/// How to interpret a text.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Format {
    /// As plain text.
    #[default]
    Plain,
    /// As Markdown.
    Markdown,
}

/// The users who reacted with one emoji.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReactionSummary {
    /// One emoji.
    pub emoji: String,
    /// Their ids.
    pub user_ids: Vec<UserId>,
}

/// A message's new text.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct EditMessage {
    /// The new text.
    pub content: String,
    /// Edit only if this is still its version.
    pub if_version: Option<i64>,
}

/// The result of a change.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Changed {
    /// The event's position; absent if nothing changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The event's stamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stamp: Option<Stamp>,
    /// The message's current version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// True if nothing changed: there is no new event.
    pub duplicate: bool,
}

/// A page of a conversation's log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// Oldest first.
    pub events: Vec<Event>,
    /// The newest event of the log.
    pub head: Cursor,
    /// True if there are more after these.
    pub more: bool,
    /// The `after` of the next page, if only some types were requested and there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Cursor>,
}

/// A matching message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SearchHit {
    /// In its present state.
    #[serde(flatten)]
    pub message: Message,
    /// The text around the match.
    pub snippet: String,
}

/// The matches, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SearchResults {
    /// One page of them.
    pub results: Vec<SearchHit>,
    /// The `before_id` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<MessageId>,
}

/// The answer to sending or editing a message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SentMessage {
    /// The message as it was sent, or after the edit.
    #[serde(flatten)]
    pub message: Arc<Message>,
    /// True if nothing changed: sent before under the same `client_id`, or edited to the same text.
    pub duplicate: bool,
}

/// A new message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewMessage {
    /// The text: not blank, at most 4,000 characters and 16 KiB. Optional only if there are files.
    pub content: Option<String>,
    /// Files that the sender uploaded and that are not in a message yet.
    #[serde(default)]
    pub attachments: Vec<FileId>,
    /// The sender's own id: the same id again returns the first message instead of a second one.
    pub client_id: Option<String>,
    /// The message that this one answers.
    pub reply_to: Option<MessageId>,
    /// How to interpret the text.
    #[serde(default)]
    pub format: Format,
    /// Data that the sender's application keeps with the message: at most 4 KiB.
    #[schema(value_type = Option<Object>)]
    pub meta: Option<serde_json::Map<String, serde_json::Value>>,
}

impl NewMessage {
    /// What it asks for. `None` if it has neither a text nor files.
    #[must_use]
    pub fn into_send(self) -> Option<Send> {
        let Self { content, attachments, client_id, reply_to, format, meta } = self;
        Send::new(content, client_id, Extras { reply_to, format, meta, attachments })
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The database has only what is not as usual: logs of earlier releases have no format where it is plain.
    #[test]
    fn extras_that_are_not_there_are_as_usual() {
        let read = |text: &str| serde_json::from_str::<Extras<FileId>>(text).unwrap();
        assert_eq!(read("{}"), Extras::default());
        assert_eq!(read(r#"{"reply_to":4}"#), Extras { reply_to: Some(MessageId(4)), ..Extras::default() });
        assert_eq!(
            read(r#"{"attachments":[5]}"#),
            Extras { attachments: vec![FileId(5)], ..Extras::default() }
        );
    }
}
