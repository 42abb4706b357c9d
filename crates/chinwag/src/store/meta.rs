//! Facts about the database itself.

use super::connection::Sql;
use super::sql::values;
use super::{Change, StoreError, View};

/// The key of what is being filled by a move. Its value is the other end.
pub(super) const UNFINISHED: &str = "moving_from";

/// From where a move fills this database, if one has begun and not ended.
pub(super) fn unfinished(sql: &Sql) -> Result<Option<String>, StoreError> {
    sql.one("SELECT value FROM meta WHERE key = ?1", values![UNFINISHED], |row| row.get(0))
}

impl View {
    /// The command that created the folder, `demo` or `serve`; `None` for a new one.
    pub(crate) fn mode(&self) -> Result<Option<String>, StoreError> {
        self.sql.one("SELECT value FROM meta WHERE key = 'mode'", &[], |row| row.get(0))
    }
}

impl View {
    /// The number of account changes by other processes: `chinwag user disable` and the like.
    pub(crate) fn account_changes(&self) -> Result<i64, StoreError> {
        let value: Option<String> =
            self.sql.one("SELECT value FROM meta WHERE key = 'account_changes'", &[], |row| row.get(0))?;
        Ok(value.and_then(|value| value.parse().ok()).unwrap_or_default())
    }
}

impl Change {
    /// Counts an account change made beside a server, which then checks who may stay connected.
    pub(crate) fn count_account_change(&mut self) -> Result<(), StoreError> {
        let count = self.account_changes()? + 1;
        self.sql.change(
            "INSERT INTO meta (key, value) VALUES ('account_changes', ?1) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            values![&count.to_string()],
        )?;
        Ok(())
    }

    /// Stores which command created the folder.
    pub(crate) fn set_mode(&mut self, mode: &str) -> Result<(), StoreError> {
        self.sql.change("INSERT INTO meta (key, value) VALUES ('mode', ?1)", values![mode])?;
        Ok(())
    }
}
