//! Where the log of all conversations ends. Other nodes write it, too.

use chinwag_protocol::Stamp;

use super::super::sql::{DatabaseError, Row};

/// What one moment says of the end. In a write transaction, this moment lies behind the lock, so nobody moves the end until
/// the commit; there it also says the transaction's id.
pub(super) const LOG_END: &str = "SELECT pg_current_xact_id_if_assigned()::TEXT, newest.id, newest.stamp, removed_events.position, \
     coalesce((SELECT max(id) FROM notices), 0) \
     FROM removed_events LEFT JOIN LATERAL (SELECT id, stamp FROM events ORDER BY id DESC LIMIT 1) AS newest ON TRUE";

/// The end of the log, and of what is told beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct LogEnd {
    /// The newest event: its position and its stamp.
    pub newest: Option<(i64, Stamp)>,
    /// The highest position of an event that was removed.
    pub removed: i64,
    /// The newest row of `notices`.
    pub notice: i64,
}

impl LogEnd {
    /// The highest position that was ever given.
    pub(in crate::store) fn position(&self) -> i64 {
        self.newest.map_or(0, |(position, _)| position).max(self.removed)
    }

    pub(super) fn of(row: &Row<'_>) -> Result<Self, DatabaseError> {
        let (position, stamp) = (row.get::<Option<i64>>(1)?, row.get::<Option<Stamp>>(2)?);
        Ok(Self { newest: position.zip(stamp), removed: row.get(3)?, notice: row.get(4)? })
    }
}
