//! Enums in columns: each variant is stored as one word, the same as on the wire.

use std::str::FromStr;

use super::sql::{DatabaseError, Row};

/// Reads an enum's word. `place` names the column for an operator who repairs it: `participants.role`.
pub(super) fn word<T: FromStr>(
    row: &Row<'_>,
    column: usize,
    place: &'static str,
) -> Result<T, DatabaseError> {
    let word = row.text(column).ok().and_then(|text| text.parse().ok());
    word.ok_or_else(|| damaged(column, place))
}

/// An enum's word, for writing.
pub(super) fn text(word: impl Into<&'static str>) -> &'static str {
    word.into()
}

/// An error for a column with an invalid value.
pub(super) fn damaged(column: usize, place: &'static str) -> DatabaseError {
    DatabaseError::unreadable(column, format_args!("{place} has a value that no release writes"))
}
