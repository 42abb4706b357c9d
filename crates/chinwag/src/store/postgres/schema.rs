//! The schema's versions. Migrations are append-only: a released file never changes.

use std::cmp::Ordering;

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
    connection.driver.block_on(alone(&mut connection.link.client, async |client| bring_up(client).await))
}

/// Makes the schema in an empty database. Elsewhere a server of another version may be at work, so the schema must be
/// this program's own.
///
/// # Errors
/// As [`migrate`], and if the schema is another version's.
pub(in crate::store) fn make_or_demand(connection: &mut Postgres) -> Result<(), DatabaseError> {
    connection.driver.block_on(alone(&mut connection.link.client, async |client| {
        match newest(client).await? {
            None => bring_up(client).await,
            Some(found) => demand(found),
        }
    }))
}

/// Does something to the schema while nobody else does.
async fn alone(
    client: &mut Client,
    work: impl AsyncFnOnce(&mut Client) -> Result<(), DatabaseError>,
) -> Result<(), DatabaseError> {
    client.batch_execute(LOCK).await.map_err(|error| errors::database_error(&error))?;
    let worked = work(client).await;
    let unlocked = client.batch_execute(UNLOCK).await.map_err(|error| errors::database_error(&error));
    worked.and(unlocked)
}

/// The versions that the schema goes through.
pub(in crate::store) fn versions() -> Vec<i32> {
    embedded::migrations::runner().get_migrations().iter().map(refinery::Migration::version).collect()
}

async fn bring_up(client: &mut Client) -> Result<(), DatabaseError> {
    let migrated = embedded::migrations::runner().run_async(client).await;
    migrated.map_err(|error| DatabaseError::other(&told(&error)))?;
    Ok(())
}

/// The version of the schema; `None` if there is none.
async fn newest(client: &Client) -> Result<Option<i32>, DatabaseError> {
    let error = |error: tokio_postgres::Error| errors::database_error(&error);
    let exists = client.query_one("SELECT to_regclass('refinery_schema_history') IS NOT NULL", &[]).await;
    if !exists.map_err(error)?.get::<_, bool>(0) {
        return Ok(None);
    }
    let row = client.query_one("SELECT max(version) FROM refinery_schema_history", &[]).await;
    Ok(row.map_err(error)?.get(0))
}

fn demand(found: i32) -> Result<(), DatabaseError> {
    let runner = embedded::migrations::runner();
    let own = runner.get_migrations().iter().map(refinery::Migration::version).max().unwrap_or_default();
    match found.cmp(&own) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(DatabaseError::other(
            "the database has the schema of an older chinwag: start `chinwag serve` of this version on it first, or use \
             the older version for this command",
        )),
        Ordering::Greater => Err(DatabaseError::other(
            "the database has the schema of a newer chinwag: use that version for this command",
        )),
    }
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
