//! Why a run could not be made. What it found wrong is a fault in the report instead.

use std::io;
use std::net::SocketAddr;

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The operating system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// The server ended, or was never ready.
    #[error("the server {what}; its last words:\n{words}")]
    Server {
        /// What it did.
        what: &'static str,
        /// The end of its log.
        words: String,
    },
    /// A request was refused.
    #[error("{request} was answered with {status}: {body}")]
    Refused {
        /// Method and path.
        request: String,
        /// HTTP status.
        status: u16,
        /// What came with it.
        body: String,
    },
    /// A request had no answer.
    #[error("{request} had no answer: {reason}")]
    Unreachable {
        /// Method and path.
        request: String,
        /// What happened to the connection.
        reason: String,
    },
    /// The server did not answer as the protocol says.
    #[error("{0}")]
    Protocol(String),
    /// The target is another machine.
    #[error("{0} is not this machine; --allow-remote checks it all the same, if it is yours")]
    Remote(SocketAddr),
    /// The options contradict each other.
    #[error("{0}")]
    Options(&'static str),
    /// The part that the load generator measures.
    #[error(transparent)]
    Load(#[from] chinwag_load::BenchError),
}

/// Says what was being done when the system refused it.
pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> CheckError {
    move |source| CheckError::System { what, source }
}
