//! Why a bench could not measure. A wrong delivery is a fault in the report instead.

use std::io;
use std::path::PathBuf;

use chinwag_client::ClientError;

/// Why a bench could not measure.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The operating system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// A helper did not start.
    #[error("can't start {path}: {source}")]
    Start {
        /// The executable.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The server can't be reached, or its answer can't be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A transfer was refused.
    #[error("{request} was answered with {status}: {body}")]
    Refused {
        /// Method and path.
        request: String,
        /// HTTP status.
        status: u16,
        /// The body of the answer.
        body: String,
    },
    /// The server did not answer as the protocol says.
    #[error("{0}")]
    Protocol(String),
    /// A bounded wait ran out.
    #[error("gave up waiting for {0}")]
    Timeout(String),
    /// The process may not open enough sockets.
    #[error(
        "{needed} descriptors are needed and {limit} are allowed: raise the limit with `ulimit -n {needed}` \
         (as root, and up to the sysctl fs.nr_open), or ask for fewer connections"
    )]
    Descriptors {
        /// How many the case needs in one process.
        needed: u64,
        /// How many the process may have.
        limit: u64,
    },
    /// The options contradict each other.
    #[error("{0}")]
    Options(&'static str),
}

/// Names the action that the system refused.
pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> BenchError {
    move |source| BenchError::System { what, source }
}
