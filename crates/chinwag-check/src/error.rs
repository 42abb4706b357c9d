//! Why a run could not be made. A broken promise is a fault in the report instead.

use std::io;

use chinwag_client::ClientError;

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The operating system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// The server can't be reached, or its answer can't be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server did not answer as the protocol says.
    #[error("{0}")]
    Protocol(String),
    /// The options contradict each other.
    #[error("{0}")]
    Options(&'static str),
    /// The checker's own PostgreSQL failed.
    #[error("PostgreSQL {what}; its last words:\n{words}")]
    Postgres {
        /// What it did.
        what: &'static str,
        /// The end of its log.
        words: String,
    },
    /// The load generator failed.
    #[error(transparent)]
    Load(#[from] chinwag_load::BenchError),
}

/// Names the action that the system refused.
pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> CheckError {
    move |source| CheckError::System { what, source }
}
