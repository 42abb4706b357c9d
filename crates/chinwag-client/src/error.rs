//! Why the server can't be reached, or its answer can't be used.

use std::error::Error as _;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use reqwest::StatusCode;
use serde_json::Value;

/// Why the server can't be reached, or its answer can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A text is not the URL of a server.
    #[error("{0}")]
    Url(String),
    /// There are no certificates to trust.
    #[error("{0}")]
    Certificates(String),
    /// The server is on another machine.
    #[error("{0} is not this machine; add --allow-remote if it is yours")]
    Remote(SocketAddr),
    /// No connection, or it broke: the server may have acted or not.
    #[error("{request} had no answer: {reason}")]
    Unreachable {
        /// Method and path.
        request: String,
        /// What happened to the connection.
        reason: String,
    },
    /// The server refused, in its own words.
    #[error("{request} was refused: {detail} ({status})")]
    Refused {
        /// Method and path.
        request: String,
        /// HTTP status.
        status: StatusCode,
        /// The protocol's code for the reason; empty if the answer has none.
        code: String,
        /// A sentence for people; empty if the answer has none.
        detail: String,
    },
    /// The server did not answer as the protocol says.
    #[error("{0}")]
    Protocol(String),
    /// The server's executable did not start.
    #[error("can't start {path}: {source}")]
    Start {
        /// The executable.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The server ended, or never became ready.
    #[error("the server {what}; its last words:\n{words}")]
    Server {
        /// What it did.
        what: String,
        /// The end of its log.
        words: String,
    },
    /// The operating system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: &'static str,
        /// The system's error.
        source: io::Error,
    },
}

impl ClientError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => {
                *status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
            }
            _ => false,
        }
    }

    /// Makes the error from an answer that is not a success.
    pub(crate) fn refused(request: String, status: StatusCode, body: &[u8]) -> Self {
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        let code = body.get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self::Refused { request, status, code, detail: detail(&body) }
    }

    pub(crate) fn unreachable(request: &str, reason: &dyn Display) -> Self {
        Self::Unreachable { request: request.to_owned(), reason: reason.to_string() }
    }

    /// The innermost cause: the outer ones say only which layer noticed it.
    pub(crate) fn broken(request: &str, error: &reqwest::Error) -> Self {
        let mut reason: &dyn std::error::Error = error;
        while let Some(source) = reason.source() {
            reason = source;
        }
        // Without a source, this would be the library's own sentence, with the URL in it.
        match error.source() {
            Some(_) => Self::unreachable(request, &reason),
            None => Self::unreachable(request, &"the connection broke"),
        }
    }
}

/// The server's `detail`: a sentence, or a list of sentences.
fn detail(body: &Value) -> String {
    match body.get("detail") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(errors)) => {
            let sentences = errors.iter().filter_map(|error| error.get("msg")?.as_str());
            sentences.collect::<Vec<_>>().join("; ")
        }
        _ => String::new(),
    }
}

/// Names the action that the system refused.
pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> ClientError {
    move |source| ClientError::System { what, source }
}
