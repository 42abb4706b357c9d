//! Failed sign-ins, which the servers of a database count together.

use std::time::Duration;

use super::super::sql::values;
use super::super::{Change, StoreError, View};
use super::NOW;

impl View {
    /// How long the failures under these two keys are remembered, where there are some.
    pub(crate) fn failed_sign_ins(&self, keys: [&[u8]; 2]) -> Result<Vec<(Vec<u8>, Duration)>, StoreError> {
        self.sql.all(
            &format!("SELECT key, forgotten_at - {NOW} FROM failed_sign_ins WHERE key = ?1 OR key = ?2"),
            values![keys[0], keys[1]],
            |row| {
                let left_ms: i64 = row.get(1)?;
                Ok((row.get(0)?, Duration::from_millis(u64::try_from(left_ms).unwrap_or_default())))
            },
        )
    }
}

impl Change {
    /// Remembers one more failure under this key for so long, and forgets old ones.
    pub(crate) fn note_failed_sign_in(&mut self, key: &[u8], every: Duration) -> Result<(), StoreError> {
        let every_ms = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
        self.sql.change(&format!("DELETE FROM failed_sign_ins WHERE forgotten_at <= {NOW}"), &[])?;
        self.sql.change(
            &format!(
                "INSERT INTO failed_sign_ins (key, forgotten_at) VALUES (?1, {NOW} + ?2) \
                 ON CONFLICT (key) DO UPDATE SET forgotten_at = failed_sign_ins.forgotten_at + ?2"
            ),
            values![key, every_ms],
        )?;
        Ok(())
    }
}
