//! Secrets that every server of the database must have in common.

use super::super::sql::values;
use super::super::{Change, StoreError, View};

impl View {
    /// The secret of this name, if there is one yet.
    pub(crate) fn secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.sql.one("SELECT bytes FROM secrets WHERE name = ?1", values![name], |row| row.get(0))
    }
}

impl Change {
    /// The secret of this name, which is `new` if there was none.
    pub(crate) fn secret_or(&mut self, name: &str, new: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.sql.change(
            "INSERT INTO secrets (name, bytes) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
            values![name, new],
        )?;
        self.sql.single("SELECT bytes FROM secrets WHERE name = ?1", values![name], |row| row.get(0))
    }
}
