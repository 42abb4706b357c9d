//! What a statement is given and what it gives: parameters, rows, errors. The files by noun know these and no driver.

use std::ops::ControlFlow;

use super::StoreError;

mod value;

use value::Column;
pub(super) use value::{Cell, Kind, Value, values};

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
    /// The database can't be reached, or does not take writes now.
    Away,
    /// It is not known whether a commit is on disk.
    Unknown,
    Other,
}

impl DatabaseError {
    pub(super) fn new(kind: DatabaseErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    pub(crate) fn kind(&self) -> DatabaseErrorKind {
        self.kind
    }

    pub(super) fn other(text: &str) -> Self {
        Self::new(DatabaseErrorKind::Other, text)
    }

    /// What stands in a column is not what was written there.
    pub(super) fn unreadable(column: usize, reason: impl std::fmt::Display) -> Self {
        Self::new(DatabaseErrorKind::Corrupt, format!("column {column}: {reason}"))
    }
}

/// A row, while it is read.
pub(super) struct Row<'a>(pub(super) &'a dyn Cells);

/// A driver's row.
pub(super) trait Cells {
    fn cell(&self, column: usize) -> Result<Cell<'_>, DatabaseError>;
}

impl Row<'_> {
    pub(super) fn get<T: Column>(&self, column: usize) -> Result<T, DatabaseError> {
        T::of(self.0.cell(column)?).map_err(|reason| DatabaseError::unreadable(column, reason))
    }

    /// A text, without a copy.
    pub(super) fn text(&self, column: usize) -> Result<&str, DatabaseError> {
        self.0.cell(column)?.text().map_err(|reason| DatabaseError::unreadable(column, reason))
    }
}

/// What a statement's rows are given to, until one is enough.
pub(super) type Reader<'a> = dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError> + 'a;
