//! The schema's versions. Migrations are append-only: a released file never changes.

use rusqlite::Connection;

mod embedded {
    refinery::embed_migrations!("src/store/sqlite/migrations");
}

/// Migrates the schema.
///
/// # Errors
/// If the database has migrations that this program does not know (it is newer), or different ones under the
/// same number.
pub(in crate::store) fn migrate(connection: &mut Connection) -> Result<(), refinery::Error> {
    embedded::migrations::runner().run(connection)?;
    Ok(())
}

/// The versions that the schema goes through.
pub(in crate::store) fn versions() -> Vec<i32> {
    embedded::migrations::runner().get_migrations().iter().map(refinery::Migration::version).collect()
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::indexing_slicing, clippy::unwrap_used)]

    use refinery::Target;

    use super::super::add_functions;
    use super::*;

    #[test]
    fn names_of_before_get_their_keys_and_those_that_collide_keep_theirs() {
        let mut connection = Connection::open_in_memory().unwrap();
        add_functions(&connection).unwrap();
        embedded::migrations::runner()
            .set_target(Target::Version(BEFORE_NAMES))
            .run(&mut connection)
            .unwrap();
        let add = |connection: &Connection, name: &str, first: &str| {
            connection
                .execute(
                    "INSERT INTO users (username, username_key, email, email_key, first_name, last_name, role, is_active, created_at) \
                     VALUES (?1, ?2, ?1 || '@b.c', ?2 || '@b.c', ?3, '', 'user', 1, 0)",
                    (name, name.to_lowercase(), first),
                )
                .unwrap();
        };
        add(&connection, "José", "Иван");
        add(&connection, "Jose\u{301}", "x");
        add(&connection, "Straße", "x");
        connection.execute_batch("INSERT INTO meta VALUES ('indexed_through', '5')").unwrap();

        migrate(&mut connection).unwrap();

        let mut statement =
            connection.prepare("SELECT username_key, email_key, name_key FROM users ORDER BY id").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let rows: Vec<(String, String, String)> = rows.collect::<Result<_, _>>().unwrap();
        assert_eq!((rows[0].0.as_str(), rows[0].1.as_str()), ("josé", "josé@b.c"));
        assert!(rows[0].2.contains(" иван"), "{}", rows[0].2);
        assert_eq!(rows[1].0, "jose\u{301}");
        assert_eq!(rows[2].0, "strasse");
        let indexed: i64 = connection
            .query_row("SELECT count(*) FROM meta WHERE key = 'indexed_through'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(indexed, 0, "the index is rebuilt");
    }

    const BEFORE_NAMES: i32 = 12;
}
