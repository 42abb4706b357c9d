//! Why a command failed: what happened, how to fix it, and the exit code.
//!
//! A failure is made where the cause is known, and `main` shows it once.

use std::fmt::{self, Display};

use chinwag::{AccountError, MoveError, OpenError, Refusal, StartError};

/// The exit codes that scripts see. Those above 2 come from `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The server refused, or the state of its data does not allow it.
    Refused = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A bug in this program.
    Bug = 70,
    /// The disk or the network failed.
    Io = 74,
    /// The configuration is wrong.
    Config = 78,
}

/// The message, in up to three parts: `error:`, the lines at fault in a file, `help:`.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    what: String,
    excerpt: Option<String>,
    fix: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, what: impl Display) -> Self {
        Self { exit, what: what.to_string(), excerpt: None, fix: None }
    }

    /// Adds how to fix it.
    pub(crate) fn fix(mut self, fix: impl Display) -> Self {
        self.fix = Some(fix.to_string());
        self
    }

    /// Adds the lines at fault.
    pub(crate) fn excerpt(mut self, excerpt: String) -> Self {
        self.excerpt = Some(excerpt);
        self
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let exit = match error {
            StartError::Config(_)
            | StartError::Certificates(_)
            | StartError::Open(OpenError::Mode { .. }) => Exit::Config,
            StartError::Open(_)
            | StartError::Secret { .. }
            | StartError::Storage(_)
            | StartError::System(_) => Exit::Io,
        };
        // The sentence names the place, and the way out if there is one.
        Self::new(exit, error)
    }
}

impl From<AccountError> for Failure {
    fn from(error: AccountError) -> Self {
        match &error {
            AccountError::Unknown(_) => {
                Self::new(Exit::Refused, error).fix("`chinwag user list` lists the users")
            }
            AccountError::Refused(Refusal::Unavailable | Refusal::Internal) => Self::new(Exit::Io, error),
            AccountError::Disabled(_) | AccountError::Refused(_) => Self::new(Exit::Refused, error),
            AccountError::Crypto => Self::new(Exit::Bug, error),
        }
    }
}

impl From<MoveError> for Failure {
    fn from(error: MoveError) -> Self {
        match &error {
            MoveError::Refused(_) => Self::new(Exit::Refused, error),
            MoveError::InUse(_) | MoveError::Failed { .. } => Self::new(Exit::Io, error),
            MoveError::Differs(_) => Self::new(Exit::Io, error)
                .fix("the same command begins again; until it ends, no server uses the target"),
        }
    }
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.what)?;
        if let Some(excerpt) = &self.excerpt {
            write!(formatter, "\n{excerpt}")?;
        }
        if let Some(fix) = &self.fix {
            write!(formatter, "\nhelp:  {fix}")?;
        }
        Ok(())
    }
}
