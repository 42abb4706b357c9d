//! What is specific to SQLite: its driver, how a connection is opened, when the write-ahead log is folded, and SQLite's
//! spelling of what the engines write differently.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::hooks::Wal;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, params_from_iter};

use super::StoreError;
use super::spelling::Spelling;
use super::sql::{Cell, Cells, DatabaseError, DatabaseErrorKind, Reader, Row, Value};
use crate::unicode::{fold, name_key};

mod bulk;
mod schema;

pub(super) use bulk::CATALOGUE;
use schema::migrate;
pub(super) use schema::versions;

/// How long a write waits for the write of another process, such as `chinwag user add`.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements that a connection keeps.
const STATEMENT_CACHE: usize = 128;
/// Pages in the write-ahead log before the writer folds it into the database: 32 MiB.
const CHECKPOINT_PAGES: i32 = 8_000;

/// A connection to a database file.
pub(super) struct Sqlite(Connection);

impl Sqlite {
    /// Opens a connection that may write.
    pub(super) fn open(path: &Path) -> Result<Self, DatabaseError> {
        let mut connection = connect(path)?;
        add_functions(&connection)?;
        fold_log_when_long(&mut connection)?;
        Ok(Self(connection))
    }

    /// Brings the schema up to date.
    pub(super) fn migrate(&mut self) -> Result<(), DatabaseError> {
        migrate(&mut self.0).map_err(|error| DatabaseError::other(&error.to_string()))
    }

    pub(super) fn scan(
        &self,
        text: &str,
        values: &[Value<'_>],
        read: &mut Reader<'_>,
    ) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(text).map_err(DatabaseError::from)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(DatabaseError::from)?;
        while let Some(row) = rows.next().map_err(DatabaseError::from)? {
            if read(&Row(row))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn change(&self, text: &str, values: &[Value<'_>]) -> Result<usize, DatabaseError> {
        Ok(self.0.prepare_cached(text)?.execute(params_from_iter(values))?)
    }

    /// Begins or ends a transaction or a savepoint.
    pub(super) fn bracket(&self, text: &str) -> Result<(), DatabaseError> {
        self.0.prepare_cached(text)?.execute([])?;
        Ok(())
    }

    pub(super) fn roll_back(&self) -> Result<(), DatabaseError> {
        if self.0.is_autocommit() { Ok(()) } else { self.bracket("ROLLBACK") }
    }

    pub(super) fn total_changes(&self) -> u64 {
        self.0.total_changes()
    }
}

impl From<Connection> for Sqlite {
    fn from(connection: Connection) -> Self {
        Self(connection)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null(_) => ValueRef::Null,
            Self::Boolean(is_true) => ValueRef::Integer(i64::from(is_true)),
            Self::Integer(number) => ValueRef::Integer(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Cells for rusqlite::Row<'_> {
    fn cell(&self, column: usize) -> Result<Cell<'_>, DatabaseError> {
        Ok(match self.get_ref(column)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Integer(number),
            ValueRef::Text(text) => Cell::Text(
                std::str::from_utf8(text).map_err(|error| DatabaseError::unreadable(column, error))?,
            ),
            ValueRef::Blob(bytes) => Cell::Bytes(bytes),
            ValueRef::Real(_) => {
                return Err(DatabaseError::unreadable(column, "no release writes fractions"));
            }
        })
    }
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => DatabaseErrorKind::Busy,
            Some(ErrorCode::DiskFull) => DatabaseErrorKind::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DatabaseErrorKind::Corrupt,
            Some(ErrorCode::SystemIoFailure) => DatabaseErrorKind::Disk,
            _ => DatabaseErrorKind::Other,
        };
        Self::new(kind, error.to_string())
    }
}

pub(super) const SPELLING: Spelling = Spelling {
    listed: "(SELECT value FROM json_each(?1))",
    listed_texts: "(SELECT value FROM json_each(?1))",
    stays: "(SELECT key AS place, value ->> 0 AS user_id, value ->> 1 AS session_id FROM json_each(?1))",
    // SQLite reads crossed tables in the given order: the list once, not once for each conversation.
    cursors: "(SELECT value ->> 0 AS conversation_id, value ->> 1 AS seq FROM json_each(?1)) AS wanted \
              CROSS JOIN participants AS own ON own.conversation_id = wanted.conversation_id AND own.user_id = ?2",
    // In the given order, too: the index finds the events of each stretch, and no others are read.
    missed: "json_each(?1) AS wanted \
             CROSS JOIN events ON events.conversation_id = wanted.value ->> 0 \
                              AND events.seq > wanted.value ->> 1 AND events.seq <= wanted.value ->> 2 \
             CROSS JOIN users ON users.id = events.actor_id",
    is_named: "NOT EXISTS (SELECT 1 FROM json_each(?1) WHERE instr(users.name_key, ' ' || value) = 0)",
    delete_text: "DELETE FROM message_text WHERE rowid = ?1",
    insert_text: "INSERT INTO message_text (rowid, content) VALUES (?1, ?2)",
    matching,
};

fn matching(terms: &[&String], first: usize) -> (String, Vec<String>) {
    let quoted: Vec<String> = terms.iter().map(|term| format!("\"{}\"", term.replace('"', "\"\""))).collect();
    let condition =
        format!("events.id IN (SELECT rowid FROM message_text WHERE message_text MATCH ?{first})");
    (condition, vec![quoted.join(" AND ")])
}

/// Opens a connection with the settings that all of them have.
pub(super) fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // NORMAL would acknowledge commits that a power cut takes back.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Deleted texts are overwritten. FAST would leave texts that had pages of their own.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Without this SQLite prepares most statements again whenever a parameter is bound, in search of a better plan.
    // That took two thirds of the writer's time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Adds the functions for names that migrations use.
fn add_functions(connection: &Connection) -> Result<(), rusqlite::Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("fold", 1, flags, |context| Ok(fold(&context.get::<String>(0)?)))?;
    connection.create_scalar_function("name_key", 3, flags, |context| {
        let text = |argument| context.get::<String>(argument);
        Ok(name_key(&text(0)?, &text(1)?, &text(2)?))
    })
}

/// Makes a connection read-only, with a cache of this size.
pub(super) fn only_read(connection: &Connection, cache_kib: i64) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "query_only", true)?;
    // A negative size is in KiB, a positive one in pages.
    connection.pragma_update(None, "cache_size", -cache_kib)
}

/// Folds the write-ahead log into the database when a commit finds it long. SQLite's own hook does the same, but hides
/// errors of the disk. From here, the commit returns them, and the process ends.
fn fold_log_when_long(connection: &mut Connection) -> Result<(), DatabaseError> {
    Ok(connection.wal_hook(Some(fold_log))?)
}

fn fold_log(log: &mut Wal, pages: i32) -> Result<(), rusqlite::Error> {
    if pages < CHECKPOINT_PAGES {
        return Ok(());
    }
    match log.checkpoint() {
        // A reader or another process is in the way, or the disk is full. The next commit tries again; this one is on
        // disk already and must not be reported as failed.
        Err(error)
            if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DiskFull)) =>
        {
            Ok(())
        }
        result => result,
    }
}
