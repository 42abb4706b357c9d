//! What the server sends over a socket.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::codes::ErrorCode;
use crate::event::Event;
use crate::ids::{ConversationId, Cursor, FileId, MessageId, Seq, Stamp, UserId};
use crate::rest::{ConversationState, Limits, PresenceStatus, Receipt, User};
use crate::time::Timestamp;

/// One frame that is no event, internally tagged by `type`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Frame<'a> {
    /// Always the first frame of a room socket.
    Connection {
        /// Always `connected`.
        status: &'static str,
        /// The room.
        conversation_id: ConversationId,
        /// Who the token belongs to.
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
        /// Where.
        conversation_id: ConversationId,
        /// As they would have come live.
        #[schema(value_type = Vec<Event>)]
        events: &'a [Box<RawValue>],
        /// The newest event, which may come in a later replay.
        head: Cursor,
    },
    /// Everything up to here was replayed; from now on events come live.
    CaughtUp {
        /// Where.
        conversation_id: ConversationId,
        /// The last position that was replayed, or the client's own if there was none.
        seq: Seq,
    },
    /// Continuity is lost: drop what is cached of this conversation and read a page.
    Gap {
        /// Where.
        conversation_id: ConversationId,
        /// The newest event.
        head: Cursor,
        /// Why.
        reason: GapReason,
    },
    /// A command was carried out.
    Ok(Done<'a>),
    /// A command was refused; the socket lives on.
    Error {
        /// Of the command.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<&'a str>,
        /// For people.
        message: &'a str,
        /// For programs.
        code: ErrorCode,
        /// True if the same command may succeed later.
        retry: bool,
        /// With `rate_limited`: when to try again.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
        /// The idempotency key of the refused command, so that its sender can tell which it was.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<&'a str>,
        /// The upload that ended with this, if it did.
        #[serde(skip_serializing_if = "Option::is_none")]
        upload_id: Option<u32>,
    },
    /// The answer to `ping`.
    Pong {
        /// Of the command.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<&'a str>,
        /// What the client sent.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<f64>)]
        t: Option<&'a serde_json::Number>,
    },
    /// A user's first socket in the room opened.
    UserJoined {
        /// Who.
        user_id: UserId,
        /// Their name.
        username: &'a str,
    },
    /// A user's last socket in the room closed.
    UserLeft {
        /// Who.
        user_id: UserId,
        /// Their name.
        username: &'a str,
    },
    /// Somebody types, or no longer.
    Typing {
        /// Where.
        conversation_id: ConversationId,
        /// Who.
        user_id: UserId,
        /// Their name.
        username: &'a str,
        /// Whether they type.
        on: bool,
    },
    /// How far somebody has received and read.
    Receipt(&'a Receipt),
    /// The user's own counts.
    Unread {
        /// Where.
        conversation_id: ConversationId,
        /// The newest event.
        head: Cursor,
        /// Messages of others after the read position.
        unread: u64,
        /// Those of them that name the user.
        mentions: u64,
    },
    /// Somebody's status changed.
    Presence {
        /// Who.
        user_id: UserId,
        /// `offline` also for those who are invisible.
        status: PresenceStatus,
        /// What they say about it.
        #[serde(skip_serializing_if = "str::is_empty")]
        text: &'a str,
        /// When they were last connected; absent while they are.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_seen: Option<Timestamp>,
    },
    /// The user takes part in one more conversation.
    Conversation(&'a ConversationState),
    /// The user no longer takes part.
    ConversationLeft {
        /// Where.
        conversation_id: ConversationId,
        /// Who ended it: somebody who removed the user, or the user.
        #[serde(skip_serializing_if = "Option::is_none")]
        actor_id: Option<UserId>,
    },
    /// Bytes of an upload have arrived: as many chunks more may be sent.
    UploadProgress {
        /// Which.
        upload_id: u32,
        /// All bytes before this one are here.
        offset: u64,
    },
    /// The token runs out soon: send `auth`.
    AuthExpiring {
        /// When.
        expires_at: Timestamp,
    },
    /// The server restarts: reconnect after this time.
    Goaway {
        /// Drawn for each socket, so that not all come back at once.
        reconnect_after_ms: u64,
    },
}

/// The answer to `hello`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ready<'a> {
    /// Of the command.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<&'a str>,
    /// Of this connection.
    pub session_id: String,
    /// Who the token belongs to.
    pub user: User,
    /// How often the server pings.
    pub heartbeat_ms: u64,
    /// The server's clock.
    pub server_time: Timestamp,
    /// What the client has to keep to.
    pub limits: Limits,
    /// The user's conversations.
    pub conversations: Vec<ConversationState>,
    /// True if there are more than are listed; the rest comes by REST.
    pub more: bool,
}

/// What a command did.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Done<'a> {
    /// Of the command.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<&'a str>,
    /// The message it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The event's position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The event's stamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stamp: Option<Stamp>,
    /// The event's time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ts: Option<Timestamp>,
    /// Of the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<&'a str>,
    /// The message's version now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// True if it was so already: there is no new event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<bool>,
    /// Names the upload on this socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload_id: Option<u32>,
    /// Bytes of a chunk at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk_bytes: Option<usize>,
    /// Where to begin: what is before came earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Chunks that may be on their way at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// The file that the upload became: for `attachments`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_id: Option<FileId>,
    /// Where the file is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<&'a str>,
    /// What the file is, by its content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime: Option<&'a str>,
    /// Bytes of the file, as it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Of a picture, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Of a picture, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

/// Why continuity is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The events are no longer kept.
    Retention,
    /// The cursor is of another history: the server was restored from a backup.
    Diverged,
    /// The user does not take part.
    Membership,
    /// More events are missing than a resume replays.
    TooFar,
}
