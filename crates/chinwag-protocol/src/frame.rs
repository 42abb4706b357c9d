//! What the server sends over a socket.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::codes::ErrorCode;
use crate::event::Event;
use crate::ids::{ConversationId, Cursor, FileId, MessageId, Seq, Stamp, UserId};
use crate::rest::{ConversationState, Limits, PresenceStatus, Receipt, User};
use crate::time::Timestamp;

/// A frame that is not an event, internally tagged by `type`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Frame<'a> {
    /// Always the first frame of a room socket.
    Connection {
        /// Always `connected`.
        status: &'static str,
        /// The room's conversation.
        conversation_id: ConversationId,
        /// The user whose token it is.
        user_id: UserId,
        /// Level 1: the newest event.
        #[serde(skip_serializing_if = "Option::is_none")]
        head: Option<Cursor>,
        /// Level 1: how often the server pings.
        #[serde(skip_serializing_if = "Option::is_none")]
        heartbeat_ms: Option<u64>,
    },
    /// The answer to `hello`.
    Ready(Box<Ready<'a>>),
    /// Events that the client missed, oldest first.
    Replay {
        /// The conversation.
        conversation_id: ConversationId,
        /// The events as they would have come live.
        #[schema(value_type = Vec<Event>)]
        events: &'a [Box<RawValue>],
        /// The newest event, which may come in a later replay.
        head: Cursor,
    },
    /// Everything up to here was replayed; from now on events come live.
    CaughtUp {
        /// The conversation.
        conversation_id: ConversationId,
        /// The last replayed event, or the client's own if nothing was replayed.
        seq: Seq,
    },
    /// Continuity is lost: drop your cache of this conversation and read a page.
    Gap {
        /// The conversation.
        conversation_id: ConversationId,
        /// The newest event.
        head: Cursor,
        /// The reason.
        reason: GapReason,
    },
    /// A command succeeded.
    Ok(Done<'a>),
    /// A command was refused; the socket stays open.
    Error {
        /// The `ref` of the command.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<&'a str>,
        /// A sentence for people.
        message: &'a str,
        /// A code for programs.
        code: ErrorCode,
        /// True if the same command may succeed later.
        retry: bool,
        /// With `rate_limited`: when to try again.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
        /// The idempotency key of the refused command, so that its sender can identify it.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<&'a str>,
        /// The upload that this ended, if any.
        #[serde(skip_serializing_if = "Option::is_none")]
        upload_id: Option<u32>,
    },
    /// The answer to `ping`.
    Pong {
        /// The `ref` of the command.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<&'a str>,
        /// What the client sent.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<f64>)]
        t: Option<&'a serde_json::Number>,
    },
    /// A user's first socket in the room opened.
    UserJoined {
        /// The user's id.
        user_id: UserId,
        /// Their name.
        username: &'a str,
    },
    /// A user's last socket in the room closed.
    UserLeft {
        /// The user's id.
        user_id: UserId,
        /// The username.
        username: &'a str,
    },
    /// A user types, or has stopped.
    Typing {
        /// The conversation.
        conversation_id: ConversationId,
        /// The user's id.
        user_id: UserId,
        /// The username.
        username: &'a str,
        /// Whether they type.
        on: bool,
    },
    /// How far a user has received and read.
    Receipt(&'a Receipt),
    /// The user's own counts.
    Unread {
        /// The conversation.
        conversation_id: ConversationId,
        /// The newest event.
        head: Cursor,
        /// Messages by others after what the user has read.
        unread: u64,
        /// Those of them that mention the user.
        mentions: u64,
    },
    /// A user's status changed.
    Presence {
        /// The user's id.
        user_id: UserId,
        /// `offline` also for invisible users.
        status: PresenceStatus,
        /// Their text about it.
        #[serde(skip_serializing_if = "str::is_empty")]
        text: &'a str,
        /// When they were last connected; absent while they are.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_seen: Option<Timestamp>,
    },
    /// The user was added to a conversation.
    Conversation(&'a ConversationState),
    /// The user left a conversation, or was removed.
    ConversationLeft {
        /// The conversation.
        conversation_id: ConversationId,
        /// Who ended it: the one who removed the user, or the user.
        #[serde(skip_serializing_if = "Option::is_none")]
        actor_id: Option<UserId>,
    },
    /// Bytes of an upload have arrived: as many more chunks may be sent.
    UploadProgress {
        /// The upload's id.
        upload_id: u32,
        /// All bytes before this offset have arrived.
        offset: u64,
    },
    /// The token expires soon: send `auth`.
    AuthExpiring {
        /// When it expires.
        expires_at: Timestamp,
    },
    /// The server restarts: reconnect after this time.
    Goaway {
        /// Drawn separately for each socket, so that not all come back at once.
        reconnect_after_ms: u64,
    },
}

/// The answer to `hello`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ready<'a> {
    /// The `ref` of the command.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<&'a str>,
    /// The id of this connection.
    pub session_id: String,
    /// The user whose token it is.
    pub user: User,
    /// How often the server pings.
    pub heartbeat_ms: u64,
    /// The server's clock.
    pub server_time: Timestamp,
    /// The limits for the client.
    pub limits: Limits,
    /// The user's conversations.
    pub conversations: Vec<ConversationState>,
    /// True if there are more than listed; the rest is available over REST.
    pub more: bool,
}

/// The result of a command.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Done<'a> {
    /// The `ref` of the command.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<&'a str>,
    /// The message concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The event's place in its log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The event's stamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stamp: Option<Stamp>,
    /// The event's time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ts: Option<Timestamp>,
    /// The `client_id` of the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<&'a str>,
    /// The message's current version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// True if nothing changed: there is no new event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<bool>,
    /// The upload's id on this socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload_id: Option<u32>,
    /// The most bytes in a chunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk_bytes: Option<usize>,
    /// The offset at which to begin: the bytes before it arrived earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// How many chunks may be in flight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// The id of the resulting file, for `attachments`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_id: Option<FileId>,
    /// The path of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<&'a str>,
    /// The file's type, by its content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime: Option<&'a str>,
    /// The file's size in bytes, as stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// A picture's width in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// A picture's height in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

/// Why continuity is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The events are no longer kept.
    Retention,
    /// The cursor belongs to another log: the server was restored from a backup.
    Diverged,
    /// The user does not take part.
    Membership,
    /// More events are missing than a resume replays.
    TooFar,
}
