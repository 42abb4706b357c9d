//! The bodies of the REST interface. A message looks the same here and on the sockets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{ConversationId, Cursor, MessageId, Seq, Stamp, UserId};
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
    /// The same as `sender_id`: what every event has.
    pub actor_id: UserId,
    /// The sender's own id of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// How to read the text.
    pub format: Format,
    /// What the sender's application keeps with the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub meta: Option<serde_json::Map<String, serde_json::Value>>,
    /// How often it was written: 1 if it was never edited.
    pub version: i64,
    /// True once it is deleted; then the text is empty.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// In history: who reacted, by emoji. A live message has none yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionSummary>,
}

/// How to read a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
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
    #[schema(min_length = 1, max_length = 4000)]
    pub content: String,
    /// Only if this is still its version.
    pub if_version: Option<i64>,
}

/// What a change did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Changed {
    /// The event's position; of the earlier event if it was so already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The event's stamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub stamp: Option<Stamp>,
    /// The message's version now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// True if it was so already: there is no new event.
    pub duplicate: bool,
}

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
    #[schema(value_type = String, example = "1400.k3v9x2ab")]
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
}

/// Somebody to add.
#[derive(Clone, Debug, Deserialize, ToSchema)]
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
    #[schema(min_length = 1, max_length = 64)]
    pub title: Option<String>,
    /// What it is about.
    #[schema(max_length = 250)]
    pub topic: Option<String>,
    /// Whether it can only be read.
    pub archived: Option<bool>,
}

/// What to change about oneself; what is absent stays.
#[derive(Clone, Default, Deserialize, ToSchema)]
pub struct UserChange {
    /// Shown to people.
    #[schema(max_length = 64)]
    pub first_name: Option<String>,
    /// Shown to people.
    #[schema(max_length = 64)]
    pub last_name: Option<String>,
    /// A new password; all other sessions end.
    #[schema(min_length = 8, max_length = 256, format = Password)]
    pub password: Option<String>,
    /// With `password`: the present one.
    #[schema(format = Password)]
    pub current_password: Option<String>,
}

/// What everybody may see of a user.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PublicUser {
    /// Who.
    pub id: UserId,
    /// Unique name.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
}

/// Somebody's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceStatus {
    /// Here.
    Online,
    /// Here, but not looking.
    Away,
    /// Do not disturb.
    Dnd,
    /// Here, but shown as offline to others.
    Invisible,
    /// Not here. Nobody can say this of themselves: closing the sockets does.
    #[serde(skip_deserializing)]
    Offline,
}

/// What a client has to keep to.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Limits {
    /// Characters in a message.
    pub content_chars: usize,
    /// Bytes in a message.
    pub content_bytes: usize,
    /// Bytes in a frame.
    pub frame_bytes: usize,
    /// Events that a resume replays at most.
    pub replay_events: u32,
}

/// A page of a conversation's log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// Oldest first.
    pub events: Vec<crate::event::Event>,
    /// The newest event of the log.
    #[schema(value_type = String, example = "1400.k3v9x2ab")]
    pub head: Cursor,
    /// True if there are more after these.
    pub more: bool,
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

/// A refresh token to be spent.
#[derive(Clone, Deserialize, ToSchema)]
pub struct Refresh {
    /// From the last answer that had one. It works once.
    pub refresh_token: String,
}

/// A single-use credential for a WebSocket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ticket {
    /// For `/ws?ticket=`.
    pub ticket: String,
    /// Seconds until it is void.
    pub expires_in: u64,
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
    /// The message that this one answers.
    pub reply_to: Option<MessageId>,
    /// How to read the text.
    #[serde(default)]
    pub format: Format,
    /// What the sender's application keeps with the message: at most 4 KiB.
    #[schema(value_type = Option<Object>)]
    pub meta: Option<serde_json::Map<String, serde_json::Value>>,
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
    /// On one of their devices.
    pub delivered_seq: Seq,
    /// Seen by them.
    pub read_seq: Seq,
}

/// What a participant is in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
    /// 1 to 64 characters: letters, digits, and `. _ -`.
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
    /// For `POST /auth/refresh`, once.
    pub refresh_token: String,
    /// Seconds until the access token is void.
    pub expires_in: u64,
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
