//! Which tables are moved, and what is found in a database before.

use super::super::StoreError;
use super::super::catalogue::{Column, Table, kind_of};
use super::super::connection::Sql;
use super::super::meta::{UNFINISHED, unfinished};
use super::super::sql::{DatabaseError, Kind, values};
use super::{MoveError, failed};

/// What is moved, in an order in which what a row names is there before it. Columns are read from the database.
pub(super) const MOVED: [&str; 19] = [
    "meta",
    "users",
    "identities",
    "sessions",
    "refresh_tokens",
    "conversations",
    "participants",
    "former_participants",
    "events",
    "removed_events",
    "reactions",
    "pins",
    "mentions",
    "files",
    "loose_blobs",
    "push_subscriptions",
    "push_jobs",
    "webhooks",
    "made_once",
];

/// The texts as searches compare them: made anew, since SQLite keeps the index alone.
pub(super) const INDEX: &str = "message_text";

/// What a database has.
pub(super) enum Content {
    /// No schema, or one that no server has used.
    Nothing,
    /// What a move from there left.
    Unfinished(String),
    /// The schema of this program, and data.
    Chat,
}

/// Looks what is there.
pub(super) fn content(sql: &Sql, name: &str) -> Result<Content, MoveError> {
    let failed = |error: StoreError| failed(name, error);
    let tables: Vec<String> = sql.all(sql.catalogue().tables, &[], |row| row.get(0)).map_err(failed)?;
    let has = |table: &str| tables.iter().any(|found| found == table);
    if !has("refinery_schema_history") || !has("meta") {
        return Ok(Content::Nothing);
    }
    if let Some(origin) = unfinished(sql).map_err(failed)? {
        return Ok(Content::Unfinished(origin));
    }
    let found: Vec<i64> =
        sql.all("SELECT version FROM refinery_schema_history", &[], |row| row.get(0)).map_err(failed)?;
    let known: Vec<i64> = sql.versions().into_iter().map(i64::from).collect();
    if found.iter().any(|version| !known.contains(version)) {
        return Err(MoveError::Refused(format!("{name} is of a newer chinwag: move it with that")));
    }
    if known.iter().any(|version| !found.contains(version)) {
        return Err(MoveError::Refused(format!(
            "{name} is of an older chinwag: let `chinwag serve` of this version start on it once, then move it"
        )));
    }
    let is_used = "SELECT EXISTS (SELECT 1 FROM meta WHERE key = 'mode') OR EXISTS (SELECT 1 FROM users)";
    let is_used = sql.single(is_used, &[], |row| row.get(0)).map_err(failed)?;
    Ok(if is_used { Content::Chat } else { Content::Nothing })
}

/// A table as the database describes it.
pub(super) fn describe(sql: &Sql, name: &str) -> Result<Table, StoreError> {
    let mut columns = sql.all(sql.catalogue().columns, values![name], |row| {
        let type_name = row.text(1)?;
        let kind = kind_of(type_name)
            .ok_or_else(|| DatabaseError::other(&format!("{name} has a column of the type {type_name}")))?;
        Ok(Column { name: row.get(0)?, kind, key: row.get(2)?, is_counted: row.get(3)? })
    })?;
    columns.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Table { name: name.to_owned(), columns })
}

/// Whether both ends know a table by the same columns.
pub(super) fn agree(from: &Table, to: &Table) -> Result<(), String> {
    // SQLite keeps booleans as numbers.
    let number = |kind: Kind| if kind == Kind::Boolean { Kind::Integer } else { kind };
    let shape = |table: &Table| -> Vec<(String, Kind)> {
        table.columns.iter().map(|column| (column.name.clone(), number(column.kind))).collect()
    };
    if shape(from) == shape(to) { Ok(()) } else { Err(format!("{} has other columns there", from.name)) }
}

/// Asks for every row that is moved.
pub(super) fn select(table: &Table, what: &str) -> String {
    // What is about one database, not about the chat.
    let condition = match table.name.as_str() {
        "meta" => format!(" WHERE key NOT IN ('{UNFINISHED}', 'indexed_through')"),
        _ => String::new(),
    };
    format!("SELECT {what} FROM {}{condition}", table.name)
}

/// Asks for them in the order of their keys, in which they are inserted quickest.
pub(super) fn select_in_order(table: &Table) -> String {
    let mut key: Vec<&Column> = table.columns.iter().filter(|column| column.key > 0).collect();
    key.sort_by_key(|column| column.key);
    let key: Vec<&str> = key.iter().map(|column| column.name.as_str()).collect();
    let order = if key.is_empty() { String::new() } else { format!(" ORDER BY {}", key.join(", ")) };
    select(table, &table.column_list()) + &order
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::super::super::sqlite::Sqlite;
    use super::*;

    #[test]
    fn every_table_is_moved_or_stays_for_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = Sqlite::open(&folder.path().join("chinwag.db")).unwrap();
        connection.migrate().unwrap();
        let sql = Sql::from(connection);
        let mut found: Vec<String> = sql.all(sql.catalogue().tables, &[], |row| row.get(0)).unwrap();
        found.sort();
        // The versions of the schema are the database's own, and tokens that work once do not last until a move ends.
        let mut known = [&MOVED[..], &[INDEX, "refinery_schema_history", "one_time_tokens"]].concat();
        known.sort_unstable();
        assert_eq!(found, known, "a migration has added or removed a table");
        for name in MOVED {
            assert!(!describe(&sql, name).unwrap().columns.is_empty(), "{name}");
        }
    }
}
