//! Facts about the database itself.

use rusqlite::OptionalExtension as _;

use super::{Change, StoreError, View};

impl View {
    /// What the folder was made by, `demo` or `serve`; `None` in a new one.
    pub(crate) fn mode(&self) -> Result<Option<String>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT value FROM meta WHERE key = 'mode'")?;
        Ok(statement.query_row([], |row| row.get(0)).optional()?)
    }
}

impl Change {
    /// Notes what the folder was made by.
    pub(crate) fn set_mode(&mut self, mode: &str) -> Result<(), StoreError> {
        self.connection.execute("INSERT INTO meta (key, value) VALUES ('mode', ?1)", [mode])?;
        Ok(())
    }
}
