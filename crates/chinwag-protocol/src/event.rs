//! Durable events: the entries of a conversation's log, and their form on the wire.

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
    /// A user sent a message.
    Message(Arc<Message>),
    /// An author edited a message.
    MessageEdited {
        /// Where, when and by whom.
        #[serde(flatten)]
        entry: Entry,
        /// The message's id.
        message_id: MessageId,
        /// The new text; empty if the message was deleted since.
        content: String,
        /// Counts from 1, the original text.
        version: i64,
    },
    /// A message was deleted.
    MessageDeleted {
        /// Where, when and by whom.
        #[serde(flatten)]
        entry: Entry,
        /// Which message.
        message_id: MessageId,
    },
    /// A user reacted.
    ReactionAdded(Reaction),
    /// A user removed a reaction.
    ReactionRemoved(Reaction),
    /// A message was pinned.
    Pinned {
        /// Where, when and by whom.
        #[serde(flatten)]
        entry: Entry,
        /// The message's id.
        message_id: MessageId,
    },
    /// A message was unpinned.
    Unpinned {
        /// Where, when and by whom.
        #[serde(flatten)]
        entry: Entry,
        /// The message's id.
        message_id: MessageId,
    },
    /// A user became a participant.
    ParticipantAdded(Membership),
    /// A user stopped being a participant.
    ParticipantRemoved(Membership),
    /// A participant's role changed.
    ParticipantUpdated(Membership),
    /// Title, topic or archive changed; all three in their new state.
    ConversationUpdated {
        /// Where, when and by whom.
        #[serde(flatten)]
        entry: Entry,
        /// The title that people see.
        title: String,
        /// What it is about.
        topic: String,
        /// Whether it can only be read.
        archived: bool,
    },
    /// An event that this release of the server does not know: a later release wrote it before a downgrade.
    /// Only its place in the log is sent.
    Unknown(Entry),
}

/// A message repeated to its sender, who sent it again: at level 0 this replaces `ok`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Echo {
    /// A user sent a message.
    Message {
        /// As it was sent.
        #[serde(flatten)]
        message: Arc<Message>,
        /// Level 0: true in the answer to a repeat. It is old, and has no place in the order of live
        /// messages.
        #[serde(skip_serializing_if = "Option::is_none")]
        duplicate: Option<bool>,
    },
}

/// The fields of every event.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Entry {
    /// The log's conversation.
    pub conversation_id: ConversationId,
    /// The place in the log.
    pub seq: Seq,
    /// With `seq`, the event's cursor.
    pub stamp: Stamp,
    /// Unix milliseconds.
    pub ts: Timestamp,
    /// The user who acted.
    pub actor_id: UserId,
}

/// A change of a reaction.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reaction {
    /// Where, when and by whom.
    #[serde(flatten)]
    pub entry: Entry,
    /// The message's id.
    pub message_id: MessageId,
    /// One emoji.
    pub emoji: String,
    /// The user whose reaction it is.
    pub user_id: UserId,
}

/// A change of a participant.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Membership {
    /// Where, when and by whom.
    #[serde(flatten)]
    pub entry: Entry,
    /// The participant's id.
    pub user_id: UserId,
    /// The participant's username.
    pub username: String,
    /// Their role now, or when they left.
    pub role: Role,
}

impl Event {
    /// Where, when and by whom.
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

    /// The event's kind; `None` if this release does not know it.
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
