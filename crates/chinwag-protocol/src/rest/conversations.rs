//! Conversations, who takes part, and how far they have read.

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
    /// Up to and with this position.
    pub seq: Seq,
}

/// How far somebody has received and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Receipt {
    /// Where.
    pub conversation_id: ConversationId,
    /// Who.
    pub user_id: UserId,
    /// On one of their devices.
    pub delivered_seq: Seq,
    /// Seen by them.
    pub read_seq: Seq,
}

/// A conversation as one of its participants sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConversationState {
    /// Unique on the server.
    pub id: ConversationId,
    /// Shown to people.
    pub title: String,
    /// What it is about.
    pub topic: String,
    /// Direct or group.
    pub kind: ConversationKind,
    /// Whether it can only be read.
    pub archived: bool,
    /// The caller's.
    pub role: Role,
    /// The newest event.
    pub head: Cursor,
    /// How far the caller has read.
    pub read_seq: Seq,
    /// Messages of others after that, at most 10,000.
    pub unread: u64,
    /// Those of them that name the caller.
    pub mentions: u64,
    /// The newest message.
    pub last_message: Option<Message>,
    /// How many take part.
    pub participants: u64,
    /// Which messages notify the caller.
    pub notifications: NotificationLevel,
    /// Of a direct conversation: the other person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<PublicUser>,
    /// UTC.
    pub created_at: CreatedAt,
}

/// Somebody to add.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewParticipant {
    /// Who.
    pub user_id: UserId,
    /// `member` if absent.
    pub role: Option<Role>,
}

/// Somebody's new role.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewRole {
    /// What they are from now on.
    pub role: Role,
}

/// What to change about a conversation; what is absent stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct ConversationChange {
    /// Shown to people.
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
    /// Shown to people.
    pub title: String,
    /// What it is about.
    pub topic: String,
    /// `direct` for two people's only one, else `group`.
    pub kind: ConversationKind,
    /// Whether it can only be read.
    pub archived: bool,
    /// Which messages notify the caller.
    pub notifications: NotificationLevel,
    /// UTC.
    pub created_at: CreatedAt,
}

/// What a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ConversationKind {
    /// The one conversation of two people.
    Direct,
    /// Any number of people, with a title.
    Group,
}

/// A new conversation: `participant_id` for the direct one, else `title` and `participant_ids`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewConversation {
    /// The group's title.
    pub title: Option<String>,
    /// The group's other participants; the caller is always one.
    pub participant_ids: Option<Vec<UserId>>,
    /// The other person of a direct conversation.
    pub participant_id: Option<UserId>,
}

/// What everybody may see of a user.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Participant {
    /// Who.
    pub id: UserId,
    /// Unique name.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// In this conversation.
    pub role: Role,
    /// On one of their devices.
    pub delivered_seq: Seq,
    /// Seen by them.
    pub read_seq: Seq,
}

/// What a participant is in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Made it.
    Owner,
    /// Looks after it.
    Admin,
    /// Takes part.
    Member,
}
