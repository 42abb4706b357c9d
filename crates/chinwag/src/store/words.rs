//! Enums in columns: each variant is one word, the one that it has on the wire.

use std::str::FromStr;

use rusqlite::Row;
use rusqlite::types::Type;

/// What stands in the database and was never written there.
#[derive(Debug, thiserror::Error)]
#[error("{0} holds what no release writes there")]
struct Damage(&'static str);

/// Reads one of an enum's words. `place` names the column for whoever mends it: `participants.role`.
pub(super) fn word<T: FromStr>(
    row: &Row<'_>,
    column: usize,
    place: &'static str,
) -> Result<T, rusqlite::Error> {
    let word = row.get_ref(column)?.as_str().ok().and_then(|text| text.parse().ok());
    word.ok_or_else(|| damaged(column, place))
}

/// An enum's word, to be written.
pub(super) fn text(word: impl Into<&'static str>) -> &'static str {
    word.into()
}

/// That a column does not hold what it has to.
pub(super) fn damaged(column: usize, place: &'static str) -> rusqlite::Error {
    unreadable(column, Damage(place))
}

/// That a column can't be read, and why.
pub(super) fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
