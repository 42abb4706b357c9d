//! Why the server refuses something: one enum, and one match that gives every transport its answer.

use std::time::Duration;

use chinwag_protocol::ErrorCode;
use chinwag_protocol::rest::{Location, ValidationError};

use crate::store::{DatabaseErrorKind, StoreError};

/// A refusal. Its text is for the client; what only the operator may know is logged where it happened.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A field is not what it has to be.
    #[error("{message}")]
    Invalid {
        /// The field's name.
        field: &'static str,
        /// What is wrong, for programs, in the words of FastAPI's validator.
        kind: &'static str,
        /// `invalid_content`, `too_large` or `invalid_frame` on a socket.
        code: ErrorCode,
        /// For people.
        message: String,
    },
    /// This socket has no such command.
    #[error("unknown frame type")]
    UnknownCommand,
    /// The request makes no sense as a whole.
    #[error("{0}")]
    BadRequest(&'static str),
    /// Somebody has this username.
    #[error("Username already exists")]
    UsernameTaken,
    /// Somebody has this e-mail address.
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
    /// What is named does not exist.
    #[error("{0}")]
    NotFound(String),
    /// Somebody changed it in the meantime.
    #[error("it was changed meanwhile: this is version {0}")]
    Conflict(i64),
    /// The cursor is of another history, or older than what is kept: read a page instead.
    #[error("this cursor does not belong to the conversation's log any more; read a page of messages")]
    Gone,
    /// The conversation can only be read.
    #[error("the conversation is archived")]
    Archived,
    /// The idempotency key was used for another message, or another request.
    #[error("this key was used for something else; draw a new one")]
    IdempotencyMismatch,
    /// A chunk of an upload does not fit, or its bytes are not the ones that were announced.
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
    /// A fault of the server.
    #[error("internal error")]
    Internal,
}

/// What a transport needs to know of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Code of the socket's error frame.
    pub code: ErrorCode,
}

impl Refusal {
    /// A field with a value that can't be (`value_error`).
    pub(crate) fn invalid(field: &'static str, code: ErrorCode, message: impl Into<String>) -> Self {
        Self::invalid_as(field, "value_error", code, message)
    }

    /// A field that is wrong in a way that FastAPI's validator has a word for, such as `missing`.
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

    /// When to try again, if that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(after) => Some(*after),
            Self::Unavailable => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// [`Refusal::retry_after`] in whole seconds, as HTTP says it.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after().map(whole_seconds)
    }

    /// The entry of a 422 answer's list, if the refusal is about one field.
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

/// Rounded up: whoever comes back too early is refused again.
fn whole_seconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Unavailable,
            StoreError::NotCommitted(_) | StoreError::Stopped => Self::Unavailable,
            // It goes by: another process is writing, or somebody makes room.
            StoreError::Database(error)
                if matches!(error.kind(), DatabaseErrorKind::Busy | DatabaseErrorKind::Full) =>
            {
                tracing::warn!(%error, "the database can't take it now");
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
