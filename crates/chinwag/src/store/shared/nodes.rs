//! The servers of the database, and the work that one of them does for all. All times are the database's: the clocks of
//! its servers may differ.

use chinwag_protocol::Timestamp;

use super::super::sql::{DatabaseError, Row, values};
use super::super::{Change, StoreError};
use super::NOW;

/// A server that was not seen for this long may be dead: others may take its name, and do its work.
const SILENCE_MS: i64 = 10_000;
/// How long a lease lasts that is not renewed.
const LEASE_MS: i64 = 10_000;
/// A server that was not seen for this long is gone, with what it had begun.
const GONE_MS: i64 = 60_000;

/// A server of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub name: String,
    /// The id of its data folder.
    pub folder: String,
    pub place: FilesPlace,
    /// When it joined, in Unix milliseconds. Tells it from another process with a copy of its folder.
    pub started_at: i64,
}

/// Where a server has the bytes of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FilesPlace {
    /// In its own data folder, where no other server finds them.
    Own,
    /// In a place that others can have, too: a folder that is said to be shared, by its id, or a bucket.
    Shared(String),
}

/// What a server learns when it says that it is alive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beat {
    /// The database's clock.
    pub now: Timestamp,
    /// Whether the server was still known.
    pub is_known: bool,
    /// Whether it may do the work that one does for all.
    pub leads: bool,
    /// Servers that were seen a moment ago, this one among them.
    pub nodes: i64,
}

impl FilesPlace {
    fn text(&self) -> &str {
        match self {
            Self::Own => "",
            Self::Shared(id) => id,
        }
    }

    fn of(text: String) -> Self {
        if text.is_empty() { Self::Own } else { Self::Shared(text) }
    }
}

fn node(row: &Row<'_>) -> Result<Node, DatabaseError> {
    Ok(Node {
        name: row.get(0)?,
        folder: row.get(1)?,
        place: FilesPlace::of(row.get(2)?),
        started_at: row.get(3)?,
    })
}

impl Change {
    /// The database's clock.
    pub(crate) fn clock(&self) -> Result<Timestamp, StoreError> {
        self.sql.single(&format!("SELECT {NOW}"), &[], |row| row.get(0))
    }

    /// The other servers that were seen a moment ago, with the time when each was seen.
    pub(crate) fn other_nodes(&self, folder: &str) -> Result<Vec<(Node, Timestamp)>, StoreError> {
        self.sql.all(
            &format!(
                "SELECT name, folder, files, started_at, seen_at FROM nodes \
                 WHERE folder <> ?1 AND seen_at > {NOW} - ?2 ORDER BY name"
            ),
            values![folder, SILENCE_MS],
            |row| Ok((node(row)?, row.get(4)?)),
        )
    }

    /// Adds a server, in place of an earlier process in its folder and of a silent one of its name.
    pub(crate) fn add_node(&mut self, node: &Node) -> Result<(), StoreError> {
        self.sql.change(
            &format!("DELETE FROM nodes WHERE folder = ?1 OR (name = ?2 AND seen_at <= {NOW} - ?3)"),
            values![&node.folder, &node.name, SILENCE_MS],
        )?;
        self.sql.change(
            &format!(
                "INSERT INTO nodes (name, folder, files, version, started_at, seen_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, {NOW})"
            ),
            values![&node.name, &node.folder, node.place.text(), env!("CARGO_PKG_VERSION"), node.started_at],
        )?;
        Ok(())
    }

    /// Says that a server is alive, and takes or renews its lease on the work that one does for all.
    pub(crate) fn beat(&mut self, node: &Node) -> Result<Beat, StoreError> {
        self.sql.single(
            &format!(
                "WITH clock AS (SELECT {NOW} AS now), \
                      seen AS (UPDATE nodes SET seen_at = clock.now FROM clock \
                               WHERE folder = ?1 AND started_at = ?2 RETURNING nodes.folder), \
                      lease AS (INSERT INTO leases (name, holder, expires_at) \
                                SELECT 'work', seen.folder, clock.now + ?3 FROM seen, clock \
                                ON CONFLICT (name) DO UPDATE \
                                SET holder = excluded.holder, expires_at = excluded.expires_at \
                                WHERE leases.holder = excluded.holder \
                                   OR leases.expires_at <= excluded.expires_at - ?3 \
                                RETURNING holder) \
                 SELECT clock.now, EXISTS (SELECT 1 FROM seen), EXISTS (SELECT 1 FROM lease), \
                        1 + (SELECT count(*) FROM nodes WHERE folder <> ?1 AND seen_at > clock.now - ?4) \
                 FROM clock"
            ),
            values![&node.folder, node.started_at, LEASE_MS, SILENCE_MS],
            |row| {
                Ok(Beat { now: row.get(0)?, is_known: row.get(1)?, leads: row.get(2)?, nodes: row.get(3)? })
            },
        )
    }

    /// Whether another process has taken a server's place, with a copy of its data folder.
    pub(crate) fn is_displaced(&self, node: &Node) -> Result<bool, StoreError> {
        self.sql.single(
            "SELECT EXISTS (SELECT 1 FROM nodes WHERE folder = ?1 AND started_at <> ?2)",
            values![&node.folder, node.started_at],
            |row| row.get(0),
        )
    }

    /// Removes a server that stops, and gives its lease back.
    pub(crate) fn remove_node(&mut self, node: &Node) -> Result<(), StoreError> {
        let removed = self.sql.change(
            "DELETE FROM nodes WHERE folder = ?1 AND started_at = ?2",
            values![&node.folder, node.started_at],
        )?;
        if removed > 0 {
            self.sql.change("DELETE FROM leases WHERE holder = ?1", values![&node.folder])?;
        }
        Ok(())
    }

    /// Removes servers that are gone, and gives up the bytes that they had begun to write.
    pub(crate) fn forget_gone_nodes(&mut self) -> Result<(), StoreError> {
        self.sql.change(&format!("DELETE FROM nodes WHERE seen_at <= {NOW} - ?1"), values![GONE_MS])?;
        self.sql.change(
            "UPDATE loose_blobs SET is_doomed = TRUE \
             WHERE NOT is_doomed AND begun_by NOT IN (SELECT folder FROM nodes)",
            &[],
        )?;
        Ok(())
    }
}
