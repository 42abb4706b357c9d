//! The schema's versions. Migrations are append-only: a released file never changes.

use rusqlite::Connection;

mod embedded {
    refinery::embed_migrations!("src/store/migrations");
}

/// Brings the schema up to date.
///
/// # Errors
/// If the database has migrations that this program does not know (it is newer), or others than it
/// knows under the same number.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), refinery::Error> {
    embedded::migrations::runner().run(connection)?;
    Ok(())
}
