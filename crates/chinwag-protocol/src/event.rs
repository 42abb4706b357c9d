//! Durable events: what a conversation's log consists of, and how it looks on the wire.

mod kind;

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

pub use kind::EventKind;

use crate::ids::{ConversationId, Cursor, MessageId, Seq, Stamp, UserId};
use crate::rest::{Message, Role};
use crate::time::Timestamp;

/// One durable entry of a conversation's log.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Somebody said something.
    Message(Arc<Message>),
    /// An author wrote a message anew.
    MessageEdited {
        /// Where, when, by whom.
        #[serde(flatten)]
        entry: Entry,
        /// Which message.
        message_id: MessageId,
        /// The new text; empty if the message was deleted since.
        content: String,
        /// Counts from 1, the first writing.
        version: i64,
    },
    /// A message is gone.
    MessageDeleted {
        /// Where, when, by whom.
        #[serde(flatten)]
        entry: Entry,
        /// Which message.
        message_id: MessageId,
    },
    /// Somebody reacted.
    ReactionAdded(Reaction),
    /// Somebody took a reaction back.
    ReactionRemoved(Reaction),
    /// A message was pinned.
    Pinned {
        /// Where, when, by whom.
        #[serde(flatten)]
        entry: Entry,
        /// Which message.
        message_id: MessageId,
    },
    /// A message is no longer pinned.
    Unpinned {
        /// Where, when, by whom.
        #[serde(flatten)]
        entry: Entry,
        /// Which message.
        message_id: MessageId,
    },
    /// Somebody takes part from now on.
    ParticipantAdded(Membership),
    /// Somebody no longer takes part.
    ParticipantRemoved(Membership),
    /// Somebody has another role.
    ParticipantUpdated(Membership),
    /// Title, topic or archive changed; all of them as they are now.
    ConversationUpdated {
        /// Where, when, by whom.
        #[serde(flatten)]
        entry: Entry,
        /// Shown to people.
        title: String,
        /// What it is about.
        topic: String,
        /// Whether it can only be read.
        archived: bool,
    },
    /// Something happened that this release of the server does not know: a later one wrote it, before the server went
    /// back. Only its place in the log is told.
    Unknown(Entry),
}

/// A message, told again to its sender who sent it again: what level 0 has instead of `ok`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Echo {
    /// Somebody said something.
    Message {
        /// As it was sent.
        #[serde(flatten)]
        message: Arc<Message>,
        /// Level 0: true in the answer to a repeat. It is old, and keeps no order with what comes live.
        #[serde(skip_serializing_if = "Option::is_none")]
        duplicate: Option<bool>,
    },
}

/// What every event has.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Entry {
    /// Which log.
    pub conversation_id: ConversationId,
    /// The position in it.
    pub seq: Seq,
    /// With `seq`, the event's cursor.
    pub stamp: Stamp,
    /// Unix milliseconds.
    pub ts: Timestamp,
    /// Whose doing it was.
    pub actor_id: UserId,
}

/// Of a reaction.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reaction {
    /// Where, when, by whom.
    #[serde(flatten)]
    pub entry: Entry,
    /// Which message.
    pub message_id: MessageId,
    /// One emoji.
    pub emoji: String,
    /// Who.
    pub user_id: UserId,
}

/// Of a participant.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Membership {
    /// Where, when, by whom.
    #[serde(flatten)]
    pub entry: Entry,
    /// Who.
    pub user_id: UserId,
    /// Their name.
    pub username: String,
    /// What they are now, or were when they went.
    pub role: Role,
}

impl Event {
    /// Where, when, by whom.
    #[must_use]
    pub fn entry(&self) -> Entry {
        match self {
            Self::Message(message) => Entry {
                conversation_id: message.conversation_id,
                seq: message.seq,
                stamp: message.stamp,
                ts: message.ts,
                actor_id: message.sender_id,
            },
            Self::MessageEdited { entry, .. }
            | Self::MessageDeleted { entry, .. }
            | Self::Pinned { entry, .. }
            | Self::Unpinned { entry, .. }
            | Self::ConversationUpdated { entry, .. }
            | Self::Unknown(entry) => *entry,
            Self::ReactionAdded(reaction) | Self::ReactionRemoved(reaction) => reaction.entry,
            Self::ParticipantAdded(membership)
            | Self::ParticipantRemoved(membership)
            | Self::ParticipantUpdated(membership) => membership.entry,
        }
    }

    /// Which kind it is of; `None` if this release does not know.
    #[must_use]
    pub fn kind(&self) -> Option<EventKind> {
        Some(match self {
            Self::Message(_) => EventKind::Message,
            Self::MessageEdited { .. } => EventKind::MessageEdited,
            Self::MessageDeleted { .. } => EventKind::MessageDeleted,
            Self::ReactionAdded(_) => EventKind::ReactionAdded,
            Self::ReactionRemoved(_) => EventKind::ReactionRemoved,
            Self::Pinned { .. } => EventKind::Pinned,
            Self::Unpinned { .. } => EventKind::Unpinned,
            Self::ParticipantAdded(_) => EventKind::ParticipantAdded,
            Self::ParticipantRemoved(_) => EventKind::ParticipantRemoved,
            Self::ParticipantUpdated(_) => EventKind::ParticipantUpdated,
            Self::ConversationUpdated { .. } => EventKind::ConversationUpdated,
            Self::Unknown(_) => return None,
        })
    }

    /// The place of this event in its log.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.entry().cursor()
    }

    /// Whether the original's dialect knows it.
    #[must_use]
    pub fn is_message(&self) -> bool {
        matches!(self, Self::Message(_))
    }
}

impl Entry {
    /// The place of this event in its log.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { seq: self.seq, stamp: Some(self.stamp) }
    }
}
