//! Why there is no server, or no answer of it that can be used.

use std::error::Error as _;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use reqwest::StatusCode;
use serde_json::Value;

/// Why there is no server, or no answer of it that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A text is no URL of a server.
    #[error("{0}")]
    Url(String),
    /// There are no certificates to trust.
    #[error("{0}")]
    Certificates(String),
    /// The server is on another machine.
    #[error("{0} is not this machine; add --allow-remote if it is yours")]
    Remote(SocketAddr),
    /// No connection, or it broke: whether the server acted is unknown.
    #[error("{request} had no answer: {reason}")]
    Unreachable {
        /// Method and path.
        request: String,
        /// What happened to the connection.
        reason: String,
    },
    /// The server refuses, in its own words.
    #[error("{request} was refused: {detail} ({status})")]
    Refused {
        /// Method and path.
        request: String,
        /// HTTP status.
        status: StatusCode,
        /// The protocol's name of the reason; empty if the answer has none.
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
        /// Which executable.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The server ended, or was never ready.
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
        /// What it said.
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

    /// What an answer that is no success says.
    pub(crate) fn refused(request: String, status: StatusCode, body: &[u8]) -> Self {
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        let code = body.get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self::Refused { request, status, code, detail: detail(&body) }
    }

    pub(crate) fn unreachable(request: &str, reason: &dyn Display) -> Self {
        Self::Unreachable { request: request.to_owned(), reason: reason.to_string() }
    }

    /// The innermost reason: what lies around it says only which layer noticed.
    pub(crate) fn broken(request: &str, error: &reqwest::Error) -> Self {
        let mut reason: &dyn std::error::Error = error;
        while let Some(source) = reason.source() {
            reason = source;
        }
        // Without a source it would be the library's own sentence, with the URL in it.
        match error.source() {
            Some(_) => Self::unreachable(request, &reason),
            None => Self::unreachable(request, &"the connection broke"),
        }
    }
}

/// The server's `detail`: a sentence, or the sentences of a list.
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

/// Says what was being done when the system refused it.
pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> ClientError {
    move |source| ClientError::System { what, source }
}
