//! Why the server refuses something: one enum, and one match that maps it to every transport's answer.

use std::time::Duration;

use chinwag_protocol::ErrorCode;
use chinwag_protocol::rest::{Location, ValidationError};

use crate::store::{DatabaseErrorKind, StoreError};

/// A refusal. Its text is for the client; details for the operator are logged where they occur.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A field is invalid.
    #[error("{message}")]
    Invalid {
        /// The field's name.
        field: &'static str,
        /// The error type for programs, as FastAPI's validator names it.
        kind: &'static str,
        /// `invalid_content`, `too_large` or `invalid_frame` on a socket.
        code: ErrorCode,
        /// The sentence for people.
        message: String,
    },
    /// This socket has no such command.
    #[error("unknown frame type")]
    UnknownCommand,
    /// The request as a whole is invalid.
    #[error("{0}")]
    BadRequest(&'static str),
    /// Another user has this username.
    #[error("Username already exists")]
    UsernameTaken,
    /// Another user has this e-mail address.
    #[error("Email already exists")]
    EmailTaken,
    /// No valid token, or wrong credentials.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// There is no such conversation.
    #[error("Conversation not found")]
    NoConversation,
    /// The caller is not in the conversation.
    #[error("You are not a participant in this conversation")]
    NotParticipant,
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The named thing does not exist.
    #[error("{0}")]
    NotFound(String),
    /// Somebody else changed it first.
    #[error("it has changed: the current version is {0}")]
    Conflict(i64),
    /// The cursor belongs to another log, or is older than what is kept: read a page instead.
    #[error("this cursor does not belong to the conversation's log; read a page of messages")]
    Gone,
    /// The conversation can only be read.
    #[error("the conversation is archived")]
    Archived,
    /// The idempotency key was used for another message, or another request.
    #[error("this key was used for something else; use a new one")]
    IdempotencyMismatch,
    /// A chunk of an upload does not fit, or its bytes differ from the announced ones.
    #[error("{0}")]
    UploadMismatch(String),
    /// Larger than allowed.
    #[error("{0}")]
    TooLarge(String),
    /// Too many; try again after this time.
    #[error("too many requests, try again in {} s", whole_seconds(*.0))]
    RateLimited(Duration),
    /// The server can't do it now.
    #[error("the server is busy, try again")]
    Unavailable,
    /// A bug in the server.
    #[error("internal error")]
    Internal,
}

/// What a transport needs to know about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Code of the socket's error frame.
    pub code: ErrorCode,
}

impl Refusal {
    /// An invalid value in a field (`value_error`).
    pub(crate) fn invalid(field: &'static str, code: ErrorCode, message: impl Into<String>) -> Self {
        Self::invalid_as(field, "value_error", code, message)
    }

    /// An invalid field whose error FastAPI's validator has a word for, such as `missing`.
    pub(crate) fn invalid_as(
        field: &'static str,
        kind: &'static str,
        code: ErrorCode,
        message: impl Into<String>,
    ) -> Self {
        Self::Invalid { field, kind, code, message: message.into() }
    }

    /// How each transport answers.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let (status, code) = match self {
            Self::Invalid { code, .. } => (422, *code),
            Self::UnknownCommand => (400, ErrorCode::UnknownType),
            Self::BadRequest(_) => (400, ErrorCode::InvalidFrame),
            Self::UsernameTaken => (400, ErrorCode::UsernameTaken),
            Self::EmailTaken => (400, ErrorCode::EmailTaken),
            Self::Unauthenticated(_) => (401, ErrorCode::Unauthenticated),
            Self::NoConversation | Self::NotFound(_) => (404, ErrorCode::NotFound),
            Self::NotParticipant => (403, ErrorCode::NotParticipant),
            Self::Forbidden(_) => (403, ErrorCode::Forbidden),
            Self::Conflict(_) => (409, ErrorCode::Conflict),
            Self::Gone => (410, ErrorCode::NotFound),
            Self::Archived => (403, ErrorCode::Archived),
            Self::IdempotencyMismatch => (409, ErrorCode::IdempotencyMismatch),
            Self::UploadMismatch(_) => (409, ErrorCode::UploadMismatch),
            Self::TooLarge(_) => (413, ErrorCode::TooLarge),
            Self::RateLimited(_) => (429, ErrorCode::RateLimited),
            Self::Unavailable => (503, ErrorCode::Unavailable),
            Self::Internal => (500, ErrorCode::Internal),
        };
        Answer { status, code }
    }

    /// When to try again, if known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(after) => Some(*after),
            Self::Unavailable => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// [`Refusal::retry_after`] in whole seconds, for HTTP.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after().map(whole_seconds)
    }

    /// The entry for a 422 answer's list, if the refusal concerns one field.
    #[must_use]
    pub fn validation_error(&self) -> Option<ValidationError> {
        let Self::Invalid { field, kind, message, .. } = self else { return None };
        Some(ValidationError {
            loc: vec![Location::Name("body".to_owned()), Location::Name((*field).to_owned())],
            msg: message.clone(),
            kind,
        })
    }
}

/// Rounded up, because a client that comes back too early is refused again.
fn whole_seconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Unavailable,
            StoreError::NotCommitted(_) | StoreError::Stopped => Self::Unavailable,
            // This passes: another process is writing, or the disk is full until somebody makes room.
            StoreError::Database(error)
                if matches!(
                    error.kind(),
                    DatabaseErrorKind::Busy
                        | DatabaseErrorKind::Full
                        | DatabaseErrorKind::Away
                        | DatabaseErrorKind::Unknown
                ) =>
            {
                tracing::warn!(%error, "the database can't be written now");
                Self::Unavailable
            }
            StoreError::Database(error) => {
                tracing::error!(%error, "a query failed");
                Self::Internal
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_come_back_too_early() {
        for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (599_400, 600)] {
            let refusal = Refusal::RateLimited(Duration::from_millis(millis));
            assert_eq!(refusal.retry_after_seconds(), Some(seconds), "{millis} ms");
            assert!(refusal.to_string().ends_with(&format!(" {seconds} s")), "{refusal}");
        }
    }
}
