//! Enums in columns: each variant is one word, the one that it has on the wire.

use std::str::FromStr;

use super::sql::{DatabaseError, Row};

/// Reads one of an enum's words. `place` names the column for whoever mends it: `participants.role`.
pub(super) fn word<T: FromStr>(
    row: &Row<'_>,
    column: usize,
    place: &'static str,
) -> Result<T, DatabaseError> {
    let word = row.text(column).ok().and_then(|text| text.parse().ok());
    word.ok_or_else(|| damaged(column, place))
}

/// An enum's word, to be written.
pub(super) fn text(word: impl Into<&'static str>) -> &'static str {
    word.into()
}

/// That a column does not hold what it has to.
pub(super) fn damaged(column: usize, place: &'static str) -> DatabaseError {
    DatabaseError::unreadable(column, format_args!("{place} holds what no release writes there"))
}
