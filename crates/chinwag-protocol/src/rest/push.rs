//! Push notifications: subscriptions of devices, and the payload.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

use crate::ids::{ConversationId, MessageId, Seq};
use crate::time::CreatedAt;

/// The key for a browser's subscription.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PushKey {
    /// The server's VAPID key: an uncompressed P-256 point in base64url, the `applicationServerKey`.
    pub public_key: String,
}

/// A device that wants notifications, in the form of a browser's `PushSubscription.toJSON()`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct NewPushSubscription {
    /// The push service's address for the device: an https URL.
    #[schema(max_length = 2048)]
    pub endpoint: String,
    /// The device's keys.
    pub keys: PushKeys,
    /// What a notification contains; `full` if absent.
    #[serde(default)]
    pub content: PushContent,
}

/// The keys of a device.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct PushKeys {
    /// Its public key in base64url.
    pub p256dh: String,
    /// Its authentication secret in base64url.
    pub auth: String,
}

/// What a notification contains.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PushContent {
    /// The sender and the text.
    #[default]
    Full,
    /// Only that there is something, and where.
    None,
}

/// A device that gets notifications.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PushSubscription {
    /// Unique on the server.
    pub id: i64,
    /// The host of its push service.
    pub endpoint_host: String,
    /// What a notification contains.
    pub content: PushContent,
    /// UTC.
    pub created_at: CreatedAt,
}

/// Which messages of a conversation notify a participant.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NotificationLevel {
    /// Every message.
    #[default]
    All,
    /// Those that mention the user; in a direct conversation, every message.
    Mentions,
    /// No message.
    None,
}

/// Which messages of a conversation notify the caller.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct NotificationSetting {
    /// The level.
    pub level: NotificationLevel,
}

/// The encrypted payload for a device. Not part of any answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PushPayload {
    /// Always `message`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// The newest message that it announces.
    pub message_id: MessageId,
    /// That message's seq.
    pub seq: Seq,
    /// The conversation's title; the sender's display name in a direct one. Absent with `content: none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The sender's username. Absent with `content: none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_name: Option<String>,
    /// The sender's display name: both names, or the username if both are empty. Absent with `content: none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_display_name: Option<String>,
    /// The text, shortened if it is long. Absent with `content: none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Unread messages of the conversation.
    pub unread: u64,
    /// A notification with the same tag replaces the older one.
    pub tag: String,
    /// The address to open, below the web page's address.
    pub url: String,
}
