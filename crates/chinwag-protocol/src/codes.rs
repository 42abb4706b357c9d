//! Error codes in frames, and the close codes of sockets.
//!
//! A code exists only if a client acts on it.

use serde::Serialize;
use utoipa::ToSchema;

/// Why a command or a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The frame is not JSON, or nested too deep.
    InvalidJson,
    /// JSON, but not a command: not an object, or a field of the wrong type.
    InvalidFrame,
    /// No such command on this socket.
    UnknownType,
    /// The text is missing, empty, blank or can't be stored.
    InvalidContent,
    /// Longer than the limit.
    TooLarge,
    /// The named thing does not exist for the caller.
    NotFound,
    /// The caller's role does not allow it.
    Forbidden,
    /// The caller is not in the conversation.
    NotParticipant,
    /// Somebody else changed it first.
    Conflict,
    /// The idempotency key was used for something else.
    IdempotencyMismatch,
    /// A chunk does not continue the upload, or the bytes differ from the announced ones.
    UploadMismatch,
    /// Too many; `retry_after_ms` says when to try again.
    RateLimited,
    /// The conversation is archived: it can be read, but not changed.
    Archived,
    /// The server can't do it now; try again.
    Unavailable,
    /// A bug in the server.
    Internal,
    /// Over REST: no valid token, or wrong credentials.
    Unauthenticated,
    /// Over REST: another user has this username.
    UsernameTaken,
    /// Over REST: another user has this e-mail address.
    EmailTaken,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 18] = [
        Self::InvalidJson,
        Self::InvalidFrame,
        Self::UnknownType,
        Self::InvalidContent,
        Self::TooLarge,
        Self::NotFound,
        Self::Forbidden,
        Self::NotParticipant,
        Self::Conflict,
        Self::IdempotencyMismatch,
        Self::UploadMismatch,
        Self::RateLimited,
        Self::Archived,
        Self::Unavailable,
        Self::Internal,
        Self::Unauthenticated,
        Self::UsernameTaken,
        Self::EmailTaken,
    ];

    /// One sentence for authors of clients.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::InvalidJson => "The frame is not JSON, or nested deeper than 16 levels.",
            Self::InvalidFrame => {
                "JSON, but not a command: not an object, or a field is missing or of the wrong type."
            }
            Self::UnknownType => "There is no such command on this socket.",
            Self::InvalidContent => "The text is missing, empty, blank or can't be stored.",
            Self::TooLarge => "Longer than the limit.",
            Self::NotFound => "The named thing does not exist for this user.",
            Self::Forbidden => "This user's role does not allow it.",
            Self::NotParticipant => "This user is not in the conversation.",
            Self::Conflict => "Somebody else changed it first: read it again.",
            Self::IdempotencyMismatch => "The client_id was used for another message: use a new one.",
            Self::UploadMismatch => {
                "A chunk does not continue the upload, or the bytes have another hash: begin again."
            }
            Self::RateLimited => "Too many: try again after retry_after_ms.",
            Self::Archived => "The conversation is archived: it can be read, but not changed.",
            Self::Unavailable => "The server can't do it now: try again.",
            Self::Internal => "A bug in the server: try again, with the same client_id.",
            Self::Unauthenticated => "Over REST: no valid token, or wrong credentials.",
            Self::UsernameTaken => "Over REST: another user has this username.",
            Self::EmailTaken => "Over REST: another user has this e-mail address.",
        }
    }

    /// True if the same command may succeed later, unchanged.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable | Self::Internal)
    }
}

/// Why the server closes a socket (RFC 6455 section 7.4, and 4000 to 4999 for this protocol).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// Done.
    Normal = 1000,
    /// The server restarts: reconnect and resume.
    Restart = 1012,
    /// Overloaded: reconnect later.
    Overloaded = 1013,
    /// The token is genuine, but its account may not enter.
    Account = 4000,
    /// No token, or an invalid one.
    InvalidToken = 4001,
    /// Not a participant, or no longer one.
    NotParticipant = 4003,
    /// No such conversation.
    NoConversation = 4004,
    /// The token expired while connected.
    TokenExpired = 4005,
    /// The session was revoked while connected.
    SessionRevoked = 4006,
    /// The socket took no byte for too long.
    SlowConsumer = 4008,
    /// No byte came for more than two heartbeats.
    HeartbeatMissed = 4009,
    /// Too many sockets of this user or address.
    TooManySockets = 4010,
    /// Persistent abuse of a rate limit.
    RateLimited = 4029,
}

impl CloseCode {
    /// Every code that the server sends by its own choice.
    pub const ALL: [Self; 13] = [
        Self::Normal,
        Self::Restart,
        Self::Overloaded,
        Self::Account,
        Self::InvalidToken,
        Self::NotParticipant,
        Self::NoConversation,
        Self::TokenExpired,
        Self::SessionRevoked,
        Self::SlowConsumer,
        Self::HeartbeatMissed,
        Self::TooManySockets,
        Self::RateLimited,
    ];

    /// The number on the wire.
    #[must_use]
    pub fn as_u16(self) -> u16 {
        self as u16
    }

    /// A short phrase for the close frame's reason, at most 123 bytes.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Normal => "closed",
            Self::Restart => "server restarts, reconnect",
            Self::Overloaded => "server is overloaded, reconnect later",
            Self::Account => "this account may not enter, sign in again",
            Self::InvalidToken => "missing or invalid token",
            Self::NotParticipant => "not a participant of this conversation",
            Self::NoConversation => "no such conversation",
            Self::TokenExpired => "token expired",
            Self::SessionRevoked => "session ended, sign in again",
            Self::SlowConsumer => "socket took no data for too long",
            Self::HeartbeatMissed => "heartbeat missed",
            Self::TooManySockets => "too many sockets",
            Self::RateLimited => "too many frames",
        }
    }

    /// What a client should do.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Normal => "Nothing to do: one side finished.",
            Self::Restart => "Reconnect after goaway's reconnect_after_ms, and resume from your cursors.",
            Self::Overloaded => "Reconnect later, with a growing random delay, and resume.",
            Self::Account => "Sign in again: the account is unknown, disabled or signed out.",
            Self::InvalidToken => "Get a new token: this one is missing, malformed, forged or expired.",
            Self::NotParticipant => "Stop: only participants may enter. Somebody must add this user first.",
            Self::NoConversation => "Stop: check the conversation's id.",
            Self::TokenExpired => "Get a new token, reconnect and resume.",
            Self::SessionRevoked => "Sign in again.",
            Self::SlowConsumer => "Reconnect and resume: nothing is lost. Then read faster.",
            Self::HeartbeatMissed => "Reconnect and resume: the link was dead, or the client slept.",
            Self::TooManySockets => "Stop: close sockets that you no longer use.",
            Self::RateLimited => "Wait, then reconnect and resume. Send less.",
        }
    }
}
