//! Messages, events and what was found.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

use crate::command::Send;
use crate::event::{Entry, Event};
use crate::ids::{ConversationId, Cursor, FileId, MessageId, Seq, Stamp, UserId};
use crate::rest::Attachment;
use crate::time::{CreatedAt, Timestamp};

/// A message, as history and sockets show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Message {
    /// Unique on the server, growing with time.
    pub id: MessageId,
    /// The text.
    pub content: String,
    /// Who sent it.
    pub sender_id: UserId,
    /// The sender's username.
    pub sender_name: String,
    /// Where.
    pub conversation_id: ConversationId,
    /// UTC.
    pub created_at: CreatedAt,
    /// Position in the conversation's log.
    pub seq: Seq,
    /// With `seq`, the cursor of this event.
    pub stamp: Stamp,
    /// Unix milliseconds.
    pub ts: Timestamp,
    /// The same as `sender_id`: what every event has.
    pub actor_id: UserId,
    /// The sender's own id of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What it has beside its text.
    #[serde(flatten)]
    #[schema(inline)]
    pub extras: Extras<Attachment>,
    /// How often it was written: 1 if it was never edited.
    pub version: i64,
    /// True once it is deleted; then the text is empty.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// In history: who reacted, by emoji. A live message has none yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionSummary>,
}

impl Message {
    /// As it is sent: written once, and nobody has reacted yet.
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

    /// What is left of it once it is deleted: its place, whose it was, and its key. Nothing that it said.
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

/// What a message has beside its text: the same in a command, on the wire and on the disk. A command names files by
/// their ids; a message tells what they are, and only that is described by this schema.
///
/// A new field begins here. The compiler then asks for it where the two ways in are read, a REST body and a frame, and
/// the tests of the commands for its description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Extras<File> {
    /// The message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// How to read the text.
    #[serde(default)]
    #[schema(required)]
    pub format: Format,
    /// What the sender's application keeps with the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub meta: Option<serde_json::Map<String, serde_json::Value>>,
    /// Its files.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Attachment>)]
    pub attachments: Vec<File>,
}

// Derived, it would ask for a file that there is by default.
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

/// How to read a text.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Format {
    /// As it stands.
    #[default]
    Plain,
    /// As Markdown.
    Markdown,
}

/// Who reacted with one emoji.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReactionSummary {
    /// One emoji.
    pub emoji: String,
    /// Who, by id.
    pub user_ids: Vec<UserId>,
}

/// A message's new text.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct EditMessage {
    /// The new text.
    pub content: String,
    /// Only if this is still its version.
    pub if_version: Option<i64>,
}

/// What a change did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Changed {
    /// The event's position; absent if it was so already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The event's stamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stamp: Option<Stamp>,
    /// The message's version now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// True if it was so already: there is no new event.
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
    /// The `after` of the next page, where only some types were asked for and there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Cursor>,
}

/// A message that was found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SearchHit {
    /// As it stands now.
    #[serde(flatten)]
    pub message: Message,
    /// The part around the find.
    pub snippet: String,
}

/// What was found, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SearchResults {
    /// One page.
    pub results: Vec<SearchHit>,
    /// For the next page, as `before_id`; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<MessageId>,
}

/// The answer to a message that was sent or edited.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SentMessage {
    /// As it was sent; after an edit, as it stands then.
    #[serde(flatten)]
    pub message: Arc<Message>,
    /// True if it was so already: sent before, under the same `client_id`, or edited to the text that it had.
    pub duplicate: bool,
}

/// A new message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewMessage {
    /// The text: not blank, at most 4,000 characters and 16 KiB. Only a message with files may be without.
    pub content: Option<String>,
    /// Files that the sender uploaded and that no message has yet.
    #[serde(default)]
    pub attachments: Vec<FileId>,
    /// The sender's own id: the same id again answers the first message instead of a second one.
    pub client_id: Option<String>,
    /// The message that this one answers.
    pub reply_to: Option<MessageId>,
    /// How to read the text.
    #[serde(default)]
    pub format: Format,
    /// What the sender's application keeps with the message: at most 4 KiB.
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
