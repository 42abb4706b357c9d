//! Why a run could not be made. What it found wrong is a fault in the report instead.

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
        /// What it said.
        source: io::Error,
    },
    /// There is no server, or no answer of it that can be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server did not answer as the protocol says.
    #[error("{0}")]
    Protocol(String),
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
