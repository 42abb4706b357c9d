//! A connection, whatever the engine. The files by noun ask the database through it. The text of their statements is what
//! both SQLite and PostgreSQL read; what the two do not agree on is in [`sqlite`](super::sqlite) and
//! [`postgres`](super::postgres), and the files by noun name those pieces by their [`Spelling`].

use std::cell::Cell;
use std::ops::ControlFlow;

use super::StoreError;
use super::catalogue::{Catalogue, Rows, Table};
use super::postgres::{LogEnd, Postgres, Trace};
use super::spelling::Spelling;
use super::sql::{DatabaseError, Row, Value};
use super::sqlite::Sqlite;

/// A connection.
pub(super) struct Sql {
    engine: Engine,
    /// Statements that it ran, but for those around transactions.
    ran: Cell<u64>,
}

enum Engine {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

impl From<Sqlite> for Sql {
    fn from(connection: Sqlite) -> Self {
        Self { engine: Engine::Sqlite(connection), ran: Cell::new(0) }
    }
}

impl From<Postgres> for Sql {
    fn from(connection: Postgres) -> Self {
        Self { engine: Engine::Postgres(Box::new(connection)), ran: Cell::new(0) }
    }
}

impl Sql {
    /// The first row, if there is one.
    pub(super) fn one<T>(
        &self,
        text: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, DatabaseError>,
    ) -> Result<Option<T>, StoreError> {
        let (mut read, mut found) = (Some(read), None);
        self.scan(text, values, |row| {
            if let Some(read) = read.take() {
                found = Some(read(row)?);
            }
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// The first row, of what always gives one.
    pub(super) fn single<T>(
        &self,
        text: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, DatabaseError>,
    ) -> Result<T, StoreError> {
        self.one(text, values, read)?.ok_or_else(|| DatabaseError::other("no row came back").into())
    }

    /// Every row.
    pub(super) fn all<T>(
        &self,
        text: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, DatabaseError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.scan(text, values, |row| {
            all.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(all)
    }

    /// Row by row, until one is enough.
    pub(super) fn scan(
        &self,
        text: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        self.ran.set(self.ran.get() + 1);
        match &self.engine {
            Engine::Sqlite(connection) => connection.scan(text, values, &mut read),
            Engine::Postgres(connection) => connection.scan(text, values, &mut read),
        }
    }

    /// Changes rows; says how many.
    pub(super) fn change(&self, text: &str, values: &[Value<'_>]) -> Result<usize, StoreError> {
        self.ran.set(self.ran.get() + 1);
        Ok(match &self.engine {
            Engine::Sqlite(connection) => connection.change(text, values)?,
            Engine::Postgres(connection) => connection.change(text, values)?,
        })
    }

    /// Begins a transaction that reads one moment.
    pub(super) fn begin_reading(&self) -> Result<(), DatabaseError> {
        match &self.engine {
            Engine::Sqlite(connection) => connection.bracket("BEGIN"),
            Engine::Postgres(connection) => connection.begin_reading(),
        }
    }

    /// Begins the transaction of a batch, which nobody else's comes between. Says where the log ends if others write it,
    /// too.
    pub(super) fn begin_writing(&mut self) -> Result<Option<LogEnd>, StoreError> {
        match &mut self.engine {
            Engine::Sqlite(connection) => connection.bracket("BEGIN IMMEDIATE")?,
            Engine::Postgres(connection) => return connection.begin_writing().map(Some),
        }
        Ok(None)
    }

    /// Where the log ends now, if others write it, too.
    pub(super) fn log_end(&mut self) -> Result<Option<LogEnd>, StoreError> {
        match &mut self.engine {
            Engine::Sqlite(_) => Ok(None),
            Engine::Postgres(connection) => connection.log_end().map(Some),
        }
    }

    /// Ends a transaction; on disk, if it changed anything.
    pub(super) fn commit(&mut self) -> Result<(), DatabaseError> {
        self.commit_traced(None)
    }

    /// The same, and says by which row the commit is known again if its answer is lost.
    pub(super) fn commit_traced(&mut self, trace: Option<&Trace>) -> Result<(), DatabaseError> {
        match &mut self.engine {
            Engine::Sqlite(connection) => connection.bracket("COMMIT"),
            Engine::Postgres(connection) => connection.commit(trace),
        }
    }

    /// Takes back what the transaction did, if one is open.
    pub(super) fn roll_back(&self) -> Result<(), DatabaseError> {
        match &self.engine {
            Engine::Sqlite(connection) => connection.roll_back(),
            Engine::Postgres(connection) => connection.roll_back(),
        }
    }

    /// Whether each statement takes a way to another process and back.
    pub(super) fn is_remote(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// Leaves an event's row to be inserted before the next statement or the commit, together with others. Only for what
    /// is remote.
    pub(super) fn gather(&self, row: &[Value<'_>]) {
        if let Engine::Postgres(connection) = &self.engine {
            connection.gather(row);
        }
    }

    /// Begins or ends a savepoint.
    pub(super) fn savepoint(&self, text: &'static str) -> Result<(), DatabaseError> {
        match &self.engine {
            Engine::Sqlite(connection) => connection.bracket(text),
            Engine::Postgres(connection) => connection.savepoint(text),
        }
    }

    /// Grows with each change that was made here.
    pub(super) fn total_changes(&self) -> u64 {
        match &self.engine {
            Engine::Sqlite(connection) => connection.total_changes(),
            Engine::Postgres(connection) => connection.total_changes(),
        }
    }

    /// Whether the open transaction takes further statements. PostgreSQL's does not after one has failed.
    pub(super) fn is_sound(&self) -> bool {
        match &self.engine {
            Engine::Sqlite(_) => true,
            Engine::Postgres(connection) => connection.is_sound(),
        }
    }

    /// Whether this connection can be used again. A lost one is opened anew.
    pub(super) fn is_usable(&self) -> bool {
        match &self.engine {
            Engine::Sqlite(_) => true,
            Engine::Postgres(connection) => connection.is_connected(),
        }
    }

    /// Statements that ran since this was asked last.
    pub(super) fn take_ran(&self) -> u64 {
        self.ran.take()
    }

    /// Inserts many rows into a table, outside of a transaction.
    pub(super) fn fill(&self, table: &Table, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        match &self.engine {
            Engine::Sqlite(connection) => connection.fill(table, rows),
            Engine::Postgres(connection) => connection.fill(table, rows),
        }
    }

    /// Brings the schema up to date.
    pub(super) fn migrate(&mut self) -> Result<(), DatabaseError> {
        match &mut self.engine {
            Engine::Sqlite(connection) => connection.migrate(),
            Engine::Postgres(connection) => super::postgres::migrate(connection),
        }
    }

    /// The versions that the schema goes through.
    pub(super) fn versions(&self) -> Vec<i32> {
        match &self.engine {
            Engine::Sqlite(_) => super::sqlite::versions(),
            Engine::Postgres(_) => super::postgres::versions(),
        }
    }

    /// How the engine describes its tables.
    pub(super) fn catalogue(&self) -> &'static Catalogue {
        match &self.engine {
            Engine::Sqlite(_) => &super::sqlite::CATALOGUE,
            Engine::Postgres(_) => &super::postgres::CATALOGUE,
        }
    }

    /// How the engine spells what the engines do not agree on.
    pub(super) fn spelling(&self) -> &'static Spelling {
        match &self.engine {
            Engine::Sqlite(_) => &super::sqlite::SPELLING,
            Engine::Postgres(_) => &super::postgres::SPELLING,
        }
    }
}
