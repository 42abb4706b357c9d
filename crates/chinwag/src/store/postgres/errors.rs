//! What PostgreSQL's errors are to the store.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::super::sql::{DatabaseError, DatabaseErrorKind};

pub(super) fn database_error(error: &Error) -> DatabaseError {
    let Some(told) = error.as_db_error() else {
        let source = std::error::Error::source(error);
        let away = error.is_closed() || source.is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
        let kind = if away { DatabaseErrorKind::Away } else { DatabaseErrorKind::Other };
        return DatabaseError::new(kind, sentence(error));
    };
    let state = told.code();
    let kind = match state.code().get(..2).unwrap_or_default() {
        // The connection, the server's own end, or a server that only reads: another one will do.
        "08" | "57" => DatabaseErrorKind::Away,
        "40" | "55" => DatabaseErrorKind::Busy,
        "XX" => DatabaseErrorKind::Corrupt,
        _ if *state == SqlState::DISK_FULL => DatabaseErrorKind::Full,
        _ if *state == SqlState::READ_ONLY_SQL_TRANSACTION || *state == SqlState::TOO_MANY_CONNECTIONS => {
            DatabaseErrorKind::Away
        }
        _ => DatabaseErrorKind::Other,
    };
    DatabaseError::new(kind, format!("{} (SQLSTATE {})", told.message(), state.code()))
}

/// The error with what caused it.
fn sentence(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
