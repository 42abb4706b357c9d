//! Conversations, their participants, and how far those have read.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

use super::accounts::PublicUser;
use super::messages::Message;
use super::push::NotificationLevel;
use crate::ids::{ConversationId, Cursor, Seq, UserId};
use crate::time::CreatedAt;

/// How far the caller has read.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct MarkRead {
    /// Up to and including this event.
    pub seq: Seq,
}

/// How far a user has received and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// The user's id.
    pub user_id: UserId,
    /// The position up to which one of their devices has received.
    pub delivered_seq: Seq,
    /// The position up to which they have read.
    pub read_seq: Seq,
}

/// A conversation as one of its participants sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConversationState {
    /// Unique on the server.
    pub id: ConversationId,
    /// The title that people see.
    pub title: String,
    /// What it is about.
    pub topic: String,
    /// `direct` or `group`.
    pub kind: ConversationKind,
    /// Whether it can only be read.
    pub archived: bool,
    /// The caller's role.
    pub role: Role,
    /// The newest event.
    pub head: Cursor,
    /// How far the caller has read.
    pub read_seq: Seq,
    /// Messages by others after that, at most 10,000.
    pub unread: u64,
    /// Those of them that mention the caller.
    pub mentions: u64,
    /// The newest message.
    pub last_message: Option<Message>,
    /// The number of participants.
    pub participants: u64,
    /// Which messages notify the caller.
    pub notifications: NotificationLevel,
    /// The other person of a direct conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<PublicUser>,
    /// UTC.
    pub created_at: CreatedAt,
}

/// A participant to add.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewParticipant {
    /// The user's id.
    pub user_id: UserId,
    /// `member` if absent.
    pub role: Option<Role>,
}

/// A participant's new role.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewRole {
    /// The role from now on.
    pub role: Role,
}

/// Changes of a conversation; an absent field stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct ConversationChange {
    /// The title that people see.
    pub title: Option<String>,
    /// What it is about.
    pub topic: Option<String>,
    /// Whether it can only be read.
    pub archived: Option<bool>,
}

/// A conversation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Conversation {
    /// Unique on the server.
    pub id: ConversationId,
    /// The title that people see.
    pub title: String,
    /// What it is about.
    pub topic: String,
    /// `direct` for the only conversation of two people, otherwise `group`.
    pub kind: ConversationKind,
    /// Whether it can only be read.
    pub archived: bool,
    /// Which messages notify the caller.
    pub notifications: NotificationLevel,
    /// UTC.
    pub created_at: CreatedAt,
}

/// The kind of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ConversationKind {
    /// The only conversation of just two people.
    Direct,
    /// Any number of people, with a title.
    Group,
}

/// A new conversation: `participant_id` for a direct one, otherwise `title` and `participant_ids`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewConversation {
    /// The group's title.
    pub title: Option<String>,
    /// The group's other participants; the caller is always one.
    pub participant_ids: Option<Vec<UserId>>,
    /// The other person of a direct conversation.
    pub participant_id: Option<UserId>,
}

/// The public profile of a participant.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Participant {
    /// The user's id.
    pub id: UserId,
    /// The unique username.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// The role in this conversation.
    pub role: Role,
    /// The position up to which one of their devices has received.
    pub delivered_seq: Seq,
    /// The position up to which they have read.
    pub read_seq: Seq,
}

/// A participant's role in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// The owner, at first the one who created it.
    Owner,
    /// Manages it.
    Admin,
    /// An ordinary participant.
    Member,
}
