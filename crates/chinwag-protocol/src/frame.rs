//! What the server sends over a socket.

use serde::Serialize;

use crate::codes::ErrorCode;
use crate::ids::{ConversationId, UserId};
use crate::rest::Message;

/// One frame, internally tagged by `type`.
#[derive(Clone, Debug, Serialize)]
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
    },
    /// A durable message.
    Message(&'a Message),
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
    /// A command was refused; the socket lives on.
    Error {
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
    },
}
