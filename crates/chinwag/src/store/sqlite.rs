//! What is SQLite's own: how a connection is opened, when its log is folded, and the pieces of statements that other
//! engines write in another way.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, ErrorCode};

use super::sql::DatabaseError;
use crate::unicode::{fold, name_key};

/// How long a write waits for another process, such as `chinwag user add`, to finish its own.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements that a connection keeps.
const STATEMENT_CACHE: usize = 128;
/// Pages in the write-ahead log before the writer folds it into the database: 32 MiB.
const CHECKPOINT_PAGES: i32 = 8_000;

/// Begins a transaction that will write: nobody else's comes between.
pub(super) const BEGIN_WRITING: &str = "BEGIN IMMEDIATE";

/// The values of the JSON list in parameter `?1`, as a set.
pub(super) const LISTED: &str = "(SELECT value FROM json_each(?1))";

/// The pairs in parameter `?1`, a JSON list of them, with their place in it.
pub(super) const STAYS: &str =
    "(SELECT key AS place, value ->> 0 AS user_id, value ->> 1 AS session_id FROM json_each(?1))";

/// The cursors in parameter `?1`, a JSON list of conversations and positions, where user `?2` takes part. SQLite goes
/// through tables that are crossed in their order: through the list once, not once for each conversation.
pub(super) const CURSORS: &str = "(SELECT value ->> 0 AS conversation_id, value ->> 1 AS seq FROM json_each(?1)) AS wanted \
     CROSS JOIN participants AS own ON own.conversation_id = wanted.conversation_id AND own.user_id = ?2";

/// The events of the stretches in parameter `?1`, a JSON list of conversations and two positions each, with those who
/// wrote them. The tables are crossed, and those of a stretch are found by their index: they come in the order of the
/// list, and only those are read that are asked for.
pub(super) const MISSED: &str = "json_each(?1) AS wanted \
     CROSS JOIN events ON events.conversation_id = wanted.value ->> 0 \
                      AND events.seq > wanted.value ->> 1 AND events.seq <= wanted.value ->> 2 \
     CROSS JOIN users ON users.id = events.actor_id";

/// Whether each of the words in parameter `?1`, a JSON list, begins one of a user's names.
pub(super) const IS_NAMED: &str =
    "NOT EXISTS (SELECT 1 FROM json_each(?1) WHERE instr(users.name_key, ' ' || value) = 0)";

/// Whether the index of texts has an event for what [`matching`] says, in parameter `?1`.
pub(super) const IS_MATCHING: &str =
    "events.id IN (SELECT rowid FROM message_text WHERE message_text MATCH ?1)";
/// Takes a message out of the index of texts.
pub(super) const DELETE_TEXT: &str = "DELETE FROM message_text WHERE rowid = ?1";
/// Puts a message's text into it.
pub(super) const INSERT_TEXT: &str = "INSERT INTO message_text (rowid, content) VALUES (?1, ?2)";

/// Texts that have all of these in them, of three characters or more.
pub(super) fn matching(terms: &[&String]) -> String {
    let quoted: Vec<String> = terms.iter().map(|term| format!("\"{}\"", term.replace('"', "\"\""))).collect();
    quoted.join(" AND ")
}

/// A JSON list, as [`LISTED`] reads it.
pub(super) fn list(values: impl IntoIterator<Item = i64>) -> String {
    serde_json::Value::from_iter(values).to_string()
}

/// A JSON list of lists, as [`STAYS`], [`CURSORS`] and [`MISSED`] read it.
pub(super) fn rows<T: serde::Serialize>(rows: impl IntoIterator<Item = T>) -> String {
    let rows: Vec<T> = rows.into_iter().collect();
    // Numbers and texts: there is nothing that could fail.
    serde_json::to_string(&rows).unwrap_or_default()
}

/// Opens a connection with the settings that every one of them has.
pub(super) fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // NORMAL would acknowledge commits that a power cut takes back.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A deleted text is overwritten. FAST would leave those that needed pages of their own.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Else SQLite prepares most statements anew each time that a parameter is bound, in case a better plan
    // came out: two thirds of the writer's time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// What migrations ask of names, as functions of SQL.
pub(super) fn add_functions(connection: &Connection) -> Result<(), rusqlite::Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("fold", 1, flags, |context| Ok(fold(&context.get::<String>(0)?)))?;
    connection.create_scalar_function("name_key", 3, flags, |context| {
        let text = |argument| context.get::<String>(argument);
        Ok(name_key(&text(0)?, &text(1)?, &text(2)?))
    })
}

/// Makes a connection only read, with a cache of this size.
pub(super) fn only_read(connection: &Connection, cache_kib: i64) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "query_only", true)?;
    // Below zero it counts KiB, not pages.
    connection.pragma_update(None, "cache_size", -cache_kib)
}

/// Folds the write-ahead log into the database when a commit finds it long. SQLite's own hook would do the same, but
/// keep the disk's errors to itself: from here they come out of the commit, which ends the process.
pub(super) fn fold_log_when_long(connection: &mut Connection) -> Result<(), DatabaseError> {
    Ok(connection.wal_hook(Some(fold_log))?)
}

fn fold_log(log: &mut Wal, pages: i32) -> Result<(), rusqlite::Error> {
    if pages < CHECKPOINT_PAGES {
        return Ok(());
    }
    match log.checkpoint() {
        // A reader or another process is in the way, or the disk is full: the next commit tries again. This one
        // is on disk already, so nobody may hear that it is not.
        Err(error)
            if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DiskFull)) =>
        {
            Ok(())
        }
        result => result,
    }
}
