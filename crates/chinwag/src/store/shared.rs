//! Tables that only a database of several servers has: nothing here runs on SQLite.

mod nodes;
mod secrets;
mod sign_ins;

pub(crate) use nodes::{Beat, FilesPlace, Node};

/// The database's clock, in Unix milliseconds: that of the moment, not that of the transaction's begin.
const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
