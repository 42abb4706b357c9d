//! Many rows at once, and how SQLite describes its tables.

use super::super::StoreError;
use super::super::catalogue::{Catalogue, Rows, Table};
use super::super::sql::Value;
use super::Sqlite;

/// The rows of one transaction.
const TRANSACTION: usize = 20_000;

pub(in crate::store) const CATALOGUE: Catalogue = Catalogue {
    tables: "SELECT name FROM pragma_table_list \
             WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite%'",
    columns: "SELECT name, type, pk, pk = 1 AND EXISTS ( \
                  SELECT 1 FROM sqlite_schema WHERE sqlite_schema.name = ?1 AND sql LIKE '%AUTOINCREMENT%') \
              FROM pragma_table_info(?1)",
    counted: "SELECT seq FROM sqlite_sequence WHERE name = ?1",
    count_on: &[
        "DELETE FROM sqlite_sequence WHERE name = ?1 AND seq < ?2",
        "INSERT INTO sqlite_sequence (name, seq) \
         SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)",
    ],
    others: "SELECT 0",
    clear: |tables| tables.iter().map(|table| format!("DELETE FROM {table}")).collect(),
    text_key: "rowid",
    // A power cut may take back the last commits, but damages nothing: the table is filled again then.
    before_filling: &["PRAGMA synchronous = NORMAL", "PRAGMA cache_size = -65536"],
    after_filling: &["PRAGMA synchronous = FULL"],
    settle: "PRAGMA wal_checkpoint(TRUNCATE)",
};

impl Sqlite {
    /// Inserts rows, in transactions of its own.
    pub(in crate::store) fn fill(&self, table: &Table, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let places: Vec<String> = (1..=table.columns.len()).map(|place| format!("?{place}")).collect();
        let text =
            format!("INSERT INTO {} ({}) VALUES ({})", table.name, table.column_list(), places.join(", "));
        let mut inserted = 0;
        self.bracket("BEGIN IMMEDIATE")?;
        for batch in rows {
            for row in batch? {
                let values: Vec<Value<'_>> =
                    row.iter().zip(&table.columns).map(|(kept, column)| kept.value(column.kind)).collect();
                self.change(&text, &values)?;
                inserted += 1;
            }
            if inserted >= TRANSACTION {
                inserted = 0;
                self.bracket("COMMIT")?;
                self.bracket("BEGIN IMMEDIATE")?;
            }
        }
        Ok(self.bracket("COMMIT")?)
    }
}
