//! The bodies of the REST interface. A message looks the same here and on the sockets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{ConversationId, MessageId, Seq, Stamp, UserId};
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
    #[schema(value_type = String, example = "k3v9x2ab")]
    pub stamp: Stamp,
    /// Unix milliseconds.
    pub ts: Timestamp,
    /// The sender's own id of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// The answer to a message that was sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SentMessage {
    /// As it stands in the log.
    #[serde(flatten)]
    pub message: Message,
    /// True if it was sent before, under the same `client_id`.
    pub duplicate: bool,
}

/// A new message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewMessage {
    /// The text: not blank, at most 4,000 characters and 16 KiB.
    #[schema(min_length = 1, max_length = 4000)]
    pub content: String,
    /// The sender's own id: the same id again answers the first message instead of a second one.
    #[schema(min_length = 1, max_length = 128)]
    pub client_id: Option<String>,
}

/// A conversation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Conversation {
    /// Unique on the server.
    pub id: ConversationId,
    /// Shown to people.
    pub title: String,
    /// `direct` for two people's only one, else `group`.
    pub kind: ConversationKind,
    /// UTC.
    pub created_at: CreatedAt,
}

/// What a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConversationKind {
    /// The one conversation of two people.
    Direct,
    /// Any number of people, with a title.
    Group,
}

/// A new conversation: `participant_id` for the direct one, else `title` and `participant_ids`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewConversation {
    /// The group's title.
    #[schema(min_length = 1, max_length = 64)]
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
}

/// What a participant is in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Made it.
    Owner,
    /// Looks after it.
    Admin,
    /// Takes part.
    Member,
}

/// A user, as they see themselves.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct User {
    /// Unique on the server.
    pub id: UserId,
    /// Null for users that another application vouched for.
    pub email: Option<String>,
    /// Unique, and the token's `sub`.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// On the whole server.
    pub role: UserRole,
    /// False if disabled.
    pub is_active: bool,
    /// UTC.
    pub created_at: CreatedAt,
}

/// What a user may do on the whole server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// Everybody.
    User,
    /// Looks after the server.
    Admin,
}

/// A new account.
#[derive(Clone, Deserialize, ToSchema)]
pub struct Register {
    /// 1 to 64 letters, digits or `. _ -`.
    #[schema(min_length = 1, max_length = 64)]
    pub username: String,
    /// Where mail would reach the user.
    #[schema(max_length = 254)]
    pub email: String,
    /// 8 to 256 bytes.
    #[schema(min_length = 8, max_length = 256, format = Password)]
    pub password: String,
    /// Optional.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub first_name: String,
    /// Optional.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub last_name: String,
}

/// The first administrator, made with the link that `serve` printed.
#[derive(Clone, Deserialize, ToSchema)]
pub struct Setup {
    /// From the link's fragment.
    pub token: String,
    /// The account.
    #[serde(flatten)]
    pub account: Register,
}

/// The OAuth2 password form.
#[derive(Clone, Deserialize, ToSchema)]
pub struct PasswordForm {
    /// Username or e-mail.
    pub username: String,
    /// In clear: use TLS.
    #[schema(format = Password)]
    pub password: String,
    /// Accepted and ignored beyond `password`.
    pub grant_type: Option<String>,
    /// Accepted and ignored.
    pub scope: Option<String>,
    /// Accepted and ignored.
    pub client_id: Option<String>,
    /// Accepted and ignored.
    pub client_secret: Option<String>,
}

/// The answer to a sign-in.
#[derive(Clone, Serialize, ToSchema)]
pub struct Token {
    /// A JWT (HS256) with `sub`, `iat`, `exp` and `sid`.
    pub access_token: String,
    /// Always `bearer`.
    pub token_type: &'static str,
    /// Who signed in.
    pub user: User,
}

/// One sign-in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Session {
    /// The token's `sid`.
    pub id: String,
    /// UTC.
    pub created_at: CreatedAt,
    /// UTC.
    pub expires_at: CreatedAt,
    /// The program that signed in, as it named itself.
    pub user_agent: String,
    /// True for the session of this very request.
    pub current: bool,
}

/// That the server runs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    pub status: &'static str,
    /// Of the server.
    pub version: &'static str,
    /// True under `chinwag demo`: sample users exist.
    pub demo: bool,
    /// False when rate limits are off: for load tests only.
    pub rate_limits: bool,
}

/// A refusal in words.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Detail {
    /// One sentence.
    pub detail: String,
}

/// A body, path or query that is not what the route takes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ValidationDetail {
    /// What is wrong, piece by piece.
    pub detail: Vec<ValidationError>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ValidationError {
    /// Where: `["body", "content"]`.
    pub loc: Vec<Location>,
    /// For people.
    pub msg: String,
    /// For programs.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// A step on the way to a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Location {
    /// A field's name.
    Name(String),
    /// A place in a list.
    Index(usize),
}
