//! Durable state: a SQLite database in the data folder, or a PostgreSQL database.
//!
//! One thread writes ([`writer`]), a few connections read ([`readers`]). Queries and changes are in the files
//! by noun, as methods of [`View`] (reading) and [`Change`] (one job of a write transaction). Only this
//! folder knows SQL: the files by noun write SQL that both SQLite and PostgreSQL understand, and run it
//! through [`connection`]; what is specific to an engine is in [`sqlite`] and [`postgres`].

mod catalogue;
mod connection;
mod conversations;
mod files;
mod identities;
mod log;
mod marks;
mod messages;
mod meta;
mod moving;
mod once;
mod one_time_tokens;
mod outbox;
mod overview;
mod postgres;
mod push;
mod readers;
mod receipts;
mod search;
mod sessions;
mod shared;
mod source;
mod spelling;
mod sql;
mod sqlite;
mod users;
mod webhooks;
mod words;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};

pub(crate) use conversations::{NewGroup, Part, Person, Standing};
pub(crate) use files::{NewFile, StoredFile};
pub(crate) use identities::SHARED_SECRET;
pub(crate) use log::{Chunk, CursorState};
pub(crate) use messages::{Appended, MessageDraft, MessageFacts, Page};
pub(crate) use moving::{End, Secret, Target, Tell, claim_folder};
pub use moving::{MoveError, MovedTable, Place};
pub(crate) use once::MadeOnce;
pub(crate) use one_time_tokens::TokenPurpose;
pub(crate) use outbox::Left;
pub(crate) use overview::{Entrance, Stretch};
pub(crate) use postgres::{Channel, Listener, leave_in_outbox};
pub(crate) use push::{Candidate, JobKey, NewSubscription, PushJob, Which};
pub(crate) use receipts::ParticipantState;
pub(crate) use search::Query;
pub(crate) use sessions::{Exchange, NewSession, Spent, Stay, random_token};
pub(crate) use shared::{Beat, FilesPlace, Node};
pub(crate) use users::{Account, AuthRow, Identity, Status};
pub(crate) use webhooks::{Hook, HookChange, HookFailure, NewHook};
pub(crate) use writer::{
    BatchReport, Change, Commit, Committed, Foreseen, Jobs, Notice, Statements, WriterBell,
};

use connection::Sql;
use readers::Readers;
use source::Source;
pub(crate) use sql::{DatabaseError, DatabaseErrorKind};
use writer::Writer;

/// The database's file name in the data folder.
const FILE_NAME: &str = "chinwag.db";
/// Held for as long as a server uses the folder.
const LOCK_NAME: &str = "chinwag.lock";

/// Why the store could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("database: {0}")]
    Database(#[from] DatabaseError),
    #[error("too much waits for the database")]
    Busy,
    #[error("the batch was not committed: {0}")]
    NotCommitted(String),
    #[error("the store has stopped")]
    Stopped,
}

/// Why a job may fail: its own reason, or the store's.
pub(crate) trait Failure: From<StoreError> + Send + 'static {}
impl<E: From<StoreError> + Send + 'static> Failure for E {}

/// Why a data folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder can't be created or written.
    #[error("can't use the data folder {path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Another server is using it.
    #[error("another chinwag server is using {0}; stop it, or choose another folder with --data-dir")]
    InUse(PathBuf),
    /// The file is not a database of this program, is damaged, or was written by a newer version.
    #[error("can't open the database in {path}: {reason}")]
    Database {
        /// The file.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// A move to it has not ended.
    #[error(
        "what is here is half filled from {0}: run `chinwag migrate` from there again; until it ends, nobody can use it"
    )]
    Unfinished(String),
    /// The address of the database can't be read.
    #[error("the address of the store is not right: {0}")]
    Address(String),
    /// The database at the address can't be used.
    #[error("can't use the database at the address of the store: {0}")]
    Server(String),
    /// A demo folder was given to `serve`, or the reverse.
    #[error(
        "{path} belongs to `chinwag {made_by}`, not to `chinwag {wanted_by}`; choose another folder with --data-dir"
    )]
    Mode {
        /// The folder.
        path: PathBuf,
        /// The command that created it.
        made_by: String,
        /// The command that was used.
        wanted_by: &'static str,
    },
}

/// The open database. Dropping it stops the writer after the queued jobs.
pub(crate) struct Store {
    writer: Writer,
    readers: Readers,
    /// The operating system releases it when the process ends, however that happens.
    _lock: Option<File>,
}

/// A reading connection. Everything that one job reads with it is from one moment.
pub(crate) struct View {
    sql: Sql,
}

impl Store {
    /// Opens the database at `address`, or else that of `folder`, for this process alone, and migrates its schema. It
    /// waits for the disk or the network: not in an async task.
    pub(crate) fn open(
        folder: &Path,
        address: Option<&str>,
        committed: impl Committed,
    ) -> Result<Self, OpenError> {
        make_private_folder(folder)?;
        let lock = lock(folder)?;
        Self::start(folder, address, true, Some(lock), committed)
    }

    /// Opens the database beside a server that may be running on it, for changes that write no event.
    ///
    /// The schema is migrated only if no server runs: a running one knows its own version. Beside a database of
    /// PostgreSQL's nobody knows whether one runs, so it must have this program's schema, or none yet.
    pub(crate) fn open_beside(folder: &Path, address: Option<&str>) -> Result<Self, OpenError> {
        make_private_folder(folder)?;
        let lock = match lock(folder) {
            Ok(lock) => Some(lock),
            Err(OpenError::InUse(_)) => None,
            Err(error) => return Err(error),
        };
        let migrates = address.is_none() && lock.is_some();
        Self::start(folder, address, migrates, lock, |_: Commit, _: Option<BatchReport>| {})
    }

    fn start(
        folder: &Path,
        address: Option<&str>,
        migrates: bool,
        lock: Option<File>,
        committed: impl Committed,
    ) -> Result<Self, OpenError> {
        let source = Source::new(folder, FILE_NAME, address)?;
        let damaged = |reason: String| match &source {
            Source::File(_) => OpenError::Database { path: folder.to_owned(), reason },
            Source::Server(_) => OpenError::Server(reason),
        };
        let mut sql = source.writer(migrates).map_err(&damaged)?;
        if let Some(origin) = meta::unfinished(&sql).map_err(|error| damaged(error.to_string()))? {
            return Err(OpenError::Unfinished(origin));
        }
        let log_end = sql.log_end().map_err(|error| damaged(error.to_string()))?;
        let writer = Writer::start(sql, log_end, committed).map_err(|error| damaged(error.to_string()))?;
        Ok(Self { writer, readers: Readers::new(source), _lock: lock })
    }

    /// Whether other servers may use the database at the same time.
    pub(crate) fn is_shared(&self) -> bool {
        self.readers.is_shared()
    }

    /// Runs `job` in the next write transaction, and returns once that is on disk.
    ///
    /// An error of `job` undoes only what it wrote. Dropping the future does not stop the job.
    pub(crate) async fn write<T: Send + 'static, E: Failure>(
        &self,
        job: impl FnOnce(&mut Change) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let mut jobs = Jobs::default();
        let result = jobs.add(Statements::Many, job);
        self.begin(jobs);
        result.await
    }

    /// Queues jobs for the next write transaction: they are written in the order in which they are queued,
    /// and together if queued together.
    pub(crate) fn begin(&self, jobs: Jobs) {
        self.writer.enqueue(jobs);
    }

    /// Runs `query` on a reading connection, outside the async threads.
    pub(crate) async fn read<T: Send + 'static, E: Failure>(
        &self,
        query: impl FnOnce(&View) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.readers.read(query).await
    }

    /// The blocking form of [`Store::write`], for the command line.
    pub(crate) fn write_blocking<T: Send + 'static, E: Failure>(
        &self,
        job: impl FnOnce(&mut Change) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.writer.write_blocking(job)
    }

    /// The blocking form of [`Store::read`], for the command line.
    pub(crate) fn read_blocking<T, E: From<StoreError>>(
        &self,
        query: impl FnOnce(&View) -> Result<T, E>,
    ) -> Result<T, E> {
        self.readers.read_blocking(query)
    }

    /// The number of statements that queries ran.
    pub(crate) fn read_statements(&self) -> u64 {
        self.readers.statements()
    }

    /// Where the nodes of the database may notify each other; `None` for a database of this server alone.
    pub(crate) fn channel(&self) -> Option<Channel> {
        self.readers.channel()
    }

    /// Wakes the writer when another node may have written.
    pub(crate) fn bell(&self) -> Option<WriterBell> {
        self.writer.bell()
    }

    /// The number of jobs that wait for the writer.
    pub(crate) fn queued(&self) -> usize {
        self.writer.queued()
    }
}

fn make_private_folder(folder: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::DirBuilderExt as _;

    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| OpenError::Folder { path: folder.to_owned(), source })
}

fn lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join(LOCK_NAME);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|source| OpenError::Folder { path: folder.to_owned(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::InUse(folder.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => {
            Err(OpenError::Folder { path: folder.to_owned(), source })
        }
    }
}
