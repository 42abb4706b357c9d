//! The face of a connection: a statement, its parameters, and the rows that it gives. The files by noun ask the
//! database through it, so they know no driver. The text of their statements is what both SQLite and PostgreSQL read;
//! what they do not agree on is in [`sqlite`](super::sqlite).

use std::cell::Cell;
use std::ops::ControlFlow;

use chinwag_protocol::{ConversationId, FileId, MessageId, Seq, Stamp, Timestamp, UserId};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, Rows, params_from_iter};

use super::StoreError;

/// Something that the database could not do.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct DatabaseError {
    kind: DatabaseErrorKind,
    text: String,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DatabaseErrorKind {
    /// Another process holds the database.
    Busy,
    /// There is no room on the disk.
    Full,
    /// The file is damaged, or holds what nobody wrote.
    Corrupt,
    /// The disk can't read or write.
    Disk,
    Other,
}

impl DatabaseError {
    pub(crate) fn kind(&self) -> DatabaseErrorKind {
        self.kind
    }

    pub(super) fn other(text: &str) -> Self {
        Self { kind: DatabaseErrorKind::Other, text: text.to_owned() }
    }

    /// What stands in a column is not what was written there.
    pub(super) fn unreadable(column: usize, reason: impl std::fmt::Display) -> Self {
        Self { kind: DatabaseErrorKind::Corrupt, text: format!("column {column}: {reason}") }
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
        Self { kind, text: error.to_string() }
    }
}

/// A parameter. In the text it has a number: `?1`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// The parameters of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$($crate::store::sql::Value::from($value)),*]
    };
}
pub(super) use values;

impl ToSql for Value<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Boolean(is_true) => ValueRef::Integer(i64::from(is_true)),
            Self::Integer(number) => ValueRef::Integer(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<bool> for Value<'_> {
    fn from(is_true: bool) -> Self {
        Self::Boolean(is_true)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

/// More than the database can count is as good as no bound.
impl From<usize> for Value<'_> {
    fn from(number: usize) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a Stamp> for Value<'a> {
    fn from(stamp: &'a Stamp) -> Self {
        Self::Text(stamp.as_str())
    }
}

/// What can be read from a column.
pub(super) trait Column: Sized {
    fn of(value: ValueRef<'_>) -> FromSqlResult<Self>;
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl Column for $type {
            fn of(value: ValueRef<'_>) -> FromSqlResult<Self> {
                FromSql::column_result(value)
            }
        }
    )*};
}
plain!(bool, i64, u32, String, Vec<u8>);

macro_rules! numbers {
    ($($type:ident),*) => {$(
        impl Column for $type {
            fn of(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_i64().map($type)
            }
        }
        impl From<$type> for Value<'_> {
            fn from(number: $type) -> Self {
                Self::Integer(number.0)
            }
        }
    )*};
}
numbers!(ConversationId, FileId, MessageId, Seq, Timestamp, UserId);

/// Counts, sizes: what is never negative.
impl Column for u64 {
    fn of(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        Self::try_from(number).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

impl Column for usize {
    fn of(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        Self::try_from(number).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

impl Column for Stamp {
    fn of(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(FromSqlError::other)
    }
}

impl<T: Column> Column for Option<T> {
    fn of(value: ValueRef<'_>) -> FromSqlResult<Self> {
        if matches!(value, ValueRef::Null) { Ok(None) } else { T::of(value).map(Some) }
    }
}

/// A row, while it is read.
pub(super) struct Row<'a>(&'a rusqlite::Row<'a>);

impl Row<'_> {
    pub(super) fn get<T: Column>(&self, column: usize) -> Result<T, DatabaseError> {
        let value = self.0.get_ref(column)?;
        T::of(value).map_err(|error| DatabaseError::unreadable(column, error))
    }

    /// A text, without a copy.
    pub(super) fn text(&self, column: usize) -> Result<&str, DatabaseError> {
        let value = self.0.get_ref(column)?;
        value.as_str().map_err(|error| DatabaseError::unreadable(column, error))
    }
}

/// A connection.
pub(super) struct Sql {
    connection: Connection,
    /// Statements that it ran, but for those around transactions.
    ran: Cell<u64>,
}

impl Sql {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, ran: Cell::new(0) }
    }

    /// The first row, if there is one.
    pub(super) fn one<T>(
        &self,
        text: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, DatabaseError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.prepare(text)?;
        let mut rows = query(&mut statement, values)?;
        let row = rows.next().map_err(DatabaseError::from)?;
        Ok(row.map(|row| read(&Row(row))).transpose()?)
    }

    /// The first row, of what always gives one.
    pub(super) fn single<T>(
        &self,
        text: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, DatabaseError>,
    ) -> Result<T, StoreError> {
        self.one(text, values, read)?.ok_or_else(|| DatabaseError::other("no row came back").into())
    }

    /// Every row.
    pub(super) fn all<T>(
        &self,
        text: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, DatabaseError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.scan(text, values, |row| {
            all.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(all)
    }

    /// Row by row, until one is enough.
    pub(super) fn scan(
        &self,
        text: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.prepare(text)?;
        let mut rows = query(&mut statement, values)?;
        while let Some(row) = rows.next().map_err(DatabaseError::from)? {
            if read(&Row(row))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Changes rows; says how many.
    pub(super) fn change(&self, text: &str, values: &[Value<'_>]) -> Result<usize, StoreError> {
        let mut statement = self.prepare(text)?;
        Ok(statement.execute(params_from_iter(values)).map_err(DatabaseError::from)?)
    }

    /// Begins or ends a transaction or a savepoint.
    pub(super) fn bracket(&self, text: &str) -> Result<(), DatabaseError> {
        self.connection.prepare_cached(text)?.execute([])?;
        Ok(())
    }

    /// Whether a transaction is open.
    pub(super) fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// Rows that were ever changed here.
    pub(super) fn total_changes(&self) -> u64 {
        self.connection.total_changes()
    }

    /// Statements that ran since this was asked last.
    pub(super) fn take_ran(&self) -> u64 {
        self.ran.take()
    }

    fn prepare(&self, text: &str) -> Result<CachedStatement<'_>, DatabaseError> {
        self.ran.set(self.ran.get() + 1);
        Ok(self.connection.prepare_cached(text)?)
    }
}

fn query<'a>(
    statement: &'a mut CachedStatement<'_>,
    values: &[Value<'_>],
) -> Result<Rows<'a>, DatabaseError> {
    Ok(statement.query(params_from_iter(values))?)
}
