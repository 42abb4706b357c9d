//! Where the database is, and how its connections are opened: those that read, and the one that writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::connection::Sql;
use super::postgres::{self, Channel, Postgres, Target};
use super::sql::DatabaseError;
use super::sqlite::{self, Sqlite};
use super::{OpenError, View};

/// The pages that each reader of a file keeps: what all queries share, the upper pages of the indexes, is far less.
const READER_CACHE_KIB: i64 = 512;

/// Where the database is.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A file of SQLite's.
    File(PathBuf),
    /// A database of PostgreSQL's.
    Server(Arc<Target>),
}

impl Source {
    /// A database at this address; without one the file in this folder.
    pub(super) fn new(folder: &Path, file_name: &str, address: Option<&str>) -> Result<Self, OpenError> {
        let Some(address) = address else { return Ok(Self::File(folder.join(file_name))) };
        let target = Target::parse(address).map_err(OpenError::Address)?;
        Ok(Self::Server(Arc::new(target)))
    }

    /// Where the nodes of a server's database may notify each other.
    pub(super) fn channel(&self) -> Option<Channel> {
        match self {
            Self::File(_) => None,
            Self::Server(target) => Some(Channel(Arc::clone(target))),
        }
    }

    /// A connection that only reads.
    pub(super) fn reader(&self) -> Result<View, DatabaseError> {
        let sql = match self {
            Self::File(path) => {
                let connection = sqlite::connect(path)?;
                sqlite::only_read(&connection, READER_CACHE_KIB)?;
                Sql::from(Sqlite::from(connection))
            }
            Self::Server(target) => Sql::from(Postgres::open(target)?),
        };
        Ok(View { sql })
    }

    /// A connection that may write, with the schema as it is.
    pub(super) fn as_it_is(&self) -> Result<Sql, DatabaseError> {
        Ok(match self {
            Self::File(path) => Sqlite::open(path)?.into(),
            Self::Server(target) => Postgres::open(target)?.into(),
        })
    }

    /// The connection that writes. With `migrates` the schema is brought up to date first; without, a database of
    /// PostgreSQL's must have this program's own, or none yet.
    pub(super) fn writer(&self, migrates: bool) -> Result<Sql, String> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        match self {
            Self::File(path) => {
                let mut connection = Sqlite::open(path).map_err(|error| told(&error))?;
                if migrates {
                    connection.migrate().map_err(|error| told(&error))?;
                }
                Ok(connection.into())
            }
            Self::Server(target) => {
                let mut connection = Postgres::open(target).map_err(|error| told(&error))?;
                let prepared = if migrates {
                    postgres::migrate(&mut connection)
                } else {
                    postgres::make_or_demand(&mut connection)
                };
                prepared.map_err(|error| told(&error))?;
                Ok(connection.into())
            }
        }
    }
}
