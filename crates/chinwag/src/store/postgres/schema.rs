//! The schema's versions. Migrations are append-only: a released file never changes.

use tokio_postgres::Client;

use super::super::sql::DatabaseError;
use super::{Postgres, errors};

mod embedded {
    refinery::embed_migrations!("src/store/postgres/migrations");
}

/// Whoever brings the schema up to date holds this lock, so that only one does.
const LOCK: &str = "SELECT pg_advisory_lock(7233190541)";
const UNLOCK: &str = "SELECT pg_advisory_unlock(7233190541)";

/// Brings the schema up to date.
///
/// # Errors
/// If the schema has migrations that this program does not know (it is newer), or others than it knows under the same
/// number; if the account may not make tables.
pub(in crate::store) fn migrate(connection: &mut Postgres) -> Result<(), DatabaseError> {
    connection.driver.block_on(bring_up(&mut connection.link.client))
}

/// The versions that the schema goes through.
pub(in crate::store) fn versions() -> Vec<i32> {
    embedded::migrations::runner().get_migrations().iter().map(refinery::Migration::version).collect()
}

async fn bring_up(client: &mut Client) -> Result<(), DatabaseError> {
    client.batch_execute(LOCK).await.map_err(|error| errors::database_error(&error))?;
    let migrated = embedded::migrations::runner().run_async(client).await;
    let unlocked = client.batch_execute(UNLOCK).await.map_err(|error| errors::database_error(&error));
    migrated.map_err(|error| DatabaseError::other(&told(&error)))?;
    unlocked
}

/// The error with what the database says of it.
fn told(error: &refinery::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        if let Some(database) = next.downcast_ref::<tokio_postgres::Error>() {
            return format!("{text}: {}", errors::database_error(database));
        }
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
